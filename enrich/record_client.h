/* The client of a record: which chain it belongs to, what its columns say of hops, and what the walk makes of them.
 *
 * What a format can say, and what of it a chain needs, is found out once per pair of both.
 *
 * Threads: one resolver per worker. */
#ifndef WHEREFROM_RECORD_CLIENT_H
#define WHEREFROM_RECORD_CLIENT_H

#include "enrich/chain_rules.h"
#include "enrich/client.h"
#include "schemas/batch.h"
#include "schemas/record.h"

/* Columns that are evidence: of the list, of Forwarded, of headers with one address, of a PROXY header. */
enum { EVIDENCE_COLUMNS_MAX = 5 };

/* How records of a format look at a chain. */
struct vantage {
    const struct schema *schema; /* NULL: free */
    const struct chain *picked;  /* NULL: none is declared */
    const struct chain
        *chain; /* the same, or one without hops where the format alone says more than its peer; NULL: no walk */

    uint8_t begins;                     /* enum walk_begin, of records without a peer */
    uint8_t writer;                     /* hop; HOP_INDEX_NONE: none of them */
    bool drop_own;                      /* of the list: what the writer itself may have put there */
    int16_t list, proxy_ip, proxy_port; /* columns; -1: none */
    uint8_t wanted[CHAIN_HEADERS_MAX];  /* the chain's headers in struct wanted_headers; WANTED_NONE: not there */
    int16_t headers[CHAIN_HEADERS_MAX]; /* or in columns; -1: none */
    int16_t evidence[EVIDENCE_COLUMNS_MAX + 1]; /* up to -1 */
    /* Where a record has nothing but its peer, all peers that belong to no hop end in the same way: as the first one did. */
    bool only_peer, stranger_known;
    struct client stranger;
};

#define VANTAGES_KNOWN 32u
#define PICKS_KNOWN 32u
#define PICK_KEY_BYTES 1024u

/* A chain that was picked for records that look like this one. */
struct pick {
    const struct schema *schema; /* NULL: free */
    const struct chain *chain;
    uint32_t key_bytes;
    char key[PICK_KEY_BYTES];
};

struct client_resolver {
    const struct chain_rules *rules; /* NULL: no chains at all */
    uint64_t generation;             /* of them */
    const char *named, *topic;       /* of the origin: its own chain, its topic */
    const struct chain *fixed;       /* of every record of the origin; NULL: by rules */
    uint32_t selectors;              /* 1 << enum selector: what rules look at */
    bool constant;                   /* all records of the origin have one chain: */
    struct vantage *last;            /* of the record before, then; NULL: of none */
    struct vantage vantages[VANTAGES_KNOWN];
    struct pick picks[PICKS_KNOWN];
    uint8_t verified[32]; /* digest of the last secret that was right, and its text */
    struct slice secret;
    char secret_text[256];
};

void client_resolver_init(struct client_resolver *resolver);

/* Records of `origin` by `rules` from here on. Cheap when both are those of before. */
void client_resolver_set(struct client_resolver *resolver, const struct chain_rules *rules,
                         const struct origin *origin);

/* Forgets all that it knows of rules: they are about to be freed. */
void client_resolver_forget(struct client_resolver *resolver);

/* Fills record->client (and waf_view) from the record's columns. No allocation, bounded work. Texts of the client are borrowed from the
 * record's and from the rules. */
void client_resolve(struct client_resolver *resolver, struct record *record);

#endif
