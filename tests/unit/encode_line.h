/* A line to its record as text: splitter, client and encoder in a row, with room that shows who writes beyond it.
 *
 * Threads: one. */
#ifndef WHEREFROM_ENCODE_LINE_H
#define WHEREFROM_ENCODE_LINE_H

#include <stdlib.h>

#include "base/check.h"
#include "enrich/record_client.h"
#include "ingest/split.h"
#include "sinks/encoder.h"

#define ENCODE_LINE_CANARY 0x5a

/* What a record may need at the most (sinks/encoder.h). */
static inline size_t encode_line_bound(size_t line_bytes, const struct origin *origin) {
    return ENCODE_EXPANSION * line_bytes + RECORD_FIXED_BYTES + 6 * origin->path.len;
}

struct encode_line {
    struct splitter splitter;
    struct client_resolver clients;
    const struct chain_rules *rules; /* NULL: no chains are declared */
    struct encoder_context context;
    struct record record;
    struct reading reading;
    char *text; /* the line with readable padding behind it */
    char *out;  /* the record, when reading.kind is READING_RECORD */
    size_t out_bytes, text_room, out_room;
};

/* Headers that chains look at, for all splitters that are made from here on; none unless a test says so before the first one. */
static struct wanted_headers encode_line_wanted;

/* A splitter that reads everything; its tables are made once, and stay. */
static inline void encode_line_splitter(struct splitter *splitter, const struct scan_kernel *kernel) {
    static struct split_tables *tables;
    struct error error;
    const struct option_list none = {NULL, 0};
    if (tables == NULL) ASSERT(split_tables_new(&none, &encode_line_wanted, &tables, &error) == STATUS_OK);
    splitter_init(splitter, kernel);
    ASSERT(splitter_use_tables(splitter, tables));
}

static inline void encode_line_init(struct encode_line *self, const struct scan_kernel *kernel) {
    *self = (struct encode_line){.text = NULL};
    encode_line_splitter(&self->splitter, kernel);
    client_resolver_init(&self->clients);
    ASSERT(encoder_context_init(&self->context));
}

/* Forgets all lines before. */
static inline void encode_line_splitter_forget(struct splitter *splitter, const struct scan_kernel *kernel) {
    struct splitter old = *splitter;
    splitter_init(splitter, kernel);
    splitter->tables = old.tables;
    splitter->json = old.json;
    splitter->trees = old.trees;
    memset(splitter->trees, ENCODE_LINE_CANARY, SPLIT_TREES * sizeof *splitter->trees);
}

static inline void encode_line_forget(struct encode_line *self, const struct scan_kernel *kernel) {
    encode_line_splitter_forget(&self->splitter, kernel);
}

static inline void encode_line_destroy(struct encode_line *self) {
    encoder_context_destroy(&self->context);
    splitter_destroy(&self->splitter);
    free(self->text);
    free(self->out);
}

static inline char *encode_line_room(char *memory, size_t *room, size_t wanted) {
    if (wanted <= *room) return memory;
    *room = 2 * wanted;
    free(memory);
    memory = (char *)malloc(*room);
    ASSERT(memory != NULL);
    return memory;
}

/* Reads the first line of `text` and writes its record; `place` (may be empty) is what the databases know of the client. Returns the
 * bytes up to the next line. What was written before is gone. Aborts when the encoder wrote more than it may. */
static inline uint32_t encode_line(struct encode_line *self, const struct encoder *encoder, const struct origin *origin,
                                   struct slice text, struct slice place) {
    size_t spare = text.len + TEXT_PADDING_BYTES, spare_end = spare + SPARE_EXPANSION * text.len + SPARE_LINE_BYTES;
    self->text = encode_line_room(self->text, &self->text_room, spare_end + TEXT_PADDING_BYTES);
    memcpy(self->text, text.ptr, text.len);
    memset(self->text + text.len, '"', TEXT_PADDING_BYTES);
    self->splitter.spare = (struct spare){self->text, (uint32_t)spare, (uint32_t)spare_end};
    encoder_context_set(&self->context, origin);
    uint32_t consumed = splitter_read(&self->splitter, self->text, 0, (uint32_t)text.len, origin, &self->record,
                                      &self->reading);
    self->out_bytes = 0;
    if (self->reading.kind != READING_RECORD) return consumed;
    client_resolver_set(&self->clients, self->rules, origin);
    client_resolve(&self->clients, &self->record);
    self->record.position = 4711;
    self->record.message_line = 0;
    self->record.place.json = place.ptr;
    self->record.place.length = (uint32_t)place.len;
    size_t bound = encode_line_bound(self->record.line.length, origin), wanted = bound + OUT_PADDING_BYTES + 64;
    self->out = encode_line_room(self->out, &self->out_room, wanted);
    memset(self->out, ENCODE_LINE_CANARY, wanted);
    self->out_bytes = encoder_write(encoder, &self->context, &self->record, self->out);
    ASSERT(self->out_bytes <= bound);
    const char *behind = self->out + self->out_bytes + OUT_PADDING_BYTES, *end = self->out + wanted;
    ASSERT(*behind == ENCODE_LINE_CANARY &&
           memcmp(behind, behind + 1, (size_t)(end - behind - 1)) == 0); /* all of it */
    return consumed;
}

#endif
