/* Folders: what inotify says, and looking at all of them in turn.
 *
 * A folder is watched before it is read, so what comes meanwhile is met twice rather than never. Events only say where to look; what there is
 * to be done is seen by looking. So nothing depends on their order, and what is lost of them is found when all is looked at again.
 *
 * Threads: the watching thread. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/check.h"
#include "ingest/follow_state.h"
#include "ingest/inputs_walk.h"
#include "schemas/limits.h"

#define WATCHED_EVENTS \
    (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_ONLYDIR | IN_EXCL_UNLINK)
#define EVENTS_BYTES (64u * 1024)
#define TEMPORARY_DIGITS 8u

/* --- folders ------------------------------------------------------------------------------------------ */

static const char *or_here(const struct followed_folder *folder) {
    return folder->prefix_bytes == 0 ? "." : folder->prefix;
}

static struct followed_folder *find_folder(const struct follow *follow, struct slice prefix) {
    uint64_t hash = follow_files_hash(&follow->files, prefix.ptr, prefix.len);
    struct followed_folder *folder;
    for (size_t at = 0; (folder = pointer_table_next(&follow->folders, hash, &at)) != NULL;)
        if (slice_equal((struct slice){folder->prefix, folder->prefix_bytes}, prefix)) return folder;
    return NULL;
}

static void folder_free(struct followed_folder *folder) {
    free(folder->prefix);
    free(folder);
}

/* The folder with this prefix; NULL when memory is short. */
static struct followed_folder *folder_of(struct follow *follow, struct slice prefix,
                                         const struct followed_folder *like) {
    struct followed_folder *folder = find_folder(follow, prefix);
    if (folder != NULL) return folder;
    folder = malloc(sizeof *folder);
    if (folder == NULL) return NULL;
    *folder = *like;
    folder->watch = -1;
    folder->prefix_bytes = prefix.len;
    folder->prefix = strndup(prefix.ptr, prefix.len);
    uint64_t hash = follow_files_hash(&follow->files, prefix.ptr, prefix.len);
    if (folder->prefix == NULL || !pointer_table_add(&follow->folders, hash, folder)) {
        folder_free(folder);
        return NULL;
    }
    follow->folders_count++;
    return folder;
}

static bool note_watch(struct follow *follow, struct followed_folder *folder, int watch) {
    if ((size_t)watch >= follow->watched_room) {
        size_t room = 2 * (size_t)watch + 64;
        struct followed_folder **watched = reallocarray(follow->watched, room, sizeof(struct followed_folder *));
        if (watched == NULL) return false;
        memset(watched + follow->watched_room, 0, (room - follow->watched_room) * sizeof(struct followed_folder *));
        follow->watched = watched;
        follow->watched_room = room;
    }
    follow->watched[watch] = folder;
    folder->watch = watch;
    return true;
}

static void watch(struct follow *follow, struct followed_folder *folder) {
    int number = inotify_add_watch(follow->notify_fd, or_here(folder), WATCHED_EVENTS);
    if (number >= 0) {
        if (!note_watch(follow, folder, number)) follow->no_memory = true;
        return;
    }
    if (errno == ENOENT || errno == ENOTDIR || follow->watches_short) return;
    follow->watches_short = true;
    follow_say(
        follow, FOLLOW_WARNING,
        "input %s: %s: it and others cannot be watched, so what comes there is seen every --follow-rescan (%llu s) "
        "only; raise fs.inotify.max_user_watches",
        folder->prefix, strerror(errno), (unsigned long long)follow->request.settings->rescan_s);
}

bool follow_is_root(const struct follow *follow, const char *path) {
    for (size_t i = 0; i < follow->request.roots_count; i++)
        if (strcmp(follow->request.roots[i].path, path) == 0) return true;
    return false;
}

/* --- names ---------------------------------------------------------------------------------------------- */

/* `aws s3 sync` writes KEY.XXXXXXXX with hexadecimal digits of either case and renames it when it is whole. Digits alone that can be a
 * date are the end of a rotated log's name. */
static bool is_temporary(struct slice name) {
    if (name.len <= TEMPORARY_DIGITS + 1 || name.ptr[name.len - TEMPORARY_DIGITS - 1] != '.') return false;
    const char *digits = name.ptr + name.len - TEMPORARY_DIGITS;
    if (strspn(digits, "0123456789abcdefABCDEF") != TEMPORARY_DIGITS) return false;
    bool date = strspn(digits, "0123456789") == TEMPORARY_DIGITS && (digits[4] <= '1') && (digits[6] <= '3') &&
                (strncmp(digits, "19", 2) == 0 || strncmp(digits, "20", 2) == 0);
    return !date;
}

static bool is_left_out(const char *name) {
    struct slice text = slice_from(name);
    return input_is_unfinished(text) || is_temporary(text);
}

/* Whether the link at `path` ends inside the root. */
static bool leads_inside(struct follow *follow, const struct followed_folder *folder, const char *path) {
    char **root = &follow->real_roots[folder->root];
    if (*root == NULL) *root = realpath(follow->request.roots[folder->root].path, NULL);
    char *target = realpath(path, NULL);
    size_t bytes = *root == NULL || strcmp(*root, "/") == 0 ? 0 : strlen(*root);
    bool inside = target != NULL && *root != NULL && strncmp(target, *root, bytes) == 0 && target[bytes] == '/';
    free(target);
    return inside;
}

/* --- looking -------------------------------------------------------------------------------------------- */

struct walk {
    struct followed_folder **stack;
    size_t count, room;
};

static void push(struct follow *follow, struct walk *walk, struct followed_folder *folder) {
    if (walk->count == walk->room) {
        size_t room = walk->room == 0 ? 64 : 2 * walk->room;
        struct followed_folder **stack = reallocarray(walk->stack, room, sizeof(struct followed_folder *));
        if (stack == NULL) {
            follow->no_memory = true;
            return;
        }
        walk->stack = stack;
        walk->room = room;
    }
    walk->stack[walk->count++] = folder;
}

static void enter_child(struct follow *follow, struct walk *walk, const struct followed_folder *folder,
                        const char *path) {
    char *prefix = NULL;
    if (!folder->whole) return;
    if (folder->depth == DIRECTORY_DEPTH_MAX) {
        follow_say(follow, FOLLOW_ERROR, "input %s: more than %u directories deep; it is not read", path,
                   DIRECTORY_DEPTH_MAX);
        return;
    }
    struct followed_folder *child = NULL;
    if (asprintf(&prefix, "%s/", path) >= 0) child = folder_of(follow, slice_from(prefix), folder);
    free(prefix);
    if (child == NULL) {
        follow->no_memory = true;
        return;
    }
    child->depth = folder->depth + 1;
    if (!child->whole) { /* a file of it was given by itself */
        child->whole = true;
        child->root = folder->root;
        child->root_bytes = folder->root_bytes;
    }
    push(follow, walk, child);
}

/* One name, which may be gone by now. */
static void look_at(struct follow *follow, struct walk *walk, struct followed_folder *folder, const char *name) {
    char path[PATH_MAX + NAME_MAX + 1];
    struct stat about;
    struct sighting seen = {.folder = folder, .name = name, .path = path};
    int bytes = snprintf(path, sizeof path, "%s%s", folder->prefix, name);
    if (name[0] == '.' && !follow_is_root(follow, path)) return;
    if (bytes >= (int)sizeof path || lstat(path, &about) != 0) return;
    if (S_ISDIR(about.st_mode)) return enter_child(follow, walk, folder, path);
    if (is_left_out(name) && !follow_is_root(follow, path)) return;
    bool may_lead_out = follow->request.all_links || !folder->whole;
    if (S_ISLNK(about.st_mode) && !may_lead_out && !leads_inside(follow, folder, path)) return;
    if (S_ISREG(about.st_mode))
        seen.now = file_identity_of(&about);
    else if (!file_identity_look(path, &seen.now))
        return;
    follow_judge(follow, &seen);
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

struct names {
    char **items;
    size_t count, room;
};

static bool add_name(struct names *names, const char *name) {
    if (names->count == names->room) {
        size_t room = names->room == 0 ? 64 : 2 * names->room;
        char **items = reallocarray(names->items, room, sizeof(char *));
        if (items == NULL) return false;
        names->items = items;
        names->room = room;
    }
    names->items[names->count] = strdup(name);
    return names->items[names->count++] != NULL;
}

/* Files with a known inode first would be enough for one that took another's name to be told from it; that is done by looking whether the other is
 * still there. */
static bool read_names(struct follow *follow, const struct followed_folder *folder, struct names *names) {
    /* below the root no link may have taken the place of a folder */
    int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (folder->depth > 0 ? O_NOFOLLOW : 0);
    char bare[PATH_MAX];
    snprintf(bare, sizeof bare, "%s", or_here(folder));
    size_t bytes = strlen(bare);
    if (bytes > 1 && bare[bytes - 1] == '/') bare[bytes - 1] = '\0'; /* with a slash a link would be followed */
    int fd = open(bare, flags);
    if (fd < 0) {
        if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
            follow_say(follow, FOLLOW_ERROR, "input %s: the directory can't be read: %s", folder->prefix,
                       strerror(errno));
        return true;
    }
    DIR *stream = fdopendir(fd);
    if (stream == NULL) {
        close(fd);
        return false;
    }
    bool good = true;
    const struct dirent *entry;
    while (good && (entry = readdir(stream)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) good = add_name(names, entry->d_name);
    closedir(stream);
    if (names->count > 0) qsort(names->items, names->count, sizeof names->items[0], compare_names);
    return good;
}

static void walk_folders(struct follow *follow, struct walk *walk) {
    while (walk->count > 0 && !follow->no_memory) {
        struct followed_folder *folder = walk->stack[--walk->count];
        struct names names = {.count = 0};
        watch(follow, folder);
        if (!read_names(follow, folder, &names)) follow->no_memory = true;
        size_t first = walk->count;
        for (size_t i = 0; i < names.count; i++) {
            if (names.items[i] != NULL) look_at(follow, walk, folder, names.items[i]);
            free(names.items[i]);
        }
        free(names.items);
        for (size_t last = walk->count; first + 1 < last; first++) { /* the first of them comes off the stack first */
            struct followed_folder *swapped = walk->stack[first];
            walk->stack[first] = walk->stack[--last];
            walk->stack[last] = swapped;
        }
    }
    free(walk->stack);
}

void follow_walk_all(struct follow *follow) {
    struct walk walk = {.count = 0};
    struct followed_folder *folder;
    follow->overflow = false;
    for (size_t root = follow->request.roots_count; root-- > 0;)
        for (size_t at = 0; (folder = pointer_table_walk(&follow->folders, &at)) != NULL;)
            if (folder->root == root && folder->depth == 0) push(follow, &walk, folder);
    walk_folders(follow, &walk);
    follow_files_prune(&follow->files, follow_today() - STATE_KEPT_DAYS);
}

/* --- events --------------------------------------------------------------------------------------------- */

static void add_change(struct follow *follow, struct followed_folder *folder, const char *name) {
    const struct follow_change *last = follow->changes_count > 0 ? &follow->changes[follow->changes_count - 1] : NULL;
    if (follow->overflow || (last != NULL && last->folder == folder && strcmp(last->name, name) == 0)) return;
    if (follow->changes_count == FOLLOW_CHANGES_MAX) {
        follow->overflow = true;
        return;
    }
    if (follow->changes_count == follow->changes_room) {
        size_t room = follow->changes_room == 0 ? 64 : 2 * follow->changes_room;
        struct follow_change *changes = reallocarray(follow->changes, room, sizeof *changes);
        if (changes == NULL) {
            follow->overflow = true;
            return;
        }
        follow->changes = changes;
        follow->changes_room = room;
    }
    char *copy = strdup(name);
    ASSERT(follow->changes != NULL);
    if (copy == NULL)
        follow->overflow = true;
    else
        follow->changes[follow->changes_count++] = (struct follow_change){.folder = folder, .name = copy};
}

static void take_event(struct follow *follow, const struct inotify_event *event) {
    if ((event->mask & IN_Q_OVERFLOW) != 0) {
        follow->overflow = true;
        return;
    }
    if (event->wd < 0 || (size_t)event->wd >= follow->watched_room || follow->watched[event->wd] == NULL) return;
    struct followed_folder *folder = follow->watched[event->wd];
    if ((event->mask & IN_IGNORED) != 0) { /* the folder is gone */
        follow->watched[event->wd] = NULL;
        if (folder->watch == event->wd) folder->watch = -1;
        return;
    }
    if (event->len > 0) add_change(follow, folder, event->name);
}

bool follow_walk_listen(struct follow *follow) {
    _Alignas(struct inotify_event) static char bytes[EVENTS_BYTES];
    bool any = false;
    for (;;) {
        ssize_t got = read(follow->notify_fd, bytes, sizeof bytes);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return any;
        any = true;
        for (ssize_t at = 0; at < got;) {
            const struct inotify_event *event = (const void *)(bytes + at);
            take_event(follow, event);
            at += (ssize_t)(sizeof *event + event->len);
        }
    }
}

static int compare_changes(const void *a, const void *b) {
    const struct follow_change *left = a, *right = b;
    int by_folder = strcmp(left->folder->prefix, right->folder->prefix);
    return by_folder != 0 ? by_folder : strcmp(left->name, right->name);
}

void follow_walk_changes(struct follow *follow) {
    struct walk walk = {.count = 0};
    struct follow_change *changes = follow->changes;
    size_t count = follow->changes_count;
    if (count > 0) qsort(changes, count, sizeof *changes, compare_changes);
    for (size_t i = 0; i < count; i++) {
        bool again = i + 1 < count && compare_changes(&changes[i], &changes[i + 1]) == 0;
        if (!again && !follow->overflow) look_at(follow, &walk, changes[i].folder, changes[i].name);
    }
    for (size_t i = 0; i < count; i++) free(changes[i].name);
    follow->changes_count = 0;
    walk_folders(follow, &walk);
}

/* --- roots ---------------------------------------------------------------------------------------------- */

static enum status open_root(struct follow *follow, size_t index, struct error *error) {
    const char *path = follow->request.roots[index].path;
    struct stat about;
    struct followed_folder like = {.root = index, .watch = -1};
    char prefix[PATH_MAX + 1];
    bool there = stat(path, &about) == 0;
    if (strlen(path) >= PATH_MAX) return error_set(error, STATUS_USAGE, "input %.60s...: the path is too long", path);
    if (!there && errno != ENOENT) return error_set_errno(error, errno, "input %s", path);
    if (there && !S_ISDIR(about.st_mode) && !S_ISREG(about.st_mode))
        return error_set(error, STATUS_USAGE, "input %s: only files and directories can be followed", path);
    snprintf(prefix, sizeof prefix, "%s", path);
    char *slash = strrchr(prefix, '/');
    like.whole = there && S_ISDIR(about.st_mode);
    if (like.whole) {
        size_t bytes = strlen(prefix);
        while (bytes > 0 && prefix[bytes - 1] == '/') bytes--;
        memcpy(prefix + bytes, "/", 2);
        like.root_bytes = bytes + 1;
    } else {
        *(slash != NULL ? slash + 1 : prefix) = '\0';
        if (access(prefix[0] != '\0' ? prefix : ".", R_OK | X_OK) != 0)
            return error_set_errno(error, errno, "input %s: its directory can't be watched", path);
        follow->is_single_file = follow->request.roots_count == 1;
        if (!there) follow_say(follow, FOLLOW_WARNING, "input %s: is not there yet; read as soon as it is", path);
    }
    struct followed_folder *folder = folder_of(follow, slice_from(prefix), &like);
    if (folder == NULL) return error_set(error, STATUS_FAILED, "inputs: out of memory");
    if (like.whole && !folder->whole) { /* all of it, and a file of it by itself */
        folder->whole = true;
        folder->root = index;
        folder->root_bytes = like.root_bytes;
    }
    int fd = open(or_here(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return error_set_errno(error, errno, "input %s: the directory can't be read", prefix);
    close(fd);
    return STATUS_OK;
}

enum status follow_walk_open(struct follow *follow, struct error *error) {
    enum status status = STATUS_OK;
    follow->real_roots = calloc(follow->request.roots_count, sizeof(char *));
    if (follow->real_roots == NULL) return error_set(error, STATUS_FAILED, "inputs: out of memory");
    for (size_t i = 0; i < follow->request.roots_count && status == STATUS_OK; i++)
        status = open_root(follow, i, error);
    return status;
}

void follow_walk_close(struct follow *follow) {
    struct followed_folder *folder;
    for (size_t i = 0; follow->real_roots != NULL && i < follow->request.roots_count; i++) free(follow->real_roots[i]);
    for (size_t at = 0; (folder = pointer_table_walk(&follow->folders, &at)) != NULL;) folder_free(folder);
    pointer_table_destroy(&follow->folders);
    for (size_t i = 0; i < follow->changes_count; i++) free(follow->changes[i].name);
    free(follow->changes);
    free((void *)follow->watched);
    free((void *)follow->real_roots);
}
