/* Bytes -> batches of whole lines.
 *
 *   batch text:  [ carry from before | read or inflated ......... LF | start of the next line ]
 *                                                                     `-> carry
 *
 * The input is read (or inflated) straight into the batch; only the start of a line that its end cut off is
 * copied, to the reader's carry. A batch is handed on when it has `read_bytes` of text, when it has BATCH_LINES_MAX lines, or,
 * from a pipe, when whole lines have waited LINGER_MS for more.
 *
 * Threads: an instance belongs to one thread. */
#define _GNU_SOURCE
#include "ingest/source_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/monotonic.h"
#include "ingest/file_reached.h"
#include "ingest/header_line.h"
#include "ingest/inflate.h"
#include "ingest/split.h"

#define STORED_BYTES (256u * 1024) /* compressed bytes read at a time */
#define LINGER_MS 100              /* INTERFACE.md: a pipe is flushed within 200 ms */

const struct option_spec source_file_options[] = {
    {.name = "read-size",
     .kind = OPTION_SIZE,
     .offset = offsetof(struct source_file_settings, read_bytes),
     .placeholder = "SIZE",
     .help = "bytes asked of an input at a time; changes the speed, never the output",
     .default_text = "256K",
     .min = 1,
     .max = BATCH_TEXT_BYTES},
};
const size_t source_file_options_count = sizeof source_file_options / sizeof source_file_options[0];

struct source_file {
    const struct scan_kernel *kernel;
    size_t read_bytes;
    int stop_fd;
    const struct origin *origin;
    int fd;
    bool live;         /* no regular file: may be silent for long */
    bool stored_end;   /* the input has no more bytes */
    bool text_end;     /* and nothing is left to inflate */
    bool skipping;     /* inside a line that was too long */
    bool cut_short;    /* damaged, or given up while waiting: the last line may lack its end */
    bool rests;        /* a last line without LF is left for the next time */
    bool finished;     /* the end of the text is the end of the input */
    bool head_checked; /* of inflated text: is it a compressed file again? */
    const struct inflate_ops *inflate;
    struct inflater *inflater;
    uint8_t *stored; /* compressed input, or the first bytes while they are looked at */
    size_t stored_from, stored_to;
    uint64_t stored_bytes; /* read so far: progress */
    uint64_t
        stored_max; /* of a followed file: what was there when it was opened; the rest comes when it is its turn again */
    char *carry;
    size_t carry_bytes;
    uint64_t position, line_number;
    uint64_t skip_bytes;  /* of the text, up to where the last run went */
    uint64_t tail_bytes;  /* of the line behind that, which the last run had without its end */
    uint64_t recount_to;  /* the end of both, where what is before it is counted only; 0: nothing is */
    struct header header; /* in force at the next batch */
};

struct source_file *source_file_new(const struct source_file_settings *settings, const struct scan_kernel *kernel,
                                    int stop_fd) {
    struct source_file *source = calloc(1, sizeof *source);
    if (source == NULL) return NULL;
    source->kernel = kernel;
    source->read_bytes = settings->read_bytes;
    source->stop_fd = stop_fd;
    source->fd = -1;
    source->stored = malloc(STORED_BYTES);
    source->carry = malloc(BATCH_TEXT_ROOM + TEXT_PADDING_BYTES);
    if (source->stored == NULL || source->carry == NULL) {
        source_file_free(source);
        return NULL;
    }
    return source;
}

static void close_input(void *instance) {
    struct source_file *source = instance;
    if (source->inflater != NULL) source->inflate->free_inflater(source->inflater);
    if (source->fd > STDIN_FILENO) close(source->fd);
    source->inflater = NULL;
    source->inflate = NULL;
    source->fd = -1;
}

void source_file_free(struct source_file *source) {
    if (source == NULL) return;
    close_input(source);
    free(source->stored);
    free(source->carry);
    free(source);
}

/* --- bytes as stored ---------------------------------------------------------------------------- */

/* Waits for a live input. False when there was nothing for `wait_ms` (-1: as long as it takes) or the run shall end. */
static bool wait_readable(struct source_file *source, int wait_ms) {
    struct pollfd descriptors[2] = {{.fd = source->fd, .events = POLLIN}, {.fd = source->stop_fd, .events = POLLIN}};
    int ready;
    do ready = poll(descriptors, 2, wait_ms);
    while (ready < 0 && errno == EINTR);
    if (ready > 0 && descriptors[1].revents != 0) {
        source->text_end = source->cut_short = true;
        return false;
    }
    return ready > 0;
}

/* Reads up to `room` bytes as they are stored. 0 with stored_end: the end; 0 without: a live input is silent. */
static enum status read_stored(struct source_file *source, void *to, size_t room, int wait_ms, size_t *got,
                               struct error *error) {
    *got = 0;
    if (source->stored_end || (source->live && !wait_readable(source, wait_ms))) return STATUS_OK;
    uint64_t left = source->stored_max > source->stored_bytes ? source->stored_max - source->stored_bytes : 0;
    if (room > left) room = (size_t)left;
    ssize_t bytes;
    do bytes = room > 0 ? read(source->fd, to, room) : 0;
    while (bytes < 0 && errno == EINTR);
    if (bytes < 0)
        return error_set_errno(error, errno, "input: %s: reading at byte %llu", source->origin->path.ptr,
                               (unsigned long long)source->stored_bytes);
    if (bytes == 0) source->stored_end = true;
    source->stored_bytes += (uint64_t)bytes;
    *got = (size_t)bytes;
    return STATUS_OK;
}

/* --- bytes of text ------------------------------------------------------------------------------ */

static enum status damaged(struct source_file *source, const char *why, struct error *error) {
    source->text_end = true;
    return error_set(error, STATUS_FAILED, "input: %s: damaged at byte %llu of the file: %s", source->origin->path.ptr,
                     (unsigned long long)(source->stored_bytes - (source->stored_to - source->stored_from)), why);
}

static enum status inflate_text(struct source_file *source, char *to, size_t room, int wait_ms, size_t *got,
                                struct error *error) {
    struct inflate_io io = {.out = (uint8_t *)to, .out_bytes = room};
    struct error why;
    *got = 0;
    for (;;) {
        io.in = source->stored + source->stored_from;
        io.in_bytes = source->stored_to - source->stored_from;
        enum inflate_result result = source->inflate->step(source->inflater, &io, &why);
        source->stored_from = source->stored_to - io.in_bytes;
        *got = room - io.out_bytes;
        if (result == INFLATE_BAD) return damaged(source, why.message, error);
        if (*got > 0 || result == INFLATE_FULL) return STATUS_OK;
        ASSERT(source->stored_from == source->stored_to);
        size_t bytes;
        enum status status = read_stored(source, source->stored, STORED_BYTES, wait_ms, &bytes, error);
        source->stored_from = 0;
        source->stored_to = bytes;
        if (status != STATUS_OK) return status;
        if (bytes == 0 && !source->stored_end) return STATUS_OK;
        if (bytes == 0) {
            if (source->inflate->finish(source->inflater, &why) != STATUS_OK)
                return damaged(source, why.message, error);
            source->text_end = source->finished = true;
            return STATUS_OK;
        }
    }
}

/* What the first bytes say: compressed or not. They stay in `stored` and are used from there. */
static enum status look_at_head(struct source_file *source, struct error *error) {
    while (source->stored_to < 4 && !source->stored_end && !source->text_end) {
        size_t bytes;
        enum status status = read_stored(source, source->stored + source->stored_to, 4 - source->stored_to, -1, &bytes,
                                         error);
        if (status != STATUS_OK) return status;
        source->stored_to += bytes;
    }
    source->inflate = inflate_detect(source->stored, source->stored_to);
    if (source->inflate == NULL) return STATUS_OK;
    source->inflater = source->inflate->new_inflater();
    if (source->inflater == NULL)
        return error_set(error, STATUS_FAILED, "input: %s: out of memory", source->origin->path.ptr);
    return STATUS_OK;
}

/* Reads up to `room` bytes of text. */
static enum status read_text(struct source_file *source, char *to, size_t room, int wait_ms, size_t *got,
                             struct error *error) {
    if (room > source->read_bytes) room = source->read_bytes;
    if (source->inflate != NULL) return inflate_text(source, to, room, wait_ms, got, error);
    if (source->stored_from < source->stored_to) { /* the head that was looked at */
        size_t bytes = source->stored_to - source->stored_from;
        *got = bytes < room ? bytes : room;
        memcpy(to, source->stored + source->stored_from, *got);
        source->stored_from += *got;
        return STATUS_OK;
    }
    enum status status = read_stored(source, to, room, wait_ms, got, error);
    if (status == STATUS_OK && *got == 0 && source->stored_end) source->text_end = source->finished = true;
    return status;
}

/* --- where the last run went --------------------------------------------------------------------- */

static enum status recognise(struct source_file *source, struct error *error) {
    const struct origin *origin = source->origin;
    enum status status = file_identity_read(source->fd, origin->path.ptr, origin->identity, error);
    if (status != STATUS_OK || origin->place == NULL || file_identity_continues(&origin->place->identity, source->fd))
        return status;
    if (origin->reached != NULL) origin->reached->missed = true;
    return error_set(error, STATUS_FAILED, "input: %s: was replaced while the run began; start it again",
                     origin->path.ptr);
}

static void go_on(struct source_file *source, const struct file_place *place) {
    source->line_number = place->line_number;
    source->skipping = place->inside_line;
    source->tail_bytes = place->tail_bytes;
    if (place->columns.len > 0) ASSERT(header_text_read(place->columns, &source->header)); /* as when it was parsed */
    if (source->inflate != NULL) {
        source->skip_bytes = place->position;
    } else if (lseek(source->fd, (off_t)place->position, SEEK_SET) == (off_t)place->position) {
        source->stored_from = source->stored_to = 0;
        source->stored_bytes = source->position = place->position;
        source->stored_end = false;
    }
}

/* Passes text over, a batch's worth a time, so that a signal is heard in between; the batch stays empty. */
static enum status skip_text(struct source_file *source, struct batch *batch, struct error *error) {
    enum status status = STATUS_OK;
    size_t got = 0, room = source->skip_bytes < BATCH_TEXT_BYTES ? (size_t)source->skip_bytes : BATCH_TEXT_BYTES;
    batch->origin = source->origin;
    batch->input_progress = source->stored_bytes;
    if (!source->text_end) status = inflate_text(source, batch->text, room, -1, &got, error);
    source->position += got;
    source->skip_bytes -= got;
    if (status == STATUS_OK && source->skip_bytes > 0 && source->finished) {
        *batch_add_segment(batch) = (struct segment){.line_number = 1};
        status = error_set(error, STATUS_FAILED,
                           "input: %s: ends before the place where the last run stopped, so it is another file now; "
                           "the next run reads it from its start",
                           source->origin->path.ptr);
    }
    batch->last = status != STATUS_OK || (source->text_end && source->skip_bytes > 0);
    return status;
}

/* The last run handed the file's last line on without its end. Now it is whole: as it was, then it is passed over, or longer. */
static size_t drop_tail(struct source_file *source, char *text, size_t bytes) {
    size_t tail = source->tail_bytes, drop = 0;
    source->tail_bytes = 0;
    if (bytes == tail) drop = tail;
    if (bytes > tail && text[tail] == '\n') drop = tail + 1;
    if (bytes > tail + 1 && text[tail] == '\r' && text[tail + 1] == '\n') drop = tail + 2;
    source->line_number += drop > tail;
    source->position += drop;
    memmove(text, text + drop, bytes - drop);
    return bytes - drop;
}

/* --- batches ------------------------------------------------------------------------------------ */

/* What is said of a followed file when nothing of it is handed on. */
static void begin_reached(struct source_file *source) {
    static const struct file_place start = {.line_number = 1};
    struct file_reached *reached = source->origin->reached;
    reached->place = source->origin->place != NULL ? *source->origin->place : start;
    reached->place.identity.size_bytes = 0;
    reached->place.done = false;
    reached->header = source->header;
    reached->packed = source->inflate != NULL;
    reached->opened = true;
}

static enum status open_input(void *instance, const struct origin *origin, struct error *error) {
    struct source_file *source = instance;
    bool is_stdin = slice_equal(origin->path, SLICE("-"));
    source->origin = origin;
    source->live = source->stored_end = source->text_end = source->skipping = source->head_checked = source->cut_short =
        source->rests = source->finished = false;
    source->stored_from = source->stored_to = source->carry_bytes = 0;
    source->stored_bytes = source->position = source->skip_bytes = source->tail_bytes = source->recount_to = 0;
    source->line_number = 1;
    source->stored_max = UINT64_MAX;
    source->header = origin->header != NULL ? *origin->header : (struct header){.schema = NULL};
    source->fd = is_stdin ? STDIN_FILENO : open(origin->path.ptr, O_RDONLY | O_CLOEXEC);
    if (source->fd < 0) {
        if (origin->reached != NULL) origin->reached->missed = errno == ENOENT || errno == ENOTDIR;
        return error_set_errno(error, errno, "input: %s: cannot be opened", origin->path.ptr);
    }
    if (origin->beneath != NULL && !file_is_beneath(source->fd, origin->beneath)) {
        close_input(source);
        return error_set(error, STATUS_FAILED,
                         "input: %s: a link leads out of %s; name what it leads to, or give --links all",
                         origin->path.ptr, origin->beneath);
    }
    struct stat info;
    if (fstat(source->fd, &info) == 0) source->live = !S_ISREG(info.st_mode);
    if (!source->live) posix_fadvise(source->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    enum status status = origin->identity != NULL ? recognise(source, error) : STATUS_OK;
    ASSERT(origin->reached == NULL || origin->identity != NULL);
    if (origin->reached != NULL) source->stored_max = origin->identity->size_bytes;
    if (status == STATUS_OK) status = look_at_head(source, error);
    if (status == STATUS_OK && origin->place != NULL && !origin->recounts) go_on(source, origin->place);
    if (status == STATUS_OK && origin->reached != NULL) begin_reached(source);
    if (origin->place != NULL && origin->recounts)
        source->recount_to = origin->place->position + origin->place->tail_bytes;
    if (status != STATUS_OK) close_input(source);
    return status;
}

/* Leaves the rest of an over-long line out: drops bytes up to its LF. */
static size_t drop_skipped(struct source_file *source, char *text, size_t bytes) {
    if (!source->skipping) return bytes;
    const char *newline = memchr(text, '\n', bytes);
    size_t dropped = newline == NULL ? bytes : (size_t)(newline + 1 - text);
    source->position += dropped;
    source->skipping = newline == NULL;
    if (newline != NULL) source->line_number++;
    memmove(text, text + dropped, bytes - dropped);
    return bytes - dropped;
}

/* A compressed file inside the compressed file is no text; unpacking twice is not what anybody asked for. Nothing of it is
 * handed on: how much is here by now depends on the read size. */
static enum status check_head(struct source_file *source, const char *text, size_t *bytes, struct error *error) {
    if (source->head_checked || source->inflate == NULL || source->position > 0 || *bytes < 4) return STATUS_OK;
    source->head_checked = true;
    if (inflate_detect((const uint8_t *)text, *bytes) == NULL) return STATUS_OK;
    *bytes = 0;
    return damaged(source, "it holds another compressed file; unpack it once first", error);
}

/* Reads until the text has a whole line and is as long as wanted. */
static enum status gather(struct source_file *source, char *text, size_t *text_bytes, struct error *error) {
    bool whole_line = memchr(text, '\n', *text_bytes) != NULL;
    uint64_t deadline_ms = 0;
    while (!source->text_end) {
        size_t wanted = whole_line                       ? source->read_bytes
                        : *text_bytes < BATCH_TEXT_BYTES ? BATCH_TEXT_BYTES
                                                         : BATCH_TEXT_ROOM;
        if (*text_bytes >= wanted) break;
        int wait_ms = -1;
        if (whole_line && source->live) {
            uint64_t now = monotonic_ms();
            if (deadline_ms == 0) deadline_ms = now + LINGER_MS;
            if (now >= deadline_ms) break;
            wait_ms = (int)(deadline_ms - now);
        }
        size_t got;
        enum status status = read_text(source, text + *text_bytes, wanted - *text_bytes, wait_ms, &got, error);
        got = drop_skipped(source, text + *text_bytes, got);
        whole_line = whole_line || memchr(text + *text_bytes, '\n', got) != NULL;
        *text_bytes += got;
        if (status == STATUS_OK) status = check_head(source, text, text_bytes, error);
        if (status != STATUS_OK) {
            source->text_end = source->cut_short = true;
            return status;
        }
    }
    return STATUS_OK;
}

/* What is counted only and what is not do not share a batch. */
static size_t window_of(const struct source_file *source, size_t text_bytes) {
    uint64_t left = source->recount_to > source->position ? source->recount_to - source->position : text_bytes;
    return left < text_bytes ? (size_t)left : text_bytes;
}

/* All is counted that the last run had. From here on it is as if the file had been opened at its place: a last line without its end, which
 * was counted as it was then, is looked at again. */
static void take_up_tail(struct source_file *source, const char *text_end) {
    uint64_t tail = source->origin->place->tail_bytes;
    source->recount_to = 0;
    if (tail == 0) return;
    memmove(source->carry + tail, source->carry, source->carry_bytes);
    memcpy(source->carry, text_end - tail, tail);
    source->carry_bytes += tail;
    source->position -= tail;
    source->line_number--;
    source->tail_bytes = tail;
}

/* A followed file may go on within its last line: that waits for its LF, or until it has waited for long. */
static void leave_rest(struct source_file *source, const char *text, size_t *text_bytes) {
    const struct file_reached *reached = source->origin->reached;
    if (reached == NULL || reached->ends || source->inflate != NULL || !source->text_end) return;
    const char *newline = *text_bytes > 0 ? memrchr(text, '\n', *text_bytes) : NULL;
    size_t whole = newline != NULL ? (size_t)(newline + 1 - text) : 0;
    source->rests = source->rests || whole < *text_bytes;
    *text_bytes = whole;
}

static void note_reached(const struct source_file *source, const struct batch *batch) {
    struct file_reached *reached = source->origin->reached;
    if (reached == NULL) return;
    file_place_note(&reached->place, &reached->header, batch, batch->text_bytes, batch->lines_count);
    reached->rests = source->rests;
}

static enum status fill(void *instance, struct batch *batch, struct error *error) {
    struct source_file *source = instance;
    if (source->skip_bytes > 0) return skip_text(source, batch, error);
    char *text = batch->text;
    size_t text_bytes = source->carry_bytes;
    memcpy(text, source->carry, text_bytes);
    enum status status = gather(source, text, &text_bytes, error);
    leave_rest(source, text, &text_bytes);
    if (source->tail_bytes > 0) text_bytes = drop_tail(source, text, text_bytes);

    batch->origin = source->origin;
    struct segment *segment = batch_add_segment(batch);
    segment->position = source->position;
    segment->line_number = source->line_number;
    batch->input_progress = source->stored_bytes;

    /* lines of a path so long that it alone fills the room for records come in smaller batches */
    uint32_t lines_max = (uint32_t)((uint64_t)BATCH_LINES_MAX * RECORD_FIXED_BYTES /
                                    (RECORD_FIXED_BYTES + 6 * source->origin->path.len));
    size_t window = window_of(source, text_bytes), end;
    segment->counted_only = source->position < source->recount_to;
    uint32_t lines = source->kernel->newlines(text, window, lines_max, &end);
    if (lines < lines_max && end < window && (source->text_end || lines == 0 || window < text_bytes)) {
        /* the last line has no LF, or had none in the last run, or this one line fills the whole batch and more */
        segment->line_too_long = source->skipping = !source->text_end && window == text_bytes;
        segment->cut_short = source->text_end && source->cut_short && window == text_bytes;
        lines++;
        end = window;
    }
    batch->lines_count = lines;
    batch->text_bytes = (uint32_t)end;
    batch->header = source->header;
    /* those of this batch are in force in the next ones, too, and those may be another thread's */
    if (!segment->line_too_long)
        split_follow_headers(source->origin, (struct slice){text, batch->text_bytes}, &source->header);
    source->carry_bytes = text_bytes - end;
    memcpy(source->carry, text + end, source->carry_bytes);
    source->position += end;
    source->line_number += segment->line_too_long ? 0 : lines;
    if (segment->counted_only && source->position == source->recount_to) take_up_tail(source, text + end);
    batch->last = source->text_end && source->carry_bytes == 0;
    batch->finished = batch->last && source->finished && !source->rests;
    batch->inside_line = source->skipping;
    note_reached(source, batch);
    if (status == STATUS_OK && batch->finished && source->position < source->recount_to) {
        batch->finished = false;
        status = error_set(
            error, STATUS_FAILED,
            "input: %s: ends before the place where the last run stopped, so it is another file now; use "
            "another --state directory for it",
            source->origin->path.ptr);
    }
    return status;
}

static void give_up(void *instance) {
    struct source_file *source = instance;
    source->text_end = true;
    source->finished = false;
    source->cut_short = source->live;
    if (!source->live) source->carry_bytes = 0;
}

static bool is_live(const void *instance) {
    const struct source_file *source = instance;
    return source->live;
}

const struct source_ops source_file_ops = {
    .name = "file",
    .open = open_input,
    .is_live = is_live,
    .fill = fill,
    .give_up = give_up,
    .close = close_input,
};
