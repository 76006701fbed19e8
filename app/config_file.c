/* The config file, walked event by event.
 *
 * Options are three levels deep at most (mapping, list, mapping), so that reading them needs no recursion; sections become trees.
 *
 * Threads: main thread only, before others start. */
#define _GNU_SOURCE
#include "app/config_file.h"

#include <stdio.h>
#include <string.h>

#include "app/config_item.h"
#include "base/check.h"
#include "base/slice.h"
#include "base/whole_file.h"
#include "config/config_yaml.h"
#include "config/nearest.h"
#include "schemas/limits.h"

static const char *const section_keys[CONFIG_SECTIONS] = {
    [CONFIG_CHAINS] = "chains",   [CONFIG_SELECT] = "select", [CONFIG_RESIDENCY] = "residency",
    [CONFIG_OUTPUTS] = "outputs", [CONFIG_FILTER] = "filter", [CONFIG_RATE] = "rate"};

struct reader {
    struct config_yaml yaml;
    struct option_values *values;
    struct config_sections *sections;
};

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
    const char *key = config_yaml_scalar(&reader->yaml);
    if (config_yaml_refuse_merge(&reader->yaml) != STATUS_OK) return STATUS_USAGE;
    if (nearest == NULL) {
        return config_yaml_fail(&reader->yaml, reader->yaml.event.start_mark, "unknown key %s",
                                option_value_shown(key).text);
    }
    return config_yaml_fail(&reader->yaml, reader->yaml.event.start_mark, "unknown key %s, did you mean \"%s\"?",
                            option_value_shown(key).text, key_name(nearest).text);
}

#define PAIR_BYTES_MAX 1024u

/* Sets one value from the current event. */
static enum status set_scalar(struct reader *reader, struct option_slot *slot) {
    const struct option_spec *spec = slot->spec;
    yaml_mark_t mark = reader->yaml.event.start_mark;
    const struct key_name key = key_name(spec->name);
    if (reader->yaml.event.type != YAML_SCALAR_EVENT || config_yaml_is_null(&reader->yaml)) {
        const char *got = reader->yaml.event.type == YAML_SCALAR_EVENT           ? "nothing"
                          : reader->yaml.event.type == YAML_SEQUENCE_START_EVENT ? "a list"
                                                                                 : "a mapping";
        return config_yaml_fail(&reader->yaml, mark, "%s: expected one value, got %s", key.text, got);
    }
    const char *text = option_values_copy(reader->values, config_yaml_scalar(&reader->yaml),
                                          reader->yaml.event.data.scalar.length);
    if (text == NULL) {
        return config_yaml_fail_memory(&reader->yaml);
    }
    struct error reason;
    enum status status = option_values_set(reader->values, slot, OPTION_FROM_FILE, text, &reason);
    if (status == STATUS_FAILED) {
        return config_yaml_fail_memory(&reader->yaml);
    }
    return status == STATUS_OK ? STATUS_OK : config_yaml_fail(&reader->yaml, mark, "%s: %s", key.text, reason.message);
}

/* The mapping that begins with the current event, with its text set as the value of the slot. */
static enum status read_item_mapping(struct reader *reader, struct option_slot *slot,
                                     const struct config_node **mapping) {
    bool is_input = slot == &reader->values->inputs;
    struct arena *arena = &reader->sections->arena;
    struct config_item_fault fault;
    struct error reason;
    const char *text = NULL;
    enum status status = config_yaml_read_tree(&reader->yaml, arena, mapping);
    if (status != STATUS_OK) return status;
    fault.place = (*mapping)->place;
    status = is_input ? config_item_input(arena, *mapping, &text, &fault)
                      : config_item_output(arena, *mapping, &text, &fault);
    if (status == STATUS_OK) {
        status = option_values_set(reader->values, slot, OPTION_FROM_FILE, text, &reason);
        fault.reason = reason;
    }
    if (status == STATUS_FAILED) return config_yaml_fail_memory(&reader->yaml);
    const yaml_mark_t mark = {.line = fault.place.line - 1, .column = fault.place.column - 1};
    return status == STATUS_OK
               ? STATUS_OK
               : config_yaml_fail(&reader->yaml, mark, "%s: %s", key_name(slot->spec->name).text, fault.reason.message);
}

/* Beside each input of the file stands what the file says of it. */
static enum status add_input_node(struct reader *reader, struct config_node *node) {
    struct config_sections *sections = reader->sections;
    if (sections->inputs == NULL)
        sections->inputs = config_node_new(&sections->arena, CONFIG_LIST, (struct slice){0}, (struct config_place){0});
    if (sections->inputs == NULL || node == NULL) return config_yaml_fail_memory(&reader->yaml);
    config_node_append(sections->inputs, node);
    return STATUS_OK;
}

static enum status read_input(struct reader *reader, struct option_slot *slot) {
    struct config_sections *sections = reader->sections;
    const struct config_node *mapping = NULL;
    if (reader->yaml.event.type == YAML_MAPPING_START_EVENT) {
        enum status status = read_item_mapping(reader, slot, &mapping);
        /* the tree's owner is the only one that changes it */
        return status == STATUS_OK ? add_input_node(reader, (struct config_node *)(uintptr_t)mapping) : status;
    }
    struct config_place place = config_yaml_place(reader->yaml.event.start_mark);
    enum status status = set_scalar(reader, slot);
    if (status != STATUS_OK) return status;
    return add_input_node(
        reader, config_node_new(&sections->arena, CONFIG_TEXT, slice_from(config_yaml_scalar(&reader->yaml)), place));
}

static enum status read_item(struct reader *reader, struct option_slot *slot) {
    if (slot == &reader->values->inputs) return read_input(reader, slot);
    bool mapping = reader->yaml.event.type == YAML_MAPPING_START_EVENT;
    if (mapping && strcmp(slot->spec->name, "output") == 0)
        return read_item_mapping(reader, slot, &reader->sections->output);
    if (mapping && strcmp(slot->spec->name, "rejects") == 0)
        return read_item_mapping(reader, slot, &reader->sections->rejects);
    if (mapping && strcmp(slot->spec->name, "rollups") == 0)
        return read_item_mapping(reader, slot, &reader->sections->rollups);
    return set_scalar(reader, slot);
}

/* {KEY: TEXT, ...} as the list of KEY=TEXT that the command line has; the current event is the start of the mapping. */
static enum status read_pairs(struct reader *reader, struct option_slot *slot) {
    char pair[PAIR_BYTES_MAX];
    enum status status;
    option_values_start_list(slot, OPTION_FROM_FILE);
    while ((status = config_yaml_next(&reader->yaml)) == STATUS_OK &&
           reader->yaml.event.type != YAML_MAPPING_END_EVENT) {
        yaml_mark_t mark = reader->yaml.event.start_mark;
        const char *name = key_name(slot->spec->name).text;
        if (reader->yaml.event.type != YAML_SCALAR_EVENT)
            return config_yaml_fail(&reader->yaml, mark, "%s: a key must be a text", name);
        size_t bytes = (size_t)snprintf(pair, sizeof pair, "%s=", config_yaml_scalar(&reader->yaml));
        status = config_yaml_next(&reader->yaml);
        if (status != STATUS_OK) return status;
        if (reader->yaml.event.type != YAML_SCALAR_EVENT || config_yaml_is_null(&reader->yaml))
            return config_yaml_fail(&reader->yaml, reader->yaml.event.start_mark, "%s: expected a text", name);
        if (bytes + reader->yaml.event.data.scalar.length >= sizeof pair)
            return config_yaml_fail(&reader->yaml, mark, "%s: longer than %u bytes", name, (unsigned)sizeof pair);
        memcpy(pair + bytes, config_yaml_scalar(&reader->yaml), reader->yaml.event.data.scalar.length);
        const char *text = option_values_copy(reader->values, pair, bytes + reader->yaml.event.data.scalar.length);
        struct error reason;
        status = text == NULL ? STATUS_FAILED
                              : option_values_set(reader->values, slot, OPTION_FROM_FILE, text, &reason);
        if (status == STATUS_FAILED) return config_yaml_fail_memory(&reader->yaml);
        if (status != STATUS_OK) return config_yaml_fail(&reader->yaml, mark, "%s: %s", name, reason.message);
    }
    return status;
}

static enum status read_value(struct reader *reader, struct option_slot *slot) {
    if (reader->yaml.event.type == YAML_MAPPING_START_EVENT && slot->spec->pairs) return read_pairs(reader, slot);
    if (reader->yaml.event.type != YAML_SEQUENCE_START_EVENT || slot->spec->kind != OPTION_LIST) {
        return read_item(reader, slot);
    }
    option_values_start_list(slot, OPTION_FROM_FILE);
    enum status status;
    while ((status = config_yaml_next(&reader->yaml)) == STATUS_OK &&
           reader->yaml.event.type != YAML_SEQUENCE_END_EVENT) {
        status = read_item(reader, slot);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return status;
}

/* --- sections ------------------------------------------------------------------------------------- */

/* Reads the section that the current event, a key, names; false: it names none. */
static bool read_section(struct reader *reader, enum status *status) {
    for (unsigned i = 0; i < CONFIG_SECTIONS && reader->yaml.event.type == YAML_SCALAR_EVENT; i++) {
        if (strcmp(config_yaml_scalar(&reader->yaml), section_keys[i]) != 0) continue;
        if (reader->sections->trees[i] != NULL) {
            *status = config_yaml_fail(&reader->yaml, reader->yaml.event.start_mark, "\"%s\" is given twice",
                                       section_keys[i]);
        } else {
            *status = config_yaml_next(&reader->yaml);
            if (*status == STATUS_OK)
                *status = config_yaml_read_tree(&reader->yaml, &reader->sections->arena, &reader->sections->trees[i]);
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
    yaml_mark_t mark = reader->yaml.event.start_mark;
    if (reader->yaml.event.type != YAML_SCALAR_EVENT) {
        return config_yaml_fail(&reader->yaml, mark, "a key must be the name of an option");
    }
    const char *key = config_yaml_scalar(&reader->yaml);
    *slot = option_values_find(reader->values, key, strlen(key), true);
    if (*slot == NULL) {
        return fail_unknown_key(reader, nearest_key(reader, key));
    }
    if ((*slot)->spec->cli_only) {
        return config_yaml_fail(&reader->yaml, mark, "\"%s\" is for the command line only", key);
    }
    if ((*slot)->in_file) {
        return config_yaml_fail(&reader->yaml, mark, "\"%s\" is given twice", key_name((*slot)->spec->name).text);
    }
    (*slot)->in_file = true;
    return STATUS_OK;
}

static enum status read_mapping(struct reader *reader) {
    enum status status;
    while ((status = config_yaml_next(&reader->yaml)) == STATUS_OK &&
           reader->yaml.event.type != YAML_MAPPING_END_EVENT) {
        struct option_slot *slot = NULL;
        if (read_section(reader, &status)) {
            if (status != STATUS_OK) return status;
            continue;
        }
        status = read_key(reader, &slot);
        if (status == STATUS_OK) {
            status = config_yaml_next(&reader->yaml);
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

static enum status read_document(struct reader *reader) {
    enum status status = config_yaml_begin(&reader->yaml);
    if (status != STATUS_OK || reader->yaml.event.type == YAML_STREAM_END_EVENT) return status;
    if (reader->yaml.event.type == YAML_MAPPING_START_EVENT) {
        status = read_mapping(reader);
    } else if (!config_yaml_is_null(&reader->yaml)) {
        return config_yaml_fail(&reader->yaml, reader->yaml.event.start_mark,
                                "expected options as \"name: value\", one a line");
    }
    return status == STATUS_OK ? config_yaml_end(&reader->yaml) : status;
}

void config_sections_destroy(struct config_sections *sections) {
    arena_destroy(&sections->arena);
    *sections = (struct config_sections){0};
}

enum status config_file_read(const char *path, struct option_values *values, struct config_sections *sections,
                             struct error *error) {
    struct reader reader = {.values = values, .sections = sections};
    struct slice text;
    struct error reason;
    enum status status = whole_file_read(path, CONFIG_BYTES_MAX, &text, &reason);
    if (status != STATUS_OK) return error_set(error, status, "config: %.400s: %s", path, reason.message);
    status = config_yaml_open(&reader.yaml, path, text, &reason);
    if (status == STATUS_OK) status = read_document(&reader);
    config_yaml_close(&reader.yaml);
    whole_file_free(text);
    return status == STATUS_OK ? STATUS_OK : error_set(error, status, "config: %s", reason.message);
}
