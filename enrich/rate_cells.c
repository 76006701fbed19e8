/* Sorting by keys is by radix from the last digit on, of some eleven bits each; those of 170,000 clients have two. What moves once per digit
 * are twelve bytes that say where a cell belongs and where it stands, cells move once. Those of one key come in order of their slots but for
 * a few that are late.
 *
 * Threads: see the header. */
#include "enrich/rate_cells.h"

#include <string.h>

#define DIGIT_BITS_MAX 11u
#define DIGITS_MAX (1u << DIGIT_BITS_MAX)
#define FEW 32u   /* of a key, that are put in order one by one */
#define AHEAD 16u /* cells that are on their way */

/* Where a cell belongs, and its number. */
struct place {
    uint32_t id, slot, cell;
};

/* What a digit is taken of: a slot since the first one, or an id without bits that none has. */
struct field {
    bool is_slot;
    uint32_t lowest, serial_bits;
};

static inline uint32_t value_of(const struct place *place, struct field field) {
    if (field.is_slot) return place->slot - field.lowest;
    return place->id >> RATE_SERIAL_BITS << field.serial_bits | (place->id & RATE_SERIAL_MASK);
}

static uint32_t bits_of(uint32_t value) {
    return value == 0 ? 0 : 32u - (uint32_t)__builtin_clz(value);
}

/* Places in order of one digit; false when all of them have the same one, and nothing is moved. */
static bool sort_digit(const struct place *from, struct place *to, uint32_t count, struct field field, uint32_t shift,
                       uint32_t bits) {
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

/* By all digits of a field, the last one first. `other` has as much room. */
static void sort_field(struct place *places, struct place *other, uint32_t count, struct field field, uint32_t bits) {
    uint32_t passes = (bits + DIGIT_BITS_MAX - 1) / DIGIT_BITS_MAX;
    uint32_t digit_bits = passes == 0 ? 0 : (bits + passes - 1) / passes;
    struct place *from = places, *to = other;
    for (uint32_t pass = 0; pass < passes; pass++) {
        if (!sort_digit(from, to, count, field, pass * digit_bits, digit_bits)) continue;
        struct place *sorted = to;
        to = from;
        from = sorted;
    }
    if (from != places) memcpy(places, from, count * sizeof *places);
}

/* Places of one id, by slot; mostly they stand so. */
static void sort_slots(struct place *places, struct place *other, uint32_t count) {
    uint32_t first = UINT32_MAX, last = 0;
    if (count > FEW) {
        for (uint32_t i = 0; i < count; i++) {
            if (places[i].slot < first) first = places[i].slot;
            if (places[i].slot > last) last = places[i].slot;
        }
        sort_field(places, other, count, (struct field){.is_slot = true, .lowest = first}, bits_of(last - first));
        return;
    }
    for (uint32_t i = 1; i < count; i++) {
        const struct place moved = places[i];
        uint32_t at = i;
        for (; at > 0 && places[at - 1].slot > moved.slot; at--) places[at] = places[at - 1];
        places[at] = moved;
    }
}

static void sort_places(struct place *places, struct place *other, uint32_t count) {
    uint32_t serial_most = 0, table_most = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t serial = places[i].id & RATE_SERIAL_MASK, table = places[i].id >> RATE_SERIAL_BITS;
        if (serial > serial_most) serial_most = serial;
        if (table > table_most) table_most = table;
    }
    struct field id = {.serial_bits = bits_of(serial_most)};
    sort_field(places, other, count, id, id.serial_bits + bits_of(table_most));
    for (uint32_t i = 1; i < count; i++) {
        uint32_t from = i - 1, to = i + 1;
        if (places[i].slot >= places[i - 1].slot || places[i].id != places[i - 1].id) continue;
        while (from > 0 && places[from - 1].id == places[i].id) from--;
        while (to < count && places[to].id == places[i].id) to++;
        sort_slots(places + from, other + from, to - from);
        i = to;
    }
}

/* Places stand in the last bytes of the room for cells: cells from its beginning on never reach a place that was not read yet. */
uint32_t rate_cells_sort(const struct rate_cell *cells, struct rate_cell *sorted, uint32_t count) {
    struct place *places = (struct place *)(void *)(sorted + count) - count;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++)
        places[i] = (struct place){.id = cells[i].id, .slot = cells[i].slot, .cell = i};
    sort_places(places, places - count, count);
    sorted[0] = cells[places[0].cell];
    for (uint32_t i = 1; i < count; i++) {
        const struct rate_cell *next = &cells[places[i].cell];
        __builtin_prefetch(&cells[places[i + AHEAD < count ? i + AHEAD : i].cell]);
        if (rate_cell_order(next) == rate_cell_order(&sorted[kept]))
            rate_cell_add(&sorted[kept], next);
        else
            sorted[++kept] = *next;
    }
    return kept + 1;
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
