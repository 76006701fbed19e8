/* Who is the client? The walk from the log writer outwards over the hops that the user declares (HOPS.md).
 *
 * Without a declared chain the TCP peer is taken for the client, and says so: verdict `ok`, prov `peer`, trust 1
 * (HOPS.md 4.3a).
 *
 * Threads: pure function. */
#ifndef WHEREFROM_CLIENT_H
#define WHEREFROM_CLIENT_H

#include "schemas/record.h"

/* Fills record->client from the record's peer. No allocation, no locale, bounded work. */
void client_resolve(struct record *record);

#endif
