/* Fuzz target: any bytes as a reply to _bulk.
 *
 * Input: a byte for the sizes of pieces, then text in which bytes 1 to FRAGMENTS stand for what replies are made of. Oracle: what jansson
 * reads in the same bytes, when it takes them: the same items, and the same of the whole request; pieces of any size give what the whole
 * gives; when the end is cut off, the items are the first ones of all.
 *
 * Threads: one. */
#include <jansson.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/hash.h"
#include "base/json.h"
#include "sinks/bulk_reply.h"
#include "tests/fuzz/cut_input.h"

#define BODY_BYTES_MAX (16u * 1024)
#define ITEMS_MAX 256u /* that are kept to be compared */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const fragments[] = {
    "{\"took\":1,\"errors\":true,\"items\":[",
    "{\"create\":{\"status\":201}}",
    "{\"create\":{",
    "\"status\":",
    "\"error\":",
    "\"error\":{\"type\":\"",
    "\",\"reason\":\"",
    "\"}}}",
    "]}",
    "{\"index\":{",
    "\"update\":",
    "\"delete\":",
    "\"items\":[",
    "\"caused_by\":{",
    "{\"error\":{\"root_cause\":[",
    "\"message\":\"",
    "\\ud83d\\ude00",
    "\\u20ac",
    "\xf0\x9f\x98\x80",
    "\\u00e4",
    "\xc3\xa4",
    "ttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt",
    "\"_id\":null",
    "null",
    "429",
    ",\"Message\":",
};
#define FRAGMENTS (sizeof fragments / sizeof fragments[0])

struct kept {
    uint32_t status;
    size_t type_bytes, reason_bytes;
    char type[BULK_TYPE_BYTES_MAX], reason[BULK_REASON_BYTES_MAX];
};

struct heard {
    struct kept items[ITEMS_MAX], whole;
    uint64_t items_count;
    enum bulk_outcome outcome;
};

static void keep(struct kept *kept, const struct bulk_item *item) {
    ASSERT(item->type.len <= sizeof kept->type && item->reason.len <= sizeof kept->reason);
    ASSERT(json_utf8_valid(item->type) && json_utf8_valid(item->reason));
    ASSERT(item->status == 0 || (item->status >= 100 && item->status < 1000));
    memset(kept, 0, sizeof *kept);
    kept->status = item->status;
    kept->type_bytes = item->type.len;
    kept->reason_bytes = item->reason.len;
    memcpy(kept->type, item->type.ptr, item->type.len);
    memcpy(kept->reason, item->reason.ptr, item->reason.len);
}

static void hear(void *context, const struct bulk_item *item) {
    struct heard *heard = context;
    ASSERT(item->index == heard->items_count++);
    if (item->index < ITEMS_MAX) keep(&heard->items[item->index], item);
}

/* In pieces of up to `piece_max` bytes, each on a heap of its own. */
static void read_body(struct slice body, size_t piece_max, struct heard *heard) {
    struct bulk_reply reply;
    struct bulk_item whole;
    uint64_t items_count;
    heard->items_count = 0;
    bulk_reply_start(&reply, hear, heard);
    for (size_t at = 0, n = 0; at < body.len; n++) {
        size_t bytes = piece_max < 3 ? piece_max : 1 + (n * 7 + body.len) % piece_max;
        if (bytes > body.len - at) bytes = body.len - at;
        char *copy = malloc(bytes);
        ASSERT(copy != NULL);
        memcpy(copy, body.ptr + at, bytes);
        bulk_reply_feed(&reply, (struct slice){copy, bytes});
        free(copy);
        at += bytes;
    }
    heard->outcome = bulk_reply_finish(&reply, &items_count, &whole);
    ASSERT(items_count == heard->items_count);
    keep(&heard->whole, &whole);
}

static bool same_items(const struct heard *a, const struct heard *b, uint64_t count) {
    return memcmp(a->items, b->items, (count < ITEMS_MAX ? count : ITEMS_MAX) * sizeof a->items[0]) == 0;
}

/* --- jansson's reading -------------------------------------------------------------------------- */

static uint32_t model_status(const json_t *value) {
    json_int_t status = json_is_integer(value) ? json_integer_value(value) : 0;
    return status >= 100 && status < 1000 ? (uint32_t)status : 0;
}

/* As many whole characters as fit. */
static size_t model_text(const json_t *value, char *text, size_t bytes_max) {
    size_t bytes = json_is_string(value) ? json_string_length(value) : 0;
    if (bytes > bytes_max)
        for (bytes = bytes_max; ((unsigned char)json_string_value(value)[bytes] & 0xc0) == 0x80;) bytes--;
    if (bytes > 0) memcpy(text, json_string_value(value), bytes);
    return bytes;
}

static void model_error(const json_t *error, struct kept *kept) {
    memset(kept->type, 0, sizeof kept->type);
    memset(kept->reason, 0, sizeof kept->reason);
    const json_t *reason = json_is_object(error) ? json_object_get(error, "reason") : error;
    kept->type_bytes = model_text(json_object_get(error, "type"), kept->type, sizeof kept->type);
    kept->reason_bytes = model_text(reason, kept->reason, sizeof kept->reason);
}

static void model_item(json_t *item, struct kept *kept) {
    const char *name;
    json_t *action;
    json_object_foreach(item, name, action) {
        if (strcmp(name, "create") != 0 && strcmp(name, "index") != 0 && strcmp(name, "update") != 0 &&
            strcmp(name, "delete") != 0)
            continue;
        memset(kept, 0, sizeof *kept);
        kept->status = model_status(json_object_get(action, "status"));
        model_error(json_object_get(action, "error"), kept);
    }
}

static void model_whole(json_t *root, struct kept *kept) {
    const char *name;
    json_t *value;
    kept->status = model_status(json_object_get(root, "status"));
    json_object_foreach(root, name, value) {
        if (strcmp(name, "error") == 0) model_error(value, kept);
        if (strcmp(name, "message") != 0 && strcmp(name, "Message") != 0) continue;
        memset(kept->reason, 0, sizeof kept->reason);
        kept->reason_bytes = model_text(value, kept->reason, sizeof kept->reason);
    }
}

/* False when jansson does not take it. */
static bool model_read(struct slice body, struct heard *model) {
    json_t *root = json_loadb(body.ptr, body.len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    if (root == NULL) return false;
    json_t *items = json_object_get(root, "items");
    memset(&model->whole, 0, sizeof model->whole);
    model->items_count = json_array_size(items);
    model->outcome = json_is_array(items) ? BULK_COMPLETE : BULK_NOT_BULK;
    for (size_t i = 0; i < model->items_count && i < ITEMS_MAX; i++) {
        memset(&model->items[i], 0, sizeof model->items[i]);
        model_item(json_array_get(items, i), &model->items[i]);
    }
    if (model->outcome == BULK_NOT_BULK) model_whole(root, &model->whole);
    json_decref(root);
    return true;
}

/* The deepest that brackets go outside of strings, in text that is JSON. */
static size_t depth_of(struct slice body) {
    size_t depth = 0, depth_max = 0;
    bool quoted = false;
    for (size_t i = 0; i < body.len; i++) {
        char c = body.ptr[i];
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '{' || c == '['))
            depth_max = ++depth > depth_max ? depth : depth_max;
        else if (!quoted && (c == '}' || c == ']'))
            depth--;
    }
    return depth_max;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct heard heard, other;
    if (size < 1) return 0;
    char *text = cut_expand(data + 1, size - 1, fragments, FRAGMENTS, BODY_BYTES_MAX);
    struct slice body = slice_from(text);
    read_body(body, BODY_BYTES_MAX, &heard);

    size_t piece_max = 1 + data[0] % 40u;
    read_body(body, piece_max, &other);
    ASSERT(other.items_count == heard.items_count && other.outcome == heard.outcome);
    ASSERT(same_items(&heard, &other, heard.items_count) &&
           memcmp(&heard.whole, &other.whole, sizeof heard.whole) == 0);

    size_t cut = body.len * data[0] / 256;
    read_body((struct slice){text, cut}, piece_max, &other);
    ASSERT(other.items_count <= heard.items_count && same_items(&heard, &other, other.items_count));
    if (other.outcome == BULK_COMPLETE)
        ASSERT(heard.items_count == other.items_count); /* only what is behind the end was cut */

    if (model_read(body, &other) && depth_of(body) <= BULK_DEPTH_MAX) {
        ASSERT(other.items_count == heard.items_count && other.outcome == heard.outcome);
        ASSERT(same_items(&heard, &other, heard.items_count));
        ASSERT(memcmp(&heard.whole, &other.whole, sizeof heard.whole) == 0);
    }
    free(text);
    return 0;
}
