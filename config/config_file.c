/* The config file, walked event by event.
 *
 * libyaml's event interface and not its document tree: each event has its line and column, anchors and tags are
 * seen before anything is built from them, and the walk ends at the first mistake. Options are three levels deep at
 * most (mapping, list, mapping); sections become trees of at most CONFIG_DEPTH_MAX levels, and nodes know their parents:
 * neither needs recursion.
 *
 * Threads: main thread only, before others start. */
#define _GNU_SOURCE
#include "config/config_file.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/check.h"
#include "base/slice.h"
#include "config/nearest.h"
#include "config/whole_file.h"
#include "schemas/limits.h"

/* Keys that are promised for the file and not built: told apart from a typing error. A row of the option table
 * with such a name comes first. */
static const char *const later_keys[] = {"residency", "rate", "outputs", "filter"};
static const char *const later_input_keys[] = {"follow", "format", "kafka", "tcp"};
static const char *const section_keys[CONFIG_SECTIONS] = {[CONFIG_CHAINS] = "chains", [CONFIG_SELECT] = "select"};

struct reader {
    const char *path;
    const char *text; /* the whole file */
    size_t text_bytes;
    yaml_parser_t parser;
    yaml_event_t event; /* the current one */
    struct option_values *values;
    struct config_sections *sections;
    struct error *error;
};

__attribute__((format(printf, 3, 4))) static enum status fail_at(const struct reader *reader, yaml_mark_t mark,
                                                                 const char *format, ...) {
    char what[ERROR_MESSAGE_BYTES_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return error_set(reader->error, STATUS_USAGE, "config: %.400s:%zu:%zu: %s", reader->path, mark.line + 1,
                     mark.column + 1, what);
}

static enum status fail_memory(const struct reader *reader) {
    return error_set(reader->error, STATUS_FAILED, "config: %.400s: out of memory", reader->path);
}

/* libyaml knows the byte but not the line when the bytes are no UTF-8. */
static yaml_mark_t mark_of_byte(const struct reader *reader, size_t offset) {
    yaml_mark_t mark = {0};
    for (size_t i = 0; i < offset && i < reader->text_bytes; i++) {
        unsigned char byte = (unsigned char)reader->text[i];
        mark.column += (byte & 0xC0u) != 0x80u;
        if (byte == '\n') {
            mark.line++;
            mark.column = 0;
        }
    }
    return mark;
}

static enum status fail_yaml(const struct reader *reader) {
    const yaml_parser_t *parser = &reader->parser;
    if (parser->error == YAML_MEMORY_ERROR) {
        return fail_memory(reader);
    }
    const char *problem = parser->problem != NULL ? parser->problem : "not YAML";
    if (parser->error == YAML_READER_ERROR) {
        return fail_at(reader, mark_of_byte(reader, parser->problem_offset), "not UTF-8 text: %s", problem);
    }
    return fail_at(reader, parser->problem_mark, "%s%s%s", problem, parser->context != NULL ? " " : "",
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
static enum status refuse_tag_directives(const struct reader *reader) {
    static const char directive[] = "%TAG";
    const char *at = reader->text, *end = reader->text + reader->text_bytes;
    while ((at = memmem(at, (size_t)(end - at), directive, strlen(directive))) != NULL) {
        if (at_line_start(reader->text, at)) {
            return fail_at(reader, mark_of_byte(reader, (size_t)(at - reader->text)),
                           "tag directives are not supported");
        }
        at += strlen(directive);
    }
    return STATUS_OK;
}

/* Steps to the next event, and refuses what could name or build other things than plain texts. */
static enum status next(struct reader *reader) {
    yaml_event_delete(&reader->event);
    if (!yaml_parser_parse(&reader->parser, &reader->event)) {
        return fail_yaml(reader);
    }
    const yaml_event_t *event = &reader->event;
    const yaml_char_t *anchor = NULL, *tag = NULL;
    switch (event->type) {
    case YAML_ALIAS_EVENT: return fail_at(reader, event->start_mark, "aliases are not supported; write the value out");
    case YAML_SCALAR_EVENT:
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
        if (memchr(event->data.scalar.value, '\0', event->data.scalar.length) != NULL) {
            return fail_at(reader, event->start_mark, "a text must not hold a NUL character");
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
        return fail_at(reader, event->start_mark, "%s are not supported; write the plain value",
                       anchor != NULL ? "anchors" : "tags");
    }
    return STATUS_OK;
}

/* The text of the current event, a scalar. */
static const char *scalar(const struct reader *reader) {
    return (const char *)reader->event.data.scalar.value;
}

/* YAML's null: a key with nothing behind it. */
static bool is_null(const struct reader *reader) {
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    if (reader->event.type != YAML_SCALAR_EVENT || reader->event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE) {
        return false;
    }
    for (size_t i = 0; i < sizeof nulls / sizeof *nulls; i++) {
        if (strcmp(scalar(reader), nulls[i]) == 0) {
            return true;
        }
    }
    return false;
}

static struct config_place place_of(yaml_mark_t mark) {
    return (struct config_place){(uint32_t)mark.line + 1, (uint32_t)mark.column + 1};
}

static bool is_word_of(const char *const *words, size_t words_count, const char *word) {
    for (size_t i = 0; i < words_count; i++) {
        if (strcmp(words[i], word) == 0) {
            return true;
        }
    }
    return false;
}

/* An option's name as it is written here. */
struct key_name {
    char text[64];
};
static struct key_name key_name(const char *name) {
    struct key_name key;
    snprintf(key.text, sizeof key.text, "%s", name);
    for (char *at = key.text; *at != '\0'; at++) {
        if (*at == '-') {
            *at = '_';
        }
    }
    return key;
}

static enum status fail_unknown_key(const struct reader *reader, const char *nearest) {
    const char *key = scalar(reader);
    if (strcmp(key, "<<") == 0) {
        return fail_at(reader, reader->event.start_mark, "merge keys are not supported; write the values out");
    }
    if (nearest == NULL) {
        return fail_at(reader, reader->event.start_mark, "unknown key %s", option_value_shown(key).text);
    }
    return fail_at(reader, reader->event.start_mark, "unknown key %s, did you mean \"%s\"?",
                   option_value_shown(key).text, key_name(nearest).text);
}

#define PAIR_BYTES_MAX 1024u

/* Sets one value from the current event. */
static enum status set_scalar(struct reader *reader, struct option_slot *slot) {
    const struct option_spec *spec = slot->spec;
    yaml_mark_t mark = reader->event.start_mark;
    const struct key_name key = key_name(spec->name);
    if (reader->event.type != YAML_SCALAR_EVENT || is_null(reader)) {
        const char *got = reader->event.type == YAML_SCALAR_EVENT           ? "nothing"
                          : reader->event.type == YAML_SEQUENCE_START_EVENT ? "a list"
                                                                            : "a mapping";
        return fail_at(reader, mark, "%s: expected one value, got %s", key.text, got);
    }
    const char *text = option_values_copy(reader->values, scalar(reader), reader->event.data.scalar.length);
    if (text == NULL) {
        return fail_memory(reader);
    }
    struct error reason;
    enum status status = option_values_set(reader->values, slot, OPTION_FROM_FILE, text, &reason);
    if (status == STATUS_FAILED) {
        return fail_memory(reader);
    }
    return status == STATUS_OK ? STATUS_OK : fail_at(reader, mark, "%s: %s", key.text, reason.message);
}

/* Beside each input of the file stands the name of its chain, or nothing. */
static enum status add_input_chain(struct reader *reader, struct config_node *chain) {
    struct config_sections *sections = reader->sections;
    if (sections->input_chains == NULL)
        sections->input_chains = config_node_new(&sections->arena, CONFIG_LIST, (struct slice){0},
                                                 (struct config_place){0});
    if (chain == NULL)
        chain = config_node_new(&sections->arena, CONFIG_NULL, (struct slice){0}, (struct config_place){0});
    if (sections->input_chains == NULL || chain == NULL) return fail_memory(reader);
    config_node_append(sections->input_chains, chain);
    return STATUS_OK;
}

static enum status read_input_chain(struct reader *reader, struct config_node **chain) {
    yaml_mark_t mark = reader->event.start_mark;
    if (reader->event.type != YAML_SCALAR_EVENT || is_null(reader))
        return fail_at(reader, mark, "inputs: chain: expected the name of a chain");
    struct slice name = {scalar(reader), reader->event.data.scalar.length};
    *chain = config_node_new(&reader->sections->arena, CONFIG_TEXT, name, place_of(mark));
    return *chain != NULL ? STATUS_OK : fail_memory(reader);
}

/* {path: TEXT, chain: NAME}; the current event is the start of the mapping. */
static enum status read_input_mapping(struct reader *reader, struct option_slot *slot) {
    enum { PATH, CHAIN, KNOWN };
    static const char *const known[KNOWN] = {"path", "chain"};
    yaml_mark_t start = reader->event.start_mark;
    bool met[KNOWN] = {false};
    struct config_node *chain = NULL;
    enum status status;
    while ((status = next(reader)) == STATUS_OK && reader->event.type != YAML_MAPPING_END_EVENT) {
        if (reader->event.type != YAML_SCALAR_EVENT)
            return fail_at(reader, reader->event.start_mark, "inputs: a key must be a text");
        const char *key = scalar(reader);
        if (is_word_of(later_input_keys, sizeof later_input_keys / sizeof *later_input_keys, key))
            return fail_at(reader, reader->event.start_mark, "inputs: \"%s\" is not built into this version", key);
        if (!is_word_of(known, KNOWN, key)) return fail_unknown_key(reader, nearest_word(key, known, KNOWN));
        unsigned index = strcmp(key, known[PATH]) == 0 ? PATH : CHAIN;
        if (met[index]) return fail_at(reader, reader->event.start_mark, "\"%s\" is given twice", known[index]);
        met[index] = true;
        status = next(reader);
        if (status == STATUS_OK) status = index == PATH ? set_scalar(reader, slot) : read_input_chain(reader, &chain);
        if (status != STATUS_OK) return status;
    }
    if (status != STATUS_OK) return status;
    return met[PATH] ? add_input_chain(reader, chain)
                     : fail_at(reader, start, "inputs: expected {path: TEXT} or {path: TEXT, chain: NAME}");
}

static enum status read_item(struct reader *reader, struct option_slot *slot) {
    bool mapping = reader->event.type == YAML_MAPPING_START_EVENT;
    if (mapping && slot == &reader->values->inputs) {
        return read_input_mapping(reader, slot);
    }
    if (mapping && strcmp(slot->spec->name, "output") == 0) {
        return fail_at(reader, reader->event.start_mark,
                       "output: a mapping is not built into this version; write the output as a text");
    }
    enum status status = set_scalar(reader, slot);
    return status == STATUS_OK && slot == &reader->values->inputs ? add_input_chain(reader, NULL) : status;
}

/* {KEY: TEXT, ...} as the list of KEY=TEXT that the command line has; the current event is the start of the mapping. */
static enum status read_pairs(struct reader *reader, struct option_slot *slot) {
    char pair[PAIR_BYTES_MAX];
    enum status status;
    option_values_start_list(slot, OPTION_FROM_FILE);
    while ((status = next(reader)) == STATUS_OK && reader->event.type != YAML_MAPPING_END_EVENT) {
        yaml_mark_t mark = reader->event.start_mark;
        const char *name = key_name(slot->spec->name).text;
        if (reader->event.type != YAML_SCALAR_EVENT) return fail_at(reader, mark, "%s: a key must be a text", name);
        size_t bytes = (size_t)snprintf(pair, sizeof pair, "%s=", scalar(reader));
        status = next(reader);
        if (status != STATUS_OK) return status;
        if (reader->event.type != YAML_SCALAR_EVENT || is_null(reader))
            return fail_at(reader, reader->event.start_mark, "%s: expected a text", name);
        if (bytes + reader->event.data.scalar.length >= sizeof pair)
            return fail_at(reader, mark, "%s: longer than %u bytes", name, (unsigned)sizeof pair);
        memcpy(pair + bytes, scalar(reader), reader->event.data.scalar.length);
        const char *text = option_values_copy(reader->values, pair, bytes + reader->event.data.scalar.length);
        struct error reason;
        status = text == NULL ? STATUS_FAILED
                              : option_values_set(reader->values, slot, OPTION_FROM_FILE, text, &reason);
        if (status == STATUS_FAILED) return fail_memory(reader);
        if (status != STATUS_OK) return fail_at(reader, mark, "%s: %s", name, reason.message);
    }
    return status;
}

static enum status read_value(struct reader *reader, struct option_slot *slot) {
    if (reader->event.type == YAML_MAPPING_START_EVENT && slot->spec->pairs) return read_pairs(reader, slot);
    if (reader->event.type != YAML_SEQUENCE_START_EVENT || slot->spec->kind != OPTION_LIST) {
        return read_item(reader, slot);
    }
    option_values_start_list(slot, OPTION_FROM_FILE);
    enum status status;
    while ((status = next(reader)) == STATUS_OK && reader->event.type != YAML_SEQUENCE_END_EVENT) {
        status = read_item(reader, slot);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return status;
}

/* --- sections ------------------------------------------------------------------------------------- */

/* The current event, a scalar or the start of a list or mapping, as a node. */
static struct config_node *event_node(const struct reader *reader) {
    const yaml_event_t *event = &reader->event;
    enum config_kind kind = event->type == YAML_SEQUENCE_START_EVENT  ? CONFIG_LIST
                            : event->type == YAML_MAPPING_START_EVENT ? CONFIG_MAPPING
                            : is_null(reader)                         ? CONFIG_NULL
                                                                      : CONFIG_TEXT;
    struct slice text = {0};
    if (kind == CONFIG_TEXT) text = (struct slice){scalar(reader), event->data.scalar.length};
    return config_node_new(&reader->sections->arena, kind, text, place_of(event->start_mark));
}

/* The current event as the key of a member of `mapping`, and the event behind it. */
static enum status read_member_key(struct reader *reader, const struct config_node *mapping, struct slice *key,
                                   struct config_place *place) {
    yaml_mark_t mark = reader->event.start_mark;
    if (reader->event.type != YAML_SCALAR_EVENT) return fail_at(reader, mark, "a key must be a text");
    if (strcmp(scalar(reader), "<<") == 0) return fail_unknown_key(reader, NULL);
    if (config_node_member(mapping, scalar(reader)) != NULL)
        return fail_at(reader, mark, "%s is given twice", option_value_shown(scalar(reader)).text);
    if (mapping->count == CONFIG_MEMBERS_MAX)
        return fail_at(reader, mark, "expected at most %u keys, got more", CONFIG_MEMBERS_MAX);
    *key = arena_copy(&reader->sections->arena, (struct slice){scalar(reader), reader->event.data.scalar.length});
    *place = place_of(mark);
    return key->ptr != NULL ? next(reader) : fail_memory(reader);
}

static bool is_end(const struct reader *reader) {
    return reader->event.type == YAML_SEQUENCE_END_EVENT || reader->event.type == YAML_MAPPING_END_EVENT;
}

/* The current event as a node, behind its key if it is a member. */
static enum status read_node(struct reader *reader, struct config_node *parent, struct config_node **node) {
    struct slice key = {0};
    struct config_place key_place = {0};
    enum status status = STATUS_OK;
    if (parent != NULL && parent->kind == CONFIG_MAPPING) status = read_member_key(reader, parent, &key, &key_place);
    if (status != STATUS_OK) return status;
    *node = event_node(reader);
    if (*node == NULL) return fail_memory(reader);
    (*node)->key = key;
    (*node)->key_place = key_place;
    if (parent != NULL) config_node_append(parent, *node);
    return STATUS_OK;
}

/* The value that begins with the current event. `at` is the list or mapping that is being filled. */
static enum status read_tree(struct reader *reader, const struct config_node **root) {
    struct config_node *at = NULL;
    unsigned depth = 0;
    enum status status = STATUS_OK;
    do {
        if (at != NULL && is_end(reader)) {
            at = at->parent;
            depth--;
        } else {
            yaml_mark_t mark = reader->event.start_mark;
            struct config_node *node;
            status = read_node(reader, at, &node);
            if (status != STATUS_OK) return status;
            if (*root == NULL) *root = node;
            bool opens = node->kind == CONFIG_LIST || node->kind == CONFIG_MAPPING;
            if (opens && ++depth > CONFIG_DEPTH_MAX)
                return fail_at(reader, mark, "expected at most %u lists and mappings inside one another, got more",
                               CONFIG_DEPTH_MAX);
            if (opens) at = node;
        }
        if (at != NULL) status = next(reader);
    } while (at != NULL && status == STATUS_OK);
    return status;
}

/* Reads the section that the current event, a key, names; false: it names none. */
static bool read_section(struct reader *reader, enum status *status) {
    for (unsigned i = 0; i < CONFIG_SECTIONS && reader->event.type == YAML_SCALAR_EVENT; i++) {
        if (strcmp(scalar(reader), section_keys[i]) != 0) continue;
        if (reader->sections->trees[i] != NULL) {
            *status = fail_at(reader, reader->event.start_mark, "\"%s\" is given twice", section_keys[i]);
        } else {
            *status = next(reader);
            if (*status == STATUS_OK) *status = read_tree(reader, &reader->sections->trees[i]);
        }
        return true;
    }
    return false;
}

/* --- the file ------------------------------------------------------------------------------------- */

/* The nearest key to `word` among options and sections. */
static const char *nearest_key(const struct reader *reader, const char *word) {
    const char *option = option_values_nearest(reader->values, word, true);
    const char *section = nearest_word(word, section_keys, CONFIG_SECTIONS);
    if (option == NULL || section == NULL) return option != NULL ? option : section;
    return nearest_word(word, (const char *const[]){option, section}, 2);
}

/* The slot that the current event, a key, names. */
static enum status read_key(struct reader *reader, struct option_slot **slot) {
    yaml_mark_t mark = reader->event.start_mark;
    if (reader->event.type != YAML_SCALAR_EVENT) {
        return fail_at(reader, mark, "a key must be the name of an option");
    }
    const char *key = scalar(reader);
    *slot = option_values_find(reader->values, key, strlen(key), true);
    if (*slot == NULL) {
        if (is_word_of(later_keys, sizeof later_keys / sizeof *later_keys, key)) {
            return fail_at(reader, mark, "\"%s\" is not built into this version", key);
        }
        return fail_unknown_key(reader, nearest_key(reader, key));
    }
    if ((*slot)->spec->cli_only) {
        return fail_at(reader, mark, "\"%s\" is for the command line only", key);
    }
    if ((*slot)->in_file) {
        return fail_at(reader, mark, "\"%s\" is given twice", key_name((*slot)->spec->name).text);
    }
    (*slot)->in_file = true;
    return STATUS_OK;
}

static enum status read_mapping(struct reader *reader) {
    enum status status;
    while ((status = next(reader)) == STATUS_OK && reader->event.type != YAML_MAPPING_END_EVENT) {
        struct option_slot *slot = NULL;
        if (read_section(reader, &status)) {
            if (status != STATUS_OK) return status;
            continue;
        }
        status = read_key(reader, &slot);
        if (status == STATUS_OK) {
            status = next(reader);
        }
        if (status == STATUS_OK) {
            ASSERT(slot != NULL);
            status = read_value(reader, slot);
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    return status;
}

/* stream start, then nothing or one document, then stream end */
static enum status read_stream(struct reader *reader) {
    enum status status = next(reader);
    if (status == STATUS_OK) {
        status = next(reader);
    }
    if (status != STATUS_OK || reader->event.type == YAML_STREAM_END_EVENT) {
        return status;
    }
    status = next(reader);
    if (status != STATUS_OK) {
        return status;
    }
    if (reader->event.type == YAML_MAPPING_START_EVENT) {
        status = read_mapping(reader);
    } else if (!is_null(reader)) {
        return fail_at(reader, reader->event.start_mark, "expected options as \"name: value\", one a line");
    }
    if (status == STATUS_OK) {
        status = next(reader); /* the document's end */
    }
    if (status == STATUS_OK) {
        status = next(reader);
    }
    if (status == STATUS_OK && reader->event.type != YAML_STREAM_END_EVENT) {
        return fail_at(reader, reader->event.start_mark, "expected one document, got a second one");
    }
    return status;
}

void config_sections_destroy(struct config_sections *sections) {
    arena_destroy(&sections->arena);
    *sections = (struct config_sections){0};
}

enum status config_file_read(const char *path, struct option_values *values, struct config_sections *sections,
                             struct error *error) {
    struct reader reader = {.path = path, .values = values, .sections = sections, .error = error};
    struct slice text;
    struct error reason;
    enum status status = whole_file_read(path, CONFIG_BYTES_MAX, &text, &reason);
    if (status != STATUS_OK) return error_set(error, status, "config: %.400s: %s", path, reason.message);
    if (!yaml_parser_initialize(&reader.parser)) {
        whole_file_free(text);
        return fail_memory(&reader);
    }
    /* libyaml would count the byte order mark as a column and misread what is indented by none */
    size_t mark_bytes = slice_starts_with(text, SLICE("\xEF\xBB\xBF")) ? 3 : 0;
    reader.text = text.ptr + mark_bytes;
    reader.text_bytes = text.len - mark_bytes;
    /* said, not detected: a byte order mark of UTF-16 is no UTF-8 */
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)reader.text, reader.text_bytes);
    status = refuse_tag_directives(&reader);
    if (status == STATUS_OK) status = read_stream(&reader);
    yaml_event_delete(&reader.event);
    yaml_parser_delete(&reader.parser);
    whole_file_free(text);
    return status;
}
