/* Run for every record with a policy: most of it are a few numbers; a region's place is remembered from the record before.
 *
 * Threads: see the header. */
#define _GNU_SOURCE /* memmem */
#include "enrich/residency_decide.h"

#include <stdlib.h>

#define NS_PER_SECOND 1000000000
#define SECONDS_PER_DAY 86400u
#define SERVED_MASK ((1ull << REGION_NUMBER_BITS * SERVED) - 1)
#define BIT(reason) (1u << RESIDENCY_##reason)

struct residency_decider *residency_decider_new(void) {
    return calloc(1, sizeof(struct residency_decider));
}

void residency_decider_free(struct residency_decider *decider) {
    free(decider);
}

static void forget(struct residency_decider *decider) {
    memset(decider->decisions, 0, sizeof decider->decisions);
    decider->outcomes_count = 0;
}

void residency_decider_set(struct residency_decider *decider, const struct residency_policy *policy) {
    if (decider->policy == policy) return;
    decider->policy = policy;
    decider->stale_ns = INT64_MAX;
    forget(decider);
    if (policy == NULL) return;
    for (uint32_t i = 0; i < decider->regions_count; i++) {
        struct known_region *region = &decider->regions[i];
        region->place = residency_place_of(policy, (struct slice){region->text, region->bytes});
    }
    uint64_t stale_s = policy->geo_build + (uint64_t)policy->geo_age_days * SECONDS_PER_DAY;
    bool dated = policy->geo_build > 0 && policy->geo_age_days > 0;
    if (dated && stale_s < INT64_MAX / NS_PER_SECOND) decider->stale_ns = (int64_t)stale_s * NS_PER_SECOND;
}

/* --- places ----------------------------------------------------------------------------------------- */

static int compare(struct slice a, struct slice b) {
    int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

uint8_t residency_place_of(const struct residency_policy *policy, struct slice region) {
    uint32_t first = 0, behind = policy->regions_exact;
    while (first < behind) {
        uint32_t middle = (first + behind) / 2;
        int order = compare(policy->regions[middle].text, region);
        if (order == 0) return policy->regions[middle].place;
        if (order < 0)
            first = middle + 1;
        else
            behind = middle;
    }
    for (uint32_t i = policy->regions_exact; i < policy->regions_count; i++)
        if (slice_starts_with(region, policy->regions[i].text)) return policy->regions[i].place;
    return RESIDENCY_INDEX_NONE;
}

/* Names of regions and edge locations: letters, digits and - _ . */
static bool is_region(struct slice text) {
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alphanumeric && c != '-' && c != '_' && c != '.') return false;
    }
    return text.len > 0 && text.len <= RESIDENCY_NAME_BYTES_MAX;
}

static inline bool is_this(const struct known_region *region, struct slice text) {
    return region != NULL && region->bytes == text.len && memcmp(region->text, text.ptr, text.len) == 0;
}

static uint32_t hash_text(struct slice text) {
    uint32_t hash = 2166136261u; /* FNV-1a: texts are short, and whoever chooses them is one's own load balancer */
    for (size_t i = 0; i < text.len; i++) hash = (hash ^ (unsigned char)text.ptr[i]) * 16777619u;
    return hash ^ hash >> 15;
}

/* The entry of a text; NULL: it can be no region, or there is no room for one more. */
static __attribute__((noinline)) const struct known_region *find_region(struct residency_decider *decider,
                                                                        struct slice text) {
    if (!is_region(text)) return NULL;
    uint32_t slot = hash_text(text) % REGION_SLOTS;
    for (; decider->region_slots[slot] != 0; slot = (slot + 1) % REGION_SLOTS) {
        const struct known_region *region = &decider->regions[decider->region_slots[slot] - 1];
        if (is_this(region, text)) return region;
    }
    if (decider->regions_count == RESIDENCY_REGIONS_MET_MAX) return NULL;
    struct known_region *region = &decider->regions[decider->regions_count++];
    decider->region_slots[slot] = (uint16_t)decider->regions_count;
    region->bytes = (uint32_t)text.len;
    region->place = residency_place_of(decider->policy, text);
    memcpy(region->text, text.ptr, text.len);
    return region;
}

/* --- where was it served? --------------------------------------------------------------------------- */

void residency_decider_begin(struct residency_decider *decider, const struct origin *origin) {
    if (!is_this(decider->origin_region, origin->region)) decider->origin_region = find_region(decider, origin->region);
}

/* What a column says; `*last` is what it said before. */
static const struct known_region *find_again(struct residency_decider *decider, const struct known_region **last,
                                             struct slice text) {
    if (!is_this(*last, text)) *last = find_region(decider, text);
    return *last;
}

static __attribute__((noinline)) void remember_arn(struct residency_decider *decider, struct slice region) {
    struct slice prefix = {decider->arn.prefix, decider->arn.prefix_bytes};
    decider->arn_of_waf = memmem(prefix.ptr, prefix.len, ":waf", 4) != NULL;
    decider->arn_region = find_region(decider, region);
    decider->arn_changes = decider->arn.changes;
}

/* Web ACLs of CloudFront are said to stand in us-east-1, and requests are served elsewhere. */
static inline const struct known_region *find_arn_region(struct residency_decider *decider,
                                                         const struct record *record) {
    struct record_arn arn;
    if (!record_arn(&decider->arn, record, &arn)) return NULL;
    if (decider->arn.changes != decider->arn_changes) remember_arn(decider, record_text(record, arn.region));
    bool everywhere = decider->arn_of_waf && slice_starts_with(arn.resource, SLICE("global/"));
    return everywhere ? NULL : decider->arn_region;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* CloudFront and Global Accelerator: an airport's three letters and a number, "FRA56-P1" is FRA56; else all of it. */
static struct slice edge_of(struct slice text) {
    size_t bytes = 0;
    while (bytes < text.len && bytes < 3 && text.ptr[bytes] >= 'A' && text.ptr[bytes] <= 'Z') bytes++;
    if (bytes < 3) return text;
    while (bytes < text.len && is_digit(text.ptr[bytes])) bytes++;
    return (struct slice){text.ptr, bytes};
}

/* What columns say of regions and edge locations. */
static __attribute__((noinline)) void find_columns(struct residency_decider *decider, const struct record *record,
                                                   struct served *served) {
    int region = schema_column(record->schema, ROLE_REGION), edge = schema_column(record->schema, ROLE_EDGE);
    if (region >= 0 && served->by[SERVED_BY_BALANCER] == NULL)
        served->by[SERVED_BY_BALANCER] = find_again(decider, &decider->last_region,
                                                    record_text(record, record_cloud_column(record, ROLE_REGION)));
    if (edge >= 0 && decider->policy->edge != RESIDENCY_EDGE_IGNORE && !record_null(record, record->fields[edge]))
        served->by[SERVED_BY_EDGE] = find_again(decider, &decider->last_edge,
                                                edge_of(record_text(record, record->fields[edge])));
}

/* The balancer's region, of the object's name or a column, and the target's, of an ARN; one that both are stands once, in front. */
static inline void find_served(struct residency_decider *decider, const struct record *record, struct served *served) {
    const struct schema *schema = record->schema;
    served->by[SERVED_BY_BALANCER] = decider->origin_region;
    served->by[SERVED_BY_EDGE] = NULL;
    if ((schema_column(schema, ROLE_REGION) & schema_column(schema, ROLE_EDGE)) >= 0) /* not both are -1 */
        find_columns(decider, record, served);
    const struct known_region *target = find_arn_region(decider, record);
    served->by[SERVED_BY_TARGET] = target != served->by[SERVED_BY_BALANCER] ? target : NULL;
}

/* --- the rule --------------------------------------------------------------------------------------- */

/* In this order the worst of several places counts. */
static const uint8_t severities[RESIDENCY_VERDICTS] = {
    [RESIDENCY_OK] = 1, [RESIDENCY_CONDITIONAL] = 2, [RESIDENCY_INDETERMINATE] = 3, [RESIDENCY_VIOLATION] = 4};

/* What the rule says of one place. */
static inline uint8_t judge(const struct residency_rule *rule, uint8_t place, bool conditional, uint32_t *reasons) {
    if (place == RESIDENCY_INDEX_NONE) {
        *reasons |= BIT(UNKNOWN_PLACE);
        return RESIDENCY_INDETERMINATE;
    }
    if (rule == NULL) return RESIDENCY_INDETERMINATE;
    uint8_t verdict = (rule->allow >> place & 1) != 0         ? RESIDENCY_OK
                      : (rule->conditional >> place & 1) != 0 ? RESIDENCY_CONDITIONAL
                                                              : rule->otherwise;
    if (verdict == RESIDENCY_INDETERMINATE) *reasons |= BIT(NO_RULE);
    return verdict == RESIDENCY_OK && conditional ? RESIDENCY_CONDITIONAL : verdict;
}

/* Judges every place that there is; the worst stays. */
static uint8_t judge_places(const struct residency_policy *policy, const struct residency_rule *rule, bool conditional,
                            const struct served *served, struct residency *residency, uint32_t *reasons) {
    uint8_t worst = RESIDENCY_NONE;
    uint32_t count = policy->edge == RESIDENCY_EDGE_ENFORCE ? SERVED : SERVED_BY_EDGE;
    residency->place = RESIDENCY_INDEX_NONE;
    for (uint32_t i = 0; i < count; i++) {
        if (served->by[i] == NULL) continue;
        uint8_t verdict = judge(rule, served->by[i]->place, conditional, reasons);
        if (severities[verdict] <= severities[worst]) continue;
        worst = verdict;
        residency->place = served->by[i]->place;
    }
    return worst == RESIDENCY_NONE ? judge(rule, RESIDENCY_INDEX_NONE, conditional, reasons) : worst;
}

/* Adds the reason unless the policy ignores it; flags alone do not decide. */
static inline void doubt(uint8_t what, uint32_t reason, uint32_t *reasons, uint32_t *deciding) {
    if (what == RESIDENCY_DOUBT_IGNORE) return;
    *reasons |= reason;
    if (what == RESIDENCY_DOUBT_INDETERMINATE) *deciding |= reason;
}

/* --- the record ------------------------------------------------------------------------------------- */

/* All that decides, beside where it was served, as a number: records of equal ones are told the same. */
enum { FACT_STALE = 1, FACT_RESOLVED = 2, FACT_OWN = 4, TRUST_SHIFT = 8, FLAGS_SHIFT = 16, COUNTRY_SHIFT = 32 };

/* A client of one's own network, as far as that can be believed. */
static __attribute__((noinline)) bool is_own(const struct client *client, const struct residency_policy *policy) {
    bool undeclared = (client->flags >> HOP_EVIDENCE_UNUSED & 1) != 0 && client->trust < policy->min_trust;
    return client->resolved && !undeclared && ip_is_internal(&client->ip);
}

static inline uint64_t facts_of(const struct residency_decider *decider, const struct record *record) {
    const struct client *client = &record->client;
    const struct place_facts *place = &record->place.facts;
    uint64_t facts = (uint64_t)place->country << COUNTRY_SHIFT | (uint64_t)place->flags << FLAGS_SHIFT |
                     (uint64_t)client->trust << TRUST_SHIFT;
    if (client->resolved) facts |= FACT_RESOLVED;
    if (record->time.ns > decider->stale_ns) facts |= FACT_STALE;
    if (__builtin_expect(!client->global, 0) && is_own(client, decider->policy)) facts |= FACT_OWN;
    return facts;
}

/* What the databases leave in doubt. */
static void add_doubts(const struct residency_policy *policy, uint32_t flags, uint32_t *reasons, uint32_t *deciding) {
    if ((flags & PLACE_ANYCAST) != 0) doubt(policy->anycast, BIT(ANYCAST), reasons, deciding);
    if ((flags & PLACE_REGISTERED_ELSEWHERE) != 0)
        doubt(policy->registered_differs, BIT(REGISTERED_DIFFERS), reasons, deciding);
    if ((flags & PLACE_HOSTING) != 0) doubt(policy->hosting_asn, BIT(HOSTING), reasons, deciding);
}

static struct slice text_of(const struct known_region *region) {
    return region != NULL ? (struct slice){region->text, region->bytes} : (struct slice){NULL, 0};
}

/* Where it was served, as it is written; the first place there is stands in front. */
static void set_texts(const struct served *served, struct residency *residency) {
    bool has_first = served->by[SERVED_BY_BALANCER] != NULL;
    residency->regions[0] = text_of(served->by[has_first ? SERVED_BY_BALANCER : SERVED_BY_TARGET]);
    residency->regions[1] = text_of(has_first ? served->by[SERVED_BY_TARGET] : NULL);
    residency->edge = text_of(served->by[SERVED_BY_EDGE]);
}

static __attribute__((noinline)) void decide(const struct residency_policy *policy, uint64_t facts,
                                             const struct served *served, struct residency *residency) {
    const struct residency_country *country = residency_country_of(policy, (uint16_t)(facts >> COUNTRY_SHIFT));
    bool resolved = (facts & FACT_RESOLVED) != 0;
    uint32_t reasons = 0, deciding = 0;
    if (!resolved || (facts >> TRUST_SHIFT & 0xff) < policy->min_trust) deciding |= BIT(LOW_TRUST);
    if (!country->is_country && resolved) deciding |= BIT(NO_GEO);
    if (country->is_country && (facts & FACT_STALE) != 0) reasons |= BIT(STALE_DB);
    add_doubts(policy, (uint32_t)(facts >> FLAGS_SHIFT & 0xffff), &reasons, &deciding);
    residency->zone = country->is_country ? country->zone : RESIDENCY_INDEX_NONE;
    residency->rule = residency->zone != RESIDENCY_INDEX_NONE ? policy->zones[residency->zone].rule
                                                              : RESIDENCY_INDEX_NONE;
    if (country->is_country && residency->rule == RESIDENCY_INDEX_NONE) deciding |= BIT(NO_RULE);
    const struct residency_rule *rule = residency->rule != RESIDENCY_INDEX_NONE ? &policy->rules[residency->rule]
                                                                                : NULL;
    uint8_t verdict = judge_places(policy, rule, country->conditional, served, residency, &reasons);
    if ((facts & FACT_OWN) != 0) {
        verdict = RESIDENCY_EXEMPT;
        reasons = BIT(PRIVATE);
    } else if (deciding != 0) {
        verdict = RESIDENCY_INDETERMINATE;
        reasons |= deciding;
    }
    set_texts(served, residency);
    residency->verdict = verdict;
    residency->reasons = (uint16_t)reasons;
    residency->policy = policy;
}

/* Texts stay where they are, so that two are the same only in one place. */
static bool is_same_text(struct slice a, struct slice b) {
    return a.ptr == b.ptr && a.len == b.len;
}

/* In all but the id; the policy is that of the decider. */
static bool says_same(const struct residency *a, const struct residency *b) {
    bool same = a->verdict == b->verdict && a->zone == b->zone && a->place == b->place && a->rule == b->rule &&
                a->reasons == b->reasons && is_same_text(a->edge, b->edge);
    for (uint32_t i = 0; i < RESIDENCY_REGIONS_MAX; i++) same = same && is_same_text(a->regions[i], b->regions[i]);
    return same;
}

/* The outcome that says this, new when there is none: its index, plus 1. */
static uint16_t find_outcome(struct residency_decider *decider, struct residency *said) {
    for (uint32_t i = 0; i < decider->outcomes_count; i++)
        if (says_same(&decider->outcomes[i], said)) return (uint16_t)(i + 1);
    if (decider->outcomes_count == OUTCOMES_KNOWN) forget(decider);
    said->id = ++decider->last_id;
    decider->outcomes[decider->outcomes_count++] = *said;
    return (uint16_t)decider->outcomes_count;
}

/* Regions by number. */
static inline uint64_t numbers_of(const struct residency_decider *decider, const struct served *served) {
    uint64_t numbers = 0;
    for (uint32_t i = 0; i < SERVED; i++) {
        uint64_t number = served->by[i] != NULL ? (uint64_t)(served->by[i] - decider->regions) + 1 : 0;
        numbers = numbers << REGION_NUMBER_BITS | number;
    }
    return numbers;
}

void residency_ask(struct residency_decider *decider, const struct record *record) {
    struct pending *pending = &decider->pending;
    pending->decision = NULL;
    if (!schema_tells_client(record->schema)) return;
    find_served(decider, record, &pending->served);
    pending->facts = facts_of(decider, record);
    pending->numbers = numbers_of(decider, &pending->served);
    uint64_t mixed = (pending->facts ^ pending->numbers << 16) * 0x9e3779b97f4a7c15u;
    pending->decision = &decider->decisions[mixed >> 32 & (DECISIONS_KNOWN - 1)];
    __builtin_prefetch(pending->decision);
}

const struct residency *residency_decide(struct residency_decider *decider) {
    const struct pending *pending = &decider->pending;
    struct decision *decision = pending->decision;
    if (decision == NULL) return NULL;
    bool known = decision->facts == pending->facts && decision->served == pending->numbers && decision->outcome != 0;
    if (__builtin_expect(!known, 0)) {
        struct residency said;
        decide(decider->policy, pending->facts, &pending->served, &said);
        uint16_t outcome = find_outcome(decider, &said); /* which may forget all decisions */
        *decision = (struct decision){.facts = pending->facts, .outcome = outcome};
        decision->served = pending->numbers & SERVED_MASK;
    }
    return &decider->outcomes[decision->outcome - 1];
}
