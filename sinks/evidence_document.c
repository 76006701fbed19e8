/* Some thousands at the end of a run: snprintf will do.
 *
 * Threads: see the header. */
#include "sinks/evidence_document.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/check.h"
#include "base/json.h"

#define CLIENTS_ERROR "0.016" /* of enrich/hyperloglog.h: standard error, relative */
#define ID_TEXT_BYTES_MAX \
    1152u /* names of 64 bytes, a digest, a balancer's name of 256, a part of 512: what is longer is cut */

void evidence_document_id(const struct evidence_row *row, const struct rollup_part_name *part,
                          char id[HASH_ID_DIGITS]) {
    char text[ID_TEXT_BYTES_MAX];
    int bytes = snprintf(text, sizeof text, "%s %s %s %s%s%.*s", row->zone != NULL ? row->zone : "*",
                         row->place != NULL ? row->place : "*", residency_verdict_names[row->verdict],
                         row->basis->policy,
                         row->folded       ? "*"
                         : row->lb.len > 0 ? " "
                                           : "",
                         (int)row->lb.len, row->lb.len > 0 ? row->lb.ptr : "");
    ASSERT(bytes > 0 && bytes < (int)sizeof text);
    if (part != NULL)
        snprintf(text + bytes, sizeof text - (size_t)bytes, "\n%.*s", (int)part->origin.len, part->origin.ptr);
    hash_event_id(SLICE("residency"), (uint64_t)(row->time_ns / 1000000000), row->interval_s, slice_from(text), id);
}

static char *put(char *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
static char *put(char *out, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int bytes = vsnprintf(out, ROLLUP_DOCUMENT_BYTES_MAX / 4, format, arguments);
    va_end(arguments);
    ASSERT(bytes >= 0 && bytes < (int)ROLLUP_DOCUMENT_BYTES_MAX / 4);
    return out + bytes;
}

static char *put_text(char *out, const char *key, struct slice text) {
    bool lossy = false;
    return json_quote(put(out, ",\"%s\":", key), text, JSON_VERBATIM, &lossy);
}

static char *put_time(char *out, const char *key, int64_t ns, struct timestamp_cache *days) {
    char text[TIMESTAMP_TEXT_BYTES];
    return put(out, "\"%s\":\"%.*s\"", key, (int)timestamp_format(ns, days, text), text);
}

static char *put_reasons(char *out, const struct evidence_row *row) {
    char separator = '{';
    for (uint32_t i = 0; i < RESIDENCY_REASONS; i++) {
        if (row->reasons[i] == 0) continue;
        if (separator == '{') out = put(out, ",\"reasons\":");
        out = put(out, "%c\"%s\":%llu", separator, residency_reason_names[i], (unsigned long long)row->reasons[i]);
        separator = ',';
    }
    return separator == ',' ? put(out, "}") : out;
}

static char *put_basis(char *out, const struct evidence_basis *basis) {
    out = put(put_text(out, "policy", slice_from(basis->policy)), ",\"lists\":[");
    for (uint32_t i = 0; i < basis->lists_count; i++) out = put(out, "%s\"%s\"", i > 0 ? "," : "", basis->lists[i]);
    unsigned long long oldest = basis->geo_build, newest = basis->geo_build_newest;
    out = put(out, "]");
    if (newest == 0) return out;
    return oldest == newest ? put(out, ",\"geo_build\":%llu", newest)
                            : put(out, ",\"geo_build\":[%llu,%llu]", oldest, newest);
}

static char *put_inputs(char *out, const struct evidence_inputs *inputs) {
    if (inputs->count == 0) return out;
    out = put(out, ",\"inputs\":{\"count\":%u,\"digest\":\"xxh128:%.*s\"", inputs->count, (int)sizeof inputs->digest,
              inputs->digest);
    if (inputs->has_offsets)
        out = put(out, ",\"offset\":{\"first\":%llu,\"last\":%llu}", (unsigned long long)inputs->offset_first,
                  (unsigned long long)inputs->offset_last);
    return put(out, "}");
}

size_t evidence_document_write(const struct evidence_row *row, const struct rollup_part_name *part,
                               const char id[HASH_ID_DIGITS], struct timestamp_cache *days,
                               char out[ROLLUP_DOCUMENT_BYTES_MAX]) {
    char *end = put_time(put(out, "{"), "@timestamp", row->time_ns, days);
    end = put(end, ",\"kind\":\"residency\",\"event\":{\"id\":\"%.*s\"}", (int)HASH_ID_DIGITS, id);
    if (row->interval_s > 0) end = put(end, ",\"interval_s\":%u", row->interval_s);
    if (row->zone != NULL) end = put_text(end, "zone", slice_from(row->zone));
    if (row->place != NULL) end = put_text(end, "place", slice_from(row->place));
    end = put_text(end, "verdict", slice_from(residency_verdict_names[row->verdict]));
    if (row->lb.len > 0) end = put_text(end, "lb", row->lb);
    end = put(end, ",\"requests\":%llu,\"bytes\":%llu", (unsigned long long)row->requests,
              (unsigned long long)row->bytes);
    if (row->has_clients)
        end = put(end, ",\"clients\":{\"estimate\":%llu,\"error\":" CLIENTS_ERROR "}",
                  (unsigned long long)row->clients);
    end = put_reasons(end, row);
    end = put_time(put(end, ","), "first", row->first_ns, days);
    end = put_time(put(end, ","), "last", row->last_ns, days);
    end = put_inputs(put_basis(end, row->basis), &row->inputs);
    end = rollup_put_part(end, part);
    end = put(end, "%s%s}\n", row->folded ? ",\"folded\":true" : "", row->approximate ? ",\"approx\":true" : "");
    ASSERT(end - out <
           (ptrdiff_t)ROLLUP_DOCUMENT_BYTES_MAX / 4 * 3); /* put() allows for a fourth of it behind the end */
    return (size_t)(end - out);
}
