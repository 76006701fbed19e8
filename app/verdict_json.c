/* What sinks/prepare_hop.c does for records, for a line of its own.
 *
 * Threads: see the header. */
#include "app/verdict_json.h"

#include <stdio.h>

#include "base/check.h"
#include "schemas/chain.h"

static char *put(char *out, const char *text) {
    size_t bytes = strlen(text);
    memcpy(out, text, bytes);
    return out + bytes;
}

static char *put_number(char *out, uint32_t number) {
    return out + sprintf(out, "%u", number);
}

static char *put_ip(char *out, const struct ip *ip) {
    *out++ = '"';
    out += ip_format(ip, out);
    *out++ = '"';
    return out;
}

/* Texts of flags are plain by their making: words, names of types, and ids of endpoints. */
static char *put_flag(char *out, enum hop_flag flag, struct slice rest) {
    *out++ = '"';
    out = put(out, hop_flag_names[flag]);
    if (rest.len > 0) memcpy(out, rest.ptr, rest.len);
    out += rest.len;
    return put(out, "\",");
}

/* One flag per type of these hops, in order of their names. */
static char *put_types(char *out, const struct client *client, enum hop_flag flag) {
    uint32_t hops = flag == HOP_VIA ? client->passed : client->skipped;
    const char *last = "";
    for (uint32_t i = 0; i < client->chain->hops_count; i++) {
        uint32_t index = client->chain->by_type[i];
        const char *type = client->chain->hops[index].type;
        if ((hops >> index & 1) == 0 || strcmp(type, last) == 0) continue;
        out = put_flag(out, flag, slice_from(type));
        last = type;
    }
    return out;
}

static char *put_flags(char *out, const struct client *client) {
    for (uint32_t left = client->flags; left != 0; left &= left - 1) {
        enum hop_flag flag = (enum hop_flag)__builtin_ctz(left);
        if (flag == HOP_SKIPPED || flag == HOP_VIA)
            out = put_types(out, client, flag);
        else
            out = put_flag(out, flag,
                           flag == HOP_BASE   ? slice_from(verdict_names[client->base])
                           : flag == HOP_VPCE ? client->vpce
                                              : (struct slice){0});
    }
    return client->flags != 0 ? out - 1 : out; /* the last comma */
}

char *verdict_json(char *out, const struct client *client) {
    char *const begin = out;
    bool lossy = false;
    out = put(out, "{\"ip\":");
    out = client->resolved ? put_ip(out, &client->ip) : put(out, "null");
    out = put(out, ",\"port\":");
    out = client->resolved && client->port != 0 ? put_number(out, client->port) : put(out, "null");
    out = put(put(put(out, ",\"prov\":\""), provenance_names[client->provenance]), "\",\"verdict\":\"");
    out = put(put(out, verdict_names[client->verdict]), "\",\"depth\":");
    out = put(put_number(out, client->depth), ",\"trust\":");
    out = put(put_number(out, client->trust), ",\"claim\":");
    struct slice claim = {client->claim, client->claim_bytes};
    out = claim.len > 0 ? json_quote(out, claim, JSON_VERBATIM, &lossy) : put(out, "null");
    out = put(out, ",\"via\":");
    out = client->has_via ? put_ip(out, &client->via) : put(out, "null");
    out = put(put_flags(put(out, ",\"flags\":["), client), "]}");
    ASSERT((size_t)(out - begin) < VERDICT_JSON_BYTES_MAX);
    return out;
}
