/* Fuzz target: any bytes as what a TCP connection sends, cut into any packets.
 *
 * Input: two bytes (bits 0-2 of the first: size of packets, bit 3: random sizes, bit 4: a PROXY header is wanted, bits 5-6: how it ends;
 * of the second: how full batches are before), then the bytes; a line may have 40. Oracle: a model that reads all bytes in one go says
 * which lines, messages and rests there are, and where; what the connection delivers is the same whatever the packets and batches
 * are. Only how much of it is shown where octet counting has lost its way depends on them. No memory is held in the end.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <stdlib.h>

#include "tests/unit/connection_lines.h"
#include "tests/unit/seeded.h"

#define LINE_MAX_BYTES 40u
#define INPUT_BYTES_MAX 16000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* --- the model: everything at once ------------------------------------------------------------------------------------- */

struct model {
    const char *bytes;
    size_t count, at;
    bool in_order; /* ended by the sender */
    bool lost;     /* octet counting has lost its way */
    struct connection_line lines[INPUT_BYTES_MAX + 1];
    uint32_t lines_count;
};

static void add(struct model *model, size_t from, size_t bytes, bool too_long, bool cut_short) {
    model->lines[model->lines_count] = (struct connection_line){.position = from,
                                                                .number = model->lines_count + 1,
                                                                .too_long = too_long,
                                                                .cut_short = cut_short,
                                                                .from = from,
                                                                .bytes = bytes};
    model->lines_count++;
}

/* `[1-9][0-9]{0,9}` at `at`, and its value. */
static size_t model_count(const struct model *model, size_t at, uint64_t *value) {
    size_t digits = 0;
    for (*value = 0; digits < 10 && at + digits < model->count; digits++) {
        char c = model->bytes[at + digits];
        if (c < (digits == 0 ? '1' : '0') || c > '9') break;
        *value = *value * 10 + (uint64_t)(c - '0');
    }
    return digits;
}

static bool model_counts(const struct model *model) {
    uint64_t value;
    size_t digits = model_count(model, 0, &value);
    const char *rest = model->bytes + digits;
    return digits > 0 && digits + 3 <= model->count && rest[0] == ' ' && rest[1] == '<' && rest[2] >= '0' &&
           rest[2] <= '9';
}

static void model_lines(struct model *model) {
    while (model->at < model->count) {
        const char *from = model->bytes + model->at;
        const char *newline = memchr(from, '\n', model->count - model->at);
        size_t bytes = newline != NULL ? (size_t)(newline - from) : model->count - model->at;
        bool too_long = bytes > LINE_MAX_BYTES + 1;
        add(model, model->at, too_long ? LINE_MAX_BYTES + 2 : bytes, too_long,
            !too_long && newline == NULL && !model->in_order);
        model->at += bytes + (newline != NULL);
    }
}

static void model_messages(struct model *model) {
    for (;;) {
        uint64_t value;
        while (model->at < model->count && strchr("\r\n", model->bytes[model->at]) != NULL &&
               model->bytes[model->at] != '\0')
            model->at++;
        if (model->at == model->count) return;
        size_t digits = model_count(model, model->at, &value), text = model->at + digits + 1;
        bool more = model->at + digits == model->count;
        if (!more && (digits == 0 || model->bytes[text - 1] != ' ')) {
            model->lost = true;
            add(model, model->at, model->count - model->at, false, true);
            return;
        }
        bool too_long = value > LINE_MAX_BYTES + 2;
        size_t wanted = too_long ? LINE_MAX_BYTES + 2 : (size_t)value;
        if (more || model->count - text < wanted) {
            add(model, model->at, model->count - model->at, false, true);
            return;
        }
        bool line_end = model->bytes[text + wanted - 1] == '\n';
        add(model, text, wanted - line_end, too_long, false);
        model->at = value < model->count - text ? text + (size_t)value : model->count;
    }
}

/* --- the connection ----------------------------------------------------------------------------------------------------- */

static struct connection_lines lines;

static void check(const struct model *model, const struct tcp_connection *connection) {
    ASSERT(model->lost == (connection->end == TCP_BAD_FRAMING) && lines.count == model->lines_count);
    for (uint32_t i = 0; i < lines.count; i++) {
        const struct connection_line *found = &lines.lines[i], *expected = &model->lines[i];
        bool rest = model->lost && i + 1 == lines.count;
        ASSERT(found->position == expected->position && found->number == expected->number);
        ASSERT(found->too_long == expected->too_long && found->cut_short == expected->cut_short);
        ASSERT(rest ? found->bytes <= expected->bytes : found->bytes == expected->bytes);
        for (size_t j = 0; j < found->bytes; j++) {
            char c = model->bytes[expected->from + j];
            ASSERT(lines.text[found->from + j] == (c == '\n' ? ' ' : c));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const size_t packets[8] = {1, 2, 3, 7, 50, 300, 4000, INPUT_BYTES_MAX};
    static const enum tcp_end ends[4] = {TCP_ENDED, TCP_RESET, TCP_STOPPED, TCP_IDLE_TIMEOUT};
    static struct model model;
    if (size < 2 || size > INPUT_BYTES_MAX) return 0;
    bool header = (data[0] & 16) != 0;
    enum tcp_end end = ends[data[0] >> 5 & 3];
    struct seeded seeded = {1 + data[1]};
    struct tcp_connection connection = {
        .header_wanted = header, .frames = {.line_bytes_max = LINE_MAX_BYTES}, .line_number = 1};
    size_t held_sum = 0;
    connection_lines_start(&lines, data[1] % 4 == 0 ? SEGMENTS_MAX - 1 - data[1] / 4 : 0);
    for (size_t at = 2; at < size;) {
        size_t bytes = packets[data[0] & 7];
        if ((data[0] & 8) != 0) bytes = 1 + seeded_below(&seeded, (uint32_t)bytes);
        if (bytes > size - at) bytes = size - at;
        char *packet = malloc(bytes); /* its very end is the memory's */
        ASSERT(packet != NULL);
        memcpy(packet, data + at, bytes);
        connection_lines_take(&lines, &connection, (struct slice){packet, bytes}, &held_sum);
        free(packet);
        at += bytes;
    }
    connection_lines_finish(&lines, &connection, end, &held_sum);
    ASSERT(held_sum == 0 && connection.held == NULL);

    struct slice all = {(const char *)data + 2, size - 2};
    struct proxy_header parsed;
    size_t consumed = 0;
    const char *why;
    enum proxy_parse result = header ? proxy_header_parse(all, PROXY_ACCEPT_EITHER, &parsed, &consumed, &why)
                                     : PROXY_DONE;
    if (result != PROXY_DONE) {
        ASSERT(lines.count == 0 && (connection.end == TCP_BAD_PROXY_HEADER) == (result == PROXY_BAD));
        return 0;
    }
    model.bytes = all.ptr + consumed;
    model.count = all.len - consumed;
    model.at = model.lines_count = 0;
    model.in_order = end == TCP_ENDED;
    model.lost = false;
    if (model_counts(&model))
        model_messages(&model);
    else
        model_lines(&model);
    check(&model, &connection);
    return 0;
}
