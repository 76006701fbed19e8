/* Trees of a config: JSON and YAML give the same ones, and what is no JSON is said.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "schemas/limits.h"
#include "tests/unit/chain_config.h"
#include "tests/unit/guard.h"
#include "tests/unit/seeded.h"

/* A tree as a text: null is ~, a text in quotes, NUL as \0. Without recursion: parents are known. */
static void print_tree(const struct config_node *root, char *out, size_t room) {
    size_t used = 0;
    const struct config_node *at = root;
    bool down = true;
    while (at != NULL) {
        const char *const *ends = at->kind == CONFIG_LIST ? (const char *const[]){"[", "]"}
                                                          : (const char *const[]){"{", "}"};
        if (down) {
            if (at->key.ptr != NULL) used += (size_t)snprintf(out + used, room - used, "%s:", at->key.ptr);
            if (at->kind == CONFIG_NULL) used += (size_t)snprintf(out + used, room - used, "~");
            if (at->kind == CONFIG_TEXT) {
                out[used++] = '"';
                for (size_t i = 0; i < at->text.len; i++)
                    used += (size_t)snprintf(out + used, room - used, at->text.ptr[i] == '\0' ? "\\0" : "%c",
                                             at->text.ptr[i]);
                out[used++] = '"';
                assert_int_equal(at->text.ptr[at->text.len], '\0');
            }
            if (at->kind == CONFIG_LIST || at->kind == CONFIG_MAPPING)
                used += (size_t)snprintf(out + used, room - used, "%s", ends[0]);
            if (at->first != NULL) {
                at = at->first;
                continue;
            }
        }
        if (at->kind == CONFIG_LIST || at->kind == CONFIG_MAPPING)
            used += (size_t)snprintf(out + used, room - used, "%s", ends[1]);
        down = at->next != NULL && at != root;
        if (down) used += (size_t)snprintf(out + used, room - used, ",");
        at = at == root ? NULL : down ? at->next : at->parent;
        assert_true(used < room);
    }
    out[used] = '\0';
}

static void test_json(void **state) {
    (void)state;
    static const struct {
        const char *json, *expected; /* a tree, or an error */
    } cases[] = {
        {"[]", "[]"},
        {"{}", "{}"},
        {" null ", "~"},
        {"true", "\"true\""},
        {"false", "\"false\""},
        {"12", "\"12\""},
        {"-9223372036854775808", "\"-9223372036854775808\""},
        {"1.5", "\"1.5\""},
        {"1e300", "\"1e+300\""},
        {"\"\"", "\"\""},
        {"\"a\\u0000b\"", "\"a\\0b\""},
        {"\"\\u20ac\"", "\"\xE2\x82\xAC\""},
        {"[1, [2, []], {\"b\": {}, \"a\": [null]}, \"x\"]", "[\"1\",[\"2\",[]],{b:{},a:[~]},\"x\"]"},
        {"[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]", "[[[[[[[[[[[[[[[[\"1\"]]]]]]]]]]]]]]]]"},
        {"[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", "expected at most 16 lists and objects inside one another, got more"},
        {"", "line 1, column 0: not JSON: unexpected token near end of file"},
        {"{\"a\": 1,\n \"a\": 2}", "line 2, column 4: not JSON: duplicate object key near '\"a\"'"},
        {"[1,]", "line 1, column 4: not JSON: unexpected token near ']'"},
        {"[1] 2", "line 1, column 5: not JSON: end of file expected near '2'"},
        {"\"a\nb\"", "line 1, column 2: not JSON: unexpected newline near '\"a'"},
        {"\"\xFF\"", "line 1, column 1: not JSON: unable to decode byte 0xff near '\"'"},
        {"{'a': 1}", "line 1, column 2: not JSON: string or '}' expected near '''"},
        {"NaN", "line 1, column 3: not JSON: invalid token near 'NaN'"},
        {"99999999999999999999", "line 1, column 20: not JSON: too big integer near '99999999999999999999'"},
    };
    struct arena arena = {0};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char found[1024];
        const struct config_node *root;
        struct error error;
        enum status status = config_tree_from_json(&arena, guard_copy(slice_from(cases[i].json)), &root, &error);
        if (status == STATUS_OK) {
            print_tree(root, found, sizeof found);
        } else {
            assert_int_equal(status, STATUS_USAGE);
            snprintf(found, sizeof found, "%s", error.message);
        }
        if (strcmp(found, cases[i].expected) != 0)
            fail_msg("%s:\nexpected %s\nfound    %s", cases[i].json, cases[i].expected, found);
        arena_reset(&arena);
    }
    arena_destroy(&arena);
}

/* What JSON and YAML have in common gives one tree; YAML's also knows where everything stands. */
static void test_yaml_is_json(void **state) {
    (void)state;
    static const char json[] =
        "{\"web\": [{\"type\": \"alb\", \"peers\": [\"10.0.0.0/8\", null], \"xff_port\": false}, []], \"b\": {}}";
    static const char *const forms[] = {
        json,
        "{web: [{type: alb, peers: [10.0.0.0/8, ~], xff_port: false}, []], b: {}}",
        "\n  web:\n  - type: alb\n    peers:\n    - 10.0.0.0/8\n    -\n    xff_port: false\n  - []\n  b: {}",
    };
    struct arena arena = {0};
    const struct config_node *root;
    char expected[512], found[512];
    assert_int_equal(config_tree_from_json(&arena, slice_from(json), &root, NULL), STATUS_OK);
    print_tree(root, expected, sizeof expected);
    struct chain_config config;
    chain_config_init(&config);
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        char text[512];
        snprintf(text, sizeof text, "chains: %s\n", forms[i]);
        chain_config_load(&config, text, NULL);
        assert_string_equal(config.error.message, "");
        print_tree(config.sections.trees[CONFIG_CHAINS], found, sizeof found);
        assert_string_equal(found, expected);
    }
    const struct config_node *web = config_node_member(config.sections.trees[CONFIG_CHAINS], "web");
    assert_non_null(web);
    assert_null(config_node_member(web, "web"));
    assert_null(config_node_member(config.sections.trees[CONFIG_CHAINS], "we"));
    assert_true(web->key_place.line == 2 && web->key_place.column == 3);
    const struct config_node *peers = config_node_member(web->first, "peers");
    assert_true(peers->count == 2 && peers->last->place.line == 6 && peers->first->place.column == 7);
    chain_config_destroy(&config);
    arena_destroy(&arena);
}

/* A mapping of a config is looked through for each key that comes: its size is bounded. */
static void test_members_end(void **state) {
    (void)state;
    struct chain_config config;
    chain_config_init(&config);
    static char text[32 * CONFIG_MEMBERS_MAX];
    int used = sprintf(text, "chains:\n");
    for (unsigned i = 0; i < CONFIG_MEMBERS_MAX; i++) used += sprintf(text + used, "  c%u: alb\n", i);
    chain_config_load(&config, text, NULL);
    assert_string_equal(config.error.message, "");
    assert_int_equal(config.chains->own_count, CONFIG_MEMBERS_MAX);
    sprintf(text + used, "  more: alb\n");
    chain_config_load(&config, text, NULL);
    assert_non_null(strstr(config.error.message, ":1026:3: expected at most 1024 keys, got more"));
    chain_config_destroy(&config);
}

static void test_arena(void **state) {
    (void)state;
    struct arena arena = {0};
    arena_reset(&arena);
    assert_non_null(arena_take(&arena, 0));
    for (int round = 0; round < 3; round++) {
        char *taken[300];
        for (size_t i = 0; i < COUNT_OF(taken); i++) {
            size_t bytes = i * i * 7 % 5000 + (i == 250 ? 1u << 20 : 0);
            taken[i] = arena_take(&arena, bytes);
            assert_true(taken[i] != NULL && (uintptr_t)taken[i] % _Alignof(max_align_t) == 0);
            for (size_t j = 0; j < bytes; j++) assert_int_equal(taken[i][j], 0);
            memset(taken[i], 1 + (int)i % 100, bytes);
        }
        for (size_t i = 0; i < COUNT_OF(taken); i++) /* nobody has another's bytes */
            for (size_t j = 0; j < i * i * 7 % 5000; j++) assert_int_equal(taken[i][j], 1 + (int)i % 100);
        arena_reset(&arena);
    }
    struct slice copy = arena_copy(&arena, (struct slice){0});
    assert_true(copy.len == 0 && copy.ptr[0] == '\0');
    volatile size_t too_much = SIZE_MAX - 3;
    assert_null(arena_take(&arena, too_much));
    arena_destroy(&arena);
    arena_destroy(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_yaml_is_json),
        cmocka_unit_test(test_members_end),
        cmocka_unit_test(test_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
