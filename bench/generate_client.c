/* Skew without a table: a rank drawn evenly within an octave drawn evenly has a density of 1/rank, which is Zipf's law
 * with exponent 1 in steps of two. Integers only, so no machine's rounding can change the corpus.
 *
 * Threads: pure functions. */
#include "bench/generate_client.h"

#include <stddef.h>

/* First octets that the five registries have handed out almost whole; those with private, shared, documentation or
 * benchmark ranges inside (10 100 127 169 172 192 198 203) are left out whole, and so are the old military ones. */
static const uint8_t ipv4_blocks[] = {
    /* APNIC */ 1,
    14,
    27,
    36,
    39,
    42,
    43,
    49,
    58,
    59,
    60,
    61,
    101,
    103,
    106,
    110,
    111,
    112,
    113,
    114,
    115,
    116,
    117,
    118,
    119,
    120,
    121,
    122,
    123,
    124,
    125,
    126,
    150,
    153,
    163,
    171,
    175,
    180,
    182,
    183,
    202,
    210,
    211,
    218,
    219,
    220,
    221,
    222,
    223,
    /* RIPE */ 2,
    5,
    31,
    37,
    46,
    62,
    77,
    78,
    79,
    80,
    81,
    82,
    83,
    84,
    85,
    86,
    87,
    88,
    89,
    90,
    91,
    92,
    93,
    94,
    95,
    109,
    141,
    145,
    151,
    176,
    178,
    185,
    188,
    193,
    194,
    195,
    212,
    213,
    217,
    /* ARIN */ 3,
    4,
    8,
    12,
    13,
    18,
    20,
    23,
    24,
    34,
    35,
    40,
    44,
    45,
    47,
    50,
    52,
    54,
    63,
    64,
    65,
    66,
    67,
    68,
    69,
    70,
    71,
    72,
    73,
    74,
    75,
    76,
    96,
    97,
    98,
    99,
    104,
    107,
    108,
    142,
    162,
    166,
    173,
    174,
    184,
    199,
    204,
    206,
    207,
    208,
    209,
    216,
    /* LACNIC */ 177,
    179,
    181,
    186,
    187,
    189,
    190,
    191,
    200,
    201,
    /* AFRINIC */ 41,
    102,
    105,
    154,
    196,
    197,
};

/* The upper 32 bits of IPv6 blocks, each one allocation of a registry in a country of its own (the widest ones, by the
 * registries' delegation statistics), and how many of those bits are free. Large countries come more than once. */
static const struct {
    uint32_t prefix;
    uint32_t free_bits;
} ipv6_blocks[] = {
    {0x26300000, 16}, {0x26300000, 16}, {0x240e0000, 14}, {0x240e0000, 14}, {0x2a080000, 13}, {0x20030000, 13},
    {0x20018000, 13}, {0x2c0e2000, 12}, {0x24000000, 12}, {0x24002000, 12}, {0x2a012000, 12}, {0x240ae000, 12},
    {0x240ae000, 12}, {0x2a01d000, 12}, {0x2c0e0000, 12}, {0x28002000, 12}, {0x2001b000, 11}, {0x20012800, 11},
    {0x2a011000, 11}, {0x20011c00, 9},  {0x2a029000, 9},  {0x28001000, 8},  {0x20014600, 8},  {0x28061000, 8},
    {0x2c0e6000, 8},  {0x26001600, 8},  {0x2a021800, 8},  {0x2a051a00, 6},  {0x2a042400, 5},  {0x2400adc0, 5},
    {0x2a108000, 5},  {0x20011700, 5},  {0x28040d40, 5},  {0x28040d40, 5},  {0x24044400, 4},  {0x2c0f26c0, 4},
    {0x2a02ab80, 4},  {0x20012010, 4},  {0x2a020a40, 4},  {0x280000e0, 4},  {0x2a001610, 4},  {0x2a0017a0, 3},
};

#define COUNT(table) ((uint32_t)(sizeof(table) / sizeof(table)[0]))

uint32_t generate_client_pick(struct dice *dice, uint64_t line, uint64_t lines, uint32_t clients) {
    uint64_t first_visits = line * clients / lines;
    if ((line + 1) * clients / lines > first_visits) return (uint32_t)(first_visits % clients) + 1;
    uint32_t bits = 32 - (uint32_t)__builtin_clz(clients);
    uint32_t rank;
    do rank = dice_octaves(dice, bits);
    while (rank > clients);
    return rank;
}

void generate_client_put_ipv4(struct put *out, uint64_t identity) {
    put_number(out, ipv4_blocks[dice_scale(identity, COUNT(ipv4_blocks))]);
    put_char(out, '.');
    put_number(out, identity & 255);
    put_char(out, '.');
    put_number(out, identity >> 8 & 255);
    put_char(out, '.');
    put_number(out, 1 + (identity >> 16 & 255) % 254);
}

static void put_ipv6(struct put *out, uint64_t identity) {
    uint32_t block = dice_scale(identity, COUNT(ipv6_blocks));
    uint64_t network = dice_hash(identity, 1);
    uint32_t upper = ipv6_blocks[block].prefix | ((uint32_t)network & ((1u << ipv6_blocks[block].free_bits) - 1));
    put_hex_short(out, upper >> 16);
    put_char(out, ':');
    put_hex_short(out, upper & 0xffff);
    put_char(out, ':');
    put_hex_short(out, 1 + (uint32_t)(network >> 32) % 0xffff);
    put_char(out, ':');
    put_hex_short(out, 1 + (uint32_t)(network >> 48) % 0xffff);
    uint64_t interface = dice_hash(identity, 2);
    if (interface % 16 == 0) { /* numbered by hand: the last 64 bits are a small number behind zeros */
        put_text(out, "::");
        put_hex_short(out, 1 + (uint32_t)(interface >> 32) % 0xfff);
        return;
    }
    for (int shift = 48; shift >= 0; shift -= 16) {
        put_char(out, ':');
        put_hex_short(out, 1 + (uint32_t)(interface >> shift & 0xffff) % 0xffff); /* never 0: nothing to shorten */
    }
}

void generate_client_put_address(struct put *out, uint32_t rank, uint64_t identity) {
    /* by rank, not by hash: the few busiest clients carry so many lines that chance would miss the 15 % by far */
    if ((uint64_t)rank * 37 % 100 < 15)
        put_ipv6(out, identity);
    else
        generate_client_put_ipv4(out, identity);
}
