/* Sorting by keys is by radix from the last digit on: cells move once per digit of some eleven bits, and those of 170,000 clients have two.
 * Those of one key come in order of their slots but for a few that are late.
 *
 * Threads: see the header. */
#include "enrich/rate_cells.h"

#include <string.h>

#define DIGIT_BITS_MAX 11u
#define DIGITS_MAX (1u << DIGIT_BITS_MAX)
#define FEW 32u /* of a key, that are put in order one by one */

/* What a digit is taken of: a slot since the first one, or an id without bits that none has. */
struct field {
    bool is_slot;
    uint32_t lowest, serial_bits;
};

static inline uint32_t value_of(const struct rate_cell *cell, struct field field) {
    if (field.is_slot) return cell->slot - field.lowest;
    return rate_cell_table(cell) << field.serial_bits | rate_cell_serial(cell);
}

static uint32_t bits_of(uint32_t value) {
    return value == 0 ? 0 : 32u - (uint32_t)__builtin_clz(value);
}

/* Cells in order of one digit; false when all of them have the same one, and nothing is moved. */
static bool sort_digit(const struct rate_cell *from, struct rate_cell *to, uint32_t count, struct field field,
                       uint32_t shift, uint32_t bits) {
    uint32_t starts[DIGITS_MAX] = {0}, mask = (1u << bits) - 1, sum = 0;
    for (uint32_t i = 0; i < count; i++) starts[value_of(&from[i], field) >> shift & mask]++;
    if (starts[value_of(&from[0], field) >> shift & mask] == count) return false;
    for (uint32_t digit = 0; digit <= mask; digit++) {
        uint32_t here = starts[digit];
        starts[digit] = sum;
        sum += here;
    }
    for (uint32_t i = 0; i < count; i++) to[starts[value_of(&from[i], field) >> shift & mask]++] = from[i];
    return true;
}

/* By all digits of a field, the last one first. */
static struct rate_cell *sort_field(struct rate_cell *cells[2], uint32_t count, struct field field, uint32_t bits) {
    uint32_t passes = (bits + DIGIT_BITS_MAX - 1) / DIGIT_BITS_MAX;
    uint32_t digit_bits = passes == 0 ? 0 : (bits + passes - 1) / passes;
    for (uint32_t pass = 0; pass < passes; pass++) {
        if (!sort_digit(cells[0], cells[1], count, field, pass * digit_bits, digit_bits)) continue;
        struct rate_cell *sorted = cells[1];
        cells[1] = cells[0];
        cells[0] = sorted;
    }
    return cells[0];
}

/* Cells of one id, by slot; mostly they stand so. */
static void sort_slots(struct rate_cell *cells, struct rate_cell *other, uint32_t count) {
    uint32_t first = UINT32_MAX, last = 0;
    if (count > FEW) {
        for (uint32_t i = 0; i < count; i++) {
            if (cells[i].slot < first) first = cells[i].slot;
            if (cells[i].slot > last) last = cells[i].slot;
        }
        struct rate_cell *both[2] = {cells, other};
        struct field slot = {.is_slot = true, .lowest = first};
        if (sort_field(both, count, slot, bits_of(last - first)) != cells) memcpy(cells, other, count * sizeof *cells);
        return;
    }
    for (uint32_t i = 1; i < count; i++) {
        const struct rate_cell moved = cells[i];
        uint32_t at = i;
        for (; at > 0 && cells[at - 1].slot > moved.slot; at--) cells[at] = cells[at - 1];
        cells[at] = moved;
    }
}

struct rate_cell *rate_cells_sort(struct rate_cell *cells, struct rate_cell *other, uint32_t count) {
    uint32_t serial_most = 0, table_most = 0;
    struct rate_cell *both[2] = {cells, other};
    for (uint32_t i = 0; i < count; i++) {
        uint32_t serial = rate_cell_serial(&cells[i]), table = rate_cell_table(&cells[i]);
        if (serial > serial_most) serial_most = serial;
        if (table > table_most) table_most = table;
    }
    struct field id = {.serial_bits = bits_of(serial_most)};
    struct rate_cell *sorted = sort_field(both, count, id, id.serial_bits + bits_of(table_most));
    for (uint32_t from = 0, to; from < count; from = to) {
        bool ordered = true;
        for (to = from + 1; to < count && sorted[to].id == sorted[from].id; to++)
            ordered &= sorted[to].slot >= sorted[to - 1].slot;
        if (!ordered) sort_slots(sorted + from, both[1] + from, to - from);
    }
    return sorted;
}

uint32_t rate_cells_find(const struct rate_cell *cells, uint32_t count, uint32_t id, uint32_t slot) {
    uint64_t wanted = (uint64_t)id << 32 | slot;
    uint32_t from = 0;
    while (count > 0) {
        uint32_t half = count / 2;
        if (rate_cell_order(&cells[from + half]) < wanted) {
            from += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return from;
}
