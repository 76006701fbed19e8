/* The fields of an index pattern of OpenSearch Dashboards, and which of them a panel means.
 *
 * A panel names what it draws by enum dashboard_field, never a path: paths come from the encoder's plans and types from the index template,
 * so that a field that is renamed in schemas/output_*.c is renamed here as well, and one that a schema does not have ends the program in
 * the first test instead of being an empty panel.
 *
 * Two kinds of fields are worked out by a script in the moment of a search, which leaves records as they are: what has other paths in other
 * formats (ss4o has a client's address in each format's own space), and the code by which a country is found on a map. A script takes about
 * a microsecond a record (200,000 at a node of 2.19: 0.2 s and 5 ms by the field itself): a panel of theirs over a hundred million records
 * takes minutes.
 *
 * Threads: main thread. */
#ifndef WHEREFROM_DASHBOARD_FIELDS_H
#define WHEREFROM_DASHBOARD_FIELDS_H

#include <jansson.h>

#include "schemas/output.h"

enum dashboard_field {
    DASHBOARD_TIME,
    DASHBOARD_CLIENT,
    DASHBOARD_LOCATION,
    DASHBOARD_COUNTRY,
    DASHBOARD_AS_NUMBER,
    DASHBOARD_AS_NAME,
    DASHBOARD_STATUS, /* of a response, a number; in conditions only */
    DASHBOARD_VERDICT,
    DASHBOARD_REGION, /* of AWS, where the balancer stands */
    DASHBOARD_LOG_FLAGS,
    DASHBOARD_MAP_CODE, /* the country's, or that of the country whose shape has the territory in it */
    DASHBOARD_FIELDS
};

struct dashboard_fields {
    json_t *paths[DASHBOARD_FIELDS]; /* arrays of texts: what records have there; none for what is worked out only */
    const char *names[DASHBOARD_FIELDS]; /* what aggregations name; NULL: in conditions only */
    json_t *specs;                       /* array: every field that the template maps, then the scripted ones */
};

/* Aborts when the schema lacks one, and when memory is short. */
void dashboard_fields_init(struct dashboard_fields *fields, const struct output_schema *schema);
void dashboard_fields_destroy(struct dashboard_fields *fields);

/* A query of Lucene's syntax: that the field, by whatever path, is as `condition` has it ("[500 TO 599]"), or is there (NULL). */
json_t *dashboard_fields_query(const struct dashboard_fields *fields, enum dashboard_field field,
                               const char *condition);

#endif
