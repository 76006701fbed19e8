/* Marks of addresses as address_marks.h says them, character by character, against those of all vectors that this processor has.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_TESTS_MARKS_MODEL_H
#define WHEREFROM_TESTS_MARKS_MODEL_H

#include <stdbool.h>

#include "base/check.h"
#include "base/cpu.h"
#include "base/slice.h"
#include "sinks/address_marks.h"

#define MARKS_BLOCK_BYTES 64u /* what the marks of a piece depend on */

static inline bool model_is_digit(char c) {
    return c >= '0' && c <= '9';
}

static inline bool model_is_separator(char c) {
    return c == '.' || c == '-' || c == '_';
}

static inline bool model_is_hex(char c) {
    return model_is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Characters of a kind behind `at`, as far as a block goes. */
static inline uint32_t model_run(const char *block, uint32_t at, bool (*is_kind)(char)) {
    uint32_t count = 0;
    while (at + 1 + count < MARKS_BLOCK_BYTES && is_kind(block[at + 1 + count])) count++;
    return count;
}

/* A colon with another one right behind it, or behind one to four hex digits; `*second` is where. */
static inline bool model_second_colon(const char *block, uint32_t at, uint32_t *second) {
    uint32_t digits = model_run(block, at, model_is_hex);
    *second = at + 1 + digits;
    return digits <= 4 && *second < MARKS_BLOCK_BYTES && block[*second] == ':';
}

/* What address_marks.h says, for one character. */
static inline bool model_is_mark(const char *block, uint32_t at) {
    uint32_t second, third;
    if (block[at] == '%' || block[at] == '\\') return true;
    if (block[at] == ':')
        return model_second_colon(block, at, &second) &&
               (second == at + 1 || model_second_colon(block, second, &third));
    for (int i = 0; i < 2; i++) {
        uint32_t digits = model_run(block, at, model_is_digit), next = at + 1 + digits;
        if (!model_is_separator(block[at]) || digits < 1 || digits > 3 || next >= MARKS_BLOCK_BYTES) return false;
        at = next;
    }
    return model_is_separator(block[at]) && model_run(block, at, model_is_digit) > 0;
}

static inline void check_marks(address_marks_function *marks_function, const char *block, const char *end,
                               uint64_t wanted) {
    uint64_t marks;
    const char *found = marks_function(block, end, &marks);
    ASSERT(wanted != 0 ? found == block && marks == wanted : found > block || marks == 0);
}

/* The same marks by all vectors as character by character. */
static inline void marks_model_compare(struct slice text) {
    const char *end = text.ptr + text.len;
    for (const char *block = text.ptr; block < end; block += ADDRESS_MARKS_BYTES) {
        uint64_t wanted = 0;
        for (uint32_t at = 0; at < ADDRESS_MARKS_BYTES && block + at < end; at++)
            wanted |= (uint64_t)model_is_mark(block, at) << at;
        check_marks(address_marks_baseline, block, end, wanted);
#if defined(__x86_64__)
        if (cpu_level() >= CPU_AVX2) check_marks(address_marks_avx2, block, end, wanted);
        if (cpu_level() >= CPU_AVX512) check_marks(address_marks_avx512, block, end, wanted);
#endif
    }
}

#endif
