/* Rows of rates as documents: one line of JSON each, under an id that depends on what it counts and not on how much.
 *
 *   {"@timestamp":END,"kind":"top","event":{"id":..},"win":300,"dim":"client","key":"89.160.20.112","n":18231,"err":0,"guaranteed":true,
 *    "rps":60.77,"bytes":n,"s4xx":n,"s5xx":n,"geo":{"country_iso_code":"SE","location":{..}},"as":{"number":29518},"trust":2,
 *    "clients":{"estimate":n,"error":0.016},"latency":{"p50":s,"p95":s,"p99":s},"late":n}
 *   {"@timestamp":TO,"kind":"breach",..,"rule":"login-ip","view":"client","dim":"client","win":300,"key":..,"from":..,"to":..,"peak":812,"limit":100,
 *    "excess":[612,688]}
 *   {"@timestamp":END,"kind":"impact",..,"rule":..,"view":..,"dim":..,"win":300,"limit":100,"keys":3,"total":n,"would_block":[n,n],
 *    "share_of_all":[0.1,0.2],"evaded":n,"framed":n,"blocked":{"as":[{"number":29518,"n":n}],"country":[{"iso_code":"SE","n":n}]}}
 *   {"@timestamp":END,"kind":"advice",..,"rule":.. or none,"dim":..,"win":300,"group":"hosting","keys":48112,"total":n,"p99":14,"p999":55,"p9999":240,
 *    "suggest":60,"would_stop":0.0031,"suggest_p9999":240,"would_stop_p9999":0.0002}
 *
 * Pairs are the least and the most (excess: blocking began 30 or 10 seconds after the crossing). What is not known is absent;
 * "approx":true stands where memory was short, and "part":"TOPIC/PARTITION","revision":n where the row is a part of a sum.
 *
 * Keys: parts in the order of the dimension's name with | between; addresses with the length of their prefix where that is not all of them;
 * of PrivateLink's clients the endpoint and |; "unresolved:VERDICT" where nobody knows the client; an AS without letters; "unknown" for an
 * AS, country or balancer that is not known, "other" for paths of no class.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_RATE_DOCUMENT_H
#define WHEREFROM_RATE_DOCUMENT_H

#include "base/hash.h"
#include "base/timestamp.h"
#include "schemas/rate.h"
#include "sinks/rollup_document.h"

/* Of a key as a text, not escaped. */
#define RATE_KEY_BYTES_MAX 1024u

extern const char *const rate_row_kind_names[];

/* The key as a text; returns its bytes. */
size_t rate_key_write(const struct rate_settings *settings, const struct rate_dim *dim, const struct rate_key *key,
                      char out[RATE_KEY_BYTES_MAX]);

/* Their paths, beside those of rollup_fields. */
extern const struct rollup_field rate_fields[];
extern const size_t rate_fields_count;

/* The row's event.id and the document with a newline, whose bytes are returned. `part` NULL: it is of all of a run. The id is a hash
 * (base/hash.h, with "rate" for the origin's name) of time (of a breach its beginning) and window for the position and the line of a message,
 * and "KIND rule|dim NAME VIEW KEY", of a part "... KEY ORIGIN", for the line, - for what there is not; of an advice VIEW is its group. */
size_t rate_document_write(const struct rate_settings *settings, const struct rate_row *row,
                           const struct rollup_part_name *part, struct timestamp_cache *days, char id[HASH_ID_DIGITS],
                           char out[ROLLUP_DOCUMENT_BYTES_MAX]);

#endif
