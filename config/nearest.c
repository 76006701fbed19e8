/* Optimal string alignment distance on three rows: words are short and errors are rare, so the plain
 * quadratic table is enough, and a length limit bounds what a hostile config can make it cost.
 *
 * Threads: pure function. */
#include "config/nearest.h"

#include <stdbool.h>
#include <string.h>

#define WORD_BYTES_MAX 64u

static char folded(char c) {
    if (c == '_') {
        return '-';
    }
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

static size_t distance(const char *a, size_t a_bytes, const char *b, size_t b_bytes) {
    size_t rows[3][WORD_BYTES_MAX + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_bytes; j++) {
        above[j] = j;
    }
    for (size_t i = 1; i <= a_bytes; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_bytes; j++) {
            char x = folded(a[i - 1]), y = folded(b[j - 1]);
            row[j] = smaller(above[j - 1] + (x != y), smaller(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && x == folded(b[j - 2]) && y == folded(a[i - 2])) {
                row[j] = smaller(row[j], before[j - 2] + 1);
            }
        }
        size_t *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[b_bytes];
}

static bool is_start_of(const char *word, size_t word_bytes, const char *known) {
    for (size_t i = 0; i < word_bytes; i++) {
        if (folded(word[i]) != folded(known[i])) { /* a NUL in `known` differs as well and ends the walk */
            return false;
        }
    }
    return true;
}

const char *nearest_word(const char *word, const char *const *known, size_t known_count) {
    size_t word_bytes = strlen(word);
    if (word_bytes == 0 || word_bytes > WORD_BYTES_MAX) {
        return NULL;
    }
    const char *nearest = NULL;
    size_t nearest_distance = (word_bytes + 2) / 3 + 1;
    for (size_t i = 0; i < known_count; i++) {
        size_t known_bytes = strlen(known[i]);
        if (known_bytes > WORD_BYTES_MAX) {
            continue;
        }
        size_t edits = distance(word, word_bytes, known[i], known_bytes);
        if (edits > 1 && word_bytes >= 3 && is_start_of(word, word_bytes, known[i])) {
            edits = 1;
        }
        if (edits < nearest_distance && edits < word_bytes) {
            nearest_distance = edits;
            nearest = known[i];
        }
    }
    return nearest;
}
