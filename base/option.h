/* Options as data: one row per option, in the file that uses it. The command line, the config file, `--help`
 * and the README's table all derive from these rows.
 *
 * Threads: tables are constants; settings are filled by the main thread before others start. */
#ifndef WHEREFROM_OPTION_H
#define WHEREFROM_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind {
    OPTION_FLAG,   /* bool; `--name`, in a config `name: true` */
    OPTION_TEXT,   /* const char *, never empty */
    OPTION_LIST,   /* struct option_list of texts; may be repeated, in a config a list or one text */
    OPTION_COUNT,  /* uint64_t within min..max */
    OPTION_SIZE,   /* uint64_t bytes within min..max: 512, 64K, 256M, 2G (powers of 1024) */
    OPTION_TIME,   /* int64_t nanoseconds since 1970 UTC: 2025-12-01, 2025-12-01T10:00[:00[.5]][Z]; to 2261 */
    OPTION_SHARE,  /* double: 0, 0.25, 1; nine digits behind the dot at most */
    OPTION_CHOICE, /* int: index into `choices` */
};

struct option_list {
    const char *const *items; /* NULL when count is 0 */
    size_t count;
};

struct option_spec {
    const char *name; /* "keep-original"; the config key is the same with _ for - */
    char letter;      /* 'o' for -o, 0 for none */
    enum option_kind kind;
    size_t offset;              /* of the value in the module's settings */
    const char *placeholder;    /* "FILE"; NULL for flags and choices */
    const char *help;           /* one sentence, no default in it */
    const char *default_text;   /* as a user would write it; parsed at start; NULL = zero value. A list: its one item */
    const char *const *choices; /* OPTION_CHOICE: NULL-terminated */
    uint64_t min, max; /* OPTION_COUNT, OPTION_SIZE; max 0 = no bound. OPTION_LIST: max items, 0 = LIST_ITEMS_MAX */
    bool pairs;        /* OPTION_LIST of KEY=TEXT: in a config file also a mapping */
    bool cli_only;     /* makes no sense in a config file: --config, --help */
};

/* The options of one module and where their values go. */
struct option_group {
    const char *title; /* heading in --help: "Input" */
    const struct option_spec *specs;
    size_t specs_count;
    void *settings;
};

#endif
