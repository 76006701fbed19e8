/* What settles only notes numbers, under a lock that its thread holds as briefly: no batch waits for a disk.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "app/checkpoint.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/log.h"
#include "base/check.h"
#include "ingest/file_reached.h"
#include "ingest/header_line.h"

struct checkpoint {
    struct checkpoint_request request;
    pthread_t thread;
    pthread_mutex_t lock; /* guards all that follows */
    pthread_cond_t news;  /* for the thread: `stop`, or `taken` */
    pthread_cond_t done;  /* `busy` has ended */
    bool busy;            /* the thread writes a block */
    bool ended;           /* all of the outputs is confirmed: their names are the user's again */
    bool reopen;          /* outputs may have been renamed away */
    bool stop;
    uint32_t interval_ms;
    bool packed; /* an output is gzip: only whoever settles can take a block */
    bool due;
    struct error error;
    bool failed;
    const struct origin *origin;   /* whose batch came last and will not be its last; NULL: none */
    struct file_identity identity; /* what is needed of it, which is gone when it has been read */
    char name[ORIGIN_NAME_BYTES_MAX];
    size_t name_bytes;
    bool has_header;
    struct file_place place; /* in it */
    struct header header;    /* in force there */
    bool changed;            /* since the last block, or since `lines` */
    char *lines;             /* of files before it that have changed since the last block */
    size_t lines_bytes;
    FILE *lines_out; /* what writes them */
    uint64_t lengths[CHECKPOINT_OUTPUTS];
    char *taken; /* a block on its way to the disk; NULL: none */
    size_t taken_bytes;
};

/* --- what has changed --------------------------------------------------------------------------------- */

static void write_place(struct checkpoint *checkpoint) {
    char columns[HEADER_TEXT_BYTES];
    struct file_place place = checkpoint->place;
    uint64_t size_bytes = place.identity.size_bytes;
    place.identity = checkpoint->identity;
    if (size_bytes > place.identity.size_bytes) place.identity.size_bytes = size_bytes;
    if (checkpoint->header.schema != NULL || checkpoint->has_header)
        place.columns = (struct slice){columns, header_text_write(&checkpoint->header, columns)};
    place.name = (struct slice){checkpoint->name, checkpoint->name_bytes};
    place.day = state_dir_today();
    checkpoint_write_file(checkpoint->lines_out, &place);
    checkpoint->changed = false;
}

static bool begin_lines(struct checkpoint *checkpoint) {
    checkpoint->lines_out = open_memstream(&checkpoint->lines, &checkpoint->lines_bytes);
    return checkpoint->lines_out != NULL;
}

/* All that has changed as one block. */
static bool take_block(struct checkpoint *checkpoint) {
    ASSERT(checkpoint->taken == NULL);
    if (checkpoint->changed) write_place(checkpoint);
    for (size_t i = 0; i < CHECKPOINT_OUTPUTS; i++)
        if (checkpoint->request.outputs[i] != NULL)
            checkpoint_write_length(checkpoint->lines_out, i, checkpoint->lengths[i]);
    for (size_t i = 0; i < CHECKPOINT_OUTPUTS; i++)
        if (checkpoint->request.outputs[i] != NULL)
            checkpoint_write_inode(checkpoint->lines_out, i,
                                   checkpoint->ended ? 0 : sink_file_inode(checkpoint->request.outputs[i]));
    if (fclose(checkpoint->lines_out) != 0) {
        checkpoint->lines_out = NULL;
        free(checkpoint->lines);
        return false;
    }
    checkpoint->taken = checkpoint->lines;
    checkpoint->taken_bytes = checkpoint->lines_bytes;
    return begin_lines(checkpoint);
}

static bool has_changed(const struct checkpoint *checkpoint) {
    return checkpoint->changed || ftell(checkpoint->lines_out) > 0;
}

/* The lengths as they are behind the batch that was settled last. */
static enum status note_lengths(struct checkpoint *checkpoint, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < CHECKPOINT_OUTPUTS && status == STATUS_OK; i++)
        if (checkpoint->request.outputs[i] != NULL)
            status = sink_file_mark(checkpoint->request.outputs[i], &checkpoint->lengths[i], error);
    return status;
}

/* --- on disk ------------------------------------------------------------------------------------------- */

/* The outputs first: a block must not say more than they have. Frees the block. */
static enum status write_block(const struct checkpoint *checkpoint, char *block, size_t bytes, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < CHECKPOINT_OUTPUTS && status == STATUS_OK; i++)
        if (checkpoint->request.outputs[i] != NULL) status = sink_file_sync(checkpoint->request.outputs[i], error);
    if (status == STATUS_OK) status = state_dir_add(checkpoint->request.directory, (struct slice){block, bytes}, error);
    free(block);
    return status;
}

/* The block that was taken, which is the caller's from here on. */
static char *hand_out(struct checkpoint *checkpoint, size_t *bytes) {
    char *block = checkpoint->taken;
    *bytes = checkpoint->taken_bytes;
    checkpoint->taken = NULL;
    return block;
}

/* A block that says that the new files begin, and only then they do: whoever is killed in between goes on with them from their start, and
 * whoever is killed before it finds a file missing, and says so. */
static enum status switch_outputs(struct checkpoint *checkpoint, const bool *moved, const uint64_t *starts,
                                  struct error *error) {
    enum status status = note_lengths(checkpoint, error);
    size_t bytes;
    for (size_t i = 0; i < CHECKPOINT_OUTPUTS; i++)
        if (moved[i]) checkpoint->lengths[i] = starts[i];
    if (status == STATUS_OK && !take_block(checkpoint))
        status = error_set(error, STATUS_FAILED, "--state: out of memory");
    if (status != STATUS_OK) return status;
    char *block = hand_out(checkpoint, &bytes);
    status = write_block(checkpoint, block, bytes, error);
    for (size_t i = 0; i < CHECKPOINT_OUTPUTS && status == STATUS_OK; i++) {
        if (!moved[i]) continue;
        status = sink_file_switch(checkpoint->request.outputs[i], error);
        log_message(LOG_INFO, "output: %s: was moved away; what follows goes to a new file",
                    sink_file_path(checkpoint->request.outputs[i]));
    }
    return status;
}

/* With the lock; nobody writes to the outputs. */
static enum status reopen_outputs(struct checkpoint *checkpoint, struct error *error) {
    bool moved[CHECKPOINT_OUTPUTS] = {false}, any = false;
    uint64_t starts[CHECKPOINT_OUTPUTS] = {0};
    struct error reason;
    checkpoint->reopen = false;
    while (checkpoint->busy || (checkpoint->taken != NULL && !checkpoint->failed))
        ASSERT(pthread_cond_wait(&checkpoint->done, &checkpoint->lock) == 0);
    for (size_t i = 0; i < CHECKPOINT_OUTPUTS && !checkpoint->failed; i++) {
        struct sink_file *output = checkpoint->request.outputs[i];
        if (output != NULL && sink_file_prepare(output, &moved[i], &starts[i], &reason) != STATUS_OK)
            log_message(LOG_ERROR, "%s", reason.message);
        any = any || moved[i];
    }
    return any ? switch_outputs(checkpoint, moved, starts, error) : STATUS_OK;
}

void checkpoint_reopen(struct checkpoint *checkpoint) {
    ASSERT(pthread_mutex_lock(&checkpoint->lock) == 0);
    checkpoint->reopen = true;
    ASSERT(pthread_mutex_unlock(&checkpoint->lock) == 0);
}

/* --- batches ------------------------------------------------------------------------------------------- */

/* Of a file that grows while it is followed only the last place is said in a block. */
static bool is_same_file(const struct checkpoint *checkpoint, const struct origin *origin) {
    return checkpoint->identity.device == origin->identity->device &&
           checkpoint->identity.inode == origin->identity->inode &&
           slice_equal((struct slice){checkpoint->name, checkpoint->name_bytes}, origin->name);
}

static void enter_input(struct checkpoint *checkpoint, const struct origin *origin) {
    static const struct file_place start = {.line_number = 1};
    if (checkpoint->origin == origin) return;
    if (checkpoint->changed && !is_same_file(checkpoint, origin)) write_place(checkpoint);
    checkpoint->origin = origin;
    checkpoint->identity = *origin->identity;
    ASSERT(origin->name.len <= sizeof checkpoint->name);
    memcpy(checkpoint->name, origin->name.ptr, origin->name.len);
    checkpoint->name_bytes = origin->name.len;
    checkpoint->has_header = origin->header != NULL;
    checkpoint->place = origin->place != NULL ? *origin->place : start;
    checkpoint->place.identity.size_bytes = 0;
    checkpoint->place.done = false;
    checkpoint->header = (struct header){.schema = NULL};
    if (origin->header != NULL) checkpoint->header = *origin->header;
    if (checkpoint->place.columns.len > 0) ASSERT(header_text_read(checkpoint->place.columns, &checkpoint->header));
}

static void note(struct checkpoint *checkpoint, const struct batch *batch) {
    enter_input(checkpoint, batch->origin);
    file_place_note(&checkpoint->place, &checkpoint->header, batch, (size_t)batch->tally.bytes_read, batch->tally.read);
    checkpoint->changed = true;
}

/* Nothing was added to it since the last run. */
static void note_done(struct checkpoint *checkpoint, const struct batch *batch) {
    enter_input(checkpoint, batch->origin);
    checkpoint->place.identity.size_bytes = batch->input_progress;
    checkpoint->place.done = checkpoint->changed = true;
}

enum status checkpoint_settle(struct checkpoint *checkpoint, const struct batch *batch, struct error *error) {
    if (batch->origin->identity == NULL || batch->segments_count == 0) return STATUS_OK;
    bool counted_only = batch->segments[0].counted_only;
    enum status status = STATUS_OK;
    if (counted_only && !batch->finished) return STATUS_OK;
    ASSERT(pthread_mutex_lock(&checkpoint->lock) == 0);
    if (counted_only)
        note_done(checkpoint, batch);
    else
        note(checkpoint, batch);
    if (batch->last) checkpoint->origin = NULL; /* another one may stand there soon */
    if (!checkpoint->packed || checkpoint->due) status = note_lengths(checkpoint, error);
    if (status == STATUS_OK && checkpoint->due) {
        if (!take_block(checkpoint)) status = error_set(error, STATUS_FAILED, "--state: out of memory");
        checkpoint->due = false;
        ASSERT(pthread_cond_signal(&checkpoint->news) == 0);
    }
    if (status == STATUS_OK && checkpoint->reopen && !checkpoint->failed) status = reopen_outputs(checkpoint, error);
    if (checkpoint->failed) {
        *error = checkpoint->error;
        status = STATUS_FAILED;
    }
    ASSERT(pthread_mutex_unlock(&checkpoint->lock) == 0);
    return status;
}

/* --- the thread ---------------------------------------------------------------------------------------- */

/* Sleeps for the interval, or until the end. */
static void wait_for_turn(struct checkpoint *checkpoint) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += checkpoint->interval_ms / 1000;
    until.tv_nsec += (long)(checkpoint->interval_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
    int result = 0;
    while (!checkpoint->stop && result == 0)
        result = pthread_cond_timedwait(&checkpoint->news, &checkpoint->lock, &until);
    ASSERT(result == 0 || result == ETIMEDOUT);
}

/* False when there is nothing to write. */
static bool get_block(struct checkpoint *checkpoint) {
    if (!has_changed(checkpoint)) return false;
    if (!checkpoint->packed) {
        checkpoint->failed = !take_block(checkpoint);
        if (checkpoint->failed) error_set(&checkpoint->error, STATUS_FAILED, "--state: out of memory");
        return !checkpoint->failed;
    }
    checkpoint->due = true;
    while (checkpoint->taken == NULL && !checkpoint->stop)
        ASSERT(pthread_cond_wait(&checkpoint->news, &checkpoint->lock) == 0);
    checkpoint->due = false;
    return checkpoint->taken != NULL;
}

static void *write_blocks(void *argument) {
    struct checkpoint *checkpoint = argument;
    struct error error;
    ASSERT(pthread_mutex_lock(&checkpoint->lock) == 0);
    while (!checkpoint->stop && !checkpoint->failed) {
        wait_for_turn(checkpoint);
        if (checkpoint->stop || !get_block(checkpoint)) continue;
        size_t bytes;
        char *block = hand_out(checkpoint, &bytes);
        checkpoint->busy = true;
        ASSERT(pthread_mutex_unlock(&checkpoint->lock) == 0);
        enum status status = write_block(checkpoint, block, bytes, &error);
        ASSERT(pthread_mutex_lock(&checkpoint->lock) == 0);
        checkpoint->busy = false;
        if (status != STATUS_OK) {
            checkpoint->failed = true;
            checkpoint->error = error;
        }
        ASSERT(pthread_cond_broadcast(&checkpoint->done) == 0);
    }
    ASSERT(pthread_mutex_unlock(&checkpoint->lock) == 0);
    return NULL;
}

void checkpoint_add(struct checkpoint *checkpoint, struct slice lines) {
    struct error error;
    ASSERT(pthread_mutex_lock(&checkpoint->lock) == 0);
    while (checkpoint->busy) ASSERT(pthread_cond_wait(&checkpoint->done, &checkpoint->lock) == 0);
    if (!checkpoint->failed && state_dir_add(checkpoint->request.directory, lines, &error) != STATUS_OK) {
        checkpoint->failed = true;
        checkpoint->error = error;
    }
    ASSERT(pthread_mutex_unlock(&checkpoint->lock) == 0);
}

/* --- begin and end ------------------------------------------------------------------------------------- */

struct checkpoint *checkpoint_new(const struct checkpoint_request *request) {
    struct checkpoint *checkpoint = calloc(1, sizeof *checkpoint);
    if (checkpoint == NULL) return NULL;
    const char *interval = getenv("WHEREFROM_CHECKPOINT_MS");
    checkpoint->request = *request;
    checkpoint->interval_ms = interval != NULL ? (uint32_t)strtoul(interval, NULL, 10) : CHECKPOINT_MS;
    for (size_t i = 0; i < CHECKPOINT_OUTPUTS; i++)
        checkpoint->packed |= request->outputs[i] != NULL && sink_file_is_packed(request->outputs[i]);
    if (!begin_lines(checkpoint)) {
        free(checkpoint);
        return NULL;
    }
    pthread_condattr_t monotonic;
    sigset_t all,
        before; /* signals are for the pipeline's main thread: taken here, SIGTERM would end the process at once */
    sigfillset(&all);
    ASSERT(pthread_mutex_init(&checkpoint->lock, NULL) == 0);
    ASSERT(pthread_condattr_init(&monotonic) == 0 && pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0);
    ASSERT(pthread_cond_init(&checkpoint->news, &monotonic) == 0);
    ASSERT(pthread_condattr_destroy(&monotonic) == 0);
    ASSERT(pthread_cond_init(&checkpoint->done, NULL) == 0);
    ASSERT(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    ASSERT(pthread_create(&checkpoint->thread, NULL, write_blocks, checkpoint) == 0);
    ASSERT(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    return checkpoint;
}

enum status checkpoint_finish(struct checkpoint *checkpoint, bool whole, struct error *error) {
    ASSERT(pthread_mutex_lock(&checkpoint->lock) == 0);
    checkpoint->stop = true;
    ASSERT(pthread_cond_signal(&checkpoint->news) == 0);
    ASSERT(pthread_mutex_unlock(&checkpoint->lock) == 0);
    ASSERT(pthread_join(checkpoint->thread, NULL) == 0);
    if (checkpoint->failed) {
        *error = checkpoint->error;
        return STATUS_FAILED;
    }
    if (checkpoint->taken != NULL) { /* taken just before the end */
        size_t bytes;
        char *block = hand_out(checkpoint, &bytes);
        enum status status = write_block(checkpoint, block, bytes, error);
        if (status != STATUS_OK) return status;
    }
    /* of a .gz output that failed it is not known where a member ended; the block before counts */
    checkpoint->ended = whole;
    if ((!has_changed(checkpoint) && !(whole && checkpoint->request.watches_names)) || (checkpoint->packed && !whole))
        return STATUS_OK;
    if (whole && note_lengths(checkpoint, error) != STATUS_OK) return STATUS_FAILED;
    if (!take_block(checkpoint)) return error_set(error, STATUS_FAILED, "--state: out of memory");
    size_t bytes;
    char *block = hand_out(checkpoint, &bytes);
    return write_block(checkpoint, block, bytes, error);
}

void checkpoint_free(struct checkpoint *checkpoint) {
    if (checkpoint == NULL) return;
    if (checkpoint->lines_out != NULL) {
        fclose(checkpoint->lines_out);
        free(checkpoint->lines);
    }
    free(checkpoint->taken);
    ASSERT(pthread_cond_destroy(&checkpoint->news) == 0);
    ASSERT(pthread_cond_destroy(&checkpoint->done) == 0);
    ASSERT(pthread_mutex_destroy(&checkpoint->lock) == 0);
    free(checkpoint);
}
