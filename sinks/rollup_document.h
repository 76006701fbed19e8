/* Roll-ups as documents: one line of JSON each, under an id that depends on what it counts and not on how much, so that a document written
 * again replaces the earlier one.
 *
 *   {"@timestamp":START,"kind":"heat","event":{"id":..},"interval_s":300,"geo":{"tile":"7/64/42","location":{..}},"zone":"SE","requests":n,
 *    "bytes":n,"status":{"4xx":n,"5xx":n},"clients":{"estimate":n,"error":0.016},"part":"topic/3","revision":n}
 *
 * What is not known is absent. "approx":true stands in rows that may be too low (enrich/heat.h).
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_ROLLUP_DOCUMENT_H
#define WHEREFROM_ROLLUP_DOCUMENT_H

#include <stddef.h>

#include "base/hash.h"
#include "base/slice.h"
#include "base/timestamp.h"
#include "schemas/heat_slot.h"
#include "schemas/output.h"

/* A document and what may be written behind it: one of residency has names of 64 bytes, up to 17 digests, and a balancer's name that may
 * need escapes. */
#define ROLLUP_DOCUMENT_BYTES_MAX 8192u

/* Whose sums a document holds, when it is not all of a run's: readers add parts up. */
struct rollup_part_name {
    const char *name;    /* "topic/3"; in the document */
    struct slice origin; /* enters event.id: the same for whoever counts this part */
    uint64_t revision;   /* grows with what was counted: of two documents with one id the higher one says more */
};

/* All paths that documents of any kind have, for the index template. */
struct rollup_field {
    const char *path;
    enum output_type type;
};
extern const struct rollup_field rollup_fields[];
extern const size_t rollup_fields_count;

/* Writes ,"part":..,"revision":.. and returns the end; nothing for NULL. At most ROLLUP_DOCUMENT_BYTES_MAX / 4 bytes. */
char *rollup_put_part(char *out, const struct rollup_part_name *part);

/* When the row's interval begins, since 1970. */
int64_t rollup_heat_time_ns(const struct heat_row *row);

/* The row's event.id: a hash of kind, interval, tile and zone (base/hash.h, with the kind for the origin's name, the beginning in seconds
 * for the position, the seconds of the interval for the line of a message, and "TILE ZONE", of a part "TILE ZONE ORIGIN", for the line). */
void rollup_heat_id(const struct heat_row *row, const struct rollup_part_name *part, char id[HASH_ID_DIGITS]);

/* Writes the document with a newline and returns the number of bytes. `part` NULL: it is of all of a run. */
size_t rollup_heat_write(const struct heat_row *row, const struct rollup_part_name *part, const char id[HASH_ID_DIGITS],
                         struct timestamp_cache *days, char out[ROLLUP_DOCUMENT_BYTES_MAX]);

#endif
