/* A strict reader of one JSON object (RFC 8259), for output that has to be valid: no white space, no key twice in an
 * object, UTF-8; but lists, and other values that were copied as they came, may be any JSON. Apart from wherefrom's own code,
 * which it judges.
 *
 * Objects are flattened: {"a":{"b":1},"c":["x"],"d":{}} has the leaves a.b = 1, c = ["x"] and d = {}.
 *
 * Threads: one. */
#ifndef WHEREFROM_JSON_TEXT_H
#define WHEREFROM_JSON_TEXT_H

#include "tests/unit/text_model.h"

#define JSON_TEXT_LEAVES_MAX 256u
#define JSON_TEXT_PATH_BYTES 200u
#define JSON_TEXT_DEPTH_MAX 16u
#define JSON_TEXT_COPY_DEPTH_MAX 80u

struct json_text {
    bool (*is_copy)(const char *path); /* whether the value came as it is; NULL: none did */
    uint32_t leaves_count;
    struct json_leaf {
        char path[JSON_TEXT_PATH_BYTES]; /* names as written, joined by dots */
        struct slice value;              /* as written */
    } leaves[JSON_TEXT_LEAVES_MAX];
};

/* End of the string that starts at `at`, NULL if there is no valid one. */
static inline const char *json_text_string_end(const char *at, const char *end) {
    static char *decoded;
    static size_t room;
    if (at == end || *at != '"') return NULL;
    const char *stop = at + 1;
    while (stop < end && *stop != '"') stop += *stop == '\\' ? 2 : 1;
    if (stop >= end) return NULL;
    size_t bytes = (size_t)(stop - at - 1);
    if (bytes >= room) {
        room = 2 * bytes + 64;
        free(decoded);
        decoded = malloc(room);
        if (decoded == NULL) abort();
    }
    return text_model_decode((struct slice){at + 1, bytes}, decoded, &bytes) ? stop + 1 : NULL;
}

static inline const char *json_text_digits_end(const char *at, const char *end) {
    while (at < end && *at >= '0' && *at <= '9') at++;
    return at;
}

static inline const char *json_text_number_end(const char *at, const char *end) {
    if (at < end && *at == '-') at++;
    const char *digits = at;
    at = json_text_digits_end(at, end);
    if (at == digits || (*digits == '0' && at - digits > 1)) return NULL;
    if (at < end && *at == '.') {
        digits = at + 1;
        at = json_text_digits_end(digits, end);
        if (at == digits) return NULL;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-')) at++;
        digits = at;
        at = json_text_digits_end(digits, end);
        if (at == digits) return NULL;
    }
    return at;
}

static inline const char *json_text_scalar_end(const char *at, const char *end) {
    static const struct slice words[] = {{"true", 4}, {"false", 5}, {"null", 4}};
    if (at < end && *at == '"') return json_text_string_end(at, end);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (slice_starts_with((struct slice){at, (size_t)(end - at)}, words[i])) return at + words[i].len;
    return json_text_number_end(at, end);
}

static inline const char *json_text_space_end(const char *at, const char *end) {
    while (at < end && (*at == ' ' || *at == '\t')) at++;
    return at;
}

/* Behind a key and its colon. */
static inline const char *json_text_key_end(const char *at, const char *end) {
    at = json_text_string_end(json_text_space_end(at, end), end);
    if (at == NULL) return NULL;
    at = json_text_space_end(at, end);
    return at < end && *at == ':' ? at + 1 : NULL;
}

/* End of any value, however deep and spaced out. */
static inline const char *json_text_copy_end(const char *at, const char *end) {
    char closing[JSON_TEXT_COPY_DEPTH_MAX];
    size_t depth = 0;
    do {
        const char *value = json_text_space_end(at, end);
        if (value < end && (*value == '{' || *value == '[')) {
            if (depth == JSON_TEXT_COPY_DEPTH_MAX) return NULL;
            closing[depth++] = *value == '{' ? '}' : ']';
            at = json_text_space_end(value + 1, end);
            bool opened = at < end && *at != closing[depth - 1]; /* and not empty */
            if (opened && *value == '{') at = json_text_key_end(at, end);
            if (at == NULL) return NULL;
            if (opened) continue;
        } else {
            at = json_text_scalar_end(value, end);
            if (at == NULL) return NULL;
        }
        const char *next = json_text_space_end(at, end);
        while (depth > 0 && next < end && *next == closing[depth - 1]) {
            depth--;
            at = next + 1;
            next = json_text_space_end(at, end);
        }
        if (depth == 0) return at;
        if (next == end || *next != ',') return NULL;
        at = closing[depth - 1] == '}' ? json_text_key_end(next + 1, end) : next + 1;
    } while (at != NULL);
    return NULL;
}

/* Lists are written as they came. */
static inline const char *json_text_value_end(const char *at, const char *end) {
    return at < end && *at == '[' ? json_text_copy_end(at, end) : json_text_scalar_end(at, end);
}

static inline const struct json_leaf *json_text_leaf(const struct json_text *json, const char *path) {
    for (uint32_t i = 0; i < json->leaves_count; i++)
        if (strcmp(json->leaves[i].path, path) == 0) return &json->leaves[i];
    return NULL;
}

/* Whether the path is there already, as a value or as an object: a key that comes twice. */
static inline bool json_text_has(const struct json_text *json, const char *path) {
    size_t bytes = strlen(path);
    for (uint32_t i = 0; i < json->leaves_count; i++) {
        const char *other = json->leaves[i].path;
        if (strncmp(other, path, bytes) == 0 && (other[bytes] == '\0' || other[bytes] == '.')) return true;
    }
    return false;
}

/* False when the path is there already or there is no room. */
static inline bool json_text_add(struct json_text *json, const char *path, struct slice value) {
    if (json->leaves_count == JSON_TEXT_LEAVES_MAX || json_text_has(json, path)) return false;
    struct json_leaf *leaf = &json->leaves[json->leaves_count++];
    memcpy(leaf->path, path, strlen(path) + 1);
    leaf->value = value;
    return true;
}

/* Whether all of `text` is one object as described; `json` then has its leaves, in order. */
static inline bool json_text_parse(struct slice text, struct json_text *json) {
    const char *at = text.ptr, *end = text.ptr + text.len;
    char path[JSON_TEXT_PATH_BYTES] = "";
    size_t outer[JSON_TEXT_DEPTH_MAX], depth = 1,
                                       path_bytes = 0; /* outer: length of the path around each open object */
    bool opened = true;
    json->leaves_count = 0;
    outer[0] = 0;
    if (at == end || *at++ != '{') return false;
    while (depth > 0 && at < end) {
        if (*at == '}') {
            if (opened && depth > 1 && !json_text_add(json, path, (struct slice){at - 1, 2})) return false;
            path_bytes = outer[--depth];
            path[path_bytes] = '\0';
            at++;
            opened = false;
            continue;
        }
        if (!opened && *at++ != ',') return false;
        const char *stop = json_text_string_end(at, end);
        if (stop == NULL || stop == end || *stop != ':') return false;
        size_t name_bytes = (size_t)(stop - at) - 2, before = path_bytes;
        if (path_bytes + 1 + name_bytes + 1 > sizeof path) return false;
        if (path_bytes > 0) path[path_bytes++] = '.';
        memcpy(path + path_bytes, at + 1, name_bytes);
        path_bytes += name_bytes;
        path[path_bytes] = '\0';
        at = stop + 1;
        bool copy = json->is_copy != NULL && json->is_copy(path);
        opened = !copy && at < end && *at == '{';
        if (opened) {
            if (depth == JSON_TEXT_DEPTH_MAX || json_text_has(json, path)) return false;
            outer[depth++] = before;
            at++;
            continue;
        }
        stop = copy ? json_text_copy_end(at, end) : json_text_value_end(at, end);
        if (stop == NULL || !json_text_add(json, path, (struct slice){at, (size_t)(stop - at)})) return false;
        at = stop;
        path_bytes = before;
        path[path_bytes] = '\0';
    }
    return depth == 0 && at == end;
}

/* The value of a path as written; empty when it is not there. */
static inline struct slice json_text_find(const struct json_text *json, const char *path) {
    const struct json_leaf *leaf = json_text_leaf(json, path);
    return leaf != NULL ? leaf->value : (struct slice){0};
}

#endif
