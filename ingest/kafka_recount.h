/* From where partitions are counted again: read from the metadata of the group's offsets, and written there.
 *
 * "wf1:o=OFFSET,c=SECONDS", and of one with rates "wf2:o=OFFSET,c=SECONDS,p=POSITION,l=LINE,n=NEWEST_NS,r=REPORTED_S,x=LATE.LATE...", a
 * number of late records for each window up to the last one that has some; see struct kafka_need. What is not understood counts as not there.
 *
 * Threads: kafka_recount_find: the polling thread's; kafka_recount_add: any. */
#ifndef WHEREFROM_KAFKA_RECOUNT_H
#define WHEREFROM_KAFKA_RECOUNT_H

#include <librdkafka/rdkafka.h>

#include "base/slice.h"
#include "schemas/kafka.h"

#define KAFKA_NEED_BYTES_MAX 384u

/* Writes it with a NUL, and returns the number of bytes in front of that. */
size_t kafka_need_write(const struct kafka_need *need, char out[KAFKA_NEED_BYTES_MAX]);
/* False: it is none. */
bool kafka_need_read(struct slice text, struct kafka_need *need);

/* What the group says of a partition. */
struct kafka_recount {
    int64_t committed; /* -1: there is no need known */
    struct kafka_need need;
};

/* Asks for all of the list, `recounts` has as many places; where there is a need, the list's offset becomes that of the need. False: no
 * answer. */
bool kafka_recount_find(rd_kafka_t *client, rd_kafka_topic_partition_list_t *list, struct kafka_recount *recounts,
                        int wait_ms);

/* Gives the offset of a list its metadata, as `counting` (NULL: nobody) has it; where that has nothing yet, all from `first` on is needed. */
void kafka_recount_add(const struct kafka_counting *counting, uint32_t partition, int64_t first,
                       rd_kafka_topic_partition_t *element);

#endif
