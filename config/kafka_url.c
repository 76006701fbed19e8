/* Cuts the URL at its separators first and decodes what is between them, so that an encoded separator is none.
 *
 * Threads: see the header. */
#include "config/kafka_url.h"

#include <string.h>

#include "base/percent.h"
#include "config/option_value.h"

static const char scheme[] = "kafka://";

struct builder {
    struct arena *arena;
    const struct problem_scope *scope;
    const struct config_node *at;
};

bool kafka_url_is(const char *text) {
    return strncmp(text, scheme, strlen(scheme)) == 0;
}

static struct config_node *new_node(const struct builder *builder, enum config_kind kind, struct slice text) {
    struct config_place place = builder->at != NULL ? builder->at->place : (struct config_place){0};
    struct config_node *node = config_node_new(builder->arena, kind, text, place);
    if (node == NULL) (void)problem_no_memory(builder->scope);
    return node;
}

static struct config_node *decoded_node(const struct builder *builder, struct slice text) {
    char *decoded = arena_take(builder->arena, text.len + 1);
    if (decoded == NULL) {
        (void)problem_no_memory(builder->scope);
        return NULL;
    }
    return new_node(builder, CONFIG_TEXT, (struct slice){decoded, (size_t)(percent_decode(decoded, text) - decoded)});
}

static bool add_member(const struct builder *builder, struct config_node *mapping, struct slice key,
                       struct config_node *value) {
    if (value == NULL) return false;
    value->key = arena_copy(builder->arena, key);
    value->key_place = mapping->place;
    if (value->key.ptr == NULL) return problem_no_memory(builder->scope);
    if (config_node_member(mapping, value->key.ptr) != NULL)
        return problem_report(builder->scope, builder->at, "%s is given twice",
                              option_value_shown(value->key.ptr).text);
    config_node_append(mapping, value);
    return true;
}

static bool add_topics(const struct builder *builder, struct config_node *mapping, struct slice topics) {
    struct config_node *list = new_node(builder, CONFIG_LIST, (struct slice){0});
    if (!add_member(builder, mapping, SLICE("topics"), list)) return false;
    while (topics.ptr != NULL) {
        struct config_node *topic = decoded_node(builder, slice_cut(&topics, ','));
        if (topic == NULL) return false;
        config_node_append(list, topic);
    }
    return true;
}

static bool add_query(const struct builder *builder, struct config_node *mapping, struct slice query) {
    while (query.ptr != NULL) {
        struct slice value = slice_cut(&query, '&'), key = slice_cut(&value, '=');
        if (value.ptr == NULL)
            return problem_report(builder->scope, builder->at, "expected NAME=VALUE behind the ? and every &");
        if (!add_member(builder, mapping, key, decoded_node(builder, value))) return false;
    }
    return true;
}

const struct config_node *kafka_url_tree(struct arena *arena, const struct problem_scope *scope,
                                         const struct config_node *at, const char *url, bool one_topic) {
    const struct builder builder = {arena, scope, at};
    struct slice query = slice_from(url + strlen(scheme)), path = slice_cut(&query, '?'),
                 brokers = slice_cut(&path, '/');
    if (memchr(brokers.ptr, '@', brokers.len) != NULL) {
        (void)problem_report(scope, at,
                             "a user and a password do not belong into the URL; give librdkafka's sasl.username and "
                             "sasl.password_env");
        return NULL;
    }
    if (brokers.len == 0 || path.len == 0) {
        (void)problem_report(scope, at, "expected kafka://HOST:PORT[,HOST:PORT]/TOPIC");
        return NULL;
    }
    struct config_node *mapping = new_node(&builder, CONFIG_MAPPING, (struct slice){0});
    bool good = mapping != NULL &&
                add_member(&builder, mapping, SLICE("brokers"), new_node(&builder, CONFIG_TEXT, brokers)) &&
                (one_topic ? add_member(&builder, mapping, SLICE("topic"), decoded_node(&builder, path))
                           : add_topics(&builder, mapping, path)) &&
                add_query(&builder, mapping, query);
    return good ? mapping : NULL;
}
