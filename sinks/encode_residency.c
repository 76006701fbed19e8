/* residency.*: what is said of a record is nearly always what was said of one before, so it is rendered once and copied after that.
 *
 * All texts are names, digests and regions, of bytes that JSON takes as they are: config/residency_load.c and
 * enrich/residency_decide.c see to that.
 *
 * Threads: a memory belongs to one worker. */
#include "base/check.h"
#include "base/number.h"
#include "schemas/privacy.h"
#include "sinks/part.h"
#include "sinks/prepare_set.h"
#include "sinks/residency_memory.h"

/* The longest value are the digests of all lists, each with quotes and a comma; a list of regions or reasons is shorter. */
#define VALUE_BYTES_MAX (RESIDENCY_LISTS_MAX * (sizeof(struct residency_digest) + 2) + 2)

static char *put_quoted(char *out, struct slice text) {
    *out++ = '"';
    out = (char *)memcpy(out, text.ptr, text.len) + text.len;
    *out++ = '"';
    return out;
}

/* Turns the comma behind the last item into the end of the list. */
static char *end_list(char *out) {
    out[-1] = ']';
    return out;
}

static char *put_item(char *out, struct slice text) {
    out = put_quoted(out, text);
    *out++ = ',';
    return out;
}

static char *put_reasons(char *out, uint32_t reasons) {
    if (reasons == 0) return NULL;
    *out++ = '[';
    for (uint32_t reason = 0; reason < RESIDENCY_REASONS; reason++)
        if ((reasons >> reason & 1) != 0) out = put_item(out, slice_from(residency_reason_names[reason]));
    return end_list(out);
}

static char *put_regions(char *out, const struct slice *regions) {
    if (regions[0].len == 0) return NULL;
    *out++ = '[';
    for (uint32_t i = 0; i < RESIDENCY_REGIONS_MAX; i++)
        if (regions[i].len > 0) out = put_item(out, regions[i]);
    return end_list(out);
}

static char *put_lists(char *out, const struct residency_policy *policy) {
    if (policy->lists_count == 0) return NULL;
    *out++ = '[';
    for (uint32_t i = 0; i < policy->lists_count; i++) out = put_item(out, slice_from(policy->lists[i].digest.text));
    return end_list(out);
}

static char *put_value(char *out, const struct op *op, const void *subject) {
    const struct residency *residency = subject;
    const struct residency_policy *policy = residency->policy;
    switch (op->code) {
    case VALUE_RESIDENCY_ZONE: return put_quoted(out, slice_from(residency_zone_name(policy, residency->zone)));
    case VALUE_RESIDENCY_VERDICT: return put_quoted(out, slice_from(residency_verdict_names[residency->verdict]));
    case VALUE_RESIDENCY_REASON: return put_reasons(out, residency->reasons);
    case VALUE_RESIDENCY_REGIONS: return put_regions(out, residency->regions);
    case VALUE_RESIDENCY_PLACE: return put_quoted(out, slice_from(residency_place_name(policy, residency->place)));
    case VALUE_RESIDENCY_EDGE: return residency->edge.len > 0 ? put_quoted(out, residency->edge) : NULL;
    case VALUE_RESIDENCY_RULE:
        return residency->rule != RESIDENCY_INDEX_NONE
                   ? put_quoted(out, slice_from(residency_rule_name(policy, residency->rule)))
                   : NULL;
    case VALUE_RESIDENCY_POLICY: return put_quoted(out, slice_from(policy->digest.text));
    case VALUE_RESIDENCY_LISTS: return put_lists(out, policy);
    case VALUE_RESIDENCY_PRIVACY:
        return policy->privacy != NULL
                   ? put_quoted(out,
                                slice_from(privacy_address_names[privacy_rule_of(policy->privacy, residency)->address]))
                   : NULL;
    case VALUE_RESIDENCY_GEO_BUILD: return policy->geo_build > 0 ? out + number_write(policy->geo_build, out) : NULL;
    default: return NULL;
    }
}

static __attribute__((noinline)) void render(struct residency_entry *entry, const struct encoder *encoder,
                                             const struct residency *residency) {
    const struct part_request request = {.plan = &encoder->residency,
                                         .value = put_value,
                                         .subject = residency,
                                         .value_bytes_max = VALUE_BYTES_MAX,
                                         .bytes_max = RESIDENCY_JSON_BYTES_MAX};
    entry->id = residency->id;
    entry->json_bytes = part_render(&request, entry->json);
}

uint64_t prepare_residency(struct preparation *preparation) {
    const struct residency *residency = preparation->record->residency;
    struct residency_entry *entry = &preparation->context->residencies->entries[residency->id % RESIDENCIES_KNOWN];
    if (entry->id != residency->id) render(entry, preparation->encoder, residency);
    if (entry->json_bytes == 0) return 0;
    return set(preparation, VALUE_RESIDENCY, entry->json,
               entry->json_bytes - 1); /* its last comma comes with the suffix */
}
