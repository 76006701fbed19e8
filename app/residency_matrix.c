/* Rows of evidence, by hour and balancer, become sums over both.
 *
 * Threads: see the header. */
#include "app/residency_matrix.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

#define POOL_BYTES_MAX (64u * 1024 * 1024) /* 16000 cells of many clients; reserved */
#define NAMES_BYTES_MAX (256u * 1024 * 1024)
#define SHARE_WHOLE 1000000u

/* --- sums ----------------------------------------------------------------------------------------- */

/* The element of that number, the next one at most; NULL: out of memory. */
static void *element(void *array, uint32_t *room, uint32_t number, size_t bytes) {
    if (number < *room) return array;
    void *grown = realloc(array, 2 * (size_t)(number + 8) * bytes);
    if (grown != NULL) *room = 2 * (number + 8);
    return grown;
}

static struct residency_cell *cell_of(struct residency_matrix *matrix, const struct evidence_row *row) {
    char text[2 * RESIDENCY_NAME_BYTES_MAX + 32];
    int bytes = snprintf(text, sizeof text, "%s %s %u", row->zone != NULL ? row->zone : "",
                         row->place != NULL ? row->place : "", row->verdict);
    uint32_t number = name_table_add(&matrix->cell_names, (struct slice){text, (size_t)bytes});
    ASSERT(number != NAME_NONE);
    struct residency_cell *cells = element(matrix->cells, &matrix->cells_room, number, sizeof *cells);
    ASSERT(cells != NULL); /* some kilobytes */
    matrix->cells = cells;
    if (number == matrix->cells_count) {
        cells[number] = (struct residency_cell){
            .zone = row->zone, .place = row->place, .verdict = row->verdict, .first_ns = INT64_MAX};
        matrix->cells_count++;
    }
    return &cells[number];
}

static struct residency_balancer *balancer_of(struct residency_matrix *matrix, struct slice lb) {
    uint32_t number = name_table_add(&matrix->balancer_names, lb);
    ASSERT(number != NAME_NONE); /* fewer than the evidence has room for */
    struct residency_balancer *balancers = element(matrix->balancers, &matrix->balancers_room, number,
                                                   sizeof *balancers);
    ASSERT(balancers != NULL);
    matrix->balancers = balancers;
    if (number == matrix->balancers_count)
        balancers[matrix->balancers_count++] = (struct residency_balancer){.lb = matrix->balancer_names.names[number]};
    return &balancers[number];
}

static void add_basis(struct residency_matrix *matrix, const struct evidence_basis *basis) {
    const uint32_t most = sizeof matrix->bases / sizeof matrix->bases[0];
    for (uint32_t i = 0; i < matrix->bases_count; i++)
        if (matrix->bases[i] == basis) return;
    if (matrix->bases_count < most) matrix->bases[matrix->bases_count++] = basis;
}

static void add_row(void *context, const struct evidence_row *row) {
    struct residency_matrix *matrix = context;
    struct residency_cell *cell = cell_of(matrix, row);
    struct residency_balancer *balancer = balancer_of(matrix, row->lb);
    cell->requests += row->requests;
    cell->bytes = cell->bytes + row->bytes > INT64_MAX ? INT64_MAX : cell->bytes + row->bytes;
    if (row->first_ns < cell->first_ns) cell->first_ns = row->first_ns;
    if (row->last_ns > cell->last_ns) cell->last_ns = row->last_ns;
    cell->clients_lost = cell->clients_lost || (row->sketch->block != NULL && !row->has_clients) ||
                         !hyperloglog_merge(&cell->sketch, &matrix->pool, row->sketch);
    balancer->requests += row->requests;
    balancer->verdicts[row->verdict] += row->requests;
    matrix->requests += row->requests;
    matrix->verdicts[row->verdict] += row->requests;
    for (uint32_t i = 0; i < RESIDENCY_REASONS; i++) matrix->reasons[row->verdict][i] += row->reasons[i];
    if (row->first_ns < matrix->first_ns) matrix->first_ns = row->first_ns;
    if (row->last_ns > matrix->last_ns) matrix->last_ns = row->last_ns;
    matrix->approximate = matrix->approximate || row->approximate;
    add_basis(matrix, row->basis);
}

/* --- order ---------------------------------------------------------------------------------------- */

/* What is not known comes last. */
static int by_name(const char *a, const char *b) {
    bool a_last = a == NULL || strcmp(a, RESIDENCY_UNKNOWN) == 0,
         b_last = b == NULL || strcmp(b, RESIDENCY_UNKNOWN) == 0;
    if (a_last != b_last) return a_last ? 1 : -1;
    if (a == NULL || b == NULL) return (a == NULL) - (b == NULL);
    return strcmp(a, b);
}

static int by_zone(const void *a, const void *b) {
    const struct residency_cell *x = a, *y = b;
    int order = by_name(x->zone, y->zone);
    if (order == 0) order = by_name(x->place, y->place);
    return order != 0 ? order : (x->verdict > y->verdict) - (x->verdict < y->verdict);
}

static int more_first(uint64_t a, uint64_t b) {
    return (a < b) - (a > b);
}

static int by_trouble(const void *a, const void *b) {
    const struct residency_balancer *x = a, *y = b;
    int order = more_first(x->verdicts[RESIDENCY_VIOLATION], y->verdicts[RESIDENCY_VIOLATION]);
    if (order == 0) order = more_first(x->verdicts[RESIDENCY_INDETERMINATE], y->verdicts[RESIDENCY_INDETERMINATE]);
    if (order == 0) order = more_first(x->requests, y->requests);
    return order != 0 ? order : strcmp(x->lb.ptr, y->lb.ptr);
}

static int by_policy(const void *a, const void *b) {
    return strcmp((*(const struct evidence_basis *const *)a)->policy,
                  (*(const struct evidence_basis *const *)b)->policy);
}

bool residency_matrix_init(struct residency_matrix *matrix, struct evidence *evidence) {
    *matrix = (struct residency_matrix){.first_ns = INT64_MAX};
    bool good = pool_init(&matrix->pool, POOL_BYTES_MAX);
    good = name_table_init(&matrix->cell_names, NAMES_BYTES_MAX) && good;
    good = name_table_init(&matrix->balancer_names, NAMES_BYTES_MAX) && good;
    if (!good) return false;
    matrix->inputs = evidence_inputs(evidence);
    evidence_report(evidence, INT64_MAX, add_row, matrix);
    if (matrix->cells_count == 0) return true;
    qsort(matrix->cells, matrix->cells_count, sizeof *matrix->cells, by_zone);
    qsort(matrix->balancers, matrix->balancers_count, sizeof *matrix->balancers, by_trouble);
    qsort(matrix->bases, matrix->bases_count, sizeof matrix->bases[0], by_policy);
    return true;
}

void residency_matrix_destroy(struct residency_matrix *matrix) {
    pool_destroy(&matrix->pool);
    name_table_destroy(&matrix->cell_names);
    name_table_destroy(&matrix->balancer_names);
    free(matrix->cells);
    free(matrix->balancers);
    *matrix = (struct residency_matrix){0};
}

/* --- limits --------------------------------------------------------------------------------------- */

uint64_t residency_judged(const struct residency_matrix *matrix) {
    return matrix->requests - matrix->verdicts[RESIDENCY_EXEMPT];
}

double residency_share(const struct residency_matrix *matrix, uint64_t requests) {
    uint64_t judged = residency_judged(matrix);
    return judged > 0 ? (double)requests / (double)judged : 0;
}

bool residency_exceeds(const struct residency_matrix *matrix, const struct residency_limit *limit) {
    unsigned __int128 requests = matrix->verdicts[limit->verdict], most = limit->most;
    return limit->share ? requests * SHARE_WHOLE > most * residency_judged(matrix) : requests > most;
}
