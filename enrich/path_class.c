/* Each pattern is first held against the path's first and last eight bytes, which is four instructions a pattern and all that most need:
 * ten patterns cost 20 ns a path (tests/unit/test_path_class.c --measure; without branches, 28).
 *
 * Threads: see the header. */
#define _GNU_SOURCE /* memmem */
#include "enrich/path_class.h"

#include <stdlib.h>
#include <string.h>

#define WORD 8u

struct pattern {
    uint64_t first, first_mask; /* of the path's first eight bytes, those in front of the first * */
    uint64_t last, last_mask;   /* of its last eight, those behind the last one */
    uint32_t bytes_min;         /* of a path that matches; of `whole` ones also the most */
    uint8_t path_class;
    bool whole;              /* there is no * in it */
    bool told;               /* the words say all that there is to say */
    struct slice head, tail; /* in front of the first *, behind the last one; of `whole` ones head is all */
    struct slice middle;     /* between those: texts with * in between */
};

struct path_class {
    uint32_t count;
    struct pattern patterns[];
};

/* The first eight bytes, and the last; those that are not there are zero or, in front of the last, in the low ones, anything that masks
 * leave out. */
static inline uint64_t first_word(struct slice text) {
    uint64_t word;
    memcpy(&word, text.ptr, WORD);
    return word;
}

static inline uint64_t last_word(struct slice text) {
    uint64_t word;
    memcpy(&word, text.ptr + (text.len >= WORD ? text.len - WORD : 0), WORD);
    return text.len >= WORD ? word : word << 8 * (WORD - text.len);
}

static uint64_t low_bytes(size_t count) {
    return count >= WORD ? UINT64_MAX : ((uint64_t)1 << 8 * count) - 1;
}

/* --- making them ---------------------------------------------------------------------------------- */

static uint64_t word_of(struct slice text, bool last) {
    char padded[2 * WORD] = "";
    size_t bytes = text.len < WORD ? text.len : WORD;
    if (bytes == 0) return 0;
    memcpy(padded, last ? text.ptr + text.len - bytes : text.ptr, bytes);
    return last ? last_word((struct slice){padded, bytes}) : first_word((struct slice){padded, bytes});
}

static struct pattern compile(const struct rate_path *path) {
    struct slice text = slice_from(path->pattern);
    struct pattern pattern = {.path_class = path->path_class};
    const char *star = memchr(text.ptr, '*', text.len), *last_star = memrchr(text.ptr, '*', text.len);
    pattern.whole = star == NULL;
    pattern.head = pattern.whole ? text : (struct slice){text.ptr, (size_t)(star - text.ptr)};
    if (!pattern.whole) {
        pattern.tail = (struct slice){last_star + 1, (size_t)(text.ptr + text.len - last_star - 1)};
        if (last_star > star) pattern.middle = (struct slice){star + 1, (size_t)(last_star - star - 1)};
    }
    pattern.bytes_min = (uint32_t)(pattern.head.len + pattern.tail.len);
    for (size_t i = 0; i < pattern.middle.len; i++) pattern.bytes_min += pattern.middle.ptr[i] != '*';
    pattern.first = word_of(pattern.head, false);
    pattern.first_mask = low_bytes(pattern.head.len);
    pattern.last = word_of(pattern.whole ? pattern.head : pattern.tail, true);
    pattern.last_mask = ~low_bytes(WORD - (pattern.tail.len < WORD ? pattern.tail.len : WORD));
    pattern.told = pattern.head.len <= WORD && pattern.tail.len <= WORD && pattern.middle.len == 0;
    return pattern;
}

struct path_class *path_class_new(const struct rate_path *paths, uint32_t paths_count) {
    struct path_class *classes = malloc(sizeof *classes + paths_count * sizeof classes->patterns[0]);
    if (classes == NULL) return NULL;
    classes->count = paths_count;
    for (uint32_t i = 0; i < paths_count; i++) classes->patterns[i] = compile(&paths[i]);
    return classes;
}

void path_class_free(struct path_class *classes) {
    free(classes);
}

/* --- finding --------------------------------------------------------------------------------------- */

/* All texts of the middle, one behind the other: if there is a way, the one that takes each as early as can be is one. */
static bool middle_is_in(struct slice middle, struct slice path) {
    while (middle.ptr != NULL) {
        struct slice text = slice_cut(&middle, '*');
        const char *found = text.len > 0 ? memmem(path.ptr, path.len, text.ptr, text.len) : path.ptr;
        if (found == NULL) return false;
        path.len -= (size_t)(found - path.ptr) + text.len;
        path.ptr = found + text.len;
    }
    return true;
}

static __attribute__((noinline)) bool matches(const struct pattern *pattern, struct slice path) {
    if (!slice_starts_with(path, pattern->head) || !slice_ends_with(path, pattern->tail)) return false;
    struct slice between = {path.ptr + pattern->head.len, path.len - pattern->head.len - pattern->tail.len};
    return pattern->middle.len == 0 || middle_is_in(pattern->middle, between);
}

uint8_t path_class_find(const struct path_class *classes, struct slice path) {
    if (path.len == 0) return RATE_CLASS_NONE;
    uint64_t first = first_word(path), last = last_word(path);
    for (uint32_t i = 0; i < classes->count; i++) {
        const struct pattern *pattern = &classes->patterns[i];
        uint64_t other = ((first ^ pattern->first) & pattern->first_mask) |
                         ((last ^ pattern->last) & pattern->last_mask);
        bool good = other == 0 && path.len >= pattern->bytes_min && (!pattern->whole || path.len == pattern->bytes_min);
        if (good && (pattern->told || matches(pattern, path))) return pattern->path_class;
    }
    return RATE_CLASS_NONE;
}
