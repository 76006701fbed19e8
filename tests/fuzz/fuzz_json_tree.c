/* Fuzz target: any bytes as a line of JSON.
 *
 * Input: one byte, of which bits 0-5 say how many of the last bytes stand behind the line and bit 6 that an array is fine, too. What
 * may not be read is poisoned. Oracle: a reader of its own (tests/unit/json_model.h) that says which lines are valid, with
 * their characters repaired or without, and what is in them; what stands behind a line changes nothing; what was skipped can be
 * read by itself, with the same values in it; spare room is only used as far as it is promised.
 *
 * Threads: one. */
#include "tests/unit/json_model.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#endif
#endif
#ifndef ASAN_POISON_MEMORY_REGION
#define ASAN_POISON_MEMORY_REGION(at, bytes) ((void)(at), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(at, bytes) ((void)(at), (void)(bytes))
#endif

#define GAP_BYTES 64u
#define READINGS_MAX 64u /* of skipped values, per input */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *expected; /* of the last reading */

struct room {
    char *text;
    uint32_t line_bytes;
    struct spare spare;
};

/* line, what stands behind it, a gap that nobody may touch, spare room, padding */
static struct room make_room(struct slice line, struct slice behind, uint32_t spare_bytes) {
    uint32_t gap = (uint32_t)line.len + TEXT_PADDING_BYTES, start = (gap + GAP_BYTES + 63) / 64 * 64;
    struct room room = {malloc(start + spare_bytes + 64), (uint32_t)line.len, {0}};
    ASSERT(room.text != NULL);
    memset(room.text, '}', start);
    if (line.len > 0) memcpy(room.text, line.ptr, line.len);
    if (behind.len > 0) memcpy(room.text + line.len, behind.ptr, behind.len);
    room.spare = (struct spare){room.text, start, start + spare_bytes};
    ASAN_POISON_MEMORY_REGION(room.text + gap, start - gap);
    return room;
}

static void drop_room(struct room *room) {
    ASAN_UNPOISON_MEMORY_REGION(room->text, room->spare.end + 64);
    free(room->text);
}

static enum json_result read_room(struct json_reader *reader, struct room *room, bool array_too,
                                  struct json_tree *tree) {
    expected = NULL;
    struct span line = {0, room->line_bytes};
    uint32_t used = room->spare.used;
    enum json_result result = array_too ? json_tree_read_value(reader, room->text, line, &room->spare, tree, &expected)
                                        : json_tree_read(reader, room->text, line, &room->spare, tree, &expected);
    ASSERT((result == JSON_GOOD) == (expected == NULL));
    ASSERT(result == JSON_GOOD || room->spare.used == used);
    return result;
}

/* What was skipped, read by itself; with what is skipped in that. */
static void check_skipped(struct json_reader *reader, const struct json_model *model, struct slice line,
                          const struct json_tree *tree) {
    static struct json_tree inner;
    uint32_t at = 0, readings = 0;
    for (uint32_t i = 0; i < tree->count && readings < READINGS_MAX; i++) {
        const struct json_model_node *node = &model->nodes[at];
        if (tree->nodes[i].kind == JSON_OBJECT || tree->nodes[i].kind == JSON_ARRAY) {
            size_t behind = (size_t)(line.ptr + line.len - (node->text.ptr + node->text.len));
            struct room room = make_room(node->text,
                                         (struct slice){node->text.ptr + node->text.len, behind < 64 ? behind : 64},
                                         JSON_SPARE_BYTES((uint32_t)node->text.len));
            struct json_model part = json_model_new(node->text.len);
            ASSERT(read_room(reader, &room, true, &inner) == JSON_GOOD && !inner.repaired);
            ASSERT(json_model_read(&part, (struct slice){room.text, node->text.len}, true));
            (void)json_model_check(&part, 0, room.text, &inner);
            json_model_free(&part);
            drop_room(&room);
            readings++;
        }
        at = tree->nodes[i].skipped ? node->next : at + 1;
    }
}

static void check_line(struct json_reader *reader, struct slice line, struct slice behind, bool array_too) {
    static struct json_tree tree, again;
    struct room room = make_room(line, behind, JSON_SPARE_BYTES((uint32_t)line.len)),
                other = make_room(line, (struct slice){NULL, 0}, JSON_SPARE_BYTES((uint32_t)line.len));
    enum json_result result = read_room(reader, &room, array_too, &tree);
    const char *reason = expected;
    ASSERT(read_room(reader, &other, array_too, &again) == result && expected == reason);
    if (result == JSON_GOOD) {
        ASSERT(tree.count == again.count && tree.plain == again.plain && tree.cut == again.cut);
        ASSERT(memcmp(tree.nodes, again.nodes, tree.count * sizeof tree.nodes[0]) == 0);
    }
    char *repaired = malloc(3 * line.len + 1);
    ASSERT(repaired != NULL);
    bool lossy = false;
    size_t repaired_bytes = text_model_repair(line, repaired, &lossy);
    json_model_pair_up(repaired, repaired_bytes);
    struct slice meant = {repaired, repaired_bytes};
    if (result == JSON_GOOD) { /* the model looks at the bytes that the spans point to */
        struct span root = tree.nodes[0].text;
        meant = tree.repaired ? (struct slice){room.text + root.offset, root.length}
                              : (struct slice){room.text, line.len};
        ASSERT(tree.repaired == !slice_equal((struct slice){repaired, repaired_bytes}, line));
    }
    struct json_model model = json_model_new(meant.len);
    bool valid = json_model_read(&model, meant, array_too);
    if (result == JSON_GOOD) {
        ASSERT(valid && model.depth_max <= JSON_DEPTH_MAX);
        (void)json_model_check(&model, 0, room.text, &tree);
        check_skipped(reader, &model, meant, &tree);
    } else {
        ASSERT(!valid || (result == JSON_TOO_DEEP && model.depth_max > JSON_DEPTH_MAX));
    }
    json_model_free(&model);
    free(repaired);
    drop_room(&other);
    drop_room(&room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct json_reader *reader;
    if (reader == NULL) reader = json_reader_new();
    ASSERT(reader != NULL);
    if (size < 1) return 0;
    size_t behind = data[0] & 63u;
    if (behind > size - 1) behind = size - 1;
    struct slice line = {(const char *)data + 1, size - 1 - behind};
    check_line(reader, line, (struct slice){line.ptr + line.len, behind}, (data[0] & 64u) != 0);
    return 0;
}
