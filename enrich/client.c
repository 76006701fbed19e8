/* The client of a record. No chains yet: the peer is the client.
 *
 * Threads: pure function. */
#include "enrich/client.h"

void client_resolve(struct record *record) {
    if (!record->has_peer) {
        record->client = (struct client){.verdict = VERDICT_PEER_INVALID, .provenance = PROVENANCE_NONE};
        return;
    }
    const struct ip_parsed *peer = &record->peer.address;
    bool global = ip_is_global(&peer->ip);
    record->client = (struct client){
        .ip = peer->ip,
        .text = record->peer_text,
        .port = record->peer.port,
        .resolved = true,
        .global = global,
        .verdict = VERDICT_OK,
        .provenance = PROVENANCE_PEER,
        .trust = 1,
        .flags = (global ? 0u : 1u << HOP_NON_GLOBAL) | (peer->v4_mapped ? 1u << HOP_V4_MAPPED : 0u),
    };
}
