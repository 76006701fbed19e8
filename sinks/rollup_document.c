/* Some thousands at the end of a run: snprintf will do.
 *
 * Threads: see the header. */
#include "sinks/rollup_document.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/country.h"
#include "base/degrees.h"
#include "base/json.h"
#include "base/tile.h"
#include "schemas/client_facts.h"

#define CLIENTS_ERROR "0.016" /* of enrich/hyperloglog.h: standard error, relative */
#define ZONE_BYTES_MAX 64u
#define PART_BYTES_MAX 512u /* cluster, topic, partition; what is longer is cut */
#define UNRESOLVED "unresolved:"
_Static_assert(sizeof UNRESOLVED + HOP_NAME_BYTES_MAX <= ZONE_BYTES_MAX, "the longest verdict has room");

const struct rollup_field rollup_fields[] = {
    {"@timestamp", TYPE_DATE},
    {"kind", TYPE_KEYWORD},
    {"event.id", TYPE_KEYWORD},
    {"interval_s", TYPE_LONG},
    {"geo.tile", TYPE_KEYWORD},
    {"geo.location", TYPE_GEO_POINT},
    {"zone", TYPE_KEYWORD},
    {"requests", TYPE_LONG},
    {"bytes", TYPE_LONG},
    {"status.4xx", TYPE_LONG},
    {"status.5xx", TYPE_LONG},
    {"clients.estimate", TYPE_LONG},
    {"clients.error", TYPE_FLOAT},
    {"approx", TYPE_BOOLEAN},
    {"part", TYPE_KEYWORD},
    {"revision", TYPE_LONG},
    /* of residency: */
    {"place", TYPE_KEYWORD},
    {"verdict", TYPE_KEYWORD},
    {"lb", TYPE_KEYWORD},
    {"reasons.anycast", TYPE_LONG},
    {"reasons.hosting", TYPE_LONG},
    {"reasons.low-trust", TYPE_LONG},
    {"reasons.no-geo", TYPE_LONG},
    {"reasons.no-rule", TYPE_LONG},
    {"reasons.private", TYPE_LONG},
    {"reasons.registered-differs", TYPE_LONG},
    {"reasons.stale-db", TYPE_LONG},
    {"reasons.unknown-place", TYPE_LONG},
    {"first", TYPE_DATE},
    {"last", TYPE_DATE},
    {"policy", TYPE_KEYWORD},
    {"lists", TYPE_KEYWORD},
    {"geo_build", TYPE_LONG},
    {"inputs.count", TYPE_LONG},
    {"inputs.digest", TYPE_KEYWORD},
    {"inputs.offset.first", TYPE_LONG},
    {"inputs.offset.last", TYPE_LONG},
    {"folded", TYPE_BOOLEAN},
};
const size_t rollup_fields_count = sizeof rollup_fields / sizeof rollup_fields[0];

/* "SE", "unknown", "unresolved:nlb-nat" */
static void zone_name(uint16_t zone, char name[ZONE_BYTES_MAX]) {
    if (zone >= COUNTRY_LEAST) {
        snprintf(name, ZONE_BYTES_MAX, "%s", country_code(zone).text);
    } else if (zone >= HEAT_ZONE_UNRESOLVED) {
        ASSERT((uint32_t)(zone - HEAT_ZONE_UNRESOLVED) < verdicts_count());
        snprintf(name, ZONE_BYTES_MAX, UNRESOLVED "%s", verdict_names[zone - HEAT_ZONE_UNRESOLVED]);
    } else {
        snprintf(name, ZONE_BYTES_MAX, "%s", zone == HEAT_ZONE_FOLDED ? "folded" : "unknown");
    }
}

static uint64_t time_s(const struct heat_row *row) {
    return (uint64_t)heat_slot_interval(row->slot) * HEAT_INTERVAL_S;
}

int64_t rollup_heat_time_ns(const struct heat_row *row) {
    return (int64_t)(time_s(row) * 1000000000u);
}

/* Empty where none is known. */
static void tile_name(const struct heat_row *row, char name[TILE_TEXT_BYTES]) {
    name[0] = '\0';
    if (heat_slot_tile(row->slot) != TILE_NONE) tile_write(heat_slot_tile(row->slot), name);
}

void rollup_heat_id(const struct heat_row *row, const struct rollup_part_name *part, char id[HASH_ID_DIGITS]) {
    char tile[TILE_TEXT_BYTES], zone[ZONE_BYTES_MAX], text[TILE_TEXT_BYTES + 1 + ZONE_BYTES_MAX + PART_BYTES_MAX];
    tile_name(row, tile);
    zone_name(heat_slot_zone(row->slot), zone);
    int bytes = snprintf(text, sizeof text, "%s %s", tile, zone);
    if (part != NULL)
        snprintf(text + bytes, sizeof text - (size_t)bytes, " %.*s", (int)part->origin.len, part->origin.ptr);
    hash_event_id(SLICE("heat"), time_s(row), row->interval_s, slice_from(text), id);
}

static char *put(char *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
static char *put(char *out, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int bytes = vsnprintf(out, ROLLUP_DOCUMENT_BYTES_MAX / 2, format, arguments);
    va_end(arguments);
    ASSERT(bytes >= 0 && bytes < (int)ROLLUP_DOCUMENT_BYTES_MAX / 2);
    return out + bytes;
}

static char *put_geo(char *out, uint16_t tile) {
    char name[TILE_TEXT_BYTES];
    if (tile == TILE_NONE) return out;
    struct tile_point centre = tile_centre(tile);
    tile_write(tile, name);
    out = degrees_write(put(out, ",\"geo\":{\"tile\":\"%s\",\"location\":{\"lon\":", name), centre.longitude);
    out = degrees_write(put(out, ",\"lat\":"), centre.latitude);
    return put(out, "}}");
}

char *rollup_put_part(char *out, const struct rollup_part_name *part) {
    bool lossy = false;
    if (part == NULL) return out;
    out = json_quote(put(out, ",\"part\":"), slice_from(part->name), JSON_VERBATIM, &lossy);
    return put(out, ",\"revision\":%llu", (unsigned long long)part->revision);
}

size_t rollup_heat_write(const struct heat_row *row, const struct rollup_part_name *part, const char id[HASH_ID_DIGITS],
                         struct timestamp_cache *days, char out[ROLLUP_DOCUMENT_BYTES_MAX]) {
    char time[TIMESTAMP_TEXT_BYTES], zone[ZONE_BYTES_MAX], *end = out;
    bool lossy = false;
    int time_bytes = (int)timestamp_format(rollup_heat_time_ns(row), days, time);
    zone_name(heat_slot_zone(row->slot), zone);
    end = put(end, "{\"@timestamp\":\"%.*s\",\"kind\":\"heat\",\"event\":{\"id\":\"%.*s\"},\"interval_s\":%u",
              time_bytes, time, (int)HASH_ID_DIGITS, id, row->interval_s);
    end = json_quote(put(put_geo(end, heat_slot_tile(row->slot)), ",\"zone\":"), slice_from(zone), JSON_VERBATIM,
                     &lossy);
    end = put(end, ",\"requests\":%llu,\"bytes\":%llu,\"status\":{\"4xx\":%llu,\"5xx\":%llu}",
              (unsigned long long)row->requests, (unsigned long long)row->bytes, (unsigned long long)row->status_4xx,
              (unsigned long long)row->status_5xx);
    if (row->has_clients)
        end = put(end, ",\"clients\":{\"estimate\":%llu,\"error\":" CLIENTS_ERROR "}",
                  (unsigned long long)row->clients);
    end = rollup_put_part(end, part);
    end = put(end, "%s}\n", row->approximate ? ",\"approx\":true" : "");
    ASSERT(end - out < (ptrdiff_t)ROLLUP_DOCUMENT_BYTES_MAX / 2); /* put() allows for that much behind the end */
    return (size_t)(end - out);
}
