/* Puts into a cluster what has to be there before records come: component template, index template, the data stream itself, and into an
 * index that is there already the fields that it lacks. Done again it does nothing; what it did or found is said line by line.
 *
 * Nothing is ever taken away, nothing rolled over, and an index template of somebody else that has our name is left alone.
 *
 * Threads: that of the cluster. */
#ifndef WHEREFROM_CLUSTER_SETUP_H
#define WHEREFROM_CLUSTER_SETUP_H

#include <stdio.h>

#include "sinks/cluster.h"
#include "sinks/index_template.h"

/* "component template wherefrom-ecs: made", ... to `out`. STATUS_FAILED: something could not be put, or it would be of no use to records:
 * `error` says what and how to go on. What was put before stays. */
enum status cluster_setup(const struct cluster *cluster, const struct opensearch_output *output,
                          const struct output_schema *schema, FILE *out, struct error *error) WARN_UNUSED;

/* Imports the saved objects into the Dashboards at the other end of `cluster`, those of the same ids are replaced. */
enum status cluster_setup_dashboards(const struct cluster *dashboards, const struct index_template_request *request,
                                     FILE *out, struct error *error) WARN_UNUSED;

#endif
