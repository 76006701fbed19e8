/* Where partitions are begun for which a group has no offset yet.
 *
 * Threads: the polling thread's. */
#ifndef WHEREFROM_KAFKA_STARTS_H
#define WHEREFROM_KAFKA_STARTS_H

#include <librdkafka/rdkafka.h>

#include "schemas/kafka.h"

/* Adds those of the list for which the group has no offset yet to `starts`, with the offset where they are begun. False: no answer. (At the
 * earliest one librdkafka begins by itself.) */
bool kafka_starts_find(rd_kafka_t *client, const struct kafka_input *input, const rd_kafka_topic_partition_list_t *list,
                       rd_kafka_topic_partition_list_t *starts, int wait_ms);

#endif
