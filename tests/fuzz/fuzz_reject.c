/* Fuzzes the reader of rejects files; the input is one line.
 *
 * Oracle: what is no reject has a reason. What can be replayed is written as a reject anew, from nothing but what was read; read again, that is
 * the same line at the same place. Behind the line only padding may be read.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>

#include "base/check.h"
#include "ingest/inputs.h"
#include "ingest/reject_read.h"
#include "schemas/batch.h"
#include "sinks/encoder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* [ spare | line | padding ], on the heap and nothing behind it. */
struct room {
    char *text;
    struct spare spare;
    struct span line;
};

static struct reject_reader *reader;
static struct encoder_context context;

static struct room make_room(const char *line, size_t bytes) {
    uint32_t spare_bytes = JSON_SPARE_BYTES((uint32_t)bytes) + (uint32_t)bytes + TEXT_PADDING_BYTES;
    struct room room = {.text = malloc(spare_bytes + bytes + TEXT_PADDING_BYTES),
                        .line = {spare_bytes, (uint32_t)bytes}};
    ASSERT(room.text != NULL);
    room.spare = (struct spare){.text = room.text, .end = spare_bytes - TEXT_PADDING_BYTES};
    memcpy(room.text + spare_bytes, line, bytes);
    memset(room.text + spare_bytes + bytes, 0x5a, TEXT_PADDING_BYTES);
    return room;
}

static enum reject_read_result read_room(struct room *room, struct reject_read *read) {
    const char *why = NULL;
    enum reject_read_result result = reject_read_line(reader, room->text, room->line, &room->spare, read, &why);
    ASSERT(result != REJECT_READ_BAD || (why != NULL && why[0] != '\0'));
    return result;
}

static bool is_same_proxy(const struct proxy_facts *a, const struct proxy_facts *b) {
    return a->version == b->version && a->command == b->command && a->family == b->family &&
           a->has_source == b->has_source && a->vpce_bytes == b->vpce_bytes &&
           memcmp(a->vpce, b->vpce, a->vpce_bytes) == 0 &&
           (!a->has_source ||
            (memcmp(&a->source.address.ip, &b->source.address.ip, sizeof(struct ip)) == 0 &&
             a->source.address.v4_mapped == b->source.address.v4_mapped &&
             a->source.address.family == b->source.address.family && a->source.port == b->source.port));
}

static void check_same(const struct reject_read *a, const struct reject_read *b) {
    ASSERT(slice_equal(a->line, b->line) && a->place == b->place && slice_equal(a->path, b->path));
    ASSERT(slice_equal(a->topic, b->topic) && a->partition == b->partition && slice_equal(a->name, b->name));
    ASSERT(a->position == b->position && a->line_number == b->line_number && slice_equal(a->chain, b->chain));
    ASSERT(header_is_same(&a->header, &b->header));
    if (a->place != REJECT_OF_CONNECTION) return;
    ASSERT(memcmp(a->connection.uuid, b->connection.uuid, UUID_BYTES) == 0);
    ASSERT(memcmp(&a->connection.peer.address.ip, &b->connection.peer.address.ip, sizeof(struct ip)) == 0);
    ASSERT(a->connection.peer.port == b->connection.peer.port);
    ASSERT(is_same_proxy(&a->connection.proxy, &b->connection.proxy));
}

static char *text_of(struct slice text) {
    return text.len > 0 ? strndup(text.ptr, text.len) : NULL;
}

/* Writes what was read as a reject; returns its bytes. */
static size_t write_reject(const struct reject_read *read, char **out) {
    char *topic = text_of(read->topic), *chain = text_of(read->chain);
    const struct origin origin = {.stream = read->place != REJECT_OF_FILE,
                                  .path = read->path,
                                  .name = read->name,
                                  .name_given = read->place == REJECT_OF_FILE &&
                                                !slice_equal(read->name, input_own_name(read->path)),
                                  .topic = topic,
                                  .partition = read->partition,
                                  .chain = chain};
    bool connected = read->place == REJECT_OF_CONNECTION;
    const struct rejected rejected = {.reason = "unknown-format",
                                      .expected = "anything",
                                      .line = read->line,
                                      .position = read->position,
                                      .line_number = read->line_number,
                                      .message_line = (uint32_t)read->line_number,
                                      .header = read->header.schema != NULL ? &read->header : NULL,
                                      .connection = connected ? &read->connection : NULL};
    size_t bound = 6 * read->line.len + RECORD_FIXED_BYTES + REJECT_ORIGIN_BYTES + 6 * read->path.len;
    *out = malloc(bound);
    ASSERT(*out != NULL);
    encoder_context_forget(&context);
    encoder_context_set(&context, &origin);
    if (connected) encoder_context_set_connection(&context, &read->connection);
    size_t bytes = reject_line_write(&context, &rejected, *out);
    ASSERT(bytes <= bound && (*out)[bytes - 1] == '\n' && memchr(*out, '\n', bytes - 1) == NULL);
    encoder_context_forget(&context);
    free(topic);
    free(chain);
    return bytes - 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (reader == NULL) {
        schemas_init();
        reader = reject_reader_new();
        ASSERT(reader != NULL && encoder_context_init(&context));
    }
    if (size == 0 || size > 2 * REJECT_ORIGINAL_BYTES_MAX || memchr(data, '\n', size) != NULL) return 0;
    struct room room = make_room((const char *)data, size);
    struct reject_read read, again;
    if (read_room(&room, &read) == REJECT_READ_LINE) {
        char *out;
        size_t bytes = write_reject(&read, &out);
        struct room other = make_room(out, bytes);
        enum reject_read_result result = read_room(&other, &again);
        bool whole = read.line.len <= REJECT_ORIGINAL_BYTES_MAX;
        ASSERT(result == (whole ? REJECT_READ_LINE : REJECT_READ_KEPT));
        if (whole) check_same(&read, &again);
        free(out);
        free(other.text);
    }
    free(room.text);
    return 0;
}
