/* What a run is to do with OpenSearch: its --output where that is one, from a URL or from a mapping of the config, and from --opensearch
 * KEY=VALUE, which says the same as a key of the mapping and wins.
 *
 *   output: {opensearch: {url: "https://HOST[:PORT][/BASE]", data_stream: NAME, user: NAME, password_env: NAME, ..}}
 *
 *   data_stream | index      NAME, or NAME-{yyyy.MM.dd}: an index per UTC day of @timestamp
 *   user                     with password_env or password_file; else the password is that of OPENSEARCH_PASSWORD in the environment
 *   ca, certificate, key     PEM files: who may have signed the server, and what this client shows; the key may be in `certificate`
 *   aws_sigv4                true, REGION, REGION/SERVICE or {region: .., service: es|aoss}; what is left out is in a managed host's name
 *   pipeline                 an ingest pipeline
 *   gzip                     of request bodies; on, but for a host that is this machine
 *   check_mapping            false: how fields are mapped is not looked at before the first write (sinks/mapping_check.h)
 *   connections, timeout     how many at most; seconds to wait for an answer
 *
 * Threads: filled by the main thread before others start, read-only after that. */
#ifndef WHEREFROM_OPENSEARCH_SETTINGS_H
#define WHEREFROM_OPENSEARCH_SETTINGS_H

#include "base/option.h"
#include "config/problems.h"
#include "schemas/opensearch.h"

struct opensearch_settings {
    bool has_output;
    struct opensearch_output output;
    struct arena arena; /* private: all texts */
};

struct opensearch_request {
    const char *option; /* whose text it is, for messages, never NULL: "output" */
    const char *file;   /* the config's name for messages; NULL: there is none */
    const char *text;   /* of that option: opensearch+http://... or something else */
    const struct config_node *
        node; /* where the config says it: the mapping that it stands for, {opensearch: {..}}, or the text; NULL: nowhere */
    struct option_list pairs; /* --opensearch */
};

/* Reads secrets and looks whether files are there; nothing is connected. On false problems were added, all that are found; warnings may be
 * added in any case. opensearch_settings_destroy is safe after any outcome, and wipes the password. */
bool opensearch_settings_resolve(struct opensearch_settings *settings, const struct opensearch_request *request,
                                 struct problems *problems) WARN_UNUSED;
void opensearch_settings_destroy(struct opensearch_settings *settings);

/* "opensearch+URL/NAME" for a mapping, as far as they are texts: what the option's text is when the config has a mapping. NULL: out of
 * memory. */
const char *opensearch_settings_name(struct arena *arena, const struct config_node *mapping) WARN_UNUSED;

#endif
