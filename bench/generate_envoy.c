/* Envoy at the edge: its default text, and JSON under the keys that Istio sets up. The text has no address of the peer; what Envoy adds
 * to X-Forwarded-For is the client's.
 *
 * Threads: one struct, one thread. */
#include "bench/generate_escape.h"
#include "bench/generate_format.h"
#include "bench/generate_request.h"

static const char *response_flags(uint32_t status) {
    return status == 503 ? "UH" : status == 504 ? "UT" : status == 502 ? "UF" : "-";
}

static void put_host(struct generate_line *line, const struct generate_request *request, struct put *out) {
    if (request->served)
        generate_line_put_target(line, out);
    else
        put_char(out, '-');
}

void generate_envoy_put(struct generate_line *line, struct put *out) {
    struct generate_request request = generate_request_next(line);
    put_char(out, '[');
    generate_put_time_ms(out, request.visit.time_us);
    put_text(out, "] \"");
    put_text(out, request.method);
    put_char(out, ' ');
    generate_request_put_target(&request, out, generate_put_envoy);
    put_text(out, request.http2 ? " HTTP/2\" " : " HTTP/1.1\" ");
    put_number(out, request.status);
    put_char(out, ' ');
    put_text(out, response_flags(request.status));
    put_char(out, ' ');
    put_number(out, request.method[0] == 'P' ? request.request_bytes : 0);
    put_char(out, ' ');
    put_number(out, request.response_bytes - 160);
    put_char(out, ' ');
    put_number(out, request.total_ms);
    put_char(out, ' ');
    if (request.served)
        put_number(out, request.wait_ms);
    else
        put_char(out, '-');
    put_text(out, " \"");
    generate_request_put_forwarded(&request, out);
    put_text(out, "\" \"");
    generate_put_envoy(out, request.agent[0] != '\0' ? request.agent : "-");
    put_text(out, "\" \"");
    generate_put_uuid(&line->dice, out);
    put_text(out, "\" \"");
    put_text(out, request.domain);
    put_text(out, "\" \"");
    put_host(line, &request, out);
    put_text(out, "\"\n");
}

static void put_key(struct put *out, const char *key, const char *value) {
    put_text(out, ",\"");
    put_text(out, key);
    put_text(out, "\":");
    if (value[0] == '\0') {
        put_text(out, "null");
        return;
    }
    put_char(out, '"');
    generate_put_json(out, value);
    put_char(out, '"');
}

static void put_key_number(struct put *out, const char *key, uint64_t value) {
    put_text(out, ",\"");
    put_text(out, key);
    put_text(out, "\":");
    put_number(out, value);
}

/* Between downstream_remote_address and upstream_service_time. */
static void put_json_request(struct generate_line *line, const struct generate_request *request, struct put *out) {
    char text[sizeof request->path + sizeof request->query];
    struct put path = {text, text + sizeof text - 1};
    generate_request_put_target(request, &path, put_text);
    *path.next = '\0';
    put_key_number(out, "duration", request->total_ms);
    put_key(out, "method", request->method);
    put_key(out, "path", text);
    put_key(out, "protocol", request->http2 ? "HTTP/2" : "HTTP/1.1");
    put_text(out, ",\"request_id\":\"");
    generate_put_uuid(&line->dice, out);
    put_char(out, '"');
    put_key(out, "requested_server_name", request->tls ? request->domain : "");
    put_key_number(out, "response_code", request->status);
    put_key(out, "response_code_details", request->served ? "via_upstream" : "direct_response");
    put_key(out, "response_flags", response_flags(request->status));
    put_key(out, "route_name", "default");
}

void generate_envoy_json_put(struct generate_line *line, struct put *out) {
    struct generate_request request = generate_request_next(line);
    bool ipv6 = strchr(request.address, ':') != NULL;
    put_text(out, "{\"authority\":\"");
    put_text(out, request.domain);
    put_char(out, '"');
    put_key_number(out, "bytes_received", request.method[0] == 'P' ? request.request_bytes : 0);
    put_key_number(out, "bytes_sent", request.response_bytes - 160);
    put_key(out, "connection_termination_details", "");
    put_key(out, "downstream_local_address", request.tls ? "10.0.1.20:8443" : "10.0.1.20:8080");
    put_text(out, ipv6 ? ",\"downstream_remote_address\":\"[" : ",\"downstream_remote_address\":\"");
    put_text(out, request.address);
    put_text(out, ipv6 ? "]:" : ":");
    put_number(out, generate_line_port(line));
    put_char(out, '"');
    put_json_request(line, &request, out);
    put_text(out, ",\"start_time\":\"");
    generate_put_time_ms(out, request.visit.time_us);
    put_char(out, '"');
    put_key(out, "upstream_cluster", "outbound|8080||web.shop.svc.cluster.local");
    put_text(out, request.served ? ",\"upstream_host\":\"" : ",\"upstream_host\":null");
    if (request.served) {
        put_host(line, &request, out);
        put_char(out, '"');
    }
    put_key(out, "upstream_local_address", request.served ? "10.0.1.20:41530" : "");
    put_text(out, request.served ? ",\"upstream_service_time\":\"" : ",\"upstream_service_time\":null");
    if (request.served) {
        put_number(out, request.wait_ms);
        put_char(out, '"');
    }
    put_key(out, "upstream_transport_failure_reason", "");
    put_key(out, "user_agent", request.agent);
    put_text(out, ",\"x_forwarded_for\":\"");
    generate_request_put_forwarded(&request, out);
    put_text(out, "\"}\n");
}
