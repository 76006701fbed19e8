/* The shape of a log format: one table per format, one row per column, and nothing about the format anywhere else.
 *
 * Splitting, detection, output keys, the index template and `wherefrom formats` derive from these rows. To add a
 * format, add one file schemas/<name>.c that defines `const struct schema schema_<name>`; CMake collects them.
 *
 * Threads: constants. */
#ifndef WHEREFROM_SCHEMA_H
#define WHEREFROM_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* How a line is cut into columns. */
enum layout {
    LAYOUT_SPACE_QUOTED, /* one space between columns; "..." hides spaces; \xHH escapes (FORMATS: NGINX escape=default) */
    LAYOUT_SPACE,        /* one space between columns; quotes are ordinary characters */
    LAYOUT_HEADER,       /* spaces between columns, in the order of a header line; without one in the table's order */
    LAYOUT_W3C,          /* the same with tabs, and `#Fields:` in front of the names */
    LAYOUT_LOG_FORMAT,   /* NGINX: texts and $variables, by patterns or the user's own log_format */
    LAYOUT_HAPROXY,      /* HAProxy: httplog, httpslog, tcplog, behind a syslog prefix or not */
    LAYOUT_ENVOY,        /* Envoy's default text: quotes that hide nothing */
    LAYOUT_JSON,         /* one object a line; any format may also come so, by the names of its columns */
};

/* What a column holds: how it is checked and written. "-" and "" are null in every kind. */
enum field_kind {
    FIELD_TEXT,         /* any text */
    FIELD_NAME,         /* text trimmed of spaces: host names */
    FIELD_INTEGER,      /* 0..2^63-1 */
    FIELD_SIGNED,       /* the same with an optional minus */
    FIELD_SECONDS,      /* decimal seconds; -1 is null */
    FIELD_MILLISECONDS, /* whole milliseconds; -1 is null, a plus in front says that more came after the line was written */
    FIELD_TIME,         /* 2025-12-01T00:00:01[.500000][Z], UTC */
    FIELD_TIME_LOCAL,     /* 01/Dec/2025:00:00:01[.500][ +0100]; UTC when it does not say */
    FIELD_UNIX_TIME,      /* seconds since 1970, with a fraction or without */
    FIELD_TIME_ANY,       /* any of these, and ISO 8601 with an offset */
    FIELD_UNIX_MS,        /* whole milliseconds since 1970 */
    FIELD_PERCENT,        /* text with %HH escapes */
    FIELD_PERCENT_TWICE,  /* the same, which CloudFront escaped once more until 2019: %2520 */
    FIELD_ENDPOINT,       /* ip:port, IPv6 without brackets */
    FIELD_IP,             /* one address */
    FIELD_REQUEST,        /* METHOD SP URL SP PROTOCOL */
    FIELD_TEXTS_COMMA,    /* a,b,c */
    FIELD_TEXTS_SPACE,    /* a b c */
    FIELD_INTEGERS_SPACE, /* 200 404 */
    FIELD_TEXTS_QUOTED,   /* "h2","http/1.1"; the last quote may be cut off */
    FIELD_BOOLEAN,        /* true, false */
    FIELD_JSON,           /* any JSON value, written as it came */
    FIELD_KINDS
};

/* What a column means to the pipeline; at most one column per role. */
enum field_role {
    ROLE_NONE,
    ROLE_TIME,       /* a moment: @timestamp and nothing else */
    ROLE_TIME_END,   /* when it was over: @timestamp, event.end */
    ROLE_TIME_END_2, /* the same in other words: taken when the one above is missing or null */
    ROLE_TIME_END_3,
    ROLE_TIME_END_DATE, /* or in two columns: 2025-12-01 and 00:00:01 */
    ROLE_TIME_END_CLOCK,
    ROLE_TIME_START, /* when it began: event.start; @timestamp of formats without an end */
    ROLE_PEER,       /* who opened the TCP connection to the log writer: address and port in one column */
    ROLE_PEER_IP,    /* or in two */
    ROLE_PEER_PORT,
    ROLE_PEER_IP_REAL, /* where the packets really came from, when it is logged: then this is the peer */
    ROLE_PEER_PORT_REAL,
    ROLE_DESTINATION, /* target, backend or listener */
    ROLE_DESTINATION_IP,
    ROLE_DESTINATION_PORT,
    ROLE_DESTINATION_IP_REAL,
    ROLE_FORWARDED_FOR, /* X-Forwarded-For: network.forwarded_ip, evidence for the hop walk, as all down to GA's source */
    ROLE_FORWARDED,     /* Forwarded, RFC 7239 */
    ROLE_REAL_IP,       /* a header with one address: X-Real-IP, True-Client-IP */
    ROLE_PROXY_IP,      /* the source in a PROXY protocol header */
    ROLE_PROXY_PORT,
    ROLE_VIEWER,         /* CloudFront-Viewer-Address: ip:port, IPv6 without brackets */
    ROLE_TRACE,          /* X-Amzn-Trace-Id: trace.id; its own time is the record's where there is no other */
    ROLE_ACCELERATOR_IP, /* where a Global Accelerator connects from when it does not keep the client's address */
    ROLE_STATUS,         /* the status the client got; 000 and -1: none */
    ROLE_BYTES_SENT,     /* to the client */
    ROLE_BYTES_SENT_2,   /* the same without headers: taken when the one above is missing or null */
    ROLE_RESULT,         /* in words: PASS, FAIL; Success, Failed:REASON; ACCEPT, REJECT; ALLOW, BLOCK */
    ROLE_REASON,         /* why, where it is not part of the result: event.reason */
    ROLE_REQUEST,        /* request line */
    ROLE_METHOD,         /* or its parts, in columns of their own */
    ROLE_URL,            /* path and query, or a whole URL */
    ROLE_SCHEME,
    ROLE_HOST, /* as the client named it, with a port or without */
    ROLE_PATH,
    ROLE_QUERY,        /* without the question mark */
    ROLE_HTTP_VERSION, /* HTTP/1.1 */
    ROLE_USER_AGENT,
    ROLE_TLS_VERSION,  /* TLSv1.2, tlsv12 */
    ROLE_HANDSHAKE,    /* TLS handshake time; null = no or failed handshake */
    ROLE_VALIDITY,     /* NotBefore=TIME;NotAfter=TIME of the client's certificate */
    ROLE_PROCESSING_1, /* up to three parts of the duration */
    ROLE_PROCESSING_2,
    ROLE_PROCESSING_3,
    ROLE_RESOURCE_ARN, /* an ARN of the account and region that the record belongs to */
    ROLE_ACTIONS,      /* ALB actions; the last one decides */
    ROLE_NODE,         /* address of the balancer node */
    ROLE_ACCOUNT,      /* of AWS, where the object's name does not say it */
    ROLE_REGION,
    ROLE_LOG_STATUS, /* OK; NODATA and SKIPDATA are no flows */
    ROLE_SERVICE,    /* name of the balancer, distribution or accelerator: what is counted by it */
    ROLE_EDGE,       /* edge location that the request came in by */
    ROLE_WRITER,     /* what wrote the record, where the format alone does not say: see `writers` */
    ROLE_PROTOCOL,   /* IANA number or name */
    ROLE_DIRECTION,  /* ingress, EGRESS */
    ROLE_TCP_FLAGS,  /* sum of FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128 */
    ROLES
};

/* One column: everything that is true of it stands in this row and nowhere else. */
struct field_spec {
    const char *name; /* AWS's own column name */
    enum field_kind kind;
    enum field_role role;
    const char *ecs;  /* output path; several separated by a space; NULL: only through its role */
    const char *ss4o; /* likewise for Simple Schema for Observability */
    const char *help;
};

/* Another name of a column in header lines. */
struct field_alias {
    const char *alias, *name;
};

/* What can be searched for inside of a FIELD_JSON column: paths of texts and numbers below it, separated by a space; "": the column is
 * such a text itself, or a list of them. What stands there must be so in every line that the service writes. */
struct field_members {
    const char *name, *paths;
};

/* How X-Forwarded-For is logged. */
enum list_logged {
    LIST_AS_RECEIVED,
    LIST_AS_SENT,  /* with what the writer put there, if that is how it was set up: Envoy */
    LIST_WITH_PEER /* with the writer's peer, which is logged nowhere else: ALB to Lambda, in its default mode */
};

enum schema_category { CATEGORY_WEB, CATEGORY_NETWORK };

struct schema {
    const char *name;                  /* "alb_access" */
    const char *help;                  /* one line */
    const char *space;                 /* where columns without a home of their own go: "aws.elb" */
    const char *spec;                  /* the page that it follows */
    const char *writer;                /* what writes such logs, as a hop's type: "alb"; NULL: nothing that is a hop */
    const struct field_alias *writers; /* or by what the column of ROLE_WRITER says: up to NULL; NULL: it has none */
    enum list_logged list;
    bool
        takes_first; /* the writer's own rules take the first address of X-Forwarded-For for the client's: hop.waf_view */
    enum layout layout;
    enum schema_category category;
    const struct field_spec *fields;
    uint16_t fields_count;
    uint16_t fields_count_min; /* the shortest line ever written by the service; fewer is `too-few-fields` */
    uint16_t
        headless_count_max; /* LAYOUT_HEADER: the longest line whose order is known without a header; never guessed beyond */
    const struct field_alias
        *aliases;                /* in header lines and JSON: up to one whose alias is NULL; NULL: there are none */
    const char *const *patterns; /* LAYOUT_LOG_FORMAT: those that are tried, the longest first; up to NULL */
    const char *const
        *json_keys; /* what an object of this format has: `key` or `key.key`; up to NULL. NULL: never JSON */
    const struct field_members
        *members;             /* of its FIELD_JSON columns: up to one whose name is NULL; NULL: there are none */
    uint16_t detect_count;    /* leading columns whose kinds tell this format from every other */
    const char *detect_first; /* first column of every line, when it is always the same word; else NULL */
    int16_t *
        columns; /* column of each role, -1 when there is none, and behind them schema_number; filled by schemas_init */
};

/* Rows of a table: SCHEMA_FIELDS(array) fills the members that follow from them. */
#define SCHEMA_FIELDS(array)                                                                                 \
    .fields = (array), .fields_count = sizeof(array) / sizeof((array)[0]), .columns = (int16_t[ROLES + 1]) { \
        0                                                                                                    \
    }

/* All formats, in order of name; the list is made by CMake from the files schemas/format_*.c. */
extern const struct schema *const schemas_all[];
extern const uint32_t schemas_count;

/* NULL when there is none of that name. */
const struct schema *schema_find(struct slice name);

/* Column index of a role, -1 when the format has none. */
static inline int schema_column(const struct schema *schema, enum field_role role) {
    return schema->columns[role];
}

/* Its place among all formats, from 1; NULL: 0. At most SCHEMAS_MAX. */
static inline uint32_t schema_number(const struct schema *schema) {
    return schema != NULL ? (uint32_t)schema->columns[ROLES] : 0;
}

/* The column of a record's own time; -1 when only a trace id tells it. */
static inline int schema_time_column(const struct schema *schema) {
    static const enum field_role roles[] = {ROLE_TIME_END,      ROLE_TIME_END_2, ROLE_TIME_END_3,
                                            ROLE_TIME_END_DATE, ROLE_TIME_START, ROLE_TIME};
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        if (schema_column(schema, roles[i]) >= 0) return schema_column(schema, roles[i]);
    return -1;
}

/* The column of the peer's address; -1 for lines that tell of no client at all, such as health checks. */
static inline int schema_peer_column(const struct schema *schema) {
    int peer = schema_column(schema, ROLE_PEER);
    return peer >= 0 ? peer : schema_column(schema, ROLE_PEER_IP);
}

/* Whether lines of the format can tell who the client is: by a peer, or by what a balancer forwarded. */
static inline bool schema_tells_client(const struct schema *schema) {
    return schema_peer_column(schema) >= 0 || schema_column(schema, ROLE_FORWARDED_FOR) >= 0;
}

/* Checks every table (unique names and roles, counts inside the limits) and fills `columns`. Called once at start, before any
 * thread, so that a mistake in a table dies in the first test. Aborts with the place. */
void schemas_init(void);

#endif
