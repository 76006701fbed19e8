/* The members of records: what libmaxminddb finds for a path is found in chance records, whole and damaged, and nothing else in
 * whole ones. (It sees nothing behind a number that is longer than its type, which is a value like any other when skipped.)
 *
 * The data section ends at an unreadable page.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "enrich/geo_record.h"
#include "tests/unit/guard.h"
#include "tests/unit/seeded.h"

static const char *const keys[] = {"a",   "ab", "city", "country",         "code", "names", "en",
                                   "isp", "i",  "",     "is_anonymous_vpn"};

static const char *const paths[][4] = {
    {"a"},
    {"ab"},
    {"city", "names", "en"},
    {"country", "code"},
    {"country"},
    {"names", "0"},
    {"names", "1", "a"},
    {"isp"},
    {"isp", "isp"},
    {"en", "en", "en"},
    {"code"},
    {"i", "ab"},
    {"absent"},
    {"ab", "2"},
    {"is_anonymous_vpn"},
};

struct section {
    struct seeded seeded;
    uint32_t bytes;
    uint8_t data[16384];
};

static void put(struct section *section, uint32_t byte) {
    if (section->bytes < sizeof section->data) section->data[section->bytes++] = (uint8_t)byte;
}

static void put_text(struct section *section, const char *text) {
    put(section, (uint32_t)MMDB_DATA_TYPE_UTF8_STRING << 5 | (uint32_t)strlen(text));
    for (; *text != '\0'; text++) put(section, (uint8_t)*text);
}

/* To anything before, of either of two sizes. */
static void put_pointer(struct section *section) {
    uint32_t target = seeded_below(&section->seeded, section->bytes + 1);
    if (target < 2048) {
        put(section, (uint32_t)MMDB_DATA_TYPE_POINTER << 5 | target >> 8);
        put(section, target);
    } else {
        put(section, (uint32_t)MMDB_DATA_TYPE_POINTER << 5 | 1u << 3 | (target - 2048) >> 16);
        put(section, (target - 2048) >> 8);
        put(section, target - 2048);
    }
}

static void put_value(struct section *section, uint32_t depth);

static void put_key(struct section *section) {
    if (seeded_below(&section->seeded, 16) == 0)
        put_pointer(section);
    else
        put_text(section, keys[seeded_below(&section->seeded, COUNT_OF(keys))]);
}

static void put_map(struct section *section, uint32_t depth, uint32_t size) {
    if (size < 29) {
        put(section, (uint32_t)MMDB_DATA_TYPE_MAP << 5 | size);
    } else {
        put(section, (uint32_t)MMDB_DATA_TYPE_MAP << 5 | 29);
        put(section, size - 29);
    }
    for (; size > 0; size--) {
        put_key(section);
        put_value(section, depth + 1);
    }
}

static void put_value(struct section *section, uint32_t depth) {
    struct seeded *seeded = &section->seeded;
    uint32_t size = seeded_below(seeded, 5);
    switch (seeded_below(seeded, depth < 4 ? 8 : 6)) {
    case 0: put_pointer(section); break;
    case 1: /* a number, perhaps of another size than its type has */
        put(section, (uint32_t)MMDB_DATA_TYPE_UINT32 << 5 | size);
        for (; size > 0; size--) put(section, seeded_below(seeded, 256));
        break;
    case 2:
        put(section, size & 1);
        put(section, MMDB_DATA_TYPE_BOOLEAN - 7);
        break;
    case 3: /* a long text, its size in two bytes behind the control byte */
        put(section, (uint32_t)MMDB_DATA_TYPE_UTF8_STRING << 5 | 30);
        put(section, 0);
        put(section, size);
        for (uint32_t i = 0; i < 285 + size; i++) put(section, 'x');
        break;
    case 4:
    case 5: put_text(section, keys[seeded_below(seeded, COUNT_OF(keys))]); break;
    case 6:
        put(section, size);
        put(section, MMDB_DATA_TYPE_ARRAY - 7);
        for (; size > 0; size--) put_value(section, depth + 1);
        break;
    default: put_map(section, depth, size); break;
    }
}

static uint64_t check_record(const MMDB_s *mmdb, uint32_t offset, bool damaged, bool *complete) {
    struct geo_record record;
    uint64_t found = 0;
    MMDB_entry_s entry = {.mmdb = mmdb, .offset = offset};
    geo_record_read(entry, &record);
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        MMDB_entry_data_s got, expected;
        bool is_there = MMDB_aget_value(&entry, &expected, paths[i]) == MMDB_SUCCESS && expected.has_data;
        bool is_found = geo_record_value(&record, paths[i], &got);
        assert_true(is_found == is_there || (damaged && is_found));
        if (!is_there) continue;
        assert_int_equal(got.type, expected.type);
        assert_int_equal(got.offset, expected.offset);
        if (got.type == MMDB_DATA_TYPE_UTF8_STRING) assert_int_equal(got.data_size, expected.data_size);
        found++;
    }
    *complete = record.complete;
    return found;
}

static void test_chance_records(void **state) {
    (void)state;
    static struct section section = {.seeded = {7}};
    struct seeded *seeded = &section.seeded;
    uint64_t found = 0, complete_count = 0;
    for (int round = 0; round < 100000; round++) {
        section.bytes = 0;
        for (uint32_t count = seeded_below(seeded, 4); count > 0; count--) put_value(&section, 0);
        uint32_t entry = section.bytes;
        put_map(&section, 0, seeded_below(seeded, seeded_below(seeded, 20) == 0 ? 60 : 9));
        for (uint32_t i = 0; i < 14; i++) put(&section, 0xab); /* the metadata's mark */
        if (round % 2 == 0)
            for (uint32_t i = seeded_below(seeded, 4); i > 0; i--)
                section.data[seeded_below(seeded, section.bytes)] = (uint8_t)seeded_below(seeded, 256);
        if (round % 8 == 0) section.bytes = 3 + seeded_below(seeded, section.bytes - 3);
        struct slice guarded = guard_copy((struct slice){(const char *)section.data, section.bytes});
        MMDB_s mmdb = {.data_section = (const uint8_t *)guarded.ptr, .data_section_size = section.bytes};
        bool complete;
        found += check_record(&mmdb, entry, round % 2 == 0, &complete);
        complete_count += complete;
    }
    assert_true(found > 100000);
    assert_true(complete_count > 50000 && complete_count < 100000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chance_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
