/* Which chain a record belongs to: rules in order, the first that matches wins (HOPS.md 4.1).
 *
 * Threads: made by the main thread, read-only once published. */
#ifndef WHEREFROM_CHAIN_RULES_H
#define WHEREFROM_CHAIN_RULES_H

#include "base/error.h"
#include "schemas/chain.h"
#include "schemas/schema.h"
#include "schemas/wanted_headers.h"

/* What a rule can look at. */
enum selector {
    SELECT_ELB, /* balancer as its logs name it: app/web/50dc6c495c0c9188 */
    SELECT_FORMAT,
    SELECT_TOPIC,
    SELECT_LISTENER,
    SELECT_TARGET_GROUP,
    SELECTORS
};
extern const char *const selector_names[SELECTORS]; /* keys of the config */

struct chain_rule {
    const char *globs[SELECTORS]; /* fnmatch(3) without flags; NULL: anything. All that are given must match */
    const struct chain *chain;
};

struct chain_rules {
    uint64_t generation;               /* tells tables apart, also when one stands where another was; 0: none */
    const struct chain *const *chains; /* all that inputs name */
    uint32_t chains_count;
    const struct chain_rule *rules;
    uint32_t rules_count;
    const struct chain *always; /* --chain: no rule is asked; NULL: not given */
    const struct chain
        *otherwise; /* where no rule matches; NULL: nothing is declared, the peer is taken for the client */
    struct wanted_headers headers; /* of all chains; those who cut lines must know the same ones */
};

/* Fills `headers` from all other members. STATUS_USAGE when there are too many, or one has too long a name (schemas/limits.h). */
enum status chain_rules_collect_headers(struct chain_rules *rules, struct error *error) WARN_UNUSED;

/* The column of a format that a selector looks at; -1 when it has none. */
int selector_column(const struct schema *schema, enum selector selector);

/* The chain of the first rule that matches, else `otherwise`. texts[i] NULL: the record does not say. Of an ARN, and of the id that WAF
 * has for a balancer, what follows the account and the kind of resource may be matched alone. */
const struct chain *chain_rules_pick(const struct chain_rules *rules, const char *const texts[SELECTORS]);

/* NULL when there is none of that name. */
const struct chain *chain_rules_named(const struct chain_rules *rules, const char *name);

#endif
