/* NGINX and HAProxy lines. Half of NGINX's clients come straight, half through a balancer that names them in X-Forwarded-For; HAProxy
 * sees all of its clients, on three frontends with different captures.
 *
 * Threads: one struct, one thread. */
#include "bench/generate_escape.h"
#include "bench/generate_format.h"
#include "bench/generate_request.h"

static void put_or_dash(struct put *out, const char *text) {
    if (text[0] == '\0')
        put_char(out, '-');
    else
        generate_put_nginx(out, text);
}

void generate_nginx_put(struct generate_line *line, struct put *out) {
    struct generate_request request = generate_request_next(line);
    bool behind = request.visit.identity & 1;
    if (behind) {
        put_text(out, "10.0.1.");
        put_number(out, 20 + dice_below(&line->dice, 6));
    } else {
        put_text(out, request.address);
    }
    put_text(out, dice_percent(&line->dice, 1) ? " - alice [" : " - - [");
    generate_put_time_local(out, request.visit.time_us);
    put_text(out, " +0000] \"");
    put_text(out, request.method);
    put_char(out, ' ');
    generate_request_put_target(&request, out, generate_put_nginx);
    put_text(out, request.http2 ? " HTTP/2.0\" " : " HTTP/1.1\" ");
    put_number(out, request.status);
    put_char(out, ' ');
    put_number(out, request.response_bytes - 160);
    put_text(out, " \"");
    put_or_dash(out, request.referer);
    put_text(out, "\" \"");
    put_or_dash(out, request.agent);
    put_text(out, "\" \"");
    if (behind)
        generate_request_put_forwarded(&request, out);
    else
        put_or_dash(out, request.forwarded);
    put_text(out, "\"\n");
}

/* TR/Tw/Tc/Tr/Ta status bytes, cookies, how it ended, connections and queues. */
static void put_haproxy_numbers(struct generate_line *line, const struct generate_request *request, struct put *out) {
    struct dice *dice = &line->dice;
    put_text(out, request->served ? " 0/0/1/" : request->status == 504 ? " 0/0/1/-1/" : " 0/-1/-1/-1/");
    if (request->served) {
        put_number(out, request->wait_ms);
        put_char(out, '/');
    }
    put_number(out, request->total_ms + 1);
    put_char(out, ' ');
    put_number(out, request->status);
    put_char(out, ' ');
    put_number(out, request->response_bytes);
    put_text(out, request->served ? " - - ---- " : request->status >= 500 ? " - - SH-- " : " - - PR-- ");
    put_number(out, 200 + dice_below(dice, 900));
    put_char(out, '/');
    put_number(out, 100 + dice_below(dice, 90));
    put_char(out, '/');
    put_number(out, dice_below(dice, 40));
    put_char(out, '/');
    put_number(out, dice_below(dice, 9));
    put_text(out, "/0 0/0 ");
}

void generate_haproxy_put(struct generate_line *line, struct put *out) {
    struct generate_request request = generate_request_next(line);
    struct dice *dice = &line->dice;
    bool shop = request.tls && request.domain == line->site.domains[0];
    int64_t accepted_us = request.visit.time_us - (int64_t)request.total_ms * 1000;
    generate_put_time_syslog(out, request.visit.time_us);
    put_text(out, " lb-1 haproxy[2817]: ");
    put_text(out, request.address);
    put_char(out, ':');
    put_number(out, generate_line_port(line));
    put_text(out, " [");
    generate_put_time_local(out, accepted_us);
    put_char(out, '.');
    put_digits(out, (uint64_t)(accepted_us / 1000 % 1000), 3);
    put_text(out, shop ? "] shop~ shop-servers/" : request.tls ? "] api~ api-servers/" : "] plain web-servers/");
    if (request.status == 503 || request.status == 301 || request.status == 403) {
        put_text(out, "<NOSRV>");
    } else {
        put_text(out, "web");
        put_number(out, 1 + dice_below(dice, 12));
    }
    put_haproxy_numbers(line, &request, out);
    if (request.tls) {
        put_char(out, '{');
        put_text(out, request.domain);
        put_char(out, '|');
        generate_put_haproxy(out, request.forwarded, true);
        put_char(out, '|');
        generate_put_haproxy(out, request.agent, true);
        put_text(out, shop ? "} {text/html} \"" : "} \"");
    } else {
        put_char(out, '"');
    }
    put_text(out, request.method);
    put_char(out, ' ');
    generate_put_haproxy(out, request.path, false);
    if (request.query[0] != '\0') {
        put_char(out, '?');
        generate_put_haproxy(out, request.query, false);
    }
    put_text(out, request.http2 ? " HTTP/2.0\"\n" : " HTTP/1.1\"\n");
}
