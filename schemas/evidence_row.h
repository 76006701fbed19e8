/* Evidence of residency: what was served to clients of a zone in a place, hour by hour, and what that is known from.
 *
 * A worker notes what the policy said of a record (schemas/rollup_note.h); the notes are added up (enrich/evidence.h); each row becomes a
 * document (sinks/evidence_document.h), or part of the matrix of `wherefrom residency`.
 *
 * Threads: plain values. */
#ifndef WHEREFROM_EVIDENCE_ROW_H
#define WHEREFROM_EVIDENCE_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "schemas/residency.h"

#define EVIDENCE_INTERVAL_S 3600u
#define EVIDENCE_FOLDED_S 86400u /* of rows that stand for those of a day, see enrich/evidence.h */

struct hyperloglog;

/* What verdicts were made by; of a run there is one, unless its config was reloaded or records of several runs are read. */
struct evidence_basis {
    const char *policy;                     /* "sha256:.." */
    const char *lists[RESIDENCY_LISTS_MAX]; /* likewise, sorted */
    uint32_t lists_count;
    uint64_t geo_build,
        geo_build_newest; /* of the database that knows countries: the oldest and the newest one; 0: none */
};

/* Where the records of a row's interval came from, all zones, places and verdicts of it.
 *
 * An input is an object, a file, a stream, or a partition of a topic. Its own digest is the sum, modulo 2^128, of the event.id of each
 * record that was counted, read as big-endian numbers: so it does not depend on the order of lines, changes when a byte of one changes, and
 * can be had from finished records as well as from logs. `digest` is XXH3-128 (seed 0, canonical) over these sums, 16 bytes each, big
 * endian, sorted. It finds accidents; whoever wants to forge logs can make others with the same digest. */
struct evidence_inputs {
    uint32_t count; /* 0: not known, since there were too many */
    char digest[32];
    bool has_offsets; /* it is one partition: offsets of the first and the last message */
    uint64_t offset_first, offset_last;
};

struct evidence_row {
    int64_t time_ns;     /* when the interval begins */
    uint32_t interval_s; /* 0: of all the time that there is */
    const struct evidence_basis *basis;
    const char *zone, *place; /* names; NULL: of rows of all time, which stand for several */
    uint8_t verdict;          /* enum residency_verdict */
    bool folded;              /* it stands for several balancers */
    bool approximate;         /* rows were folded: those of single balancers and hours may be too low */
    struct slice lb;          /* empty: not known, or folded */
    uint64_t requests, bytes; /* at most INT64_MAX, the largest `long` */
    uint64_t reasons[RESIDENCY_REASONS];
    int64_t first_ns, last_ns;        /* @timestamp of records */
    bool has_clients;                 /* a client was known: */
    uint64_t clients;                 /* how many, about; never more than requests */
    const struct hyperloglog *sketch; /* of the clients, with has_clients */
    struct evidence_inputs inputs;
};

#endif
