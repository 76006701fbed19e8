/* Which addresses can be hosts on the public Internet: the IANA IPv4 and IPv6 special-purpose address
 * registries (RFC 6890, as of 2025) and multicast, in one table per family.
 *
 * A table as the registries print it can be checked against them row by row. Scanning it costs 5-10 ns,
 * so the few first octets (first groups) that occur in it are sorted out before: 1-2 ns for nearly all
 * clients. The registries' "N/A" rows (6to4, Teredo, the relay prefix) count as global: such hosts
 * answered on the public Internet.
 *
 * Threads: pure functions. */
#include "base/ip.h"

struct v4_row {
    uint32_t network;
    uint8_t bits;
    bool global;
};

/* the first row that holds the address decides */
static const struct v4_row v4_rows[] = {
    {0xc0000009, 32, true},  /* 192.0.0.9, Port Control Protocol anycast, RFC 7723 */
    {0xc000000a, 32, true},  /* 192.0.0.10, TURN anycast, RFC 8155 */
    {0x00000000, 8, false},  /* 0.0.0.0/8, this network, RFC 791 */
    {0x0a000000, 8, false},  /* 10.0.0.0/8, private, RFC 1918 */
    {0x64400000, 10, false}, /* 100.64.0.0/10, shared, RFC 6598 */
    {0x7f000000, 8, false},  /* 127.0.0.0/8, loopback, RFC 1122 */
    {0xa9fe0000, 16, false}, /* 169.254.0.0/16, link-local, RFC 3927 */
    {0xac100000, 12, false}, /* 172.16.0.0/12, private, RFC 1918 */
    {0xc0000000, 24, false}, /* 192.0.0.0/24, protocol assignments, RFC 6890 */
    {0xc0000200, 24, false}, /* 192.0.2.0/24, documentation, RFC 5737 */
    {0xc0586302, 32, false}, /* 192.88.99.2, 6a44 relay, RFC 6751 */
    {0xc0a80000, 16, false}, /* 192.168.0.0/16, private, RFC 1918 */
    {0xc6120000, 15, false}, /* 198.18.0.0/15, benchmarking, RFC 2544 */
    {0xc6336400, 24, false}, /* 198.51.100.0/24, documentation, RFC 5737 */
    {0xcb007100, 24, false}, /* 203.0.113.0/24, documentation, RFC 5737 */
    {0xe0000000, 3, false},  /* 224.0.0.0/4 multicast, RFC 5771; 240.0.0.0/4 reserved, RFC 1112 */
};

struct v6_row {
    uint64_t high, low;
    uint8_t bits;
    bool global;
};

static const struct v6_row v6_rows[] = {
    {0x0064ff9b00000000, 0, 96, true},  /* 64:ff9b::/96, IPv4 behind a NAT64, RFC 6052 */
    {0x2001000000000000, 0, 32, true},  /* 2001::/32, Teredo, RFC 4380 */
    {0x2001000100000000, 1, 128, true}, /* 2001:1::1, Port Control Protocol anycast, RFC 7723 */
    {0x2001000100000000, 2, 128, true}, /* 2001:1::2, TURN anycast, RFC 8155 */
    {0x2001000100000000, 3, 128, true}, /* 2001:1::3, DNS-SD service registration anycast, RFC 9665 */
    {0x2001000300000000, 0, 32, true},  /* 2001:3::/32, AMT, RFC 7450 */
    {0x2001000401120000, 0, 48, true},  /* 2001:4:112::/48, AS112, RFC 7535 */
    {0x2001002000000000, 0, 28, true},  /* 2001:20::/28, ORCHIDv2, RFC 7343 */
    {0x2001003000000000, 0, 28, true},  /* 2001:30::/28, drone remote identification, RFC 9374 */
    {0x2001000000000000, 0, 23, false}, /* 2001::/23, protocol assignments, RFC 2928 */
    {0x20010db800000000, 0, 32, false}, /* 2001:db8::/32, documentation, RFC 3849 */
    {0x3fff000000000000, 0, 20, false}, /* 3fff::/20, documentation, RFC 9637 */
    {0x2000000000000000, 0, 3, true},   /* 2000::/3, all global unicast there is, RFC 4291 */
    {0, 0, 0, false}, /* unassigned, 100::/64 discard, 5f00::/16 segment routing, fc00::/7 unique-local,
                       * fe80::/10 link-local, ff00::/8 multicast */
};

static bool v4_occurs(uint32_t first_octet) {
    switch (first_octet) {
    case 0:
    case 10:
    case 100:
    case 127:
    case 169:
    case 172:
    case 192:
    case 198:
    case 203: return true;
    default: return first_octet >= 224;
    }
}

static bool v4_is_global(uint32_t address) {
    if (!v4_occurs(address >> 24)) {
        return true;
    }
    for (size_t index = 0; index < sizeof v4_rows / sizeof v4_rows[0]; index++) {
        const struct v4_row *row = &v4_rows[index];
        if ((address ^ row->network) >> (32 - row->bits) == 0) {
            return row->global;
        }
    }
    return true;
}

static bool v6_row_holds(const struct v6_row *row, uint64_t high, uint64_t low) {
    uint64_t high_mask = row->bits == 0 ? 0 : row->bits >= 64 ? UINT64_MAX : ~(UINT64_MAX >> row->bits);
    uint64_t low_mask = row->bits <= 64 ? 0 : row->bits == 128 ? UINT64_MAX : ~(UINT64_MAX >> (row->bits - 64));
    return ((high ^ row->high) & high_mask) == 0 && ((low ^ row->low) & low_mask) == 0;
}

static bool v6_is_global(uint64_t high, uint64_t low) {
    uint64_t first_group = high >> 48;
    if (first_group >> 13 == 1 && first_group != 0x2001 && first_group != 0x3fff) {
        return true;
    }
    size_t index = 0;
    while (!v6_row_holds(&v6_rows[index], high, low)) {
        index++; /* ends: the last row holds every address */
    }
    return v6_rows[index].global;
}

bool ip_is_global(const struct ip *ip) {
    uint64_t words[2];
    memcpy(words, ip->bytes, sizeof words);
    uint64_t high = __builtin_bswap64(words[0]), low = __builtin_bswap64(words[1]);
    if (high == 0 && low >> 32 == 0xffff) {
        return v4_is_global((uint32_t)low);
    }
    return v6_is_global(high, low);
}

bool ip_is_internal(const struct ip *ip) {
    const uint8_t *bytes = ip->bytes;
    if (!ip_is_v4(ip)) {
        static const struct ip loopback = {.bytes = {[15] = 1}};
        return (bytes[0] & 0xfe) == 0xfc || (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80) ||
               memcmp(ip, &loopback, sizeof loopback) == 0;
    }
    const uint8_t *quad = bytes + 12;
    return quad[0] == 10 || quad[0] == 127 || (quad[0] == 172 && (quad[1] & 0xf0) == 16) ||
           (quad[0] == 192 && quad[1] == 168) || (quad[0] == 100 && (quad[1] & 0xc0) == 64) ||
           (quad[0] == 169 && quad[1] == 254);
}
