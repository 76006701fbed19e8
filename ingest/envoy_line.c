/* Envoy's texts, cut from both ends.
 *
 *   [time] "METHOD path PROTOCOL" 200 - 0 92 6 - "xff" "agent" "id" "authority" "upstream" cluster local local remote sni route
 *                      `-------- N -------------'   `Q'     `Q'  `Q'         `---- E ---'
 *
 * Between the separators N, Q, Q, Q and E stands what clients wrote, quotes and all; in Istio's text a client's name of the server
 * (SNI) stands behind them as well, in old versions unchecked (CVE-2024-45808). Where a separator could stand lies between where it
 * is found first from the left and first from the right; where both are the same there is no other cut. Looking from one end only
 * would let a client choose its address. What is Envoy's own inside a separator is taken as loosely as it can be: a pattern that
 * misses the true one would make a forged one the only one.
 *
 * Threads: pure functions. */
#include "ingest/envoy_line.h"

#include "base/check.h"
#include "ingest/cursor.h"
#include "schemas/envoy.h"

enum separator_name { NUMBERS, AFTER_FORWARDED, AFTER_AGENT, AFTER_ID, UPSTREAM, SEPARATORS };
enum { QUOTES = 12, QUOTES_ISTIO = 14, TAIL_COLUMNS = 6 };

/* One place where a separator fits: from its first byte to behind its last one. */
struct separator {
    const char *start, *end;
};

struct line {
    struct record *record;
    struct spare *spare;
    const char *start, *end; /* behind the method, and of the line */
    bool istio;
    struct separator left[SEPARATORS], right[SEPARATORS];
};

static void set(struct line *line, enum envoy_column column, const char *from, const char *end) {
    line->record->fields[column] = cursor_span(line->record, (struct slice){from, (size_t)(end - from)});
}

static void set_slice(struct line *line, enum envoy_column column, struct slice text) {
    line->record->fields[column] = cursor_span(line->record, text);
}

static const char *next_quote(const char *from, const char *end) {
    from = cursor_find(from, end, '"', '"', '"');
    return from < end ? from : NULL;
}

static const char *previous_quote(const char *start, const char *end) {
    for (; end - start >= 16; end -= 16) {
        uint32_t found = lanes_bits((bytes16)(lanes_load(end - 16) == '"'));
        if (found != 0) return end - 1 - (__builtin_clz(found) - 16);
    }
    while (end > start)
        if (*--end == '"') return end;
    return NULL;
}

/* --- N: ` PROTOCOL" code flags received sent duration service-time "` --------------------------- */

struct numbers {
    struct separator separator;
    struct slice protocol, code, flags, details, termination, failure, received, sent, duration, service_time;
};

/* A word without quotes, and the space behind it. */
static bool take_word(struct cursor *cursor, struct slice *word) {
    word->ptr = cursor->at;
    while (cursor->at < cursor->end && *cursor->at != ' ' && *cursor->at != '"') cursor->at++;
    word->len = (size_t)(cursor->at - word->ptr);
    return word->len > 0 && cursor_skip(cursor, ' ');
}

static bool take_number(struct cursor *cursor, struct slice *number) {
    *number = cursor_digits(cursor);
    if (number->len == 0 && cursor_skip(cursor, '-')) number->len = 1;
    return number->len > 0 && cursor_skip(cursor, ' ');
}

/* Any text up to ` "`, without quotes. */
static bool take_rest(struct cursor *cursor, struct slice *text) {
    *text = cursor_until(cursor, '"');
    if (text->len < 2 || text->ptr[text->len - 1] != ' ' || !cursor_skip(cursor, '"')) return false;
    text->len--;
    return true;
}

/* Whether the request line ends at `quote` and the numbers follow. */
static bool match_numbers(const struct line *line, const char *quote, struct numbers *numbers) {
    struct cursor cursor = {quote + 1, line->end};
    const char *protocol = quote;
    while (protocol > line->start && protocol[-1] != ' ' && protocol[-1] != '"') protocol--;
    if (protocol == quote || protocol == line->start || protocol[-1] != ' ') return false;
    numbers->protocol = (struct slice){protocol, (size_t)(quote - protocol)};
    if (!cursor_skip(&cursor, ' ') || !take_number(&cursor, &numbers->code) || !take_word(&cursor, &numbers->flags))
        return false;
    numbers->details = numbers->termination = numbers->failure = (struct slice){quote, 0};
    if (line->istio) {
        if (!take_word(&cursor, &numbers->details) || !take_rest(&cursor, &numbers->termination)) return false;
        numbers->failure = cursor_until(&cursor, '"');
        if (!cursor_skip(&cursor, '"') || !cursor_skip(&cursor, ' ')) return false;
    }
    if (!take_number(&cursor, &numbers->received) || !take_number(&cursor, &numbers->sent) ||
        !take_number(&cursor, &numbers->duration) || !take_rest(&cursor, &numbers->service_time))
        return false;
    numbers->separator = (struct separator){protocol - 1, cursor.at};
    return true;
}

static bool first_numbers(const struct line *line, struct numbers *numbers) {
    for (const char *at = line->start; (at = next_quote(at, line->end)) != NULL; at++)
        if (match_numbers(line, at, numbers)) return true;
    return false;
}

/* The last one that ends before `end`. */
static bool last_numbers(const struct line *line, const char *end, struct numbers *numbers) {
    for (const char *at = end; (at = previous_quote(line->start, at)) != NULL;)
        if (match_numbers(line, at, numbers) && numbers->separator.end <= end) return true;
    return false;
}

/* --- Q: `" "` ----------------------------------------------------------------------------------- */

static bool is_gap(const char *quote, const char *end) {
    return end - quote >= 3 && quote[1] == ' ' && quote[2] == '"';
}

static bool first_gap(const char *from, const char *end, struct separator *gap) {
    for (const char *at = from; (at = next_quote(at, end)) != NULL; at++)
        if (is_gap(at, end)) {
            *gap = (struct separator){at, at + 3};
            return true;
        }
    return false;
}

static bool last_gap(const char *from, const char *end, struct separator *gap) {
    for (const char *at = end; (at = previous_quote(from, at)) != NULL;)
        if (is_gap(at, end)) {
            *gap = (struct separator){at, at + 3};
            return true;
        }
    return false;
}

/* --- E: `" "UPSTREAM"` at the end of the line, or `" "UPSTREAM" ` before Istio's tail ------------- */

static bool match_upstream(const struct line *line, const char *quote, struct separator *upstream) {
    if (!is_gap(quote, line->end)) return false;
    const char *close = next_quote(quote + 3, line->end);
    if (close == NULL || close == quote + 3) return false;
    *upstream = (struct separator){quote, close + 1};
    if (!line->istio) return upstream->end == line->end;
    if (upstream->end == line->end || *upstream->end != ' ') return false;
    upstream->end++;
    return upstream->end < line->end;
}

static bool first_upstream(const struct line *line, const char *from, struct separator *upstream) {
    for (const char *at = from; (at = next_quote(at, line->end)) != NULL; at++)
        if (match_upstream(line, at, upstream)) return true;
    return false;
}

static bool last_upstream(const struct line *line, struct separator *upstream) {
    for (const char *at = line->end; (at = previous_quote(line->start, at)) != NULL;)
        if (match_upstream(line, at, upstream)) return true;
    return false;
}

/* Where the separators stand at the earliest and at the latest. False when they do not fit at all. */
static bool find_separators(struct line *line, struct numbers *numbers) {
    struct separator *left = line->left, *right = line->right;
    struct numbers last;
    if (!first_numbers(line, numbers)) return false;
    left[NUMBERS] = numbers->separator;
    for (int i = AFTER_FORWARDED; i <= AFTER_ID; i++)
        if (!first_gap(left[i - 1].end, line->end, &left[i])) return false;
    if (!first_upstream(line, left[AFTER_ID].end, &left[UPSTREAM])) return false;
    /* what fits from one end fits from the other */
    bool fits = last_upstream(line, &right[UPSTREAM]);
    for (int i = AFTER_ID; fits && i >= AFTER_FORWARDED; i--)
        fits = last_gap(line->start, right[i + 1].start, &right[i]);
    if (NEVER(!fits || !last_numbers(line, right[AFTER_FORWARDED].start, &last))) return false;
    right[NUMBERS] = last.separator;
    return true;
}

/* --- columns ------------------------------------------------------------------------------------- */

static bool is_certain(const struct line *line, enum separator_name name) {
    return line->left[name].start == line->right[name].start;
}

static void set_numbers(struct line *line, const struct numbers *numbers) {
    set(line, ENVOY_PATH, line->start, numbers->separator.start);
    set_slice(line, ENVOY_PROTOCOL, numbers->protocol);
    set_slice(line, ENVOY_RESPONSE_CODE, numbers->code);
    set_slice(line, ENVOY_RESPONSE_FLAGS, numbers->flags);
    if (line->istio) {
        set_slice(line, ENVOY_RESPONSE_CODE_DETAILS, numbers->details);
        set_slice(line, ENVOY_CONNECTION_TERMINATION_DETAILS, numbers->termination);
        set_slice(line, ENVOY_UPSTREAM_TRANSPORT_FAILURE_REASON, numbers->failure);
    }
    set_slice(line, ENVOY_BYTES_RECEIVED, numbers->received);
    set_slice(line, ENVOY_BYTES_SENT, numbers->sent);
    set_slice(line, ENVOY_DURATION, numbers->duration);
    set_slice(line, ENVOY_UPSTREAM_SERVICE_TIME, numbers->service_time);
}

static void set_upstream(struct line *line) {
    struct slice host = {line->left[UPSTREAM].start + 3, 0};
    host.len = (size_t)(line->left[UPSTREAM].end - (line->istio ? 2 : 1) - host.ptr);
    if (slice_starts_with(host, SLICE("tcp://"))) host.ptr += 6, host.len -= 6;
    set_slice(line, ENVOY_UPSTREAM_HOST, host);
}

/* Six words, or it is not certain which of them are whose: a server name may hold spaces, and look like addresses. */
static bool set_tail(struct line *line) {
    struct slice words[TAIL_COLUMNS];
    struct cursor cursor = {line->left[UPSTREAM].end, line->end};
    for (int i = 0; i < TAIL_COLUMNS; i++) {
        bool good = take_word(&cursor, &words[i]);
        if (words[i].len == 0 || good != (i + 1 < TAIL_COLUMNS)) return false;
    }
    if (cursor.at != cursor.end) return false;
    for (int i = 0; i < TAIL_COLUMNS; i++) set_slice(line, (enum envoy_column)(ENVOY_UPSTREAM_CLUSTER + i), words[i]);
    return true;
}

/* A client that has no address: a UNIX socket, or a listener inside Envoy. */
static void move_socket(struct line *line) {
    struct span *span = &line->record->fields[ENVOY_DOWNSTREAM_REMOTE_ADDRESS];
    struct slice text = record_text(line->record, *span);
    if (text.len == 0 || (text.ptr[0] != '/' && text.ptr[0] != '@' && !slice_starts_with(text, SLICE("unix:")) &&
                          !slice_starts_with(text, SLICE("envoy:"))))
        return;
    *span = (struct span){0, 0};
    (void)cursor_add_extra(line->record, line->spare, "downstream_remote_address", text);
}

/* All from the first place in doubt to the last one, in one piece. */
static void keep_ambiguous(struct line *line, bool tail_certain) {
    const char *from = NULL, *to = NULL, *before = line->start;
    for (int i = 0; i < SEPARATORS; i++) {
        if (!is_certain(line, (enum separator_name)i)) {
            if (from == NULL) from = before;
            to = i + 1 < SEPARATORS ? line->left[i + 1].start : line->end;
        }
        before = line->left[i].end;
    }
    if (!tail_certain) {
        if (from == NULL) from = before;
        to = line->end;
    }
    line->record->flags |= 1u << RECORD_AMBIGUOUS;
    (void)cursor_add_extra(line->record, line->spare, "ambiguous", (struct slice){from, (size_t)(to - from)});
}

/* Returns whether all of them are certain. */
static bool set_columns(struct line *line, const struct numbers *numbers) {
    bool certain[SEPARATORS], all = true, tail_certain = true;
    for (int i = 0; i < SEPARATORS; i++) all = (certain[i] = is_certain(line, (enum separator_name)i)) && all;
    if (certain[NUMBERS]) set_numbers(line, numbers);
    for (int i = NUMBERS; i < UPSTREAM; i++)
        if (certain[i] && certain[i + 1])
            set(line, (enum envoy_column)(ENVOY_X_FORWARDED_FOR + i), line->left[i].end, line->left[i + 1].start);
    if (certain[UPSTREAM]) {
        set_upstream(line);
        tail_certain = !line->istio || set_tail(line);
    }
    if (!all || !tail_certain) keep_ambiguous(line, tail_certain);
    if (line->istio) move_socket(line);
    return all && tail_certain;
}

/* `[time] "METHOD `: Envoy's own, and a token without spaces or quotes by RFC 9110 section 9.1. */
static bool take_start(struct line *line, struct cursor *cursor) {
    if (!cursor_skip(cursor, '[')) return false;
    struct slice time = cursor_until(cursor, ']'), method;
    if (time.len == 0 || !cursor_skip(cursor, ']') || !cursor_skip(cursor, ' ') || !cursor_skip(cursor, '"') ||
        !take_word(cursor, &method))
        return false;
    set_slice(line, ENVOY_START_TIME, time);
    set_slice(line, ENVOY_METHOD, method);
    line->start = cursor->at;
    return true;
}

bool envoy_line_cut(struct record *record, struct spare *spare, struct line_cut *cut) {
    struct slice text = record_text(record, record->line);
    struct line line = {.record = record, .spare = spare, .end = text.ptr + text.len};
    struct cursor cursor = {text.ptr, line.end};
    struct numbers numbers;
    *cut = (struct line_cut){
        .expected = "[time] \"METHOD PATH PROTOCOL\" and what follows in Envoy's default text or Istio's"};
    if (text.len == 0) return false;
    line.istio = line.end[-1] != '"';
    if (!take_start(&line, &cursor)) return false;
    if (!find_separators(&line, &numbers)) {
        cut->expected =
            "status, flags, sizes and times, and five more texts in quotes, as in Envoy's default text or Istio's";
        return false;
    }
    if (set_columns(&line, &numbers)) cut->quotes = line.istio ? QUOTES_ISTIO : QUOTES;
    return true;
}
