/* event.id for processors with AVX2. Compiled with -mavx2.
 *
 * Threads: pure function. */
#define HASH_NAME hash_event_id_avx2
#include "base/hash_kernel.h"
