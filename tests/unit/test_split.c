/* Lines to records: columns, roles, detection, and every reason for which a line is no record.
 *
 * A line stands in the middle of a text, its padding is hostile, and an unreadable page is behind that. Every line is
 * read with every kernel.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "ingest/split.h"
#include "tests/unit/guard.h"
#include "tests/unit/sample_lines.h"
#include "tests/unit/seeded.h"

#define LINE_BYTES_ROOM 8192u
#define BEFORE "an \"odd line\n"

struct answer {
    struct record record;
    struct reading reading;
};

static const struct scan_kernel *kernels[3];
static uint32_t kernels_count;
static const struct origin unknown_origin;

static int set_up(void **state) {
    (void)state;
    schemas_init();
    kernels_count = scan_kernels(kernels);
    return 0;
}

/* The text with the line in it; stays until the next call. */
static struct slice place(struct slice line) {
    static char room[LINE_BYTES_ROOM + 256];
    size_t bytes = sizeof BEFORE - 1;
    assert_true(line.len <= LINE_BYTES_ROOM);
    memcpy(room, BEFORE, bytes);
    if (line.len > 0) memcpy(room + bytes, line.ptr, line.len);
    bytes += line.len;
    for (size_t i = 0; i < TEXT_PADDING_BYTES; i++) room[bytes + i] = " \"\\\n1-\xff"[i % 7];
    struct slice copy = guard_copy((struct slice){room, bytes + TEXT_PADDING_BYTES});
    return (struct slice){copy.ptr, bytes};
}

/* Reads with `splitter`, checks what is true of every line, and returns the outcome. */
static struct answer read_with(struct splitter *splitter, struct slice line, const struct origin *origin) {
    struct answer answer;
    memset(&answer, 0xa5, sizeof answer);
    struct slice text = place(line);
    uint32_t offset = sizeof BEFORE - 1;
    const char *newline = line.len > 0 ? memchr(line.ptr, '\n', line.len) : NULL;
    uint32_t consumed = splitter_read(splitter, text.ptr, offset, (uint32_t)text.len, origin, &answer.record,
                                      &answer.reading);
    assert_int_equal(consumed, newline == NULL ? line.len : (size_t)(newline + 1 - line.ptr));
    const struct record *record = &answer.record;
    assert_int_equal(record->line.offset, offset);
    assert_true(record->line.length <= consumed);
    for (uint32_t i = 0; i < record->fields_count; i++) {
        assert_true(record->fields[i].offset >= offset);
        assert_true(record->fields[i].offset + record->fields[i].length <= offset + record->line.length);
    }
    assert_ptr_equal(record->schema, answer.reading.schema);
    if (answer.reading.kind == READING_REJECTED && answer.reading.column >= 0)
        assert_true(answer.reading.schema != NULL && answer.reading.column < answer.reading.schema->fields_count);
    return answer;
}

/* Reads a line with every kernel, each knowing nothing; they must agree. */
static struct answer read_line(struct slice line, const struct origin *origin) {
    struct answer first, other;
    struct splitter splitter;
    splitter_init(&splitter, kernels[0]);
    first = read_with(&splitter, line, origin);
    for (uint32_t i = 1; i < kernels_count; i++) {
        splitter_init(&splitter, kernels[i]);
        other = read_with(&splitter, line, origin);
        assert_int_equal(other.reading.kind, first.reading.kind);
        assert_int_equal(other.record.fields_count, first.record.fields_count);
        assert_memory_equal(other.record.fields, first.record.fields,
                            first.record.fields_count * sizeof first.record.fields[0]);
        if (first.reading.kind == READING_RECORD) assert_int_equal(other.record.plain, first.record.plain);
    }
    return first;
}

static struct slice field_text(const struct answer *answer, uint32_t column) {
    return record_text(&answer->record, answer->record.fields[column]);
}

static void assert_text(struct slice got, struct slice expected) {
    if (!slice_equal(got, expected))
        fail_msg("\"%.*s\" instead of \"%.*s\"", (int)got.len, got.ptr, (int)expected.len, expected.ptr);
}

static size_t columns_count(const struct sample_line *sample) {
    size_t count = 0;
    while (sample->columns[count] != NULL) count++;
    return count;
}

/* --- columns ------------------------------------------------------------------------------------ */

static void test_whole_lines(void **state) {
    (void)state;
    for (size_t s = 0; s < SAMPLE_LINES_COUNT; s++) {
        const struct sample_line *sample = &sample_lines[s];
        size_t count = columns_count(sample);
        assert_int_equal(count, sample->schema->fields_count); /* else the sample has grown old */
        for (size_t columns = sample->schema->fields_count_min; columns <= count; columns++) {
            char line[LINE_BYTES_ROOM];
            size_t bytes = sample_line_write(sample, columns, -1, (struct slice){0}, line);
            memcpy(line + bytes, "\r\n", 2);
            struct answer answer = read_line((struct slice){line, bytes + 2}, &unknown_origin);
            assert_int_equal(answer.reading.kind, READING_RECORD);
            assert_ptr_equal(answer.reading.schema, sample->schema);
            assert_int_equal(answer.record.fields_count, columns);
            assert_int_equal(answer.record.line.length, bytes);
            for (uint32_t i = 0; i < columns; i++) assert_text(field_text(&answer, i), sample_line_bare(sample, i));
            for (uint32_t i = (uint32_t)columns; i < count; i++) assert_int_equal(answer.record.fields[i].length, 0);
        }
    }
}

static void test_more_columns_than_known(void **state) {
    (void)state;
    for (size_t s = 0; s < SAMPLE_LINES_COUNT; s++) {
        char line[LINE_BYTES_ROOM];
        size_t known = sample_lines[s].schema->fields_count;
        size_t bytes = sample_line_write(&sample_lines[s], SAMPLE_COLUMNS_MAX, -1, (struct slice){0}, line);
        for (size_t columns = known + 1; columns <= FIELDS_MAX + 40; columns++) {
            bytes += (size_t)sprintf(line + bytes, " x%zu", columns);
            struct answer answer = read_line((struct slice){line, bytes}, &unknown_origin);
            if (columns > FIELDS_MAX) {
                assert_int_equal(answer.reading.kind, READING_REJECTED);
                assert_int_equal(answer.reading.reject, REJECT_TOO_MANY_FIELDS);
                continue;
            }
            char expected[16];
            snprintf(expected, sizeof expected, "x%zu", columns);
            assert_int_equal(answer.reading.kind, READING_RECORD);
            assert_int_equal(answer.record.fields_count, columns);
            assert_text(field_text(&answer, (uint32_t)columns - 1), slice_from(expected));
        }
    }
}

/* Columns of a line by a loop over its bytes. False when a quote is open at the end. */
static bool model_columns(struct slice line, bool quoted, struct slice columns[FIELDS_MAX], uint32_t *count) {
    size_t start = 0;
    bool inside = false;
    *count = 0;
    for (size_t i = 0; i <= line.len; i++) {
        if (i < line.len && line.ptr[i] == '"') inside = quoted && !inside;
        if (i < line.len && (line.ptr[i] != ' ' || inside)) continue;
        struct slice column = {line.ptr + start, i - start};
        if (quoted && column.len >= 2 && column.ptr[0] == '"' && column.ptr[column.len - 1] == '"')
            column = (struct slice){column.ptr + 1, column.len - 2};
        columns[(*count)++] = column;
        start = i + 1;
    }
    return !inside;
}

/* A line of a known file, cut behind every byte: its columns as far as they go, and the reason that fits. */
static void test_cut_lines(void **state) {
    (void)state;
    for (size_t s = 0; s < SAMPLE_LINES_COUNT; s++) {
        const struct schema *schema = sample_lines[s].schema;
        struct origin origin = {.schema = schema};
        char line[LINE_BYTES_ROOM];
        size_t bytes = sample_line_write(&sample_lines[s], SAMPLE_COLUMNS_MAX, -1, (struct slice){0}, line);
        for (size_t length = 1; length <= bytes; length++) {
            struct slice columns[FIELDS_MAX], text = {line, length};
            uint32_t count;
            bool closed = model_columns(text, schema->layout == LAYOUT_SPACE_QUOTED, columns, &count);
            struct answer answer = read_line(text, &origin);
            assert_int_equal(answer.record.fields_count, count);
            for (uint32_t i = 0; i < count; i++) assert_text(field_text(&answer, i), columns[i]);
            enum reject_reason reason = !closed ? REJECT_UNTERMINATED_QUOTE : REJECT_TOO_FEW_FIELDS;
            bool good = closed && count >= schema->fields_count_min;
            assert_int_equal(answer.reading.kind, good ? READING_RECORD : READING_REJECTED);
            if (!good) assert_int_equal(answer.reading.reject, reason);
        }
    }
}

/* --- each column spoilt ------------------------------------------------------------------------- */

static bool parses(struct slice text, enum field_role role) {
    struct timestamp_cache days = {.day = ""};
    struct endpoint endpoint;
    struct ip_parsed address;
    int64_t ns;
    uint64_t number;
    uint32_t digits;
    switch (role) {
    case ROLE_PEER: return ip_parse_endpoint(text, &endpoint);
    case ROLE_PEER_IP: return ip_parse(text, &address);
    case ROLE_STATUS: return number_parse(text, &number);
    default: return timestamp_parse(text, &days, &ns, &digits);
    }
}

/* Whether a line is no record when this column is not what it should be. */
static bool decides(const struct schema *schema, enum field_role role) {
    if (role == ROLE_STATUS) return schema_column(schema, ROLE_RESULT) < 0; /* else that says what became of it */
    return role == ROLE_PEER || role == ROLE_PEER_IP ||
           (role != ROLE_NONE && schema_column(schema, role) == schema_time_column(schema));
}

static void check_spoilt(const struct sample_line *sample, uint32_t column, struct slice text, bool fixed) {
    const struct schema *schema = sample->schema;
    struct origin origin = {.schema = schema, .schema_fixed = fixed};
    enum field_role role = schema->fields[column].role;
    char line[LINE_BYTES_ROOM], quoted[256];
    struct slice instead = text;
    if (sample->columns[column][0] == '"' && schema->layout == LAYOUT_SPACE_QUOTED)
        instead = (struct slice){quoted, (size_t)snprintf(quoted, sizeof quoted, "\"%.*s\"", (int)text.len, text.ptr)};
    size_t bytes = sample_line_write(sample, SAMPLE_COLUMNS_MAX, (int)column, instead, line);
    struct answer answer = read_line((struct slice){line, bytes}, &origin);
    bool null = text.len == 0 || slice_equal(text, SLICE("-"));
    bool peer = role == ROLE_PEER || role == ROLE_PEER_IP, time = !peer && role != ROLE_STATUS;
    bool good = !decides(schema, role) || (null && !time) || parses(text, role);
    assert_text(field_text(&answer, column), text);
    assert_int_equal(answer.reading.kind, good ? READING_RECORD : READING_REJECTED);
    if (good && peer) assert_int_equal(answer.record.has_peer, !null);
    if (good) return;
    assert_int_equal(answer.reading.column, column);
    assert_text(answer.reading.found, text);
    assert_int_equal(answer.reading.reject, peer                  ? REJECT_BAD_PEER
                                            : role == ROLE_STATUS ? REJECT_BAD_STATUS
                                                                  : REJECT_BAD_TIME);
}

static void test_spoilt_columns(void **state) {
    (void)state;
    static const char *const junk[] = {"",         "-",       "?",      "--", "0", "-1", "99999999999999999999",
                                       "\xff\xfe", "1.2.3.4", "::1:80", "NaN"};
    for (size_t s = 0; s < SAMPLE_LINES_COUNT; s++)
        for (uint32_t column = 0; column < sample_lines[s].schema->fields_count; column++)
            for (int fixed = 0; fixed < 2; fixed++) {
                struct slice whole = sample_line_bare(&sample_lines[s], column);
                for (size_t length = 0; length < whole.len; length++) {
                    bool splits = sample_lines[s].columns[column][0] != '"' && memchr(whole.ptr, ' ', length) != NULL;
                    if (!splits) check_spoilt(&sample_lines[s], column, (struct slice){whole.ptr, length}, fixed);
                }
                for (size_t i = 0; i < COUNT_OF(junk); i++)
                    check_spoilt(&sample_lines[s], column, slice_from(junk[i]), fixed);
            }
}

/* --- detection and reasons ---------------------------------------------------------------------- */

enum verdict_on_line { RECORD = 0, SKIPPED = 100, REJECTED = 200 }; /* + format, skip_reason or reject_reason */
enum format_of_case { ANY, ALB, CLB, NLB, CONNECTION, HEALTH };     /* as in sample_lines */

#define PEER " app/w/1 81.2.69.142:1 "
#define REST " 0.0 0.0 0.0 200 200 1 2 \"GET http://h:80/ HTTP/1.1\""

struct line_case {
    const char *what;
    struct slice line;
    enum format_of_case origin; /* what the file's name says; negative: what -f says */
    int expected;
};

/* clang-format off */
static const struct line_case line_cases[] = {
    {"a type that AWS may add", SLICE("h9 2025-12-01T00:00:01.5Z" PEER "-" REST), ANY, RECORD + ALB},
    {"no target", SLICE("ws 2025-12-01T00:00:01.5Z" PEER "-" REST), ANY, RECORD + ALB},
    {"an IPv6 client", SLICE("ws 2025-12-01T00:00:01.5Z a 2a02:a33c:4538:1:bcf4:5264:e01c:f215:50718 -" REST), ANY, RECORD + ALB},
    {"classic, no backend", SLICE("2025-12-01T00:00:01.5Z lb 81.2.69.142:1 - -1 -1 -1 504 0 0 0 \"GET http://h:80/ HTTP/1.1\""), ANY, RECORD + CLB},
    {"a name that does not say the truth", SLICE("ws 2025-12-01T00:00:01.5Z" PEER "-" REST), NLB, RECORD + ALB},
    {"an empty line", SLICE("\n"), ANY, SKIPPED + SKIP_EMPTY_LINE},
    {"an empty line with CR", SLICE("\r\n"), ALB, SKIPPED + SKIP_EMPTY_LINE},
    {"an empty line, -f", SLICE("\n"), -ALB, SKIPPED + SKIP_EMPTY_LINE},
    {"AWS's test message", SLICE("Enable AccessLog for ELB: app/w/1 at 2022-05-01T00:00:00Z"), ANY, SKIPPED + SKIP_TEST_MESSAGE},
    {"AWS's test message, -f", SLICE("Enable AccessLog for ELB: app/w/1 at 2022-05-01T00:00:00Z"), -CLB, SKIPPED + SKIP_TEST_MESSAGE},
    {"only like the test message", SLICE("Enable AccessLog for elb: x"), ANY, REJECTED + REJECT_UNKNOWN_FORMAT},
    {"a space", SLICE(" "), ANY, REJECTED + REJECT_UNKNOWN_FORMAT},
    {"a NUL", SLICE("\0"), ANY, REJECTED + REJECT_UNKNOWN_FORMAT},
    {"no log at all", SLICE("{\"a\":1}"), ANY, REJECTED + REJECT_UNKNOWN_FORMAT},
    {"ALB connection log", SLICE("2025-12-01T00:00:01.5Z 81.2.69.142 42173 443 TLSv1.2 X 0.1 \"CN=a\" - 0 Success TID_1 - app/w/1 10.0.0.1"), ANY, RECORD + CONNECTION},
    {"ALB connection log without a client", SLICE("2025-12-01T00:00:01.5Z - 42173 443 - - - \"-\" - - -"), ANY, REJECTED + REJECT_UNKNOWN_FORMAT},
    {"ALB health-check log", SLICE("http 2025-12-01T00:00:01.5Z 0.17 10.0.0.1:80 my-tg PASS 200 - app/w/1 10.0.0.2"), ANY, RECORD + HEALTH},
    {"health check of a Lambda function", SLICE("lambda 2025-12-01T00:00:01.5Z 0.17 arn:aws:lambda:us-east-2:1:function:f tg FAIL - TimedOut"), ANY, RECORD + HEALTH},
    {"too few, by the name", SLICE("http 2025-12-01T00:00:01.5Z app/w/1"), ALB, REJECTED + REJECT_TOO_FEW_FIELDS},
    {"too few, but known", SLICE("http 2025-12-01T00:00:01.5Z" PEER "-"), ANY, REJECTED + REJECT_TOO_FEW_FIELDS},
    {"no client in NLB's place for it", SLICE("tls 2.0 2025-12-01T00:00:01 net/n/1 l 81.2.69.142 10.0.0.1:443 5 2 1 1 - - - - - - -"), NLB, REJECTED + REJECT_BAD_PEER},
    {"not TLS, so no NLB line", SLICE("tcp 2.0 2025-12-01T00:00:01 net/n/1 l 81.2.69.142:1 10.0.0.1:443 5 2 1 1 - - - - - - -"), ANY, REJECTED + REJECT_UNKNOWN_FORMAT},
    {"not TLS, -f", SLICE("tcp 2.0 2025-12-01T00:00:01 net/n/1 l 81.2.69.142:1 10.0.0.1:443 5 2 1 1 - - - - - - -"), -NLB, RECORD + NLB},
    {"another format, -f", SLICE("2025-12-01T00:00:01.5Z lb 81.2.69.142:1 - -1 -1 -1 504 0 0 0 \"- - - \""), -ALB, REJECTED + REJECT_BAD_TIME},
    {"an open quote", SLICE("ws 2025-12-01T00:00:01.5Z" PEER "-" REST " \"curl"), ANY, REJECTED + REJECT_UNTERMINATED_QUOTE},
    {"no year like that", SLICE("ws 2325-12-01T00:00:01.5Z" PEER "-" REST), ALB, REJECTED + REJECT_BAD_TIME},
    {"no time", SLICE("ws -" PEER "-" REST), ALB, REJECTED + REJECT_BAD_TIME},
    {"no client, by the name", SLICE("ws 2025-12-01T00:00:01.5Z a - -" REST), ALB, RECORD + ALB},
    {"no client, nothing known", SLICE("ws 2025-12-01T00:00:01.5Z a - -" REST), ANY, REJECTED + REJECT_UNKNOWN_FORMAT},
    {"a client without a port, by the name", SLICE("ws 2025-12-01T00:00:01.5Z a 81.2.69.142 -" REST), ALB, REJECTED + REJECT_BAD_PEER},
    {"a status that is none", SLICE("ws 2025-12-01T00:00:01.5Z" PEER "- 0 0 0 2OO 200 1 2 \"- - -\""), ANY, REJECTED + REJECT_BAD_STATUS},
    {"columns that quotes would join", SLICE("tls 2.0 2025-12-01T00:00:01 \"net/n \"l 81.2.69.142:1 10.0.0.1:443 5 2 1 1 - - - - - - -"), ANY, REJECTED + REJECT_UNKNOWN_FORMAT},
    {"NLB, known by its contents", SLICE("tls 2.0 2025-12-01T00:00:01 net/n l 81.2.69.142:1 10.0.0.1:443 5 2 1 1 - - - - - - -"), ANY, RECORD + NLB},
    {"two clients in front of an unquoted format", SLICE("tls 2.0 2025-12-01T00:00:01 net/n/1 l \"81.2.69.142:1\" 10.0.0.1:443 5 2 1 1 - - - - - - -"), NLB, REJECTED + REJECT_BAD_PEER},
};
/* clang-format on */

static const struct schema *format_of(enum format_of_case format) {
    return format == ANY ? NULL : sample_lines[format - 1].schema;
}

static int verdict_of(const struct answer *answer) {
    if (answer->reading.kind == READING_SKIPPED) return SKIPPED + (int)answer->reading.skip;
    if (answer->reading.kind == READING_REJECTED) return REJECTED + (int)answer->reading.reject;
    enum format_of_case format = ALB;
    while (format_of(format) != answer->reading.schema) format++;
    return RECORD + (int)format;
}

static struct origin origin_of(const struct line_case *line) {
    int format = (int)line->origin;
    return (struct origin){.schema = format_of((enum format_of_case)abs(format)), .schema_fixed = format < 0};
}

static void test_reasons(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(line_cases); i++) {
        struct origin origin = origin_of(&line_cases[i]);
        struct answer answer = read_line(line_cases[i].line, &origin);
        if (verdict_of(&answer) != line_cases[i].expected)
            fail_msg("%s: %d instead of %d", line_cases[i].what, verdict_of(&answer), line_cases[i].expected);
    }
}

/* What comes out for a line depends on the line and its origin, never on the lines before. */
static void test_neighbours(void **state) {
    (void)state;
    struct splitter splitter;
    splitter_init(&splitter, kernels[kernels_count - 1]);
    struct seeded seeded = {10};
    for (int round = 0; round < 20000; round++) {
        const struct line_case *line = &line_cases[seeded_below(&seeded, COUNT_OF(line_cases))];
        struct origin origin = origin_of(line);
        struct answer alone = read_line(line->line, &origin), after = read_with(&splitter, line->line, &origin);
        assert_int_equal(verdict_of(&after), verdict_of(&alone));
        if (after.reading.kind == READING_SKIPPED) continue;
        assert_ptr_equal(after.reading.schema, alone.reading.schema);
        assert_int_equal(after.record.fields_count, alone.record.fields_count);
        assert_memory_equal(after.record.fields, alone.record.fields,
                            alone.record.fields_count * sizeof alone.record.fields[0]);
        if (after.reading.kind == READING_REJECTED) assert_int_equal(after.reading.column, alone.reading.column);
    }
}

/* Lines whose quotes stand elsewhere than in the line before, or nowhere whole: the splitter's guess must not show. */
static void test_quoting(void **state) {
    (void)state;
    static const char head[] = "http 2025-12-01T00:00:01.5Z lb 81.2.69.142:1 10.0.0.1:80 0.1 0.1 0.1 200 200 1 2 ";
    static const char *const columns[] = {"\"-\"",    "\"\"",         "\"a b\"",    "a",  "",
                                          "a\"b c\"", "\"a b\"c",     "-",          "\"", "\\\"a\"",
                                          "\"a\"b\"", "\"\xc3\xa9\"", "\"a\\\" b\""};
    struct splitter splitter;
    splitter_init(&splitter, kernels[kernels_count - 1]);
    struct seeded seeded = {11};
    for (int round = 0; round < 20000; round++) {
        char text[LINE_BYTES_ROOM] = "";
        uint32_t count = 1 + seeded_below(&seeded, 8), kinds = round % 2 == 0 ? 3 : COUNT_OF(columns);
        strcat(text, head);
        for (uint32_t i = 0; i < count; i++) {
            strcat(text, columns[seeded_below(&seeded, kinds)]);
            strcat(text, i + 1 < count ? " " : "\n");
        }
        struct slice line = slice_from(text);
        struct answer alone = read_line(line, &unknown_origin), after = read_with(&splitter, line, &unknown_origin);
        assert_int_equal(after.reading.kind, alone.reading.kind);
        assert_int_equal(after.record.fields_count, alone.record.fields_count);
        assert_memory_equal(after.record.fields, alone.record.fields,
                            alone.record.fields_count * sizeof alone.record.fields[0]);
        if (alone.reading.kind == READING_RECORD) assert_int_equal(after.record.plain, alone.record.plain);
    }
}

/* More targets and nodes than are remembered, texts that differ in one byte only, and some that are no address. */
static void test_known_addresses(void **state) {
    (void)state;
    static const char *const hosts[] = {
        "10.0.0.%u",   "10.200.100.%u",       "2001:db8::%u",          "::ffff:10.0.0.%u",
        "010.0.0.%u",  "2001:db8:%u:ffff::1", "lambda-target-%u",      "1.1.1.%u",
        "10.0.0.%u.1", "[2001:db8::%u]",      "2001:db8:0:0:1:2:3:%u", "-"};
    struct origin origin = {.schema = schema_find(SLICE("alb_access")), .schema_fixed = true};
    struct splitter splitter;
    splitter_init(&splitter, kernels[0]);
    struct seeded seeded = {12};
    for (int round = 0; round < 20000; round++) {
        char target[64], node[64], text[LINE_BYTES_ROOM];
        uint32_t numbers = round % 2 == 0 ? 8 : 300;
        snprintf(target, sizeof target, hosts[seeded_below(&seeded, COUNT_OF(hosts))], seeded_below(&seeded, numbers));
        snprintf(node, sizeof node, hosts[seeded_below(&seeded, COUNT_OF(hosts))], seeded_below(&seeded, numbers));
        snprintf(text, sizeof text,
                 "http 2025-12-01T00:00:01.5Z lb 81.2.69.142:1 %s%s 0 0 0 200 200 1 2 \"- - -\" - - - - - - - 0 "
                 "2025-12-01T00:00:01.5Z - - - - - - - - - - - %s\n",
                 target, seeded_below(&seeded, 2) == 0 ? ":80" : ":080", node);
        struct answer after = read_with(&splitter, slice_from(text), &origin);
        const struct record *record = &after.record;
        assert_int_equal(after.reading.kind, READING_RECORD);
        struct endpoint endpoint;
        assert_int_equal(record->has_destination, ip_parse_endpoint(field_text(&after, 4), &endpoint));
        if (record->has_destination) {
            struct slice address = record_text(record, record->destination_text.address);
            struct slice port = record_text(record, record->destination_text.port);
            assert_memory_equal(&record->destination, &endpoint, sizeof endpoint);
            assert_true(address.len == 0 || slice_equal(address, slice_from(target)));
            assert_int_equal(address.len > 0, endpoint.address.family == IP_V4 && !endpoint.address.v4_mapped);
            assert_true(port.len == 0 || slice_equal(port, SLICE("80")));
        }
        struct ip_parsed parsed;
        assert_int_equal(record->has_node, ip_parse(slice_from(node), &parsed));
        if (record->has_node) assert_memory_equal(&record->node, &parsed, sizeof parsed);
        if (record->node_text.length > 0)
            assert_true(slice_equal(record_text(record, record->node_text), slice_from(node)));
    }
}

/* --- what the columns mean ---------------------------------------------------------------------- */

#define CLB_LINE(backend, times, status) \
    "2025-12-01T00:00:01.5Z lb 81.2.69.142:1 " backend " " times " " status " 200 0 29 \"- - - \""

static void test_meaning(void **state) {
    (void)state;
    /* clang-format off */
    static const struct {
        const char *what, *line;
        int64_t end_ms; /* behind 2025-12-01T00:00:00Z; -1: not known */
        bool has_destination, network, waf_blocked;
        enum outcome outcome;
    } cases[] = {
        {"the end is the start and three times", CLB_LINE("10.0.0.1:80", "0.25 1.5 0.250", "200"), 3500, true, true, false, OUTCOME_SUCCESS},
        {"one time is not known", CLB_LINE("-", "0.25 -1 0.250", "400"), -1, false, true, false, OUTCOME_FAILURE},
        {"one time is no time", CLB_LINE("-", "0.25 x 0.250", "-"), -1, false, true, false, OUTCOME_UNKNOWN},
        {"a backend that is no address", CLB_LINE("10.0.0.1", "0 0 0", "399"), 1500, false, true, false, OUTCOME_SUCCESS},
        {"ended by WAF", "h2 2025-12-01T00:00:02Z a 81.2.69.142:1 - -1 -1 -1 403 - 0 9 \"GET http://h:80/ HTTP/1.1\" \"-\" - - - \"-\" \"-\" "
                         "\"-\" 0 2025-12-01T00:00:01Z \"waf\"", 2000, false, false, true, OUTCOME_FAILURE},
        {"passed by WAF", "h2 2025-12-01T00:00:02Z a 81.2.69.142:1 - -1 -1 -1 460 - 0 9 \"- http://h:80- -\" \"-\" - - - \"-\" \"-\" "
                          "\"-\" 0 - \"waf,forward\"", 2000, false, false, false, OUTCOME_FAILURE},
        {"no handshake", "tls 2.0 2025-12-01T00:00:02 n l 81.2.69.142:1 10.0.0.1:443 5 - 1 1 - - - - - - -", 2000, true, true, false,
         OUTCOME_FAILURE},
        {"a handshake", "tls 2.0 2025-12-01T00:00:02 n l 81.2.69.142:1 10.0.0.1:443 5 0 1 1 - - - - - - -", 2000, true, true, false,
         OUTCOME_SUCCESS},
    };
    /* clang-format on */
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct origin classic = {.schema = &schema_clb_access};
        struct answer answer = read_line(slice_from(cases[i].line),
                                         cases[i].line[0] == '2' ? &classic : &unknown_origin);
        const struct record *record = &answer.record;
        int64_t end_ms = record->end.known ? record->end.ns / 1000000 - 1764547200000 : -1;
        bool good = answer.reading.kind == READING_RECORD && end_ms == cases[i].end_ms &&
                    record->outcome == cases[i].outcome && record->has_destination == cases[i].has_destination &&
                    record->network == cases[i].network && record->waf_blocked == cases[i].waf_blocked &&
                    record->has_peer && record->peer.port == 1;
        if (!good) fail_msg("%s: kind %d, end %lld", cases[i].what, (int)answer.reading.kind, (long long)end_ms);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_lines), cmocka_unit_test(test_more_columns_than_known),
        cmocka_unit_test(test_cut_lines),   cmocka_unit_test(test_spoilt_columns),
        cmocka_unit_test(test_reasons),     cmocka_unit_test(test_neighbours),
        cmocka_unit_test(test_quoting),     cmocka_unit_test(test_known_addresses),
        cmocka_unit_test(test_meaning),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
