/* Three questions to the broker at most: offsets of the group, of times, of ends.
 *
 * Threads: see the header. */
#include "ingest/kafka_starts.h"

/* Replaces times by the offsets of the first messages from then on; -1 is the end, and the answer where nothing is that late. */
static bool find_times(rd_kafka_t *client, rd_kafka_topic_partition_list_t *list, int wait_ms) {
    if (list->cnt == 0) return true;
    bool good = rd_kafka_offsets_for_times(client, list, wait_ms) == RD_KAFKA_RESP_ERR_NO_ERROR;
    for (int i = 0; i < list->cnt && good; i++) good = list->elems[i].err == RD_KAFKA_RESP_ERR_NO_ERROR;
    return good;
}

/* Replaces -1 by the offset that the end has now. */
static bool find_ends(rd_kafka_t *client, rd_kafka_topic_partition_list_t *list, int wait_ms) {
    rd_kafka_topic_partition_list_t *ends = rd_kafka_topic_partition_list_new(0);
    for (int i = 0; i < list->cnt; i++)
        if (list->elems[i].offset < 0)
            rd_kafka_topic_partition_list_add(ends, list->elems[i].topic, list->elems[i].partition)->offset =
                RD_KAFKA_OFFSET_END;
    bool good = find_times(client, ends, wait_ms);
    for (int i = 0; i < ends->cnt && good; i++)
        (void)rd_kafka_topic_partition_list_set_offset(list, ends->elems[i].topic, ends->elems[i].partition,
                                                       ends->elems[i].offset);
    rd_kafka_topic_partition_list_destroy(ends);
    return good;
}

bool kafka_starts_find(rd_kafka_t *client, const struct kafka_input *input, const rd_kafka_topic_partition_list_t *list,
                       rd_kafka_topic_partition_list_t *starts, int wait_ms) {
    enum kafka_start start = input->start;
    if (start == KAFKA_START_EARLIEST || list->cnt == 0) return true;
    rd_kafka_topic_partition_list_t *known = rd_kafka_topic_partition_list_copy(list);
    bool good = rd_kafka_committed(client, known, wait_ms) == RD_KAFKA_RESP_ERR_NO_ERROR;
    for (int i = 0; i < known->cnt && good; i++) {
        const rd_kafka_topic_partition_t *element = &known->elems[i];
        good = element->err == RD_KAFKA_RESP_ERR_NO_ERROR;
        if (element->offset < 0)
            rd_kafka_topic_partition_list_add(starts, element->topic, element->partition)->offset =
                start == KAFKA_START_TIME ? input->start_ms : RD_KAFKA_OFFSET_END;
    }
    rd_kafka_topic_partition_list_destroy(known);
    return good && (start == KAFKA_START_LATEST || find_times(client, starts, wait_ms)) &&
           find_ends(client, starts, wait_ms);
}
