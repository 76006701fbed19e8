/* Values without what is null, empty or twice: cases, and each of them with every smaller room.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/json_compact.h"

enum { LINE_ROOM = 4096, TEXT_ROOM = 64 * 1024 };

struct compact_case {
    const char *what, *value, *expected; /* NULL: the value itself */
};

/* clang-format off */
static const struct compact_case cases[] = {
    {"nothing to leave out", "[{\"a\":1},\"b\",true,[2.50]]", NULL},
    {"white space stays where all does", "[ 1 , {\"a\" : 2} ]", NULL},
    {"null members and items", "{\"a\":null,\"b\":[null,1,null],\"c\":2}", "{\"b\":[1],\"c\":2}"},
    {"empty ones", "{\"a\":\"\",\"b\":[],\"c\":{},\"d\":0}", "{\"d\":0}"},
    {"what holds nothing else", "[{\"a\":{\"b\":[null,[\"\"]]}},3]", "[3]"},
    {"nothing left", "{\"a\":[{\"b\":null}]}", ""},
    {"empty from the start", "[]", ""},
    {"of twins the first", "[{\"a\":1,\"b\":2,\"a\":3,\"a\":4}]", "[{\"a\":1,\"b\":2}]"},
    {"of twins the first that says something", "{\"a\":null,\"a\":2,\"a\":[]}", "{\"a\":2}"},
    {"twins by their escapes", "{\"\\u0061\":1,\"a\":2}", "{\"a\":1}"},
    {"no twins in two objects", "[{\"a\":1},{\"a\":2}]", NULL},
    {"escapes are written anew", "[null,\"q\\\"\\\\\\n\\u0001\\ud83d\\ude00[{\",\"]\"]", "[\"q\\\"\\\\\\n\\u0001\xf0\x9f\x98\x80[{\",\"]\"]"},
    {"closed as opened", "[[[null,[1]]],{\"a\":{\"b\":{\"c\":1,\"d\":null}}}]", "[[[[1]]],{\"a\":{\"b\":{\"c\":1}}}]"},
};
/* clang-format on */

/* The value as the only member of an object. */
static struct span compact(const char *value, size_t room, char *text, const struct json_tree **read) {
    static struct json_tree tree;
    struct json_reader *reader = json_reader_new();
    const char *expected;
    uint32_t bytes = (uint32_t)(stpcpy(stpcpy(stpcpy(text, "{\"v\":"), value), "}") - text);
    struct spare spare = {text, LINE_ROOM, TEXT_ROOM - 64};
    assert_non_null(reader);
    assert_int_equal(json_tree_read(reader, text, (struct span){0, bytes}, &spare, &tree, &expected), JSON_GOOD);
    json_reader_free(reader);
    *read = &tree;
    if (room < spare.end - spare.used) spare.end = spare.used + (uint32_t)room;
    memset(text + spare.end, 'Z', 32);
    struct span span = json_compact(&tree, text, 1, &spare);
    for (int i = 0; i < 32; i++) assert_int_equal(text[spare.end + (uint32_t)i], 'Z');
    return span;
}

static void test_compact(void **state) {
    (void)state;
    char *text = calloc(1, TEXT_ROOM);
    assert_non_null(text);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct compact_case *c = &cases[i];
        const struct json_tree *tree;
        const char *expected = c->expected != NULL ? c->expected : c->value;
        for (size_t room = TEXT_ROOM;; room = room > 200 ? 200 : room - 1) {
            struct span span = compact(c->value, room, text, &tree);
            bool same = span.length == strlen(expected) && memcmp(text + span.offset, expected, span.length) == 0;
            bool unchanged = span.offset == tree->nodes[1].text.offset && span.length == tree->nodes[1].text.length;
            if (!same && (room == TEXT_ROOM || !unchanged))
                fail_msg("%s, room %zu: %.*s", c->what, room, (int)span.length, text + span.offset);
            if (room == 0) break;
        }
    }
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_compact)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
