/* What was said of records before, rendered.
 *
 * Threads: one per worker. */
#ifndef WHEREFROM_RESIDENCY_MEMORY_H
#define WHEREFROM_RESIDENCY_MEMORY_H

#include "schemas/residency.h"
#include "sinks/emit.h"

#define RESIDENCIES_KNOWN 64u /* at a time: zones times places times verdicts, as far as they come */

struct residency_entry {
    uint64_t id;         /* of struct residency; 0: free */
    uint32_t json_bytes; /* 0: nothing of it is written */
    char json[RESIDENCY_JSON_BYTES_MAX + EMIT_CHUNK_BYTES];
};

/* All zero: nothing is known. */
struct residency_memory {
    struct residency_entry entries[RESIDENCIES_KNOWN];
};

#endif
