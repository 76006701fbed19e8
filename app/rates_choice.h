/* What the config says of rates, resolved.
 *
 * Threads: main thread; what was made is read-only after that. */
#ifndef WHEREFROM_RATES_CHOICE_H
#define WHEREFROM_RATES_CHOICE_H

#include "app/arguments.h"
#include "app/run_settings.h"
#include "config/rate_load.h"
#include "enrich/path_class.h"

struct rates_choice {
    struct arena arena;
    const struct rate_config *config;
    const struct rate_settings *settings; /* NULL: no rates */
    struct path_class *classes;           /* of their paths; NULL likewise */
    uint64_t bytes;                       /* of memory that the user gave them; 0: nothing was said */
};

/* Who asks. Without the section `rate` a run has no rates, and `top` the defaults; a replay, and `residency`, have none in any
 * case. */
enum rates_use { RATES_OF_RUN, RATES_OF_NOBODY, RATES_FOR_TOP };

/* Reads the section `rate`. False: problems were added. rates_choice_destroy is safe after any outcome. */
bool rates_choice_resolve(struct rates_choice *choice, const struct arguments *arguments,
                          const struct run_settings *settings, enum rates_use use,
                          struct problems *problems) WARN_UNUSED;
void rates_choice_destroy(struct rates_choice *choice);

/* For `check`. */
void rates_choice_print(const struct rates_choice *choice, FILE *out);

#endif
