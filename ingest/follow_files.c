/* A file is known by its inode, wherever it lies, or by its name when its first bytes are what they were (ingest/file_identity.h).
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "ingest/follow_files.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/check.h"
#include "base/checksum.h"

uint64_t follow_files_hash(const struct follow_files *files, const void *bytes, size_t bytes_count) {
    return checksum(bytes, bytes_count, files->seed);
}

static uint64_t inode_hash(const struct follow_files *files, const struct file_identity *identity) {
    const uint64_t words[2] = {identity->device, identity->inode};
    return follow_files_hash(files, words, sizeof words);
}

static uint64_t name_hash(const struct follow_files *files, struct slice name) {
    return follow_files_hash(files, name.ptr, name.len);
}

bool follow_files_init(struct follow_files *files) {
    *files = (struct follow_files){.count = 0};
    return getrandom(&files->seed, sizeof files->seed, 0) == (ssize_t)sizeof files->seed;
}

static void file_free(struct followed_file *file) {
    free(file->file_name);
    free(file);
}

void follow_files_destroy(struct follow_files *files) {
    struct followed_file *file;
    for (size_t at = 0; (file = pointer_table_walk(&files->by_inode, &at)) != NULL;) file_free(file);
    pointer_table_destroy(&files->by_inode);
    pointer_table_destroy(&files->by_name);
    arena_destroy(&files->columns);
    free(files->columns_known);
}

char *followed_path(const struct followed_file *file) {
    char *path = NULL;
    if (file->folder == NULL) return NULL;
    return asprintf(&path, "%s%s", file->folder->prefix, file->file_name) >= 0 ? path : NULL;
}

static bool is_inode(const struct file_identity *a, const struct file_identity *b) {
    return a->device == b->device && a->inode == b->inode;
}

static bool is_at(const struct followed_file *file, const struct sighting *seen) {
    return file->folder == seen->folder && strcmp(file->file_name, seen->name) == 0;
}

/* Whether it lies where it was seen last. */
static bool is_there(const struct followed_file *file) {
    struct file_identity now;
    char *path = followed_path(file);
    bool there = path != NULL && file_identity_look(path, &now) && is_inode(&now, &file->identity);
    free(path);
    return there;
}

/* Under another name size and time are not enough: inodes are used again, and `aws s3 sync` gives files the times of their objects. */
static bool continues(const struct followed_file *file, const struct sighting *seen, struct slice name) {
    if (slice_equal(file->name, name) && file_identity_unchanged(&file->identity, &seen->now)) return true;
    int fd = open(seen->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    bool good = file_identity_continues(&file->identity, fd);
    close(fd);
    return good;
}

struct followed_file *follow_files_known(const struct follow_files *files, const struct sighting *seen) {
    uint64_t hash = inode_hash(files, &seen->now);
    struct followed_file *file;
    for (size_t at = 0; (file = pointer_table_next(&files->by_inode, hash, &at)) != NULL;)
        if (is_inode(&file->identity, &seen->now) && is_at(file, seen)) return file;
    return NULL;
}

static struct followed_file *find_inode(const struct follow_files *files, const struct sighting *seen,
                                        struct slice name) {
    uint64_t hash = inode_hash(files, &seen->now);
    struct followed_file *file, *best = NULL;
    for (size_t at = 0; (file = pointer_table_next(&files->by_inode, hash, &at)) != NULL;) {
        if (!is_inode(&file->identity, &seen->now) || file->ignored || (file->folder != NULL && is_there(file)) ||
            !continues(file, seen, name))
            continue;
        bool named = slice_equal(file->name, name), best_named = best != NULL && slice_equal(best->name, name);
        if (best == NULL || named > best_named || (named == best_named && file->number > best->number)) best = file;
    }
    return best;
}

static struct followed_file *find_name(const struct follow_files *files, struct slice name) {
    struct followed_file *file, *best = NULL;
    for (size_t at = 0; (file = pointer_table_next(&files->by_name, name_hash(files, name), &at)) != NULL;)
        if (!file->ignored && slice_equal(file->name, name) && (best == NULL || file->number > best->number))
            best = file;
    return best;
}

/* A file that was replaced by a copy of itself is known by two inodes, and the first one may be there again: as far as the copy was read, so
 * far was the file. */
static struct followed_file *latest_of(const struct follow_files *files, struct followed_file *file,
                                       const struct sighting *seen, struct slice name) {
    struct followed_file *latest = slice_equal(file->name, name) ? find_name(files, name) : NULL;
    if (latest == NULL || latest == file || (latest->folder != NULL && is_there(latest))) return file;
    return continues(latest, seen, name) ? latest : file;
}

enum followed_match follow_files_find(const struct follow_files *files, const struct sighting *seen, struct slice name,
                                      bool wanted, struct followed_file **file) {
    *file = find_inode(files, seen, name);
    if (*file != NULL) {
        *file = latest_of(files, *file, seen, name);
        return FOLLOWED_MOVED;
    }
    if (!wanted) return FOLLOWED_UNWANTED;
    *file = find_name(files, name);
    if (*file == NULL) return FOLLOWED_NEW;
    if ((*file)->folder != NULL && !is_at(*file, seen) && is_there(*file)) {
        if (!(*file)->renamed) return FOLLOWED_SAME_NAME;
        *file = NULL; /* as where logs are rotated */
        return FOLLOWED_NEW;
    }
    return continues(*file, seen, name) ? FOLLOWED_COPIED : FOLLOWED_REPLACED;
}

struct followed_file *follow_files_add(struct follow_files *files, const struct file_identity *identity,
                                       struct slice name) {
    struct followed_file *file = calloc(1, sizeof *file + name.len);
    if (file == NULL) return NULL;
    file->identity = (struct file_identity){.device = identity->device, .inode = identity->inode};
    file->line_number = 1;
    file->number = files->number++;
    memcpy(file->text, name.ptr, name.len);
    file->name = (struct slice){file->text, name.len};
    if (!pointer_table_add(&files->by_inode, inode_hash(files, identity), file)) {
        free(file);
        return NULL;
    }
    if (!pointer_table_add(&files->by_name, name_hash(files, name), file)) {
        pointer_table_remove(&files->by_inode, inode_hash(files, identity), file);
        free(file);
        return NULL;
    }
    files->count++;
    return file;
}

bool follow_files_move(struct follow_files *files, struct followed_file *file, const struct sighting *seen,
                       struct slice own_name) {
    char *name = strdup(seen->name);
    if (name == NULL) return false;
    free(file->file_name);
    file->file_name = name;
    file->folder = seen->folder;
    file->renamed = !slice_equal(file->name, own_name);
    struct file_identity identity = file->identity;
    identity.device = seen->now.device;
    identity.inode = seen->now.inode;
    return follow_files_set_identity(files, file, &identity);
}

bool follow_files_set_identity(struct follow_files *files, struct followed_file *file,
                               const struct file_identity *identity) {
    if (!is_inode(identity, &file->identity)) {
        if (!pointer_table_add(&files->by_inode, inode_hash(files, identity), file)) return false;
        pointer_table_remove(&files->by_inode, inode_hash(files, &file->identity), file);
    }
    file->identity = *identity;
    return true;
}

const char *follow_files_columns(struct follow_files *files, struct slice columns) {
    for (size_t i = 0; i < files->columns_count; i++)
        if (slice_equal(slice_from(files->columns_known[i]), columns)) return files->columns_known[i];
    if (files->columns_count == files->columns_room) {
        size_t room = files->columns_room == 0 ? 16 : 2 * files->columns_room;
        const char **known = reallocarray(files->columns_known, room, sizeof *known);
        if (known == NULL) return NULL;
        files->columns_known = known;
        files->columns_room = room;
    }
    const char *text = arena_copy(&files->columns, columns).ptr;
    if (text != NULL) files->columns_known[files->columns_count++] = text;
    return text;
}

void follow_files_prune(struct follow_files *files, uint32_t day) {
    struct followed_file *file;
    for (size_t at = 0; (file = pointer_table_walk(&files->by_name, &at)) != NULL;) {
        if (file->day_met >= day || file->busy || file->due || file->waiting) continue;
        pointer_table_remove(&files->by_inode, inode_hash(files, &file->identity), file);
        pointer_table_remove(&files->by_name, name_hash(files, file->name), file);
        file_free(file);
        files->count--;
    }
}
