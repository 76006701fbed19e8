/* Cells stand one behind the other, in the order in which they were made; an index with open addressing leads to them. What they are of are
 * small numbers (enrich/name_table.h), which differ from run to run; rows are put in order by the names behind them.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "enrich/evidence.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/check.h"
#include "enrich/evidence_sources.h"
#include "enrich/hyperloglog.h"
#include "enrich/name_table.h"

#define INDEX_PLACES_MIN 256u
#define AT_ONCE 16u /* notes */
#define HOUR_NS (EVIDENCE_INTERVAL_S * 1000000000ull)
#define HOURS_A_DAY (EVIDENCE_FOLDED_S / EVIDENCE_INTERVAL_S)
#define LB_BYTES_MAX 256u /* of longer names the start counts; AWS's have 60 */
#define LB_FOLDED UINT32_MAX
#define BASES_MAX UINT16_MAX
#define NAMES_MAX UINT16_MAX

/* What a cell stands for: balancers by themselves, those of an hour, of a day, of all time. */
enum level { LEVEL_LB, LEVEL_HOUR, LEVEL_DAY, LEVEL_ALL };

struct key {
    uint32_t hour; /* the first one, since 1970 */
    uint32_t lb;
    uint16_t basis, zone, place;
    uint8_t verdict, level; /* enum level */
};
_Static_assert(NAME_NONE == LB_FOLDED, "a name without a number is folded");
_Static_assert(sizeof(struct key) == 2 * sizeof(uint64_t) && offsetof(struct key, verdict) == 14,
               "keys are compared as two words, and made of them");

struct cell {
    struct key key;
    uint64_t requests, bytes;
    int64_t first_ns, last_ns;
    struct hyperloglog clients;
    bool clients_lost; /* there was no room for them */
    bool changed;      /* since it was shown */
    uint64_t reasons[RESIDENCY_REASONS];
};

/* A policy by its place in memory, and what its indexes are called here. */
struct view {
    const struct residency_policy *policy;
    uint16_t basis;
    uint16_t zones[RESIDENCY_ZONES_MAX + 1], places[RESIDENCY_PLACES_MAX + 1]; /* unknown is the last one */
};

struct evidence {
    struct cell *cells; /* reserved */
    uint32_t cells_count, cells_max;
    uint32_t *index;                  /* of a cell, plus 1; 0: free */
    uint32_t index_shift, index_mask; /* of hashes; of places */
    struct pool pool;                 /* of the cells' sketches */
    struct name_table zones, places, lbs;
    struct evidence_basis **bases;
    uint32_t bases_count;
    struct view *views;
    uint32_t views_count;
    const struct view *view; /* of the note before */
    struct slice lb;         /* likewise, and its number */
    uint32_t lb_number;
    struct evidence_sources sources;
    enum level level_max;
    uint64_t told_hour;  /* those before it were told */
    uint64_t exact_hour; /* the first one whose rows are right */
    uint64_t late_count, folded_count, folds_count;
};

/* --- the index ---------------------------------------------------------------------------------- */

static inline bool key_equal(const struct key *a, const struct key *b) {
    return memcmp(a, b, sizeof *a) == 0;
}

static inline uint32_t first_place(const struct evidence *evidence, const struct key *key) {
    uint64_t words[2];
    memcpy(words, key, sizeof words);
    return (uint32_t)((words[0] * 0x9e3779b97f4a7c15u ^ words[1]) * 0xd6e8feb86659fd93u >> evidence->index_shift);
}

/* Where the cell is said, or the free place where it belongs. */
static inline uint32_t *find(const struct evidence *evidence, const struct key *key) {
    for (uint32_t at = first_place(evidence, key);; at++) {
        uint32_t *place = &evidence->index[at & evidence->index_mask];
        if (*place == 0 || key_equal(&evidence->cells[*place - 1].key, key)) return place;
    }
}

/* For the cells that there are and as many more. */
static void make_index(struct evidence *evidence) {
    uint32_t places = INDEX_PLACES_MIN, bits = (uint32_t)__builtin_ctz(INDEX_PLACES_MIN);
    for (; places < 4 * (uint64_t)evidence->cells_count; places *= 2) bits++;
    free(evidence->index);
    evidence->index_shift = 64 - bits;
    evidence->index_mask = places - 1;
    evidence->index = calloc(places, sizeof *evidence->index);
    ASSERT(evidence->index != NULL); /* 16 bytes a cell, of what the table may take */
    for (uint32_t i = 0; i < evidence->cells_count; i++) *find(evidence, &evidence->cells[i].key) = i + 1;
}

/* NULL: there is no room for another one. */
static struct cell *cell_of(struct evidence *evidence, const struct key *key) {
    uint32_t *place = find(evidence, key);
    if (*place != 0) return &evidence->cells[*place - 1];
    if (evidence->cells_count == evidence->cells_max) return NULL;
    struct cell *cell = &evidence->cells[evidence->cells_count++];
    *cell = (struct cell){.key = *key, .first_ns = INT64_MAX};
    *place = evidence->cells_count;
    if (2 * evidence->cells_count > evidence->index_mask) make_index(evidence);
    return cell;
}

/* --- policies ----------------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static uint16_t basis_of(struct evidence *evidence, const struct residency_policy *policy) {
    uint32_t i = 0;
    while (i < evidence->bases_count && strcmp(evidence->bases[i]->policy, policy->digest.text) != 0) i++;
    if (i == evidence->bases_count) {
        struct evidence_basis **bases = realloc(evidence->bases, (i + 1) * sizeof *bases),
                              *made = calloc(1, sizeof *made);
        ASSERT(bases != NULL && made != NULL && i < BASES_MAX); /* a few hundred bytes for each policy */
        *made = (struct evidence_basis){.policy = policy->digest.text,
                                        .lists_count = policy->lists_count,
                                        .geo_build = policy->geo_build,
                                        .geo_build_newest = policy->geo_build};
        for (uint32_t list = 0; list < policy->lists_count; list++) made->lists[list] = policy->lists[list].digest.text;
        qsort(made->lists, made->lists_count, sizeof *made->lists, by_text);
        evidence->bases = bases;
        evidence->bases[i] = made;
        evidence->bases_count++;
    }
    struct evidence_basis *basis = evidence->bases[i];
    if (policy->geo_build < basis->geo_build) basis->geo_build = policy->geo_build;
    if (policy->geo_build > basis->geo_build_newest) basis->geo_build_newest = policy->geo_build;
    return (uint16_t)i;
}

static uint16_t number_of(struct name_table *table, const char *name) {
    uint32_t number = name_table_add(table, slice_from(name));
    ASSERT(number < NAMES_MAX); /* names of a config, at most 64 of each kind */
    return (uint16_t)number;
}

static __attribute__((noinline)) const struct view *make_view(struct evidence *evidence,
                                                              const struct residency_policy *policy) {
    uint32_t i = 0;
    while (i < evidence->views_count && evidence->views[i].policy != policy) i++;
    if (i < evidence->views_count) return &evidence->views[i];
    struct view *views = realloc(evidence->views, (i + 1) * sizeof *views);
    ASSERT(views != NULL); /* some 300 bytes for each policy */
    evidence->views = views;
    struct view *view = &views[evidence->views_count++];
    *view = (struct view){.policy = policy, .basis = basis_of(evidence, policy)};
    for (uint32_t zone = 0; zone <= RESIDENCY_ZONES_MAX; zone++)
        view->zones[zone] = number_of(&evidence->zones, residency_zone_name(policy, (uint8_t)zone));
    for (uint32_t place = 0; place <= RESIDENCY_PLACES_MAX; place++)
        view->places[place] = number_of(&evidence->places, residency_place_name(policy, (uint8_t)place));
    return view;
}

static inline const struct view *view_of(struct evidence *evidence, const struct residency_policy *policy) {
    const struct view *view = evidence->view;
    if (view == NULL || view->policy != policy) evidence->view = view = make_view(evidence, policy);
    return view;
}

/* --- folding ------------------------------------------------------------------------------------ */

static uint32_t hours_of(const struct key *key) {
    return key->level == LEVEL_ALL ? UINT32_MAX : key->level == LEVEL_DAY ? HOURS_A_DAY : 1;
}

/* Hours before that one are. */
static void set_approximate_until(struct evidence *evidence, uint64_t hour) {
    if (hour > evidence->exact_hour) evidence->exact_hour = hour;
}

/* The key of the cell that takes in this one's. */
static void coarsen(struct evidence *evidence, struct key *key) {
    key->lb = LB_FOLDED;
    if (key->level == LEVEL_HOUR) key->hour -= key->hour % HOURS_A_DAY;
    if (key->level == LEVEL_DAY) key->hour = key->zone = key->place = 0;
    key->level++;
    set_approximate_until(evidence, (uint64_t)key->hour + hours_of(key));
}

static int slice_order(struct slice a, struct slice b) {
    int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* In order of time, policy, zone, place, verdict and balancer, by their names: numbers differ from run to run. */
static int by_key(const void *a, const void *b, void *context) {
    const struct key *x = &((const struct cell *)a)->key, *y = &((const struct cell *)b)->key;
    const struct evidence *evidence = context;
    int order = (x->hour > y->hour) - (x->hour < y->hour);
    if (order == 0) order = (x->level < y->level) - (x->level > y->level);
    if (order == 0 && x->basis != y->basis)
        order = strcmp(evidence->bases[x->basis]->policy, evidence->bases[y->basis]->policy);
    if (order == 0) order = strcmp(evidence->zones.names[x->zone].ptr, evidence->zones.names[y->zone].ptr);
    if (order == 0) order = strcmp(evidence->places.names[x->place].ptr, evidence->places.names[y->place].ptr);
    if (order == 0) order = (x->verdict > y->verdict) - (x->verdict < y->verdict);
    if (order == 0 && x->lb != y->lb) order = slice_order(evidence->lbs.names[x->lb], evidence->lbs.names[y->lb]);
    return order;
}

/* Those that are folded first stand first; what is folded as far as may be stays. */
static int by_importance(const void *a, const void *b, void *context) {
    const struct cell *x = a, *y = b;
    enum level level_max = ((const struct evidence *)context)->level_max;
    bool x_stays = x->key.level == level_max, y_stays = y->key.level == level_max;
    if (x_stays != y_stays) return x_stays ? 1 : -1;
    if (x->requests != y->requests) return x->requests < y->requests ? -1 : 1;
    return by_key(a, b, context);
}

static uint64_t sum(uint64_t a, uint64_t b) {
    return a + b > INT64_MAX ? INT64_MAX : a + b;
}

static void add_cell(struct evidence *evidence, struct cell *to, const struct cell *from) {
    to->changed = true;
    to->requests += from->requests;
    to->bytes = sum(to->bytes, from->bytes);
    if (from->first_ns < to->first_ns) to->first_ns = from->first_ns;
    if (from->last_ns > to->last_ns) to->last_ns = from->last_ns;
    for (uint32_t i = 0; i < RESIDENCY_REASONS; i++) to->reasons[i] += from->reasons[i];
    to->clients_lost = to->clients_lost || from->clients_lost ||
                       !hyperloglog_merge(&to->clients, &evidence->pool, &from->clients);
}

/* Cells from `first` on are kept, their sketches in a pool that is their own; the old one is left to the caller. */
static struct pool keep_from(struct evidence *evidence, uint32_t first) {
    struct pool before = evidence->pool;
    ASSERT(pool_init(&evidence->pool, before.bytes_max));
    evidence->cells_count -= first;
    memmove(evidence->cells, evidence->cells + first, evidence->cells_count * sizeof *evidence->cells);
    for (uint32_t i = 0; i < evidence->cells_count; i++)
        ASSERT(hyperloglog_move(&evidence->cells[i].clients, &evidence->pool)); /* they had room before */
    make_index(evidence);
    return before;
}

/* Keeps no more than that, and what is folded already. False: all is. */
static bool fold(struct evidence *evidence, uint32_t cells_kept, size_t bytes_kept) {
    uint32_t count = evidence->cells_count, kept = 0;
    evidence->folds_count++;
    qsort_r(evidence->cells, count, sizeof *evidence->cells, by_importance, evidence);
    for (size_t bytes = 0; kept < count; kept++) {
        const struct cell *cell = &evidence->cells[count - 1 - kept];
        bytes += hyperloglog_bytes(&cell->clients);
        if (cell->key.level != evidence->level_max && (kept >= cells_kept || bytes > bytes_kept)) break;
    }
    uint32_t folded_count = count - kept;
    if (folded_count == 0) return false;
    struct cell *folded = malloc(folded_count * sizeof *folded);
    ASSERT(folded != NULL);
    memcpy(folded, evidence->cells, folded_count * sizeof *folded);
    struct pool before = keep_from(evidence, folded_count);
    for (uint32_t i = 0; i < folded_count; i++) {
        if (folded[i].requests == 0) continue; /* it was being made */
        evidence->folded_count++;
        coarsen(evidence, &folded[i].key);
        struct cell *cell = cell_of(evidence, &folded[i].key);
        ASSERT(cell != NULL);
        add_cell(evidence, cell, &folded[i]);
    }
    pool_destroy(&before);
    free(folded);
    return true;
}

/* --- adding ------------------------------------------------------------------------------------- */

/* Its name's number; LB_FOLDED: there is no room for more names. */
static inline uint32_t lb_of(struct evidence *evidence, struct slice lb) {
    if (lb.ptr == evidence->lb.ptr && lb.len == evidence->lb.len) return evidence->lb_number;
    struct slice start = {lb.ptr, lb.len < LB_BYTES_MAX ? lb.len : LB_BYTES_MAX};
    evidence->lb = lb;
    return evidence->lb_number = name_table_add(&evidence->lbs, start);
}

/* False: it counts nowhere. */
static inline bool key_of(struct evidence *evidence, const struct rollup_note *note, struct key *key) {
    const struct residency_note *residency = &note->residency;
    if (note->refused || residency->verdict == RESIDENCY_NONE) return false;
    const struct view *view = view_of(evidence, residency->policy);
    uint32_t hour = (uint32_t)((uint64_t)note->time_ns / HOUR_NS);
    if (hour < evidence->told_hour) {
        evidence->late_count++;
        return false;
    }
    uint32_t lb = lb_of(evidence, note->lb);
    uint16_t zone = view->zones[residency->zone < RESIDENCY_ZONES_MAX ? residency->zone : RESIDENCY_ZONES_MAX];
    uint16_t place = view->places[residency->place < RESIDENCY_PLACES_MAX ? residency->place : RESIDENCY_PLACES_MAX];
    /* by words: members that are put one by one cannot be read as words at once (12 cycles of 40) */
    const uint64_t words[2] = {hour | (uint64_t)lb << 32, view->basis | (uint32_t)zone << 16 | (uint64_t)place << 32 |
                                                              (uint64_t)residency->verdict << 48};
    memcpy(key, words, sizeof words);
    if (__builtin_expect(lb == NAME_NONE, 0)) {
        key->level = LEVEL_HOUR;
        evidence->folded_count++;
        set_approximate_until(evidence, (uint64_t)hour + 1);
    }
    return true;
}

static inline void add(struct evidence *evidence, const struct rollup_note *note, const struct key *key,
                       uint32_t known) {
    struct cell *cell = known != 0 ? &evidence->cells[known - 1] : cell_of(evidence, key);
    while (cell == NULL || (note->resolved && !cell->clients_lost &&
                            !hyperloglog_add(&cell->clients, &evidence->pool, note->client_hash))) {
        bool folded = fold(evidence, evidence->cells_max / 2, evidence->pool.bytes_max / 2);
        ASSERT(folded || cell != NULL); /* there are few that cannot be folded */
        if (folded)
            cell = cell_of(evidence, key);
        else
            cell->clients_lost = true;
    }
    cell->changed = true;
    cell->requests++;
    cell->bytes = sum(cell->bytes, note->bytes);
    if (note->time_ns < cell->first_ns) cell->first_ns = note->time_ns;
    if (note->time_ns > cell->last_ns) cell->last_ns = note->time_ns;
    for (uint32_t reasons = note->residency.reasons; reasons != 0; reasons &= reasons - 1)
        cell->reasons[__builtin_ctz(reasons)]++;
}

/* Sketches are on the way before the first of them is needed, as in enrich/heat.c. */
static void add_some(struct evidence *evidence, const struct rollup_note *notes, uint32_t count) {
    struct key keys[AT_ONCE];
    uint32_t known[AT_ONCE], taken[AT_ONCE], taken_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!key_of(evidence, &notes[i], &keys[i])) continue;
        taken[taken_count++] = i;
        known[i] = *find(evidence, &keys[i]);
        if (known[i] != 0 && notes[i].resolved)
            hyperloglog_prefetch(&evidence->cells[known[i] - 1].clients, notes[i].client_hash);
    }
    uint64_t folds_count = evidence->folds_count; /* when that changes cells are elsewhere */
    for (uint32_t j = 0; j < taken_count; j++) {
        uint32_t i = taken[j];
        add(evidence, &notes[i], &keys[i], evidence->folds_count == folds_count ? known[i] : 0);
        evidence_sources_add(&evidence->sources, keys[i].hour, &notes[i]);
    }
}

void evidence_add(struct evidence *evidence, const struct rollup_note *notes, uint32_t notes_count) {
    evidence->sources.origin = NULL; /* another one may stand where that one stood */
    evidence->lb = (struct slice){NULL, SIZE_MAX};
    for (uint32_t count; notes_count > 0; notes += count, notes_count -= count) {
        count = notes_count < AT_ONCE ? notes_count : AT_ONCE;
        add_some(evidence, notes, count);
    }
}

/* --- rows --------------------------------------------------------------------------------------- */

static struct evidence_row row_of(const struct evidence *evidence, const struct cell *cell) {
    const struct key *key = &cell->key;
    bool all = key->level == LEVEL_ALL;
    struct evidence_row row = {.time_ns = (int64_t)(key->hour * HOUR_NS),
                               .interval_s = all ? 0 : hours_of(key) * EVIDENCE_INTERVAL_S,
                               .basis = evidence->bases[key->basis],
                               .zone = all ? NULL : evidence->zones.names[key->zone].ptr,
                               .place = all ? NULL : evidence->places.names[key->place].ptr,
                               .verdict = key->verdict,
                               .folded = key->level != LEVEL_LB,
                               .approximate = key->hour < evidence->exact_hour,
                               .requests = cell->requests,
                               .bytes = cell->bytes,
                               .first_ns = cell->first_ns,
                               .last_ns = cell->last_ns,
                               .has_clients = cell->clients.block != NULL && !cell->clients_lost};
    row.sketch = &cell->clients;
    memcpy(row.reasons, cell->reasons, sizeof row.reasons);
    uint64_t clients = row.has_clients ? hyperloglog_estimate(&cell->clients) : 0;
    row.clients = clients < cell->requests ? clients : cell->requests;
    row.lb = key->lb != LB_FOLDED ? evidence->lbs.names[key->lb] : SLICE("");
    return row;
}

/* Whether the cell's interval ended before hour `until`. */
static bool is_over(const struct cell *cell, uint64_t until) {
    return (uint64_t)cell->key.hour + hours_of(&cell->key) <= until;
}

/* Cells of intervals that ended before `until` to the front, in order; returns how many. */
static uint32_t sort_over(struct evidence *evidence, uint64_t until) {
    struct cell *cells = evidence->cells;
    uint32_t over = 0;
    for (uint32_t i = 0; i < evidence->cells_count; i++) {
        if (!is_over(&cells[i], until)) continue;
        struct cell cell = cells[i];
        cells[i] = cells[over];
        cells[over++] = cell;
    }
    qsort_r(cells, over, sizeof *cells, by_key, evidence);
    return over;
}

void evidence_report(struct evidence *evidence, int64_t until_ns, evidence_row_function *function, void *context) {
    uint64_t until = until_ns == INT64_MAX ? UINT64_MAX : (uint64_t)until_ns / HOUR_NS;
    uint32_t over = sort_over(evidence, until);
    struct evidence_inputs inputs = {0};
    evidence_sources_sort(&evidence->sources);
    for (uint32_t i = 0; i < over; i++) {
        const struct key *key = &evidence->cells[i].key, *before = i > 0 ? &evidence->cells[i - 1].key : NULL;
        struct evidence_row row = row_of(evidence, &evidence->cells[i]);
        if (before == NULL || before->hour != key->hour || before->level != key->level)
            inputs = evidence_sources_of(&evidence->sources, key->hour, key->hour + (hours_of(key) - 1));
        row.inputs = inputs;
        function(context, &row);
    }
    evidence_sources_forget(&evidence->sources, until > UINT32_MAX ? UINT32_MAX : (uint32_t)until);
    if (over > 0) {
        struct pool before = keep_from(evidence, over);
        pool_destroy(&before);
    }
    if (until > evidence->told_hour) evidence->told_hour = until;
}

void evidence_show(struct evidence *evidence, evidence_row_function *function, void *context) {
    evidence_sources_sort(&evidence->sources);
    for (uint32_t i = 0; i < evidence->cells_count; i++) {
        struct cell *cell = &evidence->cells[i];
        if (!cell->changed) continue;
        cell->changed = false;
        struct evidence_row row = row_of(evidence, cell);
        row.inputs = evidence_sources_of(&evidence->sources, cell->key.hour,
                                         cell->key.hour + (hours_of(&cell->key) - 1));
        function(context, &row);
    }
    evidence_sources_forget(&evidence->sources, 0);
}

int64_t evidence_needs_ns(const struct evidence *evidence) {
    return evidence->told_hour > INT64_MAX / HOUR_NS ? INT64_MAX : (int64_t)(evidence->told_hour * HOUR_NS);
}

size_t evidence_bytes(const struct evidence *evidence) {
    return evidence->cells_count * sizeof *evidence->cells +
           ((size_t)evidence->index_mask + 1) * sizeof *evidence->index + evidence->pool.taken_bytes +
           evidence->lbs.used_bytes + evidence_sources_bytes(&evidence->sources);
}

bool evidence_shrink(struct evidence *evidence) {
    return fold(evidence, evidence->cells_count / 2, evidence->pool.taken_bytes / 2);
}

void evidence_set_approximate(struct evidence *evidence, int64_t until_ns) {
    if (until_ns > 0) set_approximate_until(evidence, (uint64_t)until_ns / HOUR_NS + 1);
}

uint64_t evidence_late_count(const struct evidence *evidence) {
    return evidence->late_count;
}

uint64_t evidence_folded_count(const struct evidence *evidence) {
    return evidence->folded_count;
}

struct evidence_inputs evidence_inputs(struct evidence *evidence) {
    evidence_sources_sort(&evidence->sources);
    struct evidence_inputs inputs = evidence_sources_of(&evidence->sources, 0, UINT32_MAX);
    evidence_sources_forget(&evidence->sources, 0);
    return inputs;
}

/* --- memory ------------------------------------------------------------------------------------- */

struct evidence *evidence_new(size_t bytes_max, uint32_t folded_s) {
    struct evidence *evidence = calloc(1, sizeof *evidence);
    if (evidence == NULL) return NULL;
    evidence->level_max = folded_s == EVIDENCE_INTERVAL_S ? LEVEL_HOUR : LEVEL_ALL;
    /* eighths: 3 for cells with their index, 2 for sketches, 2 for inputs, 1 for names */
    size_t eighth = bytes_max / 8;
    evidence->cells_max = (uint32_t)(3 * eighth / (sizeof *evidence->cells + 4 * sizeof *evidence->index));
    void *cells = mmap(NULL, evidence->cells_max * sizeof *evidence->cells, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (cells != MAP_FAILED) evidence->cells = cells;
    bool good = pool_init(&evidence->pool, 2 * eighth);
    good = evidence_sources_init(&evidence->sources, 2 * eighth) && good;
    good = name_table_init(&evidence->zones, SIZE_MAX) && good;
    good = name_table_init(&evidence->places, SIZE_MAX) && good;
    good = name_table_init(&evidence->lbs, eighth) && good;
    if (evidence->cells == NULL || !good) {
        evidence_free(evidence);
        return NULL;
    }
    make_index(evidence);
    return evidence;
}

void evidence_free(struct evidence *evidence) {
    if (evidence == NULL) return;
    pool_destroy(&evidence->pool);
    if (evidence->cells != NULL) munmap(evidence->cells, evidence->cells_max * sizeof *evidence->cells);
    evidence_sources_destroy(&evidence->sources);
    name_table_destroy(&evidence->zones);
    name_table_destroy(&evidence->places);
    name_table_destroy(&evidence->lbs);
    for (uint32_t i = 0; i < evidence->bases_count; i++) free(evidence->bases[i]);
    free(evidence->bases);
    free(evidence->views);
    free(evidence->index);
    free(evidence);
}
