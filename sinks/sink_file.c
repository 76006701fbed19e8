/* NDJSON to a descriptor. No buffer of our own: a batch is one write of about a megabyte.
 *
 * gzip output is one stream, fed in pieces of fixed size, so that the same records give the same
 * bytes whatever the batches were.
 *
 * Threads: see the header. The lock is held while bytes are written, so that a file changes between two batches only. */
#define _GNU_SOURCE
#include "sinks/sink_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/folder.h"
#include "base/slice.h"
#include "sinks/gzip_write.h"

#define PIECE_BYTES (256u * 1024)
#define REOPEN_WAIT_NS 20000000 /* for a write to end, by the thread that also watches signals */

struct sink_file {
    char *path;
    pthread_mutex_t lock;
    int fd, next_fd; /* next: what follows once the file is switched; -1: nothing */
    uint64_t inode, next_bytes, next_inode;
    bool is_regular; /* it has a name that it can lose */
    bool reader_gone;
    atomic_uint_fast64_t bytes; /* taken; read by any thread */
    uint64_t cut_bytes;
    uint64_t file_bytes;      /* how long the file is */
    bool member_open;         /* bytes were taken that belong to a gzip member whose end is not written */
    struct gzip_writer *gzip; /* NULL: plain */
    char *compressed;
    char *piece; /* not yet compressed: less than PIECE_BYTES */
    size_t piece_bytes;
};

static enum status write_all(struct sink_file *sink, const void *bytes, size_t bytes_count, struct error *error) {
    const char *from = bytes;
    while (bytes_count > 0) {
        ssize_t written = write(sink->fd, from, bytes_count);
        if (written < 0) {
            if (errno == EINTR) continue;
            sink->reader_gone = errno == EPIPE;
            return error_set_errno(
                error, errno, "output: %s: cannot be written; what is in it is whole up to its last line", sink->path);
        }
        from += written;
        bytes_count -= (size_t)written;
        sink->file_bytes += (uint64_t)written;
    }
    return STATUS_OK;
}

static enum status compress_piece(struct sink_file *sink, bool finish, struct error *error) {
    struct gzip_io io = {.in = sink->piece, .in_bytes = sink->piece_bytes};
    bool ended;
    sink->piece_bytes = 0;
    do {
        io.out = sink->compressed;
        io.out_bytes = PIECE_BYTES;
        ended = gzip_writer_step(sink->gzip, &io, finish);
        enum status status = write_all(sink, sink->compressed, PIECE_BYTES - io.out_bytes, error);
        if (status != STATUS_OK) return status;
    } while (io.out_bytes == 0 || io.in_bytes > 0 || (finish && !ended));
    return STATUS_OK;
}

static enum status end_member(struct sink_file *sink, struct error *error) {
    enum status status = compress_piece(sink, true, error);
    sink->member_open = false;
    gzip_writer_reset(sink->gzip);
    return status;
}

/* Where the last whole line of a file ends; -1 with errno. */
static off_t end_of_lines(int fd, off_t bytes) {
    char piece[4096];
    for (off_t end = bytes; end > 0;) {
        size_t part = end < (off_t)sizeof piece ? (size_t)end : sizeof piece;
        if (pread(fd, piece, part, end - (off_t)part) != (ssize_t)part) return -1;
        const char *newline = memrchr(piece, '\n', part);
        end -= (off_t)part;
        if (newline != NULL) return end + (newline + 1 - piece);
    }
    return 0;
}

/* What stands behind it was never confirmed to anybody. */
static enum status cut_unfinished(struct sink_file *sink, struct error *error) {
    struct stat about;
    if (stat(sink->path, &about) != 0 || !S_ISREG(about.st_mode)) return STATUS_OK;
    int fd = open(sink->path, O_RDWR | O_CLOEXEC);
    off_t end = fd >= 0 && fstat(fd, &about) == 0 ? end_of_lines(fd, about.st_size) : -1;
    bool good = end >= 0 && (end == about.st_size || ftruncate(fd, end) == 0);
    if (!good) error_set_errno(error, errno, "output: %s: cannot be continued; it must be readable, too", sink->path);
    if (good) sink->cut_bytes = (uint64_t)(about.st_size - end);
    if (fd >= 0) close(fd);
    return good ? STATUS_OK : STATUS_FAILED;
}

enum status sink_file_open(const char *path, enum sink_file_start start, struct sink_file **result,
                           struct error *error) {
    struct sink_file *sink = calloc(1, sizeof *sink);
    if (sink == NULL) return error_set(error, STATUS_FAILED, "output: %s: out of memory", path);
    *result = sink;
    bool is_stdout = strcmp(path, "-") == 0;
    sink->path = strdup(is_stdout ? "stdout" : path);
    bool gzip = slice_ends_with(slice_from(path), SLICE(".gz"));
    sink->fd = sink->next_fd = -1;
    ASSERT(pthread_mutex_init(&sink->lock, NULL) == 0);
    if (start == SINK_FILE_CONTINUE && !is_stdout && cut_unfinished(sink, error) != STATUS_OK) return STATUS_FAILED;
    int way = start == SINK_FILE_ANEW ? O_TRUNC : O_APPEND;
    sink->fd = is_stdout ? STDOUT_FILENO : open(path, O_WRONLY | O_CREAT | O_CLOEXEC | way, 0600);
    if (sink->fd < 0)
        return error_set_errno(
            error, errno, "output: %s: cannot be opened for writing; check the directory and its permissions", path);
    struct stat about;
    sink->is_regular = fstat(sink->fd, &about) == 0 && S_ISREG(about.st_mode);
    if (sink->is_regular) {
        sink->file_bytes = (uint64_t)about.st_size;
        sink->inode = about.st_ino;
    }
    if (is_stdout) sink->is_regular = false; /* its name is the shell's matter */
    if (!gzip) return STATUS_OK;
    sink->gzip = gzip_writer_new();
    sink->compressed = malloc(PIECE_BYTES);
    sink->piece = malloc(PIECE_BYTES);
    if (sink->compressed == NULL || sink->piece == NULL || sink->gzip == NULL)
        return error_set(error, STATUS_FAILED, "output: %s: out of memory", path);
    return STATUS_OK;
}

static enum status compress(struct sink_file *sink, const char *bytes, size_t bytes_count, struct error *error) {
    sink->member_open = true;
    while (bytes_count > 0) {
        size_t part = PIECE_BYTES - sink->piece_bytes < bytes_count ? PIECE_BYTES - sink->piece_bytes : bytes_count;
        memcpy(sink->piece + sink->piece_bytes, bytes, part);
        sink->piece_bytes += part;
        bytes += part;
        bytes_count -= part;
        if (sink->piece_bytes < PIECE_BYTES) break;
        enum status status = compress_piece(sink, false, error);
        if (status != STATUS_OK) return status;
    }
    return STATUS_OK;
}

static enum status write_bytes(void *instance, const char *bytes, size_t bytes_count, struct error *error) {
    struct sink_file *sink = instance;
    atomic_fetch_add_explicit(&sink->bytes, bytes_count, memory_order_relaxed);
    ASSERT(pthread_mutex_lock(&sink->lock) == 0);
    enum status status = sink->gzip == NULL ? write_all(sink, bytes, bytes_count, error)
                                            : compress(sink, bytes, bytes_count, error);
    ASSERT(pthread_mutex_unlock(&sink->lock) == 0);
    return status;
}

enum status sink_file_prepare(struct sink_file *sink, bool *moved, uint64_t *bytes, struct error *error) {
    struct stat ours, named;
    *moved = false;
    if (!sink->is_regular || sink->fd < 0 || fstat(sink->fd, &ours) != 0) return STATUS_OK;
    bool there = stat(sink->path, &named) == 0;
    if (there && named.st_dev == ours.st_dev && named.st_ino == ours.st_ino) return STATUS_OK;
    if (there && !S_ISREG(named.st_mode))
        return error_set(error, STATUS_FAILED,
                         "output: %s: is no file any more; what follows goes to the one that had the name before",
                         sink->path);
    int fd = open(sink->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0600);
    if (fd < 0 || fstat(fd, &named) != 0) {
        int reason = errno;
        if (fd >= 0) close(fd);
        return error_set_errno(
            error, reason,
            "output: %s: was moved away, and a new one cannot be opened, so what follows goes to the "
            "old one; look at the directory and its permissions, and send SIGHUP again",
            sink->path);
    }
    if (!there) folder_sync(sink->path);
    sink->next_fd = fd;
    sink->next_bytes = *bytes = (uint64_t)named.st_size;
    sink->next_inode = named.st_ino;
    *moved = true;
    return STATUS_OK;
}

enum status sink_file_switch(struct sink_file *sink, struct error *error) {
    ASSERT(sink->next_fd >= 0);
    enum status status = STATUS_OK;
    if (sink->gzip != NULL && (sink->member_open || sink->file_bytes == 0)) status = end_member(sink, error);
    if (close(sink->fd) != 0 && status == STATUS_OK)
        status = error_set_errno(error, errno, "output: %s: the file that was moved away cannot be closed", sink->path);
    sink->fd = sink->next_fd;
    sink->file_bytes = sink->next_bytes;
    sink->inode = sink->next_inode;
    sink->next_fd = -1;
    return status;
}

enum sink_file_reopened sink_file_reopen(struct sink_file *sink, struct error *error) {
    struct timespec until;
    uint64_t bytes;
    bool moved = false;
    if (!sink->is_regular) return SINK_FILE_IN_PLACE;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += REOPEN_WAIT_NS;
    if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
    if (pthread_mutex_timedlock(&sink->lock, &until) != 0) return SINK_FILE_BUSY;
    enum status status = sink_file_prepare(sink, &moved, &bytes, error);
    if (moved) status = sink_file_switch(sink, error);
    ASSERT(pthread_mutex_unlock(&sink->lock) == 0);
    return status != STATUS_OK ? SINK_FILE_FAILED : moved ? SINK_FILE_NEW : SINK_FILE_IN_PLACE;
}

uint64_t sink_file_inode(const struct sink_file *sink) {
    return sink->next_fd >= 0 ? sink->next_inode : sink->inode;
}

const char *sink_file_path(const struct sink_file *sink) {
    return sink->path;
}

static enum status close_file(void *instance, struct error *error) {
    struct sink_file *sink = instance;
    enum status status = STATUS_OK;
    if (sink->fd < 0) return status;
    /* an empty file is no gzip file, but whole members need no empty one behind them */
    if (sink->gzip != NULL && (sink->member_open || sink->file_bytes == 0)) status = end_member(sink, error);
    int fd = sink->fd;
    sink->fd = -1;
    /* NFS and full disks report at close */
    if (fd != STDOUT_FILENO && close(fd) != 0 && status == STATUS_OK)
        status = error_set_errno(error, errno, "output: %s: cannot be closed", sink->path);
    return status;
}

void sink_file_free(struct sink_file *sink) {
    if (sink == NULL) return;
    if (sink->fd > STDOUT_FILENO) close(sink->fd);
    if (sink->next_fd >= 0) close(sink->next_fd);
    ASSERT(pthread_mutex_destroy(&sink->lock) == 0);
    gzip_writer_free(sink->gzip);
    free(sink->compressed);
    free(sink->piece);
    free(sink->path);
    free(sink);
}

enum status sink_file_cut_back(struct sink_file *sink, uint64_t bytes, uint64_t inode, struct error *error) {
    if (bytes == 0 && inode != 0 && inode != sink->inode)
        return error_set(
            error, STATUS_FAILED,
            "output: %s: is not the file that a run wrote to when it was ended: that was moved away, and "
            "its lines come once more; give it its name back, or, if it is gone, begin with another --state",
            sink->path);
    if (sink->file_bytes < bytes)
        return error_set(
            error, STATUS_FAILED,
            "output: %s: has %llu bytes, and the checkpoint says that it had %llu: it was changed; restore "
            "it, or give it its name back if it was moved away, or remove the checkpoint and all is written anew",
            sink->path, (unsigned long long)sink->file_bytes, (unsigned long long)bytes);
    if (sink->file_bytes > bytes && ftruncate(sink->fd, (off_t)bytes) != 0)
        return error_set_errno(error, errno, "output: %s: cannot be cut back to the checkpoint", sink->path);
    sink->cut_bytes = sink->file_bytes - bytes;
    sink->file_bytes = bytes;
    return STATUS_OK;
}

enum status sink_file_mark(struct sink_file *sink, uint64_t *bytes, struct error *error) {
    enum status status = sink->member_open ? end_member(sink, error) : STATUS_OK;
    *bytes = sink->file_bytes;
    return status;
}

enum status sink_file_sync(const struct sink_file *sink, struct error *error) {
    if (fdatasync(sink->fd) == 0) return STATUS_OK;
    return error_set_errno(error, errno, "output: %s: does not reach the disk", sink->path);
}

bool sink_file_is_packed(const struct sink_file *sink) {
    return sink->gzip != NULL;
}

bool sink_file_reader_gone(const struct sink_file *sink) {
    return sink->reader_gone;
}

uint64_t sink_file_cut_bytes(const struct sink_file *sink) {
    return sink->cut_bytes;
}

uint64_t sink_file_bytes(const struct sink_file *sink) {
    return atomic_load_explicit(&sink->bytes, memory_order_relaxed);
}

const struct sink_ops sink_file_ops = {.name = "file", .write = write_bytes, .close = close_file};
