/* Option rows (base/option.h) -> values: one text becomes one typed value, and one list of slots knows of every
 * option where its value goes and who gave it. Command line and config file both set values here, so
 * types, bounds, precedence and error texts are the same for the two.
 *
 * Threads: main thread only, before others start. */
#ifndef WHEREFROM_OPTION_VALUE_H
#define WHEREFROM_OPTION_VALUE_H

#include "base/error.h"
#include "base/option.h"

/* In order of precedence: a later one replaces an earlier one. */
enum option_origin { OPTION_FROM_DEFAULT, OPTION_FROM_FILE, OPTION_FROM_COMMAND_LINE };

union option_value {
    bool flag;
    const char *text; /* OPTION_TEXT, and one item of an OPTION_LIST */
    uint64_t number;
    int64_t time_ns;
    double share;
    int choice;
};

/* Reads `text` as one value of the kind of `spec`, strictly: all of it, decimal digits without leading zeros,
 * calendar dates that exist from 1970 to 2261, texts that are not empty. On STATUS_USAGE the message says what was
 * expected and what was given, without the option's name; the caller puts its place and name in front. */
enum status option_value_parse(const struct option_spec *spec, const char *text, union option_value *value,
                               struct error *error) WARN_UNUSED;

/* `text` as an error message may show it: in quotes, control characters as '?', cut at about 64 bytes. */
struct option_shown {
    char text[80];
};
struct option_shown option_value_shown(const char *text);

struct option_slot {
    const struct option_spec *spec;
    void *target; /* in the settings of the row's group */
    enum option_origin origin;
    bool in_file; /* its key was met in the config file */
};

struct option_values {
    struct option_slot *slots; /* every row of every group, in order */
    size_t slots_count;
    struct option_slot inputs;    /* what is no option: an OPTION_LIST named "inputs" */
    struct option_memory *memory; /* everything that texts and lists need, freed at once */
};

/* Slots for all rows, and for `inputs` (borrowed, filled); every value is set to its default. A mistake in a table
 * (a name or letter twice, a default that does not parse, a choice without choices) fails an assertion.
 * NULL: out of memory. */
struct option_values *option_values_new(const struct option_group *groups, size_t groups_count,
                                        struct option_list *inputs);
void option_values_free(struct option_values *values); /* NULL is fine */

/* The slot named `name`, where - and _ are the same if `in_file`; NULL if there is none. */
struct option_slot *option_values_find(struct option_values *values, const char *name, size_t name_bytes, bool in_file);
struct option_slot *option_values_find_letter(struct option_values *values, char letter);

/* The option whose name `word` was probably meant to be (config/nearest.h), or NULL. `in_file` leaves out rows that
 * are cli_only and knows "inputs". */
const char *option_values_nearest(struct option_values *values, const char *word, bool in_file);

/* Sets the value from `text`, which must live as long as `values`. A list gets an item more; its first
 * item from a new origin replaces what an earlier origin gave. A value that a higher origin has set is
 * checked and then left alone. Lists hold LIST_ITEMS_MAX items (inputs: INPUTS_MAX).
 * STATUS_USAGE as of option_value_parse, STATUS_FAILED out of memory. */
enum status option_values_set(struct option_values *values, struct option_slot *slot, enum option_origin origin,
                              const char *text, struct error *error) WARN_UNUSED;

/* Makes a list empty for a new origin: `geo: []` is a value too. */
void option_values_start_list(struct option_slot *slot, enum option_origin origin);

/* A copy that lives as long as `values`; NULL: out of memory. */
const char *option_values_copy(struct option_values *values, const char *text, size_t text_bytes);

#endif
