/* Each row of the table has a function that writes its samples, and where these functions serve several rows the place of the number
 * that is meant. Rows without a sample are left out, HELP and TYPE with them: then that part is not in use.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "app/metrics_page.h"

#include <inttypes.h>
#include <stddef.h>
#include <sys/resource.h>
#include <unistd.h>

#include "schemas/client_facts.h"
#include "schemas/residency.h"

enum metric_type { COUNTER, GAUGE, HISTOGRAM };
static const char *const type_names[] = {[COUNTER] = "counter", [GAUGE] = "gauge", [HISTOGRAM] = "histogram"};

struct metric;

/* What is being written. */
struct page {
    FILE *out;
    const struct metrics_snapshot *snapshot;
    const struct metric *metric;
    bool begun; /* HELP and TYPE are there */
};

struct metric {
    const char *name; /* behind the prefix */
    enum metric_type type;
    const char *help;
    void (*write)(struct page *page);
    size_t at; /* of the number, in what `write` is about */
};

#define PREFIX "wherefrom_"

/* --- samples -------------------------------------------------------------------------------------- */

/* The name, and what stands behind it of a histogram; labels follow. */
static void begin(struct page *page, const char *suffix) {
    const struct metric *metric = page->metric;
    if (!page->begun)
        fprintf(page->out, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", metric->name, metric->help, metric->name,
                type_names[metric->type]);
    page->begun = true;
    fprintf(page->out, PREFIX "%s%s", metric->name, suffix);
}

/* `separator`: '{' in front of the first one, ',' in front of the others; '}' has to follow. */
static void label(struct page *page, char separator, const char *name, const char *value) {
    fprintf(page->out, "%c%s=\"", separator, name);
    for (; *value != '\0'; value++) {
        if (*value == '\n')
            fputs("\\n", page->out);
        else if (*value == '"' || *value == '\\')
            fprintf(page->out, "\\%c", *value);
        else
            fputc(*value, page->out);
    }
    fputc('"', page->out);
}

static void whole(struct page *page, uint64_t value) {
    fprintf(page->out, " %" PRIu64 "\n", value);
}

static void seconds(struct page *page, double value) {
    fprintf(page->out, " %.6f\n", value);
}

static void labelled(struct page *page, const char *name, const char *value, uint64_t count) {
    begin(page, "");
    label(page, '{', name, value);
    fputc('}', page->out);
    whole(page, count);
}

static uint64_t number_at(const void *base, size_t at) {
    return *(const uint64_t *)(const void *)((const char *)base + at);
}

/* --- what became of lines ------------------------------------------------------------------------- */

/* Of all sources; `at` is in struct tally. */
static uint64_t sum_at(const struct page *page, size_t at) {
    uint64_t sum = 0;
    for (int i = 0; i < SOURCE_KINDS; i++) sum += number_at(&page->snapshot->run.sums[i], at);
    return sum;
}

static void write_sum(struct page *page) {
    begin(page, "");
    whole(page, sum_at(page, page->metric->at));
}

static void write_by_name(struct page *page, const char *name, const char *const *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        labelled(page, name, values[i], sum_at(page, page->metric->at + i * sizeof(uint64_t)));
}

static void write_rejects(struct page *page) {
    write_by_name(page, "reason", reject_names, REJECT_REASONS);
}

static void write_skips(struct page *page) {
    write_by_name(page, "reason", skip_names, SKIP_REASONS);
}

static void write_verdicts(struct page *page) {
    write_by_name(page, "verdict", verdict_names, verdicts_count());
}

static void write_residency(struct page *page) {
    if (page->snapshot->has_residency) write_by_name(page, "verdict", residency_verdict_names, RESIDENCY_VERDICTS);
}

static void write_residency_reasons(struct page *page) {
    if (page->snapshot->has_residency) write_by_name(page, "reason", residency_reason_names, RESIDENCY_REASONS);
}

static const char *format_name(uint32_t schema_number) {
    return schema_number == 0 ? "unknown" : schemas_all[schema_number - 1]->name;
}

static void write_format(struct page *page, enum source_kind source, uint32_t format, const char *outcome,
                         uint64_t count) {
    begin(page, "");
    label(page, '{', "source", source_names[source]);
    label(page, ',', "format", format_name(format));
    if (outcome != NULL) label(page, ',', "outcome", outcome);
    fputc('}', page->out);
    whole(page, count);
}

static const struct format_tally *tally_of(const struct page *page, int source, uint32_t format) {
    return &page->snapshot->run.sums[source].formats[format];
}

static uint64_t lines_of(const struct format_tally *tally) {
    uint64_t sum = 0;
    for (int i = 0; i < OUTCOMES; i++) sum += tally->outcomes[i];
    return sum;
}

/* All outcomes of formats that were met, so that none appears late. */
static void write_records(struct page *page) {
    static const char *const names[OUTCOMES] = {[OUTCOME_WRITTEN] = "written",
                                                [OUTCOME_DUPLICATE] = "duplicate",
                                                [OUTCOME_REJECTED] = "rejected",
                                                [OUTCOME_SKIPPED] = "skipped"};
    for (int source = 0; source < SOURCE_KINDS; source++)
        for (uint32_t format = 0; format <= schemas_count; format++) {
            const struct format_tally *tally = tally_of(page, source, format);
            for (int i = 0; i < OUTCOMES && lines_of(tally) > 0; i++)
                write_format(page, (enum source_kind)source, format, names[i], tally->outcomes[i]);
        }
}

static void write_read_bytes(struct page *page) {
    for (int source = 0; source < SOURCE_KINDS; source++)
        for (uint32_t format = 0; format <= schemas_count; format++)
            if (tally_of(page, source, format)->bytes_read > 0)
                write_format(page, (enum source_kind)source, format, NULL, tally_of(page, source, format)->bytes_read);
}

/* --- queues and outputs --------------------------------------------------------------------------- */

static void write_oldest(struct page *page) {
    begin(page, "");
    seconds(page, (double)page->snapshot->run.oldest_ms / 1e3);
}

static void write_batches(struct page *page) {
    begin(page, "");
    whole(page, page->snapshot->run.queues.batches);
}

static void write_in_flight(struct page *page) {
    const struct queues_look *queues = &page->snapshot->run.queues;
    begin(page, "");
    whole(page, queues->batches - queues->idle_batches);
}

static void write_queues(struct page *page) {
    const struct queues_look *queues = &page->snapshot->run.queues;
    labelled(page, "queue", "idle", queues->idle_batches);
    labelled(page, "queue", "work", queues->work_batches);
    labelled(page, "queue", "order", queues->waiting_batches);
}

static void write_streams(struct page *page) {
    labelled(page, "state", "expected", page->snapshot->run.streams);
    labelled(page, "state", "open", page->snapshot->run.streams_open);
}

static void begin_output(struct page *page, const char *suffix, uint32_t index) {
    begin(page, suffix);
    label(page, '{', "output", page->snapshot->run.queues.outputs.items[index].name);
}

/* `at` is in struct output_look. */
static void write_output(struct page *page) {
    const struct outputs_look *outputs = &page->snapshot->run.queues.outputs;
    for (uint32_t i = 0; i < outputs->items_count; i++) {
        begin_output(page, "", i);
        fputc('}', page->out);
        whole(page, number_at(&outputs->items[i], page->metric->at));
    }
}

static void write_stalled(struct page *page) {
    const struct outputs_look *outputs = &page->snapshot->run.queues.outputs;
    for (uint32_t i = 0; i < outputs->items_count; i++) {
        begin_output(page, "", i);
        fputc('}', page->out);
        seconds(page, (double)outputs->items[i].stalled_ms / 1e3);
    }
}

static void write_rejects_stalled(struct page *page) {
    begin(page, "");
    seconds(page, (double)page->snapshot->run.queues.outputs.rejects_stalled_ms / 1e3);
}

static void write_output_bytes(struct page *page) {
    const struct metrics_snapshot *snapshot = page->snapshot;
    for (uint32_t i = 0; i < snapshot->run.queues.outputs.items_count; i++) {
        begin_output(page, "", i);
        fputc('}', page->out);
        whole(page, snapshot->outputs[i].bytes);
    }
}

static void write_latency(struct page *page) {
    const struct outputs_look *outputs = &page->snapshot->run.queues.outputs;
    for (uint32_t i = 0; i < outputs->items_count; i++) {
        const struct latency_look *latency = &outputs->items[i].latency;
        uint64_t count = 0;
        for (unsigned bound = 0; bound <= LATENCY_BOUNDS; bound++) {
            char text[32] = "+Inf";
            if (bound < LATENCY_BOUNDS) snprintf(text, sizeof text, "%g", (double)latency_bounds_us[bound] / 1e6);
            count += latency->counts[bound];
            begin_output(page, "_bucket", i);
            label(page, ',', "le", text);
            fputc('}', page->out);
            whole(page, count);
        }
        begin_output(page, "_sum", i);
        fputc('}', page->out);
        seconds(page, (double)latency->sum_us / 1e6);
        begin_output(page, "_count", i);
        fputc('}', page->out);
        whole(page, count);
    }
}

/* `at` is in struct opensearch_counts. */
static void write_opensearch(struct page *page) {
    const struct metrics_snapshot *snapshot = page->snapshot;
    for (uint32_t i = 0; i < snapshot->run.queues.outputs.items_count; i++) {
        if (!snapshot->outputs[i].has_opensearch) continue;
        begin_output(page, "", i);
        fputc('}', page->out);
        whole(page, number_at(&snapshot->outputs[i].opensearch, page->metric->at));
    }
}

/* --- Kafka ---------------------------------------------------------------------------------------- */

/* `at` is in struct kafka_counts. */
static void write_kafka(struct page *page) {
    begin(page, "");
    whole(page, number_at(&page->snapshot->kafka, page->metric->at));
}

static void write_kafka_input(struct page *page) {
    if (page->snapshot->has_kafka_input) write_kafka(page);
}

static void write_kafka_output(struct page *page) {
    if (page->snapshot->has_kafka_output) write_kafka(page);
}

static void write_lags(struct page *page) {
    for (size_t i = 0; i < page->snapshot->lags_count; i++) {
        const struct kafka_lag *lag = &page->snapshot->lags[i];
        if (lag->lag < 0) continue;
        begin(page, "");
        label(page, '{', "topic", lag->topic);
        fprintf(page->out, ",partition=\"%d\"}", (int)lag->partition);
        whole(page, (uint64_t)lag->lag);
    }
}

/* --- places, roll-ups, process ---------------------------------------------------------------------- */

static void write_databases(struct page *page) {
    const struct geo *geo = page->snapshot->geo;
    for (size_t i = 0; geo != NULL && i < geo->databases_count; i++)
        labelled(page, "path", geo->databases[i].path, geo->databases[i].build_epoch);
}

/* `at` is in struct rollups_counts. */
static void write_rollups(struct page *page) {
    if (!page->snapshot->has_rollups) return;
    begin(page, "");
    whole(page, number_at(&page->snapshot->rollups, page->metric->at));
}

static void write_rates(struct page *page) {
    if (page->snapshot->has_rollups && page->snapshot->rollups.parts.has_rates) write_rollups(page);
}

static void write_reloads(struct page *page) {
    labelled(page, "outcome", "done", page->snapshot->reloads_done);
    labelled(page, "outcome", "refused", page->snapshot->reloads_refused);
}

static void write_resident(struct page *page) {
    unsigned long long all = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    bool good = file != NULL && fscanf(file, "%llu %llu", &all, &resident) == 2;
    if (file != NULL) fclose(file);
    if (!good) return;
    begin(page, "");
    whole(page, resident * (uint64_t)sysconf(_SC_PAGESIZE));
}

static void write_cpu(struct page *page) {
    struct rusage used;
    if (getrusage(RUSAGE_SELF, &used) != 0) return;
    begin(page, "");
    seconds(page, (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                      (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
}

static void write_start(struct page *page) {
    begin(page, "");
    seconds(page, page->snapshot->started_s);
}

static void write_build(struct page *page) {
    labelled(page, "version", WHEREFROM_VERSION, 1);
}

/* --- the table ------------------------------------------------------------------------------------ */

#define TALLY(member) offsetof(struct tally, member)
#define OUTPUT(member) offsetof(struct output_look, member)
#define OPENSEARCH(member) offsetof(struct opensearch_counts, member)
#define KAFKA(member) offsetof(struct kafka_counts, member)
#define ROLLUPS(member) offsetof(struct rollups_counts, member)

/* clang-format off */
static const struct metric metrics[] = {
    {.name = "records_total", .type = COUNTER, .write = write_records,
     .help = "Lines whose end is settled, by where they were read, their format and what became of them."},
    {.name = "read_bytes_total", .type = COUNTER, .write = write_read_bytes,
     .help = "Uncompressed text of those lines."},
    {.name = "rejects_total", .type = COUNTER, .write = write_rejects, .at = TALLY(rejected),
     .help = "Rejected lines by reason."},
    {.name = "skips_total", .type = COUNTER, .write = write_skips, .at = TALLY(skipped),
     .help = "Skipped lines by reason."},
    {.name = "verdicts_total", .type = COUNTER, .write = write_verdicts, .at = TALLY(verdicts),
     .help = "Records by what is said of their client."},
    {.name = "evidence_unused_records_total", .type = COUNTER, .write = write_sum, .at = TALLY(evidence_unused),
     .help = "Records with X-Forwarded-For or PROXY headers that no chain uses."},
    {.name = "residency_verdicts_total", .type = COUNTER, .write = write_residency, .at = TALLY(residency),
     .help = "Records by the verdict of the residency policy."},
    {.name = "residency_reasons_total", .type = COUNTER, .write = write_residency_reasons, .at = TALLY(residency_reasons),
     .help = "Reasons of those verdicts."},
    {.name = "oldest_unsettled_seconds", .type = GAUGE, .write = write_oldest,
     .help = "How long ago the oldest line was read that has not settled; 0 when all have."},
    {.name = "batches", .type = GAUGE, .write = write_batches,
     .help = "Batches of the pool: what is under way at most."},
    {.name = "batches_in_flight", .type = GAUGE, .write = write_in_flight,
     .help = "Batches that are not idle: they are being filled, worked off or written."},
    {.name = "queue_batches", .type = GAUGE, .write = write_queues,
     .help = "Batches that are idle, wait for a worker, or wait for their turn in the output."},
    {.name = "streams", .type = GAUGE, .write = write_streams,
     .help = "Inputs without an end: those that are expected, and those that were opened."},
    {.name = "output_written_bytes_total", .type = COUNTER, .write = write_output_bytes,
     .help = "Bytes handed to a file (before compression), sent to OpenSearch, or confirmed by Kafka."},
    {.name = "output_records_total", .type = COUNTER, .write = write_output, .at = OUTPUT(counts.written),
     .help = "Records that an output has taken."},
    {.name = "output_duplicates_total", .type = COUNTER, .write = write_output, .at = OUTPUT(counts.duplicates),
     .help = "Records that an output had before."},
    {.name = "output_refused_total", .type = COUNTER, .write = write_output, .at = OUTPUT(counts.refused),
     .help = "Records that an output has refused for good."},
    {.name = "output_pending_batches", .type = GAUGE, .write = write_output, .at = OUTPUT(batches),
     .help = "Batches that an output has and has not confirmed."},
    {.name = "output_pending_records", .type = GAUGE, .write = write_output, .at = OUTPUT(records),
     .help = "Records in those batches."},
    {.name = "output_stalled_seconds", .type = GAUGE, .write = write_stalled,
     .help = "For how long an output has confirmed none of them; 0 when it has none."},
    {.name = "output_latency_seconds", .type = HISTOGRAM, .write = write_latency,
     .help = "From the hand-over of a batch until the output has all of it, but for the commit of a transaction."},
    {.name = "rejects_stalled_seconds", .type = GAUGE, .write = write_rejects_stalled,
     .help = "For how long the file of rejects has taken nothing of what is being written to it."},
    {.name = "opensearch_requests_total", .type = COUNTER, .write = write_opensearch, .at = OPENSEARCH(requests),
     .help = "Bulk requests that were replied to or failed."},
    {.name = "opensearch_requests_failed_total", .type = COUNTER, .write = write_opensearch, .at = OPENSEARCH(requests_failed),
     .help = "Those without a reply, or with one that is no answer."},
    {.name = "opensearch_throttled_total", .type = COUNTER, .write = write_opensearch, .at = OPENSEARCH(throttled),
     .help = "Answers 429 and 503, come later: to a request, or to a document in it."},
    {.name = "opensearch_documents_total", .type = COUNTER, .write = write_opensearch, .at = OPENSEARCH(documents),
     .help = "Documents that were indexed."},
    {.name = "opensearch_duplicates_total", .type = COUNTER, .write = write_opensearch, .at = OPENSEARCH(duplicates),
     .help = "Documents that were there before."},
    {.name = "opensearch_refused_total", .type = COUNTER, .write = write_opensearch, .at = OPENSEARCH(refused),
     .help = "Documents that were refused for good."},
    {.name = "opensearch_documents_retried_total", .type = COUNTER, .write = write_opensearch, .at = OPENSEARCH(documents_again),
     .help = "Documents that were sent again, as often as they were."},
    {.name = "kafka_messages_total", .type = COUNTER, .write = write_kafka_input, .at = KAFKA(messages),
     .help = "Messages read."},
    {.name = "kafka_lag_messages", .type = GAUGE, .write = write_lags,
     .help = "Messages of an assigned partition that have not settled."},
    {.name = "kafka_commits_total", .type = COUNTER, .write = write_kafka_input, .at = KAFKA(commits),
     .help = "Commits of offsets, but for those in transactions."},
    {.name = "kafka_commits_failed_total", .type = COUNTER, .write = write_kafka_input, .at = KAFKA(commits_failed),
     .help = "Those that failed; the next one has their offsets, too."},
    {.name = "kafka_rebalances_total", .type = COUNTER, .write = write_kafka_input, .at = KAFKA(rebalances),
     .help = "Times that partitions were assigned or revoked."},
    {.name = "kafka_rewinds_total", .type = COUNTER, .write = write_kafka_input, .at = KAFKA(rewinds),
     .help = "Times that work in flight was dropped to be read again."},
    {.name = "kafka_delivered_total", .type = COUNTER, .write = write_kafka_output, .at = KAFKA(delivered),
     .help = "Messages that the output has confirmed."},
    {.name = "kafka_transactions_committed_total", .type = COUNTER, .write = write_kafka_output, .at = KAFKA(transactions_committed),
     .help = "Transactions that were committed."},
    {.name = "kafka_transactions_aborted_total", .type = COUNTER, .write = write_kafka_output, .at = KAFKA(transactions_aborted),
     .help = "Transactions that were aborted; all in them comes again."},
    {.name = "place_lookups_total", .type = COUNTER, .write = write_sum, .at = TALLY(place_lookups),
     .help = "Addresses whose place was looked up."},
    {.name = "place_misses_total", .type = COUNTER, .write = write_sum, .at = TALLY(place_misses),
     .help = "Those that the memory of addresses did not know."},
    {.name = "database_build_timestamp_seconds", .type = GAUGE, .write = write_databases,
     .help = "When a database in force was built, since 1970."},
    {.name = "reloads_total", .type = COUNTER, .write = write_reloads,
     .help = "Reloads of chains and databases: done, or refused, and what was before stays in force."},
    {.name = "rollup_documents_total", .type = COUNTER, .write = write_rollups, .at = ROLLUPS(documents),
     .help = "Documents of roll-ups that are written."},
    {.name = "rollup_late_records_total", .type = COUNTER, .write = write_rollups, .at = ROLLUPS(parts.late),
     .help = "Records that came too late for their interval."},
    {.name = "rollup_ahead_records_total", .type = COUNTER, .write = write_rollups, .at = ROLLUPS(parts.ahead),
     .help = "Records whose time lies ahead of the clock; they count nowhere."},
    {.name = "rollup_folded_slots_total", .type = COUNTER, .write = write_rollups, .at = ROLLUPS(parts.folded),
     .help = "Slots that were folded for lack of memory."},
    {.name = "rate_late_records_total", .type = COUNTER, .write = write_rates, .at = ROLLUPS(parts.rates.late),
     .help = "Requests that came too late for their window."},
    {.name = "process_resident_memory_bytes", .type = GAUGE, .write = write_resident,
     .help = "Memory that is resident."},
    {.name = "process_cpu_seconds_total", .type = COUNTER, .write = write_cpu,
     .help = "CPU time, user and system."},
    {.name = "process_start_time_seconds", .type = GAUGE, .write = write_start,
     .help = "When the run began, since 1970."},
    {.name = "build_info", .type = GAUGE, .write = write_build,
     .help = "Always 1; the version is a label."},
};
/* clang-format on */

void metrics_page_write(FILE *out, const struct metrics_snapshot *snapshot) {
    for (size_t i = 0; i < sizeof metrics / sizeof metrics[0]; i++) {
        struct page page = {.out = out, .snapshot = snapshot, .metric = &metrics[i]};
        metrics[i].write(&page);
    }
}
