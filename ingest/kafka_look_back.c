/* Positions are compared, not events: that nothing was lost is as cheap to see.
 *
 * Threads: see the header. */
#include "ingest/kafka_look_back.h"

bool kafka_seek(rd_kafka_t *client, rd_kafka_topic_partition_list_t *list, int wait_ms) {
    if (list->cnt == 0) return true; /* of no partitions it says that it has timed out */
    rd_kafka_error_t *error = rd_kafka_seek_partitions(client, list, wait_ms);
    bool good = error == NULL;
    if (error != NULL) rd_kafka_error_destroy(error);
    for (int i = 0; i < list->cnt && good; i++) good = list->elems[i].err == RD_KAFKA_RESP_ERR_NO_ERROR;
    return good;
}

/* A partition without an offset of the group begins at the earliest one: any other start was committed when it was found. */
static bool find_committed(rd_kafka_t *client, rd_kafka_topic_partition_list_t *list, int wait_ms) {
    if (list->cnt == 0) return true;
    bool good = rd_kafka_committed(client, list, wait_ms) == RD_KAFKA_RESP_ERR_NO_ERROR;
    for (int i = 0; i < list->cnt && good; i++) {
        good = list->elems[i].err == RD_KAFKA_RESP_ERR_NO_ERROR;
        if (list->elems[i].offset < 0) list->elems[i].offset = RD_KAFKA_OFFSET_BEGINNING;
    }
    return good;
}

bool kafka_look_back(rd_kafka_t *client, struct kafka_progress *progress, int wait_ms) {
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(0),
                                    *known = rd_kafka_topic_partition_list_new(0),
                                    *unknown = rd_kafka_topic_partition_list_new(0);
    for (uint32_t i = 0; i < progress->partitions_count; i++) {
        const struct kafka_partition *partition = progress->partitions[i];
        if (partition->assigned) rd_kafka_topic_partition_list_add(all, partition->topic, partition->number);
    }
    (void)rd_kafka_position(client, all);
    for (int i = 0; i < all->cnt; i++) {
        const rd_kafka_topic_partition_t *element = &all->elems[i];
        int64_t handed = kafka_progress_find(progress, element->topic, element->partition)->handed;
        if (handed < 0) handed = kafka_progress_find(progress, element->topic, element->partition)->begin;
        if (element->offset < 0 || element->offset <= handed) continue;
        rd_kafka_topic_partition_list_add(handed >= 0 ? known : unknown, element->topic, element->partition)->offset =
            handed;
    }
    bool good = find_committed(client, unknown, wait_ms) && kafka_seek(client, known, wait_ms) &&
                kafka_seek(client, unknown, wait_ms);
    rd_kafka_topic_partition_list_destroy(all);
    rd_kafka_topic_partition_list_destroy(known);
    rd_kafka_topic_partition_list_destroy(unknown);
    return good;
}
