/* Heat added up: a table of slots that is bounded in memory and gives the same rows whatever the order of what is added.
 *
 * When memory is used up the slots with the fewest requests (of equal ones the first) are folded, half of all that there are: what they
 * counted goes to one slot of their UTC day, of zone HEAT_ZONE_FOLDED and without tile and clients. So all sums over all rows stay right,
 * those of single tiles and zones may be too low, and every row says so (`approximate`; of streams those of the intervals that were open
 * then). Which ones are folded then depends on
 * the order of what was added, no more.
 *
 * Rows of intervals that are over are reported and forgotten, so a stream needs room for its open intervals only. What comes for an interval
 * that was reported is late: counted as such, and nowhere else.
 *
 * Threads: one at a time. */
#ifndef WHEREFROM_HEAT_H
#define WHEREFROM_HEAT_H

#include <stddef.h>

#include "schemas/heat_slot.h"
#include "schemas/rollup_note.h"

struct heat;

/* The least that a table for any times takes, folded by days: those from 1970 to 2261 are half of its slots. */
#define HEAT_BYTES_MIN (48u * 1024 * 1024)

/* `folded_s`: what folded slots are slots of, a multiple of HEAT_INTERVAL_S: HEAT_FOLDED_S, or of streams, which report one interval after
 * the other, HEAT_INTERVAL_S. NULL when there is no memory. What is reserved costs memory once it is used. */
struct heat *heat_new(size_t bytes_max, uint32_t folded_s);
void heat_free(struct heat *heat); /* NULL is allowed */

/* Adds what notes say, those of refused records left out. */
void heat_add(struct heat *heat, const struct rollup_note *notes, uint32_t notes_count);

typedef void heat_row_function(void *context, const struct heat_row *row);

/* Gives the rows of intervals that ended at or before `until_ns` (INT64_MAX: all), in order of time, tile and zone, and forgets them. */
void heat_report(struct heat *heat, int64_t until_ns, heat_row_function *row, void *context);

/* Gives rows that have changed since they were shown, in no order, and keeps them. */
void heat_show(struct heat *heat, heat_row_function *row, void *context);

/* When the oldest interval that is still open began: what was earlier than that will never be asked for again. */
int64_t heat_needs_ns(const struct heat *heat);

/* Of memory, used. */
size_t heat_bytes(const struct heat *heat);
/* Folds half of the slots. False: there is none to fold. */
bool heat_shrink(struct heat *heat);

/* Sums of what was up to then may be too low for another reason, and their rows are to say so. */
void heat_set_approximate(struct heat *heat, int64_t until_ns);

/* Slots that were folded, requests that came too late, so far. */
uint64_t heat_folded_count(const struct heat *heat);
uint64_t heat_late_count(const struct heat *heat);

#endif
