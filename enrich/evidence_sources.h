/* Which inputs records of an hour came from, and the sum of their event.ids (schemas/evidence_row.h says what becomes of it).
 *
 * Threads: one at a time. */
#ifndef WHEREFROM_EVIDENCE_SOURCES_H
#define WHEREFROM_EVIDENCE_SOURCES_H

#include <stddef.h>

#include "schemas/evidence_row.h"
#include "schemas/rollup_note.h"

struct evidence_source; /* of one hour */

struct evidence_sources {
    struct evidence_source *places; /* open addressing */
    uint32_t count, mask, count_max;
    bool lost; /* there were more than there is room for: nothing is known of any hour */
    struct evidence_source *last;
    const struct origin *origin; /* of the note before, and its hash */
    uint64_t origin_hash;
    struct evidence_source *sorted; /* by hour, while they are asked for; else NULL */
};

/* False when there is no memory; evidence_sources_destroy is safe after any outcome. */
bool evidence_sources_init(struct evidence_sources *sources, size_t bytes_max) __attribute__((warn_unused_result));
void evidence_sources_destroy(struct evidence_sources *sources);

/* Takes in a record of an hour, counted from 1970. */
void evidence_sources_add(struct evidence_sources *sources, uint32_t hour, const struct rollup_note *note);

/* Those of hours from..to, `to` included. Costs what it has to look at once evidence_sources_sort was called; nothing is added before
 * evidence_sources_forget, which drops those of hours before `hour`. */
void evidence_sources_sort(struct evidence_sources *sources);
struct evidence_inputs evidence_sources_of(const struct evidence_sources *sources, uint32_t from, uint32_t to);
size_t evidence_sources_bytes(const struct evidence_sources *sources); /* of memory */
void evidence_sources_forget(struct evidence_sources *sources, uint32_t hour);

#endif
