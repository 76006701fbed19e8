/* Unpacked, then told apart by the first byte that is no white space: nearly all messages are one line, of which nothing is copied.
 *
 * JSON is told apart by its brackets (json_outline.h), so that a message may have any number of values and costs a pass or two; whether
 * a line is JSON is found out where it is split. What cannot be told apart stays as it came, line by line: each line is a record or a
 * reject of its own then, and none is lost for its neighbours.
 *
 * Two rooms of address space, as a batch has them: what was unpacked, and lines made of it.
 *
 * Threads: see message.h. */
#define _GNU_SOURCE
#include "ingest/message.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "base/error.h"
#include "ingest/inflate.h"
#include "ingest/json_outline.h"
#include "schemas/limits.h"

#define ROOM_BYTES \
    (MESSAGE_TEXT_BYTES_MAX + 4096u) /* one byte more than may be used tells that a message is too large */
#define ROOM_USUAL_BYTES (1024u * 1024)

struct room {
    char *memory;
    size_t used, touched;
};

struct message_reader {
    struct room unpacked, lines;
    size_t memory_bytes; /* of both */
    size_t bytes_max;    /* that the text of this message may have */
    bool full;           /* `lines` would have more */
    struct error error;
};

/* --- memory --------------------------------------------------------------------------------------- */

static bool room_init(struct room *room) {
    void *memory = mmap(NULL, ROOM_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return false;
    room->memory = memory;
    return true;
}

static void room_destroy(struct room *room) {
    if (room->memory != NULL) munmap(room->memory, ROOM_BYTES);
}

/* Empty again, and pages beyond the usual given back. */
static void room_reset(struct room *room) {
    if (room->touched > ROOM_USUAL_BYTES)
        madvise(room->memory + ROOM_USUAL_BYTES, room->touched - ROOM_USUAL_BYTES, MADV_DONTNEED);
    room->used = room->touched = 0;
}

struct message_reader *message_reader_new(uint64_t memory_bytes) {
    struct message_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL || !room_init(&reader->unpacked) || !room_init(&reader->lines)) {
        message_reader_free(reader);
        return NULL;
    }
    reader->memory_bytes = memory_bytes;
    return reader;
}

void message_reader_free(struct message_reader *reader) {
    if (reader == NULL) return;
    room_destroy(&reader->unpacked);
    room_destroy(&reader->lines);
    free(reader);
}

/* --- damage --------------------------------------------------------------------------------------- */

/* Of a damaged message the whole lines stay. */
static void keep_whole_lines(struct slice *text) {
    const char *newline = text->len > 0 ? memrchr(text->ptr, '\n', text->len) : NULL;
    text->len = newline != NULL ? (size_t)(newline + 1 - text->ptr) : 0;
}

static void tell_too_large(struct message_reader *reader, size_t bytes_max) {
    bool memory = bytes_max < reader->bytes_max;
    error_set(&reader->error, STATUS_FAILED, "more than %zu bytes when unpacked%s",
              memory ? reader->memory_bytes : bytes_max, memory ? "; raise --memory-max" : "");
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* --- compressed ----------------------------------------------------------------------------------- */

static size_t unpacked_bytes_max(size_t packed_bytes) {
    if (packed_bytes >= MESSAGE_TEXT_BYTES_MAX / MESSAGE_EXPANSION_MAX) return MESSAGE_TEXT_BYTES_MAX;
    size_t bytes = packed_bytes * MESSAGE_EXPANSION_MAX;
    return bytes > MESSAGE_EXPANSION_FREE_BYTES ? bytes : MESSAGE_EXPANSION_FREE_BYTES;
}

/* STATUS_FAILED: damaged, or too large; what is there is in the room. */
static enum status inflate_all(struct message_reader *reader, const struct inflate_ops *inflate, struct slice payload) {
    struct inflater *inflater = inflate->new_inflater();
    if (inflater == NULL) return error_set(&reader->error, STATUS_FAILED, "no memory to unpack it");
    size_t bytes_max = least(reader->bytes_max, reader->memory_bytes);
    struct inflate_io io = {(const uint8_t *)payload.ptr, payload.len, (uint8_t *)reader->unpacked.memory,
                            bytes_max + 1};
    enum inflate_result result = inflate->step(inflater, &io, &reader->error);
    enum status status = result == INFLATE_MORE ? inflate->finish(inflater, &reader->error) : STATUS_FAILED;
    reader->unpacked.used = reader->unpacked.touched = bytes_max + 1 - io.out_bytes;
    if (io.out_bytes == 0) {
        reader->unpacked.used = bytes_max;
        tell_too_large(reader, bytes_max);
        status = STATUS_FAILED;
    }
    inflate->free_inflater(inflater);
    return status;
}

static void unpack(struct message_reader *reader, const struct inflate_ops *inflate, struct message_text *read) {
    enum status status = inflate_all(reader, inflate, read->text);
    read->text = (struct slice){reader->unpacked.memory, reader->unpacked.used};
    if (inflate_detect((const uint8_t *)read->text.ptr, read->text.len) != NULL) {
        status = error_set(&reader->error, STATUS_FAILED, "it holds another compressed object; unpack it once first");
        read->text.len = 0;
    }
    if (status == STATUS_OK) return;
    read->damage = reader->error.message;
    keep_whole_lines(&read->text);
}

/* --- lines made of JSON --------------------------------------------------------------------------- */

static size_t lines_bytes_max(const struct message_reader *reader) {
    return least(reader->bytes_max, reader->memory_bytes - reader->unpacked.used);
}

/* Room for the next bytes of `lines`; NULL when that is more than may be, now and from now on. */
static char *take_room(struct message_reader *reader, size_t bytes) {
    struct room *lines = &reader->lines;
    if (bytes > lines_bytes_max(reader) - lines->used) reader->full = true;
    if (reader->full) return NULL;
    lines->used += bytes;
    if (lines->used > lines->touched) lines->touched = lines->used;
    return lines->memory + lines->used - bytes;
}

static void put_text(struct message_reader *reader, struct slice text) {
    char *out = take_room(reader, text.len);
    if (out != NULL) memcpy(out, text.ptr, text.len);
}

static void put_json(struct message_reader *reader, struct slice value) {
    char *out = take_room(reader, value.len);
    if (out != NULL) json_copy_in_one_line(out, value);
}

static void put_line(struct message_reader *reader, struct slice value) {
    put_json(reader, value);
    put_text(reader, SLICE("\n"));
}

/* Whether a value is what its brackets say; they were only counted. */
static bool is_container(struct slice value, char open, char close) {
    return value.ptr[0] == open && value.ptr[value.len - 1] == close;
}

#define LOG_EVENTS "logEvents"

/* What events have in common. That of the message and of its filters tells nothing of a line. */
static const char *const event_origin[] = {"owner", "logGroup", "logStream"};
enum { EVENT_ORIGIN_COUNT = sizeof event_origin / sizeof event_origin[0] };

/* What CloudWatch Logs sends to whoever subscribes to a log group: its documentation, "Log group-level subscription filters". */
struct envelope {
    struct slice events; /* an array */
    struct slice origin[EVENT_ORIGIN_COUNT];
    bool control; /* whether somebody listens: no data */
};

static bool may_have_events(struct slice text) {
    return memmem(text.ptr, text.len, "\"" LOG_EVENTS "\"", strlen(LOG_EVENTS) + 2) != NULL;
}

static bool find_events(struct slice object, struct envelope *envelope) {
    struct slice key, value;
    struct json_items members = json_items_of(object);
    *envelope = (struct envelope){.control = false};
    while (json_items_next(&members, &key, &value)) {
        if (slice_equal(key, SLICE(LOG_EVENTS))) {
            if (envelope->events.len > 0 || !is_container(value, '[', ']')) return false;
            envelope->events = value;
        } else if (slice_equal(key, SLICE("messageType"))) {
            envelope->control = slice_equal(value, SLICE("\"CONTROL_MESSAGE\""));
        }
        for (size_t i = 0; i < EVENT_ORIGIN_COUNT; i++)
            if (slice_equal(key, slice_from(event_origin[i]))) envelope->origin[i] = value;
    }
    return !members.bad && envelope->events.len > 0;
}

/* An event with what it has in common with the others behind its own members. */
static void put_event(struct message_reader *reader, const struct envelope *envelope, struct slice event) {
    struct slice members = {event.ptr, event.len - 1};
    bool empty = json_trim_start(json_items_of(event).left).len == 0;
    put_json(reader, members);
    for (size_t i = 0; i < EVENT_ORIGIN_COUNT; i++) {
        if (envelope->origin[i].len == 0) continue;
        put_text(reader, empty ? SLICE("\"") : SLICE(",\""));
        put_text(reader, slice_from(event_origin[i]));
        put_text(reader, SLICE("\":"));
        put_json(reader, envelope->origin[i]);
        empty = false;
    }
    put_text(reader, SLICE("}\n"));
}

/* The lines of an object's events; any other value in one line. */
static void put_unwrapped(struct message_reader *reader, struct slice value) {
    struct envelope envelope;
    struct slice event;
    const size_t start = reader->lines.used;
    if (!is_container(value, '{', '}') || !may_have_events(value) || !find_events(value, &envelope)) {
        put_line(reader, value);
        return;
    }
    if (envelope.control) return;
    struct json_items events = json_items_of(envelope.events);
    while (!reader->full && json_items_next(&events, NULL, &event)) {
        if (is_container(event, '{', '}'))
            put_event(reader, &envelope, event);
        else
            put_line(reader, event);
    }
    if (!events.bad) return;
    reader->lines.used = start;
    put_line(reader, value);
}

/* Each element of an array; the array itself where they cannot be told. */
static void put_elements(struct message_reader *reader, struct slice array) {
    struct slice element;
    struct json_items elements = json_items_of(array);
    const size_t start = reader->lines.used;
    while (!reader->full && json_items_next(&elements, NULL, &element)) put_unwrapped(reader, element);
    if (!elements.bad) return;
    reader->lines.used = start;
    put_line(reader, array);
}

/* Values one behind the other, with or without line ends between them. From one on that is no object or array with an end, the text is
 * left as it is; of a damaged message that is what was cut off. */
static void put_values(struct message_reader *reader, struct slice text, bool damaged) {
    while (!reader->full && (text = json_trim_start(text)).len > 0) {
        struct slice value = {text.ptr, *text.ptr == '{' || *text.ptr == '[' ? json_value_bytes(text) : 0};
        if (value.len == 0) {
            if (!damaged) put_text(reader, text);
            return;
        }
        if (is_container(value, '[', ']'))
            put_elements(reader, value);
        else
            put_unwrapped(reader, value);
        text = (struct slice){text.ptr + value.len, text.len - value.len};
    }
}

/* Whether `text`, which begins with an object, is lines already: the first one holds all of it. */
static bool is_lines(struct slice text, bool damaged) {
    const char *newline = memchr(text.ptr, '\n', text.len);
    if (newline == NULL || (!damaged && newline + 1 == text.ptr + text.len)) return true;
    return json_value_bytes((struct slice){text.ptr, (size_t)(newline - text.ptr)}) > 0;
}

/* An array of objects, or of nothing. Other texts begin with a bracket, too: Envoy's have a time in it. */
static bool begins_array(struct slice text) {
    struct slice inside = json_trim_start((struct slice){text.ptr + 1, text.len - 1});
    return inside.len == 0 || *inside.ptr == '{' || *inside.ptr == ']';
}

static void read_json(struct message_reader *reader, struct slice text, struct message_text *read) {
    bool array = text.ptr[0] == '[';
    if (array ? !begins_array(text) : text.ptr[0] != '{') return;
    if (!array && is_lines(text, read->damage != NULL) && !may_have_events(text)) {
        read->text = text; /* without blanks in front, which would make it another kind of line */
        return;
    }
    put_values(reader, text, read->damage != NULL);
    read->text = (struct slice){reader->lines.memory, reader->lines.used};
    if (!reader->full) return;
    keep_whole_lines(&read->text);
    if (read->damage != NULL) return;
    tell_too_large(reader, lines_bytes_max(reader));
    read->damage = reader->error.message;
}

/* --- a message ------------------------------------------------------------------------------------ */

struct message_text message_read(struct message_reader *reader, struct slice payload) {
    struct message_text read = {.text = payload};
    room_reset(&reader->unpacked);
    room_reset(&reader->lines);
    reader->full = false;
    reader->bytes_max = unpacked_bytes_max(payload.len);
    const struct inflate_ops *inflate = inflate_detect((const uint8_t *)payload.ptr, payload.len);
    if (inflate != NULL) unpack(reader, inflate, &read);
    if (slice_starts_with(read.text, SLICE("\xef\xbb\xbf")))
        read.text = (struct slice){read.text.ptr + 3, read.text.len - 3};
    struct slice start = json_trim_start(read.text);
    if (start.len > 0) read_json(reader, start, &read);
    const char *newline = read.text.ptr != NULL ? memchr(read.text.ptr, '\n', read.text.len) : NULL;
    read.one_line = newline == NULL || newline + 1 == read.text.ptr + read.text.len;
    return read;
}
