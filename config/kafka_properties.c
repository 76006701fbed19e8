/* The table of what is refused, and the checks.
 *
 * rd_kafka_conf_properties_show() prints librdkafka's manual as a table with a row per property: the only interface that lists names,
 * ranges, and whether a property is of consumers or of producers. Properties that it hides (test.mock.*) count as unknown.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "config/kafka_properties.h"

#include <fnmatch.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "config/config_text.h"
#include "config/nearest.h"
#include "schemas/limits.h"

#define KNOWN_MAX 512u
#define RANGE_SHOWN_BYTES_MAX 100

/* --- what is refused ------------------------------------------------------------------------------ */

struct rule {
    const char *names;   /* a glob */
    const char *allowed; /* the values that are taken, with | between; NULL: none */
    const char *why;     /* NULL: the property is a secret */
};

#define OWN_OFFSETS "wherefrom commits offsets itself, behind what has settled"
#define OWN_MEMORY "--memory-max says how much memory there is"
#define NO_LOSS "a message is sent again until it is there"
#define INTERNAL "it can be set by a program only"
#define LOADS_CODE "it loads code into the program"

/* The first row that fits counts. */
/* clang-format off */
static const struct rule rules[] = {
    {"sasl.password", NULL, NULL},
    {"ssl.key.password", NULL, NULL},
    {"ssl.key.pem", NULL, NULL},
    {"ssl.keystore.password", NULL, NULL},
    {"sasl.oauthbearer.client.secret", NULL, NULL},
    {"sasl.oauthbearer.config", NULL, NULL}, /* mechanisms of others put passwords there */
    /* said elsewhere */
    {"bootstrap.servers", NULL, "the brokers stand in the URL, in the config under `brokers`"},
    {"metadata.broker.list", NULL, "the brokers stand in the URL, in the config under `brokers`"},
    {"group.id", NULL, "the group stands in the URL (?group=NAME), in the config under `group`"},
    {"auto.offset.reset", NULL, "where to start stands in the URL (?start=earliest), in the config under `start`"},
    {"transactional.id", NULL, "it is made of the group and --instance"},
    /* reading */
    {"enable.auto.commit", "false", OWN_OFFSETS},
    {"auto.commit.enable", "false", OWN_OFFSETS},
    {"enable.auto.offset.store", "false", OWN_OFFSETS},
    {"auto.commit.interval.ms", NULL, OWN_OFFSETS},
    {"offset.store.*", NULL, OWN_OFFSETS},
    {"isolation.level", "read_committed", "what a transaction took back must not be read"},
    {"partition.assignment.strategy", "cooperative-sticky", "all members of a group must agree, and partitions that stay are read on"},
    {"group.protocol.type", "consumer", "other groups have no partitions"},
    {"enable.partition.eof", "false", "the end of a partition is no message"},
    {"consume.callback.max.messages", NULL, INTERNAL},
    /* writing */
    {"enable.idempotence", "true", "without it what is sent again is there twice"},
    {"acks", "all|-1", "a message counts as written when all replicas have it"},
    {"request.required.acks", "all|-1", "a message counts as written when all replicas have it"},
    {"max.in.flight*", "1|2|3|4|5", "with more, what is sent again may be there twice or out of order"},
    {"message.timeout.ms", NULL, NO_LOSS},
    {"delivery.timeout.ms", NULL, NO_LOSS},
    {"message.send.max.retries", NULL, NO_LOSS},
    {"retries", NULL, NO_LOSS},
    {"queuing.strategy", "fifo", "a client's records keep their order"},
    {"msg_order_cmp", NULL, INTERNAL},
    {"transaction.timeout.ms", NULL, "readers wait so long behind a process that was killed, and wherefrom's own bounds rest on it"},
    {"delivery.report.only.error", "false", "offsets are committed behind what was delivered"},
    /* memory */
    {"queued.max.messages.kbytes", NULL, OWN_MEMORY},
    {"fetch.max.bytes", NULL, OWN_MEMORY},
    {"fetch.message.max.bytes", NULL, OWN_MEMORY},
    {"max.partition.fetch.bytes", NULL, OWN_MEMORY},
    {"receive.message.max.bytes", NULL, OWN_MEMORY},
    {"queue.buffering.max.messages", NULL, OWN_MEMORY},
    {"queue.buffering.max.kbytes", NULL, OWN_MEMORY},
    /* the program's own business */
    {"api.version.request", "true", "brokers from before 0.10 know no transactions"},
    {"api.version.fallback.ms", NULL, "brokers from before 0.10 know no transactions"},
    {"broker.version.fallback", NULL, "brokers from before 0.10 know no transactions"},
    {"statistics.interval.ms", NULL, "the figures that wherefrom shows are its own"},
    {"log.queue", "false", "messages for people go to stderr"},
    {"internal.termination.signal", NULL, "signals end the run in order"},
    {"plugin.library.paths", NULL, LOADS_CODE},
    {"ssl.engine.*", NULL, LOADS_CODE},
    {"ssl.providers", NULL, LOADS_CODE},
    {"enabled_events", NULL, INTERNAL},
    {"interceptors", NULL, INTERNAL},
    {"opaque", NULL, INTERNAL},
    {"default_topic_conf", NULL, INTERNAL},
    {"builtin.features", NULL, INTERNAL},
    {"ssl_*", NULL, INTERNAL},
    {"*_cb", NULL, INTERNAL},
};
/* clang-format on */

static const struct rule *rule_of(const char *name) {
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (fnmatch(rules[i].names, name, 0) == 0) return &rules[i];
    return NULL;
}

/* Whether `value` is one of "a|b". librdkafka takes booleans and names in any case, and booleans as t, 1, f, 0 too; those are refused
 * here, which harms nobody. */
static bool is_one_of(const char *value, const char *words) {
    struct slice rest = slice_from(words);
    while (rest.ptr != NULL) {
        struct slice word = slice_cut(&rest, '|');
        if (word.len == strlen(value) && strncasecmp(word.ptr, value, word.len) == 0) return true;
    }
    return false;
}

/* --- what librdkafka knows ------------------------------------------------------------------------ */

struct known {
    const char *name;
    struct slice range; /* "10 .. 300000", "true, false"; empty: anything */
    bool consumer, producer;
};

struct manual {
    char *text;
    struct known items[KNOWN_MAX];
    size_t count;
    rd_kafka_conf_t *scratch;
};

static struct slice cell(char **row) {
    char *text = strsep(row, "|");
    size_t bytes = text != NULL ? strlen(text) : 0;
    while (bytes > 0 && *text == ' ') text++, bytes--;
    while (bytes > 0 && text[bytes - 1] == ' ') bytes--;
    return (struct slice){text, bytes};
}

/* One row of the manual; a heading has another second cell. */
static void read_row(struct manual *manual, char *row) {
    struct slice name = cell(&row), kind = cell(&row), range = cell(&row);
    bool both = slice_equal(kind, SLICE("*"));
    struct known known = {.name = name.ptr,
                          .range = range,
                          .consumer = both || slice_equal(kind, SLICE("C")),
                          .producer = both || slice_equal(kind, SLICE("P"))};
    if ((!known.consumer && !known.producer) || manual->count == KNOWN_MAX) return;
    ((char *)(uintptr_t)name.ptr)[name.len] = '\0';
    manual->items[manual->count++] = known;
}

static bool manual_open(struct manual *manual) {
    size_t bytes;
    manual->count = 0;
    manual->scratch = rd_kafka_conf_new();
    manual->text = NULL;
    FILE *out = open_memstream(&manual->text, &bytes);
    if (out == NULL) return false;
    rd_kafka_conf_properties_show(out);
    if (fclose(out) != 0) return false;
    for (char *rest = manual->text, *row; (row = strsep(&rest, "\n")) != NULL;) read_row(manual, row);
    return true;
}

static void manual_close(struct manual *manual) {
    rd_kafka_conf_destroy(manual->scratch);
    free(manual->text);
}

static const struct known *manual_find(const struct manual *manual, struct slice name) {
    for (size_t i = 0; i < manual->count; i++)
        if (slice_equal(slice_from(manual->items[i].name), name)) return &manual->items[i];
    return NULL;
}

static const char *nearest_name(const struct manual *manual, const char *name) {
    const char *names[KNOWN_MAX];
    size_t count = 0;
    for (size_t i = 0; i < manual->count; i++) {
        const struct rule *rule = rule_of(manual->items[i].name);
        if (rule == NULL || rule->allowed != NULL || rule->why == NULL) names[count++] = manual->items[i].name;
    }
    return nearest_word(name, names, count);
}

/* --- one property --------------------------------------------------------------------------------- */

struct loader {
    struct arena *arena;
    const struct problem_scope *scope;
    const struct manual *manual;
};

static const struct slice endings[] = {
    [TEXT_PLAIN] = {"", 0}, [TEXT_FROM_ENVIRONMENT] = {"_env", 4}, [TEXT_FROM_FILE] = {"_file", 5}};

/* The property that a key names, and where its value comes from. */
static const struct known *read_name(const struct loader *loader, const struct config_node *member,
                                     enum text_source *source) {
    for (unsigned i = TEXT_PLAIN; i <= TEXT_FROM_FILE; i++) {
        if (!slice_ends_with(member->key, endings[i])) continue;
        *source = (enum text_source)i;
        struct slice name = {member->key.ptr, member->key.len - endings[i].len};
        const struct known *known = manual_find(loader->manual, name);
        if (known != NULL) return known;
    }
    const char *near = nearest_name(loader->manual, member->key.ptr);
    (void)problem_report(loader->scope, member, "librdkafka %s knows no property %s%s%s%s", rd_kafka_version_str(),
                         option_value_shown(member->key.ptr).text, near != NULL ? ", did you mean \"" : "",
                         near != NULL ? near : "", near != NULL ? "\"?" : "");
    return NULL;
}

static bool check_rule(const struct loader *loader, const struct config_node *member, const char *name,
                       const char *value) {
    const struct rule *rule = rule_of(name);
    if (rule == NULL || rule->why == NULL) return true;
    if (rule->allowed == NULL) return problem_report(loader->scope, member, "%s: refused: %s", name, rule->why);
    return is_one_of(value, rule->allowed) ||
           problem_report(loader->scope, member, "%s: only %s is taken: %s", name, rule->allowed, rule->why);
}

/* librdkafka's own message would show the value. */
static bool check_value(const struct loader *loader, const struct config_node *member, const struct known *known,
                        const char *value) {
    char ignored[512];
    if (rd_kafka_conf_set(loader->manual->scratch, known->name, value, ignored, sizeof ignored) == RD_KAFKA_CONF_OK)
        return true;
    if (known->range.len == 0)
        return problem_report(loader->scope, member, "%s: librdkafka does not take this value", known->name);
    return problem_report(loader->scope, member, "%s: expected %.*s%s", known->name,
                          known->range.len > RANGE_SHOWN_BYTES_MAX ? RANGE_SHOWN_BYTES_MAX : (int)known->range.len,
                          known->range.ptr, known->range.len > RANGE_SHOWN_BYTES_MAX ? "..." : "");
}

static bool load_property(const struct loader *loader, const struct config_node *member,
                          struct kafka_property *property) {
    enum text_source source = TEXT_PLAIN;
    const char *value = NULL;
    const struct known *known = read_name(loader, member, &source);
    if (known == NULL) return false;
    const struct rule *rule = rule_of(known->name);
    if (rule != NULL && rule->why == NULL && source == TEXT_PLAIN)
        return problem_report(loader->scope, member,
                              "%s: a secret must not stand here; write %s_env and the name of an environment variable, "
                              "or %s_file and the path of a file",
                              known->name, known->name, known->name);
    if (!config_text_read(loader->arena, loader->scope, member, source, &value)) return false;
    ASSERT(value != NULL);
    if (!check_rule(loader, member, known->name, value) || !check_value(loader, member, known, value)) return false;
    struct slice name = arena_copy(loader->arena, slice_from(known->name));
    *property = (struct kafka_property){name.ptr, value, known->consumer, known->producer};
    return name.ptr != NULL || problem_no_memory(loader->scope);
}

bool kafka_properties_load(struct arena *arena, const struct problem_scope *scope, const struct config_node *mapping,
                           struct kafka_properties *properties) {
    if (mapping->kind != CONFIG_MAPPING)
        return problem_report(scope, mapping, "expected properties of librdkafka such as {client.id: web}, got %s",
                              config_node_kind_name(mapping));
    if (mapping->count > KAFKA_PROPERTIES_MAX - properties->count)
        return problem_report(scope, mapping, "expected at most %u properties, got more", KAFKA_PROPERTIES_MAX);
    struct kafka_property *items = arena_take(arena, KAFKA_PROPERTIES_MAX * sizeof *items);
    struct manual manual;
    bool readable = manual_open(&manual) && items != NULL, good = readable || problem_no_memory(scope);
    const struct loader loader = {arena, scope, &manual};
    size_t count = properties->count;
    if (readable && count > 0) memcpy(items, properties->items, count * sizeof *items);
    for (const struct config_node *member = mapping->first; readable && member != NULL; member = member->next)
        good = load_property(&loader, member, &items[count++]) && good;
    manual_close(&manual);
    if (good) *properties = (struct kafka_properties){items, count};
    return good;
}
