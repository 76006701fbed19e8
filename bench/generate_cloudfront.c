/* CloudFront's standard log: 33 columns with tabs between them, or the same texts under the same names as JSON, as version 2
 * delivers them.
 *
 * Threads: one struct, one thread. */
#include "bench/generate_escape.h"
#include "bench/generate_format.h"
#include "bench/generate_request.h"

#define NAMES                                                                                       \
    "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) " \
    "cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header "    \
    "cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher "                      \
    "x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port "       \
    "time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start " \
    "sc-range-end"

const char generate_cloudfront_header[] = "#Version: 1.0\n#Fields: " NAMES "\n";

/* Where the next column goes. */
struct columns {
    struct put *out;
    const char *names; /* those that are left, JSON; NULL: text */
    bool begun;
};

static void begin_column(struct columns *columns) {
    if (columns->names == NULL) {
        if (columns->begun) put_char(columns->out, '\t');
    } else {
        size_t bytes = strcspn(columns->names, " ");
        put_text(columns->out, columns->begun ? "\",\"" : "{\"");
        put_bytes(columns->out, columns->names, bytes);
        put_text(columns->out, "\":\"");
        columns->names += columns->names[bytes] == ' ' ? bytes + 1 : bytes;
    }
    columns->begun = true;
}

/* As it is. */
static void put_column(struct columns *columns, const char *text) {
    begin_column(columns);
    put_text(columns->out, text);
}

/* Raw text of the client's; "" is null. */
static void put_raw(struct columns *columns, const char *text) {
    begin_column(columns);
    if (text[0] == '\0')
        put_char(columns->out, '-');
    else
        generate_put_percent(columns->out, text);
}

static void put_count(struct columns *columns, uint64_t number) {
    begin_column(columns);
    put_number(columns->out, number);
}

static void put_seconds(struct columns *columns, uint32_t milliseconds) {
    begin_column(columns);
    put_milliseconds(columns->out, milliseconds);
}

static void put_request_id(struct columns *columns, struct dice *dice) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    begin_column(columns);
    for (int word = 0; word < 6; word++) {
        uint64_t bits = dice_next(dice);
        for (int i = 0; i < 9; i++, bits >>= 6) put_char(columns->out, letters[bits & 63]);
    }
    put_text(columns->out, "==");
}

static const char *content_type(const struct generate_request *request) {
    if (request->status == 304 || request->status == 204) return "-";
    if (strstr(request->path, "/api/") != NULL) return "application/json";
    if (strstr(request->path, ".webp") != NULL) return "image/webp";
    if (strstr(request->path, ".js") != NULL) return "application/javascript";
    return strstr(request->path, ".css") != NULL ? "text/css" : "text/html;%20charset=utf-8";
}

static void put_head(struct generate_line *line, const struct generate_request *request, struct columns *columns) {
    static const char *const places[] = {"IAD89-P2", "FRA56-P4", "NRT57-C2", "GRU3-P1", "SIN52-C3", "LHR61-P7"};
    char room[20];
    struct put time = {room, room + 19};
    put_time(&time, request->visit.time_us);
    begin_column(columns);
    put_bytes(columns->out, room, 10);
    begin_column(columns);
    put_bytes(columns->out, room + 11, 8);
    put_column(columns, places[dice_below(&line->dice, 6)]);
    put_count(columns, request->response_bytes);
    put_column(columns, request->address);
    put_column(columns, request->method);
    put_column(columns, "d111111abcdef8.cloudfront.net");
    put_raw(columns, request->path);
    put_count(columns, request->status);
    put_raw(columns, request->referer);
    put_raw(columns, request->agent);
    put_raw(columns, request->query);
    put_column(columns, "-");
}

static void put_tail(struct generate_line *line, const struct generate_request *request, struct columns *columns) {
    struct dice *dice = &line->dice;
    const char *result = request->status == 301  ? "Redirect"
                         : request->status > 499 ? "Error"
                                                 : (dice_percent(dice, 70) ? "Hit" : "Miss");
    bool old = request->visit.identity % 8 == 0, ranges = request->status == 206;
    put_column(columns, result);
    put_request_id(columns, dice);
    put_column(columns, request->domain);
    put_column(columns, request->tls ? "https" : "http");
    put_count(columns, request->request_bytes);
    put_seconds(columns, request->total_ms);
    put_raw(columns, request->forwarded);
    put_column(columns, !request->tls ? "-" : old ? "TLSv1.2" : "TLSv1.3");
    put_column(columns, !request->tls ? "-" : old ? "ECDHE-RSA-AES128-GCM-SHA256" : "TLS_AES_128_GCM_SHA256");
    put_column(columns, result);
    put_column(columns, request->http2 ? "HTTP/2.0" : "HTTP/1.1");
    put_column(columns, "-");
    put_column(columns, "-");
    put_count(columns, generate_line_port(line));
    put_seconds(columns, request->wait_ms);
    put_column(columns, result);
    put_column(columns, content_type(request));
    begin_column(columns);
    if (content_type(request)[0] == '-' || dice_percent(dice, 40))
        put_char(columns->out, '-');
    else
        put_number(columns->out, request->response_bytes - 160);
    put_column(columns, ranges ? "0" : "-");
    put_column(columns, ranges ? "65535" : "-");
}

static void put_columns(struct generate_line *line, struct put *out, const char *names) {
    struct generate_request request = generate_request_next(line);
    struct columns columns = {.out = out, .names = names};
    put_head(line, &request, &columns);
    put_tail(line, &request, &columns);
}

void generate_cloudfront_put(struct generate_line *line, struct put *out) {
    put_columns(line, out, NULL);
    put_char(out, '\n');
}

void generate_cloudfront_json_put(struct generate_line *line, struct put *out) {
    put_columns(line, out, NAMES);
    put_text(out, "\"}\n");
}
