/* Which inputs of a run are followed, and what their files are called and how they are read.
 *
 * Threads: main thread; the origins of what is followed are dressed by the watching thread. */
#ifndef WHEREFROM_RUN_FOLLOW_H
#define WHEREFROM_RUN_FOLLOW_H

#include "app/arguments.h"
#include "app/run_settings.h"
#include "ingest/follow.h"

struct run_follow {
    struct follow_root *roots; /* of the INPUTs, in their order */
    size_t roots_count;
    bool *taken;           /* by index of the INPUT; NULL: none is followed */
    struct follow *follow; /* NULL: not open, or nothing is followed */
};

/* Finds the inputs that --follow or the config's `follow: true` is about. */
enum status run_follow_choose(struct run_follow *follow, const struct arguments *arguments,
                              const struct run_settings *settings, struct error *error) WARN_UNUSED;

/* Fails when `output`, a file or NULL, lies in what is followed. */
enum status run_follow_refuse(const struct run_follow *follow, const char *what, const char *output,
                              struct error *error) WARN_UNUSED;

/* Says what the watching thread has to say. */
void run_follow_say(enum follow_word word, const char *message);

/* When all threads have ended; all zero when nothing is followed. */
struct follow_counts run_follow_counts(const struct run_follow *follow);
/* run_follow_destroy is safe after any outcome. */
void run_follow_destroy(struct run_follow *follow);

#endif
