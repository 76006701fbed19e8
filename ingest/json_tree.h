/* A line that is a JSON object (RFC 8259), read once into a flat list of its values; callers then look columns up by key.
 *
 *   {"a":[1,{"b":2}],"c":"x"}      0 object          next 6   (the line)
 *                                  1   "a": array    next 5
 *                                  2     number      next 3
 *                                  3     object      next 5
 *                                  4       "b": number     5
 *                                  5   "c": string   next 6
 *
 * The first child of a node is the one behind it, the next child is at `next`, and there are no more at the `next` of the
 * parent. simdjson's On-Demand parser tells what stands where; it checks nothing that it skips, so nothing is skipped:
 * all of a line that is good is valid JSON, and the text of any node may be written out as it stands.
 *
 * Many values: there are JSON_NODES_MAX nodes. When they run out, the insides of one value are given up, which then is
 * `skipped`: of the root's values the one with most nodes inside it, or when more than half of these are inside one value
 * within it, only of that one. So a long list costs other values nothing that they need, and of an object with a long list in it
 * only the list is lost. What is inside a skipped value can be had with nodes of its own: json_tree_read_value().
 *
 * Threads: a reader belongs to one worker. */
#ifndef WHEREFROM_JSON_TREE_H
#define WHEREFROM_JSON_TREE_H

#include "schemas/limits.h"
#include "schemas/spare.h"

#ifdef __cplusplus
extern "C" {
#endif

enum json_kind { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_node {
    struct span key;  /* of an object's member: without quotes, escapes taken apart; empty in arrays and of the root */
    struct span text; /* a string likewise; any other value as it stands in the line, from bracket to bracket */
    uint32_t next;    /* index behind this node and all inside it */
    uint8_t kind;     /* enum json_kind */
    bool decoded;     /* a string with escapes: its text stands in the spare room */
    bool skipped;     /* an array or object whose inside has no nodes though there is some */
};

struct json_tree {
    uint32_t count; /* of nodes: 1 and more of what is good */
    bool plain;     /* no key and no string has an escape */
    bool repaired;  /* bytes that are no UTF-8 and half surrogate pairs became U+FFFD; spans are in spare room */
    bool changed;   /* a value was put in place of another: texts of what is around it are not its own any more */
    bool cut;       /* the root has more values than there are nodes: only the first ones are here */
    struct json_node nodes[JSON_NODES_MAX]; /* nodes[0] is the root */
};

enum json_result {
    JSON_GOOD,
    JSON_BAD,
    JSON_TOO_DEEP /* more than JSON_DEPTH_MAX within one another; of what follows only the brackets were counted */
};

/* Spare room that reading a text of so many bytes can take, with what must be free behind it: a repaired copy is up to three
 * times as long, what is taken apart no longer than what it is taken from, and each has 64 bytes of padding. */
#define JSON_SPARE_BYTES(text_bytes) (6u * (text_bytes) + 2u * TEXT_PADDING_BYTES)

struct json_reader;

/* Memory for the longest line is reserved here, and its pages are touched on use; reading takes none. NULL when there is none. */
struct json_reader *json_reader_new(void) __attribute__((warn_unused_result));
void json_reader_free(struct json_reader *reader); /* NULL is fine */

/* Reads `line`, an object with nothing but white space around it. `text` is what spans count from, here and in `spare`;
 * TEXT_PADDING_BYTES behind the line are readable, and what they hold does not matter. Of a line that is not good, `*expected`
 * says what should have been there (constant text), the tree is undefined, and no spare room is taken. A member that comes twice
 * has two nodes. */
enum json_result json_tree_read(struct json_reader *reader, const char *text, struct span line, struct spare *spare,
                                struct json_tree *tree, const char **expected) __attribute__((warn_unused_result));

/* The same for an object or an array: the text of a node of another tree, for what is inside a skipped one. */
enum json_result json_tree_read_value(struct json_reader *reader, const char *text, struct span value,
                                      struct spare *spare, struct json_tree *tree, const char **expected)
    __attribute__((warn_unused_result));

#ifdef __cplusplus
}
#endif

#endif
