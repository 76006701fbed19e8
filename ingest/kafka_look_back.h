/* What librdkafka 2.0.2 loses when a rebalance begins.
 *
 * It pauses all partitions then, and goes on later behind the last message that it has handed over. rd_kafka_consume_batch_queue counts
 * messages as handed over when it collects them; when the pause comes before it returns, it finds them outdated and throws them away, and
 * nobody ever sees them: hundreds of messages, in one of some dozen rebalances under load. So whoever stands behind the last message that
 * we have got is sent back to it, before librdkafka is told to go on.
 *
 * Threads: the polling thread's. */
#ifndef WHEREFROM_KAFKA_LOOK_BACK_H
#define WHEREFROM_KAFKA_LOOK_BACK_H

#include <librdkafka/rdkafka.h>

#include "ingest/kafka_progress.h"

/* Sends partitions whose position is behind `handed` back to it; one of which we have got nothing, to where it is begun. (Markers
 * of transactions make the same difference, and are passed once more.) False: not done yet, no answer within `wait_ms`. */
bool kafka_look_back(rd_kafka_t *client, struct kafka_progress *progress, int wait_ms);

/* rd_kafka_seek_partitions, all or nothing. */
bool kafka_seek(rd_kafka_t *client, rd_kafka_topic_partition_list_t *list, int wait_ms);

#endif
