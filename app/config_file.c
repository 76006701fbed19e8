/* The config file, walked event by event.
 *
 * Options are three levels deep at most (mapping, list, mapping), so that reading them needs no recursion; sections become trees.
 *
 * Threads: main thread only, before others start. */
#define _GNU_SOURCE
#include "app/config_file.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/slice.h"
#include "config/config_yaml.h"
#include "config/nearest.h"
#include "config/whole_file.h"
#include "ingest/listen_url.h"
#include "schemas/limits.h"

/* Keys that are promised for the file and not built: told apart from a typing error. A row of the option table
 * with such a name comes first. */
static const char *const later_keys[] = {"residency", "rate", "outputs", "filter"};
static const char *const later_input_keys[] = {"follow", "format", "kafka"};
static const char *const section_keys[CONFIG_SECTIONS] = {[CONFIG_CHAINS] = "chains", [CONFIG_SELECT] = "select"};

struct reader {
    struct config_yaml yaml;
    struct option_values *values;
    struct config_sections *sections;
};

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

/* Beside each input of the file stands the name of its chain, or nothing. */
static enum status add_input_chain(struct reader *reader, struct config_node *chain) {
    struct config_sections *sections = reader->sections;
    if (sections->input_chains == NULL)
        sections->input_chains = config_node_new(&sections->arena, CONFIG_LIST, (struct slice){0},
                                                 (struct config_place){0});
    if (chain == NULL)
        chain = config_node_new(&sections->arena, CONFIG_NULL, (struct slice){0}, (struct config_place){0});
    if (sections->input_chains == NULL || chain == NULL) return config_yaml_fail_memory(&reader->yaml);
    config_node_append(sections->input_chains, chain);
    return STATUS_OK;
}

static enum status read_input_chain(struct reader *reader, struct config_node **chain) {
    yaml_mark_t mark = reader->yaml.event.start_mark;
    if (reader->yaml.event.type != YAML_SCALAR_EVENT || config_yaml_is_null(&reader->yaml))
        return config_yaml_fail(&reader->yaml, mark, "inputs: chain: expected the name of a chain");
    struct slice name = {config_yaml_scalar(&reader->yaml), reader->yaml.event.data.scalar.length};
    *chain = config_node_new(&reader->sections->arena, CONFIG_TEXT, name, config_yaml_place(mark));
    return *chain != NULL ? STATUS_OK : config_yaml_fail_memory(&reader->yaml);
}

#define LISTEN_URL_BYTES_MAX 128u

/* {listen: ADDRESS:PORT, proxy: off|v1|v2|auto} as the URL that the command line has; the current event comes before the mapping. */
static enum status read_tcp_mapping(struct reader *reader, struct option_slot *slot) {
    static const char *const known[] = {"listen", "proxy"};
    const char *values[2] = {NULL, NULL};
    enum status status = config_yaml_next(&reader->yaml);
    if (status != STATUS_OK) return status;
    yaml_mark_t start = reader->yaml.event.start_mark;
    if (reader->yaml.event.type != YAML_MAPPING_START_EVENT)
        return config_yaml_fail(&reader->yaml, start,
                                "inputs: expected tcp: {listen: ADDRESS:PORT, proxy: off|v1|v2|auto}");
    while ((status = config_yaml_next(&reader->yaml)) == STATUS_OK &&
           reader->yaml.event.type != YAML_MAPPING_END_EVENT) {
        yaml_mark_t mark = reader->yaml.event.start_mark;
        if (reader->yaml.event.type != YAML_SCALAR_EVENT)
            return config_yaml_fail(&reader->yaml, mark, "inputs: a key must be a text");
        const char *key = config_yaml_scalar(&reader->yaml);
        size_t index = strcmp(key, known[0]) == 0 ? 0 : 1;
        if (strcmp(key, known[index]) != 0) return fail_unknown_key(reader, nearest_word(key, known, 2));
        if (values[index] != NULL) return config_yaml_fail(&reader->yaml, mark, "\"%s\" is given twice", known[index]);
        status = config_yaml_next(&reader->yaml);
        if (status != STATUS_OK) return status;
        if (reader->yaml.event.type != YAML_SCALAR_EVENT || config_yaml_is_null(&reader->yaml))
            return config_yaml_fail(&reader->yaml, reader->yaml.event.start_mark, "%s: expected one value",
                                    known[index]);
        values[index] = option_values_copy(reader->values, config_yaml_scalar(&reader->yaml),
                                           reader->yaml.event.data.scalar.length);
        if (values[index] == NULL) return config_yaml_fail_memory(&reader->yaml);
    }
    if (status != STATUS_OK) return status;
    if (values[0] == NULL) return config_yaml_fail(&reader->yaml, start, "inputs: expected {listen: ADDRESS:PORT}");
    char url[LISTEN_URL_BYTES_MAX];
    int bytes = snprintf(url, sizeof url, "tcp://%s%s%s", values[0], values[1] != NULL ? "?proxy=" : "",
                         values[1] != NULL ? values[1] : "");
    if (bytes >= (int)sizeof url) return config_yaml_fail(&reader->yaml, start, "inputs: no such address");
    struct listen_url parsed;
    struct error reason;
    status = listen_url_parse(url, &parsed, &reason);
    if (status != STATUS_OK) return config_yaml_fail(&reader->yaml, start, "%s", reason.message);
    const char *text = option_values_copy(reader->values, url, (size_t)bytes);
    status = text == NULL ? STATUS_FAILED : option_values_set(reader->values, slot, OPTION_FROM_FILE, text, &reason);
    if (status == STATUS_FAILED) return config_yaml_fail_memory(&reader->yaml);
    return status == STATUS_OK ? STATUS_OK : config_yaml_fail(&reader->yaml, start, "inputs: %s", reason.message);
}

/* {path: TEXT} or {tcp: {...}}, with {chain: NAME} or without; the current event is the start of the mapping. */
static enum status read_input_mapping(struct reader *reader, struct option_slot *slot) {
    enum { PATH, TCP, CHAIN, KNOWN };
    static const char *const known[KNOWN] = {"path", "tcp", "chain"};
    yaml_mark_t start = reader->yaml.event.start_mark;
    bool met[KNOWN] = {false};
    struct config_node *chain = NULL;
    enum status status;
    while ((status = config_yaml_next(&reader->yaml)) == STATUS_OK &&
           reader->yaml.event.type != YAML_MAPPING_END_EVENT) {
        if (reader->yaml.event.type != YAML_SCALAR_EVENT)
            return config_yaml_fail(&reader->yaml, reader->yaml.event.start_mark, "inputs: a key must be a text");
        const char *key = config_yaml_scalar(&reader->yaml);
        if (is_word_of(later_input_keys, sizeof later_input_keys / sizeof *later_input_keys, key))
            return config_yaml_fail(&reader->yaml, reader->yaml.event.start_mark,
                                    "inputs: \"%s\" is not built into this version", key);
        if (!is_word_of(known, KNOWN, key)) return fail_unknown_key(reader, nearest_word(key, known, KNOWN));
        unsigned index = strcmp(key, known[PATH]) == 0 ? PATH : strcmp(key, known[TCP]) == 0 ? TCP : CHAIN;
        if (met[index])
            return config_yaml_fail(&reader->yaml, reader->yaml.event.start_mark, "\"%s\" is given twice",
                                    known[index]);
        met[index] = true;
        if (met[PATH] && met[TCP])
            return config_yaml_fail(&reader->yaml, reader->yaml.event.start_mark,
                                    "inputs: a path and a tcp are two items of the list");
        status = index == TCP ? read_tcp_mapping(reader, slot) : config_yaml_next(&reader->yaml);
        if (status == STATUS_OK && index == PATH) status = set_scalar(reader, slot);
        if (status == STATUS_OK && index == CHAIN) status = read_input_chain(reader, &chain);
        if (status != STATUS_OK) return status;
    }
    if (status != STATUS_OK) return status;
    return met[PATH] || met[TCP] ? add_input_chain(reader, chain)
                                 : config_yaml_fail(&reader->yaml, start,
                                                    "inputs: expected {path: TEXT} or {tcp: {listen: ADDRESS:PORT}}");
}

static enum status read_item(struct reader *reader, struct option_slot *slot) {
    bool mapping = reader->yaml.event.type == YAML_MAPPING_START_EVENT;
    if (mapping && slot == &reader->values->inputs) {
        return read_input_mapping(reader, slot);
    }
    if (mapping && strcmp(slot->spec->name, "output") == 0) {
        return config_yaml_fail(&reader->yaml, reader->yaml.event.start_mark,
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
        if (is_word_of(later_keys, sizeof later_keys / sizeof *later_keys, key)) {
            return config_yaml_fail(&reader->yaml, mark, "\"%s\" is not built into this version", key);
        }
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
