/* Run for every record, where there are rules: bits and lists first, texts last.
 *
 * Threads: see the header. */
#include "enrich/filter_record.h"

#include <stdlib.h>

#include "base/number.h"
#include "base/percent.h"
#include "enrich/path_class.h"

#define TEXT_PADDING 8u /* path_class_find reads beyond */

struct record_filter {
    const struct filter *rules;
    struct path_class *classes;                  /* of paths */
    struct path_class *agents[FILTER_RULES_MAX]; /* NULL: the rule does not ask */
};

struct record_filter *record_filter_new(const struct filter *rules) {
    struct record_filter *filter = calloc(1, sizeof *filter);
    if (filter == NULL) return NULL;
    filter->rules = rules;
    filter->classes = path_class_new(rules->paths, rules->paths_count);
    bool good = filter->classes != NULL;
    for (uint32_t i = 0; i < rules->rules_count; i++) {
        const struct filter_rule *rule = &rules->rules[i];
        if (rule->agents_count == 0) continue;
        filter->agents[i] = path_class_new(rule->agents, rule->agents_count);
        good = good && filter->agents[i] != NULL;
    }
    if (good) return filter;
    record_filter_free(filter);
    return NULL;
}

void record_filter_free(struct record_filter *filter) {
    if (filter == NULL) return;
    path_class_free(filter->classes);
    for (uint32_t i = 0; i < filter->rules->rules_count; i++) path_class_free(filter->agents[i]);
    free(filter);
}

/* What the column of a role says; empty when there is none. */
static struct slice column_text(const struct record *record, enum field_role role, enum field_kind *kind) {
    int column = schema_column(record->schema, role);
    if (column < 0 || record_null(record, record->fields[column])) return (struct slice){0};
    *kind = record->schema->fields[column].kind;
    return record_text(record, record->fields[column]);
}

static bool is_of_format(const struct filter_rule *rule, const struct record *record) {
    for (uint32_t i = 0; i < rule->formats_count; i++)
        if (rule->formats[i] == record->schema) return true;
    return false;
}

static bool has_status(const struct filter_rule *rule, const struct record *record) {
    enum field_kind kind;
    uint64_t status;
    if (!number_parse_padded(column_text(record, ROLE_STATUS, &kind), &status)) return false;
    return status < 64 * FILTER_STATUS_WORDS && (rule->statuses[status / 64] >> status % 64 & 1) != 0;
}

static bool is_of_zone(const struct filter_rule *rule, const struct record *record) {
    if (record->residency == NULL || record->residency->zone == RESIDENCY_INDEX_NONE) return rule->zone_unknown;
    return (rule->zones >> record->residency->zone & 1) != 0;
}

static bool is_of_path_class(const struct record_filter *filter, const struct filter_rule *rule,
                             const struct record *record) {
    uint8_t path_class = path_class_find(filter->classes, record_text(record, record->request.path));
    uint32_t bit = path_class != RATE_CLASS_NONE ? path_class : FILTER_CLASS_OTHER;
    return (rule->path_classes >> bit & 1) != 0;
}

static bool has_agent(const struct path_class *patterns, const struct record *record) {
    char room[FILTER_AGENT_BYTES_MAX + TEXT_PADDING];
    enum field_kind kind = FIELD_TEXT;
    struct slice agent = column_text(record, ROLE_USER_AGENT, &kind);
    if (kind == FIELD_PERCENT_TWICE) {
        if (agent.len > FILTER_AGENT_BYTES_MAX) agent.len = FILTER_AGENT_BYTES_MAX;
        agent = (struct slice){room, (size_t)(percent_decode_twice(room, agent) - room)};
    }
    return agent.len > 0 && path_class_find(patterns, agent) != RATE_CLASS_NONE;
}

/* Whether a condition that is given holds. */
static bool holds(const struct record_filter *filter, uint32_t number, enum filter_condition condition,
                  const struct record *record) {
    const struct filter_rule *rule = &filter->rules->rules[number];
    switch (condition) {
    case FILTER_FORMAT: return is_of_format(rule, record);
    case FILTER_STATUS: return has_status(rule, record);
    case FILTER_VERDICT:
        return schema_tells_client(record->schema) && (rule->verdicts >> record->client.verdict & 1) != 0;
    case FILTER_ZONE: return is_of_zone(rule, record);
    case FILTER_PATH_CLASS: return is_of_path_class(filter, rule, record);
    default: return has_agent(filter->agents[number], record);
    }
}

static bool is_met(const struct record_filter *filter, uint32_t number, const struct record *record) {
    uint32_t given = filter->rules->rules[number].given;
    for (uint32_t condition = 0; condition < FILTER_CONDITIONS; condition++)
        if ((given >> condition & 1) != 0 && !holds(filter, number, (enum filter_condition)condition, record))
            return false;
    return true;
}

static bool is_sampled(uint64_t sample, const struct hash_line *line) {
    char id[HASH_ID_DIGITS];
    uint64_t words[2];
    if (sample == 0 || sample == UINT64_MAX) return sample != 0;
    hash_event_id(line->origin_name, line->position, line->message_line, line->line, id);
    hash_id_words(id, words);
    return words[0] < sample;
}

bool record_filter_keeps(const struct record_filter *filter, const struct record *record,
                         const struct hash_line *line) {
    for (uint32_t i = 0; i < filter->rules->rules_count; i++)
        if (is_met(filter, i, record)) return is_sampled(filter->rules->rules[i].sample, line);
    return true;
}
