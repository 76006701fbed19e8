/* The paths where things stand come from the tables that records are written by, of all output schemas: no schema has to be named.
 *
 * A policy that is only known by name is put together from what the record says of it: one for each policy, zone and place, so that it
 * never changes once somebody has seen it.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "app/finished_records.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/country.h"
#include "base/number.h"
#include "base/timestamp.h"
#include "enrich/note_record.h"
#include "ingest/json_tree.h"
#include "schemas/output.h"

#define POLICIES_MAX 4096u /* 20 KB each; 64 zones and as many places are what a policy may have, few have ten */
#define LISTS_BYTES_MAX 2048u
#define PATHS_MAX 16u
#define VERDICT_BYTES_MAX 64u /* a config's have 39 */
#define PATH_TEXT_BYTES 128u

/* What is looked for, and where it may stand. */
struct paths {
    const char *items[PATHS_MAX];
    uint32_t count;
};

/* What a record says of its policy. */
struct named {
    struct slice policy, zone, place;
    struct slice lists; /* JSON, as it stands in the record */
    uint64_t geo_build;
};

struct known_policy {
    struct residency_policy policy;
    struct named named;
    struct known_policy *next;
};

struct finished_records {
    enum finished_use use;
    struct paths time, id, client, bytes, lb, path, topic, partition, offset;
    struct paths verdict, trust, flags, status, country, longitude, latitude, as_number, as_name; /* for reports */
    pthread_mutex_t lock; /* guards what follows */
    struct known_policy *known;
    uint32_t known_count;
    struct arena names;
};

struct finished_reader {
    struct finished_records *records;
    struct json_reader *json;
    struct json_tree tree;
    const char *text;
    struct timestamp_cache days;
    const struct known_policy *last;
};

/* --- paths ---------------------------------------------------------------------------------------- */

static void add_path(struct paths *paths, const char *path) {
    for (uint32_t i = 0; i < paths->count; i++)
        if (strcmp(paths->items[i], path) == 0) return;
    ASSERT(paths->count < PATHS_MAX);
    paths->items[paths->count++] = path;
}

/* "*.client.ip", in the space of each format. */
static void add_in_spaces(struct finished_records *records, struct paths *paths, const char *path) {
    char text[PATH_TEXT_BYTES];
    for (uint32_t i = 0; i < schemas_count; i++) {
        int bytes = snprintf(text, sizeof text, "%s%s", schemas_all[i]->space, path + 1);
        struct slice copy = arena_copy(&records->names, (struct slice){text, (size_t)bytes});
        ASSERT(bytes < (int)sizeof text && copy.ptr != NULL);
        add_path(paths, copy.ptr);
    }
}

static void add_value(struct finished_records *records, struct paths *paths, enum value value) {
    for (const struct output_schema *const *output = output_schemas; *output != NULL; output++)
        for (uint16_t i = 0; i < (*output)->fields_count; i++) {
            const char *path = (*output)->fields[i].path;
            if ((*output)->fields[i].value != value) continue;
            path[0] == '*' ? add_in_spaces(records, paths, path) : add_path(paths, path);
        }
}

static void add_role(struct paths *paths, enum field_role role) {
    for (const struct output_schema *const *output = output_schemas; *output != NULL; output++)
        for (uint32_t i = 0; i < schemas_count; i++) {
            int column = schema_column(schemas_all[i], role);
            const char *path = column >= 0 ? (*output)->column_paths(&schemas_all[i]->fields[column]) : NULL;
            if (path != NULL) add_path(paths, path); /* these columns have one path each */
        }
}

/* What is known of a client's place: its paths stand below what the place is part of. */
static void add_place(struct finished_records *records, struct paths *paths, enum value value, int index,
                      const char *member) {
    char text[PATH_TEXT_BYTES];
    for (const struct output_schema *const *output = output_schemas; *output != NULL; output++) {
        const struct output_field *around = (*output)->fields, *field = (*output)->place;
        while (around->value != VALUE_CLIENT_PLACE) around++;
        while (field->value != value || field->place_index != index) field++;
        const char *dot = strrchr(around->path, '.');
        int prefix = dot != NULL ? (int)(dot + 1 - around->path) : 0,
            bytes = snprintf(text, sizeof text, "%.*s%s%s", prefix, around->path, field->path, member);
        struct slice copy = arena_copy(&records->names, (struct slice){text, (size_t)bytes});
        ASSERT(bytes < (int)sizeof text && copy.ptr != NULL);
        add_path(paths, copy.ptr);
    }
}

static void add_places(struct finished_records *records) {
    add_value(records, &records->verdict, VALUE_HOP_VERDICT);
    add_value(records, &records->trust, VALUE_HOP_TRUST);
    add_value(records, &records->flags, VALUE_HOP_FLAGS);
    add_role(&records->status, ROLE_STATUS);
    add_place(records, &records->country, VALUE_PLACE_TEXT, PLACE_COUNTRY_ISO_CODE, "");
    add_place(records, &records->longitude, VALUE_PLACE_LOCATION, 0, ".lon");
    add_place(records, &records->latitude, VALUE_PLACE_LOCATION, 0, ".lat");
    add_place(records, &records->as_number, VALUE_PLACE_AS_NUMBER, 0, "");
    add_place(records, &records->as_name, VALUE_PLACE_TEXT, PLACE_AS_ORGANIZATION, "");
}

struct finished_records *finished_records_new(enum finished_use use) {
    struct finished_records *records = calloc(1, sizeof *records);
    if (records == NULL) return NULL;
    records->use = use;
    if (use == FINISHED_FOR_REPORT) add_places(records);
    ASSERT(pthread_mutex_init(&records->lock, NULL) == 0);
    add_value(records, &records->time, VALUE_TIMESTAMP);
    add_value(records, &records->id, VALUE_ID);
    add_value(records, &records->client, VALUE_CLIENT_IP);
    add_value(records, &records->path, VALUE_LOG_PATH);
    add_value(records, &records->topic, VALUE_KAFKA_TOPIC);
    add_value(records, &records->partition, VALUE_KAFKA_PARTITION);
    add_value(records, &records->offset, VALUE_KAFKA_OFFSET);
    add_role(&records->bytes, ROLE_BYTES_SENT);
    add_role(&records->bytes, ROLE_BYTES_SENT_2);
    add_role(&records->lb, ROLE_SERVICE);
    return records;
}

void finished_records_free(struct finished_records *records) {
    if (records == NULL) return;
    while (records->known != NULL) {
        struct known_policy *next = records->known->next;
        free(records->known);
        records->known = next;
    }
    arena_destroy(&records->names);
    ASSERT(pthread_mutex_destroy(&records->lock) == 0);
    free(records);
}

struct finished_reader *finished_reader_new(struct finished_records *records) {
    struct finished_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) return NULL;
    reader->records = records;
    reader->json = json_reader_new();
    if (reader->json != NULL) return reader;
    free(reader);
    return NULL;
}

void finished_reader_free(struct finished_reader *reader) {
    if (reader == NULL) return;
    json_reader_free(reader->json);
    free(reader);
}

/* --- policies ------------------------------------------------------------------------------------- */

static bool same_name(const struct named *a, const struct named *b) {
    return a->geo_build == b->geo_build && slice_equal(a->zone, b->zone) && slice_equal(a->place, b->place) &&
           slice_equal(a->policy, b->policy) && slice_equal(a->lists, b->lists);
}

static bool is_unknown(struct slice name) {
    return slice_equal(name, SLICE(RESIDENCY_UNKNOWN));
}

/* ["sha256:..","sha256:.."]; a text that is too long for a digest is left out. */
static void read_lists(struct residency_policy *policy, struct slice json) {
    const char *at = json.ptr, *end = json.ptr + json.len;
    while (policy->lists_count < RESIDENCY_LISTS_MAX) {
        const char *open = at < end ? memchr(at, '"', (size_t)(end - at)) : NULL;
        const char *close = open != NULL ? memchr(open + 1, '"', (size_t)(end - open - 1)) : NULL;
        if (close == NULL) return;
        size_t bytes = (size_t)(close - open - 1);
        struct residency_digest *digest = &policy->lists[policy->lists_count].digest;
        at = close + 1;
        if (bytes >= sizeof digest->text) continue;
        memcpy(digest->text, open + 1, bytes);
        policy->lists_count++;
    }
}

static struct known_policy *make_policy(struct finished_records *records, const struct named *named) {
    struct known_policy *known = calloc(1, sizeof *known);
    if (known == NULL || records->known_count == POLICIES_MAX) {
        free(known);
        return NULL;
    }
    struct residency_policy *policy = &known->policy;
    known->named = (struct named){.policy = arena_copy(&records->names, named->policy),
                                  .zone = arena_copy(&records->names, named->zone),
                                  .place = arena_copy(&records->names, named->place),
                                  .lists = arena_copy(&records->names, named->lists),
                                  .geo_build = named->geo_build};
    ASSERT(known->named.policy.ptr != NULL && known->named.zone.ptr != NULL &&
           known->named.place.ptr != NULL); /* 200 bytes */
    policy->zones_count = !is_unknown(named->zone);
    policy->zones[0].name = known->named.zone.ptr;
    policy->places_count = !is_unknown(named->place);
    policy->places[0] = known->named.place.ptr;
    policy->geo_build = named->geo_build;
    memcpy(policy->digest.text, known->named.policy.ptr, known->named.policy.len);
    read_lists(policy, named->lists);
    known->next = records->known;
    records->known = known;
    records->known_count++;
    return known;
}

static const struct known_policy *policy_of(struct finished_reader *reader, const struct named *named) {
    struct finished_records *records = reader->records;
    if (reader->last != NULL && same_name(&reader->last->named, named)) return reader->last;
    ASSERT(pthread_mutex_lock(&records->lock) == 0);
    struct known_policy *known = records->known;
    while (known != NULL && !same_name(&known->named, named)) known = known->next;
    if (known == NULL) known = make_policy(records, named);
    ASSERT(pthread_mutex_unlock(&records->lock) == 0);
    return reader->last = known;
}

/* --- records -------------------------------------------------------------------------------------- */

bool finished_line_is(struct slice line) {
    if (!slice_starts_with(line, SLICE("{\"@timestamp\":\"")) && !slice_starts_with(line, SLICE("{\"timestamp\":\"")))
        return false;
    static const char *const marks[] = {"\"event\":{\"kind\":\"event\"", "\"event_id\":\"",
                                        "\"residency\":{\"zone\":", "\"residency_zone\":\""};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (memmem(line.ptr, line.len, marks[i], strlen(marks[i])) != NULL) return true;
    return false;
}

static struct slice text_of(const struct finished_reader *reader, struct span span) {
    return (struct slice){reader->text + span.offset, span.length};
}

/* NULL: there is none. */
static const struct json_node *member(const struct finished_reader *reader, const struct json_node *object,
                                      struct slice key) {
    const struct json_node *nodes = reader->tree.nodes;
    if (object->kind != JSON_OBJECT || object->skipped) return NULL;
    for (uint32_t i = (uint32_t)(object - nodes) + 1; i < object->next; i = nodes[i].next)
        if (slice_equal(text_of(reader, nodes[i].key), key)) return &nodes[i];
    return NULL;
}

static const struct json_node *find(const struct finished_reader *reader, const char *path) {
    const struct json_node *node = reader->tree.nodes;
    struct slice rest = slice_from(path);
    while (rest.ptr != NULL && node != NULL) node = member(reader, node, slice_cut(&rest, '.'));
    return node;
}

static const struct json_node *find_any(const struct finished_reader *reader, const struct paths *paths) {
    const struct json_node *node = NULL;
    for (uint32_t i = 0; i < paths->count && node == NULL; i++) node = find(reader, paths->items[i]);
    return node;
}

/* Of a text or number; empty: there is none. */
static struct slice value_of(const struct finished_reader *reader, const struct json_node *node) {
    bool good = node != NULL && (node->kind == JSON_STRING || node->kind == JSON_NUMBER);
    return good ? text_of(reader, node->text) : (struct slice){0};
}

static uint64_t number_of(const struct finished_reader *reader, const struct json_node *node) {
    uint64_t number;
    return number_parse(value_of(reader, node), &number) ? number : 0;
}

/* "residency.zone", or of the flat schema "residency_zone". */
static const struct json_node *residency_member(const struct finished_reader *reader, const char *name) {
    char path[64];
    snprintf(path, sizeof path, "residency.%s", name);
    const struct json_node *node = find(reader, path);
    if (node != NULL) return node;
    path[strlen("residency")] = '_';
    return find(reader, path);
}

static uint8_t index_of(struct slice name, const char *const *names, uint8_t count) {
    uint8_t i = 0;
    while (i < count && !slice_equal(name, slice_from(names[i]))) i++;
    return i;
}

static uint16_t reasons_of(const struct finished_reader *reader, const struct json_node *list) {
    const struct json_node *nodes = reader->tree.nodes;
    uint32_t reasons = 0;
    if (list == NULL) return 0;
    if (list->kind == JSON_STRING)
        return (uint16_t)(1u << index_of(text_of(reader, list->text), residency_reason_names, RESIDENCY_REASONS) &
                          ((1u << RESIDENCY_REASONS) - 1));
    for (uint32_t i = (uint32_t)(list - nodes) + 1; i < list->next; i = nodes[i].next)
        reasons |= 1u << index_of(text_of(reader, nodes[i].text), residency_reason_names, RESIDENCY_REASONS);
    return (uint16_t)(reasons & ((1u << RESIDENCY_REASONS) - 1));
}

/* A text that is too long for a digest is none. */
static struct slice policy_digest_of(const struct finished_reader *reader) {
    struct slice digest = value_of(reader, residency_member(reader, "policy"));
    return digest.len < sizeof((struct residency_digest){0}).text ? digest : (struct slice){0};
}

static struct slice lists_of(const struct finished_reader *reader) {
    const struct json_node *lists = residency_member(reader, "lists");
    bool good = lists != NULL && lists->kind == JSON_ARRAY && lists->text.length <= LISTS_BYTES_MAX;
    return good ? text_of(reader, lists->text) : (struct slice){0};
}

static bool note_id(const struct finished_reader *reader, struct rollup_note *note) {
    struct slice id = value_of(reader, find_any(reader, &reader->records->id));
    if (id.len != HASH_ID_DIGITS) return false;
    for (size_t i = 0; i < id.len; i++)
        if ((id.ptr[i] < '0' || id.ptr[i] > '9') && (id.ptr[i] < 'a' || id.ptr[i] > 'f')) return false;
    hash_id_words(id.ptr, note->id);
    return true;
}

/* --- for reports ---------------------------------------------------------------------------------- */

/* The number of a verdict; a name of a user's gets one. VERDICTS_MAX: there are too many. */
static uint32_t verdict_of(struct finished_reader *reader, struct slice name) {
    struct finished_records *records = reader->records;
    ASSERT(pthread_mutex_lock(&records->lock) == 0);
    uint32_t verdict = 0;
    while (verdict < verdicts_count() && !slice_equal(name, slice_from(verdict_names[verdict]))) verdict++;
    if (verdict == verdicts_count()) {
        struct slice copy = arena_copy(&records->names, name);
        verdict = copy.ptr != NULL ? verdict_add(copy) : VERDICTS_MAX;
    }
    ASSERT(pthread_mutex_unlock(&records->lock) == 0);
    return verdict;
}

static bool degrees_of(const struct finished_reader *reader, const struct paths *paths, double most, double *degrees) {
    char text[64], *end;
    struct slice value = value_of(reader, find_any(reader, paths));
    if (value.len == 0 || value.len >= sizeof text) return false;
    memcpy(text, value.ptr, value.len);
    text[value.len] = '\0';
    *degrees = strtod(text, &end);
    return *end == '\0' && *degrees >= -most && *degrees <= most;
}

static void note_place(const struct finished_reader *reader, struct arena *arena, struct rollup_note *note) {
    const struct finished_records *records = reader->records;
    struct tile_point point;
    uint64_t as_number = number_of(reader, find_any(reader, &records->as_number));
    note->place = PLACE_FACTS_UNKNOWN;
    note->place.country = country_number(value_of(reader, find_any(reader, &records->country)));
    if (as_number <= UINT32_MAX) note->place.as_number = (uint32_t)as_number;
    struct slice name = value_of(reader, find_any(reader, &records->as_name));
    if (note->place.as_number != 0 && name.len > 0 && name.len <= PLACE_TEXT_BYTES_MAX)
        note->as_name = arena_copy(arena, name);
    if (degrees_of(reader, &records->longitude, 180, &point.longitude) &&
        degrees_of(reader, &records->latitude, 90, &point.latitude))
        note->place.tile = tile_at(point);
}

/* The endpoint of PrivateLink that the client came by. */
static struct slice endpoint_of(const struct finished_reader *reader, struct arena *arena) {
    const struct json_node *nodes = reader->tree.nodes, *list = find_any(reader, &reader->records->flags);
    const struct slice prefix = slice_from(hop_flag_names[HOP_VPCE]);
    if (list == NULL || list->kind != JSON_ARRAY || list->skipped) return (struct slice){0};
    for (uint32_t i = (uint32_t)(list - nodes) + 1; i < list->next; i = nodes[i].next) {
        struct slice flag = value_of(reader, &nodes[i]);
        if (slice_starts_with(flag, prefix) && flag.len - prefix.len <= PROXY_VPCE_BYTES_MAX)
            return arena_copy(arena, (struct slice){flag.ptr + prefix.len, flag.len - prefix.len});
    }
    return (struct slice){0};
}

/* Who the client was and where, and what the answer was. False: there are too many verdicts. */
static bool note_request(struct finished_reader *reader, struct arena *arena, struct rollup_note *note) {
    const struct finished_records *records = reader->records;
    struct slice verdict = value_of(reader, find_any(reader, &records->verdict));
    uint64_t status = number_of(reader, find_any(reader, &records->status)),
             trust = number_of(reader, find_any(reader, &records->trust));
    note->status = (uint8_t)(status >= 100 && status < 600 ? status / 100 : 0);
    note->trust = (uint8_t)(trust < UINT8_MAX ? trust : UINT8_MAX);
    note->tells_client = verdict.len > 0;
    note_place(reader, arena, note);
    if (!note->tells_client) return true;
    note->vpce = endpoint_of(reader, arena);
    uint32_t number = verdict.len <= VERDICT_BYTES_MAX ? verdict_of(reader, verdict) : VERDICTS_MAX;
    note->verdict = (uint8_t)number;
    return number < VERDICTS_MAX;
}

/* --- records, whole ------------------------------------------------------------------------------- */

/* The input that the record says it came from. */
static const struct origin *origin_of(const struct finished_reader *reader, struct arena *arena) {
    const struct finished_records *records = reader->records;
    struct origin *origin = arena_take(arena, sizeof *origin);
    ASSERT(origin != NULL);
    origin->path = arena_copy(arena, value_of(reader, find_any(reader, &records->path)));
    struct slice topic = value_of(reader, find_any(reader, &records->topic));
    if (topic.len == 0) return origin;
    origin->topic = arena_copy(arena, topic).ptr;
    origin->partition = (int32_t)number_of(reader, find_any(reader, &records->partition));
    return origin;
}

/* What the record says of its policy; of one without a verdict nothing. */
static enum finished_result name_policy(struct finished_reader *reader, struct named *named, struct rollup_note *note) {
    if (note->residency.verdict == RESIDENCY_NONE) return FINISHED_NOTED;
    if (named->zone.len == 0) named->zone = SLICE(RESIDENCY_UNKNOWN);
    if (named->place.len == 0) named->place = SLICE(RESIDENCY_UNKNOWN);
    if (named->zone.len > RESIDENCY_NAME_BYTES_MAX || named->place.len > RESIDENCY_NAME_BYTES_MAX)
        return FINISHED_TOO_MANY;
    const struct known_policy *known = policy_of(reader, named);
    if (known == NULL) return FINISHED_TOO_MANY;
    note->residency.policy = &known->policy;
    note->residency.zone = is_unknown(named->zone) ? RESIDENCY_INDEX_NONE : 0;
    note->residency.place = is_unknown(named->place) ? RESIDENCY_INDEX_NONE : 0;
    note->residency.reasons = reasons_of(reader, residency_member(reader, "reason"));
    return FINISHED_NOTED;
}

static enum finished_result note_tree(struct finished_reader *reader, struct arena *arena, struct rollup_note *note) {
    const struct finished_records *records = reader->records;
    struct ip_parsed client;
    struct slice verdict = value_of(reader, residency_member(reader, "verdict"));
    struct named named = {.policy = policy_digest_of(reader),
                          .lists = lists_of(reader),
                          .zone = value_of(reader, residency_member(reader, "zone")),
                          .place = value_of(reader, residency_member(reader, "jurisdiction")),
                          .geo_build = number_of(reader, residency_member(reader, "geo_build"))};
    bool report = records->use == FINISHED_FOR_REPORT;
    *note = (struct rollup_note){.residency.verdict = index_of(verdict, residency_verdict_names, RESIDENCY_VERDICTS)};
    if (note->residency.verdict == RESIDENCY_VERDICTS) note->residency.verdict = RESIDENCY_NONE;
    if (note->residency.verdict == RESIDENCY_NONE && !report) return FINISHED_UNJUDGED;
    if (!timestamp_parse_zoned(value_of(reader, find_any(reader, &records->time)), &reader->days, &note->time_ns))
        return FINISHED_UNJUDGED;
    if (!note_id(reader, note) && !report) return FINISHED_UNJUDGED;
    enum finished_result named_result = name_policy(reader, &named, note);
    if (named_result != FINISHED_NOTED) return named_result;
    if (report && !note_request(reader, arena, note)) return FINISHED_TOO_MANY;
    note->bytes = number_of(reader, find_any(reader, &records->bytes));
    note->position = number_of(reader, find_any(reader, &records->offset));
    note->lb = arena_copy(arena, value_of(reader, find_any(reader, &records->lb)));
    note->origin = origin_of(reader, arena);
    note->resolved = ip_parse(value_of(reader, find_any(reader, &records->client)), &client);
    if (!note->resolved) return FINISHED_NOTED;
    note->client = client.ip;
    note->client_hash = note_client_hash(&client.ip);
    return FINISHED_NOTED;
}

enum finished_result finished_reader_note(struct finished_reader *reader, const char *text, struct span line,
                                          struct spare *spare, struct arena *arena, struct rollup_note *note) {
    const char *expected;
    const uint32_t used = spare->used;
    reader->text = text;
    enum json_result read = json_tree_read(reader->json, text, line, spare, &reader->tree, &expected);
    enum finished_result result = read == JSON_GOOD ? note_tree(reader, arena, note) : FINISHED_BAD;
    spare->used = used;
    return result;
}
