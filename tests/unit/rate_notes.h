/* Made-up notes for tests of rates: who sends them is drawn by Zipf's law, the rest by the client's number and chance.
 *
 * Threads: one per crowd. */
#ifndef WHEREFROM_RATE_NOTES_H
#define WHEREFROM_RATE_NOTES_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/country.h"
#include "schemas/rate.h"
#include "schemas/rollup_note.h"
#include "tests/unit/seeded.h"

/* Clients 0 to count - 1; number i comes with a weight of 1 / (i + 1)^exponent. */
struct crowd {
    uint32_t count;
    double *sums; /* of weights up to there */
};

static inline struct crowd crowd_new(uint32_t count, double exponent) {
    struct crowd crowd = {count, malloc(count * sizeof(double))};
    double sum = 0;
    for (uint32_t i = 0; i < count; i++) crowd.sums[i] = sum += pow(i + 1, -exponent);
    return crowd;
}

static inline void crowd_free(struct crowd *crowd) {
    free(crowd->sums);
}

static inline uint32_t crowd_draw(const struct crowd *crowd, struct seeded *seeded) {
    double wanted = (double)(seeded_next(seeded) >> 11) * 0x1p-53 * crowd->sums[crowd->count - 1];
    uint32_t from = 0, to = crowd->count - 1;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (crowd->sums[middle] < wanted)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

/* All different for different numbers. */
static inline struct ip address_v4(uint32_t number) {
    struct ip ip = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}};
    uint32_t mixed = number * 0x9e3779b1u;
    for (uint32_t i = 0; i < 4; i++) ip.bytes[12 + i] = (uint8_t)(mixed >> (24 - 8 * i));
    return ip;
}

/* A /64 for each number. */
static inline struct ip address_v6(uint32_t number) {
    struct ip ip = {{0x20, 0x01, 0x0d, 0xb8}};
    for (uint32_t i = 0; i < 4; i++) ip.bytes[4 + i] = (uint8_t)(number >> (24 - 8 * i));
    return ip;
}

/* One window, by client. */
static inline struct rate_settings settings_of_clients(uint32_t window_s, uint32_t rows) {
    return (struct rate_settings){
        .slot_s = 10,
        .windows_count = 1,
        .windows_s = {window_s},
        .dims_count = 1,
        .dims = {{.name = "client", .parts = 1u << RATE_CLIENT, .v4_prefix = 32, .v6_prefix = 64}},
        .rows = rows};
}

/* A request of a client. */
static inline struct rollup_note request_of(uint32_t client, int64_t start_ns) {
    static const char *const countries[] = {"DE", "SE", "US", "CN", "IN", "BR", "GB", "FR"};
    struct rollup_note note = {.resolved = true,
                               .tells_client = true,
                               .trust = 2,
                               .bytes = 100 + client % 1000,
                               .path_class = (uint8_t)(client % 5 == 0 ? RATE_CLASS_NONE : client % 3),
                               .method = client % 7 == 0 ? METHOD_POST : METHOD_GET,
                               .latency_us = LATENCY_UNKNOWN,
                               .time_ns = start_ns,
                               .start_ns = start_ns,
                               .client = address_v4(client),
                               .client_hash = (client + 1) * 0x9e3779b97f4a7c15u,
                               .place = PLACE_FACTS_UNKNOWN};
    note.place.as_number = 1000 + (client * 2654435761u >> 8) % 3000;
    note.place.country = country_number(slice_from(countries[client % COUNT_OF(countries)]));
    note.client_hash ^= note.client_hash >> 29;
    return note;
}

#endif
