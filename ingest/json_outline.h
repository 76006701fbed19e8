/* Where the values of a JSON text (RFC 8259) begin and end, told by quotes, brackets and commas alone.
 *
 * For texts of any size with any number of values, of which single ones are read for good afterwards (json_tree.h): a value that was
 * found here may still be no JSON. No byte of a text is passed over but blanks, commas and colons where they belong.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_JSON_OUTLINE_H
#define WHEREFROM_JSON_OUTLINE_H

#include "base/slice.h"

/* `text` from its first byte on that is no white space. */
struct slice json_trim_start(struct slice text);

/* Bytes of the value that `text` begins with; 0 when there is none or it has no end, a control character in a string included. Brackets
 * are counted, not compared. */
size_t json_value_bytes(struct slice text);

/* The members of an object or the elements of an array, one after the other. */
struct json_items {
    struct slice left; /* between the brackets */
    bool begun;
    bool bad; /* something else stands there than the next item */
};

/* `container` as json_value_bytes() found it. */
struct json_items json_items_of(struct slice container);

/* False: there are no more, or (`bad`) no more that can be told. `key` (an object's; NULL: elements of an array) is what stands between
 * the quotes, escapes as they are. */
bool json_items_next(struct json_items *items, struct slice *key, struct slice *value);

/* Copies a value into one line: CR and LF, which stand between tokens only, become blanks. `out` has room for as many bytes. */
void json_copy_in_one_line(char *out, struct slice value);

#endif
