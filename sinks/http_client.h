/* Requests to one HTTP server, several at a time: a thin layer over libcurl's multi interface that knows what all users of it want alike.
 *
 * HTTP/1.1, and HTTP/2 where a TLS server offers it (ALPN); each request has a connection to itself for its time, also with HTTP/2, so that
 * N requests are N connections and one lost packet stops one of them. Connections are kept. TLS 1.2 and up, certificate and name always
 * verified. Redirects are not followed: a signed request must not be. A body goes out at once, but for signed ones above 1 MiB over HTTP/1.1,
 * which ask first (Expect: 100-continue): libcurl 7.88 cannot sign without. A request
 * whose kept connection turns out to be closed is sent again over a new one, as long as no byte of a reply has come; so a request may reach
 * the server twice. The environment's http_proxy, https_proxy, all_proxy and no_proxy hold as for curl, unless settings say otherwise.
 *
 * Secrets are never part of a reason or an error.
 *
 * Threads: one thread at a time has a client; http_client_wake: any. */
#ifndef WHEREFROM_HTTP_CLIENT_H
#define WHEREFROM_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"

/* What AWS Signature Version 4 signs with. */
struct aws_keys {
    const char *access_key_id, *secret_access_key;
    const char *session_token; /* NULL: none */
};

struct http_settings {
    const char *url;                      /* http:// or https://, host, port, path; no user, no slash at its end */
    const char *user, *password;          /* basic auth; NULL: none */
    const char *ca_file;                  /* PEM; NULL: the system's */
    const char *certificate, *key;        /* of the client, PEM files; NULL: none; key NULL: it is in `certificate` */
    const char *aws_region, *aws_service; /* for requests that have keys */
    uint32_t requests_max;   /* on their way at a time, 1..HTTP_REQUESTS_MAX; as many connections at the most */
    uint32_t connect_ms_max; /* until connected, TLS included */
    uint32_t
        silence_s_max; /* without a byte in either direction; libcurl looks at averages, so it may take five seconds longer */
    uint32_t total_ms_max; /* for all of a request: a server that sends a byte now and then gets no longer */
    bool direct;           /* no proxy, whatever the environment says: addresses that only this machine can reach */
};

/* What became of a request when no reply did. */
enum http_trouble {
    HTTP_REPLIED,       /* none: there is a status */
    HTTP_NOT_CONNECTED, /* no such host, nobody listens, no connection in time */
    HTTP_TLS_FAILED,    /* certificates and the like: somebody has to do something */
    HTTP_TIMED_OUT, /* connected, and then nothing, or too little for too long. The server may have done what it was asked to */
    HTTP_CUT_OFF,   /* the connection ended before the reply did. Likewise */
    HTTP_TOO_LARGE, /* a reply above reply_bytes_max */
    HTTP_CANCELLED, /* by http_client_cancel_all */
};

#define HTTP_REASON_BYTES_MAX 320u

struct http_outcome {
    enum http_trouble trouble;
    int status; /* with HTTP_REPLIED, else 0. One of 400 and up counts even when its reply was cut off */
    uint64_t
        retry_after_ms; /* Retry-After (RFC 9110 10.2.3) in either form, at most HTTP_RETRY_AFTER_MS_MAX; 0: none, or past */
    uint64_t reply_bytes;               /* given to `receive` */
    uint64_t sent_bytes;                /* of the body, as it went out: compressed */
    char reason[HTTP_REASON_BYTES_MAX]; /* one line, "" with HTTP_REPLIED */
};

struct http_request {
    const char *method; /* "GET", "HEAD", "POST", "PUT", "DELETE" */
    const char *
        path; /* what follows the URL: "" or a slash and more, with the query. Sent as it is: the caller percent-encodes; for a
                         signature the path consists of unreserved characters and slashes, and the query is sorted by names, then values, each
                         with a = behind its name */
    const char *content_type;   /* NULL exactly when there is no body */
    const char *const *headers; /* more of them, "Name: value", ended by NULL; NULL: none */
    const struct slice
        *body; /* in parts that follow one another; neither they nor their bytes are copied: both stay until `done` */
    uint32_t body_parts;
    bool gzip;                   /* compress the body, Content-Encoding says so */
    const struct aws_keys *keys; /* sign the request; copied. NULL: not signed */
    uint64_t reply_bytes_max;

    /* Part of the body of a reply, in order, of whatever status. Must not call the client. NULL: dropped. */
    void (*receive)(void *context, const char *bytes, size_t bytes_count);
    /* Exactly once for each request that was started, out of http_client_serve, _cancel_all or _free. May start the next one. */
    void (*done)(void *context, const struct http_outcome *outcome);
    void *context;
};

struct http_client;

/* Nothing is connected yet. STATUS_USAGE: a URL that is none, a file of `settings` that cannot be read. What `settings` points to is
 * copied. http_client_free is safe after any outcome. */
enum status http_client_new(const struct http_settings *settings, struct http_client **client,
                            struct error *error) WARN_UNUSED;

/* Sends a request, whose strings are copied. Not more than requests_max at a time. Nothing happens before the next http_client_serve.
 * STATUS_FAILED: out of memory; `done` is not called then. */
enum status http_client_start(struct http_client *client, const struct http_request *request,
                              struct error *error) WARN_UNUSED;

/* Requests whose `done` was not called yet. */
uint32_t http_client_in_flight(const struct http_client *client);

/* Sends and receives what can be, calls back, and waits up to `wait_ms` when there is nothing to do. Returns when something was done, or the
 * time is over, or somebody woke it. */
void http_client_serve(struct http_client *client, uint32_t wait_ms);

/* Makes http_client_serve return, the next one when none waits now: from any thread. */
void http_client_wake(struct http_client *client);

/* Gives all requests up: `done` is called for each, their connections are closed. */
void http_client_cancel_all(struct http_client *client);

/* A reply as a whole. */
struct http_text {
    char *bytes;  /* of the caller; ended by a NUL */
    size_t room;  /* the NUL included; a longer reply is HTTP_TOO_LARGE */
    size_t count; /* without the NUL */
};

/* Sends a request and waits for its end, for setup and checks: `receive`, `done`, `context` and `reply_bytes_max` are not looked at, and no
 * other request is on its way. `reply` may be NULL. */
void http_client_ask(struct http_client *client, const struct http_request *request, struct http_text *reply,
                     struct http_outcome *outcome);

/* Cancels what is on its way. */
void http_client_free(struct http_client *client);

#endif
