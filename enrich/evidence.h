/* Evidence added up: a table by hour, policy, zone, place, verdict and balancer that is bounded in memory and gives the same rows whatever
 * the order of what is added.
 *
 * When memory is used up the rows with the fewest requests (of equal ones the first) are folded, half of all that there are: balancers of
 * an hour into one row, those rows into one of their day, and only then days into one of all time, which has neither zone nor place. So all
 * sums stay right and no verdict is mixed with another; distinct clients are merged, as long as there is room for their sketches. Every row
 * says so, of the hours that there were when it happened (`approximate`).
 *
 * Threads: one at a time. */
#ifndef WHEREFROM_EVIDENCE_H
#define WHEREFROM_EVIDENCE_H

#include <stddef.h>

#include "schemas/evidence_row.h"
#include "schemas/rollup_note.h"

struct evidence;

/* Less has no room for what cannot be folded. */
#define EVIDENCE_BYTES_MIN (4u * 1024 * 1024)

/* `folded_s`: what folded rows are rows of: EVIDENCE_FOLDED_S, or of streams, which report one hour after the other, EVIDENCE_INTERVAL_S;
 * then clients are given up where folding does not help. NULL when there is no memory. What is reserved costs memory once it is used. */
struct evidence *evidence_new(size_t bytes_max, uint32_t folded_s);
void evidence_free(struct evidence *evidence); /* NULL is allowed */

/* Adds what notes say; those of refused records, and those that no policy was asked about, are left out. Policies live until
 * evidence_free. */
void evidence_add(struct evidence *evidence, const struct rollup_note *notes, uint32_t notes_count);

/* Tells the rows of intervals that ended at or before `until_ns` (INT64_MAX: all), in order of time, policy, zone, place, verdict and
 * balancer (names by their bytes), and forgets them; a row and what it points to is valid until the function returns, its names and basis
 * until evidence_free. What comes later for an hour that was told is late, and counts nowhere else. */
typedef void evidence_row_function(void *context, const struct evidence_row *row);
void evidence_report(struct evidence *evidence, int64_t until_ns, evidence_row_function *function, void *context);

/* Tells rows that have changed since they were shown, in no order, and keeps them. */
void evidence_show(struct evidence *evidence, evidence_row_function *function, void *context);

/* When the oldest hour that is still open began: what was earlier than that will never be asked for again. */
int64_t evidence_needs_ns(const struct evidence *evidence);

/* Of memory, used. */
size_t evidence_bytes(const struct evidence *evidence);
/* Folds half of the rows. False: there is none to fold. */
bool evidence_shrink(struct evidence *evidence);

/* Sums of what was up to then may be too low for another reason, and their rows are to say so. */
void evidence_set_approximate(struct evidence *evidence, int64_t until_ns);

/* Records that came too late, and rows that were folded so far. */
uint64_t evidence_late_count(const struct evidence *evidence);
uint64_t evidence_folded_count(const struct evidence *evidence);

/* All inputs so far that were not told, whatever their hours. */
struct evidence_inputs evidence_inputs(struct evidence *evidence);

#endif
