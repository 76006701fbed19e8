/* One line while a worker has it: columns, and what was derived from them.
 *
 * Lives on the worker's stack and never crosses a thread. Spans are offsets into the batch's text: half the
 * size of pointers, and they cannot dangle unnoticed.
 *
 * Threads: one worker. */
#ifndef WHEREFROM_RECORD_H
#define WHEREFROM_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"
#include "schemas/client_facts.h"
#include "schemas/connection.h"
#include "schemas/limits.h"
#include "schemas/place.h"
#include "schemas/residency.h"
#include "schemas/schema.h"

/* What log.flags says of a line. */
enum record_flag {
    RECORD_LOSSY,     /* bytes that are no UTF-8 became U+FFFD */
    RECORD_TRUNCATED, /* the writer or syslog cut it: the last column may lack its end */
    RECORD_AMBIGUOUS, /* columns could be cut in more than one way; those in doubt are raw */
    RECORD_FLAGS
};

extern const char *const record_flag_names[RECORD_FLAGS];

enum outcome { OUTCOME_UNKNOWN, OUTCOME_SUCCESS, OUTCOME_FAILURE };

/* A point in time and the text it came from. */
struct moment {
    int64_t ns;       /* since 1970 UTC */
    struct span text; /* ISO 8601 without zone letter; length 0: was computed, format `ns` */
    bool known;
};

/* A request line taken apart (RFC 9112 section 3, RFC 3986); lengths of 0 are absent. */
struct request {
    struct span method, url, scheme, domain, path, query, version;
    uint32_t port; /* 0: none */
};

struct record {
    const struct schema *schema;
    const char *text;                          /* what the spans count from */
    struct span line;                          /* without CR LF */
    uint32_t message_line;                     /* its number in its message, from 1; 0: it is of no message */
    uint64_t position;                         /* in the uncompressed input; of a message its offset */
    const struct connection_facts *connection; /* that it came by; NULL: of a file */
    uint16_t fields_count;
    bool plain;       /* no byte of any column of the table needs escaping in JSON: copied as it is */
    bool aws_escapes; /* columns hold \xHH, \" and \\ */
    uint8_t flags;    /* 1 << enum record_flag */
    bool has_peer, has_destination, has_node;
    bool network;                   /* category network rather than web */
    bool unwanted;                  /* by a filter: it is skipped */
    bool waf_blocked;               /* ALB: WAF ended the request */
    uint8_t outcome;                /* enum outcome */
    struct moment time, start, end; /* `time` is the record's own: one of the others, or a column of its own */
    struct endpoint peer, destination;
    struct endpoint_text peer_text, destination_text;
    struct ip_parsed node;
    struct span node_text; /* canonical as logged; length 0: format it */
    struct request request;
    struct client client;
    struct ip waf_view; /* WAF: the address that its own rules on forwarded addresses would have looked at */
    bool has_waf_view;
    bool list_cut; /* the writer cut X-Forwarded-For or Forwarded: entries are missing at its end, those that count */
    uint32_t headers_found;                  /* 1 << index in struct wanted_headers: those that the line has */
    struct span headers[HEADERS_WANTED_MAX]; /* and their values */
    struct place_json {
        const char *json;
        uint32_t length;
        struct place_facts facts;
    } place;                           /* rendered, see enrich/geo_cache.h */
    const struct residency *residency; /* NULL: nobody judges it */
    struct span fields[FIELDS_MAX];    /* those behind fields_count, up to the format's columns, are empty */
};

static inline struct slice record_text(const struct record *record, struct span span) {
    return (struct slice){.ptr = record->text + span.offset, .len = span.length};
}

/* "-" and nothing: null in every AWS text log. */
static inline bool record_null(const struct record *record, struct span span) {
    return span.length == 0 || (span.length == 1 && record->text[span.offset] == '-');
}

#endif
