/* Properties of librdkafka as a user gives them, in the config or with --librdkafka: which are taken, which are refused and why.
 *
 *   {sasl.username: u, sasl.password_env: KAFKA_PASSWORD, ssl.key.password_file: /run/secrets/key}
 *
 * Everything that librdkafka knows may be set, but for what this program's promises rest on (one table, kafka_properties.c). Values may
 * come from the environment (NAME_env) or from a file without its last LF (NAME_file); secrets come in no other way. Names and ranges
 * are asked of librdkafka itself, so they are those of the library that runs. A value is never part of a message.
 *
 * Threads: main thread. */
#ifndef WHEREFROM_KAFKA_PROPERTIES_H
#define WHEREFROM_KAFKA_PROPERTIES_H

#include "config/problems.h"
#include "schemas/kafka.h"

struct kafka_properties {
    struct kafka_property *items;
    size_t count;
};

/* Checks the members of a mapping and puts them, in order, behind those in `properties`; at most KAFKA_PROPERTIES_MAX. Texts live in
 * `arena`. On false problems were added. */
bool kafka_properties_load(struct arena *arena, const struct problem_scope *scope, const struct config_node *mapping,
                           struct kafka_properties *properties);

#endif
