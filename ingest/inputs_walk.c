/* The walk through a directory: an explicit stack of directories still to read, no recursion.
 *
 * A directory is opened, read to its end and closed before the next, so the number of open files
 * stays at one however deep the tree is. The order of reading does not matter: the files found are
 * sorted at the end. Not nftw: it keeps its state in globals of the caller and can't tell a link that
 * leads out from one that stays.
 *
 * Threads: see inputs.h. */
#define _GNU_SOURCE
#include "ingest/inputs_walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schemas/limits.h"

struct directory {
    const char *path; /* without a slash at the end: "" is the root of the file system */
    unsigned depth;   /* below the INPUT: 0 is that itself */
};

struct walk {
    struct inputs *inputs;
    struct error *error;
    size_t root_bytes; /* length of the INPUT's own path */
    char *real_root;   /* the same without links, from realpath(3); NULL until a link is met */
    struct directory *stack;
    size_t stack_count, stack_room;
};

static enum status out_of_memory(struct walk *walk) {
    return error_set(walk->error, STATUS_FAILED, "inputs: out of memory");
}

static const char *or_root(const char *path) {
    return path[0] == '\0' ? "/" : path;
}

static enum status push(struct walk *walk, const char *path, unsigned depth) {
    if (depth > DIRECTORY_DEPTH_MAX) {
        return error_set(walk->error, STATUS_FAILED, "input %s: more than %u directories deep", path,
                         DIRECTORY_DEPTH_MAX);
    }
    if (walk->stack_count == walk->stack_room) {
        size_t room = walk->stack_room == 0 ? 64 : walk->stack_room * 2;
        struct directory *stack = reallocarray(walk->stack, room, sizeof *stack);
        if (stack == NULL) {
            return out_of_memory(walk);
        }
        walk->stack = stack;
        walk->stack_room = room;
    }
    walk->stack[walk->stack_count++] = (struct directory){.path = path, .depth = depth};
    return STATUS_OK;
}

/* Whether the link at `path` ends at something inside the root. */
static bool leads_inside(struct walk *walk, const char *path) {
    if (walk->real_root == NULL) {
        char *root = strndup(path, walk->root_bytes);
        walk->real_root = root == NULL ? NULL : realpath(or_root(root), NULL);
        free(root);
    }
    char *target = realpath(path, NULL);
    bool inside = false;
    if (target != NULL && walk->real_root != NULL) {
        size_t root_bytes = strcmp(walk->real_root, "/") == 0 ? 0 : strlen(walk->real_root);
        inside = strncmp(target, walk->real_root, root_bytes) == 0 && target[root_bytes] == '/';
    }
    free(target);
    return inside;
}

bool input_is_unfinished(struct slice name) {
    return slice_ends_with(name, SLICE(".tmp")) || slice_ends_with(name, SLICE(".part"));
}

static enum status take_entry(struct walk *walk, int directory_fd, const struct directory *directory,
                              const char *name) {
    struct inputs *inputs = walk->inputs;
    struct stat about;
    if (fstatat(directory_fd, name, &about, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT ? STATUS_OK /* deleted since it was listed */
                               : error_set_errno(walk->error, errno, "input %s/%s", directory->path, name);
    }
    char *path = inputs_text(inputs, slice_from(directory->path), SLICE("/"), slice_from(name));
    if (path == NULL) {
        return out_of_memory(walk);
    }
    if (name[0] == '.') {
        inputs_leave_out(&inputs->hidden, path);
        return STATUS_OK;
    }
    if (S_ISDIR(about.st_mode)) {
        return push(walk, path, directory->depth + 1);
    }
    if (input_is_unfinished(slice_from(name))) {
        inputs_leave_out(&inputs->unfinished, path);
        return STATUS_OK;
    }
    if (S_ISLNK(about.st_mode) && !((inputs->all_links || leads_inside(walk, path)) &&
                                    fstatat(directory_fd, name, &about, 0) == 0 && S_ISREG(about.st_mode))) {
        inputs_leave_out(&inputs->links, path);
        return STATUS_OK;
    }
    if (!S_ISREG(about.st_mode)) {
        inputs_leave_out(&inputs->special, path);
        return STATUS_OK;
    }
    if (faccessat(directory_fd, name, R_OK, 0) != 0) {
        return error_set_errno(walk->error, errno, "input %s: can't be read", path);
    }
    return inputs_add_file(inputs, path, path + walk->root_bytes + 1, &about, INPUT_BELOW, walk->error);
}

static enum status read_directory(struct walk *walk, const struct directory *directory) {
    /* below the INPUT no link may have taken the place of a directory since it was looked at */
    int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (directory->depth > 0 ? O_NOFOLLOW : 0);
    int fd = open(or_root(directory->path), flags);
    if (fd < 0 && errno == ENOENT && directory->depth > 0) {
        return STATUS_OK; /* deleted since it was listed */
    }
    if (fd < 0) {
        return error_set_errno(walk->error, errno, "input %s: the directory can't be read", or_root(directory->path));
    }
    DIR *stream = fdopendir(fd);
    if (stream == NULL) {
        close(fd);
        return out_of_memory(walk);
    }
    enum status status = STATUS_OK;
    while (status == STATUS_OK) {
        errno = 0;
        const struct dirent *entry = readdir(stream);
        if (entry == NULL) {
            if (errno != 0) {
                status = error_set_errno(walk->error, errno, "input %s: the directory can't be read",
                                         or_root(directory->path));
            }
            break;
        }
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            status = take_entry(walk, dirfd(stream), directory, entry->d_name);
        }
    }
    closedir(stream);
    return status;
}

static int compare_paths(const void *a, const void *b) {
    return strcmp(((const struct input *)a)->path, ((const struct input *)b)->path);
}

enum status inputs_walk(struct inputs *inputs, const char *root, struct error *error) {
    size_t items_before = inputs->items_count;
    struct slice root_text = slice_from(root);
    while (root_text.len > 0 && root_text.ptr[root_text.len - 1] == '/') {
        root_text.len--;
    }
    struct walk walk = {.inputs = inputs, .error = error, .root_bytes = root_text.len};
    const char *path = inputs_text(inputs, root_text, SLICE(""), SLICE(""));
    enum status status = path == NULL ? out_of_memory(&walk) : push(&walk, path, 0);
    while (status == STATUS_OK && walk.stack_count > 0) {
        struct directory directory = walk.stack[--walk.stack_count];
        status = read_directory(&walk, &directory);
    }
    free(walk.stack);
    free(walk.real_root);
    for (size_t i = items_before; i < inputs->items_count && !inputs->all_links; i++) inputs->items[i].beneath = path;
    if (status == STATUS_OK && inputs->items_count > items_before) {
        qsort(inputs->items + items_before, inputs->items_count - items_before, sizeof inputs->items[0], compare_paths);
    }
    return status;
}
