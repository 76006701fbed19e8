/* libyaml's events, and trees of them. A tree knows its parents, so reading one needs no recursion.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "config/config_yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/option_value.h"
#include "schemas/limits.h"

enum status config_yaml_fail(const struct config_yaml *yaml, yaml_mark_t mark, const char *format, ...) {
    char what[ERROR_MESSAGE_BYTES_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return error_set(yaml->error, STATUS_USAGE, "%.400s:%zu:%zu: %s", yaml->name, mark.line + 1, mark.column + 1, what);
}

enum status config_yaml_fail_memory(const struct config_yaml *yaml) {
    return error_set(yaml->error, STATUS_FAILED, "%.400s: out of memory", yaml->name);
}

/* libyaml knows the byte but not the line when the bytes are no UTF-8. */
static yaml_mark_t mark_of_byte(const struct config_yaml *yaml, size_t offset) {
    yaml_mark_t mark = {0};
    for (size_t i = 0; i < offset && i < yaml->text.len; i++) {
        unsigned char byte = (unsigned char)yaml->text.ptr[i];
        mark.column += (byte & 0xC0u) != 0x80u;
        if (byte == '\n') {
            mark.line++;
            mark.column = 0;
        }
    }
    return mark;
}

static enum status fail_yaml(const struct config_yaml *yaml) {
    const yaml_parser_t *parser = &yaml->parser;
    if (parser->error == YAML_MEMORY_ERROR) {
        return config_yaml_fail_memory(yaml);
    }
    const char *problem = parser->problem != NULL ? parser->problem : "not YAML";
    if (parser->error == YAML_READER_ERROR) {
        return config_yaml_fail(yaml, mark_of_byte(yaml, parser->problem_offset), "not UTF-8 text: %s", problem);
    }
    return config_yaml_fail(yaml, parser->problem_mark, "%s%s%s", problem, parser->context != NULL ? " " : "",
                            parser->context != NULL ? parser->context : "");
}

static bool at_line_start(const char *text, const char *at) {
    static const struct slice breaks[] = {
        {"\n", 1}, {"\r", 1}, {"\xC2\x85", 2}, {"\xE2\x80\xA8", 3}, {"\xE2\x80\xA9", 3}};
    struct slice before = {.ptr = text, .len = (size_t)(at - text)};
    for (size_t i = 0; i < sizeof breaks / sizeof *breaks; i++) {
        if (slice_ends_with(before, breaks[i])) {
            return true;
        }
    }
    return before.len == 0;
}

/* libyaml compares every %TAG line with all before it, and does so before the document's first event: half a minute
 * for a file of a megabyte. Tags are refused anyhow. */
static enum status refuse_tag_directives(const struct config_yaml *yaml) {
    static const char directive[] = "%TAG";
    const char *at = yaml->text.ptr, *end = yaml->text.ptr + yaml->text.len;
    while ((at = memmem(at, (size_t)(end - at), directive, strlen(directive))) != NULL) {
        if (at_line_start(yaml->text.ptr, at)) {
            return config_yaml_fail(yaml, mark_of_byte(yaml, (size_t)(at - yaml->text.ptr)),
                                    "tag directives are not supported");
        }
        at += strlen(directive);
    }
    return STATUS_OK;
}

/* Refuses what could name or build other things than plain texts. */
enum status config_yaml_next(struct config_yaml *yaml) {
    yaml_event_delete(&yaml->event);
    if (!yaml_parser_parse(&yaml->parser, &yaml->event)) {
        return fail_yaml(yaml);
    }
    const yaml_event_t *event = &yaml->event;
    const yaml_char_t *anchor = NULL, *tag = NULL;
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return config_yaml_fail(yaml, event->start_mark, "aliases are not supported; write the value out");
    case YAML_SCALAR_EVENT:
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
        if (memchr(event->data.scalar.value, '\0', event->data.scalar.length) != NULL) {
            return config_yaml_fail(yaml, event->start_mark, "a text must not hold a NUL character");
        }
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
        break;
    default: break;
    }
    if (anchor != NULL || tag != NULL) {
        return config_yaml_fail(yaml, event->start_mark, "%s are not supported; write the plain value",
                                anchor != NULL ? "anchors" : "tags");
    }
    return STATUS_OK;
}

const char *config_yaml_scalar(const struct config_yaml *yaml) {
    return (const char *)yaml->event.data.scalar.value;
}

bool config_yaml_is_null(const struct config_yaml *yaml) {
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    if (yaml->event.type != YAML_SCALAR_EVENT || yaml->event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE) {
        return false;
    }
    for (size_t i = 0; i < sizeof nulls / sizeof *nulls; i++) {
        if (strcmp(config_yaml_scalar(yaml), nulls[i]) == 0) {
            return true;
        }
    }
    return false;
}

struct config_place config_yaml_place(yaml_mark_t mark) {
    return (struct config_place){(uint32_t)mark.line + 1, (uint32_t)mark.column + 1};
}

enum status config_yaml_refuse_merge(const struct config_yaml *yaml) {
    if (strcmp(config_yaml_scalar(yaml), "<<") != 0) return STATUS_OK;
    return config_yaml_fail(yaml, yaml->event.start_mark, "merge keys are not supported; write the values out");
}

/* --- the document --------------------------------------------------------------------------------- */

enum status config_yaml_open(struct config_yaml *yaml, const char *name, struct slice text, struct error *error) {
    *yaml = (struct config_yaml){.name = name, .error = error};
    /* libyaml would count the byte order mark as a column and misread what is indented by none */
    size_t mark_bytes = slice_starts_with(text, SLICE("\xEF\xBB\xBF")) ? 3 : 0;
    yaml->text = (struct slice){text.ptr + mark_bytes, text.len - mark_bytes};
    if (!yaml_parser_initialize(&yaml->parser)) return config_yaml_fail_memory(yaml);
    /* said, not detected: a byte order mark of UTF-16 is no UTF-8 */
    yaml_parser_set_encoding(&yaml->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&yaml->parser, (const unsigned char *)yaml->text.ptr, yaml->text.len);
    return refuse_tag_directives(yaml);
}

void config_yaml_close(struct config_yaml *yaml) {
    yaml_event_delete(&yaml->event);
    yaml_parser_delete(&yaml->parser);
}

enum status config_yaml_begin(struct config_yaml *yaml) {
    enum status status = config_yaml_next(yaml); /* the stream's start */
    if (status == STATUS_OK) status = config_yaml_next(yaml);
    if (status != STATUS_OK || yaml->event.type == YAML_STREAM_END_EVENT) return status;
    return config_yaml_next(yaml);
}

enum status config_yaml_end(struct config_yaml *yaml) {
    enum status status = config_yaml_next(yaml); /* the document's end */
    if (status == STATUS_OK) status = config_yaml_next(yaml);
    if (status != STATUS_OK || yaml->event.type == YAML_STREAM_END_EVENT) return status;
    return config_yaml_fail(yaml, yaml->event.start_mark, "expected one document, got a second one");
}

/* --- trees ---------------------------------------------------------------------------------------- */

/* The current event, a scalar or the start of a list or mapping, as a node. */
static struct config_node *event_node(const struct config_yaml *yaml, struct arena *arena) {
    const yaml_event_t *event = &yaml->event;
    enum config_kind kind = event->type == YAML_SEQUENCE_START_EVENT  ? CONFIG_LIST
                            : event->type == YAML_MAPPING_START_EVENT ? CONFIG_MAPPING
                            : config_yaml_is_null(yaml)               ? CONFIG_NULL
                                                                      : CONFIG_TEXT;
    struct slice text = {0};
    if (kind == CONFIG_TEXT) text = (struct slice){config_yaml_scalar(yaml), event->data.scalar.length};
    return config_node_new(arena, kind, text, config_yaml_place(event->start_mark));
}

/* The current event as the key of a member of `mapping`; steps to the event behind it. */
static enum status read_member_key(struct config_yaml *yaml, struct arena *arena, const struct config_node *mapping,
                                   struct config_node *named) {
    yaml_mark_t mark = yaml->event.start_mark;
    if (yaml->event.type != YAML_SCALAR_EVENT) return config_yaml_fail(yaml, mark, "a key must be a text");
    if (config_yaml_refuse_merge(yaml) != STATUS_OK) return STATUS_USAGE;
    if (config_node_member(mapping, config_yaml_scalar(yaml)) != NULL)
        return config_yaml_fail(yaml, mark, "%s is given twice", option_value_shown(config_yaml_scalar(yaml)).text);
    if (mapping->count == CONFIG_MEMBERS_MAX)
        return config_yaml_fail(yaml, mark, "expected at most %u keys, got more", CONFIG_MEMBERS_MAX);
    named->key = arena_copy(arena, (struct slice){config_yaml_scalar(yaml), yaml->event.data.scalar.length});
    named->key_place = config_yaml_place(mark);
    return named->key.ptr != NULL ? config_yaml_next(yaml) : config_yaml_fail_memory(yaml);
}

static bool is_end(const struct config_yaml *yaml) {
    return yaml->event.type == YAML_SEQUENCE_END_EVENT || yaml->event.type == YAML_MAPPING_END_EVENT;
}

/* The current event as a node, behind its key if it is a member. */
static enum status read_node(struct config_yaml *yaml, struct arena *arena, struct config_node *parent,
                             struct config_node **node) {
    struct config_node named = {0};
    enum status status = STATUS_OK;
    if (parent != NULL && parent->kind == CONFIG_MAPPING) status = read_member_key(yaml, arena, parent, &named);
    if (status != STATUS_OK) return status;
    *node = event_node(yaml, arena);
    if (*node == NULL) return config_yaml_fail_memory(yaml);
    (*node)->key = named.key;
    (*node)->key_place = named.key_place;
    if (parent != NULL) config_node_append(parent, *node);
    return STATUS_OK;
}

enum status config_yaml_read_tree(struct config_yaml *yaml, struct arena *arena, const struct config_node **root) {
    struct config_node *at = NULL; /* the list or mapping that is being filled */
    unsigned depth = 0;
    enum status status = STATUS_OK;
    do {
        if (at != NULL && is_end(yaml)) {
            at = at->parent;
            depth--;
        } else {
            yaml_mark_t mark = yaml->event.start_mark;
            struct config_node *node;
            status = read_node(yaml, arena, at, &node);
            if (status != STATUS_OK) return status;
            if (*root == NULL) *root = node;
            bool opens = node->kind == CONFIG_LIST || node->kind == CONFIG_MAPPING;
            if (opens && ++depth > CONFIG_DEPTH_MAX)
                return config_yaml_fail(yaml, mark,
                                        "expected at most %u lists and mappings inside one another, got more",
                                        CONFIG_DEPTH_MAX);
            if (opens) at = node;
        }
        if (at != NULL) status = config_yaml_next(yaml);
    } while (at != NULL && status == STATUS_OK);
    return status;
}

enum status config_tree_from_yaml(struct arena *arena, const char *name, struct slice text,
                                  const struct config_node **root, struct error *error) {
    struct config_yaml yaml;
    *root = NULL;
    enum status status = config_yaml_open(&yaml, name, text, error);
    if (status == STATUS_OK) status = config_yaml_begin(&yaml);
    bool empty = status == STATUS_OK && yaml.event.type == YAML_STREAM_END_EVENT;
    if (status == STATUS_OK && !empty) status = config_yaml_read_tree(&yaml, arena, root);
    if (status == STATUS_OK && !empty) status = config_yaml_end(&yaml);
    config_yaml_close(&yaml);
    return status;
}
