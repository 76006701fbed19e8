/* What ALB hands to a Lambda function: headers once (single values) or as lists, by a switch of the target group; here in turns.
 *
 * Threads: one struct, one thread. */
#include "bench/generate_escape.h"
#include "bench/generate_format.h"
#include "bench/generate_headers.h"
#include "bench/generate_request.h"

static void put_single(struct put *out, const char *name, const char *value, bool first) {
    put_text(out, first ? "\"" : ",\"");
    put_text(out, name);
    put_text(out, "\":\"");
    generate_put_json(out, value);
    put_char(out, '"');
}

static void put_list(struct put *out, const char *name, const char *value, bool first) {
    put_text(out, first ? "\"" : ",\"");
    put_text(out, name);
    put_text(out, "\":[\"");
    generate_put_json(out, value);
    put_text(out, "\"]");
}

static void put_query(const struct generate_request *request, struct put *out, generate_header_put *put) {
    char room[sizeof request->query];
    memcpy(room, request->query, sizeof room);
    bool first = true;
    for (char *name = room, *next; *name != '\0'; name = next, first = false) {
        next = name + strcspn(name, "&");
        if (*next != '\0') *next++ = '\0';
        char *value = strchr(name, '=');
        if (value != NULL) *value++ = '\0';
        char escaped[3 * sizeof room]; /* a name may hold quotes */
        struct put name_put = {escaped, escaped + sizeof escaped - 1};
        generate_put_json(&name_put, name);
        *name_put.next = '\0';
        put(out, escaped, value != NULL ? value : "", first);
    }
}

static void put_balancer_headers(struct generate_line *line, const struct generate_request *request, struct put *out,
                                 generate_header_put *put) {
    char text[160];
    struct put trace = {text, text + sizeof text - 1};
    put_text(&trace, "Root=1-");
    put_hex(&trace, (uint64_t)request->visit.time_us / 1000000, 8);
    put_char(&trace, '-');
    put_hex(&trace, dice_next(&line->dice), 16);
    put_hex(&trace, dice_next(&line->dice), 8);
    *trace.next = '\0';
    put(out, "x-amzn-trace-id", text, false);
    struct put forwarded = {text, text + sizeof text - 1};
    generate_request_put_forwarded(request, &forwarded);
    *forwarded.next = '\0';
    put(out, "x-forwarded-for", text, false);
    put(out, "x-forwarded-port", request->tls ? "443" : "80", false);
    put(out, "x-forwarded-proto", request->tls ? "https" : "http", false);
}

void generate_alb_lambda_put(struct generate_line *line, struct put *out) {
    struct generate_request request = generate_request_next(line);
    bool lists = dice_percent(&line->dice, 50), writes = request.method[0] == 'P';
    generate_header_put *put = lists ? put_list : put_single;
    put_text(out, "{\"requestContext\":{\"elb\":{\"targetGroupArn\":\"");
    put_text(out, line->site.groups[lists]);
    put_text(out, "\"}},\"httpMethod\":\"");
    put_text(out, request.method);
    put_text(out, "\",\"path\":\"");
    generate_put_json(out, request.path);
    put_text(out, lists ? "\",\"multiValueQueryStringParameters\":{" : "\",\"queryStringParameters\":{");
    put_query(&request, out, put);
    put_text(out, lists ? "},\"multiValueHeaders\":{" : "},\"headers\":{");
    generate_headers(line, &request, out, put);
    put_balancer_headers(line, &request, out, put);
    put_text(out, writes ? "},\"body\":\"{\\\"id\\\":" : "},\"body\":\"");
    if (writes) {
        put_number(out, dice_below(&line->dice, 100000));
        put_text(out, ",\\\"note\\\":\\\"two lamps, please\\\"}");
    }
    put_text(out, "\",\"isBase64Encoded\":false}\n");
}
