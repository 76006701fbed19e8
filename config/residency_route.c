/* A table of one byte for each zone.
 *
 * Threads: see the header. */
#include "config/residency_route.h"

#include "base/check.h"
#include "config/config_text.h"

#define OTHERS "*"

/* The index of the output that a member names; false after a report. */
static bool read_output(const struct config_node *member, const struct residency_outputs *outputs,
                        const struct problem_scope *scope, uint8_t *output) {
    if (!config_text_is(member))
        return problem_report(scope, member, "%.64s: expected the name of an output, got %s", member->key.ptr,
                              config_node_kind_name(member));
    for (uint32_t i = 0; i < outputs->count; i++) {
        if (!config_node_is(member, outputs->names[i])) continue;
        *output = (uint8_t)i;
        return true;
    }
    return problem_unknown(scope, member, "output", outputs->names, outputs->count);
}

static bool read_member(struct residency_policy *policy, const struct config_node *member,
                        const struct residency_outputs *outputs, const struct problem_scope *scope) {
    const char *known[RESIDENCY_ZONES_MAX + 1];
    uint8_t output;
    if (slice_equal(member->key, SLICE(OTHERS))) return true; /* was read before */
    for (uint32_t i = 0; i < policy->zones_count; i++) {
        known[i] = policy->zones[i].name;
        if (!slice_equal(member->key, slice_from(known[i]))) continue;
        if (!read_output(member, outputs, scope, &output)) return false;
        policy->zones[i].output = output;
        return true;
    }
    known[policy->zones_count] = OTHERS;
    return problem_unknown_key(scope, member, known, policy->zones_count + 1);
}

static void warn_unused(const struct residency_policy *policy, const struct residency_outputs *outputs,
                        const struct problem_scope *scope) {
    for (uint32_t i = 0; i < outputs->count; i++) {
        bool used = policy->output == i;
        for (uint32_t zone = 0; zone < policy->zones_count; zone++) used |= policy->zones[zone].output == i;
        const struct config_node *node = outputs->node != NULL ? config_node_member(outputs->node, outputs->names[i])
                                                               : NULL;
        if (!used)
            problem_warn(scope, node != NULL ? node : policy->route, "no zone goes to output %s", outputs->names[i]);
    }
}

bool residency_route_resolve(struct residency_policy *policy, const struct residency_outputs *outputs,
                             const struct problem_scope *outer) {
    struct problem_scope scope = *outer;
    const struct config_node *route = policy->route, *others = NULL;
    ASSERT(outputs->count >= 1 && outputs->count <= OUTPUTS_MAX);
    problem_scope_set(&scope, "residency.route");
    if (route == NULL)
        return outputs->count == 1 ||
               problem_report(&scope, outputs->node,
                              "there are %u outputs, and nothing says whose records go where: write residency: {.., "
                              "route: {ZONE: %s, \"" OTHERS "\": %s}}",
                              (unsigned)outputs->count, outputs->names[1], outputs->names[0]);
    if (route->kind == CONFIG_MAPPING) others = config_node_member(route, OTHERS);
    if (others == NULL)
        return problem_report(
            &scope, route, "expected {ZONE: OUTPUT, .., \"" OTHERS "\": OUTPUT} with the output of all other records");
    bool good = read_output(others, outputs, &scope, &policy->output);
    for (uint32_t i = 0; i < policy->zones_count; i++) policy->zones[i].output = policy->output;
    for (const struct config_node *member = route->first; member != NULL; member = member->next)
        good = read_member(policy, member, outputs, &scope) && good;
    if (good) warn_unused(policy, outputs, &scope);
    return good;
}
