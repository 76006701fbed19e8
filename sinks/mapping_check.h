/* Whether records will land in fields of the right types: looked at before the first one is written, since what a cluster has guessed it
 * never takes back. Addresses that became text cannot be searched by network, and places that became two numbers are on no map.
 *
 * Looked at is the index that is written to (of a data stream or an alias the write index), and for one that does not exist what its
 * templates would make of it. With an index per day those are today's index and a new one; an index of another day that somebody made by
 * hand is not looked at.
 *
 * Threads: that of the cluster (sinks/cluster.h). */
#ifndef WHEREFROM_MAPPING_CHECK_H
#define WHEREFROM_MAPPING_CHECK_H

#include "schemas/opensearch.h"
#include "sinks/encoder.h"

struct cluster;

#define MAPPING_PATH_BYTES_MAX 96u
#define MAPPING_FIELDS_MAX 32u /* one address for each format, and a place */

struct mapping_field {
    char path[MAPPING_PATH_BYTES_MAX]; /* "client.geo.location" */
    const char *type;                  /* "geo_point" */
};

struct mapping_wanted {
    const char *schema; /* for the advice to run `wherefrom setup`: "ecs"; NULL: without it */
    bool rollups;       /* these are no records: the advice is another one */
    uint32_t count;     /* 0: nothing has to be looked at */
    struct mapping_field fields[MAPPING_FIELDS_MAX];
};

/* The fields that this encoder writes and that would be spoilt: the client's address and, when places are looked up, its location. `only`:
 * the one format of all records; NULL: any. */
void mapping_wanted_find(const struct encoder *encoder, const struct schema *only, bool located,
                         struct mapping_wanted *wanted);

enum mapping_verdict {
    MAPPING_GOOD,
    MAPPING_SPOILS,     /* `error`: which field of which index, what it is there, and the way out */
    MAPPING_UNKNOWN,    /* `error`: why it cannot be known; the server does not say or does not let us ask */
    MAPPING_LATER,      /* `error`: what the server said, or why it did not, without its name; it may know later */
    MAPPING_NOT_LET_IN, /* `error`: TLS or the login; somebody has to do something. Of mapping_first_look only */
};

enum mapping_verdict mapping_check(const struct cluster *cluster, const struct opensearch_output *output,
                                   const struct mapping_wanted *wanted, struct error *error) WARN_UNUSED;

/* Whether somebody answers and lets us in, and then that; `wanted` NULL: only the former. */
enum mapping_verdict mapping_first_look(const struct cluster *cluster, const struct opensearch_output *output,
                                        const struct mapping_wanted *wanted, struct error *error) WARN_UNUSED;

/* The name under which records of today are written, at most 255 bytes: the output's, with the date where it has one. */
#define MAPPING_NAME_BYTES 256u
void mapping_name_today(const struct opensearch_output *output, char name[MAPPING_NAME_BYTES]);

#endif
