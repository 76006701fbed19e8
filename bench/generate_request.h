/* A web request as its own facts, for the formats that are not made of ALB's columns: the same visitors, agents and paths as the
 * ALB corpus has, raw.
 *
 * Threads: one struct, one thread. */
#ifndef WHEREFROM_GENERATE_REQUEST_H
#define WHEREFROM_GENERATE_REQUEST_H

#include "bench/generate_line.h"

struct generate_request {
    struct generate_visit visit;
    const char *method, *domain;
    bool tls, http2;
    uint32_t status;
    bool served;                            /* a server behind the balancer or proxy answered */
    uint32_t request_bytes, response_bytes; /* with headers; never less than 16 */
    uint32_t total_ms, wait_ms;             /* the whole request; until the server's answer began, not more */
    char address[48];                       /* the client, without port */
    char path[512];                         /* raw, up to the question mark */
    char query[512];                        /* raw, behind it; "" when there is none */
    char agent[256];                        /* raw; "" when the client says nothing of itself */
    char referer[128];                      /* "" for most */
    char forwarded[96];                     /* what the client sent as X-Forwarded-For; "" for most */
};

/* Draws the next visitor and what it asks for. */
struct generate_request generate_request_next(struct generate_line *line);

/* Path, and the query behind a question mark if there is one, written by `put`. */
void generate_request_put_target(const struct generate_request *request, struct put *out,
                                 void (*put)(struct put *, const char *));

/* X-Forwarded-For as a balancer sends it on: what the client sent, and the client. */
void generate_request_put_forwarded(const struct generate_request *request, struct put *out);

/* 8-4-4-4-12 hex digits. */
void generate_put_uuid(struct dice *dice, struct put *out);

#endif
