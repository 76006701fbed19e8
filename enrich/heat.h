/* Heat added up: a table of slots that is bounded in memory and gives the same rows whatever the order of what is added.
 *
 * When memory is used up the slots with the fewest requests (of equal ones the first) are folded, half of all that there are: what they
 * counted goes to one slot of their UTC day, of zone HEAT_ZONE_FOLDED and without tile and clients. So all sums over all rows stay right,
 * those of single tiles and zones may be too low from then on, and every row says so (`approximate`). Which ones are folded then depends on
 * the order of what was added, no more.
 *
 * Threads: one at a time. */
#ifndef WHEREFROM_HEAT_H
#define WHEREFROM_HEAT_H

#include <stddef.h>

#include "schemas/heat_slot.h"

struct heat;

/* The least that a table for any times takes: days from 1970 to 2261 are half of its slots. */
#define HEAT_BYTES_MIN (48u * 1024 * 1024)

/* NULL when there is no memory. What is reserved costs memory once it is used. */
struct heat *heat_new(size_t bytes_max);
void heat_free(struct heat *heat); /* NULL is allowed */

/* Adds what notes say, those of refused records left out. */
void heat_add(struct heat *heat, const struct heat_note *notes, uint32_t notes_count);

/* Puts the rows in order of time, tile and zone; returns how many there are. Nothing is added after that. */
uint32_t heat_sort(struct heat *heat);
struct heat_row heat_row(const struct heat *heat, uint32_t index);

/* Slots that were folded so far. */
uint64_t heat_folded_count(const struct heat *heat);

#endif
