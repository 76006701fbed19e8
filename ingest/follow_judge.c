/* What is to be done with a file that was seen: read now, looked at again later, or nothing.
 *
 * Threads: the watching thread. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/monotonic.h"
#include "ingest/follow_state.h"
#include "ingest/header_line.h"
#include "ingest/inflate.h"
#include "schemas/limits.h"

#define HEAD_BYTES 4u /* that tell a compressed file */

static void forget(struct follow *follow) {
    follow->no_memory = true;
}

/* --- what is due, what waits ------------------------------------------------------------------------ */

static void make_due(struct follow *follow, struct followed_file *file, bool ends) {
    file->ends = ends;
    if (file->due) return;
    if (follow->due_count == follow->due_room) {
        size_t room = follow->due_room == 0 ? 64 : 2 * follow->due_room;
        struct followed_file **due = calloc(room, sizeof(struct followed_file *));
        if (due == NULL) return forget(follow);
        for (size_t i = 0; i < follow->due_count; i++) due[i] = follow->due[(follow->due_first + i) % follow->due_room];
        free(follow->due);
        follow->due = due;
        follow->due_room = room;
        follow->due_first = 0;
    }
    follow->due[(follow->due_first + follow->due_count++) % follow->due_room] = file;
    file->due = true;
}

struct followed_file *follow_next_due(struct follow *follow) {
    if (follow->due_count == 0) return NULL;
    struct followed_file *file = follow->due[follow->due_first];
    follow->due_first = (follow->due_first + 1) % follow->due_room;
    follow->due_count--;
    file->due = false;
    return file;
}

static struct follow_waiter *waiter_of(const struct follow *follow, const struct followed_file *file) {
    for (size_t i = 0; i < follow->waiters_count && file->waiting; i++)
        if (follow->waiters[i].file == file) return &follow->waiters[i];
    return NULL;
}

static void wait_for_rest(struct follow *follow, struct followed_file *file, const struct file_identity *now,
                          uint64_t wait_ms) {
    uint64_t now_ms = monotonic_ms();
    struct follow_waiter *waiter = waiter_of(follow, file);
    if (waiter == NULL && follow->waiters_count == follow->waiters_room) {
        size_t room = follow->waiters_room == 0 ? 16 : 2 * follow->waiters_room;
        struct follow_waiter *waiters = reallocarray(follow->waiters, room, sizeof *waiters);
        if (waiters == NULL) return forget(follow);
        follow->waiters = waiters;
        follow->waiters_room = room;
    }
    bool is_new = waiter == NULL;
    if (is_new) waiter = &follow->waiters[follow->waiters_count++];
    if (is_new || waiter->size_bytes != now->size_bytes || waiter->mtime_ns != now->mtime_ns) waiter->since_ms = now_ms;
    waiter->file = file;
    waiter->size_bytes = now->size_bytes;
    waiter->mtime_ns = now->mtime_ns;
    waiter->due_ms = now_ms + wait_ms;
    file->waiting = true;
}

static void wait_no_more(struct follow *follow, struct followed_file *file) {
    struct follow_waiter *waiter = waiter_of(follow, file);
    if (waiter != NULL) *waiter = follow->waiters[--follow->waiters_count];
    file->waiting = false;
}

uint64_t follow_waits_until(const struct follow *follow) {
    uint64_t until = UINT64_MAX;
    for (size_t i = 0; i < follow->waiters_count; i++)
        if (follow->waiters[i].due_ms < until) until = follow->waiters[i].due_ms;
    return until;
}

/* --- one file ------------------------------------------------------------------------------------------ */

/* For how long it has been as it is. A time that lies ahead says nothing; then it counts since when it was seen to be so. */
static uint64_t rests_for_ms(const struct follow *follow, const struct followed_file *file,
                             const struct file_identity *now) {
    struct timespec clock;
    clock_gettime(CLOCK_REALTIME, &clock);
    int64_t age_ms = ((int64_t)clock.tv_sec * 1000000000 + clock.tv_nsec - now->mtime_ns) / 1000000;
    if (age_ms >= 0) return (uint64_t)age_ms;
    const struct follow_waiter *waiter = waiter_of(follow, file);
    bool as_it_was = waiter != NULL && waiter->size_bytes == now->size_bytes && waiter->mtime_ns == now->mtime_ns;
    return as_it_was ? monotonic_ms() - waiter->since_ms : 0;
}

/* Whether it is compressed, or too short to tell. */
static bool may_be_packed(const struct followed_file *file, const char *path) {
    uint8_t head[HEAD_BYTES];
    if (file->position > 0) return file->packed;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false; /* its reader says so */
    ssize_t bytes = pread(fd, head, sizeof head, 0);
    close(fd);
    return bytes < (ssize_t)sizeof head || inflate_detect(head, (size_t)bytes) != NULL;
}

static void begin_anew(const struct follow *follow, struct followed_file *file, const char *path, const char *why) {
    follow_say(follow, FOLLOW_WARNING, "input: %s: %s; read from its start", path, why);
    file->identity.size_bytes = file->identity.head_bytes = file->identity.head_hash = 0;
    file->position = file->tail_bytes = 0;
    file->line_number = 1;
    file->columns = NULL;
    file->inside_line = file->done = file->known = file->settled = file->packed = false;
}

static void judge(struct follow *follow, struct followed_file *file, const struct sighting *seen) {
    const struct follow_settings *settings = follow->request.settings;
    const struct file_identity *now = &seen->now;
    if (file->busy) return; /* it is looked at when it has been read */
    if (now->size_bytes < file->identity.size_bytes)
        begin_anew(follow, file, seen->path, "is shorter than it was when it was read last");
    bool begun = file->position > 0 || file->tail_bytes > 0 || file->inside_line; /* else it is only known by name */
    bool unchanged = (begun || file->settled) && file_identity_unchanged(&file->identity, now);
    if (unchanged && file->settled) {
        bool forgotten_soon = follow->request.keeps_state && file->day + STATE_KEPT_DAYS / 2 < follow_today();
        if (forgotten_soon) make_due(follow, file, true);
        return;
    }
    if (now->size_bytes == 0) return;
    uint64_t rests_ms = rests_for_ms(follow, file, now), last_line_ms = 1000 * settings->last_line_s;
    if (unchanged && rests_ms < last_line_ms) return wait_for_rest(follow, file, now, last_line_ms - rests_ms);
    if (!unchanged && rests_ms < 1000 * settings->rest_s && may_be_packed(file, seen->path))
        return wait_for_rest(follow, file, now, 1000 * settings->rest_s - rests_ms);
    wait_no_more(follow, file);
    make_due(follow, file, rests_ms >= last_line_ms);
}

/* The name that a file has when it is read first; to be freed. NULL when memory is short. */
static char *own_name(const struct follow *follow, const struct sighting *seen, const struct aws_key *key) {
    const char *origin = follow->request.origin;
    const char *below = seen->folder->whole ? seen->path + seen->folder->root_bytes : seen->path;
    struct slice name = key->object_name.len > 0 ? key->object_name : aws_key_without_compression(slice_from(below));
    char *text = NULL;
    int bytes = origin == NULL           ? asprintf(&text, "%.*s", (int)name.len, name.ptr)
                : follow->is_single_file ? asprintf(&text, "%s", origin)
                                         : asprintf(&text, "%s/%.*s", origin, (int)name.len, name.ptr);
    return bytes >= 0 ? text : NULL;
}

static struct followed_file *new_file(struct follow *follow, const struct sighting *seen, struct slice name) {
    bool too_long = name.len > ORIGIN_NAME_BYTES_MAX;
    if (too_long || follow->files.count >= FOLLOW_FILES_MAX) {
        follow->counts.failed++;
        if (too_long)
            follow_say(follow, FOLLOW_ERROR, "input: %s: its origin name is longer than %u bytes; it is not read",
                       seen->path, ORIGIN_NAME_BYTES_MAX);
        else
            follow_say(follow, FOLLOW_ERROR,
                       "input: %s: is not read, for %u files are known already; remove old ones, then start again, or "
                       "follow its folders by several runs",
                       seen->path, FOLLOW_FILES_MAX);
        return NULL;
    }
    struct followed_file *file = follow_files_add(&follow->files, &seen->now, name);
    if (file == NULL || !follow_files_move(&follow->files, file, seen, name)) {
        forget(follow);
        return NULL;
    }
    follow->counts.files++;
    return file;
}

/* Another file has its name: the same object, or one whose records would have the same event.id. */
static void ignore(struct follow *follow, const struct sighting *seen, struct slice name, bool is_object) {
    struct followed_file *file = new_file(follow, seen, name);
    if (file == NULL) return;
    file->ignored = true;
    file->day_met = follow_today();
    if (is_object) {
        follow->counts.same_object++;
        follow_say(follow, FOLLOW_WARNING, "input: %s: an AWS object that was met already is left out", seen->path);
        return;
    }
    follow->counts.failed++;
    follow_say(follow, FOLLOW_ERROR,
               "input: %s: is not read, for another file has its origin name, %.*s, and their records would have the "
               "same event.id; follow it by another run with --origin NAME",
               seen->path, (int)name.len, name.ptr);
}

/* One that is not known at its place; NULL: it is not followed, or is not read. */
static struct followed_file *meet(struct follow *follow, const struct sighting *seen, struct slice name,
                                  const struct aws_key *key) {
    struct followed_file *file;
    bool wanted = seen->folder->whole || follow_is_root(follow, seen->path);
    switch (follow_files_find(&follow->files, seen, name, wanted, &file)) {
    case FOLLOWED_UNWANTED: return NULL;
    case FOLLOWED_NEW: return new_file(follow, seen, name);
    case FOLLOWED_MOVED:
    case FOLLOWED_COPIED:
        if (follow_files_move(&follow->files, file, seen, name)) return file;
        forget(follow);
        return NULL;
    case FOLLOWED_REPLACED:
        follow_say(follow, FOLLOW_WARNING,
                   "input: %s: is not the file that was read under this name; read from its start", seen->path);
        return new_file(follow, seen, name);
    case FOLLOWED_SAME_NAME: ignore(follow, seen, name, key->object_name.len > 0); return NULL;
    }
    return NULL;
}

static struct followed_file *meet_named(struct follow *follow, const struct sighting *seen) {
    struct aws_key key;
    (void)aws_key_parse(slice_from(seen->path), &key);
    char *name = own_name(follow, seen, &key);
    struct followed_file *file = name != NULL ? meet(follow, seen, slice_from(name), &key) : NULL;
    if (name == NULL) forget(follow);
    free(name);
    return file;
}

void follow_judge(struct follow *follow, const struct sighting *seen) {
    struct followed_file *file = follow_files_known(&follow->files, seen);
    if (file == NULL) file = meet_named(follow, seen);
    if (file == NULL) return;
    file->day_met = follow_today();
    if (!file->ignored) judge(follow, file, seen);
}

/* --- later --------------------------------------------------------------------------------------------- */

/* As it is now, if it is there. */
static void look_again(struct follow *follow, const struct followed_file *file) {
    char *path = followed_path(file);
    struct sighting seen = {.folder = file->folder, .path = path};
    if (path == NULL) return forget(follow);
    seen.name = path + file->folder->prefix_bytes;
    if (file_identity_look(path, &seen.now)) follow_judge(follow, &seen);
    free(path);
}

void follow_judge_waiting(struct follow *follow, uint64_t now_ms) {
    for (size_t i = 0; i < follow->waiters_count;) {
        struct followed_file *file = follow->waiters[i].file;
        if (follow->waiters[i].due_ms > now_ms) {
            i++;
            continue;
        }
        look_again(follow, file);
        const struct follow_waiter *waiter = waiter_of(follow, file);
        if (waiter != NULL && waiter->due_ms <= now_ms) wait_no_more(follow, file); /* it is gone, or another one */
    }
}

static void take_place(struct follow *follow, struct followed_file *file, const struct follow_piece *piece) {
    char columns[HEADER_TEXT_BYTES];
    const struct file_reached *reached = &piece->reached;
    const struct file_place *place = &reached->place;
    struct file_identity identity = piece->identity;
    if (place->identity.size_bytes > identity.size_bytes) identity.size_bytes = place->identity.size_bytes;
    if (!follow_files_set_identity(&follow->files, file, &identity)) forget(follow);
    file->position = place->position;
    file->line_number = place->line_number;
    file->tail_bytes = place->tail_bytes;
    file->inside_line = place->inside_line;
    file->done = place->done;
    file->packed = reached->packed;
    file->settled = !reached->rests;
    file->day = follow_today();
    file->columns = NULL;
    if (reached->header.schema == NULL && piece->origin.header == NULL) return;
    file->columns = follow_files_columns(&follow->files,
                                         (struct slice){columns, header_text_write(&reached->header, columns)});
    if (file->columns == NULL) forget(follow);
}

void follow_judge_read(struct follow *follow, const struct follow_piece *piece) {
    struct followed_file *file = piece->file;
    struct file_identity now;
    file->busy = false;
    if (piece->reached.opened) {
        take_place(follow, file, piece);
    } else if (!piece->reached.missed) { /* that was said; it is tried again when something happens to it */
        file->identity.size_bytes = piece->seen.size_bytes;
        file->identity.mtime_ns = piece->seen.mtime_ns;
        file->settled = true;
    } else if (file_identity_look(piece->input.path, &now) && now.inode == file->identity.inode &&
               now.device == file->identity.device) {
        begin_anew(follow, file, piece->input.path, "was written over");
    }
    look_again(follow, file);
}
