/* Header lines: which lines are some, of which format, in which order.
 *
 * Threads: one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "ingest/header_line.h"

extern const struct schema schema_vpc_flow, schema_tgw_flow, schema_ga_flow;

static int set_up(void **state) {
    (void)state;
    schemas_init();
    return 0;
}

/* The text is followed by what may be read, none of which is part of it. */
static bool parse(const char *text, const struct schema *schema, struct header *header) {
    char padded[1024];
    size_t bytes = strlen(text);
    assert_true(bytes + TEXT_PADDING_BYTES < sizeof padded);
    memcpy(padded, text, bytes);
    memset(padded + bytes, ':', TEXT_PADDING_BYTES);
    return header_line_parse((struct slice){padded, bytes}, schema, header);
}

struct header_case {
    const char *what, *line;
    const struct schema *schema;   /* what the origin says; NULL: nothing */
    const struct schema *expected; /* NULL: no header */
};

/* clang-format off */
static const struct header_case header_cases[] = {
    {"the default of VPC", "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status", NULL, &schema_vpc_flow},
    {"any first column (ODDITIES 36)", "flow-direction traffic-path srcaddr dstaddr", NULL, &schema_vpc_flow},
    {"two columns", "srcaddr start", NULL, &schema_vpc_flow},
    {"what both have is VPC's", "start end srcaddr dstaddr", NULL, &schema_vpc_flow},
    {"unless the origin knows better", "start end srcaddr dstaddr", &schema_tgw_flow, &schema_tgw_flow},
    {"a transit gateway", "version account-id tgw-id srcaddr dstaddr start end", NULL, &schema_tgw_flow},
    {"Global Accelerator, documented names", "version aws_account_id accelerator_id client_ip client_port accelerator_ip accelerator_port", NULL, &schema_ga_flow},
    {"Global Accelerator, real names (ODDITIES 40)", "version aws_account_id accelerator_id client_ip client_port gip gip_port", NULL, &schema_ga_flow},
    {"spaces around and between", "  srcaddr   start ", NULL, NULL},
    {"spaces between", "srcaddr   start ", NULL, &schema_vpc_flow},
    {"a new name among known ones", "srcaddr start some-new-column2", NULL, &schema_vpc_flow},
    {"more new names than known ones", "srcaddr start new-a new-b new-c", NULL, NULL},
    {"one name", "srcaddr", NULL, NULL},
    {"a name twice", "srcaddr srcaddr start", NULL, NULL},
    {"another format's names", "start end srcaddr dstaddr", &schema_ga_flow, NULL},
    {"values", "2 123456789010 eni-1235b8ca123456789 10.0.0.1", NULL, NULL},
    {"values that begin like names", "ingress - 10.0.133.8 10.0.128.55 43236 80 1", NULL, NULL},
    {"names and a value behind what is looked at first", "version account-id interface-id srcaddr dstaddr 10.0.0.1", NULL, NULL},
    {"a line of another log", "https 2025-12-01T00:00:01.5Z app/w/1", NULL, NULL},
    {"words", "nothing to see here at all", NULL, NULL},
    {"nothing", "", NULL, NULL},
};
/* clang-format on */

static void test_which_lines(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof header_cases / sizeof header_cases[0]; i++) {
        const struct header_case *c = &header_cases[i];
        struct header header = {.columns_count = 77};
        if (parse(c->line, c->schema, &header) != (c->expected != NULL) ||
            (c->expected != NULL && header.schema != c->expected))
            fail_msg("%s: %s", c->what, header.schema != NULL ? header.schema->name : "no header");
        if (c->expected == NULL) assert_int_equal(header.columns_count, 77); /* unchanged */
    }
}

static void test_order(void **state) {
    (void)state;
    struct header header;
    assert_true(parse("end new srcaddr gip version", &schema_vpc_flow, &header));
    assert_int_equal(header.columns_count, 5);
    assert_string_equal(schema_vpc_flow.fields[header.columns[0]].name, "end");
    assert_int_equal(header.columns[1], HEADER_UNKNOWN);
    assert_string_equal(schema_vpc_flow.fields[header.columns[2]].name, "srcaddr");
    assert_int_equal(header.columns[3], HEADER_UNKNOWN); /* another format's other name */
    assert_string_equal(schema_vpc_flow.fields[header.columns[4]].name, "version");
    assert_true(parse("gip client_ip end_time", NULL, &header));
    assert_string_equal(schema_ga_flow.fields[header.columns[0]].name, "accelerator_ip");
}

/* No more columns than a line may have. */
static void test_many_columns(void **state) {
    (void)state;
    char line[1024] = "srcaddr start end dstaddr", *end = line + strlen(line);
    for (uint32_t i = 4; i <= FIELDS_MAX; i++)
        end += snprintf(end, 8, " a%c%c", 'a' + (int)(i / 26 % 26), 'a' + (int)(i % 26));
    struct header header = {.columns_count = 0};
    assert_false(parse(line, NULL, &header));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_which_lines),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_many_columns),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
