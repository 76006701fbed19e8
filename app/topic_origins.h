/* What lines of a topic are: the input's own origin, with the format that a message's header or a rule for its topic says.
 *
 * Threads: topic_origins_init by the main thread; topic_origins_find by the thread that polls; what it returns is read-only, and stays
 * until topic_origins_destroy. */
#ifndef WHEREFROM_TOPIC_ORIGINS_H
#define WHEREFROM_TOPIC_ORIGINS_H

#include "app/format_choice.h"
#include "base/arena.h"
#include "schemas/kafka.h"

struct topic_origin;

struct topic_origins {
    const struct origin *base;
    const struct kafka_input *input;
    struct format_choice *choices; /* of input->formats */
    struct arena arena;
    struct topic_origin *known;
};

/* `base` and `input` must outlive it. STATUS_USAGE names the rule whose format is wrong. topic_origins_destroy is safe after any
 * outcome. */
enum status topic_origins_init(struct topic_origins *origins, const struct origin *base,
                               const struct kafka_input *input, const struct wanted_headers *wanted,
                               struct error *error) WARN_UNUSED;
void topic_origins_destroy(struct topic_origins *origins);

/* `format`: the message's header, a plain name (what anybody sends is no place for patterns); NULL: none. A name that is no format counts
 * as none. A source_kafka_request's origin_of; `origins` is a struct topic_origins. NULL: out of memory. */
const struct origin *topic_origins_find(void *origins, const char *topic, const char *format);

#endif
