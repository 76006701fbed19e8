/* Reads until there is no more: a size that is asked for before is wrong for pipes and for files that grow.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "base/whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROOM_BYTES_MIN (64u * 1024)

/* Fills `text`, which has `room` bytes, until the end or until it is full; the bytes read, -1 with errno. */
static ssize_t fill(int file, char *text, size_t room) {
    size_t used = 0;
    while (used < room) {
        ssize_t got = read(file, text + used, room - used);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        if (got == 0) break;
        used += (size_t)got;
    }
    return (ssize_t)used;
}

static enum status read_all(int file, size_t bytes_max, struct slice *out, struct error *error) {
    char *text = NULL;
    size_t used = 0, room = 0;
    while (used == room && used <= bytes_max) {
        room = room == 0 ? ROOM_BYTES_MIN : 2 * room;
        char *larger = realloc(text, room);
        if (larger == NULL) {
            free(text);
            return error_set(error, STATUS_FAILED, "out of memory");
        }
        text = larger;
        ssize_t got = fill(file, text + used, room - used);
        if (got < 0) {
            int problem = errno;
            free(text);
            char reason[128];
            return error_set(error, STATUS_USAGE, "%s", strerror_r(problem, reason, sizeof reason));
        }
        used += (size_t)got;
    }
    if (used > bytes_max) {
        free(text);
        return error_set(error, STATUS_USAGE, "expected at most %zu bytes, the file has more", bytes_max);
    }
    *out = (struct slice){.ptr = text, .len = used};
    return STATUS_OK;
}

enum status whole_file_read(const char *path, size_t bytes_max, struct slice *text, struct error *error) {
    char reason[128];
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return error_set(error, STATUS_USAGE, "%s", strerror_r(errno, reason, sizeof reason));
    enum status status = read_all(file, bytes_max, text, error);
    close(file);
    return status;
}

void whole_file_free(struct slice text) {
    free((void *)(uintptr_t)text.ptr);
}
