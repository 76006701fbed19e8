/* Privacy: what may leave of the addresses of a zone's clients. Section residency.privacy of a config (config/privacy_load.h).
 *
 * With any transform in force every record and every reject is looked through (sinks/disguise.h), since a record of one zone may name a
 * client of another; its own zone says what becomes of the addresses in it.
 *
 * Threads: plain values; read-only once published. */
#ifndef WHEREFROM_PRIVACY_H
#define WHEREFROM_PRIVACY_H

#include <stdbool.h>
#include <stdint.h>

#include "schemas/limits.h"
#include "schemas/residency.h"

#define PRIVACY_KEY_BYTES 32u

/* Bits that PRIVACY_TRUNCATE may leave. Fewer would tell nothing any more, and the first eight are those of documented exceptions; more would
 * be of a household or a host. */
#define PRIVACY_V4_BITS_MIN 8u
#define PRIVACY_V4_BITS_MAX 24u
#define PRIVACY_V6_BITS_MIN 16u
#define PRIVACY_V6_BITS_MAX 56u

/* What becomes of an address that can be a host on the public Internet. */
enum privacy_address {
    PRIVACY_KEEP, /* those of the record's client and its hops stay; others become what those of unknown clients do */
    PRIVACY_TRUNCATE, /* its network: the first bits */
    PRIVACY_HMAC, /* an address of fd00::/8 out of an HMAC of it: the same for the same one, and no way back without the key */
    PRIVACY_DROP, /* nothing: fields without, 0.0.0.0 or :: within texts */
    PRIVACY_ADDRESSES
};
extern const char *const privacy_address_names[PRIVACY_ADDRESSES];

struct privacy_rule {
    uint8_t address;          /* enum privacy_address */
    uint8_t v4_bits, v6_bits; /* that PRIVACY_TRUNCATE leaves */
    bool drop_agent;          /* user agents, and columns with all headers */
    bool
        keep_raw; /* text of columns that did not parse, columns that nobody knows, --keep-original: looked through, too */
    uint32_t rotate_seconds;        /* so long keys of PRIVACY_HMAC hold, by event time; 0: for ever */
    bool own_key;                   /* given for this zone alone */
    uint8_t key[PRIVACY_KEY_BYTES]; /* of PRIVACY_HMAC */
};

struct privacy {
    const struct residency_policy *policy;          /* that it belongs to */
    struct privacy_rule zones[RESIDENCY_ZONES_MAX]; /* by index in the policy's zones */
    struct privacy_rule
        unknown; /* of clients without a zone, and of lines that are no records; PRIVACY_KEEP only when all zones have that */
    uint8_t id_key[PRIVACY_KEY_BYTES]; /* of event.id */
};

/* The rule of a record. */
static inline const struct privacy_rule *privacy_rule_of(const struct privacy *privacy,
                                                         const struct residency *residency) {
    bool has_zone = residency != NULL && residency->zone != RESIDENCY_INDEX_NONE;
    return has_zone ? &privacy->zones[residency->zone] : &privacy->unknown;
}

/* That of a client of a country, base/country.h. */
static inline const struct privacy_rule *privacy_rule_of_country(const struct privacy *privacy, uint16_t country) {
    uint8_t zone = residency_country_of(privacy->policy, country)->zone;
    return zone != RESIDENCY_INDEX_NONE ? &privacy->zones[zone] : &privacy->unknown;
}

#endif
