/* Fuzz target: any text with addresses in it, as JSON, disguised.
 *
 * Input: a byte that says what is done with addresses, one for the room, then text in which bytes 1 to FRAGMENTS stand for parts of addresses.
 * Oracle: it still is JSON, and no longer than it may be; in it, as it stands, no address is left that can be a host's (found by reading each
 * place as an address, which knows of no escapes); texts around are as they were; each set of vectors gives the marks that a look at
 * each character gives.
 *
 * Threads: one. */
#include <jansson.h>
#include <stdlib.h>

#include "base/check.h"
#include "sinks/disguise_text.h"
#include "tests/fuzz/cut_input.h"
#include "tests/fuzz/marks_model.h"

#define TEXT_BYTES_MAX 1024u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const fragments[] = {
    "81.2.69.142",
    "2a02:ec80:300:1::5",
    "::ffff:",
    "dead:1:",
    "64:ff9b::",
    "2002:",
    "81-2-69-142",
    "142.69.2.81",
    ".in-addr.arpa",
    "81.",
    ".69.",
    "255",
    "%2E",
    "%3a",
    "%25",
    "%38",
    "\\x2e",
    "\\u003a",
    "\\\\",
    "\"",
    "%u0032",
    "\xc3\xa4",
    "::",
    ":5",
    "-2-",
};
#define FRAGMENTS (sizeof fragments / sizeof fragments[0])

static const enum privacy_address addresses[] = {PRIVACY_TRUNCATE, PRIVACY_HMAC, PRIVACY_DROP};

static bool is_group_character(char c) {
    return model_is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':';
}

/* Whether it names no more than a network, or nobody. */
static bool is_harmless(const struct ip *ip) {
    static const uint8_t zeros[16];
    if (!ip_is_global(ip)) return true;
    if (ip_is_v4(ip)) return ip->bytes[15] == 0;
    bool is_nat64 = ip->bytes[0] == 0 && ip->bytes[12] == 0; /* and no host has that quad */
    return is_nat64 || memcmp(ip->bytes + 6, zeros, 10) == 0;
}

/* Quads: the first four parts of a row; IPv6: what stands between characters that it has not. Digits of JSON's escapes are
 * no others. */
static void look_at(struct slice text) {
    const char *end = text.ptr + text.len;
    for (const char *at = text.ptr; at < end; at++) {
        if (*at == '\\') {
            at += at[1] == 'u' ? 5 : 1;
            continue;
        }
        struct ip ip;
        if (model_is_digit(*at) && (at == text.ptr || (!model_is_digit(at[-1]) && at[-1] != '.'))) {
            const char *stop = at;
            for (uint32_t dots = 0; stop < end && (model_is_digit(*stop) || (*stop == '.' && ++dots < 4));) stop++;
            const struct slice behind = {stop, (size_t)(end - stop)}; /* of one that is turned the first part is gone */
            if (!slice_starts_with(behind, SLICE(".in-addr")) &&
                ip_parse_v4((struct slice){at, (size_t)(stop - at)}, &ip))
                ASSERT(is_harmless(&ip));
        }
        if (is_group_character(*at) && (at == text.ptr || !is_group_character(at[-1]))) {
            const char *stop = at;
            struct ip_parsed parsed;
            while (stop < end && is_group_character(*stop)) stop++;
            if ((stop == end || *stop != '.') && ip_parse((struct slice){at, (size_t)(stop - at)}, &parsed))
                ASSERT(is_harmless(&parsed.ip));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct disguise *disguise;
    static char json[JSON_EXPANSION * TEXT_BYTES_MAX + 256], out[8 * sizeof json];
    if (size < 2) return 0;
    if (disguise == NULL) disguise = disguise_new();
    ASSERT(disguise != NULL);
    struct privacy privacy = {.unknown = {.address = (uint8_t)addresses[data[0] % 3], .v4_bits = 24, .v6_bits = 48}};
    disguise->privacy = NULL; /* it stands where the last one stood */
    disguise_use(disguise, &privacy);
    disguise_line(disguise);

    char *text = cut_expand(data + 2, size - 2, fragments, FRAGMENTS, TEXT_BYTES_MAX);
    bool lossy = false;
    char *end = json_quote(json, slice_from(text), data[0] % 2 == 0 ? JSON_VERBATIM : JSON_AWS_ESCAPES, &lossy);
    struct slice whole = {json, (size_t)(end - json)};
    memset(end, data[1], ADDRESS_FIND_PADDING);
    marks_model_compare(whole);
    size_t room = whole.len * data[1] / 32;
    size_t bytes = disguise_text(disguise, whole, out, room);
    ASSERT(bytes <= (room > whole.len ? room : whole.len));
    json_t *read = json_loadb(out, bytes, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    ASSERT(read != NULL);
    json_decref(read);
    look_at((struct slice){out, bytes});
    free(text);
    return 0;
}
