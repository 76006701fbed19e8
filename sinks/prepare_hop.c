/* hop.*: verdict, provenance, and all that people ask when they do not believe it.
 *
 * Threads: one worker. */
#include "schemas/chain.h"
#include "sinks/prepare_set.h"

/* Texts of flags are plain by their making: words, names of types, and ids of endpoints. */
static char *put_flag(const struct preparation *preparation, char *out, enum hop_flag flag, struct slice rest) {
    out = separate(preparation, out);
    for (const char *c = hop_flag_names[flag]; *c != '\0'; c++) *out++ = *c;
    memcpy(out, rest.len > 0 ? rest.ptr : "", rest.len);
    return out + rest.len;
}

/* One flag per type of these hops, in order of their names. */
static char *put_types(const struct preparation *preparation, char *out, enum hop_flag flag, uint32_t hops) {
    const struct chain *chain = preparation->record->client.chain;
    const char *last = NULL;
    for (uint32_t i = 0; i < chain->hops_count; i++) {
        const char *type = chain->hops[chain->by_type[i]].type;
        if ((hops >> chain->by_type[i] & 1) == 0 || (last != NULL && strcmp(type, last) == 0)) continue;
        out = put_flag(preparation, out, flag, slice_from(type));
        last = type;
    }
    return out;
}

static uint64_t set_flags(struct preparation *preparation) {
    const struct client *client = &preparation->record->client;
    char *out = preparation->scratch;
    for (uint32_t left = client->flags; left != 0; left &= left - 1) {
        enum hop_flag flag = (enum hop_flag)__builtin_ctz(left);
        if (flag == HOP_SKIPPED || flag == HOP_VIA)
            out = put_types(preparation, out, flag, flag == HOP_VIA ? client->passed : client->skipped);
        else
            out = put_flag(preparation, out, flag,
                           flag == HOP_BASE   ? slice_from(verdict_names[client->base])
                           : flag == HOP_VPCE ? client->vpce
                                              : (struct slice){0});
    }
    return set_rendered(preparation, VALUE_HOP_FLAGS, out);
}

/* Whatever the client sent. */
static uint64_t set_claim(struct preparation *preparation) {
    const struct client *client = &preparation->record->client;
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
    if (client->has_via) found |= set_ip(preparation, VALUE_HOP_VIA, nowhere, &client->via);
    if (record->has_waf_view) found |= set_ip(preparation, VALUE_HOP_WAF_VIEW, nowhere, &record->waf_view);
    if (client->flags != 0) found |= set_flags(preparation);
    return found;
}
