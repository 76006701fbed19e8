/* What stands for an address once it leaves, and for event.id: a worker's memory of keys, and of the address before.
 *
 * Keys come from schemas/privacy.h. Whoever has one can say which address a pseudonym stands for by making those of all that he asks
 * about; without it nobody can, however few addresses there are to try.
 *
 *   pseudonym  fd, and the first 15 bytes of HMAC-SHA-256(key of the period, the 16 bytes of the address; IPv4 as ::ffff:a.b.c.d)
 *   period     `key` itself without rotate; else HMAC-SHA-256(key, time / rotate as 8 bytes, little endian)
 *   event.id   the first 16 bytes of HMAC-SHA-256(id_key, H(origin name, NUL, position, line of the message, line)): what goes into it is
 *              what goes into that of hash_event_id. H is XXH3-128 under a secret of id_key: it makes a line short (HMAC-SHA-256 of all of it took three
 *              times as long, and twenty without SHA instructions); with the secret nobody can make two lines meet in it, and what it gives is never seen.
 *
 * Threads: a disguise belongs to one worker. */
#ifndef WHEREFROM_DISGUISE_H
#define WHEREFROM_DISGUISE_H

#include <nettle/hmac.h>

#include "base/hash.h"
#include "base/ip.h"
#include "schemas/privacy.h"
#include "schemas/record.h"

#define DISGUISE_KEPT_MAX 3u
#define DISGUISE_SECRET_BYTES 192u

struct disguise {
    const struct privacy *privacy; /* in force */
    struct hmac_sha256_ctx id_key;
    uint8_t id_secret[DISGUISE_SECRET_BYTES];
    /* Of the record: */
    const struct privacy_rule *rule;
    int64_t time_ns;
    uint32_t kept_count;
    struct ip kept[DISGUISE_KEPT_MAX]; /* addresses that stay; of PRIVACY_KEEP */
    bool has_client;
    struct ip client;
    /* What was worked out last: */
    const struct privacy_rule *keyed; /* whose address_key that is; NULL: nobody's */
    int64_t period;
    struct hmac_sha256_ctx address_key;
    bool knows; /* by `keyed` and `period`: */
    struct ip known, known_as;
    /* A text that stays whatever is in it: the path of the input, which names the node of a balancer. Kept apart so that it is
     * found by its first address. */
    struct slice spared;
    uint32_t spared_address; /* offset of that; only when `spared` is not empty */
    char *scratch;           /* DISGUISE_SCRATCH_BYTES: a record as it was */
};

/* NULL when memory is short. */
struct disguise *disguise_new(void);
void disguise_free(struct disguise *disguise); /* NULL is fine; wipes it */

/* Uses the keys of `privacy`, which stays as long as it is used. Cheap when it is used already. */
void disguise_use(struct disguise *disguise, const struct privacy *privacy);

/* What follows is about that record; or about a line that is none. */
void disguise_record(struct disguise *disguise, const struct record *record);
void disguise_line(struct disguise *disguise);
/* Or a sum over records of a client, of which a part of the address may be known, at some time. `country`: of the client, COUNTRY_NONE when it
 * has none. */
void disguise_sum(struct disguise *disguise, const struct ip *client, uint16_t country, int64_t time_ns);

/* Whether an address leaves as it is: no host on the Internet has it, or it is one of those that are kept. */
bool disguise_keeps(const struct disguise *disguise, const struct ip *ip);
static inline bool disguise_keeps_all(const struct disguise *disguise) {
    return disguise->rule->address == PRIVACY_KEEP && disguise->privacy->unknown.address == PRIVACY_KEEP;
}
/* What leaves instead of the others; with PRIVACY_DROP 0.0.0.0 or ::. */
struct ip disguise_address(struct disguise *disguise, const struct ip *ip);

/* What stands for an id that was made without a key, in place. */
void disguise_id(const struct disguise *disguise, char id[HASH_ID_DIGITS]);

/* As hash_event_id. */
void disguise_event_id(const struct disguise *disguise, const struct hash_line *line, char *out);

#endif
