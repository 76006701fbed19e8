/* Where an address is: what the databases say of it, gathered from all of them.
 *
 * Threads: plain values. */
#ifndef WHEREFROM_PLACE_H
#define WHEREFROM_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/tile.h"
#include "schemas/limits.h"

/* What a database can say; names of the output stand in the output tables (schemas/output_*.c). */
enum place_text {
    PLACE_COUNTRY_ISO_CODE, /* ISO 3166-1 alpha-2 */
    PLACE_COUNTRY_NAME,
    PLACE_CONTINENT_CODE, /* AF AN AS EU NA OC SA */
    PLACE_CONTINENT_NAME,
    PLACE_REGION_ISO_CODE, /* ISO 3166-2, "GB-ENG" */
    PLACE_REGION_NAME,
    PLACE_CITY_NAME,
    PLACE_POSTAL_CODE,
    PLACE_TIMEZONE,           /* IANA name */
    PLACE_REGISTERED_COUNTRY, /* ISO 3166-1 alpha-2, of whoever has the network; not written */
    PLACE_AS_ORGANIZATION,
    PLACE_ISP,
    PLACE_ISP_ORGANIZATION,
    PLACE_TEXTS
};

enum place_mark { /* Anonymous-IP databases: one bit each */
                  PLACE_ANONYMOUS,
                  PLACE_ANONYMOUS_VPN,
                  PLACE_HOSTING_PROVIDER,
                  PLACE_PUBLIC_PROXY,
                  PLACE_RESIDENTIAL_PROXY,
                  PLACE_TOR_EXIT_NODE,
                  PLACE_ANYCAST_NETWORK, /* not written */
                  PLACE_MARKS
};

enum place_accuracy { PLACE_ACCURACY_NONE = 0, PLACE_ACCURACY_COUNTRY, PLACE_ACCURACY_CITY };

/* One answer. Texts point into the database and live as long as it is open; len 0 = not known. All
 * texts are valid UTF-8 of at most PLACE_TEXT_BYTES_MAX bytes. */
struct place {
    struct slice texts[PLACE_TEXTS];
    double longitude, latitude; /* degrees, WGS 84; inside -180..180 and -90..90 */
    bool has_location;
    enum place_accuracy accuracy; /* of the location: a country's point or a city's */
    uint32_t as_number;           /* 0 = not known (RFC 7607 reserves AS 0) */
    uint32_t marks;               /* bits 1 << enum place_mark */
};

/* What of a place counts in roll-ups, and for rules of residency. */
enum place_flag { PLACE_LOCATED = 1, PLACE_REGISTERED_ELSEWHERE = 2, PLACE_ANYCAST = 4, PLACE_HOSTING = 8 };

struct place_facts {
    float longitude, latitude; /* degrees, with PLACE_LOCATED */
    uint32_t as_number;        /* 0: not known */
    uint16_t tile;             /* base/tile.h */
    uint16_t country;          /* base/country.h */
    uint16_t flags;            /* enum place_flag */
};

#define PLACE_FACTS_UNKNOWN ((struct place_facts){.tile = TILE_NONE})

#endif
