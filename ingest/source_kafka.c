/* Messages -> batches. kafka_group.c gets them, message_lines.c puts them; here is when a batch goes on, and what its lines are.
 *
 * Threads: see source_kafka.h. */
#define _GNU_SOURCE
#include "ingest/source_kafka.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/monotonic.h"
#include "ingest/kafka_group.h"
#include "ingest/kafka_recount.h"
#include "ingest/message_lines.h"
#include "ingest/split.h"

#define TICK_MS 250u    /* commits, deadlines: nobody wakes us for them */
#define IDLE_LOOK_MS 5u /* within a linger, whether workers are idle by now */
/* What a small message takes in librdkafka beside its bytes is counted. A fetch that was asked for when there was still room comes on top,
 * and all of it is unpacked at once: lines that hardly differ become 70 times as much, and small ones three times that in librdkafka. */
#define MESSAGE_COST_BYTES 1024u
#define FETCH_SHARE 128u
#define SETTINGS_MAX (32u + KAFKA_PROPERTIES_MAX)
#define FORMAT_BYTES_MAX 64u /* of a message's header: the longest name of ours has a quarter of it */

const struct option_spec source_kafka_options[] = {
    {.name = "linger-ms",
     .kind = OPTION_COUNT,
     .offset = offsetof(struct source_kafka_settings, linger_ms_max),
     .placeholder = "MS",
     .help = "how long a message of kafka:// may wait for others to share a batch with while all workers are busy",
     .default_text = "50",
     .max = 60000},
};
const size_t source_kafka_options_count = sizeof source_kafka_options / sizeof source_kafka_options[0];

/* What a partition's messages with this header are. */
struct partition_origin {
    struct partition_origin *next;
    char *format; /* the header; NULL: none */
    bool refused;
    struct origin origin;
    char name[];
};

struct source_kafka {
    struct source_kafka_request request;
    bool (*workers_idle)(void *context);
    void *idle_context;
    int stop_fd;
    const struct scan_kernel *kernel;
    struct message_reader *reader;
    struct kafka_group group;
    const struct origin *origin;
    char *cluster_id; /* NULL: not known yet */
    bool stopping, giving_up;
    /* the message that is being put into batches: begun, and not to its end */
    rd_kafka_message_t *open;
    struct kafka_partition *open_partition;
    struct message_lines open_lines;
    struct header open_header; /* in force at its next line */
    uint64_t open_epoch;
    uint64_t taken; /* messages for the batch that is being filled */
    atomic_uint_fast64_t messages, tombstones, empty_messages;
};

/* --- life --------------------------------------------------------------------------------------- */

enum status source_kafka_new(const struct source_kafka_request *request, struct source_kafka **result,
                             struct error *error) {
    const struct kafka_input *input = request->input;
    uint64_t queued_bytes = request->fetched_bytes, queued_messages = queued_bytes / MESSAGE_COST_BYTES;
    char queued_kb[24], queued_count[24], fetch_bytes[24];
    snprintf(queued_kb, sizeof queued_kb, "%" PRIu64, queued_bytes / 1024);
    snprintf(queued_count, sizeof queued_count, "%" PRIu64, queued_messages);
    snprintf(fetch_bytes, sizeof fetch_bytes, "%" PRIu64, queued_bytes / FETCH_SHARE);
    struct kafka_setting settings[SETTINGS_MAX] = {
        {"bootstrap.servers", input->cluster.brokers},
        {"group.id", input->group},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"isolation.level", "read_committed"},
        {"partition.assignment.strategy", "cooperative-sticky"},
        {"enable.partition.eof", "false"},
        {"heartbeat.interval.ms", "1000"}, /* a rebalance is over that soon, and what waits for it */
        {"auto.offset.reset", "earliest"},
        {"allow.auto.create.topics", "false"},
        {"topic.metadata.refresh.interval.ms", "30000"},
        {"queued.min.messages", queued_count},
        {"queued.max.messages.kbytes", queued_kb},
        {"fetch.max.bytes", fetch_bytes},
        {"fetch.message.max.bytes", "1048576"},
    };
    size_t count = 0;
    while (settings[count].name != NULL) count++;
    ASSERT(input->cluster.properties_count <= KAFKA_PROPERTIES_MAX);
    for (size_t i = 0; i < input->cluster.properties_count; i++) {
        const struct kafka_property *property = &input->cluster.properties[i];
        if (property->consumer) settings[count++] = (struct kafka_setting){property->name, property->value};
    }
    /* says nothing of what is read, but fetch.max.bytes may not be less */
    settings[count++] = (struct kafka_setting){"message.max.bytes", "1000"};

    struct source_kafka *source = calloc(1, sizeof *source);
    if (source == NULL) return error_set(error, STATUS_FAILED, "kafka: out of memory");
    source->request = *request;
    source->kernel = scan_choose();
    source->group.input = input;
    source->group.report = request->report;
    source->group.queued_bytes_max = queued_bytes;
    source->group.queued_messages_max = queued_messages;
    source->group.commits_itself = request->commits_itself;
    source->reader = message_reader_new(request->text_bytes);
    enum status status = kafka_group_init(&source->group, settings, count, error);
    if (source->reader == NULL && status == STATUS_OK) status = error_set(error, STATUS_FAILED, "kafka: out of memory");
    *result = status == STATUS_OK ? source : NULL;
    if (status != STATUS_OK) source_kafka_free(source);
    return status;
}

void source_kafka_attach(struct source_kafka *source, bool (*workers_idle)(void *context), void *context, int stop_fd) {
    source->workers_idle = workers_idle;
    source->idle_context = context;
    source->stop_fd = stop_fd;
}

void source_kafka_set_counting(struct source_kafka *source, const struct kafka_counting *counting) {
    source->group.counting = counting;
}

static void drop_open(struct source_kafka *source) {
    if (source->open != NULL) rd_kafka_message_destroy(source->open);
    source->open = NULL;
    source->group.message_open = false;
}

static void free_origins(struct kafka_partition *partition) {
    for (struct partition_origin *one = partition->origins, *next; one != NULL; one = next) {
        next = one->next;
        free(one->format);
        free(one);
    }
}

void source_kafka_free(struct source_kafka *source) {
    if (source == NULL || source->group.abandoned) return;
    drop_open(source);
    for (uint32_t i = 0; i < source->group.progress.partitions_count; i++)
        free_origins(source->group.progress.partitions[i]);
    kafka_group_destroy(&source->group);
    message_reader_free(source->reader);
    free(source->cluster_id);
    free(source);
}

/* It enters event.id, so no message is taken before it is known; brokers tell it with the first thing that they are asked. */
static bool know_cluster(struct source_kafka *source) {
    if (source->cluster_id == NULL) source->cluster_id = rd_kafka_clusterid(source->group.client, 0);
    return source->cluster_id != NULL;
}

/* --- origins ------------------------------------------------------------------------------------ */

/* The header `format`; NULL: none, or none that could be a name. */
static const char *format_of(rd_kafka_message_t *message) {
    rd_kafka_headers_t *headers;
    const void *value;
    size_t bytes;
    if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        rd_kafka_header_get_last(headers, "format", &value, &bytes) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return NULL;
    return value != NULL && bytes > 0 && bytes <= FORMAT_BYTES_MAX && memchr(value, '\0', bytes) == NULL ? value : NULL;
}

static struct partition_origin *make_origin(struct source_kafka *source, struct kafka_partition *partition,
                                            const char *format) {
    const struct origin *origin = source->request.origin_of(source->request.context, partition->topic, format);
    size_t name_bytes = strlen(source->cluster_id) + strlen(partition->topic) + 16;
    struct partition_origin *made = calloc(1, sizeof *made + name_bytes);
    if (made == NULL) return NULL;
    made->refused = origin == NULL;
    made->format = format != NULL ? strdup(format) : NULL;
    if ((format != NULL && made->format == NULL) || (format == NULL && made->refused)) {
        free(made->format);
        free(made);
        return NULL;
    }
    if (origin != NULL) made->origin = *origin;
    snprintf(made->name, name_bytes, "%s/%s/%" PRId32, source->cluster_id, partition->topic, partition->number);
    made->origin.stream = true;
    made->origin.path = SLICE("");
    made->origin.name = slice_from(made->name);
    made->origin.topic = partition->topic;
    made->origin.partition = partition->number;
    made->origin.partition_index = partition->index;
    made->next = partition->origins;
    partition->origins = made;
    return made;
}

/* Finds or makes it. NULL: out of memory, or one header too many. */
static struct partition_origin *find_origin(struct source_kafka *source, struct kafka_partition *partition,
                                            const char *format) {
    uint32_t headers = 0;
    for (struct partition_origin *one = partition->origins; one != NULL; one = one->next) {
        bool both = one->format != NULL && format != NULL;
        if (both ? strcmp(one->format, format) == 0 : one->format == format) return one;
        headers += one->format != NULL;
    }
    return format != NULL && headers == KAFKA_HEADER_FORMATS_MAX ? NULL : make_origin(source, partition, format);
}

/* What a message's lines are; a header that is refused counts as none. NULL: the run has failed. */
static const struct origin *origin_of(struct source_kafka *source, struct kafka_partition *partition,
                                      const char *format) {
    const struct partition_origin *found = find_origin(source, partition, format);
    if (format != NULL && (found == NULL || found->refused)) found = find_origin(source, partition, NULL);
    if (found != NULL) return &found->origin;
    kafka_group_fail(&source->group, "kafka: %s: out of memory", source->request.input->cluster.brokers);
    return NULL;
}

/* --- batches ------------------------------------------------------------------------------------ */

/* Tombstones cost no room, but somebody may send nothing else. */
static bool is_full(const struct batch *batch) {
    return message_batch_is_full(batch) || batch->tombstones_count + batch->empty_messages_count >= BATCH_LINES_MAX;
}

/* Puts what the batch takes of the open message. False: it is full. */
static bool put_open(struct source_kafka *source, struct message_writer *writer) {
    struct batch *batch = writer->batch;
    uint32_t from = batch->text_bytes;
    if (source->open_lines.line_number > 1) batch->header = source->open_header;
    bool done = message_lines_put(&source->open_lines, writer);
    if (!done)
        split_follow_headers(source->open_lines.origin, (struct slice){batch->text + from, batch->text_bytes - from},
                             &source->open_header);
    int64_t offset = source->open->offset;
    bool begun = source->open_lines.line_number > 1; /* else the batch has no room for a long first line */
    if (done || begun)
        kafka_progress_extend(&source->group.progress, source->open_partition, batch, done ? offset + 1 : offset);
    batch->message_open = !done && begun;
    source->group.message_open = !done;
    if (done) drop_open(source);
    return done;
}

/* Opens the message at hand, or is done with it at once when it holds no line. False: the run has failed. */
static bool open_message(struct source_kafka *source, rd_kafka_message_t *message, struct kafka_partition *partition,
                         struct batch *batch) {
    struct slice payload = {message->payload, message->len};
    struct message_text text = {.one_line = true};
    if (payload.len > 0) text = message_read(source->reader, payload);
    bool empty = text.text.len == 0 && text.damage == NULL;
    const struct origin *origin = empty ? NULL : origin_of(source, partition, format_of(message));
    if (!empty && origin == NULL) return false;
    bool counted_only = message->offset < partition->floor;
    kafka_group_take(&source->group);
    source->taken += !counted_only;
    if (empty) {
        if (!counted_only) *(payload.ptr == NULL ? &batch->tombstones_count : &batch->empty_messages_count) += 1;
        kafka_progress_extend(&source->group.progress, partition, batch, message->offset + 1);
        rd_kafka_message_destroy(message);
        return true;
    }
    source->open = message;
    source->open_partition = partition;
    source->open_epoch = source->group.epoch;
    source->open_header.schema = NULL;
    if (origin->header != NULL) source->open_header = *origin->header;
    source->open_lines = (struct message_lines){.origin = origin,
                                                .offset = (uint64_t)message->offset,
                                                .rest = text.text,
                                                .line_number = 1,
                                                .one_line = text.one_line,
                                                .counted_only = counted_only,
                                                .damage = text.damage,
                                                .payload = payload};
    return true;
}

/* Puts messages until the batch is full (true), or no more are there. A batch in which a message of several batches ends is full, too,
 * where transactions are: they may end behind a message only, and among messages larger than a batch no batch would end there by itself. */
static bool put_messages(struct source_kafka *source, struct message_writer *writer) {
    struct batch *batch = writer->batch;
    struct kafka_partition *partition;
    bool ends_message = source->open != NULL && !source->request.commits_itself;
    for (;;) {
        if (source->open != NULL && !put_open(source, writer)) return true;
        if (ends_message || is_full(batch)) return true;
        rd_kafka_message_t *message = source->giving_up ? NULL : kafka_group_next(&source->group, &partition);
        if (message == NULL || !open_message(source, message, partition, batch)) return false;
    }
}

/* Of an earlier epoch: it is read again. */
static bool has_open(struct source_kafka *source) {
    if (source->open != NULL && source->open_epoch != atomic_load(&source->group.progress.epoch)) drop_open(source);
    return source->open != NULL;
}

/* Waits for more messages, to share this batch. False: it is time to hand it on. */
static bool linger(struct source_kafka *source, const struct batch *batch, uint64_t *deadline_ms) {
    struct kafka_group *group = &source->group;
    if (batch->ranges_count == 0 || group->failed || atomic_load(&group->draining) ||
        source->workers_idle(source->idle_context))
        return false;
    uint64_t now = monotonic_ms();
    if (*deadline_ms == 0) *deadline_ms = now + source->request.settings->linger_ms_max;
    if (now >= *deadline_ms) return false;
    uint64_t left = *deadline_ms - now;
    if (kafka_group_serve(group, left < IDLE_LOOK_MS ? (uint32_t)left : IDLE_LOOK_MS, source->stop_fd)) return false;
    return batch->epoch == group->epoch;
}

static enum status fill(void *instance, struct batch *batch, struct error *error) {
    struct source_kafka *source = instance;
    struct kafka_group *group = &source->group;
    struct message_writer writer = {.batch = batch, .kernel = source->kernel};
    uint64_t deadline_ms = 0;
    (void)kafka_group_serve(group, 0, -1);
    source->taken = 0;
    batch->origin = source->origin;
    if (source->origin->header != NULL) batch->header = *source->origin->header;
    batch->epoch = group->epoch;
    (void)has_open(source);
    if (know_cluster(source))
        while (!put_messages(source, &writer) && linger(source, batch, &deadline_ms)) {
        }
    atomic_fetch_add(&source->messages, source->taken);
    atomic_fetch_add(&source->tombstones, batch->tombstones_count);
    atomic_fetch_add(&source->empty_messages, batch->empty_messages_count);
    batch->last = group->failed || (source->giving_up && source->open == NULL);
    if (!group->failed) return STATUS_OK;
    *error = group->failure;
    return STATUS_FAILED;
}

/* --- the stage ---------------------------------------------------------------------------------- */

static enum status open_input(void *instance, const struct origin *origin, struct error *error) {
    struct source_kafka *source = instance;
    source->origin = origin;
    return kafka_group_subscribe(&source->group, error);
}

static void wait_for_work(void *instance) {
    struct source_kafka *source = instance;
    struct kafka_group *group = &source->group;
    struct kafka_partition *partition;
    while (!source->stopping && !source->giving_up && !group->failed) {
        if (know_cluster(source) && (has_open(source) || kafka_group_next(group, &partition) != NULL)) return;
        source->stopping = kafka_group_serve(group, TICK_MS, source->stop_fd);
    }
}

static void give_up(void *instance) {
    struct source_kafka *source = instance;
    source->giving_up = source->group.reading_ended = true;
}

static bool is_live(const void *instance) {
    (void)instance;
    return true;
}

static void close_input(void *instance) {
    struct source_kafka *source = instance;
    drop_open(source);
    kafka_group_leave(&source->group);
}

const struct source_ops source_kafka_ops = {
    .name = "kafka",
    .open = open_input,
    .is_live = is_live,
    .wait = wait_for_work,
    .fill = fill,
    .give_up = give_up,
    .close = close_input,
};

void source_kafka_keep_alive(struct source_kafka *source) {
    (void)kafka_group_serve(&source->group, 0, -1);
}

bool source_kafka_finish(struct source_kafka *source, uint32_t wait_ms) {
    struct kafka_group *group = &source->group;
    uint64_t deadline_ms = monotonic_ms() + wait_ms, now;
    group->reading_ended = true;
    for (;;) {
        (void)kafka_group_serve(group, 0, -1);
        /* nothing is committed, and nobody leaves, while it joins */
        bool done = kafka_progress_in_flight(&group->progress) == 0 && !kafka_group_must_stay(group);
        if ((kafka_group_commit(group) && done) || (now = monotonic_ms()) >= deadline_ms) return done;
        uint64_t left = deadline_ms - now;
        (void)kafka_group_serve(group, left < TICK_MS ? (uint32_t)left : TICK_MS, -1);
    }
}

/* --- any thread --------------------------------------------------------------------------------- */

bool source_kafka_is_stale(const struct source_kafka *source, uint64_t epoch) {
    return atomic_load(&source->group.progress.epoch) != epoch;
}

void source_kafka_settle(struct source_kafka *source, const struct kafka_settlement *settlement) {
    bool idle = kafka_progress_settle(&source->group.progress, settlement);
    if (idle && atomic_load(&source->group.draining)) kafka_group_wake(&source->group);
}

bool source_kafka_is_draining(const struct source_kafka *source) {
    return atomic_load(&source->group.draining);
}

void source_kafka_rewind(struct source_kafka *source, uint64_t epoch) {
    kafka_group_rewind(&source->group, epoch);
}

rd_kafka_topic_partition_list_t *source_kafka_positions(struct source_kafka *source, const struct batch_range *ranges,
                                                        size_t ranges_count) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)ranges_count);
    for (size_t i = 0; i < ranges_count; i++) {
        const struct kafka_partition *partition = kafka_progress_at(&source->group.progress, ranges[i].partition);
        rd_kafka_topic_partition_t *element = rd_kafka_topic_partition_list_add(list, partition->topic,
                                                                                partition->number);
        element->offset = kafka_progress_above_floor(&source->group.progress, partition, ranges[i].next);
        kafka_recount_add(source->group.counting, ranges[i].partition,
                          kafka_progress_first(&source->group.progress, partition), element);
    }
    return list;
}

/* Whether the client is a member now. Without a name a broker takes positions unseen, as from programs that are in no group. */
static bool is_member(rd_kafka_t *client) {
    char *name = rd_kafka_memberid(client);
    bool member = name != NULL && *name != '\0';
    if (name != NULL) rd_kafka_mem_free(client, name);
    return member;
}

rd_kafka_consumer_group_metadata_t *source_kafka_metadata(struct source_kafka *source) {
    rd_kafka_t *client = source->group.client;
    if (!is_member(client)) return NULL;
    rd_kafka_consumer_group_metadata_t *metadata = rd_kafka_consumer_group_metadata(client);
    if (metadata != NULL && is_member(client)) return metadata;
    if (metadata != NULL) rd_kafka_consumer_group_metadata_destroy(metadata);
    return NULL;
}

void source_kafka_count(const struct source_kafka *source, struct kafka_counts *counts) {
    const struct kafka_group_counts *group = &source->group.counts;
    counts->messages += atomic_load(&source->messages);
    counts->tombstones += atomic_load(&source->tombstones);
    counts->empty_messages += atomic_load(&source->empty_messages);
    counts->rebalances += atomic_load(&group->rebalances);
    counts->commits += atomic_load(&group->commits);
    counts->commits_failed += atomic_load(&group->commits_failed);
    counts->rewinds += atomic_load(&group->rewinds);
}

size_t source_kafka_lags(struct source_kafka *source, struct kafka_lag *lags, size_t lags_max) {
    struct kafka_progress *progress = &source->group.progress;
    size_t count = kafka_progress_list(progress, lags, lags_max);
    if (lags == NULL) return count;
    for (size_t i = 0; i < count; i++) {
        int64_t low, high;
        rd_kafka_resp_err_t code = rd_kafka_get_watermark_offsets(source->group.client, lags[i].topic,
                                                                  lags[i].partition, &low, &high);
        bool known = code == RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0 && lags[i].position >= 0;
        lags[i].lag = !known ? -1 : high > lags[i].position ? high - lags[i].position : 0;
    }
    return count;
}
