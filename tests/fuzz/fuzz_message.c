/* Fuzz target: any bytes as a message of a queue.
 *
 * Input: the message. Oracle:
 *   a message that is neither compressed nor begins like JSON comes back as it is, without its mark of byte order
 *   compressed by zlib and by libzstd it gives the same lines; cut short, damage and the start of them
 *   one JSON value gives the values that a model has, made with jansson: elements, events with what is around them, or itself
 *   any other JSON loses nothing but white space, commas, and brackets
 *   what another message left in the reader changes nothing
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <jansson.h>

#include "ingest/inflate.h"
#include "ingest/message.h"
#include "schemas/limits.h"
#include "tests/unit/packed.h"

#define MESSAGE_BYTES_MAX 4096u /* so that what is made of it stays inside the limits */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct packed packed;

static struct slice trimmed(struct slice text) {
    while (text.len > 0 && memchr(" \t\r\n", text.ptr[0], 4) != NULL) text = (struct slice){text.ptr + 1, text.len - 1};
    return text;
}

/* What they are said to be decides how other values of the message are looked at, too. */
static bool mentions_events(struct slice text) {
    return memmem(text.ptr, text.len, "logEvents", 9) != NULL;
}

static bool is_packed(struct slice text) {
    return inflate_detect((const uint8_t *)text.ptr, text.len) != NULL;
}

static void check_text(const struct message_text *read) {
    const char *newline = read->text.len > 0 ? memchr(read->text.ptr, '\n', read->text.len) : NULL;
    const char *last = read->text.ptr + read->text.len - 1;
    ASSERT(read->one_line == (newline == NULL || newline == last));
    ASSERT(read->damage == NULL || (*read->damage != '\0' && (read->text.len == 0 || *last == '\n')));
}

/* --- JSON by jansson ------------------------------------------------------------------------------ */

static json_t *parse(struct slice text) {
    return json_loadb(text.ptr, text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
}

static void model_value(json_t *lines, json_t *value) {
    static const char *const around[] = {"owner", "logGroup", "logStream"};
    const char *type = json_string_value(json_object_get(value, "messageType"));
    json_t *events = json_object_get(value, "logEvents"), *event;
    size_t index;
    if (!json_is_array(events)) {
        json_array_append(lines, value);
        return;
    }
    if (type != NULL && strcmp(type, "CONTROL_MESSAGE") == 0) return;
    json_array_foreach(events, index, event) {
        json_t *line = json_copy(event);
        for (size_t i = 0; json_is_object(line) && i < sizeof around / sizeof around[0]; i++)
            json_object_set(line, around[i], json_object_get(value, around[i]));
        json_array_append_new(lines, line);
    }
}

/* An array of the values that each line shall have. */
static json_t *model(const json_t *message) {
    json_t *lines = json_array(), *element;
    size_t index;
    if (json_is_object(message)) {
        model_value(lines, (json_t *)(uintptr_t)message);
        return lines;
    }
    json_array_foreach(message, index, element) model_value(lines, element);
    return lines;
}

/* `text` line by line, each a value; empty ones are none. */
static void check_values(struct slice text, const json_t *expected) {
    size_t count = 0;
    for (text = trimmed(text); text.len > 0; text = trimmed(text)) {
        const char *newline = memchr(text.ptr, '\n', text.len);
        size_t bytes = newline != NULL ? (size_t)(newline - text.ptr) : text.len;
        json_t *line = parse((struct slice){text.ptr, bytes});
        ASSERT(line != NULL && json_equal(line, json_array_get(expected, count)));
        json_decref(line);
        text = (struct slice){text.ptr + bytes, text.len - bytes};
        count++;
    }
    ASSERT(count == json_array_size(expected));
}

/* An array is only taken for one by what it begins with. */
static bool begins_like_json(struct slice text) {
    struct slice start = trimmed(text);
    if (start.len == 0 || start.ptr[0] != '[') return start.len > 0 && start.ptr[0] == '{';
    start = trimmed((struct slice){start.ptr + 1, start.len - 1});
    return start.len == 0 || start.ptr[0] == '{' || start.ptr[0] == ']';
}

/* What is left of a text without what may go away. */
static size_t gist(struct slice text, char *out) {
    size_t bytes = 0;
    for (size_t i = 0; i < text.len; i++)
        if (memchr(" \t\r\n,[]", text.ptr[i], 7) == NULL) out[bytes++] = text.ptr[i];
    return bytes;
}

static void check_json(struct slice message, struct slice text) {
    static char was[MESSAGE_BYTES_MAX], is[2 * MESSAGE_BYTES_MAX];
    if (!mentions_events(message)) {
        size_t bytes = gist(message, was);
        ASSERT(text.len <= sizeof is && gist(text, is) == bytes && memcmp(was, is, bytes) == 0);
    }
    /* keys with escapes are others for us, and of a key that comes twice jansson forgets one */
    json_t *value = json_loadb(message.ptr, message.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    if (value != NULL && memmem(message.ptr, message.len, "\\u", 2) == NULL) {
        json_t *expected = model(value);
        check_values(text, expected);
        json_decref(expected);
    }
    json_decref(value);
}

/* --- compressed ----------------------------------------------------------------------------------- */

/* `packed` gives the lines of `text`; cut short, lines of it, if `same` says that these are looked at in the same way. */
static void check_packed(struct message_reader *reader, struct slice text, bool same) {
    struct message_text read = message_read(reader, packed_slice(&packed));
    check_text(&read);
    ASSERT(read.damage == NULL && slice_equal(read.text, text));
    packed.count -= packed.count / 3 + 1;
    read = message_read(reader, packed_slice(&packed));
    check_text(&read);
    if (!is_packed(packed_slice(&packed))) return;
    struct slice start = trimmed(read.text);
    ASSERT(read.damage != NULL);
    ASSERT(!same || start.len == 0 || memmem(text.ptr, text.len, start.ptr, start.len) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct message_reader *reader, *other;
    static char text[MESSAGE_TEXT_BYTES_MAX / 64];
    if (size == 0 || size > MESSAGE_BYTES_MAX) return 0;
    if (reader == NULL) {
        reader = message_reader_new(2u * MESSAGE_TEXT_BYTES_MAX);
        other = message_reader_new(2u * MESSAGE_TEXT_BYTES_MAX);
        ASSERT(reader != NULL && other != NULL);
    }
    struct slice message = {(const char *)data, size};
    struct message_text read = message_read(reader, message), again = message_read(other, message);
    check_text(&read);
    ASSERT(slice_equal(read.text, again.text) && (read.damage == NULL) == (again.damage == NULL));
    if (is_packed(message)) return 0;
    ASSERT(read.damage == NULL || read.text.len > MESSAGE_EXPANSION_FREE_BYTES / 2);
    if (read.damage != NULL || read.text.len > sizeof text) return 0;
    if (slice_starts_with(message, SLICE("\xef\xbb\xbf"))) message = (struct slice){message.ptr + 3, message.len - 3};
    if (begins_like_json(message))
        check_json(message, read.text);
    else
        ASSERT(read.text.ptr == message.ptr && read.text.len == message.len);
    memcpy(text, read.text.ptr, read.text.len);
    struct slice lines = {text, read.text.len};
    packed_gzip(&packed, (struct slice){(const char *)data, size});
    check_packed(reader, lines, !mentions_events(message));
    packed_zstd(&packed, (struct slice){(const char *)data, size});
    check_packed(reader, lines, !mentions_events(message));
    return 0;
}
