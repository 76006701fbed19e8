/* The watching thread, and what it hands to the readers and gets back.
 *
 * Pieces are made ready FOLLOW_PIECES_AHEAD at a time: of 100,000 files that are new at the start only their entries take memory.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "ingest/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/monotonic.h"
#include "ingest/follow_state.h"
#include "schemas/limits.h"

#define AT(member) .offset = offsetof(struct follow_settings, member)
/* clang-format off */
const struct option_spec follow_options[] = {
    {.name = "follow", .kind = OPTION_FLAG, AT(all),
     .help = "go on until a signal: read files that come into the directories given, and what is added to those that are there, or to "
             "files given by name; in the config also of one input, {path: DIR, follow: true}"},
    {.name = "follow-rescan", .kind = OPTION_COUNT, AT(rescan_s), .placeholder = "SECONDS", .default_text = "60", .min = 1,
     .max = FOLLOW_SECONDS_MAX,
     .help = "how often everything is looked at besides, for file systems that do not tell of changes (NFS)"},
    {.name = "follow-rest", .kind = OPTION_COUNT, AT(rest_s), .placeholder = "SECONDS", .default_text = "5",
     .max = FOLLOW_SECONDS_MAX,
     .help = "a compressed file that is followed is read once its size and time have been the same for so long"},
    {.name = "last-line-wait", .kind = OPTION_COUNT, AT(last_line_s), .placeholder = "SECONDS", .default_text = "60",
     .max = FOLLOW_SECONDS_MAX,
     .help = "a last line without LF of a file that is followed is read once nothing was added to it for so long; a line that goes on "
             "after that comes once more, whole"},
};
/* clang-format on */
const size_t follow_options_count = sizeof follow_options / sizeof follow_options[0];

void follow_say(const struct follow *follow, enum follow_word word, const char *format, ...) {
    char message[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    follow->request.say(word, message);
}

uint32_t follow_today(void) {
    return (uint32_t)(time(NULL) / 86400);
}

static void wake(struct follow *follow) {
    (void)eventfd_write(follow->wake_fd, 1); /* it is full only when it is readable anyway */
}

/* --- pieces --------------------------------------------------------------------------------------------- */

static void list_push(struct follow_list *list, struct follow_piece *piece) {
    piece->next = NULL;
    *(list->first == NULL ? &list->first : &list->last->next) = piece;
    list->last = piece;
    list->count++;
}

static struct follow_piece *list_pop(struct follow_list *list) {
    struct follow_piece *piece = list->first;
    if (piece == NULL) return NULL;
    list->first = piece->next;
    list->count--;
    return piece;
}

static void leave(struct follow_piece *piece) {
    if (atomic_fetch_sub(&piece->users, 1) == 1) free(piece);
}

static struct follow_piece *piece_of(const struct origin *origin) {
    ASSERT(origin->reached != NULL);
    return (struct follow_piece *)(uintptr_t)origin;
}

static void set_place(struct follow_piece *piece, const struct followed_file *file) {
    bool at_start = file->position == 0 && file->line_number == 1 && file->tail_bytes == 0 && !file->inside_line;
    piece->place = (struct file_place){.identity = file->identity,
                                       .name = slice_from(piece->input.origin),
                                       .columns = slice_from(file->columns != NULL ? file->columns : ""),
                                       .position = file->position,
                                       .line_number = file->line_number,
                                       .tail_bytes = file->tail_bytes,
                                       .inside_line = file->inside_line,
                                       .done = file->done,
                                       .day = file->day};
    /* by its place a reader knows the file: another one that has the path by now is not read as if it were this one */
    piece->input.place = at_start && !file->known ? NULL : &piece->place;
}

/* As it is now. Of one of which nothing was read its first bytes are looked at, too: by them it is known when it gets another name before that is
 * done. */
static void look_at(struct follow_piece *piece, struct followed_file *file, const char *path) {
    struct file_identity now;
    struct error error;
    if (!file_identity_look(path, &piece->seen)) {
        piece->seen = file->identity; /* it is gone; its reader sees it */
        return;
    }
    int fd = file->identity.head_bytes == 0 ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    if (fd < 0) return;
    if (file_identity_read(fd, path, &now, &error) == STATUS_OK && now.device == file->identity.device &&
        now.inode == file->identity.inode) {
        file->identity.head_bytes = now.head_bytes;
        file->identity.head_hash = now.head_hash;
    }
    close(fd);
}

/* NULL when memory is short. */
static struct follow_piece *piece_new(struct follow *follow, struct followed_file *file) {
    const struct followed_folder *folder = file->folder;
    size_t path_bytes = folder->prefix_bytes + strlen(file->file_name);
    struct follow_piece *piece = calloc(1, sizeof *piece + path_bytes + file->name.len + 2);
    if (piece == NULL) return NULL;
    char *path = piece->texts, *name = path + path_bytes + 1;
    memcpy(mempcpy(path, folder->prefix, folder->prefix_bytes), file->file_name, strlen(file->file_name));
    memcpy(name, file->name.ptr, file->name.len);
    struct input *input = &piece->input;
    *input = (struct input){
        .path = path,
        .origin = name,
        .size_bytes = file->identity.size_bytes,
        .beneath = folder->whole && !follow->request.all_links ? follow->request.roots[folder->root].path : NULL,
        .found = folder->whole ? INPUT_BELOW : INPUT_BY_NAME,
        .argument = follow->request.roots[folder->root].argument,
        .identity = &piece->identity};
    /* of one that was renamed the first name tells more */
    if (!aws_key_parse(slice_from(path), &input->key)) (void)aws_key_parse(slice_from(name), &input->key);
    piece->file = file;
    piece->reached = (struct file_reached){.ends = file->ends};
    look_at(piece, file, path);
    set_place(piece, file);
    atomic_store(&piece->users, 1);
    follow->request.dress(follow->request.context, input, &piece->origin);
    piece->origin.reached = &piece->reached;
    return piece;
}

const struct origin *follow_take(struct follow *follow) {
    ASSERT(pthread_mutex_lock(&follow->lock) == 0);
    struct follow_piece *piece = list_pop(&follow->ready);
    if (piece != NULL) piece->origin.input_index = follow->next_index++;
    bool few = piece != NULL && follow->ready.count == FOLLOW_PIECES_AHEAD / 2;
    ASSERT(pthread_mutex_unlock(&follow->lock) == 0);
    if (few) wake(follow);
    return piece != NULL ? &piece->origin : NULL;
}

bool follow_has_more(struct follow *follow) {
    ASSERT(pthread_mutex_lock(&follow->lock) == 0);
    bool more = follow->ready.count > 0;
    ASSERT(pthread_mutex_unlock(&follow->lock) == 0);
    return more;
}

void follow_has_read(struct follow *follow, const struct origin *origin) {
    ASSERT(pthread_mutex_lock(&follow->lock) == 0);
    list_push(&follow->has_read, piece_of(origin));
    ASSERT(pthread_mutex_unlock(&follow->lock) == 0);
    wake(follow);
}

void follow_keep(const struct origin *origin) {
    atomic_fetch_add(&piece_of(origin)->users, 1);
}

void follow_release(const struct origin *origin) {
    leave(piece_of(origin));
}

/* --- the watching thread -------------------------------------------------------------------------------- */

static void take_back(struct follow *follow) {
    for (;;) {
        ASSERT(pthread_mutex_lock(&follow->lock) == 0);
        struct follow_piece *piece = list_pop(&follow->has_read);
        ASSERT(pthread_mutex_unlock(&follow->lock) == 0);
        if (piece == NULL) return;
        follow_judge_read(follow, piece);
        leave(piece);
    }
}

static size_t pieces_ready(struct follow *follow) {
    ASSERT(pthread_mutex_lock(&follow->lock) == 0);
    size_t count = follow->ready.count;
    ASSERT(pthread_mutex_unlock(&follow->lock) == 0);
    return count;
}

/* True when there are more pieces than before. */
static bool make_pieces(struct follow *follow) {
    struct follow_list made = {.count = 0};
    const struct input *begun[FOLLOW_PIECES_AHEAD];
    size_t begun_count = 0, wanted = FOLLOW_PIECES_AHEAD - pieces_ready(follow);
    while (made.count < wanted) {
        struct followed_file *file = follow_next_due(follow);
        if (file == NULL) break;
        struct follow_piece *piece = piece_new(follow, file);
        if (piece == NULL) {
            follow->no_memory = true;
            break;
        }
        file->busy = true;
        list_push(&made, piece);
        if (piece->input.place == NULL) begun[begun_count++] = &piece->input;
    }
    if (begun_count > 0) follow->request.know(follow->request.context, begun, begun_count);
    bool any = made.count > 0;
    ASSERT(pthread_mutex_lock(&follow->lock) == 0);
    for (struct follow_piece *piece; (piece = list_pop(&made)) != NULL;) list_push(&follow->ready, piece);
    ASSERT(pthread_mutex_unlock(&follow->lock) == 0);
    return any;
}

/* Until something happens, `until_ms` is there, or the run shall end; then it is false. */
static bool wait_for_news(const struct follow *follow, int stop_fd, uint64_t until_ms, bool listens) {
    struct pollfd descriptors[3] = {{.fd = stop_fd, .events = POLLIN},
                                    {.fd = follow->wake_fd, .events = POLLIN},
                                    {.fd = listens ? follow->notify_fd : -1, .events = POLLIN}};
    uint64_t now = monotonic_ms(), wait_ms = until_ms > now ? until_ms - now : 0;
    if (wait_ms > INT32_MAX) wait_ms = INT32_MAX;
    (void)poll(descriptors, 3, (int)wait_ms);
    return (descriptors[0].revents & POLLIN) == 0;
}

static void report_start(const struct follow *follow) {
    follow_say(follow, FOLLOW_INFO, "follow: %zu directories are watched, with %llu files; until a signal",
               follow->folders_count, (unsigned long long)follow->files.count);
}

static uint64_t sooner(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

void follow_watch(struct follow *follow, int stop_fd, void (*news)(void *context), void *context) {
    const uint64_t every_ms = 1000 * follow->request.settings->rescan_s;
    uint64_t changes_ms = UINT64_MAX, rescan_ms = 0; /* when to look */
    bool started = false, goes_on = true;
    while (goes_on && !follow->no_memory) {
        uint64_t now = monotonic_ms();
        take_back(follow);
        if (now >= changes_ms) {
            follow_walk_changes(follow);
            changes_ms = UINT64_MAX;
        }
        if (now >= rescan_ms || follow->overflow) {
            follow_walk_all(follow);
            rescan_ms = monotonic_ms() + every_ms;
            if (!started) report_start(follow);
            started = true;
        }
        follow_judge_waiting(follow, now);
        if (make_pieces(follow)) news(context);
        uint64_t until_ms = sooner(sooner(rescan_ms, changes_ms), follow_waits_until(follow));
        goes_on = wait_for_news(follow, stop_fd, until_ms, changes_ms == UINT64_MAX);
        (void)eventfd_read(follow->wake_fd, &(eventfd_t){0});
        if (follow_walk_listen(follow) && changes_ms == UINT64_MAX) changes_ms = monotonic_ms() + FOLLOW_LINGER_MS;
    }
    if (goes_on) {
        follow->counts.failed++;
        follow_say(follow, FOLLOW_ERROR,
                   "follow: out of memory; files are not followed any more, start again with "
                   "fewer");
    }
    news(context);
}

/* --- begin and end -------------------------------------------------------------------------------------- */

enum status follow_open(const struct follow_request *request, struct follow **follow, struct error *error) {
    struct follow *made = calloc(1, sizeof *made);
    *follow = made;
    if (made == NULL) return error_set(error, STATUS_FAILED, "inputs: out of memory");
    made->request = *request;
    ASSERT(pthread_mutex_init(&made->lock, NULL) == 0);
    made->notify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    made->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!follow_files_init(&made->files) || made->notify_fd < 0 || made->wake_fd < 0)
        return error_set_errno(error, errno,
                               "follow: directories cannot be watched (fs.inotify.max_user_instances, or descriptors)");
    return follow_walk_open(made, error);
}

void follow_begin_at(struct follow *follow, uint64_t index) {
    follow->next_index = index;
}

bool follow_know(struct follow *follow, const struct file_place *place) {
    struct followed_file *file = follow_files_add(&follow->files, &place->identity, place->name);
    if (file == NULL) return false;
    file->identity = place->identity;
    file->known = true;
    file->position = place->position;
    file->line_number = place->line_number;
    file->tail_bytes = place->tail_bytes;
    file->inside_line = place->inside_line;
    file->done = file->settled = place->done;
    file->day = file->day_met = (uint32_t)place->day;
    if (place->columns.len > 0) file->columns = follow_files_columns(&follow->files, place->columns);
    return place->columns.len == 0 || file->columns != NULL;
}

struct follow_counts follow_counts(const struct follow *follow) {
    return follow->counts;
}

void follow_free(struct follow *follow) {
    if (follow == NULL) return;
    struct follow_piece *piece;
    while ((piece = list_pop(&follow->ready)) != NULL) leave(piece);
    while ((piece = list_pop(&follow->has_read)) != NULL) leave(piece);
    follow_walk_close(follow);
    follow_files_destroy(&follow->files);
    free(follow->waiters);
    free((void *)follow->due);
    if (follow->notify_fd >= 0) close(follow->notify_fd);
    if (follow->wake_fd >= 0) close(follow->wake_fd);
    ASSERT(pthread_mutex_destroy(&follow->lock) == 0);
    free(follow);
}
