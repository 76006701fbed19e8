/* Feeds any bytes to the parser of one entry of a list of addresses, in both modes.
 *
 * Looks for: another answer than the model's (token_model.h: HOPS.md 4.2 by inet_pton), reads outside of the text, an address that
 * says something else when its canonical text is read again.
 *
 * Threads: one. */
#include <stdlib.h>

#include "tests/fuzz/token_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_mode(struct slice text, enum token_mode mode) {
    struct address_token token = address_token_parse(text, mode);
    struct model_token expected = model_token(text, mode);
    ASSERT(token.kind == (uint8_t)expected.kind);
    if (token.kind != TOKEN_ADDRESS) return;
    ASSERT(memcmp(token.ip.bytes, expected.ip, sizeof expected.ip) == 0);
    ASSERT(token.port == expected.port && token.flags == expected.flags);

    char canonical[IP_TEXT_BYTES_MAX + 16] = "[";
    bool v4 = ip_is_v4(&token.ip);
    size_t bytes = v4 ? 0 : 1;
    bytes += ip_format(&token.ip, canonical + bytes);
    bytes += (size_t)snprintf(canonical + bytes, 16, v4 ? ":%u" : "]:%u", (unsigned)token.port);
    struct address_token again = address_token_parse((struct slice){canonical, bytes}, mode);
    ASSERT(again.kind == TOKEN_ADDRESS && again.port == token.port);
    ASSERT(memcmp(&again.ip, &token.ip, sizeof again.ip) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *copy = malloc(size); /* exact: what is read behind it is found */
    ASSERT(copy != NULL || size == 0);
    if (size > 0) memcpy(copy, data, size);
    check_mode((struct slice){copy, size}, TOKEN_XFF);
    check_mode((struct slice){copy, size}, TOKEN_LAST_COLON);
    free(copy);
    return 0;
}
