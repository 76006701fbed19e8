/* Whether a member of a group is joining it anew: from its JoinGroup to the answer to its SyncGroup.
 *
 * A commit that follows a JoinGroup on the coordinator's connection is answered after it: it carries the generation of before, comes back as
 * ILLEGAL_GENERATION, and librdkafka 2.0.2 takes all partitions for lost then, so that others read again what has settled here. It tells
 * nobody that it joins (a heartbeat made it), so its requests are watched.
 *
 * Threads: any. */
#ifndef WHEREFROM_KAFKA_JOINING_H
#define WHEREFROM_KAFKA_JOINING_H

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>
#include <stdbool.h>

struct kafka_joining {
    atomic_uint_fast64_t until_ms; /* 0: it never did */
};

/* `joining` has to outlive the client that is made with `conf`. */
void kafka_joining_watch(struct kafka_joining *joining, rd_kafka_conf_t *conf);

/* Said of a JoinGroup that is about to be sent. */
void kafka_joining_begin(struct kafka_joining *joining);

/* Whether it ever did. */
bool kafka_joining_begun(const struct kafka_joining *joining);

/* Not for longer than KAFKA_JOINING_MS_MAX: then others of the group may be gone for as long as they like, and what is not committed is at
 * stake. */
bool kafka_joining_now(const struct kafka_joining *joining);

#endif
