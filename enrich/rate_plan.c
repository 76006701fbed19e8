/* Limits come behind dims, so that a dim's table is shared by limits and not the other way.
 *
 * Threads: see the header. */
#include "enrich/rate_plan.h"

#include "base/check.h"

static bool same_keys(const struct rate_table *a, const struct rate_table *b) {
    bool same_prefix = a->v4_prefix == b->v4_prefix && a->v6_prefix == b->v6_prefix;
    return a->parts == b->parts && a->client_table == b->client_table && a->first_table == b->first_table &&
           a->path_class == b->path_class && a->method == b->method &&
           (same_prefix || (a->parts & RATE_ADDRESS_PARTS) == 0);
}

/* Its number, after making it when there was none like that. */
static uint8_t table_like(struct rate_plan *plan, const struct rate_table *wanted) {
    for (uint32_t i = 0; i < plan->tables_count; i++)
        if (same_keys(&plan->tables[i], wanted)) return (uint8_t)i;
    ASSERT(plan->tables_count < RATE_TABLES_MAX);
    plan->tables[plan->tables_count] = *wanted;
    return (uint8_t)plan->tables_count++;
}

static struct rate_table table_of(const struct rate_dim *dim, uint8_t path_class, uint8_t method) {
    ASSERT(dim->parts != 0 && __builtin_popcount(dim->parts & RATE_ADDRESS_PARTS) <= 1);
    ASSERT(dim->v4_prefix <= 32 && dim->v6_prefix <= 128);
    return (struct rate_table){.parts = dim->parts,
                               .client_table = RATE_TABLE_NONE,
                               .first_table = RATE_TABLE_NONE,
                               .v4_prefix = dim->v4_prefix,
                               .v6_prefix = dim->v6_prefix,
                               .path_class = path_class,
                               .method = method,
                               .placed = (dim->parts & 1u << RATE_CLIENT) != 0};
}

static struct rate_limit_tables tables_of(struct rate_plan *plan, const struct rate_limit *limit) {
    struct rate_table own = table_of(&limit->key, limit->path_class, limit->method), waf = own;
    struct rate_limit_tables tables = {table_like(plan, &own), RATE_TABLE_NONE, RATE_TABLE_NONE};
    if (!own.placed) return tables;
    waf.parts = (uint16_t)((own.parts & ~(1u << RATE_CLIENT)) | 1u << RATE_FIRST_XFF);
    waf.placed = false;
    tables.waf = table_like(plan, &waf);
    struct rate_table pairs = {.client_table = tables.own,
                               .first_table = tables.waf,
                               .path_class = limit->path_class,
                               .method = limit->method};
    tables.pairs = table_like(plan, &pairs);
    return tables;
}

/* An address is one client, and there are thousands of AS in each minute: who they are is told of an AS as such, how long they waited of what
 * somebody runs or looks at as a whole. */
static void add_sketches(struct rate_table *table) {
    bool no_address = (table->parts & RATE_ADDRESS_PARTS) == 0, no_as = (table->parts & 1u << RATE_ASN) == 0;
    table->has_clients = no_address && (no_as || table->parts == 1u << RATE_ASN);
    table->has_latency = no_address && no_as;
}

void rate_plan(const struct rate_settings *settings, struct rate_plan *plan) {
    *plan = (struct rate_plan){0};
    for (uint32_t i = 0; i < settings->dims_count; i++) {
        struct rate_table table = table_of(&settings->dims[i], RATE_CLASS_NONE, METHOD_NONE);
        plan->of_dim[i] = table_like(plan, &table);
        add_sketches(&plan->tables[plan->of_dim[i]]);
    }
    for (uint32_t i = 0; i < settings->limits_count; i++) plan->of_limit[i] = tables_of(plan, &settings->limits[i]);
}

bool rate_plan_has(const struct rate_plan *plan, uint32_t parts) {
    for (uint32_t i = 0; i < plan->tables_count; i++)
        if ((plan->tables[i].parts & parts) != 0) return true;
    return false;
}
