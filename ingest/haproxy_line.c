/* HAProxy's lines.
 *
 *   <134>Feb  6 12:14:14 host haproxy[1]: 10.0.0.1:33317 [date] in~ back/srv 10/0/30/69/109 200 2750 CC CS ---- 1/1/1/1/0 0/0 {a} {b} "request"
 *   `-------- syslog, or less ----------' `--------------- HAProxy's own, certain ---------------'      `---------------- block ---------------'
 *
 * From the block on a client has its say: cookies (CC, CS) are logged as they came, spaces and quotes included, and behind the
 * request of httpslog so is the SNI. Where no cookie was captured, CC and CS are dashes (a captured one begins with its configured
 * name); the block then follows at once and is certain. Otherwise the one block in the rest of the line counts, and two are an
 * ambiguous line. Inside a block nothing can be forged: requests have no quotes, captures no
 * braces either.
 *
 * Threads: pure functions. */
#include "ingest/haproxy_line.h"

#include "ingest/cursor.h"
#include "ingest/syslog_prefix.h"
#include "schemas/haproxy.h"

enum { CAPTURES_MAX = 2, COUNTERS = 7, TIMERS_HTTP = 5, TIMERS_TCP = 3, TLS_NUMBERS = 5, DATE_BYTES_MAX = 40 };

struct line {
    struct record *record;
    struct spare *spare;
    struct cursor cursor;
};

/* From the termination state to the request. */
struct block {
    struct slice state, counters[COUNTERS], captures[CAPTURES_MAX], request;
    int captures_count;
    bool redispatched, has_request, cut; /* cut: the line ends inside of it */
    const char *end;
};

static void set(struct line *line, enum haproxy_column column, struct slice text) {
    line->record->fields[column] = cursor_span(line->record, text);
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_letter(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static void set_true(struct line *line, enum haproxy_column column) {
    static const char text[] = "true";
    char *out = spare_room(line->spare, sizeof text - 1);
    if (out == NULL) return;
    memcpy(out, text, sizeof text - 1);
    line->record->fields[column] = spare_take(line->spare, out + sizeof text - 1);
}

/* --- what syslog puts in front ------------------------------------------------------------------- */

static void set_if_there(struct line *line, enum haproxy_column column, struct slice text) {
    if (text.len > 0) set(line, column, text);
}

static bool take_prefix(struct line *line) {
    struct syslog_prefix prefix;
    if (!syslog_prefix_parse(cursor_left(&line->cursor), &prefix)) return false;
    set_if_there(line, HAPROXY_SYSLOG_PRIORITY, prefix.priority);
    set_if_there(line, HAPROXY_SYSLOG_TIME, prefix.time);
    set_if_there(line, HAPROXY_SYSLOG_HOST, prefix.host);
    set_if_there(line, HAPROXY_PROCESS_NAME, prefix.process);
    set_if_there(line, HAPROXY_PID, prefix.pid);
    line->cursor.at += prefix.bytes;
    return true;
}

/* --- HAProxy's own ------------------------------------------------------------------------------- */

/* `10.0.0.1:33317 [06/Feb/2009:12:14:14.655] ` */
static bool take_client(struct line *line) {
    struct cursor cursor = line->cursor;
    struct slice word, date;
    if (!cursor_word(&cursor, &word) || !cursor_skip(&cursor, '[')) return false;
    date = cursor_until(&cursor, ']');
    if (date.len > DATE_BYTES_MAX || !cursor_has_shape(date, "00/aaa/0000:00:00:00") || !cursor_skip(&cursor, ']') ||
        !cursor_skip(&cursor, ' '))
        return false;
    size_t colon = word.len - 1;
    while (colon > 0 && word.ptr[colon] != ':') colon--;
    bool brackets = colon > 1 && word.ptr[0] == '[' && word.ptr[colon - 1] == ']';
    struct slice ip = {word.ptr + brackets, colon - 2 * brackets}, port = {word.ptr + colon + 1, word.len - colon - 1};
    struct cursor digits = {port.ptr, port.ptr + port.len};
    bool socket = slice_equal(ip, SLICE("unix")), none = slice_equal(word, SLICE("-:-"));
    if (colon == 0 || (!none && (port.len == 0 || cursor_digits(&digits).len != port.len))) return false;
    if (socket) {
        (void)cursor_add_extra(line->record, line->spare, "client", word);
    } else if (!none) {
        set(line, HAPROXY_CLIENT_IP, ip);
        set(line, HAPROXY_CLIENT_PORT, port);
    }
    set(line, HAPROXY_REQUEST_DATE, date);
    line->cursor = cursor;
    return true;
}

/* `a/b/c`, each a number with a sign or none, up to `count_max`; what follows is left. Returns how many. */
static int take_numbers(struct cursor *cursor, struct slice *numbers, int count_max) {
    for (int count = 0; count < count_max; count++) {
        const char *start = cursor->at;
        if (!cursor_skip(cursor, '-')) (void)cursor_skip(cursor, '+');
        if (cursor_digits(cursor).len == 0) return -1;
        numbers[count] = (struct slice){start, (size_t)(cursor->at - start)};
        if (!cursor_skip(cursor, '/')) return count + 1;
    }
    return -1;
}

/* `frontend/listener: message`: a proxy's name has no slash. */
static bool take_error(struct line *line) {
    struct cursor cursor = line->cursor;
    struct slice name = cursor_until(&cursor, '/'), bind;
    if (name.len == 0 || memchr(name.ptr, ' ', name.len) != NULL || !cursor_skip(&cursor, '/') ||
        !cursor_word(&cursor, &bind) || bind.len < 2 || bind.ptr[bind.len - 1] != ':' || cursor.at == cursor.end)
        return false;
    bind.len--;
    set(line, HAPROXY_FRONTEND_NAME, name);
    set(line, HAPROXY_BIND_NAME, bind);
    set(line, HAPROXY_ERROR_MESSAGE, cursor_left(&cursor));
    line->cursor.at = cursor.end;
    return true;
}

/* `frontend~ backend/server timers `. Returns how many timers there are, 0 when it is something else. */
static int take_names(struct line *line) {
    struct slice frontend, names, server, timers[TIMERS_HTTP];
    if (!cursor_word(&line->cursor, &frontend) || !cursor_word(&line->cursor, &names)) return 0;
    struct cursor inside = {names.ptr, names.ptr + names.len};
    struct slice backend = cursor_until(&inside, '/');
    if (!cursor_skip(&inside, '/')) return 0;
    server = cursor_left(&inside);
    int count = take_numbers(&line->cursor, timers, TIMERS_HTTP);
    if ((count != TIMERS_HTTP && count != TIMERS_TCP) || !cursor_skip(&line->cursor, ' ')) return 0;
    if (frontend.ptr[frontend.len - 1] == '~') {
        frontend.len--;
        set_true(line, HAPROXY_FRONTEND_TLS);
    }
    set(line, HAPROXY_FRONTEND_NAME, frontend);
    set(line, HAPROXY_BACKEND_NAME, backend);
    set(line, HAPROXY_SERVER_NAME, server);
    if (count == TIMERS_HTTP)
        for (int i = 0; i < count; i++) set(line, (enum haproxy_column)(HAPROXY_TIME_TR + i), timers[i]);
    else
        for (int i = 0; i < count; i++)
            set(line, i == 2 ? HAPROXY_TIME_TT : (enum haproxy_column)(HAPROXY_TIME_TW + i), timers[i]);
    return count;
}

/* The number of bytes, whose plus says that more were still to come. */
static bool take_bytes(struct line *line) {
    (void)cursor_skip(&line->cursor, '+');
    struct slice bytes = cursor_digits(&line->cursor);
    set(line, HAPROXY_BYTES_READ, bytes);
    return bytes.len > 0 && cursor_skip(&line->cursor, ' ');
}

static bool take_status(struct line *line) {
    struct slice status;
    if (take_numbers(&line->cursor, &status, 1) != 1 || !cursor_skip(&line->cursor, ' ')) return false;
    set(line, HAPROXY_STATUS_CODE, status);
    return is_digit(status.ptr[0]) || slice_equal(status, SLICE("-1"));
}

/* --- the block ----------------------------------------------------------------------------------- */

/* `---- 1/1/1/1/0 0/0` */
static bool match_counters(struct cursor *cursor, struct block *block) {
    *block = (struct block){.captures_count = 0};
    block->state.ptr = cursor->at;
    while (cursor->at < cursor->end && (is_letter(*cursor->at) || *cursor->at == '-')) cursor->at++;
    block->state.len = (size_t)(cursor->at - block->state.ptr);
    if (block->state.len < 2 || block->state.len > 4 || !cursor_skip(cursor, ' ') ||
        take_numbers(cursor, block->counters, COUNTERS - 2) != COUNTERS - 2 || !cursor_skip(cursor, ' ') ||
        take_numbers(cursor, block->counters + COUNTERS - 2, 2) != 2)
        return false;
    struct slice *retries = &block->counters[COUNTERS - 3];
    block->redispatched = retries->ptr[0] == '+';
    retries->ptr += block->redispatched, retries->len -= block->redispatched;
    return true;
}

/* ` {a|b}`. False: the line cannot go on so. */
static bool match_capture(struct cursor *cursor, struct block *block) {
    struct slice *capture = &block->captures[block->captures_count++];
    cursor->at += 2;
    capture->ptr = cursor->at;
    cursor->at = cursor_find(cursor->at, cursor->end, '{', '}', '"');
    capture->len = (size_t)(cursor->at - capture->ptr);
    block->cut = cursor->at == cursor->end;
    return block->cut || cursor_skip(cursor, '}');
}

/* A block at `cursor`, whole or up to where the line was cut. */
static bool match_block(struct cursor cursor, struct block *block) {
    if (!match_counters(&cursor, block)) return false;
    while (block->captures_count < CAPTURES_MAX && slice_starts_with(cursor_left(&cursor), SLICE(" {")))
        if (!match_capture(&cursor, block)) return false;
    if (cursor.at == cursor.end || (cursor.end - cursor.at == 1 && *cursor.at == ' ')) {
        block->cut = true;
        cursor.at = cursor.end;
    } else if (cursor_skip(&cursor, ' ') && cursor_skip(&cursor, '"')) {
        block->has_request = true;
        block->request = cursor_until(&cursor, '"');
        block->cut = !cursor_skip(&cursor, '"');
    } else {
        return false;
    }
    block->end = cursor.at;
    return true;
}

/* The only block behind a space in what is left; false when there is none or more than one. `found` says how many, up to 2. */
static bool find_block(struct cursor cursor, struct block *only, int *found) {
    *found = 0;
    while (*found < 2) {
        struct block block;
        (void)cursor_until(&cursor, ' ');
        if (!cursor_skip(&cursor, ' ')) break;
        if (!match_block(cursor, &block)) continue;
        if (++*found == 1) *only = block;
    }
    return *found == 1;
}

/* --- what was escaped ---------------------------------------------------------------------------- */

static int hex_value(char c) {
    return is_digit(c) ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte of a #HH at `text`, -1 when there is none. */
static int escaped_byte(struct slice text) {
    if (text.len < 3 || text.ptr[0] != '#' || hex_value(text.ptr[1]) < 0 || hex_value(text.ptr[2]) < 0) return -1;
    return hex_value(text.ptr[1]) * 16 + hex_value(text.ptr[2]);
}

/* A column with its #HH decoded; as it stands when it has none, or when there is no room. */
static void set_decoded(struct line *line, enum haproxy_column column, struct slice text, bool separated) {
    set(line, column, text);
    char *start = text.len > 0 && memchr(text.ptr, '#', text.len) != NULL ? spare_room(line->spare, text.len) : NULL;
    if (start == NULL) return;
    char *out = start;
    for (size_t i = 0; i < text.len; i++) {
        int byte = escaped_byte((struct slice){text.ptr + i, text.len - i});
        if (separated && (byte == '|' || byte == '#')) byte = -1;
        *out++ = byte >= 0 ? (char)byte : text.ptr[i];
        i += byte >= 0 ? 2 : 0;
    }
    if ((size_t)(out - start) == text.len) return;
    line->record->fields[column] = spare_take(line->spare, out);
    line->record->plain = false;
}

/* --- the rest of a line --------------------------------------------------------------------------- */

static void flag(struct line *line, enum record_flag flag) {
    line->record->flags |= (uint8_t)(1u << flag);
}

static void keep_rest(struct line *line, struct slice rest) {
    if (rest.len > 0 && rest.ptr[0] == ' ') rest.ptr++, rest.len--;
    if (rest.len > 0) (void)cursor_add_extra(line->record, line->spare, "rest", rest);
}

/* The last two slashes in `text`, behind which stand no spaces and no quotes. */
static bool find_slashes(struct slice text, const char *slashes[2]) {
    int found = 2;
    for (const char *at = text.ptr + text.len; found > 0 && at > text.ptr;) {
        if (*--at == ' ' || *at == '"') return false;
        if (*at == '/') slashes[--found] = at;
    }
    return found == 0;
}

/* ` 0/0/0/0/0 sni/version/cipher` behind the request. An SNI may hold anything, so the others are taken from both ends. */
static bool take_tls(struct line *line, struct slice tail) {
    struct cursor cursor = {tail.ptr, tail.ptr + tail.len};
    struct slice numbers[TLS_NUMBERS];
    const char *slashes[2];
    if (!cursor_skip(&cursor, ' ')) return false;
    for (int i = 0; i < TLS_NUMBERS; i++) {
        const char *start = cursor.at;
        while (cursor.at < cursor.end && (is_digit(*cursor.at) || is_letter(*cursor.at) || *cursor.at == '-'))
            cursor.at++;
        numbers[i] = (struct slice){start, (size_t)(cursor.at - start)};
        if (numbers[i].len == 0 || !cursor_skip(&cursor, i + 1 < TLS_NUMBERS ? '/' : ' ')) return false;
    }
    if (!find_slashes(cursor_left(&cursor), slashes)) {
        flag(line, RECORD_TRUNCATED);
        return false;
    }
    for (int i = 0; i < TLS_NUMBERS; i++) set(line, (enum haproxy_column)(HAPROXY_FC_ERR + i), numbers[i]);
    set(line, HAPROXY_SSL_FC_SNI, (struct slice){cursor.at, (size_t)(slashes[0] - cursor.at)});
    set(line, HAPROXY_SSL_VERSION, (struct slice){slashes[0] + 1, (size_t)(slashes[1] - slashes[0] - 1)});
    set(line, HAPROXY_SSL_CIPHERS, (struct slice){slashes[1] + 1, (size_t)(cursor.end - slashes[1] - 1)});
    return true;
}

static void set_block(struct line *line, const struct block *block) {
    set(line, HAPROXY_TERMINATION_STATE, block->state);
    for (int i = 0; i < COUNTERS; i++) { /* between retries and the queues stands a column of our own */
        int column = HAPROXY_ACTCONN + i + (i >= COUNTERS - 2);
        set(line, (enum haproxy_column)column, block->counters[i]);
    }
    if (block->redispatched) set_true(line, HAPROXY_REDISPATCHED);
    if (block->captures_count == 1) set_decoded(line, HAPROXY_HEADERS, block->captures[0], true);
    if (block->captures_count == CAPTURES_MAX) {
        set_decoded(line, HAPROXY_REQUEST_HEADERS, block->captures[0], true);
        set_decoded(line, HAPROXY_RESPONSE_HEADERS, block->captures[1], true);
    }
    if (slice_equal(block->request, SLICE("<BADREQ>")))
        set_true(line, HAPROXY_BAD_REQUEST);
    else if (block->has_request)
        set_decoded(line, HAPROXY_HTTP_REQUEST, block->request, false);
    if (block->cut) flag(line, RECORD_TRUNCATED);
}

/* `request-cookie response-cookie`, before the block; more than one space between them does not say which is whose. */
static void set_cookies(struct line *line, struct slice cookies) {
    struct cursor cursor = {cookies.ptr, cookies.ptr + cookies.len};
    struct slice first = cursor_until(&cursor, ' ');
    bool good = cursor_skip(&cursor, ' ');
    struct slice second = cursor_until(&cursor, ' ');
    if (good && cursor.at == cursor.end) {
        set(line, HAPROXY_REQUEST_COOKIE, first);
        set(line, HAPROXY_RESPONSE_COOKIE, second);
        return;
    }
    flag(line, RECORD_AMBIGUOUS);
    (void)cursor_add_extra(line->record, line->spare, "ambiguous", cookies);
}

/* Behind the bytes of httplog and httpslog. */
static bool take_http(struct line *line, struct line_cut *cut) {
    struct slice rest = cursor_left(&line->cursor);
    struct block block;
    struct cursor after_cookies = line->cursor;
    struct slice request_cookie, response_cookie;
    int found = 1;
    bool at_once = cursor_word(&after_cookies, &request_cookie) && slice_equal(request_cookie, SLICE("-")) &&
                   cursor_word(&after_cookies, &response_cookie) && slice_equal(response_cookie, SLICE("-")) &&
                   match_block(after_cookies, &block);
    if (!at_once && !find_block(line->cursor, &block, &found) && found == 0) return false;
    struct slice tail = {block.end, (size_t)(line->cursor.end - block.end)};
    if (!at_once && (found > 1 || (block.cut && !block.has_request) ||
                     (tail.len > 0 && (memchr(tail.ptr, '"', tail.len) != NULL || !take_tls(line, tail))))) {
        flag(line, RECORD_AMBIGUOUS);
        (void)cursor_add_extra(line->record, line->spare, "ambiguous", rest);
        return true;
    }
    set_cookies(line, (struct slice){rest.ptr, (size_t)(block.state.ptr - 1 - rest.ptr)});
    set_block(line, &block);
    if (at_once && tail.len > 0 && !take_tls(line, tail)) keep_rest(line, tail);
    cut->quotes = block.has_request ? 2 - block.cut : 0;
    return true;
}

/* Behind the bytes of tcplog. */
static bool take_tcp(struct line *line) {
    struct block block;
    if (!match_counters(&line->cursor, &block)) return false;
    struct slice rest = cursor_left(&line->cursor);
    if (rest.len > 0 && rest.ptr[0] != ' ') return false;
    set_block(line, &block);
    keep_rest(line, rest);
    return true;
}

bool haproxy_line_cut(struct record *record, struct spare *spare, struct line_cut *cut) {
    struct slice text = record_text(record, record->line);
    struct line line = {record, spare, {text.ptr, text.ptr + text.len}};
    *cut = (struct line_cut){.expected = "client:port [06/Feb/2009:12:14:14.655], behind a syslog prefix or none"};
    if (!take_prefix(&line)) return false;
    if (!take_client(&line)) {
        if (slice_starts_with(cursor_left(&line.cursor), SLICE("Connect from ")))
            cut->expected = "a line of option httplog or tcplog: without them there is no date with a year";
        return false;
    }
    if (take_error(&line)) return true;
    cut->expected = "frontend backend/server and the timers of httplog or tcplog";
    int timers = take_names(&line);
    if (timers == 0) return false;
    cut->expected = "a status, bytes, and connections such as ---- 1/1/1/1/0 0/0";
    if (timers == TIMERS_TCP) return take_bytes(&line) && take_tcp(&line);
    return take_status(&line) && take_bytes(&line) && take_http(&line, cut);
}
