/* A key in the path says what it says to `run`; how else lines are read is -f's word.
 *
 * Threads: see the header. */
#include "app/replay_origins.h"

#include "ingest/aws_key.h"

bool replay_origins_dress(void *context, struct slice format, struct origin *origin, struct error *error) {
    const struct replay_origins *origins = context;
    struct aws_key key;
    (void)aws_key_parse(origin->path, &key);
    format_choice_apply(origins->format, origin);
    if (origin->schema == NULL) origin->schema = schema_find(format.len > 0 ? format : key.format);
    origin->schema_fixed = origin->schema_fixed || (format.len > 0 && origin->schema != NULL);
    origin->account = key.account;
    origin->region = key.region;
    origin->node = key.node;
    const struct chain_rules *rules = origins->rules;
    if (origin->chain == NULL || rules->always != NULL || chain_rules_named(rules, origin->chain) != NULL) return true;
    (void)error_set(error, STATUS_USAGE, "no chain is called %s any more; declare it, or say another one by --chain",
                    origin->chain);
    return false;
}
