/* kafka://HOST:PORT[,HOST:PORT]/TOPIC[,TOPIC][?group=NAME&start=earliest|latest|TIME] as the mapping that a config would have instead,
 * {brokers: "HOST:PORT,HOST:PORT", topics: [TOPIC, TOPIC], group: NAME, start: TIME}: what it means is said in one place
 * (config/kafka_settings.c).
 *
 * Threads: main thread. */
#ifndef WHEREFROM_KAFKA_URL_H
#define WHEREFROM_KAFKA_URL_H

#include "config/problems.h"

bool kafka_url_is(const char *text);

/* Topics and values may be percent-encoded (RFC 3986 section 2.1): a , or ? of a regular expression is %2C or %3F. `at` is where the URL
 * stands (NULL: not known); nodes have its place. With `one_topic` what is behind the brokers is a member `topic`. NULL: a problem was
 * added. */
const struct config_node *kafka_url_tree(struct arena *arena, const struct problem_scope *scope,
                                         const struct config_node *at, const char *url, bool one_topic);

#endif
