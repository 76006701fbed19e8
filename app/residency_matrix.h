/* Evidence as a matrix: what was served to clients of each zone in each place, over all hours, for `wherefrom residency`.
 *
 * Threads: main thread. */
#ifndef WHEREFROM_RESIDENCY_MATRIX_H
#define WHEREFROM_RESIDENCY_MATRIX_H

#include <stdio.h>

#include "base/pool.h"
#include "enrich/evidence.h"
#include "enrich/hyperloglog.h"
#include "enrich/name_table.h"

struct residency_cell {
    const char *zone, *place; /* NULL: it stands for several (enrich/evidence.h) */
    uint8_t verdict;
    uint64_t requests, bytes;
    int64_t first_ns, last_ns;
    struct hyperloglog sketch;
    bool clients_lost; /* there was no room */
};

struct residency_balancer {
    struct slice lb; /* empty: not known, or folded */
    uint64_t requests, verdicts[RESIDENCY_VERDICTS];
};

struct residency_matrix {
    struct residency_cell *cells; /* by zone, place, verdict */
    uint32_t cells_count, cells_room;
    struct residency_balancer *balancers; /* the worst ones first: by violations, then indeterminate, then requests */
    uint32_t balancers_count, balancers_room;
    const struct evidence_basis *bases[16]; /* the first ones */
    uint32_t bases_count;
    uint64_t requests, verdicts[RESIDENCY_VERDICTS], reasons[RESIDENCY_VERDICTS][RESIDENCY_REASONS];
    int64_t first_ns, last_ns;
    bool approximate;
    struct evidence_inputs inputs;
    uint64_t rejected, unjudged; /* lines that could not be read; finished records without a verdict */
    /* private: */
    struct pool pool;
    struct name_table cell_names, balancer_names;
};

/* Takes all that is in `evidence`, which stays alive as long as the matrix. False: out of memory. residency_matrix_destroy is safe after any
 * outcome. */
bool residency_matrix_init(struct residency_matrix *matrix, struct evidence *evidence)
    __attribute__((warn_unused_result));
void residency_matrix_destroy(struct residency_matrix *matrix);

/* Of a cell or a balancer, from 0 to 1: of the requests that are not exempt, which are nobody's concern. */
double residency_share(const struct residency_matrix *matrix, uint64_t requests);
/* Those. */
uint64_t residency_judged(const struct residency_matrix *matrix);

/* A limit that a verdict may not pass. */
struct residency_limit {
    uint8_t verdict;
    bool share; /* `most` is millionths of the requests that are not exempt; else requests */
    uint64_t most;
    const char *text; /* as given */
};
bool residency_exceeds(const struct residency_matrix *matrix, const struct residency_limit *limit);

/* For people: aligned, with what is not certain first. For programs: one object; or one line of CSV (RFC 4180) for each cell, behind a header. */
void residency_print_text(const struct residency_matrix *matrix, FILE *out);
void residency_print_json(const struct residency_matrix *matrix, const struct residency_limit *limits,
                          size_t limits_count, FILE *out);
void residency_print_csv(const struct residency_matrix *matrix, FILE *out);

#endif
