/* Eighths: of a run that reads streams, 1 for fetched messages, 4 for a large one of them (or for what connections hold), 2 for batches and
 * what a producer has of them, 1 for the program and for what answers of brokers are when they are unpacked. Files need batches only, and
 * with roll-ups 3 for them, with rates 5, with a page 2 more (schemas/limits.h); streams give them 1 each of a large message's.
 *
 * Threads: see the header. */
#include "app/memory_plan.h"

#include "app/rollup_part.h"
#include "schemas/limits.h"

static uint64_t batches_eighths(const struct memory_users *users) {
    if (users->streams) return 2;
    uint64_t others = (users->rates ? RATES_MEMORY_EIGHTHS : 0) + (users->rollups ? ROLLUPS_MEMORY_EIGHTHS : 0) +
                      (users->report ? REPORT_MEMORY_EIGHTHS : 0);
    return others < 6 ? 6 - others : 0; /* a ring takes the least that it needs */
}

struct memory_plan memory_plan_make(uint64_t memory_bytes, const struct memory_users *users) {
    uint64_t eighth = memory_bytes / 8, batches = batches_eighths(users) * eighth /
                                                  (BATCH_MEMORY_BYTES + (users->outputs - 1) * SHARE_MEMORY_BYTES);
    uint64_t rollups_eighths = users->streams ? ROLLUPS_STREAM_MEMORY_EIGHTHS : ROLLUPS_MEMORY_EIGHTHS;
    uint64_t rates_eighths = !users->rates ? 0 : users->streams ? ROLLUPS_STREAM_MEMORY_EIGHTHS : RATES_MEMORY_EIGHTHS;
    uint64_t usual = rates_eighths * eighth, both = rollups_eighths * eighth + usual;
    uint64_t rates = users->rates && users->rates_bytes > 0 ? users->rates_bytes : usual;
    uint64_t report_eighths = !users->report   ? 0
                              : users->streams ? REPORT_STREAM_MEMORY_EIGHTHS
                                               : REPORT_MEMORY_EIGHTHS;
    uint64_t text_eighths = 4 - (users->rollups ? ROLLUPS_STREAM_MEMORY_EIGHTHS : 0) -
                            (users->rates ? ROLLUPS_STREAM_MEMORY_EIGHTHS : 0) -
                            (users->report ? REPORT_STREAM_MEMORY_EIGHTHS : 0);
    return (struct memory_plan){.fetched_bytes = eighth,
                                .text_bytes = text_eighths * eighth,
                                .rollups_bytes = both - rates,
                                .rates_bytes = rates,
                                .report_bytes = report_eighths * eighth,
                                .rates_bytes_max = both - ROLLUPS_BYTES_MIN,
                                .batches_max = batches < BATCHES_MIN  ? BATCHES_MIN
                                               : batches < UINT32_MAX ? (uint32_t)batches
                                                                      : UINT32_MAX};
}

static void add_part(struct memory_budget *budget, const char *name, const char *help, uint64_t bytes) {
    if (bytes > 0) budget->parts[budget->parts_count++] = (struct memory_part){name, help, bytes};
}

struct memory_budget memory_plan_budget(uint64_t memory_bytes, const struct memory_users *users) {
    const struct memory_plan plan = memory_plan_make(memory_bytes, users);
    struct memory_budget budget = {.parts_count = 0};
    uint64_t sum = 0, batch_bytes = BATCH_MEMORY_BYTES + (users->outputs - 1) * SHARE_MEMORY_BYTES;
    add_part(&budget, "batches", "lines on their way and what is made of them, also in bodies for OpenSearch",
             plan.batches_max * batch_bytes);
    if (users->streams) {
        add_part(&budget, "fetched", "messages of Kafka that wait, in librdkafka", plan.fetched_bytes);
        add_part(&budget, "unpacked", "the message that is being read, or what connections hold", plan.text_bytes);
    }
    if (users->rollups) add_part(&budget, "rollups", "slots and sketches of heat and evidence", plan.rollups_bytes);
    if (users->rates) add_part(&budget, "rates", "keys and sketches of rates", plan.rates_bytes);
    if (users->report) add_part(&budget, "report", "what the page shows", plan.report_bytes);
    for (uint32_t i = 0; i < budget.parts_count; i++) sum += budget.parts[i].bytes;
    if (sum < memory_bytes)
        add_part(&budget, "rest", "the program, caches of places, and buffers of librdkafka and of connections",
                 memory_bytes - sum);
    else
        budget.lacking_bytes = sum - memory_bytes;
    return budget;
}
