/* NGINX log_format: a text with $variables in it, compiled once, by which lines are cut.
 *
 * A variable ends where the text behind it begins. Such a text may also stand inside a value ($remote_user and unquoted headers
 * are the client's own words), so the first place that fits proves nothing. Every place is found where each variable can end,
 * by what NGINX can write into it: no raw quote in any value (escape=default and escape=json both hide it), digits in a number,
 * 26 characters in $time_local. Where one place is left the column is certain, whatever is in the line. Where several are left,
 * the columns on both sides are in doubt: they stay empty, and their text is kept as an extra. A peer in doubt makes the line
 * none of the format.
 *
 *     $remote_addr - $remote_user [$time_local] "$request" ...
 *     |            |               |            |
 *     digits . :   first raw quote 26 bytes     first raw quote
 *                  bounds it
 *
 * Usually one place is left at once and a line is one pass. Otherwise the work is bounded by LOG_FORMAT_WAYS_MAX.
 *
 * Not told: escape=none, where a client can write quotes; a line with more of them than the format has fits nowhere, but one that
 * was made to fit a longer format is taken for it.
 *
 * Threads: a compiled format is a constant. */
#ifndef WHEREFROM_LOG_FORMAT_H
#define WHEREFROM_LOG_FORMAT_H

#include "base/error.h"
#include "base/slice.h"
#include "ingest/line_cut.h"
#include "schemas/wanted_headers.h"

/* What stands in a value, and so where it can end. */
enum log_value {
    LOG_QUOTED,       /* anything up to the first raw quote, with which the text behind it begins */
    LOG_FREE,         /* anything without a raw quote */
    LOG_WORD,         /* anything without a space or a raw quote */
    LOG_LIST,         /* words, with `, ` or ` : ` between them */
    LOG_LIST_INTEGER, /* the same, of digits */
    LOG_LIST_SECONDS, /* the same, of decimals */
    LOG_INTEGER,      /* digits */
    LOG_SECONDS,      /* digits, a dot, three digits */
    LOG_ADDRESS,      /* one address; unix: and a path */
    LOG_TIME_LOCAL,   /* 01/Dec/2025:00:00:01 +0100 */
    LOG_TIME_ISO,     /* 2025-12-01T00:00:01+01:00 */
    LOG_VALUES
};

/* Literal text of a format. */
struct log_literal {
    uint64_t word, mask; /* its first eight bytes, and which of those there are */
    uint16_t offset, bytes;
    uint16_t quotes; /* raw quotes in it */
};

/* A variable and the text behind it. */
struct log_part {
    struct log_literal literal;
    uint16_t name, name_bytes; /* as written, in small letters */
    uint8_t value;             /* enum log_value */
    uint8_t row;               /* of the table; LOG_ROW_NONE: only ever an extra */
    uint8_t wanted;            /* header that chains look at; WANTED_NONE: none of those */
    bool secret;               /* and that is written nowhere */
    bool again;                /* an earlier part has the row */
    bool peer;                 /* must not be in doubt */
    bool never_null;           /* no dash stands for it: nobody connects without an address */
    bool address;              /* an address by itself: a socket's path is none */
    bool wrapped;              /* stands between quotes: may be empty */
    bool exact;                /* the text behind it begins with what cannot stand in it: it ends at one place only */
};

#define LOG_ROW_NONE UINT8_MAX
_Static_assert(SCHEMA_FIELDS_MAX < LOG_ROW_NONE, "a row is a byte");
_Static_assert(LOG_FORMAT_PARTS_MAX <= INT8_MAX, "a part is a byte");
_Static_assert(SCHEMA_FIELDS_MAX + LOG_FORMAT_PARTS_MAX <= FIELDS_MAX, "each part makes one extra at the most");

/* A plain value without pointers into itself: may be copied. */
struct log_format {
    const struct schema *schema;
    struct log_literal head; /* in front of the first variable */
    uint16_t quotes;         /* of all literals */
    uint16_t parts_count;
    uint8_t wanted_count;
    uint8_t wanted_parts[LOG_FORMAT_PARTS_MAX]; /* those with a header that chains look at */
    int8_t peer_ip, peer_port, peer_ip_real;    /* parts that have these roles; -1: none */
    struct log_part parts[LOG_FORMAT_PARTS_MAX];
    char text[LOG_FORMAT_BYTES_MAX]; /* literals and names: offsets count from here */
};

/* Compiles `pattern`, the text of an NGINX log_format directive as NGINX has it after taking its quotes away: `$name` and `${name}`
 * are variables, in letters of either case, digits and `_`; anything else is itself. STATUS_USAGE with the byte (from 1) when it is
 * none, when two variables touch (nobody can tell where the first one ends), when nothing in it tells the time, or at a limit
 * (schemas/limits.h). Variables that are no row of the table are extras. Spec: nginx.org, ngx_http_log_module. */
enum status log_format_compile(struct slice pattern, const struct schema *schema, struct log_format *out,
                               struct error *error) WARN_UNUSED;

/* From here on lines also fill record->headers; a secret goes nowhere else. `$http_x_name` is the header x-name. */
void log_format_want(struct log_format *format, const struct wanted_headers *wanted);

/* Cuts record->line. Fills the rows of the schema, and appends extras `name=value` (null ones are left out): variables that are no
 * row, a variable written a second time where its value is another, sockets (`remote_addr=unix:`) where the row is an address,
 * what is in doubt (`name+name=all of their text`, with RECORD_AMBIGUOUS), and, where $realip_remote_addr says another address
 * than $remote_addr, the latter and its port, since they are not the peer's.
 * False when the line is not of this format, when the peer is in doubt, or when `spare` has no room for the extras (at most the
 * length of the line, and 64 bytes and a name for each part); cut->expected is set then. The record is unspecified then.
 * Reads up to eight bytes behind the line. See line_cut.h. */
bool log_format_cut(const struct log_format *format, struct record *record, struct spare *spare, struct line_cut *cut);

/* Cuts by the first of `formats` that fits. A line that fits several with another peer in each fits none: $remote_user may hold
 * what looks like the rest of a line that begins with a host name. `last` is where the search begins, only to be fast: what comes
 * out for a line does not depend on it, provided that no two formats fit a line that has a peer and no space in a LOG_FREE value, as
 * the built-in ones do not. Set to the one that fits. For the rest see log_format_cut. */
bool log_format_cut_any(const struct log_format *formats, uint32_t count, uint32_t *last, struct record *record,
                        struct spare *spare, struct line_cut *cut);

/* Bytes that may stand in a value of this kind, between two ends; for lists within one word. Both tell where it can end. */
bool log_value_holds(enum log_value value, char byte);

/* Compiles all patterns of a schema (at most LOG_FORMATS_MAX) and returns how many there are; aborts when one is no log_format. */
uint32_t log_format_compile_all(const struct schema *schema, struct log_format *out);

#endif
