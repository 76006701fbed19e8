/* By text alone: the path need not be there.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "base/folder.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void folder_of(const char *path, char *folder, size_t folder_bytes) {
    const char *slash = strrchr(path, '/');
    snprintf(folder, folder_bytes, "%.*s", slash == NULL || slash == path ? 1 : (int)(slash - path),
             slash == NULL ? "." : path);
}

void folder_sync(const char *path) {
    char folder[PATH_MAX];
    folder_of(path, folder, sizeof folder);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    (void)fsync(fd);
    close(fd);
}
