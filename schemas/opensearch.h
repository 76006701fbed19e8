/* What a run is told about an OpenSearch output. Filled from URL or config (config/opensearch_settings.c), looked at by sink, setup and
 * check.
 *
 * Threads: filled by the main thread before others start, read-only after that. */
#ifndef WHEREFROM_OPENSEARCH_H
#define WHEREFROM_OPENSEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct opensearch_output {
    const char *url; /* scheme, host, port and path of the server, without user, without a slash at its end */
    /* Of the data stream; with `dated` what stands in front of the date and its hyphen. Printable ASCII that stands in JSON as it is, and
     * in a URL percent-encoded: it may have % & = @ and the like. */
    const char *name;
    /* Indices NAME-yyyy.MM.dd by the UTC day of @timestamp, where an id always meets its own index; else a data stream. */
    bool dated;
    const char *pipeline;                 /* ingest pipeline, printable ASCII; NULL: none */
    const char *user, *password;          /* basic auth; NULL: none, or both are there. The password is never shown */
    const char *ca_file;                  /* PEM; NULL: the system's */
    const char *certificate, *key;        /* of the client, PEM files, maybe one; NULL: none */
    const char *aws_region, *aws_service; /* SigV4, service "es" or "aoss"; NULL: requests are not signed */
    bool gzip;                            /* of bodies */
    bool any_mapping; /* what the target makes of the fields is not looked at before the first write */
    bool without_ids; /* the server makes ids, so what is sent again is there again: collections that take none */
    uint32_t connections_max;
    uint32_t timeout_s; /* for an answer; a server that hangs for longer gets the same again */
};

#endif
