/* Rows are short arrays of numbers, and most of the bytes: cells are told by their distances, so that the usual one has two characters.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "app/report_data.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/country.h"
#include "base/json.h"
#include "base/number.h"
#include "schemas/client_facts.h"
#include "schemas/residency.h"

#define CELLS_MAX 300000u     /* in a page: some 2 MB */
#define NETWORKS_MAX 500u     /* rows of a network, country and verdict; more count in their groups */
#define CLIENTS_MAX 300u      /* likewise */
#define NAMES_MAX 20u         /* of inputs */
#define CLIENTS_ERROR "0.016" /* of enrich/hyperloglog.h: standard error, relative */
#define TEXT_BYTES_MAX 4096u  /* of one string; what is longer is cut off */

struct rows {
    const struct profile **items; /* in the order in which they are told */
    uint32_t count, all;
};

/* All that one country and verdict have. */
struct group {
    uint64_t key, requests;
    uint64_t cells[PROFILE_CELLS], bytes[PROFILE_CELLS];
};

struct writing {
    FILE *out;
    const struct report_counts *counts;
    const struct report_facts *facts;
    struct rows rows[REPORT_TABLES];
    struct group *groups; /* the most requests first */
    uint32_t groups_count;
    uint32_t *groups_by_key;            /* numbers, in order of their keys */
    uint16_t countries[UINT16_MAX + 1]; /* by number: place in the list plus 1 */
    uint16_t verdicts[UINT8_MAX + 1];
};

/* --- pieces ----------------------------------------------------------------------------------------- */

/* What of a text that is cut off may stay: no half of a character. */
static size_t whole_bytes(struct slice text) {
    size_t bytes = text.len;
    if (bytes <= TEXT_BYTES_MAX) return bytes;
    for (bytes = TEXT_BYTES_MAX; bytes > 0 && ((unsigned char)text.ptr[bytes] & 0xc0) == 0x80;) bytes--;
    return bytes;
}

static void put_text(FILE *out, struct slice text) {
    char quoted[JSON_EXPANSION * TEXT_BYTES_MAX + 64];
    bool lossy = false;
    text.len = whole_bytes(text);
    const char *end = json_quote(quoted, text, JSON_VERBATIM, &lossy);
    for (const char *at = quoted; at < end; at++) {
        bool separator = end - at >= 3 && (memcmp(at, "\u2028", 3) == 0 || memcmp(at, "\u2029", 3) == 0);
        if (separator)
            fprintf(out, "\\u202%c", at[2] == '\xa8' ? '8' : '9');
        else if (*at == '<' || *at == '>' || *at == '&')
            fprintf(out, "\\u%04x", (unsigned)*at);
        else
            fputc(*at, out);
        at += separator ? 2 : 0;
    }
}

static void put_number(FILE *out, uint64_t value) {
    char digits[NUMBER_BYTES_MAX];
    fwrite_unlocked(digits, 1, number_write(value <= INT64_MAX ? value : INT64_MAX, digits), out);
}

static void put_list_number(FILE *out, bool first, uint64_t value) {
    if (!first) fputc_unlocked(',', out);
    put_number(out, value);
}

/* {"name":12,..} of those that are not 0. */
static void put_counts(FILE *out, const char *const *names, const uint64_t *counts, int count) {
    bool first = true;
    fputc('{', out);
    for (int i = 0; i < count; i++) {
        if (counts[i] == 0) continue;
        fprintf(out, "%s\"%s\":%" PRIu64, first ? "" : ",", names[i], counts[i]);
        first = false;
    }
    fputc('}', out);
}

/* --- rows --------------------------------------------------------------------------------------------- */

/* In the order of time; returns how many there are. */
static uint32_t order_cells(const struct time_axis *axis, const uint64_t *cells, uint16_t places[PROFILE_CELLS]) {
    uint32_t columns = time_axis_count(axis), count = 0;
    for (uint32_t i = 0; i < columns * STATUS_CLASSES; i++) {
        places[i] = (uint16_t)(time_axis_place(axis->first + i / STATUS_CLASSES) * STATUS_CLASSES + i % STATUS_CLASSES);
        count += cells[places[i]] > 0;
    }
    return count;
}

/* `bytes` NULL: nobody counts them. */
static void put_cells(struct writing *writing, const uint64_t *cells, const uint64_t *bytes) {
    uint16_t places[PROFILE_CELLS];
    uint32_t before = 0, columns = time_axis_count(&writing->counts->axis);
    bool first = true;
    (void)order_cells(&writing->counts->axis, cells, places);
    fputs(",\"cells\":[", writing->out);
    for (uint32_t i = 0; i < columns * STATUS_CLASSES; i++) {
        if (cells[places[i]] == 0) continue;
        put_list_number(writing->out, first, i - before);
        put_list_number(writing->out, false, cells[places[i]]);
        before = i;
        first = false;
    }
    fputc(']', writing->out);
    if (bytes == NULL) return;
    first = true;
    fputs(",\"bytes\":[", writing->out);
    for (uint32_t i = 0; i < columns * STATUS_CLASSES; i++) {
        if (cells[places[i]] == 0) continue;
        put_list_number(writing->out, first, bytes[places[i]]);
        first = false;
    }
    fputc(']', writing->out);
}

/* Where a key stands in groups_by_key, or would. */
static uint32_t find_group(const struct writing *writing, uint64_t key) {
    uint32_t from = 0, to = writing->groups_count;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (writing->groups[writing->groups_by_key[middle]].key < key)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

/* The number of the group that a row's records are of. Each has one, for its records have tiles. */
static uint32_t group_of(const struct writing *writing, const struct profile *row) {
    uint32_t at = find_group(writing, report_key_group(row));
    ASSERT(at < writing->groups_count);
    return writing->groups_by_key[at];
}

static uint16_t group_country(const struct group *group) {
    return (uint16_t)(group->key >> 8);
}

static uint8_t group_verdict(const struct group *group) {
    return (uint8_t)group->key;
}

static void put_groups(struct writing *writing) {
    fputs(",\n\"groups\":[", writing->out);
    for (uint32_t i = 0; i < writing->groups_count; i++) {
        const struct group *group = &writing->groups[i];
        fprintf(writing->out, "%s{\"country\":%u,\"verdict\":%u", i == 0 ? "\n" : ",\n",
                writing->countries[group_country(group)] - 1u, writing->verdicts[group_verdict(group)] - 1u);
        put_cells(writing, group->cells, group->bytes);
        fputc('}', writing->out);
    }
    fputc(']', writing->out);
}

static void put_tile(struct writing *writing, const struct profile *row, const struct rows *rows) {
    (void)rows;
    fprintf(writing->out, "{\"tile\":%" PRIu64 ",\"group\":%u", report_key_subject(row), group_of(writing, row));
}

static void put_network(struct writing *writing, const struct profile *row, const struct rows *rows) {
    (void)rows;
    fprintf(writing->out, "{\"as\":%" PRIu64 ",\"group\":%u,\"error\":%" PRIu64, report_key_subject(row),
            group_of(writing, row), row->error);
}

/* Whether no client that is not told can have more. */
static bool is_guaranteed(const struct writing *writing, const struct profile *row, const struct rows *rows) {
    uint64_t others = writing->counts->tables[REPORT_CLIENTS].floor;
    if (rows->all > rows->count && rows->items[rows->count]->count > others) others = rows->items[rows->count]->count;
    return row->count - row->error >= others;
}

static void put_client(struct writing *writing, const struct profile *row, const struct rows *rows) {
    char text[IP_TEXT_BYTES_MAX];
    uint64_t endpoint = report_key_subject(row);
    const struct name_table *endpoints = &writing->counts->names[REPORT_ENDPOINTS];
    struct slice address = {text, ip_format(&row->key.ip, text)};
    fputs("{\"address\":", writing->out);
    if (endpoint > 0) {
        char both[PROXY_VPCE_BYTES_MAX * 4 + sizeof text];
        struct slice name = endpoint - 1 < endpoints->count ? endpoints->names[endpoint - 1] : SLICE(REPORT_OTHER);
        int bytes = snprintf(both, sizeof both, "%.*s|%.*s", (int)name.len, name.ptr, (int)address.len, address.ptr);
        put_text(writing->out, (struct slice){both, (size_t)bytes < sizeof both ? (size_t)bytes : sizeof both - 1});
    } else {
        put_text(writing->out, address);
    }
    fprintf(writing->out, ",\"as\":%u,\"group\":%u,\"error\":%" PRIu64 ",\"guaranteed\":%s", row->as_number,
            group_of(writing, row), row->error, is_guaranteed(writing, row, rows) ? "true" : "false");
}

static void put_residency(struct writing *writing, const struct profile *row, const struct rows *rows) {
    uint64_t subject = report_key_subject(row);
    (void)rows;
    fprintf(writing->out, "{\"zone\":%u,\"place\":%u,\"verdict\":%u,\"group\":%u", (unsigned)(subject >> 16 & 0xff),
            (unsigned)(subject >> 8 & 0xff), (unsigned)(subject & 0xff) - 1u, group_of(writing, row));
}

static const struct {
    const char *name;
    uint32_t rows_max;
    void (*put)(struct writing *writing, const struct profile *row, const struct rows *rows);
} tables[REPORT_TABLES] = {
    [REPORT_TILES] = {"tiles", UINT32_MAX, put_tile},
    [REPORT_NETWORKS] = {"networks", NETWORKS_MAX, put_network},
    [REPORT_CLIENTS] = {"clients", CLIENTS_MAX, put_client},
    [REPORT_RESIDENCY] = {"residency", UINT32_MAX, put_residency},
};

static void put_tables(struct writing *writing) {
    for (int table = 0; table < (int)REPORT_TABLES; table++) {
        const struct rows *rows = &writing->rows[table];
        fprintf(writing->out, ",\n\"%s\":[", tables[table].name);
        for (uint32_t i = 0; i < rows->count; i++) {
            fputs(i == 0 ? "\n" : ",\n", writing->out);
            uint64_t cells[PROFILE_CELLS] = {0};
            profile_add_cells(&writing->counts->tables[table], rows->items[i], cells);
            tables[table].put(writing, rows->items[i], rows);
            put_cells(writing, cells, NULL);
            fputc('}', writing->out);
        }
        fputc(']', writing->out);
    }
}

/* --- what is told beside them ------------------------------------------------------------------------- */

static void put_time(const struct writing *writing) {
    const struct time_axis *axis = &writing->counts->axis;
    uint32_t columns = time_axis_count(axis);
    fprintf(writing->out, ",\n\"time\":{\"start\":%" PRId64 ",\"step\":%" PRId64 ",\"count\":%u}",
            columns > 0 ? axis->first * axis->step_s : 0, axis->step_s, columns);
}

static const char *verdict_name(uint8_t verdict) {
    return verdict == REPORT_NO_VERDICT ? "" : verdict_names[verdict];
}

/* Countries and verdicts, in the order in which groups have them. */
static void put_verdicts_and_countries(struct writing *writing) {
    uint16_t verdicts = 0, countries = 0;
    fputs(",\n\"statuses\":[\"none\",\"1xx\",\"2xx\",\"3xx\",\"4xx\",\"5xx\"],\n\"verdicts\":[", writing->out);
    for (uint32_t i = 0; i < writing->groups_count; i++) {
        uint8_t verdict = group_verdict(&writing->groups[i]);
        if (writing->verdicts[verdict] != 0) continue;
        fputs(verdicts > 0 ? ",{\"name\":" : "{\"name\":", writing->out);
        put_text(writing->out, slice_from(verdict_name(verdict)));
        fprintf(writing->out, ",\"resolved\":%s}", verdict_is_resolved(verdict) ? "true" : "false");
        writing->verdicts[verdict] = ++verdicts;
    }
    fputs("],\n\"countries\":[", writing->out);
    for (uint32_t i = 0; i < writing->groups_count; i++) {
        uint16_t country = group_country(&writing->groups[i]);
        if (writing->countries[country] != 0) continue;
        const struct country_code code = country_code(country);
        if (countries > 0) fputc(',', writing->out);
        put_text(writing->out, country == COUNTRY_NONE ? SLICE("") : (struct slice){code.text, 2});
        writing->countries[country] = ++countries;
    }
    fputc(']', writing->out);
}

/* Zones and places stand in one list; a row's numbers lead into it. */
static void put_residency_names(const struct writing *writing) {
    const struct name_table *names = &writing->counts->names[REPORT_PLACES];
    bool any = writing->rows[REPORT_RESIDENCY].count > 0;
    for (int list = 0; list < 2; list++) {
        fputs(list == 0 ? ",\n\"zones\":[" : ",\n\"places\":[", writing->out);
        for (uint32_t i = 0; i < names->count && any; i++) {
            if (i > 0) fputc(',', writing->out);
            put_text(writing->out, i < REPORT_PLACES_MAX - 1 ? names->names[i] : SLICE(REPORT_OTHER));
        }
        fputc(']', writing->out);
    }
    fputs(",\n\"residency_verdicts\":[", writing->out);
    for (int i = RESIDENCY_NONE + 1; i < (int)RESIDENCY_VERDICTS && any; i++)
        fprintf(writing->out, "%s\"%s\"", i > RESIDENCY_NONE + 1 ? "," : "", residency_verdict_names[i]);
    fputc(']', writing->out);
}

/* By the databases, or as the records have it. */
static void put_network_name(const struct writing *writing, const struct profile *row, bool *first) {
    const struct name_table *names = &writing->counts->names[REPORT_ORGANIZATIONS];
    struct place place = {.as_number = 0};
    struct geo_scratch scratch;
    struct geo_answer answer;
    uint64_t damaged = 0;
    struct slice name = {0};
    if (row->name > 0 && row->name - 1 < names->count) {
        name = names->names[row->name - 1];
    } else if (writing->facts->geo != NULL && geo_lookup(writing->facts->geo, &row->sample, &answer, &damaged)) {
        geo_decode(writing->facts->geo, &answer, &place, &scratch);
        if (place.as_number == row->as_number) name = place.texts[PLACE_AS_ORGANIZATION];
    }
    if (name.len == 0) return;
    fprintf(writing->out, "%s\"%u\":", *first ? "" : ",", row->as_number);
    put_text(writing->out, name);
    *first = false;
}

static int by_network(const void *a, const void *b) {
    const struct profile *x = *(const struct profile *const *)a, *y = *(const struct profile *const *)b;
    return (x->as_number > y->as_number) - (x->as_number < y->as_number);
}

/* Those of all rows that are told. */
static void put_network_names(const struct writing *writing) {
    const struct rows *networks = &writing->rows[REPORT_NETWORKS], *clients = &writing->rows[REPORT_CLIENTS];
    const struct profile *told[NETWORKS_MAX + CLIENTS_MAX];
    const uint32_t count = networks->count + clients->count;
    bool first = true;
    fprintf(writing->out, ",\n\"networks_all\":%u,\n\"network_names\":{", networks->all);
    for (uint32_t i = 0; i < count; i++)
        told[i] = i < networks->count ? networks->items[i] : clients->items[i - networks->count];
    if (count > 0) qsort(told, count, sizeof *told, by_network);
    for (uint32_t i = 0; i < count; i++)
        if (told[i]->as_number != 0 && (i == 0 || told[i - 1]->as_number != told[i]->as_number))
            put_network_name(writing, told[i], &first);
    fputc('}', writing->out);
}

static void put_inputs(const struct writing *writing) {
    const struct inputs *inputs = writing->facts->inputs;
    uint64_t files = inputs->items_count - inputs->streams_count;
    fprintf(writing->out, ",\n\"inputs\":{\"files\":%" PRIu64 ",\"streams\":%zu,\"names\":[", files,
            inputs->streams_count);
    for (size_t i = 0; i < inputs->items_count && i < NAMES_MAX; i++) {
        if (i > 0) fputc(',', writing->out);
        put_text(writing->out, slice_from(inputs->items[i].path));
    }
    fputs("]}", writing->out);
}

static void put_records(const struct writing *writing) {
    const struct tally *tally = writing->facts->tally != NULL ? writing->facts->tally : &writing->counts->tally;
    FILE *out = writing->out;
    fprintf(out,
            ",\n\"records\":{\"read\":%" PRIu64 ",\"written\":%" PRIu64 ",\"rejected\":%" PRIu64 ",\"skipped\":%" PRIu64
            "}",
            tally->read, tally->written + tally->duplicates, tally_rejected(tally), tally_skipped(tally));
    fputs(",\n\"rejected_by_reason\":", out);
    put_counts(out, reject_names, tally->rejected, REJECT_REASONS);
    fputs(",\n\"skipped_by_reason\":", out);
    put_counts(out, skip_names, tally->skipped, SKIP_REASONS);
    fprintf(out, ",\n\"bytes_read\":%" PRIu64, tally->bytes_read);
}

static void put_databases(const struct writing *writing) {
    const struct geo *geo = writing->facts->geo;
    fputs(",\n\"databases\":[", writing->out);
    for (size_t i = 0; geo != NULL && i < geo->databases_count; i++) {
        const struct geo_database *database = &geo->databases[i];
        fputs(i > 0 ? ",{\"path\":" : "{\"path\":", writing->out);
        put_text(writing->out, slice_from(database->path));
        fputs(",\"type\":", writing->out);
        put_text(writing->out, slice_from(database->mmdb.metadata.database_type));
        fprintf(writing->out, ",\"build_epoch\":%" PRIu64 "}", database->build_epoch);
    }
    fputc(']', writing->out);
}

/* --- all of it ------------------------------------------------------------------------------------------ */

static void sort_rows(struct writing *writing) {
    for (int i = 0; i < (int)REPORT_TABLES; i++) {
        const struct profiles *table = &writing->counts->tables[i];
        struct rows *rows = &writing->rows[i];
        rows->items = calloc(table->used + 1, sizeof *rows->items);
        ASSERT(rows->items != NULL); /* 200 KB at the most */
        rows->all = profiles_sort(table, rows->items, table->used);
        rows->count = rows->all < tables[i].rows_max ? rows->all : tables[i].rows_max;
    }
}

static int by_requests(const void *a, const void *b) {
    const struct group *x = a, *y = b;
    if (x->requests != y->requests) return (x->requests < y->requests) - (x->requests > y->requests);
    return (x->key > y->key) - (x->key < y->key);
}

/* The last one, which is not found by its key yet. */
static void index_group(struct writing *writing) {
    uint32_t number = writing->groups_count, at = find_group(writing, writing->groups[number].key);
    memmove(&writing->groups_by_key[at + 1], &writing->groups_by_key[at],
            (number - at) * sizeof *writing->groups_by_key);
    writing->groups_by_key[at] = number;
    writing->groups_count++;
}

/* Made when there is none. */
static struct group *find_or_make_group(struct writing *writing, uint64_t key) {
    uint32_t at = find_group(writing, key);
    bool there = at < writing->groups_count && writing->groups[writing->groups_by_key[at]].key == key;
    if (there) return &writing->groups[writing->groups_by_key[at]];
    struct group *group = &writing->groups[writing->groups_count];
    *group = (struct group){.key = key};
    index_group(writing);
    return group;
}

/* Of those of their tiles. */
static void sum_up_groups(struct writing *writing) {
    const struct profiles *tiles = &writing->counts->tables[REPORT_TILES];
    const struct rows *rows = &writing->rows[REPORT_TILES];
    writing->groups_count = 0;
    for (uint32_t i = 0; i < rows->count; i++) {
        struct group *group = find_or_make_group(writing, report_key_group(rows->items[i]));
        group->requests += rows->items[i]->count;
        profile_add_cells(tiles, rows->items[i], group->cells);
        profile_add_bytes(tiles, rows->items[i], group->bytes);
    }
    if (writing->groups_count > 0) qsort(writing->groups, writing->groups_count, sizeof *writing->groups, by_requests);
    const uint32_t count = writing->groups_count;
    writing->groups_count = 0;
    while (writing->groups_count < count) index_group(writing);
}

static uint64_t count_cells(const struct writing *writing) {
    const struct time_axis *axis = &writing->counts->axis;
    uint16_t places[PROFILE_CELLS];
    uint64_t count = 0;
    for (uint32_t i = 0; i < writing->groups_count; i++) count += order_cells(axis, writing->groups[i].cells, places);
    for (int table = 0; table < (int)REPORT_TABLES; table++)
        for (uint32_t i = 0; i < writing->rows[table].count; i++) {
            uint64_t cells[PROFILE_CELLS] = {0};
            profile_add_cells(&writing->counts->tables[table], writing->rows[table].items[i], cells);
            count += order_cells(axis, cells, places);
        }
    return count;
}

/* As fine as a page has room for. */
static void settle_time(struct writing *writing, struct report *report) {
    const uint32_t tiles = writing->rows[REPORT_TILES].count;
    writing->groups = malloc((tiles + 1) * sizeof *writing->groups);
    writing->groups_by_key = malloc((tiles + 1) * sizeof *writing->groups_by_key);
    ASSERT(writing->groups != NULL && writing->groups_by_key != NULL);
    for (sum_up_groups(writing); count_cells(writing) > CELLS_MAX && time_axis_count(&writing->counts->axis) > 1;) {
        report_widen(report);
        sum_up_groups(writing);
    }
}

void report_data_write(struct report *report, const struct report_facts *facts, FILE *out) {
    struct writing *writing = calloc(1, sizeof *writing);
    ASSERT(writing != NULL);
    *writing = (struct writing){.out = out, .counts = report_lock(report), .facts = facts};
    sort_rows(writing);
    settle_time(writing, report);
    fprintf(out, "{\"version\":\"%s\",\"live\":%s,\"ended\":%s", WHEREFROM_VERSION, facts->live ? "true" : "false",
            facts->ended ? "true" : "false");
    fprintf(out, ",\"trust_most\":%u", writing->counts->trust_most);
    put_time(writing);
    put_verdicts_and_countries(writing);
    put_residency_names(writing);
    put_groups(writing);
    put_tables(writing);
    put_network_names(writing);
    uint64_t clients = hyperloglog_estimate(&writing->counts->clients);
    if (clients > 0)
        fprintf(out, ",\n\"distinct_clients\":{\"estimate\":%" PRIu64 ",\"error\":" CLIENTS_ERROR "}", clients);
    put_inputs(writing);
    put_records(writing);
    put_databases(writing);
    fprintf(out, ",\n\"approximate\":%s}", writing->counts->approximate ? "true" : "false");
    for (int i = 0; i < (int)REPORT_TABLES; i++) free(writing->rows[i].items);
    report_unlock(report);
    free(writing->groups);
    free(writing->groups_by_key);
    free(writing);
}
