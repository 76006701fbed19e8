/* A table by hour and a hash of the input's name, never more than half full.
 *
 * Threads: see the header. */
#define XXH_INLINE_ALL
#include "enrich/evidence_sources.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/check.h"
#include "schemas/batch.h"

#define PLACES_MIN 64u

struct sum128 {
    uint64_t high, low;
};

struct evidence_source {
    uint64_t name; /* hash of it */
    uint32_t hour;
    bool used, has_offsets;
    struct sum128 ids;
    uint64_t first, last; /* with has_offsets: positions */
};

static struct sum128 sum(struct sum128 a, struct sum128 b) {
    struct sum128 both = {a.high + b.high, 0};
    both.high += __builtin_add_overflow(a.low, b.low, &both.low);
    return both;
}

/* Of the path that is in the record, or of "topic/partition": what a reader of records knows, too. */
static uint64_t name_hash(const struct origin *origin) {
    if (origin->topic == NULL) return XXH3_64bits(origin->path.ptr, origin->path.len);
    return XXH3_64bits_withSeed(origin->topic, strlen(origin->topic), (uint64_t)(uint32_t)origin->partition + 1);
}

static struct evidence_source *find(const struct evidence_sources *sources, uint64_t name, uint32_t hour) {
    for (uint64_t at = (name ^ hour) * 0x9e3779b97f4a7c15u >> 32;; at++) {
        struct evidence_source *place = &sources->places[at & sources->mask];
        if (!place->used || (place->name == name && place->hour == hour)) return place;
    }
}

static bool resize(struct evidence_sources *sources, uint32_t places) {
    struct evidence_source *before = sources->places;
    uint32_t before_count = before != NULL ? sources->mask + 1 : 0;
    struct evidence_source *table = calloc(places, sizeof *table);
    if (table == NULL) return false;
    sources->places = table;
    sources->mask = places - 1;
    sources->last = NULL;
    for (uint32_t i = 0; i < before_count; i++)
        if (before[i].used) *find(sources, before[i].name, before[i].hour) = before[i];
    free(before);
    return true;
}

bool evidence_sources_init(struct evidence_sources *sources, size_t bytes_max) {
    *sources = (struct evidence_sources){0};
    /* at most half full, and while it grows there are both */
    sources->count_max = (uint32_t)(bytes_max / (3 * sizeof *sources->places));
    return resize(sources, PLACES_MIN);
}

void evidence_sources_destroy(struct evidence_sources *sources) {
    free(sources->places);
    free(sources->sorted);
    *sources = (struct evidence_sources){0};
}

static __attribute__((noinline)) struct evidence_source *make(struct evidence_sources *sources, uint32_t hour) {
    if (sources->count == sources->count_max ||
        (2 * sources->count > sources->mask && !resize(sources, 2 * (sources->mask + 1)))) {
        sources->lost = true;
        return NULL;
    }
    struct evidence_source *source = find(sources, sources->origin_hash, hour);
    *source = (struct evidence_source){
        .name = sources->origin_hash, .hour = hour, .used = true, .has_offsets = sources->origin->topic != NULL};
    source->first = UINT64_MAX;
    sources->count++;
    return source;
}

void evidence_sources_add(struct evidence_sources *sources, uint32_t hour, const struct rollup_note *note) {
    if (note->origin != sources->origin) {
        sources->origin = note->origin;
        sources->origin_hash = name_hash(note->origin);
    }
    struct evidence_source *source = sources->last;
    if (source == NULL || source->hour != hour || source->name != sources->origin_hash) {
        if (sources->lost) return;
        source = find(sources, sources->origin_hash, hour);
        if (!source->used) source = make(sources, hour);
        sources->last = source;
        if (source == NULL) return;
    }
    source->ids = sum(source->ids, (struct sum128){note->id[0], note->id[1]});
    if (note->position < source->first) source->first = note->position;
    if (note->position > source->last) source->last = note->position;
}

/* --- digests ------------------------------------------------------------------------------------ */

static int by_hour(const void *a, const void *b) {
    const struct evidence_source *x = a, *y = b;
    if (x->hour != y->hour) return x->hour < y->hour ? -1 : 1;
    return (x->name > y->name) - (x->name < y->name);
}

static int by_name(const void *a, const void *b) {
    const struct evidence_source *x = a, *y = b;
    return (x->name > y->name) - (x->name < y->name);
}

static int by_bytes(const void *a, const void *b) {
    return memcmp(a, b, sizeof(struct sum128));
}

void evidence_sources_sort(struct evidence_sources *sources) {
    ASSERT(sources->sorted == NULL);
    sources->sorted = malloc((sources->count + 1) * sizeof *sources->sorted);
    uint32_t count = 0;
    if (sources->sorted == NULL) sources->lost = true;
    if (sources->lost) return;
    for (uint32_t i = 0; i <= sources->mask; i++)
        if (sources->places[i].used) sources->sorted[count++] = sources->places[i];
    ASSERT(count == sources->count);
    qsort(sources->sorted, count, sizeof *sources->sorted, by_hour);
}

/* The first one of that hour or a later one. */
static uint32_t first_of(const struct evidence_sources *sources, uint64_t hour) {
    uint32_t low = 0, high = sources->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (sources->sorted[middle].hour < hour)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Those of one name become one; returns how many are left. */
static uint32_t merge(struct evidence_source *some, uint32_t count) {
    uint32_t kept = 0;
    qsort(some, count, sizeof *some, by_name);
    for (uint32_t i = 0; i < count; i++) {
        struct evidence_source *before = kept > 0 ? &some[kept - 1] : NULL;
        if (before == NULL || before->name != some[i].name) {
            some[kept++] = some[i];
            continue;
        }
        before->ids = sum(before->ids, some[i].ids);
        if (some[i].first < before->first) before->first = some[i].first;
        if (some[i].last > before->last) before->last = some[i].last;
    }
    return kept;
}

static void write_digest(const struct evidence_source *some, uint32_t count, char digest[32]) {
    struct sum128 *sums = malloc(count * sizeof *sums);
    XXH128_canonical_t canonical;
    ASSERT(sums != NULL); /* less than what it was made of */
    for (uint32_t i = 0; i < count; i++)
        sums[i] = (struct sum128){__builtin_bswap64(some[i].ids.high), __builtin_bswap64(some[i].ids.low)};
    qsort(sums, count, sizeof *sums, by_bytes);
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(sums, count * sizeof *sums));
    free(sums);
    for (uint32_t i = 0; i < 32; i++)
        digest[i] = "0123456789abcdef"[canonical.digest[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15];
}

struct evidence_inputs evidence_sources_of(const struct evidence_sources *sources, uint32_t from, uint32_t to) {
    struct evidence_inputs inputs = {0};
    if (sources->lost) return inputs;
    uint32_t first = first_of(sources, from), count = first_of(sources, (uint64_t)to + 1) - first;
    if (count == 0) return inputs;
    struct evidence_source *some = malloc(count * sizeof *some);
    if (some == NULL) return inputs;
    memcpy(some, sources->sorted + first, count * sizeof *some);
    if (from != to) count = merge(some, count);
    inputs.count = count;
    inputs.has_offsets = count == 1 && some[0].has_offsets;
    inputs.offset_first = some[0].first;
    inputs.offset_last = some[0].last;
    write_digest(some, count, inputs.digest);
    free(some);
    return inputs;
}

void evidence_sources_forget(struct evidence_sources *sources, uint32_t hour) {
    uint32_t first = sources->lost ? 0 : first_of(sources, hour);
    if (first > 0) {
        memset(sources->places, 0, ((size_t)sources->mask + 1) * sizeof *sources->places);
        for (uint32_t i = first; i < sources->count; i++)
            *find(sources, sources->sorted[i].name, sources->sorted[i].hour) = sources->sorted[i];
        sources->count -= first;
        sources->last = NULL;
    }
    free(sources->sorted);
    sources->sorted = NULL;
}

size_t evidence_sources_bytes(const struct evidence_sources *sources) {
    return ((size_t)sources->mask + 1) * sizeof *sources->places;
}
