/* The PROXY protocol, versions 1 and 2: bytes in front of a connection's data that say who opened it.
 *
 * Spec: HAProxy's proxy-protocol.txt, sections 2.1 and 2.2; AWS's 0xEA: Network Load Balancer user guide, Proxy protocol. Read the
 * strict way: whoever sends this is a proxy of ours, and a header that is nearly one was made by somebody else.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_PROXY_HEADER_PARSE_H
#define WHEREFROM_PROXY_HEADER_PARSE_H

#include "schemas/proxy_header.h"

enum proxy_parse {
    PROXY_DONE,
    PROXY_MORE, /* good so far: call again with the same bytes and more behind them */
    PROXY_BAD   /* no header, whatever follows */
};

/* There is no way to accept a connection without a header: the spec forbids to guess, since the client would then write its own. */
enum proxy_accept { PROXY_ACCEPT_V1, PROXY_ACCEPT_V2, PROXY_ACCEPT_EITHER };

/* Parses the header that `bytes` begin with; keeps no state and reads nothing outside `bytes`. PROXY_HEADER_BYTES_MAX bytes are always
 * enough for an answer other than MORE.
 *   DONE  *out is the header, whose slices point into `bytes`, and *consumed its length. What follows is data, also where it looks like
 *         one more header: that was sent by somebody further out.
 *   MORE  *out is unspecified.
 *   BAD   *out is `garbled`, *reason a short constant text: signature, version, command, family, length, tlv-length, tlv-repeated,
 *         crc32c, vpce, v1-protocol, v1-line-end, v1-too-long, v1-address, v1-port. Said as soon as it is certain, except that addresses
 *         and TLVs wait for the whole header.
 * *consumed is 0 and *reason NULL where nothing else is said.
 *
 * Version 1: one space between words, addresses as ip_parse takes them and of the family named, ports without leading zeros. Behind
 * UNKNOWN the line may hold anything.
 * Version 2: LOCAL, and PROXY with an unspecified family or transport, are skipped by their length, whatever they hold. Of all others
 * the TLVs must fill the header exactly, those that are kept may come once, and a CRC32C must be right. Not kept: sockets of
 * UNIX, NOOP, and TLVs that we do not know, with Azure's 0xEE and Google's 0xE0 among them. */
enum proxy_parse proxy_header_parse(struct slice bytes, enum proxy_accept accept, struct proxy_header *out,
                                    size_t *consumed, const char **reason) __attribute__((warn_unused_result));

#endif
