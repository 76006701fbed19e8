/* An array of texts, and an index with open addressing under the secret seed that hashes of keys have.
 *
 * Threads: see the header. */
#define XXH_INLINE_ALL
#include "enrich/rate_text.h"

#include <stdlib.h>
#include <xxhash.h>

#include "base/check.h"
#include "enrich/rate_count.h"

#define ROOM_MIN 16u

struct rate_text {
    struct slice text;
    uint64_t hash;
};

void rate_texts_init(struct rate_texts *texts, size_t bytes_max, uint64_t seed) {
    *texts = (struct rate_texts){.bytes_max = bytes_max, .seed = seed};
}

void rate_texts_destroy(struct rate_texts *texts) {
    for (uint32_t i = 0; i < texts->count; i++) free((char *)(uintptr_t)texts->texts[i].text.ptr);
    free(texts->texts);
    free(texts->index);
    *texts = (struct rate_texts){0};
}

/* Where the text's number is, or the free place for it. */
static uint16_t *find(const struct rate_texts *texts, struct slice text, uint64_t hash) {
    for (uint32_t at = (uint32_t)hash;; at++) {
        uint16_t *place = &texts->index[at & texts->index_mask];
        if (*place == 0) return place;
        const struct rate_text *known = &texts->texts[*place - 1];
        if (known->hash == hash && slice_equal(known->text, text)) return place;
    }
}

/* Room for twice as many; what it takes counts at its largest, old and new together. */
static bool grow(struct rate_texts *texts) {
    uint32_t room = texts->room == 0 ? ROOM_MIN : 2 * texts->room;
    size_t bytes = (room - texts->room) * (sizeof *texts->texts + 2 * sizeof *texts->index) * 2;
    if (room > RATE_TEXT_LAST || bytes > texts->bytes_max - texts->bytes) return false;
    struct rate_text *larger = realloc(texts->texts, room * sizeof *larger);
    uint16_t *index = calloc((size_t)2 * room, sizeof *index);
    if (larger != NULL) texts->texts = larger;
    if (larger == NULL || index == NULL) {
        free(index);
        return false;
    }
    free(texts->index);
    texts->index = index;
    texts->index_mask = 2 * room - 1;
    texts->room = room;
    texts->bytes += bytes;
    for (uint32_t i = 0; i < texts->count; i++)
        *find(texts, texts->texts[i].text, texts->texts[i].hash) = (uint16_t)(i + 1);
    return true;
}

static bool keep(struct rate_texts *texts, struct slice text, uint64_t hash) {
    if (texts->count == texts->room && !grow(texts)) return false;
    if (text.len + 2 * sizeof(size_t) > texts->bytes_max - texts->bytes) return false; /* with what malloc adds */
    char *copy = malloc(text.len);
    if (copy == NULL) return false;
    texts->bytes += text.len + 2 * sizeof(size_t);
    texts->texts[texts->count++] = (struct rate_text){{memcpy(copy, text.ptr, text.len), text.len}, hash};
    *find(texts, text, hash) = (uint16_t)texts->count;
    return true;
}

uint16_t rate_text_number(struct rate_texts *texts, struct slice text) {
    if (text.len == 0) return 0;
    if (texts->latest != 0 && slice_equal(texts->texts[texts->latest - 1].text, text)) return texts->latest;
    if (text.len > RATE_TEXT_BYTES_MAX) text.len = RATE_TEXT_BYTES_MAX;
    uint64_t hash = XXH3_64bits_withSeed(text.ptr, text.len, texts->seed);
    const uint16_t *known = texts->index != NULL ? find(texts, text, hash) : NULL;
    if (known != NULL && *known != 0) return texts->latest = *known;
    if (keep(texts, text, hash)) return (uint16_t)texts->count;
    texts->lost++;
    return RATE_TEXT_LAST;
}

struct slice rate_text(const struct rate_texts *texts, uint16_t number) {
    if (number == 0) return (struct slice){0};
    if (number == RATE_TEXT_LAST) return SLICE(RATE_TEXT_OTHER);
    ASSERT(number <= texts->count);
    return texts->texts[number - 1].text;
}
