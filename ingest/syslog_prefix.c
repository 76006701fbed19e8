/* Syslog's prefixes, as they are sent rather than as RFC 3164 has them.
 *
 * Threads: pure functions. */
#include "ingest/syslog_prefix.h"

#include "ingest/cursor.h"

/* `<134>` */
static void take_priority(struct cursor *at, struct syslog_prefix *prefix) {
    struct cursor cursor = *at;
    if (!cursor_skip(&cursor, '<')) return;
    struct slice digits = cursor_digits(&cursor);
    if (digits.len == 0 || digits.len > 3 || !cursor_skip(&cursor, '>')) return;
    prefix->priority = digits;
    *at = cursor;
}

/* `Feb  6 12:14:14 ` or `2015-08-26T02:09:48+02:00 `, a fraction in either */
static bool take_time(struct cursor *at, struct syslog_prefix *prefix) {
    struct cursor cursor = *at;
    struct slice text = cursor_left(&cursor), rest;
    size_t bytes = cursor_has_shape(text, "0000-00-00T00:00:00") ? 19
                   : cursor_has_shape(text, "aaa _0 00:00:00?")  ? 15
                                                                 : 0;
    if (bytes == 0 || (bytes == 15 && text.ptr[15] != ' ' && text.ptr[15] != '.')) return false;
    cursor.at += bytes;
    rest = cursor_until(&cursor, ' ');
    for (size_t i = 0; i < rest.len; i++)
        if ((rest.ptr[i] < '0' || rest.ptr[i] > '9') && memchr(".:+-Z", rest.ptr[i], 5) == NULL) return false;
    if (!cursor_skip(&cursor, ' ')) return false;
    prefix->time = (struct slice){text.ptr, bytes + rest.len};
    *at = cursor;
    return true;
}

/* `haproxy[14389]: ` or `haproxy: ` */
static bool take_tag(struct cursor *at, struct syslog_prefix *prefix) {
    struct cursor cursor = *at, inside;
    struct slice word, name, pid = {0};
    if (!cursor_word(&cursor, &word) || word.len < 2 || word.ptr[word.len - 1] != ':') return false;
    inside = (struct cursor){word.ptr, word.ptr + word.len - 1};
    name = cursor_until(&inside, '[');
    if (name.len == 0) return false;
    if (inside.at < inside.end) {
        inside.at++;
        pid = cursor_digits(&inside);
        if (!cursor_skip(&inside, ']') || inside.at != inside.end) return false;
    }
    prefix->pid = pid;
    prefix->process = name;
    *at = cursor;
    return true;
}

/* RFC 5424 structured data: `-`, or elements in brackets with values in quotes, where a backslash hides what follows. */
static bool skip_structured_data(struct cursor *cursor) {
    if (cursor_skip(cursor, '-')) return cursor_skip(cursor, ' ');
    bool quoted = false, inside = false;
    for (; cursor->at < cursor->end; cursor->at++) {
        char c = *cursor->at;
        if (!inside && c != '[') break;
        inside = true;
        if (c == '\\' && quoted && cursor->at + 1 < cursor->end) cursor->at++;
        if (c == '"') quoted = !quoted;
        if (c == ']' && !quoted) inside = false;
    }
    return !inside && cursor->at[-1] == ']' && cursor_skip(cursor, ' ');
}

/* `1 TIME HOST PROCESS PID MESSAGE-ID DATA `, behind the priority */
static bool take_header_5424(struct cursor *cursor, struct syslog_prefix *prefix) {
    struct slice message;
    cursor->at += 2;
    bool timed = take_time(cursor, prefix);
    if ((!timed && !(cursor_skip(cursor, '-') && cursor_skip(cursor, ' '))) || !cursor_word(cursor, &prefix->host) ||
        !cursor_word(cursor, &prefix->process) || !cursor_word(cursor, &prefix->pid) ||
        !cursor_word(cursor, &message) || !skip_structured_data(cursor))
        return false;
    if (slice_starts_with(cursor_left(cursor), SLICE("\xef\xbb\xbf"))) cursor->at += 3;
    return true;
}

static void take_header_3164(struct cursor *cursor, struct syslog_prefix *prefix) {
    bool timed = take_time(cursor, prefix);
    if (take_tag(cursor, prefix) || !timed) return;
    struct cursor behind_host = *cursor;
    struct slice host;
    if (!cursor_word(&behind_host, &host) || !take_tag(&behind_host, prefix)) return;
    prefix->host = host;
    *cursor = behind_host;
}

bool syslog_prefix_parse(struct slice line, struct syslog_prefix *prefix) {
    struct cursor cursor = {line.ptr, line.ptr + line.len};
    *prefix = (struct syslog_prefix){.bytes = 0};
    take_priority(&cursor, prefix);
    if (prefix->priority.len > 0 && slice_starts_with(cursor_left(&cursor), SLICE("1 "))) {
        if (!take_header_5424(&cursor, prefix)) return false;
    } else {
        take_header_3164(&cursor, prefix);
    }
    prefix->bytes = (size_t)(cursor.at - line.ptr);
    return true;
}
