/* URLs become mappings first (config/kafka_url.h), so every check stands here once.
 *
 * Threads: see the header. */
#include "config/kafka_settings.h"

#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "config/config_text.h"
#include "config/host_port.h"
#include "config/kafka_properties.h"
#include "config/kafka_url.h"
#include "schemas/limits.h"

#define PORT_DEFAULT "9092"

static const char name_bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

struct loader {
    struct arena *arena;
    const char *file; /* the config's name */
    struct problem_scope scope;
    struct kafka_properties common; /* of --librdkafka */
};

/* --- texts ---------------------------------------------------------------------------------------- */

static bool is_name(const struct config_node *node) {
    return config_text_is(node) && node->text.len <= KAFKA_NAME_BYTES_MAX &&
           strspn(node->text.ptr, name_bytes) == node->text.len && !config_node_is(node, ".") &&
           !config_node_is(node, "..");
}

static bool check_name(const struct loader *loader, const struct config_node *node, const char *what) {
    return is_name(node) ||
           problem_report(&loader->scope, node,
                          "%s: expected a name of letters, digits, and . _ - with at most %u bytes, got %s", what,
                          KAFKA_NAME_BYTES_MAX, config_text_shown(node).text);
}

/* A list as it is, or a text cut at its commas; NULL after a report. */
static const struct config_node *as_list(const struct loader *loader, const struct config_node *node) {
    if (node->kind == CONFIG_LIST) return node;
    if (!config_text_is(node)) {
        (void)problem_report(&loader->scope, node, "%s: expected a list, or a text with commas, got %s", node->key.ptr,
                             config_text_shown(node).text);
        return NULL;
    }
    struct config_node *list = config_node_new(loader->arena, CONFIG_LIST, (struct slice){0}, node->place);
    struct slice rest = node->text;
    while (list != NULL && rest.ptr != NULL) {
        struct config_node *item = config_node_new(loader->arena, CONFIG_TEXT, slice_cut(&rest, ','), node->place);
        if (item == NULL) {
            list = NULL;
        } else {
            config_node_append(list, item);
        }
    }
    if (list == NULL) (void)problem_no_memory(&loader->scope);
    return list;
}

/* The member of that name; NULL after a report. */
static const struct config_node *needed(const struct loader *loader, const struct config_node *mapping, const char *key,
                                        const char *example) {
    const struct config_node *node = config_node_member(mapping, key);
    if (node == NULL) (void)problem_report(&loader->scope, mapping, "no \"%s\": write %s: %s", key, key, example);
    return node;
}

/* --- brokers -------------------------------------------------------------------------------------- */

static bool load_brokers(const struct loader *loader, const struct config_node *mapping, const char **brokers) {
    const struct config_node *node = needed(loader, mapping, "brokers", "[HOST:PORT, HOST:PORT]");
    const struct config_node *list = node != NULL ? as_list(loader, node) : NULL;
    if (list == NULL) return false;
    if (list->count == 0 || list->count > KAFKA_BROKERS_MAX)
        return problem_report(&loader->scope, node, "brokers: expected 1 to %u, got %u", KAFKA_BROKERS_MAX,
                              list->count);
    char *text = arena_take(loader->arena, list->count * (HOST_BYTES_MAX + sizeof ",:65535"));
    if (text == NULL) return problem_no_memory(&loader->scope);
    size_t used = 0;
    for (const struct config_node *item = list->first; item != NULL; item = item->next) {
        struct slice host, port;
        if (!config_text_is(item) || !host_port_read(item->text, &host, &port))
            return problem_report(&loader->scope, item,
                                  "brokers: expected HOST:PORT, with an IPv6 address in brackets, got %s",
                                  config_text_shown(item).text);
        used += (size_t)sprintf(text + used, "%s%.*s:%.*s", used > 0 ? "," : "", (int)host.len, host.ptr,
                                port.len > 0 ? (int)port.len : (int)strlen(PORT_DEFAULT),
                                port.len > 0 ? port.ptr : PORT_DEFAULT);
    }
    *brokers = text;
    return true;
}

/* --- a cluster ------------------------------------------------------------------------------------ */

/* Those of --librdkafka that this kind of client knows, and the cluster's own. */
static bool load_properties(struct loader *loader, const struct config_node *own, bool consumer,
                            struct kafka_cluster *cluster) {
    struct kafka_properties all = loader->common;
    if (own != NULL && !kafka_properties_load(loader->arena, &loader->scope, own, &all)) return false;
    struct kafka_property *kept = arena_take(loader->arena, all.count * sizeof *kept);
    if (kept == NULL) return problem_no_memory(&loader->scope);
    cluster->properties = kept;
    for (size_t i = 0; i < all.count; i++) {
        if (consumer ? all.items[i].consumer : all.items[i].producer) {
            kept[cluster->properties_count++] = all.items[i];
        } else if (i >= loader->common.count) {
            return problem_report(&loader->scope, own, "%s: has no meaning here, only for %s", all.items[i].name,
                                  consumer ? "an output" : "an input");
        }
    }
    return true;
}

static bool load_cluster(struct loader *loader, const struct config_node *mapping, bool consumer,
                         struct kafka_cluster *cluster) {
    bool good = load_brokers(loader, mapping, &cluster->brokers);
    return load_properties(loader, config_node_member(mapping, "librdkafka"), consumer, cluster) && good;
}

/* --- input ---------------------------------------------------------------------------------------- */

static bool check_regex(const struct loader *loader, const struct config_node *node) {
    regex_t compiled;
    char reason[128];
    if (node->text.len > KAFKA_REGEX_BYTES_MAX)
        return problem_report(&loader->scope, node, "topics: expected a regular expression of at most %u bytes",
                              KAFKA_REGEX_BYTES_MAX);
    int code = regcomp(&compiled, node->text.ptr, REG_EXTENDED | REG_NOSUB); /* as librdkafka does */
    if (code == 0) {
        regfree(&compiled);
        return true;
    }
    regerror(code, &compiled, reason, sizeof reason);
    return problem_report(&loader->scope, node, "topics: %s is no regular expression: %s", config_text_shown(node).text,
                          reason);
}

static bool load_topics(const struct loader *loader, const struct config_node *mapping, struct kafka_input *input) {
    const struct config_node *node = needed(loader, mapping, "topics", "[NAME, \"^REGEX\"]");
    const struct config_node *list = node != NULL ? as_list(loader, node) : NULL;
    if (list == NULL) return false;
    if (list->count == 0 || list->count > KAFKA_TOPICS_MAX)
        return problem_report(&loader->scope, node, "topics: expected 1 to %u, got %u", KAFKA_TOPICS_MAX, list->count);
    const char **topics = arena_take(loader->arena, list->count * sizeof *topics);
    if (topics == NULL) return problem_no_memory(&loader->scope);
    bool good = true;
    for (const struct config_node *item = list->first; item != NULL; item = item->next) {
        bool regex = config_text_is(item) && item->text.ptr[0] == '^';
        good = (regex ? check_regex(loader, item) : check_name(loader, item, "topics")) && good;
        for (size_t i = 0; good && i < input->topics_count; i++)
            if (config_node_is(item, topics[i]))
                good = problem_report(&loader->scope, item, "topics: %s is given twice", config_text_shown(item).text);
        topics[input->topics_count++] = item->text.ptr;
    }
    input->topics = topics;
    return good;
}

static bool load_group(const struct loader *loader, const struct config_node *mapping, struct kafka_input *input) {
    const struct config_node *node = config_node_member(mapping, "group");
    input->group = node != NULL ? node->text.ptr : KAFKA_GROUP_USUAL;
    return node == NULL || check_name(loader, node, "group");
}

static bool load_start(const struct loader *loader, const struct config_node *mapping, struct kafka_input *input) {
    static const struct option_spec time = {.kind = OPTION_TIME};
    const struct config_node *node = config_node_member(mapping, "start");
    union option_value value;
    if (node == NULL || config_node_is(node, "earliest")) return true;
    input->start = config_node_is(node, "latest") ? KAFKA_START_LATEST : KAFKA_START_TIME;
    if (input->start == KAFKA_START_LATEST) return true;
    if (!config_text_is(node) || option_value_parse(&time, node->text.ptr, &value, NULL) != STATUS_OK)
        return problem_report(&loader->scope, node,
                              "start: expected earliest, latest, or a UTC time such as 2025-12-01 or "
                              "2025-12-01T10:00:00Z, got %s",
                              config_text_shown(node).text);
    input->start_ms = (value.time_ns + 999999) / 1000000;
    return true;
}

/* Whether a format is one is for whoever uses it to say. */
static bool load_formats(const struct loader *loader, const struct config_node *mapping, struct kafka_input *input) {
    const struct config_node *node = config_node_member(mapping, "formats");
    if (node == NULL) return true;
    if (node->kind != CONFIG_MAPPING || node->count > KAFKA_TOPICS_MAX)
        return problem_report(&loader->scope, node,
                              "formats: expected a mapping such as {\"alb-*\": alb_access} of at most %u members",
                              KAFKA_TOPICS_MAX);
    struct kafka_format_rule *rules = arena_take(loader->arena, node->count * sizeof *rules);
    if (rules == NULL) return problem_no_memory(&loader->scope);
    bool good = true;
    for (const struct config_node *member = node->first; member != NULL; member = member->next) {
        if (!config_text_is(member))
            good = problem_report(&loader->scope, member, "formats: expected GLOB: FORMAT, got %s",
                                  config_text_shown(member).text);
        rules[input->formats_count++] = (struct kafka_format_rule){member->key.ptr, member->text.ptr};
    }
    input->formats = rules;
    return good;
}

static bool load_input(struct loader *loader, const struct config_node *mapping, struct kafka_input *input) {
    static const char *const known[] = {"brokers", "topics", "group", "start", "formats", "librdkafka"};
    bool good = problem_check_keys(&loader->scope, mapping, known, sizeof known / sizeof known[0]);
    good = load_cluster(loader, mapping, true, &input->cluster) && good;
    good = load_topics(loader, mapping, input) && good;
    good = load_group(loader, mapping, input) && good;
    good = load_start(loader, mapping, input) && good;
    return load_formats(loader, mapping, input) && good;
}

/* --- output and rejects --------------------------------------------------------------------------- */

static bool load_topic(const struct loader *loader, const struct config_node *mapping, const char **topic) {
    const struct config_node *node = needed(loader, mapping, "topic", "NAME");
    if (node == NULL || !check_name(loader, node, "topic")) return false;
    *topic = node->text.ptr;
    return true;
}

static bool load_output(struct loader *loader, const struct config_node *mapping, struct kafka_output *output) {
    static const char *const known[] = {"brokers", "topic", "librdkafka"};
    bool good = problem_check_keys(&loader->scope, mapping, known, sizeof known / sizeof known[0]);
    good = load_cluster(loader, mapping, false, &output->cluster) && good;
    return load_topic(loader, mapping, &output->records_topic) && good;
}

/* Rejects go where the records go, when those go to Kafka: one producer, one transaction. `has_output`: they do. */
static bool load_rejects(struct loader *loader, const struct config_node *mapping, bool has_output,
                         struct kafka_output *output) {
    static const char *const known[] = {"brokers", "topic"};
    struct kafka_cluster cluster = {0};
    bool good = problem_check_keys(&loader->scope, mapping, known, sizeof known / sizeof known[0]);
    if (config_node_member(mapping, "brokers") != NULL) {
        good = load_cluster(loader, mapping, false, &cluster) && good;
    } else if (!has_output) {
        return problem_report(&loader->scope, mapping, "no \"brokers\", and the output is no topic that has some");
    }
    good = load_topic(loader, mapping, &output->rejects_topic) && good;
    if (!good) return false;
    if (!has_output) output->cluster = cluster;
    if (cluster.brokers != NULL && strcmp(cluster.brokers, output->cluster.brokers) != 0)
        return problem_report(&loader->scope, mapping,
                              "rejects go to the output's cluster, %s; write the same brokers, or a file",
                              output->cluster.brokers);
    return output->records_topic == NULL || strcmp(output->records_topic, output->rejects_topic) != 0 ||
           problem_report(&loader->scope, mapping, "records and rejects must have topics of their own");
}

/* --- all of it ------------------------------------------------------------------------------------ */

/* The mapping of a place, under its key or made of the URL; NULL: there is none, or a report was made. */
static const struct config_node *tree_of(struct loader *loader, const char *what, const struct kafka_place *place,
                                         bool one_topic) {
    const struct config_node *mapping = place->node != NULL ? config_node_member(place->node, "kafka") : NULL;
    loader->scope.file = place->node != NULL ? loader->file : NULL;
    if (mapping == NULL) {
        problem_scope_set(&loader->scope, "%s %s", what,
                          strchr(place->text, '@') != NULL ? "kafka://..." : option_value_shown(place->text).text);
        return kafka_url_tree(loader->arena, &loader->scope, place->node, place->text, one_topic);
    }
    problem_scope_set(&loader->scope, "%s: kafka", what);
    if (mapping->kind == CONFIG_MAPPING) return mapping;
    (void)problem_report(&loader->scope, mapping, "expected a mapping with brokers and %s, got %s",
                         one_topic ? "a topic" : "topics", config_node_kind_name(mapping));
    return NULL;
}

static bool resolve_inputs(struct loader *loader, struct kafka_settings *settings,
                           const struct kafka_request *request) {
    const struct config_node *node = request->input_nodes != NULL ? request->input_nodes->first : NULL;
    for (size_t i = 0; i < request->inputs.count; i++, node = node != NULL ? node->next : NULL) {
        if (!kafka_url_is(request->inputs.items[i])) continue;
        const struct kafka_place place = {request->inputs.items[i], node};
        const struct config_node *mapping = tree_of(loader, "input", &place, false);
        if (mapping == NULL) return false;
        if (settings->has_input)
            return problem_report(&loader->scope, mapping,
                                  "is a second kafka:// input; list the topics of one cluster with commas, "
                                  "kafka://HOST:PORT/TOPIC,TOPIC, and start another wherefrom for another one");
        settings->has_input = true;
        settings->input_argument = i;
        if (!load_input(loader, mapping, &settings->input)) return false;
    }
    return true;
}

static bool resolve_outputs(struct loader *loader, struct kafka_settings *settings,
                            const struct kafka_request *request) {
    bool has_records = request->output.text != NULL && kafka_url_is(request->output.text);
    bool has_rejects = request->rejects.text != NULL && kafka_url_is(request->rejects.text);
    const struct config_node *mapping = NULL;
    settings->has_output = has_records || has_rejects;
    settings->has_rollups = request->rollups.text != NULL && kafka_url_is(request->rollups.text);
    if (settings->has_rollups) {
        mapping = tree_of(loader, "rollups", &request->rollups, true);
        if (mapping == NULL || !load_output(loader, mapping, &settings->rollups)) return false;
    }
    if (has_records) {
        mapping = tree_of(loader, "output", &request->output, true);
        if (mapping == NULL || !load_output(loader, mapping, &settings->output)) return false;
    }
    if (!has_rejects) return true;
    mapping = tree_of(loader, "rejects", &request->rejects, true);
    return mapping != NULL && load_rejects(loader, mapping, has_records, &settings->output);
}

/* --librdkafka KEY=VALUE as a mapping. */
static bool resolve_common(struct loader *loader, const struct kafka_request *request) {
    struct problem_scope *scope = &loader->scope;
    problem_scope_set(scope, "--librdkafka");
    struct config_node *mapping = config_node_new(loader->arena, CONFIG_MAPPING, (struct slice){0},
                                                  (struct config_place){0});
    if (mapping == NULL) return problem_no_memory(scope);
    for (size_t i = 0; i < request->properties.count; i++) {
        const char *pair = request->properties.items[i];
        size_t key_bytes = strcspn(pair, "=");
        if (pair[key_bytes] == '\0') return problem_report(scope, NULL, "expected KEY=VALUE");
        struct config_node *member = config_node_new(loader->arena, CONFIG_TEXT, slice_from(pair + key_bytes + 1),
                                                     (struct config_place){0});
        if (member == NULL) return problem_no_memory(scope);
        member->key = arena_copy(loader->arena, (struct slice){pair, key_bytes});
        if (member->key.ptr == NULL) return problem_no_memory(scope);
        config_node_append(mapping, member);
    }
    return mapping->count == 0 || kafka_properties_load(loader->arena, scope, mapping, &loader->common);
}

static bool check_instance(const struct loader *loader, const char *instance) {
    struct problem_scope scope = {.problems = loader->scope.problems, .where = "--instance"};
    const struct loader outside = {.scope = scope};
    if (instance == NULL) return true;
    const struct config_node node = {.kind = CONFIG_TEXT, .text = slice_from(instance)};
    return check_name(&outside, &node, "NAME");
}

/* --- how they go together ------------------------------------------------------------------------- */

static bool is_read(const struct kafka_input *input, const char *topic) {
    for (size_t i = 0; i < input->topics_count; i++) {
        regex_t compiled;
        if (strcmp(input->topics[i], topic) == 0) return true;
        if (input->topics[i][0] != '^' || regcomp(&compiled, input->topics[i], REG_EXTENDED | REG_NOSUB) != 0) continue;
        bool matches = regexec(&compiled, topic, 0, NULL, 0) == 0;
        regfree(&compiled);
        if (matches) return true;
    }
    return false;
}

static bool same_cluster(const struct kafka_cluster *a, const struct kafka_cluster *b) {
    return a->brokers != NULL && b->brokers != NULL && strcmp(a->brokers, b->brokers) == 0;
}

/* A topic that is read and written grows for ever. Two names of one broker are not known as the same here. */
static bool check_circle(const struct loader *loader, const struct kafka_settings *settings) {
    const struct kafka_output *output = &settings->output, *rollups = &settings->rollups;
    const struct {
        const struct kafka_cluster *cluster;
        const char *topic;
    } written[] = {{&output->cluster, output->records_topic},
                   {&output->cluster, output->rejects_topic},
                   {&rollups->cluster, rollups->records_topic}};
    for (size_t i = 0; i < sizeof written / sizeof written[0]; i++)
        if (written[i].topic != NULL && same_cluster(written[i].cluster, &settings->input.cluster) &&
            is_read(&settings->input, written[i].topic))
            return problem_report(&loader->scope, NULL, "topic %s is written, and would be read again by the input",
                                  written[i].topic);
    for (size_t i = 0; i < 2; i++)
        if (written[i].topic != NULL && rollups->records_topic != NULL &&
            same_cluster(written[i].cluster, &rollups->cluster) &&
            strcmp(written[i].topic, rollups->records_topic) == 0)
            return problem_report(&loader->scope, NULL, "rollups: topic %s is where %s go; give them one of their own",
                                  written[i].topic, i == 0 ? "records" : "rejects");
    return true;
}

/* What is committed must be on disk, and a compressor always holds some back. */
static bool check_compression(const struct loader *loader, const struct kafka_settings *settings,
                              const struct kafka_request *request) {
    const char *const written[] = {request->output.text, request->rejects.text, request->rollups.text};
    for (size_t i = 0; settings->has_input && i < sizeof written / sizeof written[0]; i++)
        if (written[i] != NULL && strstr(written[i], "://") == NULL &&
            slice_ends_with(slice_from(written[i]), SLICE(".gz")))
            return problem_report(&loader->scope, NULL,
                                  "output: %s: offsets of a Kafka input are committed when records are on disk, and a "
                                  "compressor holds some back; write to a file without .gz",
                                  written[i]);
    return true;
}

bool kafka_settings_resolve(struct kafka_settings *settings, const struct kafka_request *request,
                            struct problems *problems) {
    *settings = (struct kafka_settings){0};
    struct loader loader = {.arena = &settings->arena, .file = request->file, .scope = {.problems = problems}};
    bool good = resolve_common(&loader, request);
    good = resolve_inputs(&loader, settings, request) && good;
    good = resolve_outputs(&loader, settings, request) && good;
    good = check_instance(&loader, request->instance) && good;
    loader.scope = (struct problem_scope){.problems = problems};
    return good && check_circle(&loader, settings) && check_compression(&loader, settings, request);
}

void kafka_settings_destroy(struct kafka_settings *settings) {
    arena_destroy(&settings->arena);
    *settings = (struct kafka_settings){0};
}

/* The text of a node or of a list's items with commas; returns the end. */
static char *put_texts(char *out, const struct config_node *node) {
    if (node == NULL) return out;
    if (node->kind == CONFIG_TEXT) return (char *)memcpy(out, node->text.ptr, node->text.len) + node->text.len;
    char *start = out;
    for (const struct config_node *item = node->first; item != NULL; item = item->next) {
        if (item->kind != CONFIG_TEXT) continue;
        if (out > start) *out++ = ',';
        out = (char *)memcpy(out, item->text.ptr, item->text.len) + item->text.len;
    }
    return out;
}

static size_t texts_bytes(const struct config_node *node) {
    size_t bytes = 0;
    if (node == NULL) return 0;
    for (const struct config_node *item = node->first; item != NULL; item = item->next) bytes += item->text.len + 1;
    return bytes + node->text.len;
}

const char *kafka_settings_name(struct arena *arena, const struct config_node *mapping) {
    static const char scheme[] = "kafka://";
    const struct config_node *brokers = config_node_member(mapping, "brokers");
    const struct config_node *topics = config_node_member(mapping, "topics");
    if (topics == NULL) topics = config_node_member(mapping, "topic");
    char *text = arena_take(arena, sizeof scheme + texts_bytes(brokers) + 1 + texts_bytes(topics));
    if (text == NULL) return NULL;
    char *end = put_texts((char *)memcpy(text, scheme, strlen(scheme)) + strlen(scheme), brokers);
    *end++ = '/';
    (void)put_texts(end, topics);
    return text;
}
