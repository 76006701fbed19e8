/* A run of a million lines has some fifty thousand rows of RATE_TOP: snprintf would take as long as counting a dimension.
 *
 * Threads: see the header. */
#include "sinks/rate_document.h"

#include <string.h>

#include "base/check.h"
#include "base/country.h"
#include "base/degrees.h"
#include "base/json.h"
#include "base/number.h"
#include "schemas/client_facts.h"

#define CLIENTS_ERROR "0.016" /* of enrich/hyperloglog.h: standard error, relative */
#define NS_PER_S 1000000000

_Static_assert(2 * RATE_TEXT_BYTES_MAX + RATE_NAME_BYTES_MAX + 256 < RATE_KEY_BYTES_MAX,
               "a key of an endpoint, a balancer, a class and all the rest has room");
_Static_assert(JSON_EXPANSION *RATE_KEY_BYTES_MAX + 1600 < ROLLUP_DOCUMENT_BYTES_MAX, "and so has its document");

const char *const rate_row_kind_names[] = {
    [RATE_TOP] = "top", [RATE_BREACH] = "breach", [RATE_IMPACT] = "impact", [RATE_ADVICE] = "advice"};
static const char *const group_names[RATE_GROUPS] = {
    [RATE_EVERYONE] = "everyone", [RATE_HOSTING] = "hosting", [RATE_NOT_HOSTING] = "other"};

const struct rollup_field rate_fields[] = {
    {"part", TYPE_KEYWORD},
    {"revision", TYPE_LONG},
    {"dim", TYPE_KEYWORD},
    {"key", TYPE_KEYWORD},
    {"rule", TYPE_KEYWORD},
    {"view", TYPE_KEYWORD},
    {"group", TYPE_KEYWORD},
    {"win", TYPE_LONG},
    {"n", TYPE_LONG},
    {"err", TYPE_LONG},
    {"guaranteed", TYPE_BOOLEAN},
    {"rps", TYPE_FLOAT},
    {"s4xx", TYPE_LONG},
    {"s5xx", TYPE_LONG},
    {"trust", TYPE_LONG},
    {"late", TYPE_LONG},
    {"geo.country_iso_code", TYPE_KEYWORD},
    {"as.number", TYPE_LONG},
    {"latency.p50", TYPE_FLOAT},
    {"latency.p95", TYPE_FLOAT},
    {"latency.p99", TYPE_FLOAT},
    {"from", TYPE_DATE},
    {"to", TYPE_DATE},
    {"peak", TYPE_LONG},
    {"limit", TYPE_LONG},
    {"excess", TYPE_LONG},
    {"keys", TYPE_LONG},
    {"total", TYPE_LONG},
    {"would_block", TYPE_LONG},
    {"share_of_all", TYPE_FLOAT},
    {"evaded", TYPE_LONG},
    {"framed", TYPE_LONG},
    {"blocked.as.number", TYPE_LONG},
    {"blocked.as.n", TYPE_LONG},
    {"blocked.country.iso_code", TYPE_KEYWORD},
    {"blocked.country.n", TYPE_LONG},
    {"p99", TYPE_LONG},
    {"p999", TYPE_LONG},
    {"p9999", TYPE_LONG},
    {"suggest", TYPE_LONG},
    {"would_stop", TYPE_FLOAT},
    {"suggest_p9999", TYPE_LONG},
    {"would_stop_p9999", TYPE_FLOAT},
};
const size_t rate_fields_count = sizeof rate_fields / sizeof rate_fields[0];

#define PUT_BYTES_MAX 512u /* at once, but for keys */

static inline char *put_bytes(char *out, struct slice text) {
    if (text.len > 0) memcpy(out, text.ptr, text.len);
    return out + text.len;
}

static inline char *put_digits(char *out, uint64_t value) {
    return out + number_write(value <= INT64_MAX ? value : INT64_MAX, out); /* a `long` */
}

/* Thousandths and the like: `value` is in units of the last one of so many digits behind the point. */
static char *put_decimal(char *out, uint64_t value, uint32_t digits) {
    uint64_t unit = 1;
    for (uint32_t i = 0; i < digits; i++) unit *= 10;
    out = put_digits(out, value / unit);
    *out++ = '.';
    for (uint64_t rest = value % unit; digits > 0; digits--, rest %= unit) *out++ = (char)('0' + rest / (unit /= 10));
    return out;
}

static char *put_millionths(char *out, double value) {
    return put_decimal(out, (uint64_t)(value * 1e6 + 0.5), 6);
}

static char *put_country(char *out, uint16_t country) {
    return put_bytes(out, slice_from(country != COUNTRY_NONE ? country_code(country).text : "unknown"));
}

/* --- keys ------------------------------------------------------------------------------------------- */

/* A name that anybody may have made. */
static char *put_name(char *out, struct slice name) {
    ASSERT(name.len <= RATE_TEXT_BYTES_MAX);
    return name.len > 0 ? put_bytes(out, name) : put_bytes(out, SLICE("unknown"));
}

static char *put_address(char *out, const struct rate_dim *dim, const struct ip *address) {
    bool v4 = ip_is_v4(address);
    uint32_t bits = v4 ? dim->v4_prefix : dim->v6_prefix;
    out += ip_format(address, out);
    return bits < (v4 ? 32u : 128u) ? put_digits(put_bytes(out, SLICE("/")), bits) : out;
}

static char *put_client(char *out, const struct rate_dim *dim, const struct rate_key *key) {
    if (key->unresolved)
        return put_bytes(put_bytes(out, SLICE("unresolved:")), slice_from(verdict_names[key->verdict]));
    if (key->vpce.len > 0) out = put_bytes(put_name(out, key->vpce), SLICE("|"));
    return put_address(out, dim, &key->address);
}

static char *put_part(char *out, const struct rate_settings *settings, const struct rate_dim *dim,
                      const struct rate_key *key, enum rate_part part) {
    switch (part) {
    case RATE_CLIENT: return put_client(out, dim, key);
    case RATE_PEER:
    case RATE_CLAIM:
    case RATE_FIRST_XFF: return put_address(out, dim, &key->address);
    case RATE_ASN: return key->as_number != 0 ? put_digits(out, key->as_number) : put_bytes(out, SLICE("unknown"));
    case RATE_COUNTRY: return put_country(out, key->country);
    case RATE_PATH_CLASS:
        return put_bytes(out,
                         slice_from(key->path_class != RATE_CLASS_NONE ? settings->classes[key->path_class] : "other"));
    case RATE_METHOD: return put_bytes(out, slice_from(request_method_names[key->method]));
    case RATE_LB: return put_name(out, key->lb);
    case RATE_PARTS: break;
    }
    ASSERT(false);
    return out;
}

size_t rate_key_write(const struct rate_settings *settings, const struct rate_dim *dim, const struct rate_key *key,
                      char out[RATE_KEY_BYTES_MAX]) {
    char *end = out;
    for (uint32_t i = 0; i < dim->parts_count; i++)
        end = put_part(i > 0 ? put_bytes(end, SLICE("|")) : end, settings, dim, key, dim->order[i]);
    return (size_t)(end - out);
}

/* --- documents ---------------------------------------------------------------------------------------- */

/* A document that is being written. */
struct writing {
    const struct rate_settings *settings;
    const struct rate_row *row;
    const struct rollup_part_name *part; /* NULL: none */
    struct timestamp_cache *days;
    char *at;
};

static void put_member(struct writing *writing, const char *member) {
    writing->at = put_bytes(put_bytes(writing->at, SLICE(",\"")), slice_from(member));
    writing->at = put_bytes(writing->at, SLICE("\":"));
}

static void put_text(struct writing *writing, const char *member, struct slice text) {
    bool lossy = false;
    put_member(writing, member);
    writing->at = json_quote(writing->at, text, JSON_VERBATIM, &lossy);
}

static void put_time(struct writing *writing, const char *member, int64_t time_s) {
    char text[TIMESTAMP_TEXT_BYTES];
    size_t bytes = timestamp_format(time_s * NS_PER_S, writing->days, text);
    put_member(writing, member);
    writing->at = put_bytes(put_bytes(writing->at, SLICE("\"")), (struct slice){text, bytes});
    *writing->at++ = '"';
}

static void put_number(struct writing *writing, const char *member, uint64_t value) {
    put_member(writing, member);
    writing->at = put_digits(writing->at, value);
}

static void put_pair(struct writing *writing, const char *member, uint64_t least, uint64_t most) {
    put_member(writing, member);
    writing->at = put_digits(put_bytes(writing->at, SLICE("[")), least);
    writing->at = put_digits(put_bytes(writing->at, SLICE(",")), most);
    *writing->at++ = ']';
}

static void put_share(struct writing *writing, const char *member, double share) {
    put_member(writing, member);
    writing->at = put_millionths(writing->at, share);
}

static double share(uint64_t part, uint64_t whole) {
    return whole > 0 ? (double)part / (double)whole : 0;
}

static char *put_geo(char *out, const struct rate_row *row) {
    bool country = row->country != COUNTRY_NONE;
    if (!country && !row->has_location) return out;
    out = put_bytes(out, SLICE(",\"geo\":{"));
    if (country) {
        out = put_bytes(out, SLICE("\"country_iso_code\":\""));
        out = put_bytes(put_bytes(out, slice_from(country_code(row->country).text)), SLICE("\""));
    }
    if (row->has_location) {
        if (country) *out++ = ',';
        out = degrees_write(put_bytes(out, SLICE("\"location\":{\"lon\":")), (double)row->longitude);
        out = degrees_write(put_bytes(out, SLICE(",\"lat\":")), (double)row->latitude);
        *out++ = '}';
    }
    *out++ = '}';
    return out;
}

static void put_place(struct writing *writing) {
    const struct rate_row *row = writing->row;
    if (!row->has_place) return;
    writing->at = put_geo(writing->at, row);
    if (row->as_number == 0) return;
    writing->at = put_digits(put_bytes(writing->at, SLICE(",\"as\":{\"number\":")), row->as_number);
    *writing->at++ = '}';
}

static void put_seconds(struct writing *writing, struct slice before, double seconds) {
    writing->at = put_millionths(put_bytes(writing->at, before), seconds);
}

static void put_top(struct writing *writing, struct slice key) {
    const struct rate_row *row = writing->row;
    put_text(writing, "key", key);
    put_number(writing, "n", row->requests);
    put_number(writing, "err", row->error);
    writing->at = put_bytes(writing->at, SLICE(",\"guaranteed\":"));
    writing->at = put_bytes(writing->at, row->guaranteed ? SLICE("true") : SLICE("false"));
    double hundredths = (double)row->requests / (double)row->window_s * 100 + 0.5;
    writing->at = put_decimal(put_bytes(writing->at, SLICE(",\"rps\":")),
                              hundredths < 1e18 ? (uint64_t)hundredths : (uint64_t)1e18, 2);
    put_number(writing, "bytes", row->bytes);
    put_number(writing, "s4xx", row->status_4xx);
    put_number(writing, "s5xx", row->status_5xx);
    put_place(writing);
    if (row->has_place) put_number(writing, "trust", row->trust);
    if (row->has_clients) {
        writing->at = put_digits(put_bytes(writing->at, SLICE(",\"clients\":{\"estimate\":")), row->clients);
        writing->at = put_bytes(writing->at, SLICE(",\"error\":" CLIENTS_ERROR "}"));
    }
    if (row->latency.known) {
        put_seconds(writing, SLICE(",\"latency\":{\"p50\":"), row->latency.p50_s);
        put_seconds(writing, SLICE(",\"p95\":"), row->latency.p95_s);
        put_seconds(writing, SLICE(",\"p99\":"), row->latency.p99_s);
        *writing->at++ = '}';
    }
    if (row->late > 0) put_number(writing, "late", row->late);
}

static void put_breach(struct writing *writing, struct slice key) {
    const struct rate_row *row = writing->row;
    ASSERT(row->limit != NULL);
    put_text(writing, "key", key);
    put_time(writing, "from", row->from_s);
    put_time(writing, "to", row->to_s);
    put_number(writing, "peak", row->peak);
    put_number(writing, "limit", row->limit->limit);
    put_pair(writing, "excess", row->excess_least, row->excess_most);
    if (row->error > 0) put_number(writing, "err", row->error);
}

static void put_blocked(struct writing *writing) {
    const struct rate_row *row = writing->row;
    if (row->blocked_as_count + row->blocked_countries_count == 0) return;
    char *at = put_bytes(writing->at, SLICE(",\"blocked\":{\"as\":["));
    for (uint32_t i = 0; i < row->blocked_as_count; i++) {
        if (i > 0) *at++ = ',';
        at = put_digits(put_bytes(at, SLICE("{\"number\":")), row->blocked_as[i].number);
        at = put_digits(put_bytes(at, SLICE(",\"n\":")), row->blocked_as[i].requests);
        *at++ = '}';
    }
    at = put_bytes(at, SLICE("],\"country\":["));
    for (uint32_t i = 0; i < row->blocked_countries_count; i++) {
        if (i > 0) *at++ = ',';
        at = put_country(put_bytes(at, SLICE("{\"iso_code\":\"")), (uint16_t)row->blocked_countries[i].number);
        at = put_digits(put_bytes(at, SLICE("\",\"n\":")), row->blocked_countries[i].requests);
        *at++ = '}';
    }
    writing->at = put_bytes(at, SLICE("]}"));
}

static void put_impact(struct writing *writing) {
    const struct rate_row *row = writing->row;
    ASSERT(row->limit != NULL);
    put_number(writing, "limit", row->limit->limit);
    put_number(writing, "keys", row->keys);
    put_number(writing, "total", row->total);
    put_pair(writing, "would_block", row->would_block_least, row->would_block_most);
    writing->at = put_millionths(put_bytes(writing->at, SLICE(",\"share_of_all\":[")),
                                 share(row->would_block_least, row->total));
    writing->at = put_millionths(put_bytes(writing->at, SLICE(",")), share(row->would_block_most, row->total));
    *writing->at++ = ']';
    if (row->has_two_views) {
        put_number(writing, "evaded", row->evaded);
        put_number(writing, "framed", row->framed);
    }
    put_blocked(writing);
}

static void put_advice(struct writing *writing) {
    const struct rate_row *row = writing->row;
    if (row->group != RATE_EVERYONE) put_text(writing, "group", slice_from(group_names[row->group]));
    put_number(writing, "keys", row->keys);
    put_number(writing, "total", row->total);
    put_number(writing, "p99", row->peak_p99);
    put_number(writing, "p999", row->peak_p999);
    put_number(writing, "p9999", row->peak_p9999);
    put_number(writing, "suggest", row->suggest_least);
    put_share(writing, "would_stop", row->would_stop_least);
    put_number(writing, "suggest_p9999", row->suggest_most);
    put_share(writing, "would_stop_p9999", row->would_stop_most);
}

/* What a row counts by, and in which window. */
static const struct rate_dim *dim_of(const struct rate_row *row) {
    return row->kind == RATE_TOP || row->dim != NULL ? row->dim : &row->limit->key;
}

static uint32_t window_of(const struct rate_row *row) {
    return row->limit != NULL ? row->limit->window_s : row->window_s;
}

static const char *view_of(const struct rate_row *row) {
    if (row->limit == NULL) return NULL;
    if (row->waf_view) return rate_part_names[RATE_FIRST_XFF];
    /* of what is not an address there is one view only */
    uint32_t address = row->limit->key.parts & RATE_ADDRESS_PARTS;
    return address != 0 ? rate_part_names[__builtin_ctz(address)] : NULL;
}

static char *put_word(char *out, const char *word) {
    return put_bytes(put_bytes(out, slice_from(word)), SLICE(" "));
}

static void make_id(const struct writing *writing, struct slice key, char id[HASH_ID_DIGITS]) {
    char line[RATE_KEY_BYTES_MAX + 4 * PUT_BYTES_MAX];
    ASSERT(writing->part == NULL || writing->part->origin.len <= PUT_BYTES_MAX);
    const struct rate_row *row = writing->row;
    const char *view = row->kind == RATE_ADVICE ? group_names[row->group] : view_of(row);
    char *end = put_word(line, rate_row_kind_names[row->kind]);
    end = put_word(end, row->limit != NULL ? "rule" : "dim");
    end = put_word(end, row->limit != NULL ? row->limit->name : row->dim->name);
    end = put_bytes(put_word(end, view != NULL ? view : "-"), key);
    if (writing->part != NULL) end = put_bytes(put_bytes(end, SLICE(" ")), writing->part->origin);
    int64_t time_s = row->kind == RATE_BREACH ? row->from_s : row->time_s;
    hash_event_id(SLICE("rate"), (uint64_t)time_s, window_of(row), (struct slice){line, (size_t)(end - line)}, id);
}

size_t rate_document_write(const struct rate_settings *settings, const struct rate_row *row,
                           const struct rollup_part_name *part, struct timestamp_cache *days, char id[HASH_ID_DIGITS],
                           char out[ROLLUP_DOCUMENT_BYTES_MAX]) {
    char text[RATE_KEY_BYTES_MAX];
    struct writing writing = {.settings = settings, .row = row, .part = part, .days = days, .at = out};
    bool has_key = row->kind == RATE_TOP || row->kind == RATE_BREACH;
    struct rate_dim dim = *dim_of(row);
    if (row->waf_view)
        for (uint32_t i = 0; i < dim.parts_count; i++)
            if (dim.order[i] == RATE_CLIENT) dim.order[i] = RATE_FIRST_XFF;
    struct slice key = {text, has_key ? rate_key_write(settings, &dim, &row->key, text) : 0};
    make_id(&writing, key, id);
    put_time(&writing, "@timestamp", row->time_s);
    *out = '{'; /* instead of a comma */
    put_text(&writing, "kind", slice_from(rate_row_kind_names[row->kind]));
    writing.at = put_bytes(writing.at, SLICE(",\"event\":{\"id\":\""));
    writing.at = put_bytes(put_bytes(writing.at, (struct slice){id, HASH_ID_DIGITS}), SLICE("\"}"));
    if (row->limit != NULL) put_text(&writing, "rule", slice_from(row->limit->name));
    if (row->kind != RATE_ADVICE && view_of(row) != NULL) put_text(&writing, "view", slice_from(view_of(row)));
    put_number(&writing, "win", window_of(row));
    put_text(&writing, "dim", slice_from(dim.name));
    switch (row->kind) {
    case RATE_TOP: put_top(&writing, key); break;
    case RATE_BREACH: put_breach(&writing, key); break;
    case RATE_IMPACT: put_impact(&writing); break;
    case RATE_ADVICE: put_advice(&writing); break;
    }
    if (part != NULL) {
        put_text(&writing, "part", slice_from(part->name));
        put_number(&writing, "revision", part->revision);
    }
    if (row->approximate) writing.at = put_bytes(writing.at, SLICE(",\"approx\":true"));
    writing.at = put_bytes(writing.at, SLICE("}\n"));
    ASSERT(writing.at + PUT_BYTES_MAX < out + ROLLUP_DOCUMENT_BYTES_MAX);
    return (size_t)(writing.at - out);
}
