/* JSON text that strict readers refuse only for its characters, made into text that they take.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_JSON_REPAIR_H
#define WHEREFROM_JSON_REPAIR_H

#include "base/slice.h"

#ifdef __cplusplus
extern "C" {
#endif

#define JSON_REPAIR_EXPANSION 3u /* a byte becomes U+FFFD at the worst */

/* Copies `text` to `out`, which has JSON_REPAIR_EXPANSION times as much room. Each byte that belongs to no UTF-8 sequence (RFC
 * 3629) becomes U+FFFD, and each escape of half a surrogate pair becomes the escape of U+FFFD (RFC 8259 section 8.2). Returns the
 * end; `*repaired` is set when something was replaced, and never cleared. */
char *json_repair(char *out, struct slice text, bool *repaired);

#ifdef __cplusplus
}
#endif

#endif
