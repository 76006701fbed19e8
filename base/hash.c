/* Chooses the hash for this processor, once. Like the scanner it obeys WHEREFROM_CPU.
 *
 * Threads: any; the choice is made before main() starts and never changes. */
#include "base/hash.h"

#include "base/scan.h"

static hash_event_id_function *chosen = hash_event_id_baseline;

__attribute__((constructor)) static void choose(void) {
#if defined(__x86_64__)
    const struct scan_kernel *kernel = scan_choose();
    if (kernel == &scan_kernel_avx2) chosen = hash_event_id_avx2;
    if (kernel == &scan_kernel_avx512) chosen = hash_event_id_avx512;
#endif
}

void hash_event_id(struct slice origin_name, uint64_t position, struct slice line, char *out) {
    chosen(origin_name, position, line, out);
}
