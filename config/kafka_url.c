/* The URL is cut at its separators before anything is decoded, so that an encoded separator is none.
 *
 * Threads: see the header. */
#include "config/kafka_url.h"

#include <string.h>

#include "config/url_tree.h"

static const char scheme[] = "kafka://";

bool kafka_url_is(const char *text) {
    return strncmp(text, scheme, strlen(scheme)) == 0;
}

static bool add_topics(const struct url_tree *tree, struct config_node *mapping, struct slice topics) {
    struct config_node *list = url_tree_node(tree, CONFIG_LIST, (struct slice){0});
    if (!url_tree_add(tree, mapping, SLICE("topics"), list)) return false;
    while (topics.ptr != NULL) {
        struct config_node *topic = url_tree_decoded(tree, slice_cut(&topics, ','));
        if (topic == NULL) return false;
        config_node_append(list, topic);
    }
    return true;
}

const struct config_node *kafka_url_tree(struct arena *arena, const struct problem_scope *scope,
                                         const struct config_node *at, const char *url, bool one_topic) {
    const struct url_tree tree = {arena, scope, at};
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
    struct config_node *mapping = url_tree_node(&tree, CONFIG_MAPPING, (struct slice){0});
    bool good = mapping != NULL &&
                url_tree_add(&tree, mapping, SLICE("brokers"), url_tree_node(&tree, CONFIG_TEXT, brokers)) &&
                (one_topic ? url_tree_add(&tree, mapping, SLICE("topic"), url_tree_decoded(&tree, path))
                           : add_topics(&tree, mapping, path)) &&
                url_tree_add_query(&tree, mapping, query);
    return good ? mapping : NULL;
}
