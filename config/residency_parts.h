/* What the files share that read the config's section `residency`: the policy in the making, and how its values are read.
 *
 * Threads: main thread. */
#ifndef WHEREFROM_RESIDENCY_PARTS_H
#define WHEREFROM_RESIDENCY_PARTS_H

#include "config/problems.h"
#include "schemas/residency.h"

#define RESIDENCY_SETS_MAX 64u
#define RESIDENCY_CODES (26u * 26)

/* What a set says of a country. */
enum residency_member { MEMBER_NOT, MEMBER_PLAIN, MEMBER_CONDITIONAL };

/* A set of a list file: `@name`. */
struct residency_set {
    const char *name, *file;
    uint8_t members[RESIDENCY_CODES]; /* enum residency_member, by residency_code_index */
};

struct residency_loading {
    struct problem_scope scope;
    const char *lists_folder; /* of the lists that come with wherefrom */
    struct residency_policy *policy;
    struct residency_set sets[RESIDENCY_SETS_MAX];
    uint32_t sets_count;
};

/* Index of a code in tables of all; RESIDENCY_CODES: it is no code that countries have. `text`: two capitals. */
uint32_t residency_code_index(struct slice text);

/* What to write instead of a text that is no country's code: "UK is GB", or an empty text. */
struct residency_advice {
    char text[96];
};
struct residency_advice residency_code_advice(struct slice text);

/* Whether a node is a text that a name may be: letters, digits and _ . -, at most RESIDENCY_NAME_BYTES_MAX. */
bool residency_is_name(struct slice text);

/* Items of a node that is a list, or the node itself, which stands for a list of one. Use: for (item = first; item != NULL; item = next). */
const struct config_node *residency_first_item(const struct config_node *node);
const struct config_node *residency_next_item(const struct config_node *node, const struct config_node *item);

/* A text's copy in the policy's arena; NULL after a report that there is no memory. */
const char *residency_keep(const struct residency_loading *loading, struct slice text) WARN_UNUSED;

/* The parts in this order; each reports all that is wrong with it. A part that is not given is NULL. */
bool residency_lists_load(struct residency_loading *loading, const struct config_node *lists);
bool residency_zones_load(struct residency_loading *loading, const struct config_node *zones);
bool residency_places_load(struct residency_loading *loading, const struct config_node *places);
bool residency_rules_load(struct residency_loading *loading, const struct config_node *rules);

/* Sorts the regions for the search, when all are there. */
void residency_regions_sort(struct residency_policy *policy);

/* Reads one list file, whose sets go behind those that are there. */
bool residency_list_read(struct residency_loading *loading, const struct config_node *node, const char *path,
                         struct residency_list *list) WARN_UNUSED;

/* SHA-256 of a text, as it is written. */
struct residency_digest residency_digest_of(struct slice text);
/* Of all of the policy that decides; false after a report that there is no memory. */
bool residency_digest_set(const struct residency_loading *loading) WARN_UNUSED;

#endif
