/* What stat and the first bytes say; pread leaves the reader's place alone.
 *
 * Threads: any; nothing is kept. */
#define _GNU_SOURCE
#include "ingest/file_identity.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checksum.h"
#include "schemas/limits.h"

struct file_identity file_identity_of(const struct stat *about) {
    return (struct file_identity){.device = about->st_dev,
                                  .inode = about->st_ino,
                                  .size_bytes = (uint64_t)about->st_size,
                                  .mtime_ns = (int64_t)about->st_mtim.tv_sec * 1000000000 + about->st_mtim.tv_nsec};
}

bool file_identity_look(const char *path, struct file_identity *identity) {
    struct stat about;
    if (stat(path, &about) != 0 || !S_ISREG(about.st_mode)) return false;
    *identity = file_identity_of(&about);
    return true;
}

/* The first `bytes` bytes, fewer at the end of the file; -1 with errno. */
static ssize_t read_head(int fd, char *head, size_t bytes) {
    size_t got = 0;
    while (got < bytes) {
        ssize_t part = pread(fd, head + got, bytes - got, (off_t)got);
        if (part < 0 && errno == EINTR) continue;
        if (part < 0) return -1;
        if (part == 0) break;
        got += (size_t)part;
    }
    return (ssize_t)got;
}

enum status file_identity_read(int fd, const char *path, struct file_identity *identity, struct error *error) {
    char head[FILE_HEAD_BYTES];
    struct stat about;
    ssize_t bytes = fstat(fd, &about) == 0 ? read_head(fd, head, sizeof head) : -1;
    if (bytes < 0) return error_set_errno(error, errno, "input: %s: cannot be read", path);
    *identity = file_identity_of(&about);
    identity->head_bytes = (uint64_t)bytes;
    identity->head_hash = checksum(head, (size_t)bytes, 0);
    return STATUS_OK;
}

bool file_identity_continues(const struct file_identity *before, int fd) {
    char head[FILE_HEAD_BYTES];
    struct stat about;
    if (before->head_bytes > sizeof head || fstat(fd, &about) != 0 || (uint64_t)about.st_size < before->size_bytes)
        return false;
    ssize_t bytes = read_head(fd, head, before->head_bytes);
    return bytes >= 0 && (uint64_t)bytes == before->head_bytes && checksum(head, (size_t)bytes, 0) == before->head_hash;
}

bool file_identity_unchanged(const struct file_identity *before, const struct file_identity *now) {
    return before->device == now->device && before->inode == now->inode && before->size_bytes == now->size_bytes &&
           before->mtime_ns == now->mtime_ns;
}

bool file_is_beneath(int fd, const char *directory) {
    char link[32], path[PATH_MAX];
    char *root = realpath(directory[0] != '\0' ? directory : "/", NULL);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t bytes = readlink(link, path, sizeof path - 1);
    size_t root_bytes = root == NULL || strcmp(root, "/") == 0 ? 0 : strlen(root);
    path[bytes > 0 ? bytes : 0] = '\0';
    bool inside = root != NULL && strncmp(path, root, root_bytes) == 0 && path[root_bytes] == '/';
    free(root);
    return inside;
}
