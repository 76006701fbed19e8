/* event.id for processors with nothing special.
 *
 * Threads: pure function. */
#define HASH_NAME hash_event_id_baseline
#include "base/hash_kernel.h"
