/* What is no more than a file's path and place is the usual case; the rest is written where it says something.
 *
 * Threads: see the header. */
#define _GNU_SOURCE /* mempcpy */
#include "sinks/reject_origin.h"

#include "base/json.h"
#include "base/number.h"
#include "schemas/proxy_header.h"

static char *put(char *out, struct slice text) {
    return mempcpy(out, text.ptr, text.len);
}

static char *put_member(char *out, struct slice key, struct slice value) {
    bool lossy = false;
    out = put(out, key);
    return json_quote(out, value, JSON_VERBATIM, &lossy);
}

/* Unless the path says it. JSON cannot say a name that is no UTF-8. */
static char *put_name(char *out, const struct encoder_context *context) {
    bool from_path = context->address.len == 0 && context->topic.len == 0 && !context->origin->name_given;
    if (!from_path) out = put_member(out, SLICE(",\"name\":"), context->name);
    return json_utf8_valid(context->name) ? out : put(out, SLICE(",\"lossy\":true"));
}

static char *put_number(char *out, struct slice key, uint64_t value) {
    out = put(out, key);
    return out + number_write(value, out);
}

static char *put_header(char *out, const struct header *header) {
    out = put(out, SLICE(",\"header\":\""));
    out += header_text_write(header, out);
    *out++ = '"';
    return out;
}

/* An address that was sent as ::ffff:a.b.c.d is written so. */
static char *put_endpoint(char *out, const struct endpoint *endpoint) {
    bool brackets = endpoint->address.family == IP_V6 || endpoint->address.v4_mapped;
    if (brackets) *out++ = '[';
    if (endpoint->address.v4_mapped) out = put(out, SLICE("::ffff:"));
    out += ip_format(&endpoint->address.ip, out);
    if (brackets) *out++ = ']';
    return put_number(out, SLICE(":"), endpoint->port);
}

static char *put_proxy(char *out, const struct proxy_facts *proxy) {
    out = put_number(out, SLICE(",\"proxy\":{\"version\":"), proxy->version);
    out = put_member(out, SLICE(",\"command\":"), slice_from(proxy_command_names[proxy->command]));
    out = put_member(out, SLICE(",\"family\":"), slice_from(proxy_family_names[proxy->family]));
    if (proxy->has_source) {
        out = put(out, SLICE(",\"source\":\""));
        out = put_endpoint(out, &proxy->source);
        *out++ = '"';
    }
    if (proxy->vpce_bytes > 0)
        out = put_member(out, SLICE(",\"vpce\":"), (struct slice){proxy->vpce, proxy->vpce_bytes});
    *out++ = '}';
    return out;
}

char *reject_origin_write(const struct encoder_context *context, const struct rejected *rejected, char *out) {
    bool connected = context->address.len > 0, queued = context->topic.len > 0;
    out = put(out, queued ? SLICE("{\"topic\":\"") : connected ? SLICE("{\"address\":\"") : SLICE("{\"path\":\""));
    out = put(out, queued ? context->topic : connected ? context->address : context->path);
    *out++ = '"';
    if (queued) {
        out = put(out, SLICE(",\"partition\":"));
        out = put(out, context->partition);
    }
    out = put_number(out, SLICE(",\"offset\":"), rejected->position);
    out = put_number(out, SLICE(",\"line\":"), rejected->line_number);
    out = put_name(out, context);
    if (context->origin->chain != NULL) out = put_member(out, SLICE(",\"chain\":"), slice_from(context->origin->chain));
    if (rejected->header != NULL) out = put_header(out, rejected->header);
    if (rejected->connection != NULL && rejected->connection->proxy.version != 0)
        out = put_proxy(out, &rejected->connection->proxy);
    *out++ = '}';
    return out;
}
