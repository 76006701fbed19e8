/* What of a record counts in roll-ups: taken from the record while a worker has it.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_NOTE_RECORD_H
#define WHEREFROM_NOTE_RECORD_H

#include "enrich/path_class.h"
#include "schemas/record.h"
#include "schemas/rollup_note.h"

/* What clients are told apart by. */
uint64_t note_client_hash(const struct ip *client);

/* Of a record whose client is resolved and located. `origin` is its line's. */
void note_record(const struct record *record, const struct origin *origin, struct rollup_note *note);

/* And what only rates want: when the request came, how long it took, method and class of path, peer, and the first entry of X-Forwarded-For.
 * After note_record. */
void note_record_rates(const struct record *record, const struct path_class *classes, struct rollup_note *note);

#endif
