/* The scanner's body, included by scan_baseline.c, scan_avx2.c and scan_avx512.c. Each defines SCAN_NAME and, before it
 * includes this, for its instruction set: struct masks and load_masks(), newline_mask(), and lowest_bit(), whose result does not matter
 * for 0; or, with SCAN_STORES_ENDS, store_ends() itself.
 *
 * Threads: pure functions. */
#include <string.h>

#include "base/scan.h"

/* Bit i of the quote mask says that byte i opens or closes; the prefix XOR turns that into "inside". */
static inline uint64_t prefix_xor(uint64_t mask) {
    mask ^= mask << 1;
    mask ^= mask << 2;
    mask ^= mask << 4;
    mask ^= mask << 8;
    mask ^= mask << 16;
    mask ^= mask << 32;
    return mask;
}

/* Bytes that stand behind an unescaped backslash. AWS never writes one raw, so this is the rare path. */
static uint64_t escaped_bytes(uint64_t backslash, bool *carry) {
    uint64_t escaped = 0;
    bool pending = *carry;
    for (int i = 0; i < 64; i++) {
        uint64_t bit = (uint64_t)1 << i;
        if (pending) {
            escaped |= bit;
            pending = false;
        } else {
            pending = (backslash & bit) != 0;
        }
    }
    *carry = pending;
    return escaped;
}

static bool any_odd(const char *text, uint32_t bytes) {
    for (uint32_t i = 0; i < bytes; i++)
        if ((signed char)text[i] < 0x20 || text[i] == '\\') return true;
    return false;
}

#ifndef SCAN_STORES_ENDS
/* Offsets of the set bits. Eight at a time without asking: one branch that is nearly always taken the same way instead
 * of a loop with an unpredictable count (45 ns a line). */
static inline void store_ends(uint32_t *ends, uint64_t spaces, uint32_t found, uint32_t base) {
    for (uint32_t stored = 0; stored < found; stored += 8) {
        for (int i = 0; i < 8; i++) {
            ends[i] = base + lowest_bit(spaces);
            spaces &= spaces - 1;
        }
        ends += 8;
    }
}
#endif

static void scan_line_kernel(const char *text, uint32_t text_bytes, bool quoted, uint32_t *ends, uint32_t ends_max,
                             struct scan_line *line) {
    uint64_t inside_carry = 0, odd = 0;
    uint32_t ends_count = 0, quotes_count = 0, base = 0, length = 0;
    bool escape_carry = false, done = false;
    while (!done) {
        struct masks masks = load_masks(text + base);
        uint32_t left = text_bytes - base;
        if (left < 64) masks.newline |= (uint64_t)1 << left;
        uint64_t valid = ~(uint64_t)0;
        if (masks.newline != 0) {
            length = (uint32_t)__builtin_ctzll(masks.newline);
            valid = ((uint64_t)1 << length) - 1;
            length += base;
            done = true;
        }
        uint64_t quotes = masks.quote & valid;
        uint64_t backslash = masks.backslash & valid;
        if (backslash != 0 || escape_carry) quotes &= ~escaped_bytes(backslash, &escape_carry);
        uint64_t inside = 0;
        if (quoted) {
            inside = (quotes == 0 ? 0 : prefix_xor(quotes)) ^ inside_carry;
            inside_carry = (uint64_t)((int64_t)inside >> 63);
        }
        quotes_count += (uint32_t)__builtin_popcountll(quotes);
        /* a CR at the very end of the line is part of its end, not of its text */
        if (done && length > base && text[length - 1] == '\r') valid >>= 1;
        odd |= masks.odd & valid;
        uint64_t spaces = masks.space & valid & ~inside;
        uint32_t found = (uint32_t)__builtin_popcountll(spaces);
        if (ends_count + found > ends_max) {
            ends_count = ends_max + 1; /* too many: nothing more is stored, the end is still looked for */
            base += 64;
            if (base >= text_bytes && !done) {
                length = text_bytes;
                done = true;
            }
            continue;
        }
        store_ends(ends + ends_count, spaces, found, base);
        ends_count += found;
        base += 64;
        if (base >= text_bytes && !done) {
            length = text_bytes;
            done = true;
        }
    }
    line->consumed = length < text_bytes ? length + 1 : text_bytes;
    if (length > 0 && text[length - 1] == '\r') {
        length--;
        if (length % 64 == 63) odd = any_odd(text, length); /* the CR was taken for text: its block ended with it */
    }
    if (ends_count <= ends_max) ends[ends_count++] = length;
    line->length = length;
    line->ends_count = ends_count;
    line->quotes_count = quotes_count;
    line->odd = odd != 0;
    line->quote_open = inside_carry != 0 || (quoted && (quotes_count & 1) != 0);
}

static uint32_t scan_newlines_kernel(const char *text, size_t text_bytes, uint32_t lines_max, size_t *end) {
    uint32_t lines = 0;
    *end = 0;
    for (size_t base = 0; base < text_bytes && lines < lines_max; base += 64) {
        uint64_t newlines = newline_mask(text + base);
        if (text_bytes - base < 64) newlines &= ((uint64_t)1 << (text_bytes - base)) - 1;
        if (newlines == 0) continue;
        uint32_t found = (uint32_t)__builtin_popcountll(newlines);
        while (lines + found > lines_max) { /* only in the last block: drop the highest ones */
            newlines &= ~((uint64_t)1 << (63 - __builtin_clzll(newlines)));
            found--;
        }
        lines += found;
        *end = base + 64 - (size_t)__builtin_clzll(newlines);
    }
    return lines;
}

const struct scan_kernel SCAN_NAME = {SCAN_TEXT, scan_line_kernel, scan_newlines_kernel};
