/* Which paths of a database's records hold what: the tables of geo_layouts.c.
 *
 * Threads: constants. */
#ifndef WHEREFROM_GEO_LAYOUTS_H
#define WHEREFROM_GEO_LAYOUTS_H

#include <stddef.h>

#define GEO_PATH_STEPS_MAX 4

/* How a stored value becomes one of ours; what does not fit the kind counts as absent. */
enum geo_kind {
    GEO_TEXT,        /* any text, to texts[target] */
    GEO_CODE,        /* a text of two upper-case letters */
    GEO_NAME,        /* a text that is no such code: a key may hold either, depending on the product */
    GEO_SUBDIVISION, /* ISO 3166-2 with or without the country in front: "ENG", "GB-ENG" */
    GEO_AS_NUMBER,   /* a number, or a text "AS15169" */
    GEO_LATITUDE,    /* a floating-point number, or a text of one */
    GEO_LONGITUDE,
    GEO_POINT, /* a text "latitude,longitude" */
    GEO_MARK   /* true, or the text "true"; to bit `target` of marks */
};

struct geo_row {
    enum geo_kind kind;
    int target;                               /* enum place_text or enum place_mark, else 0 */
    const char *path[GEO_PATH_STEPS_MAX + 1]; /* map keys and array indexes from the record's root; NULL ends */
};

struct geo_layout {
    const char *name;         /* for messages */
    const char *const *types; /* a database_type that starts with one of these has this layout; NULL ends */
    const struct geo_row *rows;
    size_t rows_count; /* of several rows for one value the first that gives one wins */
};

extern const struct geo_layout geo_layouts[];
extern const size_t geo_layouts_count;

/* The products that geo_open takes, for its error message. */
extern const char geo_layouts_known[];

#endif
