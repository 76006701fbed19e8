/* HMAC by libnettle, whose functions allocate nothing and take no locks. A key is taken up once per period, an address once in a row.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#define XXH_INLINE_ALL
#include "sinks/disguise.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <xxhash.h>

#include "base/check.h"
#include "sinks/disguise_text.h"

_Static_assert(DISGUISE_SECRET_BYTES >= XXH3_SECRET_SIZE_MIN && DISGUISE_SECRET_BYTES % SHA256_DIGEST_SIZE == 0, "");
_Static_assert(PRIVACY_KEY_BYTES == SHA256_DIGEST_SIZE, "keys are digests of others");

struct disguise *disguise_new(void) {
    struct disguise *disguise = calloc(1, sizeof *disguise);
    if (disguise == NULL) return NULL;
    /* address space: real records touch a page or two */
    void *scratch = mmap(NULL, DISGUISE_SCRATCH_BYTES, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (scratch != MAP_FAILED) disguise->scratch = scratch;
    if (disguise->scratch != NULL) return disguise;
    disguise_free(disguise);
    return NULL;
}

void disguise_free(struct disguise *disguise) {
    if (disguise == NULL) return;
    if (disguise->scratch != NULL) munmap(disguise->scratch, DISGUISE_SCRATCH_BYTES);
    explicit_bzero(disguise, sizeof *disguise);
    free(disguise);
}

void disguise_use(struct disguise *disguise, const struct privacy *privacy) {
    disguise->rule = &privacy->unknown;
    if (disguise->privacy == privacy) return;
    disguise->privacy = privacy;
    disguise->keyed = NULL;
    hmac_sha256_set_key(&disguise->id_key, PRIVACY_KEY_BYTES, privacy->id_key);
    for (uint8_t i = 0; i < DISGUISE_SECRET_BYTES / SHA256_DIGEST_SIZE; i++) {
        hmac_sha256_update(&disguise->id_key, 1, &i); /* event.id's own are 16 bytes long */
        hmac_sha256_digest(&disguise->id_key, SHA256_DIGEST_SIZE, disguise->id_secret + i * SHA256_DIGEST_SIZE);
    }
}

/* --- what a record is about ------------------------------------------------------------------------- */

void disguise_line(struct disguise *disguise) {
    disguise->rule = &disguise->privacy->unknown;
    disguise->time_ns = 0;
    disguise->kept_count = 0;
    disguise->has_client = false;
}

void disguise_sum(struct disguise *disguise, const struct ip *client, uint16_t country, int64_t time_ns) {
    disguise_line(disguise);
    disguise->rule = privacy_rule_of_country(disguise->privacy, country);
    disguise->time_ns = time_ns;
    disguise->has_client = true;
    disguise->client = *client;
    if (disguise->rule->address == PRIVACY_KEEP) disguise->kept[disguise->kept_count++] = *client;
}

void disguise_record(struct disguise *disguise, const struct record *record) {
    const struct client *client = &record->client;
    disguise_line(disguise);
    disguise->rule = privacy_rule_of(disguise->privacy, record->residency);
    disguise->time_ns = record->time.ns;
    disguise->has_client = client->resolved;
    disguise->client = client->ip;
    if (disguise->rule->address != PRIVACY_KEEP || !client->resolved) return;
    disguise->kept[disguise->kept_count++] = client->ip;
    if (record->has_peer) disguise->kept[disguise->kept_count++] = record->peer.address.ip;
    if (client->has_via) disguise->kept[disguise->kept_count++] = client->via;
}

/* --- addresses -------------------------------------------------------------------------------------- */

static struct ip network_of(const struct ip *ip, uint32_t bits) {
    struct ip network = *ip;
    for (uint32_t i = 0; i < sizeof network.bytes; i++) {
        uint32_t left = bits > 8 * i ? bits - 8 * i : 0;
        if (left < 8) network.bytes[i] &= (uint8_t)(0xff00u >> left);
    }
    return network;
}

/* 6to4 has a whole IPv4 address in its first 48 bits; in the other transition addresses the client's stands behind the first 64. */
static struct ip truncated(const struct privacy_rule *rule, const struct ip *ip) {
    if (ip_is_v4(ip)) return network_of(ip, 96 + rule->v4_bits);
    bool is_6to4 = ip->bytes[0] == 0x20 && ip->bytes[1] == 0x02;
    uint32_t bits = rule->v6_bits, most = is_6to4 ? 16u + rule->v4_bits : bits;
    return network_of(ip, bits < most ? bits : most);
}

/* Of a rule that is not the one before, or of another period. */
static void take_key(struct disguise *disguise, const struct privacy_rule *rule, int64_t period) {
    uint8_t key[SHA256_DIGEST_SIZE], digits[sizeof period];
    disguise->keyed = rule;
    disguise->period = period;
    disguise->knows = false;
    hmac_sha256_set_key(&disguise->address_key, PRIVACY_KEY_BYTES, rule->key);
    if (rule->rotate_seconds == 0) return;
    for (size_t i = 0; i < sizeof digits; i++) digits[i] = (uint8_t)((uint64_t)period >> 8 * i);
    hmac_sha256_update(&disguise->address_key, sizeof digits, digits);
    hmac_sha256_digest(&disguise->address_key, sizeof key, key);
    hmac_sha256_set_key(&disguise->address_key, sizeof key, key);
    explicit_bzero(key, sizeof key);
}

static int64_t period_of(const struct privacy_rule *rule, int64_t time_ns) {
    if (rule->rotate_seconds == 0) return 0;
    int64_t length = rule->rotate_seconds * INT64_C(1000000000);
    return time_ns / length - (time_ns % length < 0);
}

static struct ip pseudonym(struct disguise *disguise, const struct privacy_rule *rule, const struct ip *ip) {
    int64_t period = period_of(rule, disguise->time_ns);
    if (disguise->keyed != rule || disguise->period != period) take_key(disguise, rule, period);
    if (disguise->knows && memcmp(&disguise->known, ip, sizeof *ip) == 0) return disguise->known_as;
    disguise->known = *ip;
    disguise->known_as.bytes[0] = 0xfd;
    hmac_sha256_update(&disguise->address_key, sizeof ip->bytes, ip->bytes);
    hmac_sha256_digest(&disguise->address_key, sizeof ip->bytes - 1, disguise->known_as.bytes + 1);
    disguise->knows = true;
    return disguise->known_as;
}

bool disguise_keeps(const struct disguise *disguise, const struct ip *ip) {
    for (uint32_t i = 0; i < disguise->kept_count; i++)
        if (memcmp(&disguise->kept[i], ip, sizeof *ip) == 0) return true;
    return !ip_is_global(ip) || disguise_keeps_all(disguise);
}

struct ip disguise_address(struct disguise *disguise, const struct ip *ip) {
    if (disguise_keeps(disguise, ip)) return *ip;
    const struct privacy_rule *rule = disguise->rule;
    if (rule->address == PRIVACY_KEEP) rule = &disguise->privacy->unknown;
    switch ((enum privacy_address)rule->address) {
    case PRIVACY_TRUNCATE: return truncated(rule, ip);
    case PRIVACY_HMAC: return pseudonym(disguise, rule, ip);
    default: return ip_is_v4(ip) ? network_of(ip, 96) : (struct ip){{0}};
    }
}

/* --- event.id --------------------------------------------------------------------------------------- */

static void write_keyed(const struct disguise *disguise, const void *text, size_t bytes, char *out) {
    static const char digits[] = "0123456789abcdef";
    uint8_t digest[HASH_ID_DIGITS / 2];
    struct hmac_sha256_ctx key = disguise->id_key;
    hmac_sha256_update(&key, bytes, text);
    hmac_sha256_digest(&key, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
}

void disguise_id(const struct disguise *disguise, char id[HASH_ID_DIGITS]) {
    char plain[HASH_ID_DIGITS];
    memcpy(plain, id, sizeof plain);
    write_keyed(disguise, plain, sizeof plain, id);
}

void disguise_event_id(const struct disguise *disguise, const struct hash_line *line, char *out) {
    XXH3_state_t state;
    XXH3_128bits_reset_withSecret(&state, disguise->id_secret, sizeof disguise->id_secret);
    XXH3_128bits_update(&state, line->origin_name.ptr, line->origin_name.len);
    XXH3_128bits_update(&state, "", 1);
    XXH3_128bits_update(&state, &line->position, sizeof line->position);
    if (line->message_line != 0) XXH3_128bits_update(&state, &line->message_line, sizeof line->message_line);
    XXH3_128bits_update(&state, line->line.ptr, line->line.len);
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(&state));
    write_keyed(disguise, canonical.digest, sizeof canonical.digest, out);
}
