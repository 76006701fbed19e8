/* A member of a consumer group: its messages, what it is assigned, and what it commits.
 *
 * Messages have a queue of their own, apart from what else the client has to say. So polling, which keeps the member in its group and
 * tells of rebalances, goes on whether or not there is a batch to put messages into, and nothing is ever paused (librdkafka 2.0.2 throws
 * away what it has fetched for a partition that is paused).
 *
 * librdkafka waits with a rebalance until it is told that it may go on. That is used to let what is in flight settle first:
 *
 *   revoke:   no new messages -> all in flight has settled -> commit -> unassign
 *               `-- after REVOKE_WAIT_MS: the epoch moves on, unassign
 *   lost:     the epoch moves on, unassign
 *   assign:   assign (waiting would hold up the whole group: behind a revoke there is always an assign, be it of nothing)
 *   rewind:   nothing of an earlier epoch is in flight -> seek what is assigned to where it had settled
 *
 * Threads: the polling thread's, but for what says `any thread`. */
#ifndef WHEREFROM_KAFKA_GROUP_H
#define WHEREFROM_KAFKA_GROUP_H

#include "base/kafka_client.h"
#include "ingest/kafka_joining.h"
#include "ingest/kafka_progress.h"
#include "schemas/kafka.h"

#define KAFKA_HAND_MESSAGES 512u /* taken from librdkafka at a time */

enum kafka_rebalance { KAFKA_REBALANCE_NONE, KAFKA_REBALANCE_ASSIGN, KAFKA_REBALANCE_REVOKE };

struct kafka_group_counts {
    atomic_uint_fast64_t rebalances, commits, commits_failed, rewinds;
};

struct kafka_group {
    const struct kafka_input *input;
    kafka_report *report;
    bool commits_itself;
    const struct kafka_counting *counting; /* NULL: nobody counts */
    rd_kafka_t *client;
    rd_kafka_queue_t *events, *messages;
    int wake_fd; /* eventfd: readable when there is something to take up */
    struct kafka_progress progress;
    uint64_t epoch;    /* what is taken now belongs to; behind the progress' own while a rewind is under way */
    bool message_open; /* set by who takes messages: a batch holds a part of one, and the next one will hold more */
    /* messages at hand, in order */
    rd_kafka_message_t *hand[KAFKA_HAND_MESSAGES];
    uint32_t hand_next, hand_count;
    /* where librdkafka stops fetching: set before init */
    uint64_t queued_bytes_max, queued_messages_max;
    bool queue_full; /* it was near that, and has not been told since that there is room */
    /* what librdkafka waits for */
    enum kafka_rebalance rebalance;
    rd_kafka_topic_partition_list_t *rebalance_list;
    bool looked_back;                      /* whether messages were lost when it began */
    uint64_t rebalance_since_ms, retry_ms; /* not before then: what needs the broker, and failed */
    atomic_bool draining;
    bool reading_ended;  /* set by who takes messages: none is wanted any more */
    uint64_t leaving_ms; /* since when it wants to leave; 0: it does not */
    bool closing;
    bool abandoned; /* the client is left as it is, with all that it may call: the process ends soon */
    struct kafka_joining joining;
    uint64_t commit_ms; /* next time */
    uint32_t commits_pending;
    uint64_t trouble_ms;  /* when a broker that is down may be spoken of again */
    bool working;         /* it was a member once: what goes wrong now may pass */
    char login_text[256]; /* why a broker did not let us in, before that; final when no broker is left */
    bool all_down;        /* said once, by the last broker that was lost */
    bool failed;
    struct error failure;
    struct kafka_group_counts counts;
};

/* A client with these settings, and those that the group needs. On failure to be closed all the same. */
enum status kafka_group_init(struct kafka_group *group, const struct kafka_setting *settings, size_t settings_count,
                             struct error *error) WARN_UNUSED;
void kafka_group_destroy(struct kafka_group *group);

enum status kafka_group_subscribe(struct kafka_group *group, struct error *error) WARN_UNUSED;

/* Takes up what has happened, and goes on with what is under way. Waits up to `wait_ms` when no message is at hand; `stop_fd` ends that,
 * true: it is readable. */
bool kafka_group_serve(struct kafka_group *group, uint32_t wait_ms, int stop_fd);

/* The next message, and its partition: at hand until it is taken, then the caller's. NULL: none is there, or none may be read now. */
rd_kafka_message_t *kafka_group_next(struct kafka_group *group, struct kafka_partition **partition);
void kafka_group_take(struct kafka_group *group);

/* Commits what has settled and is not committed; true when there is nothing left to commit. */
bool kafka_group_commit(struct kafka_group *group);

/* Whether it has to wait before it leaves; not for longer than KAFKA_JOINING_MS_MAX from the first time that this is asked. */
bool kafka_group_must_stay(struct kafka_group *group);

/* Leaves the group; when it may not, by being missed. */
void kafka_group_leave(struct kafka_group *group);

/* No retry will help: what serve found, or who takes messages. The first one counts. */
void kafka_group_fail(struct kafka_group *group, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Any thread. Gives up what is in flight of this epoch; nothing happens when it has moved on already. */
void kafka_group_rewind(struct kafka_group *group, uint64_t epoch);
/* Any thread. Makes serve return. */
void kafka_group_wake(struct kafka_group *group);

#endif
