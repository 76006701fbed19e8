/* event.id for processors with AVX-512. Compiled with -mavx512f.
 *
 * Threads: pure function. */
#define HASH_NAME hash_event_id_avx512
#include "base/hash_kernel.h"
