/* What of a record counts in heat roll-ups.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_HEAT_NOTE_H
#define WHEREFROM_HEAT_NOTE_H

#include "base/slice.h"
#include "schemas/heat_slot.h"
#include "schemas/record.h"

/* Of a record whose client is resolved and located. It counts by its own time, which is @timestamp. */
void heat_note_take(const struct record *record, struct heat_note *note);

/* The zone of a country by its code in a database; HEAT_ZONE_UNKNOWN for what is none. */
uint16_t heat_zone_of_country(struct slice code);

#endif
