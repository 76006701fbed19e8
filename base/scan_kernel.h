/* The scanner's body, included by scan_baseline.c, scan_avx2.c and scan_avx512.c. Each defines SCAN_NAME, SCAN_TEXT and
 * SCAN_VECTOR_BYTES and, before it includes this, for its instruction set: struct block with load_block(), equal_mask(),
 * odd_mask() and needs_care() (whether the block has an odd byte, which a newline is, or a backslash); prefix_xor(), which
 * turns "opens or closes" into "inside"; and lowest_bit(), whose result does not matter for 0; or, with SCAN_STORES_ENDS,
 * store_ends() itself.
 *
 * Threads: pure functions. */
#include <string.h>

#include "base/scan.h"

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

static bool any_odd(const char *text, size_t bytes, char separator) {
    for (size_t i = 0; i < bytes; i++)
        if (((signed char)text[i] < 0x20 && text[i] != separator) || text[i] == '\\') return true;
    return false;
}

#ifndef SCAN_STORES_ENDS
/* Offsets of the set bits. Eight at a time without asking: one branch that is nearly always taken the same way instead
 * of a loop with an unpredictable count (45 ns a line). */
static inline void store_ends(uint32_t *ends, uint64_t spaces, uint32_t found, size_t base) {
    for (const uint32_t *stored = ends + found;; ends += 8) {
        for (int i = 0; i < 8; i++) {
            ends[i] = (uint32_t)base + lowest_bit(spaces);
            spaces &= spaces - 1;
        }
        if (__builtin_expect(stored - ends <= 8, 1)) return;
    }
}
#endif

struct walk {
    bool whole, quoted; /* there are no separators; quotes hide them */
    uint64_t inside;    /* all ones when the last block ended inside quotes */
    uint32_t *ends;
    size_t ends_count, ends_max;
    uint32_t quotes_count;
};

/* One block; beyond `ends_max` the ends are only counted. */
static inline void take(struct walk *walk, uint64_t quotes, uint64_t spaces, size_t base) {
    walk->quotes_count += (uint32_t)__builtin_popcountll(quotes);
    if (walk->quoted) {
        uint64_t inside = prefix_xor(quotes) ^ walk->inside;
        walk->inside = (uint64_t)((int64_t)inside >> 63);
        spaces &= ~inside;
    }
    if (walk->whole) return;
    uint32_t found = (uint32_t)__builtin_popcountll(spaces);
    if (__builtin_expect(walk->ends_count <= walk->ends_max, 1))
        store_ends(walk->ends + walk->ends_count, spaces, found, base);
    walk->ends_count += found;
}

/* Whether the block must be looked at twice; in lines with tabs these are no reason. */
static inline bool is_careful(struct block block, bool tabs, bool pending) {
    if (!tabs) return needs_care(block, pending);
    return ((odd_mask(block) & ~equal_mask(block, '\t')) | equal_mask(block, '\\') | pending) != 0;
}

/* Compiled for each kind of columns by itself: of blocks without quotes that hide something nobody asks what is inside of them. */
static inline __attribute__((always_inline)) void scan(const char *text, uint32_t text_bytes, enum scan_columns columns,
                                                       uint32_t *ends, uint32_t ends_max, struct scan_line *line) {
    const bool quoted = columns == SCAN_SPACES_QUOTED, tabs = columns == SCAN_TABS;
    const char separator = tabs ? '\t' : ' ';
    struct walk walk = {.whole = columns == SCAN_WHOLE, .quoted = quoted, .ends = ends, .ends_max = ends_max};
    uint64_t newline = 0, odd = 0;
    size_t base = 0, length = 0, whole_blocks = text_bytes & ~63u;
    bool escape_carry = false;
    for (; newline == 0; base += 64) {
        struct block block;
        for (; base < whole_blocks; base += 64) {
            block = load_block(text + base);
            if (__builtin_expect(is_careful(block, tabs, escape_carry), 0)) break;
            take(&walk, equal_mask(block, '"'), equal_mask(block, separator), base);
        }
        block = load_block(text + base);
        newline = equal_mask(block, '\n');
        if (text_bytes - base < 64) newline |= (uint64_t)1 << (text_bytes - base);
        uint64_t valid = (newline & (0 - newline)) - 1, backslash = equal_mask(block, '\\') & valid;
        uint64_t quotes = equal_mask(block, '"') & valid;
        if (backslash != 0 || escape_carry) quotes &= ~escaped_bytes(backslash, &escape_carry);
        uint64_t separators = equal_mask(block, separator) & valid;
        take(&walk, quotes, separators, base);
        if (newline != 0) {
            length = base + (size_t)__builtin_ctzll(newline);
            /* a CR at the very end of the line is part of its end, not of its text */
            if (length > base && text[length - 1] == '\r') valid >>= 1;
        }
        odd |= (odd_mask(block) | backslash) & valid & ~(tabs ? separators : 0);
    }
    line->consumed = length < text_bytes ? (uint32_t)length + 1 : text_bytes;
    if (length > 0 && text[length - 1] == '\r') {
        length--;
        if (length % 64 == 63)
            odd = any_odd(text, length, separator); /* the CR was taken for text: its block ended with it */
    }
    if (walk.ends_count < ends_max) ends[walk.ends_count] = (uint32_t)length;
    line->length = (uint32_t)length;
    line->ends_count = (walk.ends_count < ends_max ? (uint32_t)walk.ends_count : ends_max) + 1;
    line->quotes_count = walk.quotes_count;
    line->odd = odd != 0;
    line->quote_open = quoted && (walk.quotes_count & 1) != 0;
}

static void scan_line_kernel(const char *text, uint32_t text_bytes, enum scan_columns columns, uint32_t *ends,
                             uint32_t ends_max, struct scan_line *line) {
    switch (columns) {
    case SCAN_SPACES_QUOTED: scan(text, text_bytes, SCAN_SPACES_QUOTED, ends, ends_max, line); break;
    case SCAN_TABS: scan(text, text_bytes, SCAN_TABS, ends, ends_max, line); break;
    case SCAN_WHOLE: scan(text, text_bytes, SCAN_WHOLE, ends, ends_max, line); break;
    default: scan(text, text_bytes, SCAN_SPACES, ends, ends_max, line); break;
    }
}

enum { CHUNK_BYTES = 2048, LANES = SCAN_VECTOR_BYTES };
typedef uint8_t lanes __attribute__((vector_size(LANES)));

/* Without a branch for each line: where it ends nobody can guess. */
static inline uint32_t count_newlines(const char *text) {
    lanes counts = {0}; /* 128 at the most */
    for (int at = 0; at < CHUNK_BYTES; at += 4 * LANES)
        for (int i = 0; i < 4; i++) {
            lanes bytes;
            memcpy(&bytes, text + at + i * LANES, LANES);
            counts -= (lanes)(bytes == '\n');
        }
    uint32_t sum = 0;
    for (int i = 0; i < LANES; i++) sum += counts[i];
    return sum;
}

static uint32_t scan_newlines_kernel(const char *text, size_t text_bytes, uint32_t lines_max, size_t *end) {
    uint32_t lines = 0;
    size_t base = 0, chunks_end;
    while (text_bytes - base >= CHUNK_BYTES) {
        uint32_t found = count_newlines(text + base);
        if (found > lines_max - lines) break;
        lines += found;
        base += CHUNK_BYTES;
    }
    *end = 0;
    for (chunks_end = base; base < text_bytes && lines < lines_max; base += 64) {
        uint64_t newlines = equal_mask(load_block(text + base), '\n');
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
    for (base = chunks_end; *end == 0 && lines > 0; base -= 64) { /* the last one is in the chunks */
        uint64_t newlines = equal_mask(load_block(text + base - 64), '\n');
        if (newlines != 0) *end = base - (size_t)__builtin_clzll(newlines);
    }
    return lines;
}

const struct scan_kernel SCAN_NAME = {SCAN_TEXT, scan_line_kernel, scan_newlines_kernel};
