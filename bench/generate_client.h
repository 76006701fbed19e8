/* The clients of a made corpus: who calls how often, and from which address.
 *
 * A client is a rank, 1 the busiest; everything else about it is a hash of seed and rank, so that 170,000 clients
 * need no table and the same client always has the same address, agent and TLS version.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_GENERATE_CLIENT_H
#define WHEREFROM_GENERATE_CLIENT_H

#include <stdint.h>

#include "bench/dice.h"
#include "bench/put.h"

/* Who visits on line `line` of `lines`: a rank from 1 to `clients`. When lines >= clients every client comes at least
 * once (its first visit falls on a fixed line); all other visits are Zipf-like: each octave of ranks gets as many
 * visits as the next, so client 1 alone gets about 1/log2(clients) of them. clients is not 0. */
uint32_t generate_client_pick(struct dice *dice, uint64_t line, uint64_t lines, uint32_t clients);

/* The address of a client, without port: 15 % are IPv6 in RFC 5952 text, all lie in blocks that the registries have
 * given out in over 200 countries, none is private or reserved (RFC 6890). `identity` is the client's hash. */
void generate_client_put_address(struct put *out, uint32_t rank, uint64_t identity);

/* A public IPv4 address, for nodes of a balancer. */
void generate_client_put_ipv4(struct put *out, uint64_t identity);

#endif
