/* Lines for the cutters of text layouts: each ends at an unreadable page, and what came out is one text.
 *
 * Threads: one. */
#ifndef WHEREFROM_CUT_LINE_H
#define WHEREFROM_CUT_LINE_H

#include <stdio.h>
#include <string.h>

#include "ingest/line_cut.h"
#include "tests/unit/guard.h"

#define CUT_SPARE_BYTES 8192u
#define CUT_LINE_BYTES_MAX 8192u
#define CUT_OUT_BYTES 32768u

typedef bool cut_function(struct record *record, struct spare *spare, struct line_cut *cut);

/* The spare lies in front of the line, and may be written 64 bytes beyond its end. */
static inline bool cut_line(cut_function *function, const struct schema *schema, struct slice text,
                            uint32_t spare_bytes, struct record *record, struct line_cut *cut) {
    static char room[CUT_SPARE_BYTES + 64 + CUT_LINE_BYTES_MAX];
    ASSERT(text.len <= CUT_LINE_BYTES_MAX && spare_bytes <= CUT_SPARE_BYTES);
    size_t front = CUT_SPARE_BYTES + 64;
    memset(room, 0, front);
    if (text.len > 0) memcpy(room + front, text.ptr, text.len);
    struct slice copy = guard_copy((struct slice){room, front + text.len});
    struct spare spare = {.text = (char *)(uintptr_t)copy.ptr, .used = 0, .end = spare_bytes};
    *record = (struct record){.schema = schema,
                              .text = copy.ptr,
                              .line = {(uint32_t)front, (uint32_t)text.len},
                              .fields_count = schema->fields_count,
                              .plain = true};
    *cut = (struct line_cut){.expected = NULL};
    bool good = function(record, &spare, cut);
    ASSERT(spare.used <= spare_bytes);
    ASSERT(record->fields_count >= schema->fields_count && record->fields_count <= FIELDS_MAX);
    for (uint32_t i = 0; i < record->fields_count; i++) {
        struct span span = record->fields[i];
        ASSERT(span.length == 0 || span.offset + span.length <= spare.used ||
               (span.offset >= front && span.offset + span.length <= front + text.len));
    }
    return good;
}

/* `name=value; name=value; extra=value; +truncated; quotes=2; escaped`, without the columns that are empty. */
static inline const char *cut_show(const struct record *record, const struct line_cut *cut) {
    static char text[CUT_OUT_BYTES];
    char *out = text, *end = text + sizeof text;
    *out = '\0';
    for (uint32_t i = 0; i < record->fields_count; i++) {
        struct slice value = record_text(record, record->fields[i]);
        bool known = i < record->schema->fields_count;
        if (value.len == 0) continue;
        out += snprintf(out, (size_t)(end - out), "%s%s%.*s; ", known ? record->schema->fields[i].name : "",
                        known ? "=" : "", (int)value.len, value.ptr);
    }
    static const char *const flags[RECORD_FLAGS] = {"+lossy; ", "+truncated; ", "+ambiguous; "};
    for (int i = 0; i < RECORD_FLAGS; i++)
        if ((record->flags >> i & 1) != 0) out += snprintf(out, (size_t)(end - out), "%s", flags[i]);
    snprintf(out, (size_t)(end - out), "quotes=%u%s", (unsigned)cut->quotes, record->plain ? "" : "; escaped");
    return text;
}

#endif
