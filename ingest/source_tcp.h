/* A listening TCP socket and all of its connections as one source of batches.
 *
 * Threads: an instance belongs to one thread. */
#ifndef WHEREFROM_SOURCE_TCP_H
#define WHEREFROM_SOURCE_TCP_H

#include "base/cidr_set.h"
#include "base/option.h"
#include "schemas/stage.h"

struct source_tcp_settings {
    struct option_list proxy_from;
    uint64_t connections_max;
    uint64_t idle_timeout_s, header_timeout_s;
};
extern const struct option_spec source_tcp_options[];
extern const size_t source_tcp_options_count;

/* Reads --proxy-from: NULL without any. STATUS_USAGE names the item that is no network. cidr_set_free gives it back. */
enum status source_tcp_proxy_set(const struct source_tcp_settings *settings, struct cidr_set **set,
                                 struct error *error) WARN_UNUSED;

/* Says something to people: of what may happen a million times, `warning`. */
typedef void source_report_function(bool warning, const char *message);

struct source_tcp_request {
    const struct source_tcp_settings *settings;
    const struct cidr_set *proxy_from; /* NULL: a PROXY header may come from anywhere */
    int stop_fd;                       /* becomes readable when the run shall end */
    source_report_function *report;
};

struct source_tcp;

/* `request` is copied; what it points at must outlive the source. NULL when memory is short. */
struct source_tcp *source_tcp_new(const struct source_tcp_request *request);
/* Adds what it counted to `counts`. NULL is fine. */
void source_tcp_free(struct source_tcp *source, struct connection_counts *counts);

extern const struct source_ops source_tcp_ops;

#endif
