/* What the dashboard shows: one row per panel.
 *
 * Threads: constants. */
#ifndef WHEREFROM_DASHBOARD_PANELS_H
#define WHEREFROM_DASHBOARD_PANELS_H

#include "sinks/dashboard_fields.h"

enum panel_look {
    LOOK_COORDINATE_MAP,
    LOOK_REGION_MAP,
    LOOK_BARS, /* stacked */
    LOOK_LINES,
    LOOK_AREAS, /* stacked */
    LOOK_TABLE,
    LOOK_MATRIX,
    LOOK_NUMBERS,
    LOOK_TEXT, /* no aggregations; `text` is what is shown, Markdown */
    PANEL_LOOKS
};

enum aggregation_kind {
    AGGREGATION_NONE, /* ends the list */
    AGGREGATION_COUNT,
    AGGREGATION_DISTINCT,
    AGGREGATION_NEWEST,
    AGGREGATION_TERMS,
    AGGREGATION_TIME,
    AGGREGATION_TILES,
    AGGREGATION_FILTERS,
};

/* A bucket of AGGREGATION_FILTERS. */
struct panel_filter {
    const char *label;          /* NULL ends the list */
    enum dashboard_field field; /* DASHBOARD_FIELDS: every record */
    const char *condition;      /* of Lucene's syntax; NULL: that it is there */
    bool not ;
};

struct aggregation {
    enum aggregation_kind kind;
    enum dashboard_field field; /* not of COUNT and FILTERS */
    const char *label;          /* NULL: Dashboards makes one */
    uint16_t size;              /* of TERMS: at most so many */
    bool missing;               /* of TERMS of a text: those without it count as "unknown" */
    bool across; /* of a bucket: what splits into series or into rows of a matrix, not what is along the axis */
    const struct panel_filter *filters; /* of FILTERS */
};

#define PANEL_AGGREGATIONS_MAX 5

struct panel {
    const char *id; /* never changes: importing again replaces by it */
    const char *title, *about;
    enum panel_look look;
    uint8_t width,
        height; /* in cells of the dashboard, which is DASHBOARD_WIDTH wide; panels fill rows from the left */
    const char *text;
    const struct panel_filter *only;                             /* one filter of the whole panel; NULL: none */
    struct aggregation aggregations[PANEL_AGGREGATIONS_MAX + 1]; /* values first, then buckets from the outermost */
};

#define DASHBOARD_WIDTH 48

extern const struct panel dashboard_panels[];
extern const uint32_t dashboard_panels_count;

#endif
