/* The matrix as text, JSON and CSV. Names of balancers come out of logs: whatever is in them, they are one field, and on a terminal no
 * control character gets through.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <time.h>

#include "app/residency_matrix.h"
#include "base/check.h"
#include "base/json.h"
#include "base/timestamp.h"

#define BALANCERS_SHOWN 10u
#define CLIENTS_ERROR "0.016"
#define FOLDED "(folded)"

static const char *name_of(const char *name) {
    return name != NULL ? name : FOLDED;
}

static bool has_clients(const struct residency_cell *cell) {
    return cell->sketch.block != NULL && !cell->clients_lost;
}

static uint64_t clients_of(const struct residency_cell *cell) {
    uint64_t clients = hyperloglog_estimate(&cell->sketch);
    return clients < cell->requests ? clients : cell->requests;
}

/* "2026-02-01T00:00:03.500000Z" */
struct time_text {
    char text[TIMESTAMP_TEXT_BYTES + 1];
};
static struct time_text time_text(int64_t ns) {
    struct timestamp_cache days = {0};
    struct time_text time;
    time.text[timestamp_format(ns, &days, time.text)] = '\0';
    return time;
}

/* --- text ----------------------------------------------------------------------------------------- */

/* "12.5 %"; what is not nothing never looks like it. */
struct share_text {
    char text[16];
};
static struct share_text share_text(const struct residency_matrix *matrix, uint8_t verdict, uint64_t requests) {
    struct share_text share = {"-"};
    double percent = 100 * residency_share(matrix, requests);
    if (verdict == RESIDENCY_EXEMPT || requests == 0) return share;
    if (percent < 0.1)
        snprintf(share.text, sizeof share.text, "<0.1 %%");
    else
        snprintf(share.text, sizeof share.text,
                 percent >= 99.95 && requests < residency_judged(matrix) ? ">99.9 %%" : "%.1f %%", percent);
    return share;
}

static void print_verdicts(const struct residency_matrix *matrix, FILE *out) {
    static const uint8_t order[] = {RESIDENCY_INDETERMINATE, RESIDENCY_VIOLATION, RESIDENCY_CONDITIONAL, RESIDENCY_OK,
                                    RESIDENCY_EXEMPT};
    for (size_t i = 0; i < sizeof order; i++) {
        uint8_t verdict = order[i];
        const char *separator = "   ";
        fprintf(out, "  %-14s %12llu %9s", residency_verdict_names[verdict],
                (unsigned long long)matrix->verdicts[verdict],
                share_text(matrix, verdict, matrix->verdicts[verdict]).text);
        for (uint32_t reason = 0; reason < RESIDENCY_REASONS; reason++) {
            if (matrix->reasons[verdict][reason] == 0) continue;
            fprintf(out, "%s%s %llu", separator, residency_reason_names[reason],
                    (unsigned long long)matrix->reasons[verdict][reason]);
            separator = ", ";
        }
        fputc('\n', out);
    }
}

static int width_of(int width, const char *name) {
    return (int)strlen(name) > width ? (int)strlen(name) : width;
}

/* No control character gets to a terminal. */
static void print_clean(struct slice text, int width, FILE *out) {
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        fputc(c < ' ' || c == 0x7f ? '?' : c, out);
    }
    fprintf(out, "%*s", width > (int)text.len ? width - (int)text.len : 0, "");
}

static void print_cells(const struct residency_matrix *matrix, FILE *out) {
    int zones = width_of(0, "zone"), places = width_of(0, "place");
    for (uint32_t i = 0; i < matrix->cells_count; i++) {
        zones = width_of(zones, name_of(matrix->cells[i].zone));
        places = width_of(places, name_of(matrix->cells[i].place));
    }
    fprintf(out, "\n  %-*s  %-*s  %-13s %12s %9s %10s %15s\n", zones, "zone", places, "place", "verdict", "requests",
            "share", "clients", "bytes");
    for (uint32_t i = 0; i < matrix->cells_count; i++) {
        const struct residency_cell *cell = &matrix->cells[i];
        char clients[24] = "-";
        if (has_clients(cell)) snprintf(clients, sizeof clients, "%llu", (unsigned long long)clients_of(cell));
        fputs("  ", out);
        print_clean(slice_from(name_of(cell->zone)), zones + 2, out);
        print_clean(slice_from(name_of(cell->place)), places + 2, out);
        fprintf(out, "%-13s %12llu %9s %10s %15llu\n", residency_verdict_names[cell->verdict],
                (unsigned long long)cell->requests, share_text(matrix, cell->verdict, cell->requests).text, clients,
                (unsigned long long)cell->bytes);
    }
}

/* Those with anything to say. */
static void print_balancers(const struct residency_matrix *matrix, FILE *out) {
    for (uint32_t i = 0; i < matrix->balancers_count && i < BALANCERS_SHOWN; i++) {
        const struct residency_balancer *balancer = &matrix->balancers[i];
        if (balancer->verdicts[RESIDENCY_VIOLATION] + balancer->verdicts[RESIDENCY_INDETERMINATE] == 0) break;
        if (i == 0) fprintf(out, "\n  %12s %14s %12s  %s\n", "violations", "indeterminate", "requests", "balancer");
        fprintf(out, "  %12llu %14llu %12llu  ", (unsigned long long)balancer->verdicts[RESIDENCY_VIOLATION],
                (unsigned long long)balancer->verdicts[RESIDENCY_INDETERMINATE],
                (unsigned long long)balancer->requests);
        print_clean(balancer->lb, 0, out);
        fputs(balancer->lb.len == 0 ? "(not known)\n" : "\n", out);
    }
}

static void print_date(const char *what, uint64_t epoch, FILE *out) {
    time_t built = (time_t)epoch;
    struct tm date;
    char text[16] = "unknown";
    if (gmtime_r(&built, &date) != NULL) strftime(text, sizeof text, "%Y-%m-%d", &date);
    fprintf(out, "%s %s", what, text);
}

static void print_bases(const struct residency_matrix *matrix, FILE *out) {
    for (uint32_t i = 0; i < matrix->bases_count; i++) {
        const struct evidence_basis *basis = matrix->bases[i];
        fputs("  policy    ", out);
        print_clean(slice_from(basis->policy[0] != '\0' ? basis->policy : "(not said)"), 0, out);
        for (uint32_t list = 0; list < basis->lists_count; list++) {
            fprintf(out, "\n  %-9s ", list == 0 ? "lists" : "");
            print_clean(slice_from(basis->lists[list]), 0, out);
        }
        fputc('\n', out);
        if (basis->geo_build_newest == 0) continue;
        print_date("  database  built", basis->geo_build, out);
        if (basis->geo_build != basis->geo_build_newest) print_date(" to", basis->geo_build_newest, out);
        fputc('\n', out);
    }
}

void residency_print_text(const struct residency_matrix *matrix, FILE *out) {
    fprintf(out, "residency of %llu requests", (unsigned long long)matrix->requests);
    if (matrix->requests > 0)
        fprintf(out, ", %s to %s", time_text(matrix->first_ns).text, time_text(matrix->last_ns).text);
    fputs("\n\n", out);
    print_verdicts(matrix, out);
    print_cells(matrix, out);
    print_balancers(matrix, out);
    fputc('\n', out);
    print_bases(matrix, out);
    if (matrix->inputs.count > 0)
        fprintf(out, "  inputs    %u, xxh128:%.*s\n", matrix->inputs.count, (int)sizeof matrix->inputs.digest,
                matrix->inputs.digest);
    if (matrix->rejected > 0)
        fprintf(out, "  left out  %llu lines that could not be read\n", (unsigned long long)matrix->rejected);
    if (matrix->unjudged > 0)
        fprintf(out, "  left out  %llu records without a verdict\n", (unsigned long long)matrix->unjudged);
    if (matrix->approximate)
        fputs("  folded    for lack of memory, so single balancers may have more: give --memory-max more\n", out);
    fprintf(out, "  shares are of requests that are not exempt; clients are within 1.6 %%\n");
}

/* --- JSON ----------------------------------------------------------------------------------------- */

static void json_text(FILE *out, const char *key, struct slice text) {
    bool lossy = false;
    char *quoted = malloc(JSON_EXPANSION * text.len + 2 + 32);
    ASSERT(quoted != NULL);
    char *end = json_quote(quoted, text, JSON_VERBATIM, &lossy);
    fprintf(out, "\"%s\":%.*s", key, (int)(end - quoted), quoted);
    free(quoted);
}

static void json_counts(FILE *out, const char *key, const char *const *names, const uint64_t *counts, uint32_t kinds) {
    const char *comma = "";
    fprintf(out, "\"%s\":{", key);
    for (uint32_t i = 0; i < kinds; i++) {
        if (counts[i] == 0) continue;
        fprintf(out, "%s\"%s\":%llu", comma, names[i], (unsigned long long)counts[i]);
        comma = ",";
    }
    fputc('}', out);
}

static void json_cell(const struct residency_matrix *matrix, const struct residency_cell *cell, FILE *out) {
    fprintf(out, "{\"verdict\":\"%s\",\"requests\":%llu,", residency_verdict_names[cell->verdict],
            (unsigned long long)cell->requests);
    json_text(out, "zone", slice_from(name_of(cell->zone)));
    fputc(',', out);
    json_text(out, "place", slice_from(name_of(cell->place)));
    if (cell->verdict != RESIDENCY_EXEMPT) fprintf(out, ",\"share\":%.6f", residency_share(matrix, cell->requests));
    fprintf(out, ",\"bytes\":%llu", (unsigned long long)cell->bytes);
    if (has_clients(cell))
        fprintf(out, ",\"clients\":{\"estimate\":%llu,\"error\":" CLIENTS_ERROR "}",
                (unsigned long long)clients_of(cell));
    fprintf(out, ",\"first\":\"%s\",\"last\":\"%s\"}", time_text(cell->first_ns).text, time_text(cell->last_ns).text);
}

static void json_balancers(const struct residency_matrix *matrix, FILE *out) {
    fputs("\"balancers\":[", out);
    for (uint32_t i = 0; i < matrix->balancers_count; i++) {
        const struct residency_balancer *balancer = &matrix->balancers[i];
        fputs(i == 0 ? "{" : ",{", out);
        if (balancer->lb.len > 0) {
            json_text(out, "lb", balancer->lb);
            fputc(',', out);
        }
        fprintf(out, "\"requests\":%llu,", (unsigned long long)balancer->requests);
        json_counts(out, "verdicts", residency_verdict_names, balancer->verdicts, RESIDENCY_VERDICTS);
        fputc('}', out);
    }
    fputs("],", out);
}

static void json_bases(const struct residency_matrix *matrix, FILE *out) {
    fputs("\"policies\":[", out);
    for (uint32_t i = 0; i < matrix->bases_count; i++) {
        const struct evidence_basis *basis = matrix->bases[i];
        fputs(i == 0 ? "{" : ",{", out);
        json_text(out, "policy", slice_from(basis->policy));
        fputs(",\"lists\":[", out);
        for (uint32_t list = 0; list < basis->lists_count; list++)
            fprintf(out, "%s\"%s\"", list == 0 ? "" : ",", basis->lists[list]);
        fputc(']', out);
        if (basis->geo_build_newest > 0)
            fprintf(out, ",\"geo_build\":{\"oldest\":%llu,\"newest\":%llu}", (unsigned long long)basis->geo_build,
                    (unsigned long long)basis->geo_build_newest);
        fputc('}', out);
    }
    fputs("],", out);
}

void residency_print_json(const struct residency_matrix *matrix, const struct residency_limit *limits,
                          size_t limits_count, FILE *out) {
    bool passed = true;
    fprintf(out, "{\"requests\":%llu,\"indeterminate\":%.6f,", (unsigned long long)matrix->requests,
            residency_share(matrix, matrix->verdicts[RESIDENCY_INDETERMINATE]));
    if (matrix->requests > 0)
        fprintf(out, "\"first\":\"%s\",\"last\":\"%s\",", time_text(matrix->first_ns).text,
                time_text(matrix->last_ns).text);
    json_counts(out, "verdicts", residency_verdict_names, matrix->verdicts, RESIDENCY_VERDICTS);
    fputs(",\"reasons\":{", out);
    const char *comma = "";
    for (uint32_t verdict = 0; verdict < RESIDENCY_VERDICTS; verdict++) {
        if (matrix->verdicts[verdict] == 0) continue;
        fputs(comma, out);
        json_counts(out, residency_verdict_names[verdict], residency_reason_names, matrix->reasons[verdict],
                    RESIDENCY_REASONS);
        comma = ",";
    }
    fputs("},\"matrix\":[", out);
    for (uint32_t i = 0; i < matrix->cells_count; i++) {
        if (i > 0) fputc(',', out);
        json_cell(matrix, &matrix->cells[i], out);
    }
    fputs("],", out);
    json_balancers(matrix, out);
    json_bases(matrix, out);
    if (matrix->inputs.count > 0)
        fprintf(out, "\"inputs\":{\"count\":%u,\"digest\":\"xxh128:%.*s\"},", matrix->inputs.count,
                (int)sizeof matrix->inputs.digest, matrix->inputs.digest);
    fprintf(out, "\"rejected\":%llu,\"unjudged\":%llu,\"limits\":[", (unsigned long long)matrix->rejected,
            (unsigned long long)matrix->unjudged);
    for (size_t i = 0; i < limits_count; i++) {
        bool exceeded = residency_exceeds(matrix, &limits[i]);
        passed = passed && !exceeded;
        fputs(i == 0 ? "{" : ",{", out);
        json_text(out, "limit", slice_from(limits[i].text));
        fprintf(out, ",\"exceeded\":%s}", exceeded ? "true" : "false");
    }
    fprintf(out, "],\"passed\":%s%s}\n", passed ? "true" : "false", matrix->approximate ? ",\"approx\":true" : "");
}

/* --- CSV ------------------------------------------------------------------------------------------ */

/* A part of a field in quotes. */
static void csv_inner(FILE *out, const char *text) {
    for (; *text != '\0'; text++) {
        if (*text == '"') fputc('"', out);
        fputc(*text, out);
    }
}

static void csv_text(FILE *out, const char *text) {
    fputc('"', out);
    csv_inner(out, text);
    fputc('"', out);
}

/* Whether a list stands with a policy before this one, too. */
static bool is_listed_before(const struct residency_matrix *matrix, uint32_t index, const char *list) {
    for (uint32_t i = 0; i < index; i++)
        for (uint32_t j = 0; j < matrix->bases[i]->lists_count; j++)
            if (strcmp(matrix->bases[i]->lists[j], list) == 0) return true;
    return false;
}

/* What the rows were judged by and made of: said in each, so that one alone is evidence. Several have blanks between them. */
static void csv_bases(const struct residency_matrix *matrix, FILE *out) {
    uint64_t oldest = 0;
    const char *blank = "";
    fputs(",\"", out);
    for (uint32_t i = 0; i < matrix->bases_count; i++) {
        const struct evidence_basis *basis = matrix->bases[i];
        fputs(i == 0 ? "" : " ", out);
        csv_inner(out, basis->policy);
        if (basis->geo_build_newest > 0 && (oldest == 0 || basis->geo_build < oldest)) oldest = basis->geo_build;
    }
    fputs("\",\"", out);
    for (uint32_t i = 0; i < matrix->bases_count; i++)
        for (uint32_t list = 0; list < matrix->bases[i]->lists_count; list++) {
            if (is_listed_before(matrix, i, matrix->bases[i]->lists[list])) continue;
            fputs(blank, out);
            csv_inner(out, matrix->bases[i]->lists[list]);
            blank = " ";
        }
    fputs("\",", out);
    if (oldest > 0) fprintf(out, "%llu", (unsigned long long)oldest);
    fprintf(out, ",%u,", matrix->inputs.count);
    if (matrix->inputs.count > 0) fprintf(out, "xxh128:%.*s", (int)sizeof matrix->inputs.digest, matrix->inputs.digest);
}

void residency_print_csv(const struct residency_matrix *matrix, FILE *out) {
    fputs("zone,place,verdict,requests,share,bytes,clients,first,last,policy,lists,geo_build,inputs,digest\r\n", out);
    for (uint32_t i = 0; i < matrix->cells_count; i++) {
        const struct residency_cell *cell = &matrix->cells[i];
        csv_text(out, name_of(cell->zone));
        fputc(',', out);
        csv_text(out, name_of(cell->place));
        fprintf(out, ",%s,%llu,", residency_verdict_names[cell->verdict], (unsigned long long)cell->requests);
        if (cell->verdict != RESIDENCY_EXEMPT) fprintf(out, "%.6f", residency_share(matrix, cell->requests));
        fprintf(out, ",%llu,", (unsigned long long)cell->bytes);
        if (has_clients(cell)) fprintf(out, "%llu", (unsigned long long)clients_of(cell));
        fprintf(out, ",%s,%s", time_text(cell->first_ns).text, time_text(cell->last_ns).text);
        csv_bases(matrix, out);
        fputs("\r\n", out);
    }
}
