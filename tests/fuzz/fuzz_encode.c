/* Fuzz target: any bytes as log lines, written as records in every output schema.
 *
 * Input: one byte (bits 0-1 and 4-6: what the file's name says, bit 2: whether the origin says account, region and node, bit 3: a
 * place of the client), then lines. Oracle: every record and every reject is valid JSON in valid UTF-8 without a key twice (but in
 * what is copied as it came), no longer than the room that a batch keeps for it (encode_line.h looks), and taken apart again a text
 * is what the line had: AWS's escapes undone, bytes that are not UTF-8 replaced, and then it says `lossy`. What no column takes is
 * all there, in order.
 *
 * Threads: one. */
#define _GNU_SOURCE /* memmem */
#include <stdio.h>

#include "tests/unit/encode_line.h"
#include "tests/unit/json_text.h"

#define ENCODERS 6 /* ecs, ss4o, flat; without and with the original */
#define FLAT 5
#define ECS_WITH_ORIGINAL 1

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct encoder *encoders[ENCODERS];
static struct encode_line encode;
static struct json_text json;
static const struct output_schema *output; /* of the record that is looked at */

/* Whether a column's own path is `path`; several are separated by spaces. */
static bool is_path_of(const struct field_spec *field, const char *path) {
    const char *paths = output->column_paths(field);
    size_t bytes = strlen(path);
    for (; paths != NULL && *paths != '\0'; paths += *paths == ' ') {
        size_t i = 0, length = strcspn(paths, " ");
        while (i < length && i < bytes &&
               (paths[i] == path[i] || (path[i] == '_' && (paths[i] == ':' || (output->flat && paths[i] == '.')))))
            i++;
        if (i == length && i == bytes) return true;
        paths += length;
    }
    return false;
}

static bool is_copy(const char *path) {
    const struct schema *schema = encode.record.schema;
    for (uint16_t i = 0; i < schema->fields_count; i++)
        if (schema->fields[i].kind == FIELD_JSON && is_path_of(&schema->fields[i], path)) return true;
    return false;
}

static void set_up(void) {
    schemas_init();
    for (int i = 0; i < ENCODERS; i++) {
        struct encoder_request request = {.schema = output_schemas[i / 2], .keep_original = i % 2 == 1};
        struct error error;
        ASSERT(encoder_new(&request, &encoders[i], &error) == STATUS_OK);
    }
    encode_line_init(&encode, scan_choose());
}

/* Whether a JSON string stands for `meant` with bad bytes replaced. */
static void check_string(struct slice value, struct slice meant, bool *lossy) {
    ASSERT(value.len >= 2 && value.ptr[0] == '"');
    char *decoded = malloc(value.len), *repaired = malloc(3 * meant.len + 1);
    ASSERT(decoded != NULL && repaired != NULL);
    size_t decoded_bytes, repaired_bytes = text_model_repair(meant, repaired, lossy);
    ASSERT(text_model_decode((struct slice){value.ptr + 1, value.len - 2}, decoded, &decoded_bytes));
    ASSERT(decoded_bytes == repaired_bytes && memcmp(decoded, repaired, repaired_bytes) == 0);
    free(decoded);
    free(repaired);
}

static void check_text(const char *path, struct slice meant, bool *lossy) {
    check_string(json_text_find(&json, path), meant, lossy);
}

/* What the line had, without AWS's escapes; to be freed. */
static struct slice meant_by(struct span span) {
    const struct record *record = &encode.record;
    bool quoted = record->schema->layout == LAYOUT_SPACE_QUOTED,
         escapes = record->schema->layout == LAYOUT_LOG_FORMAT || quoted;
    /* JSON has escapes of its own; but a line of text may stand in it */
    ASSERT(record->aws_escapes == escapes || (escapes && record->text[record->line.offset] == '{'));
    struct slice text = record_text(record, span);
    char *unescaped = malloc(text.len + 1);
    ASSERT(unescaped != NULL);
    if (!record->aws_escapes) return (struct slice){memcpy(unescaped, text.ptr, text.len), text.len};
    return (struct slice){unescaped, text_model_unescape(text, unescaped)};
}

/* Whether the flat schema has something else under this name. */
static bool is_taken(const char *name) {
    for (uint16_t i = 0; i < output->fields_count; i++)
        if (strcmp(output->fields[i].path, name) == 0) return true;
    return false;
}

/* In the flat schema every text column stands under its own name. */
static void check_texts(bool *lossy) {
    const struct record *record = &encode.record;
    for (uint16_t i = 0; i < record->schema->fields_count; i++) {
        const struct field_spec *field = &record->schema->fields[i];
        struct span span = record->fields[i];
        if ((field->kind != FIELD_TEXT && field->kind != FIELD_REQUEST) || i >= record->fields_count) continue;
        const char *paths = output->column_paths(field);
        if (paths == NULL || is_taken(paths)) continue;
        char path[JSON_TEXT_PATH_BYTES];
        snprintf(path, sizeof path, "%s", paths);
        for (char *c = path; *c != '\0'; c++)
            if (*c == ':' || *c == '.') *c = '_';
        if (record_null(record, span)) {
            ASSERT(json_text_find(&json, path).len == 0);
            continue;
        }
        struct slice meant = meant_by(span);
        check_text(path, meant, lossy);
        free((char *)(uintptr_t)meant.ptr);
    }
}

/* What no column takes stands in a list of strings. */
static void check_extra(bool *lossy) {
    const struct record *record = &encode.record;
    struct slice list = json_text_find(&json, "extra");
    if (list.len == 0) list = SLICE("");
    const char *at = list.ptr, *end = at + list.len;
    for (uint32_t i = record->schema->fields_count; i < record->fields_count; i++) {
        if (record_null(record, record->fields[i])) continue;
        ASSERT(at < end && (*at == '[' || *at == ','));
        const char *stop = json_text_string_end(at + 1, end);
        ASSERT(stop != NULL);
        struct slice meant = meant_by(record->fields[i]);
        check_string((struct slice){at + 1, (size_t)(stop - at - 1)}, meant, lossy);
        free((char *)(uintptr_t)meant.ptr);
        at = stop;
    }
    ASSERT(list.len == 0 || (at + 1 == end && *at == ']'));
}

static bool says_lossy(const char *path) {
    struct slice flags = json_text_find(&json, path);
    return flags.len > 0 && memmem(flags.ptr, flags.len, "\"lossy\"", 7) != NULL;
}

static void check_reject(const struct origin *origin) {
    const struct reading *reading = &encode.reading;
    struct rejected rejected = {
        .reason = reject_names[reading->reject],
        .format = reading->schema != NULL ? reading->schema->name : NULL,
        .column = reading->column >= 0 ? reading->schema->fields[reading->column].name : NULL,
        .expected = reading->expected,
        .line = record_text(&encode.record, encode.record.line),
        .position = UINT64_MAX,
        .line_number = 1,
    };
    if (reading->column >= 0) rejected.found = reading->found;
    size_t bound = 6 * rejected.line.len + RECORD_FIXED_BYTES + REJECT_ORIGIN_BYTES + 6 * origin->path.len;
    char *out = malloc(bound);
    ASSERT(out != NULL);
    size_t bytes = reject_line_write(&encode.context, &rejected, out);
    ASSERT(bytes <= bound && out[bytes - 1] == '\n' && json_text_parse((struct slice){out, bytes - 1}, &json));
    bool lossy = false;
    if (json_text_find(&json, "original_base64").len == 0) check_text("original", rejected.line, &lossy);
    ASSERT(!lossy);
    free(out);
}

static void check_line(struct slice line, const struct origin *origin, struct slice place) {
    for (int i = 0; i < ENCODERS; i++) {
        encode_line(&encode, encoders[i], origin, line, place);
        output = output_schemas[i / 2];
        json.is_copy = encode.reading.kind == READING_RECORD ? is_copy : NULL;
        if (encode.reading.kind == READING_REJECTED) {
            check_reject(origin);
            return;
        }
        if (encode.reading.kind != READING_RECORD) return;
        ASSERT(encode.out_bytes > 2 && encode.out[encode.out_bytes - 1] == '\n');
        ASSERT(json_text_parse((struct slice){encode.out, encode.out_bytes - 1}, &json));
        for (uint32_t leaf = 0; leaf < json.leaves_count; leaf++)
            ASSERT(!slice_equal(json.leaves[leaf].value, SLICE("{}")) || is_copy(json.leaves[leaf].path));
        bool lossy = false;
        if (i == ECS_WITH_ORIGINAL)
            check_text("event.original", record_text(&encode.record, encode.record.line), &lossy);
        if (i == FLAT) {
            check_texts(&lossy);
            check_extra(&lossy);
        }
        if (lossy) ASSERT(says_lossy(i == FLAT ? "log_flags" : "log.flags"));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (encoders[0] == NULL) set_up();
    if (size < 2) return 0;
    uint32_t which = (data[0] & 3u) + (data[0] >> 4 & 7u) * 4 - 1;
    struct origin origin = {.path = SLICE("a\"\xff.log"), .name = SLICE("a.log")};
    origin.schema = which < schemas_count ? schemas_all[which] : NULL;
    origin.schema_fixed = origin.schema != NULL && origin.schema->layout == LAYOUT_JSON; /* ndjson: never found */
    if ((data[0] & 4u) != 0) {
        origin.account = SLICE("123456789012");
        origin.region = SLICE("eu-west-1");
        ASSERT(ip_parse(SLICE("2001:db8::7"), &origin.node));
    }
    static const char place[128] = "\"geo\":{\"country_iso_code\":\"GB\"},";
    struct slice known = {place, (data[0] & 8u) != 0 ? strlen(place) : 0};
    encode.context.origin = NULL;               /* another one may have stood at the same place */
    encode_line_forget(&encode, scan_choose()); /* an input must do the same whenever it comes */
    struct slice left = {(const char *)data + 1, size - 1};
    while (left.len > 0) {
        const char *newline = memchr(left.ptr, '\n', left.len);
        size_t bytes = newline == NULL ? left.len : (size_t)(newline + 1 - left.ptr);
        check_line((struct slice){left.ptr, bytes}, &origin, known);
        left.ptr += bytes;
        left.len -= bytes;
    }
    return 0;
}
