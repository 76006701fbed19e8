/* Saved objects for OpenSearch Dashboards 2: an index pattern, what is drawn of it, and a dashboard that has it all.
 *
 * Written as Dashboards exports them (NDJSON, an object a line), those that others refer to first. Their ids are made of the name alone:
 * importing again with overwrite replaces them, POST /api/saved_objects/_import?overwrite=true with the header osd-xsrf and the file as
 * multipart/form-data.
 *
 * The forms of these objects were taken from the sources and from exports of Dashboards 2; a Dashboards to import them into was not to be
 * had. What was tried is every aggregation, at a real node with real records (tests/opensearch/dashboard_cases.py).
 *
 * Threads: main thread. */
#ifndef WHEREFROM_DASHBOARDS_H
#define WHEREFROM_DASHBOARDS_H

#include <stdio.h>

#include "sinks/index_template.h"

/* For the indices of the template of the same request. The caller looks at ferror(). Aborts when memory is short. */
void dashboards_write(const struct index_template_request *request, FILE *out);

#endif
