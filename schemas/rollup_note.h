/* What of a record counts in roll-ups: heat (schemas/heat_slot.h), rates (schemas/rate.h), residency, reports (app/report.h).
 *
 * A worker notes it in the batch (enrich/note_record.h); once the batch's records are written the notes are added up, by one thread at a
 * time (app/rollups.h). Texts are borrowed of the batch.
 *
 * Threads: plain values. */
#ifndef WHEREFROM_ROLLUP_NOTE_H
#define WHEREFROM_ROLLUP_NOTE_H

#include "base/ip.h"
#include "base/slice.h"
#include "schemas/place.h"
#include "schemas/residency.h"

#define LATENCY_UNKNOWN UINT32_MAX

struct origin;

/* What nearly all roll-ups look at stands in the first 64 bytes, what evidence looks at in the next ones: whoever adds notes up waits for
 * memory more than for anything else. */
struct rollup_note {
    uint64_t heat_slot;   /* by @timestamp */
    uint64_t bytes;       /* sent to the client */
    uint64_t client_hash; /* with `resolved`: of the address, and of the endpoint of PrivateLink; same in every run */
    bool resolved;        /* `client` is who it was */
    bool refused;         /* the output did not take the record: it counts nowhere */
    uint8_t status;       /* 1 to 5: such a status; else 0 */
    uint8_t verdict;      /* enum verdict */
    bool tells_client;    /* records of the format are about clients */
    uint8_t trust;
    bool has_peer, has_first;
    int64_t time_ns;             /* @timestamp */
    const struct origin *origin; /* of its line */
    struct residency_note residency;
    uint64_t position;     /* likewise; of a message its offset */
    uint32_t message_line; /* within that, from 1; 0: none */
    /* for evidence: */
    uint64_t id[2]; /* with a verdict of residency: event.id as it is written, the upper half first */
    /* Name of the balancer, distribution, accelerator or web ACL; empty: not known. Of records that follow one another the same bytes in
     * memory where it is the same name. */
    struct slice lb;
    /* for rates: */
    uint8_t path_class;     /* index in the settings' classes; RATE_CLASS_NONE */
    uint8_t method;         /* enum request_method */
    uint32_t latency_us;    /* until the client had its answer, LATENCY_UNKNOWN */
    int64_t start_ns;       /* when the request came where that is known, else the same as time_ns */
    struct ip client, peer; /* with `resolved`, `has_peer` */
    struct ip first;    /* with `has_first`: first address of the forwarded list, which AWS WAF would have counted */
    struct slice claim; /* leftmost text of that list, empty: none */
    struct slice vpce;  /* with it an address of a consumer's VPC is unique; empty: none */
    struct place_facts place;
    /* for reports: */
    struct slice as_name; /* of finished records: the network's name as they have it; empty: not known */
    bool recounted;       /* the record was written by an earlier run */
};

#endif
