/* Rates: who sent how many requests in which window of time, and what a limit would have done to them.
 *
 * Requests are counted by key in slots of some seconds of event time; a window is a run of slots. Keys are made of parts: "client",
 * "asn", "client+path_class". Settings come from the config (config/rate_load.h), counting is enrich/rate_count.h, rows become documents
 * (sinks/rate_document.h) or a table (`wherefrom top`).
 *
 * Threads: plain values. */
#ifndef WHEREFROM_RATE_H
#define WHEREFROM_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"
#include "base/slice.h"
#include "schemas/limits.h"

enum rate_part {
    RATE_CLIENT, /* the true client by its prefix; PrivateLink's with its endpoint; unresolved ones as `unresolved:VERDICT` */
    RATE_PEER,      /* whoever opened the connection */
    RATE_CLAIM,     /* leftmost text of the forwarded list when it is an address */
    RATE_FIRST_XFF, /* first address of the list, as AWS WAF has it; of records without one nothing is counted */
    RATE_ASN,
    RATE_COUNTRY,
    RATE_PATH_CLASS,
    RATE_METHOD,
    RATE_LB,
    RATE_PARTS
};
#define RATE_ADDRESS_PARTS (1u << RATE_CLIENT | 1u << RATE_PEER | 1u << RATE_CLAIM | 1u << RATE_FIRST_XFF)
extern const char *const rate_part_names[RATE_PARTS];

/* Methods of RFC 9110 and RFC 5789 by name; all others count as one. */
enum request_method {
    METHOD_NONE,
    METHOD_GET,
    METHOD_HEAD,
    METHOD_POST,
    METHOD_PUT,
    METHOD_DELETE,
    METHOD_CONNECT,
    METHOD_OPTIONS,
    METHOD_TRACE,
    METHOD_PATCH,
    METHOD_OTHER,
    REQUEST_METHODS
};
extern const char *const request_method_names[REQUEST_METHODS];

#define RATE_CLASS_NONE UINT8_MAX /* the path is of no class: key text "other" */

/* What a key is made of. At most one part is an address. */
struct rate_dim {
    const char *name;                       /* "client+path_class", "client/56" */
    uint16_t parts;                         /* 1 << enum rate_part */
    uint8_t parts_count, order[RATE_PARTS]; /* the same as the name has them */
    uint8_t v4_prefix, v6_prefix;           /* bits of addresses that count */
};

/* A pattern of paths, "/login*", and the class of what it matches. */
struct rate_path {
    const char *pattern;
    uint8_t path_class; /* index in struct rate_settings' classes */
};

/* A what-if rule: a key with more than `limit` requests within a window would have been blocked. */
struct rate_limit {
    const char *name;
    struct rate_dim key;
    uint8_t path_class, method; /* what it counts; RATE_CLASS_NONE, METHOD_NONE: everything */
    uint32_t window_s, limit;
};

struct rate_settings {
    uint32_t slot_s, lateness_s;
    uint32_t windows_count, windows_s[RATE_WINDOWS_MAX]; /* ascending multiples of the slot */
    uint32_t dims_count, limits_count, classes_count;
    struct rate_dim dims[RATE_DIMS_MAX];
    struct rate_limit limits[RATE_LIMITS_MAX];
    const char *classes[RATE_CLASSES_MAX]; /* names of path classes */
    uint32_t
        topk; /* counters of a slot and dimension that shall be kept at the least: with fewer (rate_totals) a run warns */
    uint32_t rows; /* written per window and dimension */
};

/* Where counting of a stream stands (enrich/rate_count.h). */
struct rate_stream {
    int64_t newest_ns;               /* INT64_MIN: nothing was added */
    int64_t reported_ns;             /* windows that end up to there are done; INT64_MIN: none */
    uint64_t late[RATE_WINDOWS_MAX]; /* what the next row of each window will say */
};
#define RATE_STREAM_BEGIN ((struct rate_stream){.newest_ns = INT64_MIN, .reported_ns = INT64_MIN})

/* Values of a key's parts; those that its dim does not have are 0 or empty. */
struct rate_key {
    struct ip address; /* masked */
    struct slice vpce; /* RATE_CLIENT: empty: none */
    bool unresolved;   /* RATE_CLIENT: there is no address, because of: */
    uint8_t verdict;
    uint32_t as_number; /* 0: not known, as AWS has it */
    uint16_t country;   /* base/country.h */
    uint8_t path_class, method;
    struct slice lb; /* empty: not known */
};

enum rate_row_kind { RATE_TOP, RATE_BREACH, RATE_IMPACT, RATE_ADVICE };

/* Whose advice it is: hosting providers' addresses and all others are told apart where a database knows. */
enum rate_group { RATE_EVERYONE, RATE_HOSTING, RATE_NOT_HOSTING, RATE_GROUPS };

/* What can be said of distributions: about, with the errors of enrich/hyperloglog.h and enrich/ddsketch.h. */
struct rate_latency {
    bool known;
    double p50_s, p95_s, p99_s;
};

/* One result; which members mean something, the kind says. Pointers live as long as the call that gives the row. */
struct rate_row {
    enum rate_row_kind kind;
    int64_t time_s;   /* RATE_TOP: the window's end; RATE_BREACH: `to_s`; others: the last slot's end */
    bool approximate; /* memory was short: */
    uint64_t
        error; /* RATE_TOP: `requests` may be that much too high, never too low; all else counts what is certain then */
    /* RATE_TOP */
    uint32_t window_s;
    const struct rate_dim *dim;
    struct rate_key key; /* and of RATE_BREACH */
    uint64_t requests, bytes, status_4xx, status_5xx;
    bool guaranteed; /* it belongs to the rows of its window for certain */
    uint64_t late;   /* events of streams that came after their window's end, since the row before of this window */
    /* where the key is a client; of several places, one, whatever the order of requests: */
    bool has_place;
    uint16_t country;
    uint32_t as_number;
    bool has_location;
    float longitude, latitude;
    uint8_t trust; /* the least */
    bool has_clients;
    uint64_t clients; /* distinct ones, about */
    struct rate_latency latency;
    /* RATE_BREACH, RATE_IMPACT */
    const struct rate_limit *limit;
    bool waf_view; /* keyed by the first forwarded address instead of the true client */
    int64_t from_s, to_s;
    uint64_t peak;
    uint64_t excess_least, excess_most; /* requests over the limit if blocking began 30 s, 10 s after the crossing */
    /* RATE_IMPACT: of one limit, all keys together */
    uint64_t keys;                                       /* that were over the limit; RATE_ADVICE: all */
    uint64_t would_block_least, would_block_most, total; /* requests; of all that the limit looks at */
    uint64_t evaded, framed;                             /* see enrich/rate_count.h; meaningful with `has_two_views` */
    bool has_two_views;
    struct rate_blocked {
        uint64_t requests;
        uint32_t number; /* AS, or a country's number */
    } blocked_as[RATE_BLOCKED_MAX], blocked_countries[RATE_BLOCKED_MAX];
    uint32_t blocked_as_count, blocked_countries_count;
    /* RATE_ADVICE: of one dim and window, or, `limit` not NULL, of one limit; with its `keys` and `total` */
    enum rate_group group;
    uint64_t peak_p99, peak_p999, peak_p9999; /* of the keys' highest windows */
    uint64_t suggest_least, suggest_most;     /* limits that touch at most 0.1 %, 0.01 % of keys */
    double would_stop_least, would_stop_most; /* shares of all requests that those would have stopped */
};

#endif
