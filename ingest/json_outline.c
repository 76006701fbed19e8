/* One pass over the bytes of a value, none of them looked at twice.
 *
 * Threads: pure functions. */
#include "ingest/json_outline.h"

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static const char *skip_blanks(const char *at, const char *end) {
    while (at < end && is_blank(*at)) at++;
    return at;
}

struct slice json_trim_start(struct slice text) {
    const char *end = text.ptr + text.len, *start = skip_blanks(text.ptr, end);
    return (struct slice){start, (size_t)(end - start)};
}

/* Behind the closing quote of the string at `at`; NULL when there is none. */
static const char *find_string_end(const char *at, const char *end) {
    for (at++; at < end; at++) {
        if (*at == '"') return at + 1;
        if (*at == '\\' && ++at == end) return NULL;
        if ((unsigned char)*at < 0x20) return NULL;
    }
    return NULL;
}

static const char *find_container_end(const char *at, const char *end) {
    size_t depth = 0;
    while (at < end) {
        char c = *at++;
        if (c == '"') {
            at = find_string_end(at - 1, end);
            if (at == NULL) return NULL;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if ((c == '}' || c == ']') && --depth == 0) {
            return at;
        }
    }
    return NULL;
}

/* A number, true, false, null, or what stands in their place. */
static const char *find_word_end(const char *at, const char *end) {
    while (at < end && !is_blank(*at) && memchr("{}[]\",:", *at, 7) == NULL) at++;
    return at;
}

size_t json_value_bytes(struct slice text) {
    if (text.len == 0) return 0;
    char first = *text.ptr;
    const char *end = text.ptr + text.len;
    const char *found = first == '{' || first == '[' ? find_container_end(text.ptr, end)
                        : first == '"'               ? find_string_end(text.ptr, end)
                                                     : find_word_end(text.ptr, end);
    return found != NULL ? (size_t)(found - text.ptr) : 0;
}

struct json_items json_items_of(struct slice container) {
    return (struct json_items){.left = {container.ptr + 1, container.len - 2}};
}

static bool take_byte(struct slice *text, char byte) {
    *text = json_trim_start(*text);
    if (text->len == 0 || *text->ptr != byte) return false;
    *text = (struct slice){text->ptr + 1, text->len - 1};
    return true;
}

static bool take_value(struct slice *text, struct slice *value) {
    *text = json_trim_start(*text);
    *value = (struct slice){text->ptr, json_value_bytes(*text)};
    *text = (struct slice){text->ptr + value->len, text->len - value->len};
    return value->len > 0;
}

bool json_items_next(struct json_items *items, struct slice *key, struct slice *value) {
    struct slice *left = &items->left;
    if (items->bad || json_trim_start(*left).len == 0) return false;
    bool good = !items->begun || take_byte(left, ',');
    if (key != NULL) {
        good = good && take_value(left, key) && key->ptr[0] == '"' && take_byte(left, ':');
        if (good) *key = (struct slice){key->ptr + 1, key->len - 2};
    }
    good = good && take_value(left, value);
    items->begun = true;
    items->bad = !good;
    return good;
}

void json_copy_in_one_line(char *out, struct slice value) {
    for (size_t i = 0; i < value.len; i++) out[i] = value.ptr[i] == '\n' || value.ptr[i] == '\r' ? ' ' : value.ptr[i];
}
