/* Inputs that end at an unreadable page: reading one byte too many ends the test with SIGSEGV, in every build
 * and not only under AddressSanitizer.
 *
 * Threads: one. */
#ifndef WHEREFROM_GUARD_H
#define WHEREFROM_GUARD_H

#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"
#include "base/slice.h"

/* A copy of `text` with the unreadable page right behind its last byte. Lives until the next call.
 * Also for an empty text: the pointer then points at the unreadable page. */
static inline struct slice guard_copy(struct slice text) {
    static char *map;
    static size_t map_bytes, page_bytes;
    if (map == NULL || text.len > map_bytes - page_bytes) {
        if (map != NULL) ASSERT(munmap(map, map_bytes) == 0);
        page_bytes = (size_t)sysconf(_SC_PAGESIZE);
        map_bytes = (text.len / page_bytes + 2) * page_bytes;
        map = (char *)mmap(NULL, map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ASSERT(map != (char *)MAP_FAILED);
        ASSERT(mprotect(map + map_bytes - page_bytes, page_bytes, PROT_NONE) == 0);
    }
    char *copy = map + map_bytes - page_bytes - text.len;
    if (text.len != 0) memcpy(copy, text.ptr, text.len);
    return (struct slice){.ptr = copy, .len = text.len};
}

#endif
