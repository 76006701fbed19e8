/* Addresses in any text, however they are written there: what must not leave is looked for in the bytes that leave, whatever column, header or
 * claim they came from.
 *
 *   81.2.69.142  081.002.069.142  81-2-69-142  81_2_69_142      quads; also at the end of more digits, and in the middle of words
 *   142.69.2.81.in-addr.arpa                                    and backwards
 *   2a02:ec80:300::5  ::ffff:81.2.69.142  ::ffff:5102:458e      IPv6 in any case, with a zone or brackets around it or not
 *   2a02:ec80:300:1:5:6                                         and what is left of one that was cut, from five groups on
 *   each character as it is, as %HH, %25HH and so on, %u00HH, \u00HH, \xHH, with any number of backslashes
 *
 * Dashes and underscores only with four parts and no digit in front of the first: others are dates.
 *
 * Not: numbers without separators (1359103374, 0x5102458e), parts that are octal or hexadecimal, names, base64, what is compressed or encrypted.
 *
 * Only addresses that can be hosts on the public Internet are found: others name nobody (base/ip.h). Nor is a quad that ends in .0.0.0,
 * which is no host's: browsers have versions like that.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_ADDRESS_FIND_H
#define WHEREFROM_ADDRESS_FIND_H

#include "base/ip.h"

/* Bytes behind a text that may be read. */
#define ADDRESS_FIND_PADDING 64u

struct address_found {
    const char *stop;       /* where the address ends */
    const char *from, *end; /* the text that shall be replaced: digits that follow a quad count as its own */
    struct ip ip;
    char separator; /* of a quad: '.', '-', '_'; ':' of IPv6 */
    bool doubtful; /* what may be parts of a date, or groups of an address that is internal; unless somebody knows it */
    bool backwards;    /* a quad that stands in front of .in-addr.arpa: `ip` is the right way round */
    bool has_port;     /* IPv6 whose last group may be a port, without which it would be: */
    struct ip without; /* and end there: */
    const char *without_end;
};

/* Where the search stands. */
struct address_finder {
    const char *text, *end;
    const char *from;         /* nothing in front of it is part of an address any more */
    const char *internal_end; /* of the last address that is no host's on the Internet */
    const char *block;        /* bytes that are looked at */
    uint64_t marks;           /* a bit for each of them where an address may be, see address_find.c */
};

void address_finder_init(struct address_finder *finder, struct slice text);
/* The next one, in order; false: there is none any more. `from` may be set to any place behind the start of the last one. */
bool address_finder_next(struct address_finder *finder, struct address_found *found);

#endif
