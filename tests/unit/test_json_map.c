/* Keys of JSON objects: every key of every format is found, and nothing that is not one.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ingest/json_map.h"
#include "tests/unit/guard.h"

#define KEY_BYTES_MAX 64u

/* By looking at each key. */
static const struct json_map_key *model_find(const struct json_map *map, uint8_t level, struct slice key) {
    for (uint32_t i = 0; i < map->keys_count; i++)
        if (map->keys[i].level == level && slice_equal(map->keys[i].text, key)) return &map->keys[i];
    return NULL;
}

static void check_key(const struct json_map *map, uint8_t level, struct slice key) {
    assert_ptr_equal(json_map_find(map, level, guard_copy(key)), model_find(map, level, key));
}

/* The key, one that is a byte longer or shorter, and one with another byte at each place. */
static void check_like(const struct json_map *map, uint8_t level, struct slice key) {
    char text[KEY_BYTES_MAX + 1];
    assert_in_range(key.len, 1, KEY_BYTES_MAX);
    memcpy(text, key.ptr, key.len);
    text[key.len] = 's';
    for (size_t bytes = 0; bytes <= key.len + 1; bytes++) check_key(map, level, (struct slice){text, bytes});
    for (size_t i = 0; i < key.len; i++) {
        text[i] ^= 1;
        check_key(map, level, (struct slice){text, key.len});
        text[i] ^= 1;
    }
}

static void test_all_keys(void **state) {
    (void)state;
    static struct json_map map;
    uint32_t maps_with_keys = 0;
    for (uint32_t i = 0; i < schemas_count; i++) {
        json_map_init(&map, schemas_all[i]);
        maps_with_keys += map.keys_count > 0;
        for (uint32_t j = 0; j < map.keys_count; j++) {
            assert_ptr_equal(json_map_find(&map, map.keys[j].level, map.keys[j].text), &map.keys[j]);
            for (int level = 0; level <= map.levels_count + 1; level++)
                check_like(&map, (uint8_t)level, map.keys[j].text);
        }
    }
    assert_true(maps_with_keys > 0);
}

/* Keys with the same first and last eight bytes: only the middle tells them apart, or the length. */
static void test_alike_keys(void **state) {
    (void)state;
    static struct json_map map;
    json_map_init(&map, schema_find(SLICE("ndjson")));
    assert_true(json_map_add(&map, SLICE("peer=upstream_a_response")));
    assert_true(json_map_add(&map, SLICE("peer=upstream_b_response")));
    uint32_t count = map.keys_count;
    assert_true(json_map_add(&map, SLICE("peer=upstream_a_response")));
    assert_int_equal(map.keys_count, count);
    check_like(&map, 0, SLICE("upstream_a_response"));
    check_like(&map, 0, SLICE("upstream_b_response"));
    assert_true(json_map_add(&map, SLICE("peer=ssssssssssss")));
    check_like(&map, 0, SLICE("ssssssssssss"));
    assert_null(json_map_find(&map, 0, SLICE("upstream_c_response")));
}

static int init(void **state) {
    (void)state;
    schemas_init();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_keys), cmocka_unit_test(test_alike_keys)};
    return cmocka_run_group_tests(tests, init, NULL);
}
