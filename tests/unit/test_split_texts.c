/* Texts of several lines through one splitter: what stands around a line, in it or behind it does not change what it is.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "tests/unit/encode_line.h"
#include "tests/unit/guard.h"

#define TEXT_ROOM (1u << 20)

#define ALB_QUOTED                                                                                                 \
    "https \"2026-03-01T12:00:00.250000Z\" app/shop/50dc6c495c0c9188 81.2.69.142:4711 10.0.0.80:8080 0.001 0.048 " \
    "0.000 "                                                                                                       \
    "200 200 814 57 \"GET https://example.com:443/ HTTP/1.1\" \"[01/Mar/2026:12:00:00 +0000] x\" - -\n"
#define ALB                                                                                                          \
    "https 2026-03-01T12:00:00.250000Z app/shop/50dc6c495c0c9188 81.2.69.142:4711 10.0.0.80:8080 0.001 0.048 0.000 " \
    "200 200 814 57 \"GET https://example.com:443/ HTTP/1.1\" \"curl\" - -\n"
#define NGINX "81.2.69.142 - - [01/Mar/2026:12:00:00 +0000] \"GET / HTTP/1.1\" 200 612 \"-\" \"curl\""
#define VPC_HEADER "srcaddr new-name dstaddr end start\n"
#define VPC_ROW "81.2.69.142 [01/Mar/2026:12:00:00 10.0.0.80 1772366460 1772366400\n"
#define VPC_SWAPPED "version account-id interface-id dstaddr srcaddr srcport dstport protocol packets bytes start end\n"
#define W3C_HEADER "#Fields: c-ip timestamp(ms) x-edge-location new\n"
#define W3C_ROW "81.2.69.142\t1772366400123\tLHR61\t[01/Mar/2026:12:00:00 +0000]\n"
#define VPC_DEFAULT "2 123456789012 eni-1 81.2.69.142 10.0.0.80 4711 443 6 10 840 1772366400 1772366460 ACCEPT OK\n"
#define VPC_QUOTE "2 123456789012 eni-1 81.2.69.142 10.0.0.80 4711 443 6 10 840 1772366400 1772366460 AC\" OK\n"

static struct splitter splitter;
static const struct origin unknown_origin;

static int set_up(void **state) {
    (void)state;
    schemas_init();
    encode_line_splitter(&splitter, scan_choose());
    return 0;
}

/* What became of each line, a word each: the format's name, `-` of one that was skipped, the reason why of one that was rejected. */
static void read_all(const char *lines, char *words, size_t words_bytes) {
    static char room[TEXT_ROOM];
    uint32_t spare = SPARE_EXPANSION * (uint32_t)strlen(lines) + 64 * SPARE_LINE_BYTES,
             front = spare + TEXT_PADDING_BYTES;
    uint32_t end = front + (uint32_t)strlen(lines);
    assert_true(end + TEXT_PADDING_BYTES <= sizeof room);
    memcpy(room + front, lines, strlen(lines));
    memset(room + end, '\t', TEXT_PADDING_BYTES);
    struct slice text = guard_copy((struct slice){room, end + TEXT_PADDING_BYTES});
    encode_line_splitter_forget(&splitter, splitter.kernel);
    splitter.spare = (struct spare){(char *)(uintptr_t)text.ptr, 0, spare};
    words[0] = '\0';
    for (uint32_t offset = front; offset < end;) {
        struct record record;
        struct reading reading;
        uint32_t used = splitter.spare.used;
        offset += splitter_read(&splitter, text.ptr, offset, end, &unknown_origin, &record, &reading);
        assert_int_equal(splitter.spare.end, spare);
        if (reading.kind != READING_RECORD) assert_int_equal(splitter.spare.used, used);
        size_t at = strlen(words);
        snprintf(words + at, words_bytes - at, "%s%s", at > 0 ? " " : "",
                 reading.kind == READING_RECORD    ? record.schema->name
                 : reading.kind == READING_SKIPPED ? "-"
                                                   : reject_names[reading.reject]);
    }
}

/* clang-format off */
static const struct {
    const char *what, *lines, *expected;
} cases[] = {
    {"a balancer's line that looks like NGINX's", ALB_QUOTED, "unknown-format"},
    {"the same behind one that does not", ALB ALB_QUOTED, "alb_access unknown-format"},
    {"a row under its header", VPC_HEADER VPC_ROW, "- vpc_flow"},
    {"the same behind another format", VPC_HEADER ALB VPC_ROW NGINX "\n" VPC_ROW, "- alb_access vpc_flow nginx vpc_flow"},
    {"W3C", W3C_HEADER W3C_ROW, "- cloudfront"},
    {"the same behind another format", W3C_HEADER NGINX "\n" W3C_ROW ALB W3C_ROW, "- nginx cloudfront alb_access cloudfront"},
    {"a row of the usual order under another header", VPC_SWAPPED VPC_DEFAULT, "- unknown-format"},
    {"the same without one", VPC_DEFAULT, "vpc_flow"},
    {"a quote in the last column", VPC_QUOTE, "unterminated-quote"},
    {"the same behind one without", VPC_DEFAULT VPC_QUOTE, "vpc_flow unterminated-quote"},
    {"what stands behind a short line", "2026-0:{\"cl", "unterminated-quote"},
    {"a header line in JSON", "{\"message\":\"srcaddr start\\n\"}\n", "-"},
    {"two lines in JSON", "{\"message\":\"srcaddr start\\n81.2.69.142 1772366400\"}\n", "unknown-format"},
    {"records in JSON", "{\"log\":\"2 1 e 81.2.69.142 10.0.0.80 4711 443 6 10 840 1772366400 1772366460 ACCEPT OK\\r\\n\"}\n", "vpc_flow"},
    {"two of them", "{\"log\":\"2 1 e 81.2.69.142 10.0.0.80 4711 443 6 10 840 1772366400 1772366460 ACCEPT OK\\n2\"}\n", "unknown-format"},
};
/* clang-format on */

static void test_texts(void **state) {
    (void)state;
    char words[256];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        read_all(cases[i].lines, words, sizeof words);
        if (strcmp(words, cases[i].expected) != 0) fail_msg("%s: %s", cases[i].what, words);
    }
}

/* As many lines as a batch takes, each with a name as long as a header's may be: none goes without it. */
static void test_spare_room_of_a_batch(void **state) {
    (void)state;
    static struct batch batch;
    char name[HEADER_NAMES_BYTES - 32 - 1]; /* the longest that is kept, and a NUL */
    static const char value[] = "0123456789012345678901234567890123456789";
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    assert_true(batch_init(&batch));
    size_t bytes = (size_t)snprintf(batch.text, BATCH_TEXT_ROOM, "srcaddr start %s\n", name), extras = 0;
    for (uint32_t i = 1; i < BATCH_LINES_MAX; i++)
        bytes += (size_t)snprintf(batch.text + bytes, BATCH_TEXT_ROOM - bytes, "81.2.69.142 1772366400 %s\n", value);
    encode_line_splitter_forget(&splitter, splitter.kernel);
    splitter.spare = batch_spare(&batch);
    for (uint32_t offset = 0; offset < bytes;) {
        struct record record;
        struct reading reading;
        offset += splitter_read(&splitter, batch.text, offset, (uint32_t)bytes, &unknown_origin, &record, &reading);
        if (reading.kind == READING_RECORD)
            extras += record.fields[record.fields_count - 1].length == sizeof name - 1 + 1 + sizeof value - 1;
    }
    assert_int_equal(extras, BATCH_LINES_MAX - 1);
    batch_destroy(&batch);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_spare_room_of_a_batch),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
