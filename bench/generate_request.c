/* The shares are those of generate_alb.c, without the rows that only a balancer has.
 *
 * Threads: one struct, one thread. */
#include "bench/generate_request.h"

#include "bench/generate_client.h"
#include "bench/generate_escape.h"
#include "bench/generate_words.h"

static const struct {
    uint32_t weight, status; /* of 10,000 */
    bool served;
} statuses[] = {
    {7500, 200, true}, {900, 304, true}, {360, 404, true}, {250, 204, true}, {250, 302, true},
    {120, 201, true},  {110, 401, true}, {100, 206, true}, {70, 500, true},  {60, 400, true},
    {40, 429, true},   {60, 502, false}, {40, 503, false}, {40, 504, false}, {100, 403, false},
};

static void finish(struct put *put) {
    *put->next = '\0';
}

/* A template, raw; the room for it ends with a NUL. */
static void write_words(char *room, size_t bytes, const char *text, struct generate_line *line, uint64_t identity) {
    struct put put = {room, room + bytes - 1};
    generate_words_put(&put, text, &line->dice, identity);
    generate_escape_undo(room, (size_t)(put.next - room));
}

static void decide_outcome(struct generate_line *line, struct generate_request *request) {
    struct dice *dice = &line->dice;
    if (!request->tls && dice_percent(dice, 75)) {
        request->status = 301;
        request->total_ms = 0;
    } else {
        uint32_t row = 0;
        for (uint32_t left = dice_below(dice, 10000); left >= statuses[row].weight; row++) left -= statuses[row].weight;
        request->status = statuses[row].status;
        request->served = statuses[row].served;
        request->total_ms = dice_octaves(dice, 11);
    }
    request->wait_ms = request->total_ms - request->total_ms / 8;
    request->request_bytes = 180 + dice_octaves(dice, 12);
    request->response_bytes = request->status == 304 || request->status == 204 ? 160 : 160 + dice_octaves(dice, 20);
}

static void decide_words(struct generate_line *line, struct generate_request *request) {
    static const char *const writing[] = {"POST", "POST", "POST", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"};
    struct dice *dice = &line->dice;
    uint64_t identity = request->visit.identity;
    const char *agent = generate_words_pick(generate_agents, identity), *path;
    if (dice_below(dice, 200) == 0) agent = generate_words_pick(generate_odd_agents, dice_next(dice));
    request->method = dice_percent(dice, 2) ? "HEAD" : "GET";
    if (dice_below(dice, 200) == 0) {
        path = generate_words_pick(generate_odd_pages, dice_next(dice));
    } else if (dice_percent(dice, 22)) {
        request->method = writing[dice_below(dice, 8)];
        path = generate_words_pick(generate_calls, dice_next(dice));
    } else {
        path = generate_words_pick(generate_pages, dice_next(dice));
    }
    write_words(request->path, sizeof request->path, path, line, identity);
    char *query = strchr(request->path, '?');
    if (query != NULL) {
        *query++ = '\0';
        memcpy(request->query, query, strlen(query) + 1);
    }
    if (strcmp(agent, "-") != 0) write_words(request->agent, sizeof request->agent, agent, line, identity);
}

static void decide_headers(struct generate_line *line, struct generate_request *request) {
    struct dice *dice = &line->dice;
    if (dice_percent(dice, 35)) {
        struct put put = {request->referer, request->referer + sizeof request->referer - 1};
        put_text(&put, "https://");
        put_text(&put, request->domain);
        put_text(&put, dice_percent(dice, 50) ? "/" : "/products/");
        put_number(&put, dice_below(dice, 100000));
        finish(&put);
    }
    if (dice_percent(dice, 12)) { /* behind a proxy of its own, or making it up */
        struct put put = {request->forwarded, request->forwarded + sizeof request->forwarded - 1};
        if (dice_percent(dice, 60))
            generate_client_put_ipv4(&put, dice_next(dice));
        else
            put_text(&put, dice_percent(dice, 70) ? "10.11.12.13" : "unknown");
        finish(&put);
    }
}

struct generate_request generate_request_next(struct generate_line *line) {
    struct dice *dice = &line->dice;
    struct generate_request request = {.visit = generate_line_visit(line)};
    struct put put = {request.address, request.address + sizeof request.address - 1};
    generate_client_put_address(&put, request.visit.rank, request.visit.identity);
    finish(&put);
    request.tls = dice_percent(dice, 93);
    request.http2 = request.tls && dice_percent(dice, 45);
    request.domain = line->site.domains[dice_percent(dice, 70) ? 0 : dice_below(dice, SITE_DOMAINS)];
    decide_outcome(line, &request);
    decide_words(line, &request);
    decide_headers(line, &request);
    return request;
}

void generate_request_put_target(const struct generate_request *request, struct put *out,
                                 void (*put)(struct put *, const char *)) {
    put(out, request->path);
    if (request->query[0] == '\0') return;
    put_char(out, '?');
    put(out, request->query);
}

void generate_request_put_forwarded(const struct generate_request *request, struct put *out) {
    put_text(out, request->forwarded);
    if (request->forwarded[0] != '\0') put_text(out, ", ");
    put_text(out, request->address);
}

void generate_put_uuid(struct dice *dice, struct put *out) {
    put_hex(out, dice_next(dice), 8);
    put_char(out, '-');
    put_hex(out, dice_next(dice), 4);
    put_text(out, "-4");
    put_hex(out, dice_next(dice), 3);
    put_text(out, "-a");
    put_hex(out, dice_next(dice), 3);
    put_char(out, '-');
    put_hex(out, dice_next(dice), 12);
}
