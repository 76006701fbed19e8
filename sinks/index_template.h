/* What OpenSearch has to know before records arrive: the type of every path that an output schema may write, of all formats.
 *
 * Made from the encoder's own plans, so that nothing is written that has no type here. Nothing is mapped by its first value
 * (`dynamic: false`): what a cluster guesses from that, it never takes back. A path without a type stays in _source and is not found.
 *
 * Threads: main thread. */
#ifndef WHEREFROM_INDEX_TEMPLATE_H
#define WHEREFROM_INDEX_TEMPLATE_H

#include <jansson.h>

#include "schemas/output.h"

struct index_template_request {
    const struct output_schema *schema; /* of records; NULL: of roll-ups, which go to an ordinary index */
    const char *name;                   /* of the data stream; with `dated` what stands in front of "-yyyy.MM.dd" */
    bool dated;
};

/* {"component_templates":{NAME:BODY},"index_templates":{NAME:BODY}}: each BODY is what PUT _component_template/NAME and then PUT
 * _index_template/NAME take, and what GET returns of a template that is there already, so that the two can be compared. The component is
 * the schema's, "wherefrom-ecs", and shared by all data streams. Aborts when memory is short. */
json_t *index_template_new(const struct index_template_request *request);

/* The mapping's `properties` alone. */
json_t *index_template_properties_new(const struct output_schema *schema);

#define INDEX_PATTERN_BYTES 512

/* The indices that the template is for, and no others: a data stream's name, or "NAME-*.*.*" of those that have a date. */
void index_template_pattern(const struct index_template_request *request, char pattern[INDEX_PATTERN_BYTES]);

#endif
