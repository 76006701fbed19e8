/* Heat: how much came from where, and when. Counted per slot of five minutes, map tile and zone.
 *
 * A worker notes what of a record counts (schemas/rollup_note.h) in the batch; once the batch's records are written, the notes are added up
 * (enrich/heat.h); at the end each slot becomes a document (sinks/rollup_document.h).
 *
 * Threads: plain values. */
#ifndef WHEREFROM_HEAT_SLOT_H
#define WHEREFROM_HEAT_SLOT_H

#include <stdbool.h>
#include <stdint.h>

#define HEAT_INTERVAL_S 300u
#define HEAT_FOLDED_S \
    86400u /* of slots that stand for others, see enrich/heat.h; of streams they have HEAT_INTERVAL_S */

/* Zones: countries (base/country.h); all others are less. */
#define HEAT_ZONE_UNKNOWN 0u      /* no database knows the client's country, or lines of the format tell of no client */
#define HEAT_ZONE_FOLDED 1u       /* of slots that stand for others */
#define HEAT_ZONE_UNRESOLVED 256u /* and a verdict without an address: nobody knows the client */

/* Slots sort by time, tile, zone. Intervals are counted from 1970; the tile is TILE_NONE where it is not known. */
static inline uint64_t heat_slot(uint32_t interval, uint16_t tile, uint16_t zone) {
    return (uint64_t)interval << 32 | (uint32_t)tile << 16 | zone;
}

static inline uint32_t heat_slot_interval(uint64_t slot) {
    return (uint32_t)(slot >> 32);
}

static inline uint16_t heat_slot_tile(uint64_t slot) {
    return (uint16_t)(slot >> 16);
}

static inline uint16_t heat_slot_zone(uint64_t slot) {
    return (uint16_t)slot;
}

/* One slot's sums. */
struct heat_row {
    uint64_t slot;
    uint32_t interval_s;
    uint64_t requests, bytes; /* at most INT64_MAX, the largest `long` */
    uint64_t status_4xx, status_5xx;
    bool has_clients; /* a client was known: */
    uint64_t clients; /* how many, about; never more than requests */
    bool approximate; /* slots were folded: sums of single tiles and zones may be too low */
};

#endif
