/* Odd lines of the world, one test each: splitter, client and encoder in a row, with every kernel, with every ending of a line, and
 * with the format unknown, known by the object's name, or fixed. However it is read, the record has to be the same to the byte, and a
 * line that was cut anywhere must not name another client.
 *
 * The lines are made up in the shape of those that broke other parsers; pieces of them, for tests to put together, come first.
 *
 * Threads: one. */
#ifndef WHEREFROM_ODDITY_H
#define WHEREFROM_ODDITY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/format_choice.h"
#include "tests/unit/encode_line.h"
#include "tests/unit/json_text.h"

/* --- pieces of lines ---------------------------------------------------------------------------- */

#define ALB_START "https 2025-12-01T00:00:01.500000Z app/web/50dc6c495c0c9188 "
#define ALB_PEERS "81.2.69.142:42173 10.0.0.80:8080 "
#define ALB_COUNTS "0.001 0.048 0.000 200 200 814 57 "
#define ALB_ASKED "\"GET https://www.example.com:443/a/b?x=1 HTTP/1.1\" "
#define ALB_AGENT "\"curl/7.78.0\" "
#define ALB_TLS "ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 "
#define ALB_GROUP "arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/t/73e2d6bc24d8a067 "
#define ALB_TRACE "\"Root=1-5-6\" "
#define ALB_NAME "\"www.example.com\" "
#define ALB_RULE "\"-\" 0 2025-12-01T00:00:01.451000Z "
#define ALB_ACTIONS "\"forward\" \"-\" \"-\""
/* Columns 1 to 12, 1 to 14, 15 to 25, 1 to 25. */
#define ALB_12 ALB_START ALB_PEERS ALB_COUNTS
#define ALB_14 ALB_12 ALB_ASKED ALB_AGENT
#define ALB_15_TO_25 ALB_TLS ALB_GROUP ALB_TRACE ALB_NAME ALB_RULE ALB_ACTIONS
#define ALB_25 ALB_14 ALB_15_TO_25
/* What was added to them: columns 26 and 27, 28 and 29, 30, 31 to 33, 34. */
#define ALB_TARGETS " \"10.0.0.80:8080\" \"200\""
#define ALB_CLASS " \"Acceptable\" \"SpaceInUri\""
#define ALB_TID " TID_0123456789abcdef0123456789abcdef"
#define ALB_TRANSFORM " \"-\" \"-\" \"-\""
#define ALB_NODE " 192.0.2.9"
#define ALB_26_TO_34 ALB_TARGETS ALB_CLASS ALB_TID ALB_TRANSFORM ALB_NODE
/* Whole lines but for one or two columns, which come with their quotes. */
#define ALB_WITH_REQUEST(request) ALB_12 request " " ALB_AGENT ALB_15_TO_25 ALB_26_TO_34
#define ALB_WITH_AGENT(agent) ALB_12 ALB_ASKED agent " " ALB_15_TO_25 ALB_26_TO_34

#define CLB_START "2025-12-01T00:00:01.500000Z my-loadbalancer "
#define CLB_PEERS "81.2.69.142:2817 10.0.0.1:80 "
#define CLB_COUNTS "0.000073 0.001048 0.000057 200 200 0 29 "
#define CLB_ASKED "\"GET http://www.example.com:80/a HTTP/1.1\""
#define CLB_REST " \"curl/7.78.0\" - -"

#define NLB_START "tls 2.0 2025-12-01T00:00:01 net/n/c6e77e28c25b2234 g3d4b5e8bb8464cd "
#define NLB_PEERS "81.2.69.142:51341 10.0.0.9:443 "
#define NLB_COUNTS "5 2 98 246 - arn:aws:acm:us-east-2:123456789012:certificate/c - "
#define NLB_TLS "ECDHE-RSA-AES128-SHA tlsv12 x25519 www.example.com "
#define NLB_ALPN "h2 http/1.1 \"h2\",\"http/1.1\" 2025-12-01T00:00:00"
#define NLB_LINE NLB_START NLB_PEERS NLB_COUNTS NLB_TLS NLB_ALPN

/* --- what is expected --------------------------------------------------------------------------- */

#define JSON_STRING(text) "\"" text "\""

struct oddity_member {
    const char *path, *value; /* as JSON text; NULL: must not be there */
};

/* How much is known of the format before the line is read. */
enum { ODDITY_ALONE = 1, ODDITY_NAMED = 2, ODDITY_FIXED = 4, ODDITY_ANY = 7 };

struct oddity {
    const char *text;   /* the line; before it, each with an LF, its header line and lines that stand in front of it */
    const char *format; /* that it has, by its name */
    const char *origin_format;           /* that its file's name or -f says; NULL: the same */
    const char *option;                  /* -f with an order of columns, in force before the first line; NULL: none */
    const char *fate;                    /* "record", or the name of the reason for which it was skipped or rejected */
    const char *detail;                  /* of a rejected line: what its message has to hold; NULL: not looked at */
    const struct output_schema *schema;  /* NULL: ecs */
    unsigned known_by;                   /* which of the three ways above */
    const struct oddity_member *members; /* of a record, up to one whose path is NULL */
};

#define ODDITY_MEMBERS(...) ((const struct oddity_member[]){__VA_ARGS__, {NULL, NULL}})

#define oddity_is_record(line, its_format, ...)           \
    oddity_check(&(struct oddity){.text = (line),         \
                                  .format = (its_format), \
                                  .fate = "record",       \
                                  .known_by = ODDITY_ANY, \
                                  .members = ODDITY_MEMBERS(__VA_ARGS__)})

/* Rejected or skipped, for this reason. */
#define oddity_is_none(line, its_format, ways, reason) \
    oddity_check(&(struct oddity){.text = (line), .format = (its_format), .fate = (reason), .known_by = (ways)})

/* --- the check ---------------------------------------------------------------------------------- */

struct oddity_bench {
    const struct scan_kernel *kernels[3];
    uint32_t kernels_count;
    struct encode_line encode;
    struct encoder *encoders[3]; /* as output_schemas */
    struct header header;        /* of -f */
    struct json_text json;
};

static struct oddity_bench oddity_bench;

static inline int oddity_set_up(void **state) {
    (void)state;
    schemas_init();
    oddity_bench.kernels_count = scan_kernels(oddity_bench.kernels);
    encode_line_init(&oddity_bench.encode, oddity_bench.kernels[0]);
    for (size_t i = 0; i < 3; i++) {
        struct encoder_request request = {.schema = output_schemas[i]};
        struct error error;
        if (encoder_new(&request, &oddity_bench.encoders[i], &error) != STATUS_OK) fail_msg("%s", error.message);
    }
    return 0;
}

static inline int oddity_tear_down(void **state) {
    (void)state;
    for (size_t i = 0; i < 3; i++) encoder_free(oddity_bench.encoders[i]);
    encode_line_destroy(&oddity_bench.encode);
    return 0;
}

static inline const char *oddity_fate(const struct reading *reading) {
    return reading->kind == READING_REJECTED  ? reject_names[reading->reject]
           : reading->kind == READING_SKIPPED ? skip_names[reading->skip]
                                              : "record";
}

/* The order of columns that -f gives, as the program takes it from there. */
static inline void oddity_take_option(const struct oddity *oddity) {
    struct format_choice choice;
    struct error error;
    const struct option_list none = {NULL, 0};
    oddity_bench.header = (struct header){.schema = NULL};
    if (oddity->option == NULL) return;
    if (format_choice_init(&choice, oddity->option, &none, NULL, &error) != STATUS_OK) fail_msg("%s", error.message);
    assert_true(choice.has_header);
    oddity_bench.header = choice.header;
    format_choice_destroy(&choice);
}

/* Reads the lines of `text`, each ended by `ending`, with a splitter that knows nothing; the last one is what oddity_bench.encode then
 * tells of. */
static inline void oddity_read(const struct oddity *oddity, struct slice text, const struct scan_kernel *kernel,
                               const char *ending, unsigned known_by) {
    struct origin origin = {.path = SLICE("odd.log"), .name = SLICE("odd.log")};
    if (known_by != ODDITY_ALONE)
        origin.schema = schema_find(slice_from(oddity->origin_format != NULL ? oddity->origin_format : oddity->format));
    origin.schema_fixed = known_by == ODDITY_FIXED;
    struct encoder *encoder = oddity_bench.encoders[0];
    for (size_t i = 0; i < 3; i++)
        if (output_schemas[i] == (oddity->schema != NULL ? oddity->schema : &output_ecs))
            encoder = oddity_bench.encoders[i];
    static char room[LINE_BYTES_MAX / 16];
    encode_line_forget(&oddity_bench.encode, kernel);
    oddity_bench.encode.splitter.header = oddity_bench.header;
    const char *line = text.ptr, *end = text.ptr + text.len;
    while (line != NULL) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        size_t bytes = (size_t)((newline != NULL ? newline : end) - line);
        const char *its_ending = newline != NULL && *ending == '\0' ? "\n" : ending;
        assert_true(bytes + 2 < sizeof room);
        memcpy(room, line, bytes);
        memcpy(room + bytes, its_ending, strlen(its_ending));
        struct slice whole = {room, bytes + strlen(its_ending)};
        if (whole.len > 0)
            assert_int_equal(encode_line(&oddity_bench.encode, encoder, &origin, whole, (struct slice){0}), whole.len);
        line = newline != NULL ? newline + 1 : NULL;
    }
}

static inline struct slice oddity_output(void) {
    return (struct slice){oddity_bench.encode.out, oddity_bench.encode.out_bytes};
}

/* One valid object, in which nothing is empty, with the members that are expected. */
static inline void oddity_check_members(const struct oddity *oddity) {
    struct slice out = oddity_output();
    struct json_text *json = &oddity_bench.json;
    if (out.len < 3 || !json_text_parse((struct slice){out.ptr, out.len - 1}, json))
        fail_msg("not valid: %.*s", (int)out.len, out.ptr);
    static const char *const empty[] = {"{}", "[]", "\"\"", "null"};
    for (uint32_t i = 0; i < json->leaves_count; i++)
        for (size_t e = 0; e < sizeof empty / sizeof empty[0]; e++)
            if (slice_equal(json->leaves[i].value, slice_from(empty[e])))
                fail_msg("%s is %s", json->leaves[i].path, empty[e]);
    for (const struct oddity_member *member = oddity->members; member->path != NULL; member++) {
        struct slice got = json_text_find(json, member->path);
        bool good = member->value != NULL ? slice_equal(got, slice_from(member->value))
                                          : !json_text_has(json, member->path);
        if (!good)
            fail_msg("%s is %.*s instead of %s\nof the line %s\nin %.*s", member->path, (int)got.len,
                     got.len > 0 ? got.ptr : "", member->value != NULL ? member->value : "absent", oddity->text,
                     (int)out.len, out.ptr);
    }
}

/* Cut behind any byte: what is still a record has the client of the whole line. (Unless the client stands in the last column of all,
 * which no test here has: an address that lost its last digit is another one.) */
static inline void oddity_check_cuts(const struct oddity *oddity, unsigned known_by) {
    const struct encode_line *encode = &oddity_bench.encode;
    const char *newline = strrchr(oddity->text, '\n');
    size_t whole = strlen(oddity->text), before = newline != NULL ? (size_t)(newline + 1 - oddity->text) : 0;
    oddity_read(oddity, (struct slice){oddity->text, whole}, oddity_bench.kernels[0], "\n", known_by);
    bool named = encode->reading.kind == READING_RECORD && encode->record.client.resolved;
    struct client client = encode->record.client;
    for (size_t bytes = before + 1; bytes < whole; bytes++) {
        const struct scan_kernel *kernel = oddity_bench.kernels[bytes % oddity_bench.kernels_count];
        oddity_read(oddity, (struct slice){oddity->text, bytes}, kernel, "\n", known_by);
        if (encode->reading.kind != READING_RECORD || !encode->record.client.resolved) continue;
        if (named && memcmp(&client.ip, &encode->record.client.ip, sizeof client.ip) != 0)
            fail_msg("another client when %s\nis cut behind %zu bytes", oddity->text, bytes);
    }
}

static inline void oddity_check(const struct oddity *oddity) {
    static const char *const endings[] = {"", "\n", "\r\n"};
    static char first[LINE_BYTES_MAX];
    size_t first_bytes = 0;
    struct slice text = slice_from(oddity->text);
    oddity_take_option(oddity);
    for (unsigned known_by = ODDITY_ALONE; known_by <= ODDITY_FIXED; known_by *= 2) {
        if ((oddity->known_by & known_by) == 0) continue;
        for (uint32_t kernel = 0; kernel < oddity_bench.kernels_count; kernel++)
            for (size_t ending = 0; ending < sizeof endings / sizeof endings[0]; ending++) {
                oddity_read(oddity, text, oddity_bench.kernels[kernel], endings[ending], known_by);
                const struct reading *reading = &oddity_bench.encode.reading;
                if (strcmp(oddity_fate(reading), oddity->fate) != 0)
                    fail_msg("%s instead of %s (%s, ending %zu, known by %u):\n%s", oddity_fate(reading), oddity->fate,
                             oddity_bench.kernels[kernel]->name, ending, known_by, oddity->text);
                if (oddity->detail != NULL && strstr(reading->expected, oddity->detail) == NULL)
                    fail_msg("expected %s, but nothing of %s\nof the line %s", reading->expected, oddity->detail,
                             oddity->text);
                if (reading->kind != READING_RECORD) continue;
                assert_string_equal(reading->schema->name, oddity->format);
                struct slice out = oddity_output();
                if (first_bytes == 0) {
                    oddity_check_members(oddity);
                    assert_true(out.len < sizeof first);
                    memcpy(first, out.ptr, out.len);
                    first_bytes = out.len;
                }
                assert_int_equal(out.len, first_bytes);
                assert_memory_equal(out.ptr, first, first_bytes);
            }
        oddity_check_cuts(oddity, known_by);
    }
}

#endif
