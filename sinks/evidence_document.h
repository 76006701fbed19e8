/* Rows of evidence as documents, see sinks/rollup_document.h:
 *
 *   {"@timestamp":HOUR,"kind":"residency","event":{"id":..},"interval_s":3600,"zone":"eea","place":"us","verdict":"violation",
 *    "lb":"app/web/..","requests":812,"bytes":n,"clients":{"estimate":77,"error":0.016},"reasons":{"stale-db":812},"first":TIME,"last":TIME,
 *    "policy":"sha256:..","lists":["sha256:.."],"geo_build":1761000000,"inputs":{"count":3,"digest":"xxh128:.."}}
 *
 * What is not known is absent; `lb` also in rows that stand for several balancers, which say "folded":true. `geo_build` is a list of the
 * oldest and the newest when there were several. Of one partition `inputs` has "offset":{"first":n,"last":n}, too, and parts have "part"
 * and "revision" as heat has them.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_EVIDENCE_DOCUMENT_H
#define WHEREFROM_EVIDENCE_DOCUMENT_H

#include "schemas/evidence_row.h"
#include "sinks/rollup_document.h"

/* The row's event.id: a hash of what it counts: hour, zone, place, verdict, policy and balancer (base/hash.h, with "residency" for the
 * origin's name, the beginning in seconds for the position, the seconds of the interval for the line of a message, and
 * "ZONE PLACE VERDICT POLICY LB" for the line, LB with a space in front only where it is known, and "*" instead of both where the row
 * stands for several; of a part a line feed and its ORIGIN behind that). */
void evidence_document_id(const struct evidence_row *row, const struct rollup_part_name *part, char id[HASH_ID_DIGITS]);

/* Writes the document with a newline and returns the number of bytes. */
size_t evidence_document_write(const struct evidence_row *row, const struct rollup_part_name *part,
                               const char id[HASH_ID_DIGITS], struct timestamp_cache *days,
                               char out[ROLLUP_DOCUMENT_BYTES_MAX]);

#endif
