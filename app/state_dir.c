/* A block is added by one write and reaches the disk before anybody is told: 100,000 finished files are not written again each second.
 * Now and then the file is read as a start would read it, and written anew without what no longer counts; that costs as much as what was
 * added since the last time.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "app/state_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "schemas/limits.h"

#define FILE_NAME "checkpoint"
#define TEMPORARY_NAME "checkpoint.tmp"

static enum status init(struct state_dir *directory, const char *path, struct error *error) {
    *directory = (struct state_dir){.path = path, .directory_fd = -1, .fd = -1};
    if (snprintf(directory->file, sizeof directory->file, "%s/" FILE_NAME, path) < (int)sizeof directory->file)
        return STATUS_OK;
    return error_set(error, STATUS_USAGE, "--state %.60s...: the path is too long", path);
}

static enum status open_directory(struct state_dir *directory, struct error *error) {
    directory->directory_fd = open(directory->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory->directory_fd >= 0) return STATUS_OK;
    return error_set_errno(error, errno, "--state %s: the directory cannot be opened", directory->path);
}

/* A line of it: "1: FLOCK  ADVISORY  WRITE 4711 fe:01:131074 0 EOF", the device in hexadecimal. */
static bool is_locked(const struct stat *about) {
    FILE *locks = fopen("/proc/locks", "re");
    char line[256];
    bool found = false;
    while (locks != NULL && !found && fgets(line, sizeof line, locks) != NULL) {
        unsigned device_major, device_minor;
        unsigned long inode;
        found = sscanf(line, "%*s FLOCK %*s WRITE %*d %x:%x:%lu ", &device_major, &device_minor, &inode) == 3 &&
                makedev(device_major, device_minor) == about->st_dev && inode == about->st_ino;
    }
    if (locks != NULL) fclose(locks);
    return found;
}

enum status state_dir_look(struct state_dir *directory, const char *path, bool *held, struct error *error) {
    struct stat about;
    enum status status = init(directory, path, error);
    directory->looked_at = true;
    if (status == STATUS_OK) status = open_directory(directory, error);
    *held = status == STATUS_OK && fstat(directory->directory_fd, &about) == 0 && is_locked(&about);
    return status;
}

enum status state_dir_open(struct state_dir *directory, const char *path, struct error *error) {
    enum status status = init(directory, path, error);
    if (status != STATUS_OK) return status;
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return error_set_errno(error, errno, "--state %s: the directory cannot be made", path);
    status = open_directory(directory, error);
    if (status != STATUS_OK) return status;
    if (flock(directory->directory_fd, LOCK_EX | LOCK_NB) == 0) return STATUS_OK;
    if (errno == EWOULDBLOCK)
        return error_set(error, STATUS_FAILED,
                         "--state %s: another wherefrom is using it; wait for its end, or give this one a directory of "
                         "its own",
                         path);
    return error_set_errno(error, errno, "--state %s: the directory cannot be locked", path);
}

void state_dir_close(struct state_dir *directory) {
    if (directory->fd >= 0) close(directory->fd);
    if (directory->directory_fd >= 0) close(directory->directory_fd);
    directory->fd = directory->directory_fd = -1;
}

uint64_t state_dir_today(void) {
    return (uint64_t)time(NULL) / 86400;
}

static enum status fail(const struct state_dir *directory, const char *what, struct error *error) {
    return error_set_errno(error, errno, "--state: %s: %s", directory->file, what);
}

static bool write_all(int fd, struct slice text) {
    while (text.len > 0) {
        ssize_t written = write(fd, text.ptr, text.len);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        text.ptr += written;
        text.len -= (size_t)written;
    }
    return true;
}

static bool read_all(int fd, char *bytes, size_t count) {
    for (size_t got = 0; got < count;) {
        ssize_t part = pread(fd, bytes + got, count - got, (off_t)got);
        if (part < 0 && errno == EINTR) continue;
        if (part <= 0) return false;
        got += (size_t)part;
    }
    return true;
}

enum status state_dir_read(struct state_dir *directory, struct checkpoint_text *text, bool *found,
                           struct error *error) {
    struct stat about;
    struct error why;
    *text = (struct checkpoint_text){.good_bytes = 0};
    int way = directory->looked_at ? O_RDONLY : O_RDWR | O_APPEND;
    if (directory->fd < 0) directory->fd = openat(directory->directory_fd, FILE_NAME, way | O_CLOEXEC | O_NOFOLLOW);
    *found = directory->fd >= 0;
    if (!*found) return errno == ENOENT ? STATUS_OK : fail(directory, "cannot be opened", error);
    if (fstat(directory->fd, &about) != 0) return fail(directory, "cannot be read", error);
    if (!S_ISREG(about.st_mode) || (uint64_t)about.st_size > CHECKPOINT_BYTES_MAX)
        return error_set(error, STATUS_FAILED, "--state: %s: no checkpoint of wherefrom can be like this",
                         directory->file);
    size_t bytes = (size_t)about.st_size;
    char *content = malloc(bytes + 1);
    if (content == NULL) return error_set(error, STATUS_FAILED, "--state: %s: out of memory", directory->file);
    enum status status = STATUS_OK;
    if (!read_all(directory->fd, content, bytes))
        status = fail(directory, "cannot be read", error);
    else if (checkpoint_text_read((struct slice){content, bytes}, text, &why) != STATUS_OK)
        status = error_set(error, STATUS_FAILED,
                           "--state: %s: %s; restore it, or remove it and all outputs are written anew",
                           directory->file, why.message);
    free(content);
    directory->bytes = text->good_bytes;
    directory->checksum = text->checksum;
    directory->torn_bytes = bytes - text->good_bytes;
    /* what was torn stays away for good: a block may come behind it */
    bool cuts = text->good_bytes < bytes && !directory->looked_at;
    if (status == STATUS_OK && cuts && ftruncate(directory->fd, (off_t)text->good_bytes) != 0)
        status = fail(directory, "cannot be cut", error);
    return status;
}

static char *text_of(const struct checkpoint_text *text, uint64_t today, size_t *bytes, uint64_t *hash) {
    char *lines = NULL;
    FILE *out = open_memstream(&lines, bytes);
    if (out == NULL) return NULL;
    checkpoint_write_version(out);
    for (size_t i = 0; i < text->options_count; i++)
        checkpoint_write_option(out, text->options[i].name, text->options[i].value);
    for (size_t i = 0; i < text->files.count; i++)
        if (text->files.places[i].day + STATE_KEPT_DAYS >= today) checkpoint_write_file(out, &text->files.places[i]);
    for (size_t i = 0; i < CHECKPOINT_OUTPUTS; i++)
        if (text->has_length[i]) checkpoint_write_length(out, i, text->lengths[i]);
    for (size_t i = 0; i < CHECKPOINT_OUTPUTS; i++)
        if (text->inodes[i] != 0) checkpoint_write_inode(out, i, text->inodes[i]);
    bool good = fflush(out) == 0;
    if (good) *hash = checkpoint_write_end(out, (struct slice){lines, *bytes}, 0);
    if (fclose(out) == 0 && good) return lines;
    free(lines);
    return NULL;
}

enum status state_dir_replace(struct state_dir *directory, const struct checkpoint_text *text, uint64_t today,
                              struct error *error) {
    size_t bytes;
    uint64_t hash;
    char *lines = text_of(text, today, &bytes, &hash);
    if (lines == NULL) return error_set(error, STATUS_FAILED, "--state: %s: out of memory", directory->file);
    int fd = openat(directory->directory_fd, TEMPORARY_NAME,
                    O_RDWR | O_APPEND | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool good = fd >= 0 && write_all(fd, (struct slice){lines, bytes}) && fsync(fd) == 0 &&
                renameat(directory->directory_fd, TEMPORARY_NAME, directory->directory_fd, FILE_NAME) == 0 &&
                fsync(directory->directory_fd) == 0;
    free(lines);
    if (!good) {
        enum status status = fail(directory, "cannot be written", error);
        if (fd >= 0) close(fd);
        return status;
    }
    if (directory->fd >= 0) close(directory->fd);
    directory->fd = fd;
    directory->bytes = directory->bytes_compact = bytes;
    directory->checksum = hash;
    return STATUS_OK;
}

static enum status compact(struct state_dir *directory, struct error *error) {
    struct checkpoint_text text;
    bool found;
    enum status status = state_dir_read(directory, &text, &found, error);
    if (status == STATUS_OK) status = state_dir_replace(directory, &text, state_dir_today(), error);
    checkpoint_text_destroy(&text);
    return status;
}

enum status state_dir_add(struct state_dir *directory, struct slice lines, struct error *error) {
    char *block = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&block, &bytes);
    if (out == NULL) return error_set(error, STATUS_FAILED, "--state: %s: out of memory", directory->file);
    fwrite(lines.ptr, 1, lines.len, out);
    uint64_t hash = checkpoint_write_end(out, lines, directory->checksum);
    bool good = fclose(out) == 0 && write_all(directory->fd, (struct slice){block, bytes}) &&
                fdatasync(directory->fd) == 0;
    enum status status = good ? STATUS_OK : fail(directory, "cannot be written", error);
    free(block);
    if (!good) return status; /* what is there of the block is cut off by the next start */
    directory->checksum = hash;
    directory->bytes += bytes;
    uint64_t grown = directory->bytes - directory->bytes_compact;
    bool too_much = grown > CHECKPOINT_GARBAGE_BYTES && grown > directory->bytes_compact;
    return too_much ? compact(directory, error) : STATUS_OK;
}
