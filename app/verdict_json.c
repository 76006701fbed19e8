/* What sinks/prepare_hop.c does for records, for a line of its own.
 *
 * Threads: see the header. */
#include "app/verdict_json.h"

#include <stdio.h>

#include "base/check.h"
#include "schemas/client_flags.h"

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

static char *put_flags(char *out, const struct client *client) {
    struct client_flags flags = client_flags_of(client);
    struct client_flag flag;
    for (bool first = true; client_flags_next(&flags, &flag); first = false) {
        out = put(put(out, first ? "\"" : ",\""), flag.name);
        memcpy(out, flag.rest.len > 0 ? flag.rest.ptr : "", flag.rest.len);
        out = put(out + flag.rest.len, "\"");
    }
    return out;
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
