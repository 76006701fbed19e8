/* Nearly all of a text is copied in a few large pieces.
 *
 * Threads: see the header. */
#define _GNU_SOURCE /* mempcpy */
#include "sinks/disguise_text.h"

#include "base/check.h"

static bool is_same(const struct ip *a, const struct ip *b) {
    return memcmp(a, b, sizeof *a) == 0;
}

/* Whether the record is about it. */
static bool is_known(const struct disguise *disguise, const struct ip *ip) {
    for (uint32_t i = 0; i < disguise->kept_count; i++)
        if (is_same(&disguise->kept[i], ip)) return true;
    return disguise->has_client && is_same(&disguise->client, ip);
}

static struct ip turned(const struct ip *ip) {
    struct ip other = *ip;
    for (uint32_t i = 12; i < 16; i++) other.bytes[i] = ip->bytes[27 - i];
    return other;
}

/* What an address in a text can also be: one and a port behind it, or the client's quad backwards, whose parts that are left would
 * complete what is told of it elsewhere. */
static void settle(const struct disguise *disguise, struct address_found *found) {
    if (found->has_port && is_known(disguise, &found->without)) {
        found->ip = found->without;
        found->stop = found->end = found->without_end;
    }
    struct ip other = turned(&found->ip);
    bool known = is_known(disguise, &found->ip);
    if (found->separator != ':' && !found->backwards && !known && is_known(disguise, &other)) {
        found->ip = other;
        found->backwards = known = true;
    }
    found->doubtful = found->doubtful && !known;
}

#define AS_BYTES_MAX (IP_TEXT_BYTES_MAX + 8u)

/* Writes what stands for an address in the form that it has; at most AS_BYTES_MAX bytes, all of which may be written. */
static uint32_t put_disguised(struct disguise *disguise, const struct address_found *found, size_t room, char *out) {
    struct ip ip = disguise_address(disguise, &found->ip);
    if (found->backwards && ip_is_v4(&ip)) ip = turned(&ip);
    const struct slice prefix = found->separator == ':' && ip_is_v4(&ip) ? SLICE("::ffff:") : SLICE("");
    memcpy(out, prefix.ptr, prefix.len);
    uint32_t bytes = (uint32_t)prefix.len + ip_format(&ip, out + prefix.len);
    if (bytes > room) {
        const struct slice nothing = found->separator == ':' ? SLICE("::") : SLICE("0.0.0.0");
        bytes = (uint32_t)nothing.len;
        memcpy(out, nothing.ptr, bytes);
    }
    if (found->separator != ':')
        for (uint32_t i = 0; i < bytes; i++)
            if (out[i] == '.') out[i] = found->separator;
    return bytes;
}

/* The end of the text that is spared when the address is its first. */
static const char *spared_end(const struct disguise *disguise, const char *start, const struct address_found *found,
                              const char *end) {
    const struct slice spared = disguise->spared;
    if (spared.len == 0 || (size_t)(found->from - start) < disguise->spared_address) return NULL;
    const char *from = found->from - disguise->spared_address;
    return slice_starts_with((struct slice){from, (size_t)(end - from)}, spared) ? from + spared.len : NULL;
}

size_t disguise_text(struct disguise *disguise, struct slice text, char *out, size_t room) {
    const char *copied = text.ptr, *end = text.ptr + text.len;
    char *start = out;
    ASSERT(copied != NULL);
    size_t spare = room > text.len ? room - text.len : 0; /* by which it may grow */
    struct address_finder finder;
    struct address_found found;
    if (disguise_keeps_all(disguise)) return (size_t)((char *)mempcpy(out, text.ptr, text.len) - start);
    address_finder_init(&finder, text);
    while (address_finder_next(&finder, &found)) {
        const char *behind = spared_end(disguise, text.ptr, &found, end);
        if (behind == NULL) settle(disguise, &found);
        if (found.doubtful) behind = found.from + 1;
        if (behind == NULL && disguise_keeps(disguise, &found.ip)) behind = found.stop;
        if (behind != NULL) {
            finder.from = behind;
            continue;
        }
        char as[AS_BYTES_MAX];
        size_t had = (size_t)(found.end - found.from);
        uint32_t bytes = put_disguised(disguise, &found, had + spare, as);
        ASSERT(bytes <= had + spare);
        out = mempcpy(out, copied, (size_t)(found.from - copied));
        out = mempcpy(out, as, bytes);
        spare = had + spare - bytes;
        copied = finder.from = found.end;
    }
    ASSERT(copied != NULL);
    out = mempcpy(out, copied, (size_t)(end - copied));
    return (size_t)(out - start);
}

void disguise_spare(struct disguise *disguise, struct slice text) {
    struct address_finder finder;
    struct address_found found;
    disguise->spared.len = 0;
    ASSERT(text.len + ADDRESS_FIND_PADDING <= DISGUISE_SCRATCH_BYTES);
    char *copy = memcpy(disguise->scratch, text.ptr, text.len); /* what stands behind a name is not ours to read */
    address_finder_init(&finder, (struct slice){copy, text.len});
    if (!address_finder_next(&finder, &found)) return;
    disguise->spared = text;
    disguise->spared_address = (uint32_t)(found.from - copy);
}
