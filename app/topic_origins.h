/* What lines of a topic are: the input's own origin, with the format that a message's header or a rule for its topic says.
 *
 * Threads: filled by the main thread; topic_origins_find by the thread that polls; what it returns is read-only, and stays
 * until topic_origins_destroy. */
#ifndef WHEREFROM_TOPIC_ORIGINS_H
#define WHEREFROM_TOPIC_ORIGINS_H

#include "app/input_settings.h"
#include "schemas/kafka.h"

struct topic_origin;

struct topic_origins {
    const struct origin *base;
    const struct kafka_input *input;
    const struct format_table *formats; /* has all that rules of `input` name */
    struct arena arena;
    struct topic_origin *known;
};

void topic_origins_destroy(struct topic_origins *origins);

/* `format`: the message's header, a plain name (what anybody sends is no place for patterns); NULL: none. A name that is no format counts
 * as none. A source_kafka_request's origin_of; `origins` is a struct topic_origins. NULL: out of memory. */
const struct origin *topic_origins_find(void *origins, const char *topic, const char *format);

#endif
