/* The outputs of a run: what command line and config say becomes files and sinks, each with a name.
 *
 *   -o OUT, output: OUT              one, called `main`
 *   outputs: {NAME: OUT, ..}         any number; an `output:` beside them is `main`, too
 *
 * where OUT is a text as -o has it, or {path: FILE}, {kafka: {..}}, {opensearch: {..}}. With more than one, a record goes to that of its
 * zone (`route` of `residency`).
 *
 * Threads: main thread, before the others start and after they have ended. */
#ifndef WHEREFROM_RUN_OUTPUTS_H
#define WHEREFROM_RUN_OUTPUTS_H

#include "app/arguments.h"
#include "app/outputs.h"
#include "app/run_settings.h"
#include "app/summary.h"
#include "app/worker.h"
#include "config/kafka_settings.h"
#include "config/opensearch_settings.h"
#include "sinks/mapping_check.h"
#include "sinks/sink_opensearch.h"

struct run_output {
    const char *name;
    const char *text;                      /* a file, -, kafka://... or opensearch+... */
    const struct config_node *node;        /* where the config says it; NULL: the command line does, or nobody */
    bool is_kafka;                         /* its sink is that of struct run_kafka */
    struct opensearch_settings opensearch; /* has_output: it is one */
    struct bulk_action action;             /* in front of each document */
    struct sink_file *file;                /* NULL: records go elsewhere, or nowhere */
    struct sink_opensearch *documents;     /* likewise */
};

struct run_outputs {
    struct run_output items[OUTPUTS_MAX];
    uint32_t count;
    const struct config_node *node; /* `outputs:` of the config; NULL: there is none */
    const char *file;               /* the config's name for messages; NULL: there is none */
    struct arena arena;             /* private: texts */
};

/* On false problems were added; warnings may be in any case. Secrets are read, nothing is opened. run_outputs_destroy is safe after any
 * outcome. */
bool run_outputs_resolve(struct run_outputs *outputs, const struct arguments *arguments,
                         const struct run_settings *settings, struct problems *problems) WARN_UNUSED;
void run_outputs_destroy(struct run_outputs *outputs);

/* Says where the records of the zones of `policy` go, of each that comes into force. NULL: there is none, which is a problem with several
 * outputs. On false problems were added. */
bool run_outputs_route(const struct run_outputs *outputs, struct residency_policy *policy,
                       struct problems *problems) WARN_UNUSED;

/* The Kafka output, of which there is one at the most; else the first one. */
struct kafka_place run_outputs_kafka(const struct run_outputs *outputs);
/* Whether any goes to OpenSearch. */
bool run_outputs_have_opensearch(const struct run_outputs *outputs);

struct run_outputs_request {
    const struct mapping_wanted *mapping; /* of fields of documents */
    enum sink_file_start start;
    void (*report)(bool warning, const char *message);
};
/* Opens files, and makes sinks that are not connected yet. */
enum status run_outputs_open(struct run_outputs *outputs, const struct run_outputs_request *request,
                             struct error *error) WARN_UNUSED;
/* Closes the files; the first failure counts. */
enum status run_outputs_close(struct run_outputs *outputs, struct error *error) WARN_UNUSED;

/* What pipeline and workers need of each. `kafka`: NULL when there is none. */
void run_outputs_items(const struct run_outputs *outputs, struct sink_kafka *kafka, struct output items[OUTPUTS_MAX],
                       struct worker_output wanted[OUTPUTS_MAX]);
void run_outputs_summarise(const struct run_outputs *outputs, const struct pipeline_outcome *outcome,
                           struct summary *summary);

#endif
