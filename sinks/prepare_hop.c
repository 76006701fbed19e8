/* hop.*: verdict, provenance, and all that people ask when they do not believe it.
 *
 * Threads: one worker. */
#include "schemas/client_flags.h"
#include "sinks/prepare_set.h"

static bool are_known(const struct known_flags *known, const struct client *client) {
    return known->bytes > 0 && known->flags == client->flags && known->skipped == client->skipped &&
           known->passed == client->passed && known->base == client->base && known->chain == client->chain;
}

/* An id of an endpoint is each client's own. */
static void know(struct known_flags *known, const struct client *client, struct slice text) {
    known->bytes = 0;
    if (text.len > FLAGS_KNOWN_BYTES || (client->flags >> HOP_VPCE & 1) != 0) return;
    known->bytes = (uint32_t)text.len;
    known->flags = client->flags;
    known->skipped = client->skipped;
    known->passed = client->passed;
    known->base = client->base;
    known->chain = client->chain;
    memcpy(known->text, text.ptr, text.len);
}

static uint64_t set_flags(struct preparation *preparation) {
    const struct client *client = &preparation->record->client;
    struct known_flags *known = &preparation->context->known_flags;
    if (are_known(known, client)) return set(preparation, VALUE_HOP_FLAGS, known->text, known->bytes);
    struct client_flags flags = client_flags_of(client);
    struct client_flag flag;
    char *out = preparation->scratch;
    while (client_flags_next(&flags, &flag)) {
        out = separate(preparation, out);
        for (const char *c = flag.name; *c != '\0'; c++) *out++ = *c;
        memcpy(out, flag.rest.len > 0 ? flag.rest.ptr : "", flag.rest.len);
        out += flag.rest.len;
    }
    know(known, client, (struct slice){preparation->scratch, (size_t)(out - preparation->scratch)});
    return set_rendered(preparation, VALUE_HOP_FLAGS, out);
}

/* Whatever the client sent. */
static uint64_t set_claim(struct preparation *preparation) {
    const struct client *client = &preparation->record->client;
    if (client->claim_text.length > 0) return set_verbatim(preparation, VALUE_HOP_CLAIM, client->claim_text);
    struct slice claim = {client->claim, client->claim_bytes};
    return set_rendered(preparation, VALUE_HOP_CLAIM,
                        json_escape(preparation->scratch, claim, JSON_VERBATIM, &preparation->lossy));
}

uint64_t prepare_hop_rest(struct preparation *preparation) {
    const struct record *record = preparation->record;
    const struct client *client = &record->client;
    const struct span nowhere = {0, 0};
    uint64_t found = 0;
    if (client->claim_bytes > 0) found |= set_claim(preparation);
    if (client->has_via) found |= set_ip(preparation, VALUE_HOP_VIA, client->via_text, &client->via);
    if (record->has_waf_view) found |= set_ip(preparation, VALUE_HOP_WAF_VIEW, nowhere, &record->waf_view);
    if (client->flags != 0) found |= set_flags(preparation);
    return found;
}
