/* What a consumer and a producer of librdkafka have in common: configuration, log, and what errors mean for people.
 *
 * Threads: said per function. */
#ifndef WHEREFROM_KAFKA_CLIENT_H
#define WHEREFROM_KAFKA_CLIENT_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

#include "base/error.h"

/* Who is told what a client has to say; any thread may call it, and it may be much. The text is valid for the call. */
typedef void kafka_report(bool warning, const char *message);

struct kafka_setting {
    const char *name, *value;
};

/* A configuration with what all clients of ours have, then these settings, the first ones first; a later one replaces an earlier one. NULL, with STATUS_USAGE naming the
 * property, when librdkafka refuses one; values are never shown. */
rd_kafka_conf_t *kafka_conf_new(const struct kafka_setting *settings, size_t settings_count,
                                struct error *error) WARN_UNUSED;

enum kafka_trouble {
    KAFKA_PASSING,  /* librdkafka goes on trying: say it, rarely */
    KAFKA_HOPELESS, /* no retry will help before somebody changes something: end the run */
};

/* What an error of a client means. */
enum kafka_trouble kafka_trouble(rd_kafka_resp_err_t code);

/* What can be done about it, as the end of a message: "; check the name, or create the topic". Empty where there is nothing to say. */
const char *kafka_advice(rd_kafka_resp_err_t code);

#endif
