/* Fuzz target: any bytes as log lines, written as records in every output schema.
 *
 * Input: one byte (bits 0-1 and 4-5: what the file's name says, bit 2: whether the origin says account, region and node, bit 3: a
 * place of the client), then lines. Oracle: every record and every reject is valid JSON in valid UTF-8 without a key twice, no longer
 * than the room that a batch keeps for it (encode_line.h looks), and taken apart again a text is what the line had: AWS's escapes
 * undone, bytes that are not UTF-8 replaced, and `lossy` exactly then.
 *
 * Threads: one. */
#include "tests/unit/encode_line.h"
#include "tests/unit/json_text.h"

#define ENCODERS 6 /* ecs, ss4o, flat; without and with the original */
#define FLAT 5
#define ECS_WITH_ORIGINAL 1

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct encoder *encoders[ENCODERS];
static struct encode_line encode;
static struct json_text json;

static void set_up(void) {
    schemas_init();
    for (int i = 0; i < ENCODERS; i++) {
        struct encoder_request request = {.schema = output_schemas[i / 2], .keep_original = i % 2 == 1};
        struct error error;
        ASSERT(encoder_new(&request, &encoders[i], &error) == STATUS_OK);
    }
    encode_line_init(&encode, scan_choose());
}

/* Whether the leaf at `path`, a JSON string, stands for `meant` with bad bytes replaced. */
static void check_text(const char *path, struct slice meant, bool *lossy) {
    struct slice value = json_text_find(&json, path);
    ASSERT(value.len >= 2 && value.ptr[0] == '"');
    char *decoded = malloc(value.len), *repaired = malloc(3 * meant.len + 1);
    ASSERT(decoded != NULL && repaired != NULL);
    size_t decoded_bytes, repaired_bytes = text_model_repair(meant, repaired, lossy);
    ASSERT(text_model_decode((struct slice){value.ptr + 1, value.len - 2}, decoded, &decoded_bytes));
    ASSERT(decoded_bytes == repaired_bytes && memcmp(decoded, repaired, repaired_bytes) == 0);
    free(decoded);
    free(repaired);
}

/* In the flat schema every text column stands under its own name. */
static void check_texts(void) {
    const struct record *record = &encode.record;
    bool lossy = false;
    for (uint16_t i = 0; i < record->schema->fields_count; i++) {
        const struct field_spec *field = &record->schema->fields[i];
        struct span span = record->fields[i];
        if ((field->kind != FIELD_TEXT && field->kind != FIELD_REQUEST) || i >= record->fields_count) continue;
        if (field->role == ROLE_REGION) continue; /* the origin's own may stand there */
        if (record_null(record, span)) {
            ASSERT(json_text_find(&json, field->name).len == 0);
            continue;
        }
        struct slice meant = record_text(record, span);
        char *unescaped = malloc(meant.len);
        ASSERT(unescaped != NULL);
        if (record->schema->layout == LAYOUT_SPACE_QUOTED) {
            meant.len = text_model_unescape(meant, unescaped);
            meant.ptr = unescaped;
        }
        check_text(field->name, meant, &lossy);
        free(unescaped);
    }
    if (lossy) ASSERT(slice_equal(json_text_find(&json, "log_flags"), SLICE("[\"lossy\"]")));
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
    size_t bound = 6 * rejected.line.len + RECORD_FIXED_BYTES + 6 * origin->path.len;
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
        if (encode.reading.kind == READING_REJECTED) {
            check_reject(origin);
            return;
        }
        if (encode.reading.kind != READING_RECORD) return;
        ASSERT(encode.out_bytes > 2 && encode.out[encode.out_bytes - 1] == '\n');
        ASSERT(json_text_parse((struct slice){encode.out, encode.out_bytes - 1}, &json));
        for (uint32_t leaf = 0; leaf < json.leaves_count; leaf++)
            ASSERT(!slice_equal(json.leaves[leaf].value, SLICE("{}")));
        bool lossy = false;
        if (i == ECS_WITH_ORIGINAL)
            check_text("event.original", record_text(&encode.record, encode.record.line), &lossy);
        if (lossy) ASSERT(json_text_find(&json, "log.flags").len > 0);
        if (i == FLAT) check_texts();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (encoders[0] == NULL) set_up();
    if (size < 2) return 0;
    uint32_t which = (data[0] & 3u) + (data[0] >> 4 & 3u) * 4 - 1;
    struct origin origin = {.path = SLICE("a\"\xff.log"), .name = SLICE("a.log")};
    origin.schema = which < schemas_count ? schemas_all[which] : NULL;
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
