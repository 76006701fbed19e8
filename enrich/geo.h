/* Where an address is, from any number of MaxMind-format databases.
 *
 * A look-up by sockaddr (never by string: that is a getaddrinfo a call) yields one entry offset per
 * database; the offsets together identify the answer. Decoding an answer is slow (many path look-ups)
 * and happens once per distinct answer: geo_cache.h keeps what was made of it.
 * Which paths hold what is a table in geo_layouts.c, chosen by the database's metadata and contents.
 *
 * Format: MaxMind DB File Format Specification 2.0.
 * Threads: a struct geo is read-only after geo_open; any number of threads may look up. */
#ifndef WHEREFROM_GEO_H
#define WHEREFROM_GEO_H

#include <maxminddb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/ip.h"
#include "enrich/geo_tree.h"
#include "schemas/limits.h"
#include "schemas/place.h"

struct geo_layout; /* geo_layouts.h */

struct geo_database {
    struct geo_tree tree;
    MMDB_s mmdb; /* over a private copy: a file that is rewritten or cut meanwhile can't harm us */
    const struct geo_layout *layout;
    char *path;           /* as given */
    uint64_t build_epoch; /* Unix seconds, from the metadata */
    bool opened;
    bool knows_countries; /* one of its first records says one */
};

struct geo {
    struct geo_database databases[DATABASES_MAX];
    size_t databases_count;
};

/* One entry offset per database plus 1; 0 = the database does not know the address. Answers with equal
 * offsets have equal places. */
struct geo_answer {
    uint32_t offsets[DATABASES_MAX];
};

/* Memory for those texts of a place that stand in no database as they are. */
struct geo_scratch {
    char region_iso_code[8]; /* country, "-", subdivision of 1 to 3 characters */
};

/* Opens `paths_count` databases (0 is allowed: no place is ever known). On failure the error names the
 * file and says what is wrong with it and what to do; `geo` can be closed after any outcome. A file
 * whose layout is not known is refused, naming its database_type and the types that are known.
 * STATUS_USAGE for more than DATABASES_MAX paths, else STATUS_FAILED. */
enum status geo_open(struct geo *geo, const char *const *paths, size_t paths_count, struct error *error) WARN_UNUSED;
void geo_close(struct geo *geo);

/* When the oldest of the databases that know countries was built, Unix seconds; 0: there is none. */
uint64_t geo_country_build(const struct geo *geo);

/* Looks `ip` up in every database; of 64:ff9b::/96 (RFC 6052) the IPv4 address inside. False if none
 * knows it: the offsets are then all 0. A database that turns out to be damaged on the way counts as one
 * that does not know the address, and raises `*damaged` by one. */
bool geo_lookup(const struct geo *geo, const struct ip *ip, struct geo_answer *answer, uint64_t *damaged);

/* Decodes an answer. Where several databases know the same fact the first one given wins; a later one
 * adds what is missing, but no geography if it puts the address into another country, and no organisation
 * if it names another AS. Texts point into the databases and `scratch`. Never fails: what can't be
 * decoded is absent. */
void geo_decode(const struct geo *geo, const struct geo_answer *answer, struct place *place,
                struct geo_scratch *scratch);

#endif
