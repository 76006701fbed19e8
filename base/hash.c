/* Chooses the hash for this processor.
 *
 * Threads: any; the choice is made before main() starts and never changes. */
#include "base/hash.h"

#include "base/cpu.h"

static hash_event_id_function *const by_level[CPU_LEVELS] = {
    [CPU_BASELINE] = hash_event_id_baseline,
#if defined(__x86_64__)
    [CPU_AVX2] = hash_event_id_avx2,
    [CPU_AVX512] = hash_event_id_avx512,
#endif
};
static hash_event_id_function *chosen;

__attribute__((constructor)) static void choose(void) {
    chosen = by_level[cpu_level()];
}

void hash_event_id(struct slice origin_name, uint64_t position, uint32_t message_line, struct slice line, char *out) {
    chosen(origin_name, position, message_line, line, out);
}
