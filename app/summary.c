/* Sums, rankings and their two printed forms.
 *
 * Threads: main thread. */
#define _GNU_SOURCE
#include "app/summary.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/log.h"
#include "base/check.h"
#include "base/json.h"
#include "schemas/limits.h"

uint64_t summary_replayed(const struct tally *tally) {
    return tally->read - tally->rejected[REJECT_BAD_REJECT] - tally->rejected[REJECT_NOT_REPLAYABLE];
}

/* --- rankings ----------------------------------------------------------------------------------- */

static void ranking_add(struct summary_ranking *ranking, uint64_t key, uint64_t count, struct slice name) {
    if (ranking->rows_count == ranking->rows_max) {
        ranking->rows_max = ranking->rows_max == 0 ? 1024 : 2 * ranking->rows_max;
        ranking->rows = realloc(ranking->rows, ranking->rows_max * sizeof *ranking->rows);
        ASSERT(ranking->rows != NULL);
    }
    struct summary_row *row = &ranking->rows[ranking->rows_count++];
    *row = (struct summary_row){.key = key, .count = count};
    size_t bytes = name.len < sizeof row->name ? name.len : sizeof row->name - 1;
    while (bytes > 0 && bytes < name.len && ((unsigned char)name.ptr[bytes] & 0xc0) == 0x80) bytes--;
    memcpy(row->name, name.ptr, bytes);
}

static int by_key(const void *a, const void *b) {
    uint64_t x = ((const struct summary_row *)a)->key, y = ((const struct summary_row *)b)->key;
    return (x > y) - (x < y);
}

static int by_count(const void *a, const void *b) {
    uint64_t x = ((const struct summary_row *)a)->count, y = ((const struct summary_row *)b)->count;
    return x == y ? by_key(a, b) : (x < y) - (x > y);
}

/* One row for each key. */
static void ranking_unite(struct summary_ranking *ranking) {
    if (ranking->rows_count == 0) return;
    qsort(ranking->rows, ranking->rows_count, sizeof *ranking->rows, by_key);
    size_t kept = 0;
    for (size_t i = 1; i < ranking->rows_count; i++) {
        if (ranking->rows[i].key == ranking->rows[kept].key) {
            ranking->rows[kept].count += ranking->rows[i].count;
        } else {
            ranking->rows[++kept] = ranking->rows[i];
        }
    }
    ranking->rows_count = kept + 1;
}

static void ranking_finish(struct summary_ranking *ranking) {
    if (ranking->rows_count > 0) qsort(ranking->rows, ranking->rows_count, sizeof *ranking->rows, by_count);
}

static void count_place(void *context, const struct place *place, uint64_t count) {
    struct summary *summary = context;
    struct slice country = place->texts[PLACE_COUNTRY_ISO_CODE];
    if (country.len == 2)
        ranking_add(&summary->countries, (uint64_t)(unsigned char)country.ptr[0] << 8 | (unsigned char)country.ptr[1],
                    count, country);
    if (place->as_number != 0)
        ranking_add(&summary->networks, place->as_number, count, place->texts[PLACE_AS_ORGANIZATION]);
}

void summary_add_places(void *context, struct geo_cache *places) {
    struct summary *summary = context;
    geo_cache_count(places, count_place, summary);
    ranking_unite(&summary->countries); /* each time that databases are swapped all come again */
    ranking_unite(&summary->networks);
}

void summary_finish(struct summary *summary) {
    ranking_finish(&summary->countries);
    ranking_finish(&summary->networks);
}

void summary_destroy(struct summary *summary) {
    free(summary->countries.rows);
    free(summary->networks.rows);
    free(summary->lags);
}

/* --- for people --------------------------------------------------------------------------------- */

/* 1234567 -> "1,234,567" */
static const char *grouped(uint64_t value, char out[32]) {
    char digits[24];
    int count = snprintf(digits, sizeof digits, "%llu", (unsigned long long)value), at = 0;
    for (int i = 0; i < count; i++) {
        if (i > 0 && (count - i) % 3 == 0) out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
    return out;
}

static void print_counts(const char *title, const char *const *names, const uint64_t *counts, int kinds) {
    char line[1024], number[32];
    size_t used = 0;
    for (int i = 0; i < kinds; i++)
        if (counts[i] > 0 && used < sizeof line - 64)
            used += (size_t)snprintf(line + used, sizeof line - used, "%s%s %s", used > 0 ? ", " : "", names[i],
                                     grouped(counts[i], number));
    if (used > 0) log_message(LOG_INFO, "  %-10s %s", title, line);
}

/* Records that a policy says something of. */
static uint64_t judged(const struct tally *tally) {
    uint64_t sum = 0;
    for (int i = 0; i < RESIDENCY_VERDICTS; i++) sum += tally->residency[i];
    return sum;
}

static double share_indeterminate(const struct tally *tally) {
    uint64_t sum = judged(tally);
    return sum > 0 ? (double)tally->residency[RESIDENCY_INDETERMINATE] / (double)sum : 0;
}

/* What is not known comes first: the rest says as much as that leaves. */
static void print_residency(const struct summary *summary) {
    const struct tally *tally = &summary->tally;
    char number[32];
    if (!summary->has_residency) return;
    log_message(LOG_INFO, "  %-10s %.1f %% indeterminate", "residency", 100 * share_indeterminate(tally));
    print_counts("", residency_verdict_names, tally->residency, RESIDENCY_VERDICTS);
    print_counts("reasons", residency_reason_names, tally->residency_reasons, RESIDENCY_REASONS);
    if (2 * tally->residency_reasons[RESIDENCY_LOW_TRUST] > tally->residency[RESIDENCY_INDETERMINATE])
        log_message(
            LOG_WARNING,
            "residency: %s records are indeterminate since their client is not sure enough (low-trust). Declare "
            "who stands in front of what wrote the logs: --chain, or chains: in the config (--chain direct when "
            "nobody does); or take less: unsure: {min_trust: 1}",
            grouped(tally->residency_reasons[RESIDENCY_LOW_TRUST], number));
}

static void print_ranking(const char *title, const struct summary_ranking *ranking, uint64_t total,
                          const char *prefix) {
    char line[1024];
    size_t used = 0;
    if (total == 0) return; /* of a run that could not write what it had counted */
    for (size_t i = 0; i < ranking->rows_count && i < SUMMARY_TOP / 2 && used < sizeof line - 128; i++) {
        const struct summary_row *row = &ranking->rows[i];
        used += (size_t)snprintf(line + used, sizeof line - used, "%s", used > 0 ? ", " : "");
        if (prefix[0] != '\0')
            used += (size_t)snprintf(line + used, sizeof line - used, "%s%llu ", prefix, (unsigned long long)row->key);
        used += (size_t)snprintf(line + used, sizeof line - used, "%s %.1f %%", row->name,
                                 100.0 * (double)row->count / (double)total);
    }
    if (used > 0) log_message(LOG_INFO, "  %-10s %s", title, line);
}

static void print_databases(const struct geo *geo) {
    for (size_t i = 0; i < geo->databases_count; i++) {
        const struct geo_database *database = &geo->databases[i];
        time_t built = (time_t)database->build_epoch;
        struct tm date;
        char text[16] = "unknown", age[64] = "";
        int64_t days = (int64_t)(time(NULL) - built) / 86400;
        if (gmtime_r(&built, &date) != NULL) strftime(text, sizeof text, "%Y-%m-%d", &date);
        if (built != 0 && days >= (int64_t)DATABASE_AGE_DAYS)
            snprintf(age, sizeof age, ", %lld days ago: take a newer one", (long long)days);
        log_message(LOG_INFO, "  %-10s %s (%s, built %s%s)", "database", database->path,
                    database->mmdb.metadata.database_type, text, age);
    }
}

static void print_connections(const struct connection_counts *connections) {
    const char *names[1 + CLOSED_REASONS] = {"accepted"};
    uint64_t counts[1 + CLOSED_REASONS];
    if (connections == NULL) return;
    memcpy(names + 1, connection_closed_names, sizeof connection_closed_names);
    memcpy(counts + 1, connections->closed, sizeof connections->closed);
    counts[0] = connections->accepted;
    print_counts("tcp", names, counts, 1 + CLOSED_REASONS);
}

static void print_kafka(const struct summary *summary) {
    const struct kafka_counts *counts = &summary->kafka;
    int64_t behind = 0;
    bool known = true;
    if (!summary->has_kafka) return;
    for (size_t i = 0; i < summary->lags_count; i++) {
        known = known && summary->lags[i].lag >= 0;
        behind += summary->lags[i].lag >= 0 ? summary->lags[i].lag : 0;
    }
    const char *const names[] = {"messages in", "out",        "commits",   "transactions",
                                 "aborted",     "rebalances", "read again"};
    const uint64_t values[] = {counts->messages,
                               counts->delivered,
                               counts->commits,
                               counts->transactions_committed,
                               counts->transactions_aborted,
                               counts->rebalances,
                               counts->rewinds};
    print_counts("kafka", names, values, sizeof names / sizeof names[0]);
    if (summary->lags_count > 0)
        log_message(LOG_INFO, "  %-10s %lld messages behind in %zu partitions%s", "lag", (long long)behind,
                    summary->lags_count, known ? "" : ", of some not known");
}

static void print_opensearch(const struct summary *summary) {
    const struct opensearch_counts *counts = &summary->opensearch;
    if (!summary->has_opensearch) return;
    const char *const names[] = {"documents", "duplicates", "refused", "sent again", "requests", "of these failed"};
    const uint64_t values[] = {counts->documents,       counts->duplicates, counts->refused,
                               counts->documents_again, counts->requests,   counts->requests_failed};
    print_counts("opensearch", names, values, sizeof names / sizeof names[0]);
}

static void print_outputs(const struct summary *summary) {
    char written[32], duplicates[32], refused[32];
    for (uint32_t i = 0; i < summary->outputs_count; i++) {
        const struct summary_output *output = &summary->outputs[i];
        const struct output_counts *counts = &output->counts;
        log_message(LOG_INFO, "  %-10s %s: %s written, %s duplicates, %s refused, %.1f MB", "output", output->name,
                    grouped(counts->written, written), grouped(counts->duplicates, duplicates),
                    grouped(counts->refused, refused), (double)output->bytes / 1e6);
    }
}

static void print_rates(const struct summary *summary) {
    const struct rollup_part_counts *parts = &summary->rollups.parts;
    const struct rate_totals *rates = &parts->rates;
    const char *const names[] = {"documents", "requests",         "late",       "without a time",
                                 "keys",      "counters dropped", "texts lost", "sketches lost"};
    const uint64_t values[] = {parts->rate_documents, rates->requests, rates->late,       rates->out_of_range,
                               rates->keys,           rates->folded,   rates->texts_lost, rates->sketches_lost};
    if (summary->has_rollups && parts->has_rates) print_counts("rate", names, values, sizeof names / sizeof names[0]);
}

static void print_rollups(const struct summary *summary) {
    const struct rollup_part_counts *parts = &summary->rollups.parts;
    const char *const names[] = {"documents", "slots folded", "late", "ahead", "lines counted again"};
    const uint64_t values[] = {summary->rollups.documents, parts->folded, parts->late, parts->ahead,
                               summary->tally.recounted};
    if (summary->has_rollups) print_counts("rollups", names, values, sizeof names / sizeof names[0]);
    print_rates(summary);
}

void summary_print(const struct summary *summary) {
    const struct tally *tally = &summary->tally;
    uint64_t made = tally->written + tally->duplicates + tally->rejected[REJECT_REFUSED]; /* those whose places count */
    if (summary->filtered_by_zone) made += tally->skipped[SKIP_FILTERED];
    char read[32], written[32], rejected[32], skipped[32];
    log_message(LOG_INFO, "%s records read: %s written, %s rejected, %s skipped", grouped(tally->read, read),
                grouped(tally->written, written), grouped(tally_rejected(tally), rejected),
                grouped(tally_skipped(tally), skipped));
    if (summary->is_replay)
        log_message(LOG_INFO, "  %-10s %s lines", "replayed", grouped(summary_replayed(tally), read));
    print_counts("rejected", reject_names, tally->rejected, REJECT_REASONS);
    print_counts("skipped", skip_names, tally->skipped, SKIP_REASONS);
    print_counts("verdicts", verdict_names, tally->verdicts, (int)verdicts_count());
    if (tally->evidence_unused > 0)
        log_message(LOG_WARNING,
                    "%s records hold X-Forwarded-For or PROXY headers that no chain uses; their client is the peer "
                    "(trust 1). Declare who stands in between: --chain, or chains: in the config; README, Which chain "
                    "is mine?",
                    grouped(tally->evidence_unused, read));
    print_residency(summary);
    print_ranking("countries", &summary->countries, made, "");
    print_ranking("networks", &summary->networks, made, "AS");
    print_connections(summary->connections);
    print_outputs(summary);
    print_kafka(summary);
    print_opensearch(summary);
    print_rollups(summary);
    double seconds = summary->seconds > 1e-6 ? summary->seconds : 1e-6;
    log_message(LOG_INFO, "  %-10s %.1f MB of text in, %.1f MB out, %.2f s: %.0f records/s, %.0f MB/s", "speed",
                (double)tally->bytes_read / 1e6, (double)summary->bytes_written / 1e6, summary->seconds,
                (double)tally->read / seconds, (double)tally->bytes_read / 1e6 / seconds);
    print_databases(summary->geo);
}

/* --- for programs ------------------------------------------------------------------------------- */

static void json_counts(FILE *out, const char *name, const char *const *names, const uint64_t *counts, int kinds) {
    fprintf(out, "\"%s\":{", name);
    const char *comma = "";
    for (int i = 0; i < kinds; i++) {
        if (counts[i] == 0) continue;
        fprintf(out, "%s\"%s\":%llu", comma, names[i], (unsigned long long)counts[i]);
        comma = ",";
    }
    fputs("},", out);
}

static void json_residency(FILE *out, const struct summary *summary) {
    const struct tally *tally = &summary->tally;
    if (!summary->has_residency) return;
    fprintf(out, "\"residency\":{\"indeterminate_share\":%.6f,", share_indeterminate(tally));
    json_counts(out, "verdicts", residency_verdict_names, tally->residency, RESIDENCY_VERDICTS);
    json_counts(out, "reasons", residency_reason_names, tally->residency_reasons, RESIDENCY_REASONS);
    fprintf(out, "\"records\":%llu},", (unsigned long long)judged(tally));
}

static void json_connections(FILE *out, const struct connection_counts *connections) {
    if (connections == NULL) return;
    fprintf(out, "\"connections\":{\"accepted\":%llu", (unsigned long long)connections->accepted);
    for (int i = 0; i < CLOSED_REASONS; i++)
        fprintf(out, ",\"%s\":%llu", connection_closed_names[i], (unsigned long long)connections->closed[i]);
    fputs("},", out);
}

static void json_text(FILE *out, const char *text) {
    char *quoted = malloc(JSON_EXPANSION * strlen(text) + 2);
    ASSERT(quoted != NULL);
    bool lossy = false;
    char *end = json_quote(quoted, slice_from(text), JSON_VERBATIM, &lossy);
    fwrite(quoted, 1, (size_t)(end - quoted), out);
    free(quoted);
}

static void json_databases(FILE *out, const struct geo *geo) {
    fputs("\"databases\":[", out);
    for (size_t i = 0; i < geo->databases_count; i++) {
        const struct geo_database *database = &geo->databases[i];
        fputs(i == 0 ? "{\"path\":" : ",{\"path\":", out);
        json_text(out, database->path);
        fputs(",\"type\":", out);
        json_text(out, database->mmdb.metadata.database_type);
        fprintf(out, ",\"build_epoch\":%llu}", (unsigned long long)database->build_epoch);
    }
    fputs("],", out);
}

static void json_kafka(FILE *out, const struct summary *summary) {
    const struct kafka_counts *counts = &summary->kafka;
    const struct {
        const char *name;
        uint64_t count;
    } members[] = {{"messages", counts->messages},
                   {"tombstones", counts->tombstones},
                   {"empty_messages", counts->empty_messages},
                   {"rebalances", counts->rebalances},
                   {"commits", counts->commits},
                   {"commits_failed", counts->commits_failed},
                   {"rewinds", counts->rewinds},
                   {"transactions_committed", counts->transactions_committed},
                   {"transactions_aborted", counts->transactions_aborted},
                   {"delivered", counts->delivered}};
    if (!summary->has_kafka) return;
    fputs("\"kafka\":{", out);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        fprintf(out, "\"%s\":%llu,", members[i].name, (unsigned long long)members[i].count);
    fputs("\"partitions\":[", out);
    for (size_t i = 0; i < summary->lags_count; i++) {
        const struct kafka_lag *lag = &summary->lags[i];
        fprintf(out, "%s{\"topic\":", i == 0 ? "" : ",");
        json_text(out, lag->topic);
        fprintf(out, ",\"partition\":%d", (int)lag->partition);
        if (lag->position >= 0) fprintf(out, ",\"position\":%lld", (long long)lag->position);
        if (lag->lag >= 0) fprintf(out, ",\"lag\":%lld", (long long)lag->lag);
        fputc('}', out);
    }
    fputs("]},", out);
}

static void json_opensearch(FILE *out, const struct summary *summary) {
    const struct opensearch_counts *counts = &summary->opensearch;
    if (!summary->has_opensearch) return;
    fprintf(out,
            "\"opensearch\":{\"documents\":%llu,\"duplicates\":%llu,\"refused\":%llu,\"documents_again\":%llu,"
            "\"requests\":%llu,\"requests_failed\":%llu,\"bytes_sent\":%llu},",
            (unsigned long long)counts->documents, (unsigned long long)counts->duplicates,
            (unsigned long long)counts->refused, (unsigned long long)counts->documents_again,
            (unsigned long long)counts->requests, (unsigned long long)counts->requests_failed,
            (unsigned long long)counts->bytes_sent);
}

static void json_outputs(FILE *out, const struct summary *summary) {
    if (summary->outputs_count == 0) return;
    fputs("\"outputs\":[", out);
    for (uint32_t i = 0; i < summary->outputs_count; i++) {
        const struct summary_output *output = &summary->outputs[i];
        const struct output_counts *counts = &output->counts;
        fprintf(out, "%s{\"name\":\"%s\",\"written\":%llu,\"duplicates\":%llu,\"refused\":%llu,\"bytes\":%llu}",
                i == 0 ? "" : ",", output->name, (unsigned long long)counts->written,
                (unsigned long long)counts->duplicates, (unsigned long long)counts->refused,
                (unsigned long long)output->bytes);
    }
    fputs("],", out);
}

static void json_rates(FILE *out, const struct rollup_part_counts *counts) {
    const struct rate_totals *totals = &counts->rates;
    if (!counts->has_rates) return;
    fprintf(out,
            "\"rate\":{\"documents\":%llu,\"requests\":%llu,\"late\":%llu,\"out_of_range\":%llu,\"keys\":%llu,"
            "\"approx\":%s,",
            (unsigned long long)counts->rate_documents, (unsigned long long)totals->requests,
            (unsigned long long)totals->late, (unsigned long long)totals->out_of_range,
            (unsigned long long)totals->keys, totals->approximate ? "true" : "false");
    if (totals->approximate)
        fprintf(out, "\"counters_kept\":%llu,\"floor_max\":%llu,", (unsigned long long)totals->counters_kept,
                (unsigned long long)totals->floor_max);
    fprintf(out, "\"folded\":%llu,\"texts_lost\":%llu,\"sketches_lost\":%llu,\"bytes\":%zu,\"bytes_max\":%zu},",
            (unsigned long long)totals->folded, (unsigned long long)totals->texts_lost,
            (unsigned long long)totals->sketches_lost, totals->bytes, totals->bytes_max);
}

static void json_top(FILE *out, const struct summary *summary) {
    fputs("\"top\":{\"country\":[", out);
    for (size_t i = 0; i < summary->countries.rows_count && i < SUMMARY_TOP; i++)
        fprintf(out, "%s{\"iso_code\":\"%s\",\"records\":%llu}", i == 0 ? "" : ",", summary->countries.rows[i].name,
                (unsigned long long)summary->countries.rows[i].count);
    fputs("],\"as\":[", out);
    for (size_t i = 0; i < summary->networks.rows_count && i < SUMMARY_TOP; i++) {
        const struct summary_row *row = &summary->networks.rows[i];
        fprintf(out, "%s{\"number\":%llu,\"organization\":", i == 0 ? "" : ",", (unsigned long long)row->key);
        json_text(out, row->name);
        fprintf(out, ",\"records\":%llu}", (unsigned long long)row->count);
    }
    fputs("]}", out);
}

enum status summary_write_json(const struct summary *summary, const char *path, struct error *error) {
    const struct tally *tally = &summary->tally;
    bool is_stdout = strcmp(path, "-") == 0;
    FILE *out = is_stdout ? stdout : fopen(path, "we");
    if (out == NULL) return error_set_errno(error, errno, "summary: %s: cannot be opened for writing", path);
    fprintf(
        out, "{\"records\":{\"read\":%llu,\"written\":%llu,\"rejected\":%llu,\"skipped\":%llu,\"duplicates\":%llu},",
        (unsigned long long)tally->read, (unsigned long long)tally->written, (unsigned long long)tally_rejected(tally),
        (unsigned long long)tally_skipped(tally), (unsigned long long)tally->duplicates);
    if (summary->is_replay) fprintf(out, "\"replayed\":%llu,", (unsigned long long)summary_replayed(tally));
    json_counts(out, "rejected_by_reason", reject_names, tally->rejected, REJECT_REASONS);
    json_counts(out, "skipped_by_reason", skip_names, tally->skipped, SKIP_REASONS);
    json_counts(out, "verdicts", verdict_names, tally->verdicts, (int)verdicts_count());
    fprintf(out, "\"evidence_unused\":%llu,", (unsigned long long)tally->evidence_unused);
    fprintf(out, "\"bytes\":{\"read\":%llu,\"written\":%llu},\"seconds\":%.3f,\"records_per_second\":%.0f,",
            (unsigned long long)tally->bytes_read, (unsigned long long)summary->bytes_written, summary->seconds,
            (double)tally->read / (summary->seconds > 1e-6 ? summary->seconds : 1e-6));
    json_residency(out, summary);
    json_databases(out, summary->geo);
    fprintf(out, "\"reloads\":{\"done\":%llu,\"refused\":%llu},", (unsigned long long)summary->reloads_done,
            (unsigned long long)summary->reloads_refused);
    json_connections(out, summary->connections);
    json_outputs(out, summary);
    json_kafka(out, summary);
    json_opensearch(out, summary);
    if (summary->has_rollups)
        fprintf(out,
                "\"rollups\":{\"documents\":%llu,\"folded\":%llu,\"late\":%llu,\"ahead\":%llu,\"recounted\":%llu},",
                (unsigned long long)summary->rollups.documents, (unsigned long long)summary->rollups.parts.folded,
                (unsigned long long)summary->rollups.parts.late, (unsigned long long)summary->rollups.parts.ahead,
                (unsigned long long)summary->tally.recounted);
    json_rates(out, &summary->rollups.parts);
    json_top(out, summary);
    fputs("}\n", out);
    bool failed = ferror(out) != 0;
    if ((is_stdout ? fflush(out) : fclose(out)) != 0 || failed)
        return error_set(error, STATUS_FAILED, "summary: %s: cannot be written", path);
    return STATUS_OK;
}
