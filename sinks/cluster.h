/* A cluster that an output names: the way to it, and questions to it, one at a time, whose answers are JSON: what setup and a run's first look
 * need. The sink sends its documents over the same way (sinks/sink_opensearch.h).
 *
 * Threads: one thread at a time has a struct cluster. */
#ifndef WHEREFROM_CLUSTER_H
#define WHEREFROM_CLUSTER_H

#include <jansson.h>

#include "base/slice.h"
#include "schemas/opensearch.h"
#include "sinks/http_client.h"

struct aws_credentials;

struct cluster {
    struct http_client *client;
    struct aws_credentials *credentials; /* NULL: requests are not signed */
};

/* For `requests_max` requests at a time, to `url` instead of the output's when it is not NULL. Nothing is connected yet. cluster_close is safe
 * after any outcome. */
enum status cluster_open(const struct opensearch_output *output, const char *url, uint32_t requests_max,
                         struct cluster *cluster, struct error *error) WARN_UNUSED;
void cluster_close(struct cluster *cluster);

/* What the next request is to be signed with: `*keys` is `room`, or NULL where requests are not signed. */
enum status cluster_keys(const struct cluster *cluster, struct aws_keys *room, const struct aws_keys **keys,
                         struct error *error) WARN_UNUSED;

#define CLUSTER_TEXT_BYTES_MAX 512u

struct cluster_reply {
    int status;      /* 0: there is no reply; one above CLUSTER_REPLY_BYTES_MAX is 200 without a body */
    bool tls_failed; /* and somebody has to do something */
    json_t *body;    /* NULL: no JSON */
    char type[64];   /* of the error; "": none was said */
    char text[CLUSTER_TEXT_BYTES_MAX]; /* one line: why there is no reply, or what the error says; with 2xx "" */
};

/* `request` without keys and functions; nothing else is on its way. cluster_reply_clear is needed after each. */
void cluster_ask(const struct cluster *cluster, const struct http_request *request, struct cluster_reply *reply);
/* The same with a JSON body, or none (NULL). */
void cluster_ask_json(const struct cluster *cluster, const char *method, const char *path, const json_t *body,
                      struct cluster_reply *reply);
void cluster_reply_clear(struct cluster_reply *reply);

/* Writes `before`, `name` percent-encoded, and `behind`; aborts where a name is longer than a name may be. */
#define CLUSTER_PATH_BYTES_MAX 1280u
const char *cluster_path(char path[CLUSTER_PATH_BYTES_MAX], const char *before, const char *name, const char *behind);

#endif
