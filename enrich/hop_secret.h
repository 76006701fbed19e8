/* The secret header of a hop: what tells one's own CloudFront distribution from anybody else's (HOPS.md fact 9).
 *
 * Threads: pure function. */
#ifndef WHEREFROM_HOP_SECRET_H
#define WHEREFROM_HOP_SECRET_H

#include "base/slice.h"
#include "schemas/chain.h"

/* Whether `value` is what the hop's secret header has to say: not empty, and of the right SHA-256 where that is known. */
bool hop_secret_holds(const struct hop *hop, struct slice value);

#endif
