/* librdkafka frees metadata with free().
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "ingest/kafka_recount.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/number.h"

#define SECOND_NS INT64_C(1000000000)

struct field {
    const char *prefix;
    int64_t value;
};

size_t kafka_need_write(const struct kafka_need *need, char out[KAFKA_NEED_BYTES_MAX]) {
    const struct field fields[] = {{need->has_rates ? "wf2:o=" : "wf1:o=", need->offset},
                                   {",c=", need->closed_s},
                                   {",p=", need->position},
                                   {",l=", need->line},
                                   {",n=", need->rates.newest_ns},
                                   {",r=", need->rates.reported_ns / SECOND_NS}};
    size_t used = 0, fields_count = need->has_rates ? sizeof fields / sizeof fields[0] : 2;
    uint32_t late_count = need->has_rates ? RATE_WINDOWS_MAX : 0;
    for (size_t i = 0; i < fields_count; i++)
        used += (size_t)snprintf(out + used, KAFKA_NEED_BYTES_MAX - used, "%s%" PRId64, fields[i].prefix,
                                 fields[i].value);
    while (late_count > 0 && need->rates.late[late_count - 1] == 0) late_count--;
    for (uint32_t i = 0; i < late_count; i++)
        used += (size_t)snprintf(out + used, KAFKA_NEED_BYTES_MAX - used, "%s%" PRIu64, i == 0 ? ",x=" : ".",
                                 need->rates.late[i]);
    ASSERT(used < KAFKA_NEED_BYTES_MAX);
    return used;
}

/* Takes a prefix and the number behind it off the text. */
static bool take_number(struct slice *text, const char *prefix, int64_t *number) {
    size_t prefix_bytes = strlen(prefix), digits = 0;
    uint64_t value;
    if (text->len < prefix_bytes || memcmp(text->ptr, prefix, prefix_bytes) != 0) return false;
    struct slice rest = {text->ptr + prefix_bytes, text->len - prefix_bytes};
    while (digits < rest.len && rest.ptr[digits] >= '0' && rest.ptr[digits] <= '9') digits++;
    if (!number_parse((struct slice){rest.ptr, digits}, &value) || value > INT64_MAX) return false;
    *number = (int64_t)value;
    *text = (struct slice){rest.ptr + digits, rest.len - digits};
    return true;
}

static bool take_late(struct slice *text, uint64_t late[RATE_WINDOWS_MAX]) {
    for (uint32_t i = 0; text->len > 0; i++) {
        int64_t value;
        if (i == RATE_WINDOWS_MAX || !take_number(text, i == 0 ? ",x=" : ".", &value)) return false;
        late[i] = (uint64_t)value;
    }
    return true;
}

static bool take_rates(struct slice *text, struct kafka_need *need) {
    int64_t line, reported_s;
    need->has_rates = true;
    if (!take_number(text, ",p=", &need->position) || !take_number(text, ",l=", &line)) return false;
    if (!take_number(text, ",n=", &need->rates.newest_ns) || !take_number(text, ",r=", &reported_s)) return false;
    if (line > UINT32_MAX || reported_s > INT64_MAX / SECOND_NS) return false;
    need->line = (uint32_t)line;
    need->rates.reported_ns = reported_s * SECOND_NS;
    return take_late(text, need->rates.late);
}

bool kafka_need_read(struct slice text, struct kafka_need *need) {
    bool with_rates = text.len > 2 && text.ptr[2] == '2';
    *need = (struct kafka_need){0};
    if (!take_number(&text, with_rates ? "wf2:o=" : "wf1:o=", &need->offset)) return false;
    if (!take_number(&text, ",c=", &need->closed_s)) return false;
    return with_rates ? take_rates(&text, need) : text.len == 0;
}

bool kafka_recount_find(rd_kafka_t *client, rd_kafka_topic_partition_list_t *list, struct kafka_recount *recounts,
                        int wait_ms) {
    if (list->cnt == 0) return true;
    rd_kafka_topic_partition_list_t *known = rd_kafka_topic_partition_list_copy(list);
    bool good = rd_kafka_committed(client, known, wait_ms) == RD_KAFKA_RESP_ERR_NO_ERROR;
    for (int i = 0; i < known->cnt && good; i++) {
        const rd_kafka_topic_partition_t *element = &known->elems[i];
        struct slice metadata = {element->metadata, element->metadata != NULL ? element->metadata_size : 0};
        good = element->err == RD_KAFKA_RESP_ERR_NO_ERROR;
        recounts[i].committed = -1;
        if (element->offset < 0 || !kafka_need_read(metadata, &recounts[i].need) ||
            recounts[i].need.offset > element->offset)
            continue;
        recounts[i].committed = element->offset;
        list->elems[i].offset = recounts[i].need.offset;
    }
    rd_kafka_topic_partition_list_destroy(known);
    return good;
}

void kafka_recount_add(const struct kafka_counting *counting, uint32_t partition, int64_t first,
                       rd_kafka_topic_partition_t *element) {
    struct kafka_need need = {.offset = first};
    if (counting == NULL || (!counting->need(counting->context, partition, &need) && first < 0)) return;
    if (need.offset > element->offset) need.offset = element->offset;
    char text[KAFKA_NEED_BYTES_MAX];
    size_t bytes = kafka_need_write(&need, text);
    element->metadata = strdup(text);
    ASSERT(element->metadata != NULL);
    element->metadata_size = bytes;
}
