/* What librdkafka calls back (rebalance, commit, error) only notes what is wanted; kafka_group_serve does it, a step each time it is
 * called, and waits for nothing but the broker's answers to questions about offsets.
 *
 * Threads: see kafka_group.h. */
#define _GNU_SOURCE
#include "ingest/kafka_group.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"
#include "base/monotonic.h"
#include "ingest/kafka_look_back.h"
#include "ingest/kafka_recount.h"
#include "ingest/kafka_starts.h"

#define REVOKE_WAIT_MS 10000u /* for what is in flight; others of the group wait as long */
#define COMMIT_MS 1000u       /* between commits: what a crash of an at-least-once run makes double */
#define RETRY_MS 500u         /* after the broker has failed us */
#define BROKER_WAIT_MS 2000   /* for an answer: well below any sensible max.poll.interval.ms */
#define FETCH_WAIT_MS 100     /* likewise, of what may fail */
#define TROUBLE_MS 60000u     /* between two words about a broker that is down */

static bool is_rewinding(struct kafka_group *group) {
    return group->epoch != atomic_load(&group->progress.epoch);
}

void kafka_group_wake(struct kafka_group *group) {
    (void)eventfd_write(group->wake_fd, 1); /* it is full only when it is readable anyway */
}

void kafka_group_rewind(struct kafka_group *group, uint64_t epoch) {
    (void)atomic_compare_exchange_strong(&group->progress.epoch, &epoch, epoch + 1);
    kafka_group_wake(group);
}

/* --- what goes wrong ---------------------------------------------------------------------------- */

static void say(struct kafka_group *group, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct kafka_group *group, const char *format, ...) {
    char message[ERROR_MESSAGE_BYTES_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    group->report(true, message);
}

void kafka_group_fail(struct kafka_group *group, const char *format, ...) {
    if (group->failed) return;
    group->failed = true;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(group->failure.message, sizeof group->failure.message, format, arguments);
    va_end(arguments);
}

/* Whether a broker that cannot be reached says so: then there is one word for all that is said of it. */
static bool is_connection_trouble(rd_kafka_resp_err_t code) {
    return code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__RESOLVE ||
           code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || code == RD_KAFKA_RESP_ERR__TIMED_OUT ||
           code == RD_KAFKA_RESP_ERR__SSL || code == RD_KAFKA_RESP_ERR__AUTHENTICATION;
}

static void take_error(struct kafka_group *group, rd_kafka_resp_err_t code, const char *text) {
    char where[512];
    snprintf(where, sizeof where, "%.200s, group %.249s", group->input->cluster.brokers, group->input->group);
    /* a certificate that is not trusted comes as a broken connection, too, as chance has it */
    bool login = code == RD_KAFKA_RESP_ERR__SSL || code == RD_KAFKA_RESP_ERR__AUTHENTICATION ||
                 strstr(text, "certificate verify failed") != NULL;
    group->all_down = group->all_down || code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
    if (login) snprintf(group->login_text, sizeof group->login_text, "%s", text);
    char fatal[256];
    if (code == RD_KAFKA_RESP_ERR__FATAL) {
        code = rd_kafka_fatal_error(group->client, fatal, sizeof fatal);
        kafka_group_fail(group, "kafka: %s: %s%s", where, fatal, kafka_advice(code));
    } else if (!group->working && group->all_down && group->login_text[0] != '\0') {
        kafka_group_fail(group, "kafka: %s: %s%s", where, group->login_text, kafka_advice(RD_KAFKA_RESP_ERR__SSL));
    } else if (login && !group->working) {
        return; /* the other brokers may be better; that none is left comes before its reason, or behind it */
    } else if (kafka_trouble(code) == KAFKA_HOPELESS &&
               (!group->working || code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID)) {
        kafka_group_fail(group, "kafka: %s: %s%s", where, text, kafka_advice(code));
    } else if (is_connection_trouble(code)) {
        if (monotonic_ms() < group->trouble_ms) return;
        group->trouble_ms = monotonic_ms() + TROUBLE_MS;
        say(group, "kafka: %s: %s; trying again until it answers", where, text);
    } else {
        say(group, "kafka: %s: %s%s", where, text, kafka_advice(code));
    }
}

static void on_error(rd_kafka_t *client, int code, const char *reason, void *opaque) {
    (void)client;
    take_error(opaque, (rd_kafka_resp_err_t)code, reason);
}

/* --- messages ----------------------------------------------------------------------------------- */

static bool may_read(struct kafka_group *group) {
    return group->rebalance != KAFKA_REBALANCE_REVOKE && !is_rewinding(group) && !group->failed &&
           !group->reading_ended;
}

static void drop_first(struct kafka_group *group) {
    rd_kafka_message_destroy(group->hand[group->hand_next++]);
}

static struct kafka_partition *partition_of(struct kafka_group *group, const rd_kafka_message_t *message) {
    struct kafka_partition *partition = kafka_progress_find(&group->progress, rd_kafka_topic_name(message->rkt),
                                                            message->partition);
    if (partition == NULL)
        kafka_group_fail(group, "kafka: %s: more than %u partitions, or out of memory; start more processes",
                         group->input->cluster.brokers, KAFKA_PARTITIONS_MAX);
    return partition;
}

/* librdkafka 2.0.2 looks for room in its queue once a second, or when a broker answers something: of a queue of 32 MB a backlog came at a
 * third of the speed. So brokers are asked something as soon as a full queue is half empty. (They answer at once: nothing is fetched of
 * them at that time.) */
static void keep_fetching(struct kafka_group *group) {
    uint64_t bytes = 0, messages = rd_kafka_queue_length(group->messages);
    for (uint32_t i = 0; i < group->hand_count; i++) bytes += group->hand[i]->len;
    bytes = bytes / group->hand_count * messages;
    if (bytes >= group->queued_bytes_max / 4 * 3 || messages >= group->queued_messages_max / 4 * 3)
        group->queue_full = true;
    if (!group->queue_full || bytes > group->queued_bytes_max / 2 || messages > group->queued_messages_max / 2) return;
    group->queue_full = false;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(0);
    for (uint32_t i = 0; i < group->progress.partitions_count; i++) {
        const struct kafka_partition *partition = group->progress.partitions[i];
        if (partition->assigned)
            rd_kafka_topic_partition_list_add(list, partition->topic, partition->number)->offset = RD_KAFKA_OFFSET_END;
    }
    (void)rd_kafka_offsets_for_times(group->client, list, FETCH_WAIT_MS);
    rd_kafka_topic_partition_list_destroy(list);
}

/* Its first message in this assignment. Where what was needed is gone, whoever counts is told. */
static void begin_partition(struct kafka_group *group, struct kafka_partition *partition, int64_t offset) {
    kafka_progress_begin(&group->progress, partition, offset);
    if (partition->begin < 0 || partition->begin >= partition->floor || offset <= partition->begin) return;
    int64_t low, high; /* there may be markers of transactions between, too */
    bool known = rd_kafka_query_watermark_offsets(group->client, partition->topic, partition->number, &low, &high,
                                                  BROKER_WAIT_MS) == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (known && low <= partition->begin) return;
    say(group, "kafka: %s/%d: messages from %lld on are no longer there: roll-ups of its open intervals say too little",
        partition->topic, partition->number, (long long)partition->begin);
    group->counting->lose(group->counting->context, partition->index);
}

rd_kafka_message_t *kafka_group_next(struct kafka_group *group, struct kafka_partition **partition) {
    while (may_read(group)) {
        if (group->hand_next == group->hand_count) {
            ssize_t count = rd_kafka_consume_batch_queue(group->messages, 0, group->hand, KAFKA_HAND_MESSAGES);
            group->hand_next = 0;
            group->hand_count = count > 0 ? (uint32_t)count : 0;
            if (count <= 0) return NULL;
            keep_fetching(group);
        }
        rd_kafka_message_t *message = group->hand[group->hand_next];
        if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            take_error(group, message->err, rd_kafka_message_errstr(message));
            drop_first(group);
            continue;
        }
        *partition = partition_of(group, message);
        if (*partition == NULL) return NULL;
        if ((*partition)->assigned) {
            if (!(*partition)->taken) begin_partition(group, *partition, message->offset);
            (*partition)->handed = message->offset + 1;
            return message;
        }
        drop_first(group);
    }
    return NULL;
}

void kafka_group_take(struct kafka_group *group) {
    group->hand_next++;
}

/* Drops what is at hand; it will be read again, so of each partition the first place must be known. */
static void drop_hand(struct kafka_group *group) {
    group->message_open = false;
    for (; group->hand_next < group->hand_count; drop_first(group)) {
        const rd_kafka_message_t *message = group->hand[group->hand_next];
        if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
        struct kafka_partition *partition = partition_of(group, message);
        if (partition != NULL && partition->assigned && !partition->taken)
            begin_partition(group, partition, message->offset);
    }
}

static void note_hand(struct kafka_group *group) {
    for (uint32_t i = group->hand_next; i < group->hand_count; i++) {
        const rd_kafka_message_t *message = group->hand[i];
        if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
        struct kafka_partition *partition = partition_of(group, message);
        if (partition != NULL) partition->handed = message->offset + 1;
    }
}

static bool look_back(struct kafka_group *group) {
    note_hand(group);
    return kafka_look_back(group->client, &group->progress, BROKER_WAIT_MS);
}

/* Of partitions that are assigned no longer. */
static void drop_unassigned(struct kafka_group *group) {
    uint32_t kept = group->hand_next;
    for (uint32_t i = group->hand_next; i < group->hand_count; i++) {
        rd_kafka_message_t *message = group->hand[i];
        const struct kafka_partition *partition = message->err == RD_KAFKA_RESP_ERR_NO_ERROR
                                                      ? partition_of(group, message)
                                                      : NULL;
        if (partition != NULL && !partition->assigned)
            rd_kafka_message_destroy(message);
        else
            group->hand[kept++] = message;
    }
    group->hand_count = kept;
}

/* --- committing --------------------------------------------------------------------------------- */

static void on_commit(rd_kafka_t *client, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *offsets,
                      void *opaque) {
    struct kafka_group *group = opaque;
    (void)client;
    group->commits_pending--;
    for (int i = 0; offsets != NULL && i < offsets->cnt; i++) {
        const rd_kafka_topic_partition_t *element = &offsets->elems[i];
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) code = element->err;
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
        struct kafka_partition *partition = kafka_progress_find(&group->progress, element->topic, element->partition);
        if (partition != NULL) partition->committed = -1;
    }
    atomic_fetch_add(code == RD_KAFKA_RESP_ERR_NO_ERROR ? &group->counts.commits : &group->counts.commits_failed, 1);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return;
    group->retry_ms = monotonic_ms() + RETRY_MS;
    if (!is_connection_trouble(code))
        say(group, "kafka: %s: commit: %s; trying again", group->input->cluster.brokers, rd_kafka_err2str(code));
}

static void start_commit(struct kafka_group *group, rd_kafka_topic_partition_list_t *offsets) {
    group->commits_pending++;
    rd_kafka_resp_err_t code = rd_kafka_commit(group->client, offsets, true);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) on_commit(group->client, code, offsets, group);
}

bool kafka_group_commit(struct kafka_group *group) {
    if (!group->commits_itself) return true;
    if (group->commits_pending > 0 || monotonic_ms() < group->retry_ms || kafka_joining_now(&group->joining))
        return false;
    rd_kafka_topic_partition_list_t *offsets = rd_kafka_topic_partition_list_new(0);
    for (uint32_t i = 0; i < group->progress.partitions_count; i++) {
        struct kafka_partition *partition = group->progress.partitions[i];
        int64_t settled = kafka_progress_settled(&group->progress, partition);
        if (!partition->assigned || settled < 0 || settled < partition->floor || settled == partition->committed)
            continue;
        rd_kafka_topic_partition_t *element = rd_kafka_topic_partition_list_add(offsets, partition->topic,
                                                                                partition->number);
        element->offset = settled;
        kafka_recount_add(group->counting, partition->index, kafka_progress_first(&group->progress, partition),
                          element);
        partition->committed = settled; /* unless on_commit says otherwise */
    }
    bool done = offsets->cnt == 0;
    if (!done) start_commit(group, offsets);
    rd_kafka_topic_partition_list_destroy(offsets);
    return done;
}

/* --- rebalances --------------------------------------------------------------------------------- */

static void on_rebalance(rd_kafka_t *client, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *list,
                         void *opaque) {
    struct kafka_group *group = opaque;
    if (group->closing ||
        (code != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS && code != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS)) {
        rd_kafka_assign(client, NULL);
        return;
    }
    if (group->rebalance_list != NULL) rd_kafka_topic_partition_list_destroy(group->rebalance_list);
    group->rebalance = code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS ? KAFKA_REBALANCE_ASSIGN : KAFKA_REBALANCE_REVOKE;
    group->rebalance_list = rd_kafka_topic_partition_list_copy(list);
    group->rebalance_since_ms = monotonic_ms();
    group->looked_back = false;
    group->retry_ms = 0;
    atomic_fetch_add(&group->counts.rebalances, 1);
}

/* The answer that librdkafka waits for. */
static void answer(struct kafka_group *group,
                   rd_kafka_error_t *(*how)(rd_kafka_t *, const rd_kafka_topic_partition_list_t *)) {
    rd_kafka_error_t *error = how(group->client, group->rebalance_list);
    if (error != NULL) {
        say(group, "kafka: %s: rebalance: %s", group->input->cluster.brokers, rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);
    }
    rd_kafka_topic_partition_list_destroy(group->rebalance_list);
    group->rebalance_list = NULL;
    group->rebalance = KAFKA_REBALANCE_NONE;
}

static void release(struct kafka_group *group) {
    for (int i = 0; i < group->rebalance_list->cnt; i++) {
        const rd_kafka_topic_partition_t *element = &group->rebalance_list->elems[i];
        struct kafka_partition *partition = kafka_progress_find(&group->progress, element->topic, element->partition);
        if (partition == NULL) continue;
        kafka_progress_unassign(&group->progress, partition);
        if (group->counting != NULL) group->counting->end(group->counting->context, partition->index);
    }
    drop_unassigned(group);
    answer(group, rd_kafka_incremental_unassign);
    kafka_joining_begin(&group->joining); /* librdkafka does, next */
}

static void revoke_partitions(struct kafka_group *group) {
    bool late = monotonic_ms() - group->rebalance_since_ms >= REVOKE_WAIT_MS;
    uint64_t in_flight = kafka_progress_in_flight(&group->progress);
    if (rd_kafka_assignment_lost(group->client)) {
        kafka_group_rewind(group, group->epoch);
    } else if (in_flight == 0 && !group->message_open) {
        if (!kafka_group_commit(group) && !late) return;
    } else if (!is_rewinding(group)) {
        if (!late) return;
        (void)kafka_group_commit(group);
        kafka_group_rewind(group, group->epoch);
        say(group, "kafka: %s: partitions are handed over with %llu batches unsettled after %u s; they are read again",
            group->input->cluster.brokers, (unsigned long long)in_flight, REVOKE_WAIT_MS / 1000);
    }
    release(group);
}

static void begin_counting(struct kafka_group *group, struct kafka_partition *partition,
                           const struct kafka_recount *recount) {
    const struct kafka_counting *counting = group->counting;
    if (counting == NULL) return;
    bool known = recount->committed >= 0;
    if (known) kafka_progress_recount(&group->progress, partition, recount->need.offset, recount->committed);
    counting->begin(counting->context, partition->index, partition->assignment, known ? &recount->need : NULL);
}

/* Takes the list's partitions. False when memory is short. */
static bool take_partitions(struct kafka_group *group, rd_kafka_topic_partition_list_t *list,
                            const struct kafka_recount *recounts) {
    drop_unassigned(
        group); /* what came of them after they were given up is of the former assignment, and not its first */
    for (int i = 0; i < list->cnt; i++) {
        rd_kafka_topic_partition_t *element = &list->elems[i];
        struct kafka_partition *partition = kafka_progress_find(&group->progress, element->topic, element->partition);
        if (partition == NULL) return false;
        kafka_progress_assign(&group->progress, partition, element->offset >= 0 ? element->offset : -1);
        begin_counting(group, partition, &recounts[i]);
        rd_kafka_queue_t *queue = rd_kafka_queue_get_partition(group->client, element->topic, element->partition);
        if (queue == NULL) return false;
        rd_kafka_queue_forward(queue, group->messages);
        rd_kafka_queue_destroy(queue);
    }
    return true;
}

static void assign(struct kafka_group *group) {
    if (monotonic_ms() < group->retry_ms) return;
    rd_kafka_topic_partition_list_t *list = group->rebalance_list, *starts = rd_kafka_topic_partition_list_new(0);
    struct kafka_recount *recounts = calloc((size_t)list->cnt + 1, sizeof *recounts);
    ASSERT(recounts != NULL);
    if (!kafka_starts_find(group->client, group->input, list, starts, BROKER_WAIT_MS) ||
        (group->counting != NULL && !kafka_recount_find(group->client, list, recounts, BROKER_WAIT_MS))) {
        group->retry_ms = monotonic_ms() + RETRY_MS;
    } else {
        /* a start is committed at once: when the partition moves on before anything has settled, the next one begins there, too */
        for (int i = 0; i < starts->cnt; i++)
            (void)rd_kafka_topic_partition_list_set_offset(list, starts->elems[i].topic, starts->elems[i].partition,
                                                           starts->elems[i].offset);
        if (!take_partitions(group, list, recounts))
            kafka_group_fail(group, "kafka: %s: more than %u partitions, or out of memory; start more processes",
                             group->input->cluster.brokers, KAFKA_PARTITIONS_MAX);
        answer(group, rd_kafka_incremental_assign);
        if (starts->cnt > 0) start_commit(group, starts);
        group->working = true;
    }
    free(recounts);
    rd_kafka_topic_partition_list_destroy(starts);
}

/* A transaction whose commit nobody confirmed may have been committed: where its positions are is known to the broker alone. False: no
 * answer. */
static bool ask_settled(struct kafka_group *group, rd_kafka_topic_partition_list_t *list) {
    if (group->commits_itself || list->cnt == 0) return true;
    rd_kafka_topic_partition_list_t *known = rd_kafka_topic_partition_list_copy(list);
    bool good = rd_kafka_committed(group->client, known, BROKER_WAIT_MS) == RD_KAFKA_RESP_ERR_NO_ERROR;
    for (int i = 0; i < known->cnt && good; i++) {
        const rd_kafka_topic_partition_t *element = &known->elems[i];
        good = element->err == RD_KAFKA_RESP_ERR_NO_ERROR;
        if (!good || element->offset < 0) continue;
        struct kafka_partition *partition = kafka_progress_find(&group->progress, element->topic, element->partition);
        /* what was committed and nobody told us is still to be counted: it is read again, for that alone */
        if (group->counting != NULL && list->elems[i].offset <= element->offset) {
            kafka_progress_recount(&group->progress, partition, partition->begin, element->offset);
            continue;
        }
        kafka_progress_correct(&group->progress, partition, element->offset);
        list->elems[i].offset = element->offset;
    }
    rd_kafka_topic_partition_list_destroy(known);
    return good;
}

/* Begins again where things had settled. */
static void rewind_to_settled(struct kafka_group *group) {
    uint64_t epoch = atomic_load(&group->progress.epoch);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(0);
    for (uint32_t i = 0; i < group->progress.partitions_count; i++) {
        const struct kafka_partition *partition = group->progress.partitions[i];
        if (partition->assigned && partition->taken)
            rd_kafka_topic_partition_list_add(list, partition->topic, partition->number)->offset =
                kafka_progress_settled(&group->progress, partition);
    }
    bool good = ask_settled(group, list) && kafka_seek(group->client, list, BROKER_WAIT_MS);
    for (int i = 0; i < list->cnt && good; i++)
        kafka_progress_find(&group->progress, list->elems[i].topic, list->elems[i].partition)->handed =
            list->elems[i].offset;
    rd_kafka_topic_partition_list_destroy(list);
    if (good) {
        group->epoch = epoch;
        atomic_fetch_add(&group->counts.rewinds, 1);
    } else {
        group->retry_ms = monotonic_ms() + RETRY_MS;
    }
}

/* --- serving ------------------------------------------------------------------------------------ */

/* Whether something waits for all that is in flight. */
static bool is_draining(struct kafka_group *group) {
    return group->rebalance == KAFKA_REBALANCE_REVOKE || is_rewinding(group) || group->reading_ended;
}

static void move_on(struct kafka_group *group) {
    /* said before anybody looks what is in flight: whoever settles the last one then looks here */
    atomic_store(&group->draining, is_draining(group));
    if (group->rebalance != KAFKA_REBALANCE_NONE && !group->looked_back) {
        if (monotonic_ms() < group->retry_ms) return;
        group->looked_back = rd_kafka_assignment_lost(group->client) || look_back(group);
        if (!group->looked_back) group->retry_ms = monotonic_ms() + RETRY_MS;
        if (!group->looked_back) return;
    }
    if (group->rebalance == KAFKA_REBALANCE_REVOKE) revoke_partitions(group);
    if (is_rewinding(group)) {
        drop_hand(group);
        if (kafka_progress_in_flight(&group->progress) == 0 && monotonic_ms() >= group->retry_ms)
            rewind_to_settled(group);
    }
    if (group->rebalance == KAFKA_REBALANCE_ASSIGN) assign(group);
    atomic_store(&group->draining, is_draining(group));
    if (monotonic_ms() < group->commit_ms || kafka_joining_now(&group->joining)) return;
    group->commit_ms = monotonic_ms() + COMMIT_MS;
    (void)kafka_group_commit(group);
}

static void take_up(struct kafka_group *group) {
    rd_kafka_message_t *message;
    while ((message = rd_kafka_consumer_poll(group->client, 0)) != NULL) {
        if (!NEVER(message->err == RD_KAFKA_RESP_ERR_NO_ERROR))
            take_error(group, message->err, rd_kafka_message_errstr(message));
        rd_kafka_message_destroy(message);
    }
    move_on(group);
}

bool kafka_group_serve(struct kafka_group *group, uint32_t wait_ms, int stop_fd) {
    struct kafka_partition *partition;
    take_up(group);
    if (wait_ms == 0 || group->failed || kafka_group_next(group, &partition) != NULL) return false;
    struct pollfd descriptors[2] = {{.fd = group->wake_fd, .events = POLLIN}, {.fd = stop_fd, .events = POLLIN}};
    if (poll(descriptors, 2, (int)wait_ms) <= 0) return false;
    uint64_t ignored;
    if (descriptors[0].revents != 0 && read(group->wake_fd, &ignored, sizeof ignored) > 0) take_up(group);
    return descriptors[1].revents != 0;
}

/* --- life --------------------------------------------------------------------------------------- */

enum status kafka_group_init(struct kafka_group *group, const struct kafka_setting *settings, size_t settings_count,
                             struct error *error) {
    char why[512];
    group->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!kafka_progress_init(&group->progress)) return error_set(error, STATUS_FAILED, "kafka: out of memory");
    if (group->wake_fd < 0) return error_set_errno(error, errno, "kafka: no descriptors left");
    rd_kafka_conf_t *conf = kafka_conf_new(settings, settings_count, error);
    if (conf == NULL) return STATUS_USAGE;
    rd_kafka_conf_set_opaque(conf, group);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    rd_kafka_conf_set_offset_commit_cb(conf, on_commit);
    kafka_joining_watch(&group->joining, conf);
    group->client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    if (group->client == NULL) {
        rd_kafka_conf_destroy(conf);
        return error_set(error, STATUS_USAGE, "kafka: %s: %s", group->input->cluster.brokers, why);
    }
    (void)rd_kafka_poll_set_consumer(group->client);
    group->events = rd_kafka_queue_get_consumer(group->client);
    group->messages = rd_kafka_queue_new(group->client);
    static const uint64_t one = 1;
    rd_kafka_queue_io_event_enable(group->events, group->wake_fd, &one, sizeof one);
    rd_kafka_queue_io_event_enable(group->messages, group->wake_fd, &one, sizeof one);
    return STATUS_OK;
}

void kafka_group_destroy(struct kafka_group *group) {
    drop_hand(group);
    if (group->rebalance_list != NULL) rd_kafka_topic_partition_list_destroy(group->rebalance_list);
    if (group->messages != NULL) rd_kafka_queue_destroy(group->messages);
    if (group->events != NULL) rd_kafka_queue_destroy(group->events);
    if (group->client != NULL) rd_kafka_destroy(group->client);
    if (group->wake_fd >= 0) close(group->wake_fd);
    kafka_progress_destroy(&group->progress);
}

enum status kafka_group_subscribe(struct kafka_group *group, struct error *error) {
    const struct kafka_input *input = group->input;
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(0);
    for (size_t i = 0; i < input->topics_count; i++)
        (void)rd_kafka_topic_partition_list_add(topics, input->topics[i], RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(group->client, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return STATUS_OK;
    return error_set(error, STATUS_FAILED, "kafka: %s: subscribing: %s%s", input->cluster.brokers,
                     rd_kafka_err2str(code), kafka_advice(code));
}

/* librdkafka 2.0.2 ends the process when a member leaves that has joined and was assigned nothing yet, be it no partition (an assertion: its
 * assignor has no state). */
static bool may_not_leave(const struct kafka_group *group) {
    return !group->working && kafka_joining_begun(&group->joining);
}

bool kafka_group_must_stay(struct kafka_group *group) {
    uint64_t now = monotonic_ms();
    if (group->leaving_ms == 0) group->leaving_ms = now;
    bool stays = may_not_leave(group) || (group->commits_itself && kafka_joining_now(&group->joining));
    return stays && now - group->leaving_ms < KAFKA_JOINING_MS_MAX;
}

void kafka_group_leave(struct kafka_group *group) {
    group->closing = true;
    drop_hand(group);
    group->abandoned = may_not_leave(group);
    if (!group->abandoned) (void)rd_kafka_consumer_close(group->client);
}
