/* ALB access lines: 34 columns.
 *
 * What happened to a request is one row of a table (status, target, times, actions, reason), because real columns hang
 * together: a WAF block has no target and -1 times, a client that left (460) has a target and -1 times.
 *
 * Threads: one struct, one thread. */
#include "bench/generate_format.h"
#include "bench/generate_words.h"

enum times {
    TIMES_ALL,     /* request, target and response */
    TIMES_NONE,    /* never dispatched, or closed early: -1 -1 -1 */
    TIMES_REQUEST, /* sent to the target, no answer in time: the last two are -1 */
};

enum {
    HAS_TARGET = 1,
    HAS_GROUP = 2,
    HAS_REQUEST = 4,
    HAS_REDIRECT = 8,
    PLAIN = HAS_GROUP | HAS_REQUEST,
    SERVED = HAS_TARGET | PLAIN
};

struct outcome {
    uint32_t weight; /* of 10,000 */
    const char *elb_status, *target_status;
    enum times times;
    unsigned has;
    const char *actions, *error_reason;
};

static const struct outcome outcomes[] = {
    {7350, "200", "200", TIMES_ALL, SERVED, "forward", "-"},
    {900, "304", "304", TIMES_ALL, SERVED, "forward", "-"},
    {360, "404", "404", TIMES_ALL, SERVED, "forward", "-"},
    {250, "204", "204", TIMES_ALL, SERVED, "forward", "-"},
    {250, "302", "302", TIMES_ALL, SERVED, "forward", "-"},
    {120, "201", "201", TIMES_ALL, SERVED, "forward", "-"},
    {110, "401", "401", TIMES_ALL, SERVED, "forward", "-"},
    {100, "206", "206", TIMES_ALL, SERVED, "forward", "-"},
    {70, "500", "500", TIMES_ALL, SERVED, "forward", "-"},
    {60, "400", "400", TIMES_ALL, SERVED, "forward", "-"},
    {40, "429", "429", TIMES_ALL, SERVED, "forward", "-"},
    {60, "200", "200", TIMES_ALL, SERVED, "authenticate,forward", "-"},
    {60, "200", "200", TIMES_ALL, SERVED, "waf,forward", "-"},
    {40, "200", "200", TIMES_ALL, PLAIN, "forward", "-"}, /* a Lambda function: no address */
    {50, "460", "-", TIMES_NONE, SERVED, "forward", "-"},
    {40, "502", "-", TIMES_NONE, PLAIN, "forward", "-"},
    {20, "502", "-", TIMES_REQUEST, SERVED, "forward", "-"},
    {3, "502", "-", TIMES_ALL, PLAIN, "forward", "LambdaInvalidResponse"},
    {22, "503", "-", TIMES_NONE, PLAIN, "forward", "-"},
    {20, "504", "-", TIMES_REQUEST, SERVED, "forward", "-"},
    {45, "403", "-", TIMES_NONE, HAS_REQUEST, "waf", "-"},
    {20, "404", "-", TIMES_NONE, HAS_REQUEST, "fixed-response", "-"},
    {5, "561", "-", TIMES_NONE, HAS_REQUEST, "authenticate", "AuthInvalidStateParam"},
    {5, "400", "-", TIMES_NONE, 0, "-", "-"},
};

static const struct outcome redirected = {0, "301", "-", TIMES_NONE, HAS_REQUEST | HAS_REDIRECT, "redirect", "-"};
static const struct outcome upgraded = {0, "101", "101", TIMES_ALL, SERVED, "forward", "-"};

static const struct protocol {
    uint32_t weight; /* of 100 */
    const char *type, *version;
    unsigned port;
    unsigned char tls, socket;
} protocols[] = {
    {48, "https", "HTTP/1.1", 443, 1, 0}, {40, "h2", "HTTP/2.0", 443, 1, 0}, {6, "http", "HTTP/1.1", 80, 0, 0},
    {3, "wss", "HTTP/1.1", 443, 1, 1},    {1, "ws", "HTTP/1.1", 80, 0, 1},   {2, "grpcs", "HTTP/2.0", 443, 1, 0},
};

/* One line while it is made: decided first, then written column by column. */
struct request {
    struct generate_visit visit;
    const struct protocol *protocol;
    const struct outcome *outcome;
    const char *domain, *path, *agent;
    unsigned char odd_url;
    uint32_t request_ms, target_ms, response_ms;
};

static const struct outcome *outcome_pick(struct dice *dice, const struct protocol *protocol) {
    if (protocol->socket) return &upgraded;
    if (!protocol->tls && dice_percent(dice, 75)) return &redirected;
    const struct outcome *outcome = outcomes;
    for (uint32_t left = dice_below(dice, 10000); left >= outcome->weight; outcome++) left -= outcome->weight;
    return outcome;
}

static struct request request_decide(struct generate_line *line) {
    struct dice *dice = &line->dice;
    struct request request = {.visit = generate_line_visit(line), .protocol = protocols};
    for (uint32_t left = dice_below(dice, 100); left >= request.protocol->weight; request.protocol++)
        left -= request.protocol->weight;
    request.outcome = outcome_pick(dice, request.protocol);
    request.domain = line->site.domains[dice_percent(dice, 70) ? 0 : dice_below(dice, SITE_DOMAINS)];
    request.agent = generate_words_pick(generate_agents, request.visit.identity);
    request.odd_url = dice_below(dice, 200) == 0;
    if (dice_below(dice, 200) == 0) request.agent = generate_words_pick(generate_odd_agents, dice_next(dice));
    request.request_ms = dice_below(dice, 4) == 0 ? dice_below(dice, 6) : 0;
    request.target_ms = request.outcome->times == TIMES_ALL ? dice_octaves(dice, 11) : 0;
    request.response_ms = dice_below(dice, 8) == 0;
    return request;
}

static void put_times(const struct request *request, struct put *out) {
    if (request->outcome->times == TIMES_NONE) {
        put_text(out, "-1 -1 -1 ");
        return;
    }
    put_milliseconds(out, request->request_ms);
    put_char(out, ' ');
    if (request->outcome->times == TIMES_REQUEST) {
        put_text(out, "-1 -1 ");
        return;
    }
    put_milliseconds(out, request->target_ms);
    put_char(out, ' ');
    put_milliseconds(out, request->response_ms);
    put_char(out, ' ');
}

static void put_url(struct generate_line *line, struct request *request, struct put *out) {
    put_text(out, request->protocol->tls ? "https://" : "http://");
    put_text(out, request->domain);
    put_char(out, ':');
    put_number(out, request->protocol->port);
    generate_words_put(out, request->path, &line->dice, request->visit.identity);
}

static void put_request(struct generate_line *line, struct request *request, struct put *out) {
    static const char *const writing[] = {"POST", "POST", "POST", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"};
    struct dice *dice = &line->dice;
    if (!(request->outcome->has & HAS_REQUEST)) {
        put_text(out, "\"- http://");
        put_text(out, request->domain);
        put_text(out, ":80- -\" \"-\" ");
        return;
    }
    const char *method = dice_percent(dice, 2) ? "HEAD" : "GET";
    request->path = generate_words_pick(request->odd_url ? generate_odd_pages : generate_pages, dice_next(dice));
    if (!request->odd_url && !request->protocol->socket && dice_percent(dice, 22)) {
        method = writing[dice_below(dice, 8)];
        request->path = generate_words_pick(generate_calls, dice_next(dice));
    }
    put_char(out, '"');
    put_text(out, method);
    put_char(out, ' ');
    put_url(line, request, out);
    put_char(out, ' ');
    put_text(out, request->protocol->version);
    put_text(out, "\" \"");
    generate_words_put(out, request->agent, dice, request->visit.identity);
    put_text(out, "\" ");
}

/* Columns 15 to 21: cipher to rule priority. */
static void put_route(struct generate_line *line, const struct request *request, struct put *out) {
    struct dice *dice = &line->dice;
    const struct outcome *outcome = request->outcome;
    if (!request->protocol->tls)
        put_text(out, "- - ");
    else if (request->visit.identity % 8 == 0)
        put_text(out, "ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 ");
    else
        put_text(out, "TLS_AES_128_GCM_SHA256 TLSv1.3 ");
    put_text(out, outcome->has & HAS_GROUP ? line->site.groups[dice_below(dice, SITE_GROUPS)] : "-");
    put_text(out, dice_percent(dice, 3) ? " \"Self=1-" : " \"Root=1-");
    put_hex(out, (uint64_t)(request->visit.time_us / 1000000), 8);
    put_char(out, '-');
    put_hex(out, dice_next(dice), 16);
    put_hex(out, dice_next(dice), 8);
    if (!request->protocol->tls) {
        put_text(out, "\" \"-\" \"-\" ");
    } else {
        put_text(out, "\" \"");
        put_text(out, request->domain);
        put_text(out, "\" \"");
        put_text(out, dice_percent(dice, 60) ? "session-reused"
                                             : line->site.certificates[dice_below(dice, SITE_CERTIFICATES)]);
        put_text(out, "\" ");
    }
    if (outcome->has & HAS_REQUEST)
        put_number(out, dice_percent(dice, 50) ? 0 : dice_below(dice, 40));
    else
        put_char(out, '-');
}

/* Columns 22 to 34: creation time to the node's address. */
static void put_tail(struct generate_line *line, struct request *request, const char *target, struct put *out) {
    struct dice *dice = &line->dice;
    const struct outcome *outcome = request->outcome;
    int64_t spent_ms = 1 + request->request_ms + request->target_ms + request->response_ms;
    if (request->protocol->socket) spent_ms += dice_octaves(dice, 22);
    put_char(out, ' ');
    put_time_us(out, (request->visit.time_us / 1000 - spent_ms) * 1000);
    put_text(out, " \"");
    put_text(out, outcome->actions);
    put_text(out, "\" \"");
    if (outcome->has & HAS_REDIRECT) {
        put_text(out, "https://");
        put_text(out, request->domain);
        put_text(out, ":443");
        generate_words_put(out, request->path, dice, request->visit.identity);
    } else {
        put_char(out, '-');
    }
    put_text(out, "\" \"");
    put_text(out, outcome->error_reason);
    put_text(out, "\" \"");
    put_text(out, target);
    put_text(out, "\" \"");
    put_text(out, outcome->target_status);
    if (!(outcome->has & HAS_REQUEST))
        put_text(out, "\" \"Severe\" \"BadMethod\" TID_");
    else
        put_text(out,
                 dice_below(dice, 250) != 0 ? "\" \"-\" \"-\" TID_" : "\" \"Acceptable\" \"NonCompliantHeader\" TID_");
    put_hex(out, dice_next(dice), 16);
    put_hex(out, dice_next(dice), 16);
    put_text(out, dice_below(dice, 100) != 0 ? " \"-\" \"-\" \"-\" "
                                             : " \"origin.example.com\" \"/v2/catalogue\" \"TransformSuccess\" ");
    put_text(out, line->site.node_ip);
    put_char(out, '\n');
}

void generate_alb_put(struct generate_line *line, struct put *out) {
    struct request request = request_decide(line);
    char target[32];
    struct put target_put = {target, target + sizeof target - 1};
    if (request.outcome->has & HAS_TARGET)
        generate_line_put_target(line, &target_put);
    else
        put_char(&target_put, '-');
    *target_put.next = '\0';

    put_text(out, request.protocol->type);
    put_char(out, ' ');
    put_time_us(out, request.visit.time_us);
    put_char(out, ' ');
    put_text(out, line->site.elb);
    put_char(out, ' ');
    generate_line_put_client(line, &request.visit, out);
    put_char(out, ' ');
    put_text(out, target);
    put_char(out, ' ');
    put_times(&request, out);
    put_text(out, request.outcome->elb_status);
    put_char(out, ' ');
    put_text(out, request.outcome->target_status);
    put_char(out, ' ');
    put_number(out, request.outcome->has & HAS_REQUEST ? 180 + dice_octaves(&line->dice, 12) : 0);
    put_char(out, ' ');
    put_number(out, dice_octaves(&line->dice, 20));
    put_char(out, ' ');
    put_request(line, &request, out);
    put_route(line, &request, out);
    put_tail(line, &request, target, out);
}
