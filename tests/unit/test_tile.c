/* Tiles: cities by the textbook's other formula (asinh of a tangent), borders, poles and the date line; what is written of a place.
 *
 * That OpenSearch puts the same places into the same tiles is asked of a real node: tests/opensearch/rollup_cases.py.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/degrees.h"
#include "base/tile.h"
#include "tests/unit/seeded.h"

struct tile_case {
    const char *what;
    struct tile_point place;
    const char *tile;
};

/* clang-format off */
static const struct tile_case tile_cases[] = {
    {"London", {-0.125, 51.5}, "7/63/42"},
    {"Stockholm", {18.0686, 59.3293}, "7/70/37"},
    {"Sydney", {151.2093, -33.8688}, "7/117/76"},
    {"Quito", {-78.4678, -0.1807}, "7/36/64"},
    {"Honolulu", {-157.8583, 21.3069}, "7/7/56"},
    {"Suva", {178.4419, -18.1416}, "7/127/70"},
    {"Reykjavik", {-21.9426, 64.1466}, "7/56/34"},
    {"Ushuaia", {-68.3029, -54.8019}, "7/39/87"},
    {"where both axes meet", {0, 0}, "7/64/64"},
    {"west and south of it", {-0.000001, -0.000001}, "7/63/64"},
    {"north of it", {0, 0.000001}, "7/64/63"},
    {"the last column's end", {180, 0}, "7/127/64"},
    {"the first one's begin", {-180, 0}, "7/0/64"},
    {"a border of columns", {2.8125, 0.1}, "7/65/63"},
    {"in front of it", {2.812499, 0.1}, "7/64/63"},
    {"nearer to the border than is written", {2.81249999, 0.1}, "7/65/63"},
    {"the north pole", {10, 90}, "7/67/0"},
    {"the south pole", {10, -90}, "7/67/127"},
    {"beyond the map in the north", {10, 85.06}, "7/67/0"},
    {"beyond it in the south", {10, -85.06}, "7/67/127"},
    {"the first row", {10, 85.05}, "7/67/0"},
    {"the second row", {10, 84.7}, "7/67/1"},
    {"the last row", {10, -85.05}, "7/67/127"},
};
/* clang-format on */

static void test_known(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(tile_cases); i++) {
        char text[TILE_TEXT_BYTES];
        uint32_t bytes = tile_write(tile_at(tile_cases[i].place), text);
        if (strcmp(text, tile_cases[i].tile) != 0) fail_msg("%s: %s", tile_cases[i].what, text);
        assert_int_equal(bytes, strlen(text));
    }
}

/* A tile's middle is in it, and the corners around that are in it or in its neighbours. */
static void test_centres(void **state) {
    (void)state;
    for (uint32_t tile = 0; tile < TILE_COLUMNS * TILE_COLUMNS; tile++) {
        struct tile_point centre = tile_centre((uint16_t)tile);
        assert_int_equal(tile_at(centre), tile);
        double half = 180.0 / TILE_COLUMNS;
        struct tile_point west = {centre.longitude - half + 1e-5, centre.latitude},
                          east = {centre.longitude + half - 1e-5, centre.latitude};
        assert_int_equal(tile_at(west), tile);
        assert_int_equal(tile_at(east), tile);
    }
    struct tile_point first = tile_centre(0), last = tile_centre(TILE_COLUMNS * TILE_COLUMNS - 1);
    assert_true(fabs(first.latitude - 84.92832) < 1e-4 && fabs(last.latitude + 84.92832) < 1e-4);
    assert_true(fabs(first.longitude + 178.59375) < 1e-9 && fabs(last.longitude - 178.59375) < 1e-9);
}

/* Chance against the other formula; places within a metre of a border are left out. */
static void test_chance(void **state) {
    struct seeded seeded = {7};
    (void)state;
    for (int i = 0; i < 200000; i++) {
        struct tile_point place = {seeded_below(&seeded, 360000000) / 1e6 - 180,
                                   seeded_below(&seeded, 170000000) / 1e6 - 85};
        double x = (place.longitude + 180) / 360 * TILE_COLUMNS;
        double y = (1 - asinh(tan(place.latitude * M_PI / 180)) / M_PI) / 2 * TILE_COLUMNS;
        if (fabs(x - round(x)) < 1e-5 || fabs(y - round(y)) < 1e-5) continue;
        assert_int_equal(tile_at(place), (uint32_t)x * TILE_COLUMNS + (uint32_t)y);
    }
}

static void test_degrees(void **state) {
    static const struct {
        double degrees;
        const char *text;
    } cases[] = {{0, "0.0"},
                 {-0.0000001, "0.0"},
                 {54, "54.0"},
                 {-2.5, "-2.5"},
                 {-0.125, "-0.125"},
                 {139.6917064, "139.691706"},
                 {-179.9999996, "-180.0"},
                 {0.000001, "0.000001"}};
    struct seeded seeded = {11};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[DEGREES_BYTES_MAX + 1] = {0};
        *degrees_write(text, cases[i].degrees) = '\0';
        assert_string_equal(text, cases[i].text);
        assert_true(degrees_as_read(cases[i].degrees) == strtod(text, NULL));
    }
    for (int i = 0; i < 100000; i++) {
        double degrees = (double)(int64_t)seeded_next(&seeded) / 0x1p63 * 180;
        char text[DEGREES_BYTES_MAX + 1];
        *degrees_write(text, degrees) = '\0';
        assert_true(degrees_as_read(degrees) == strtod(text, NULL));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_known), cmocka_unit_test(test_centres),
                                       cmocka_unit_test(test_chance), cmocka_unit_test(test_degrees)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
