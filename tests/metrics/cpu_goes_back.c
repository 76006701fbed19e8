/* To be loaded before libc (LD_PRELOAD): CPU time goes back between two looks at it, as that of some kernels does by microseconds.
 *
 * Threads: all. */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>

int getrusage(int who, struct rusage *used) {
    static atomic_long looks;
    (void)who;
    memset(used, 0, sizeof *used);
    long look = atomic_fetch_add(&looks, 1);
    used->ru_utime.tv_sec = 1000 + (look % 2 == 0 ? look : look - 3);
    return 0;
}
