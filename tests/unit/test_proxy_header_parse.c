/* PROXY protocol headers: what they say, where they end, what is none, and that neither a cut nor a wrong bit makes another one.
 *
 * Headers end at an unreadable page. Those of the folder WHEREFROM_SHARED are real ones.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "ingest/proxy_header_parse.h"
#include "schemas/limits.h"
#include "tests/unit/guard.h"
#include "tests/unit/seeded.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define TCP4 "\x51\x02\x45\x8e\x0a\x00\x03\x07\xc3\x50\x01\xbb" /* 81.2.69.142:50000 to 10.0.3.7:443 */
#define TCP6                                     \
    "\x20\x01\x02\x18\0\0\0\0\0\0\0\0\0\0\0\x01" \
    "\xfd\x00\x0e\xc2\0\0\0\0\0\0\0\0\0\0\0\x07" \
    "\x00\x00\xff\xff"
#define MAPPED                                     \
    "\0\0\0\0\0\0\0\0\0\0\xff\xff\x51\x02\x45\x8e" \
    "\xfd\x00\x0e\xc2\0\0\0\0\0\0\0\0\0\0\0\x07"   \
    "\x00\x50\x01\xbb"
#define EIGHT(byte) byte byte byte byte byte byte byte byte
#define SOCKET EIGHT("/") EIGHT("/") EIGHT("/") EIGHT("/") EIGHT("/") EIGHT("/") EIGHT("/") EIGHT("/") /* 64 bytes */
#define SOCKETS SOCKET SOCKET SOCKET EIGHT("a") EIGHT("b") EIGHT("c")
#define DATA "GET / HTTP/1.1\r\n\r\n"

struct answer {
    enum proxy_parse parse;
    struct proxy_header header;
    size_t consumed;
    const char *reason;
};

static struct answer ask(struct slice bytes, enum proxy_accept accept) {
    struct answer answer;
    memset(&answer, 0x55, sizeof answer);
    answer.parse = proxy_header_parse(bytes, accept, &answer.header, &answer.consumed, &answer.reason);
    return answer;
}

static void check_bad(const struct answer *answer, const char *reason, const char *what) {
    if (answer->parse != PROXY_BAD || answer->reason == NULL || strcmp(answer->reason, reason) != 0)
        fail_msg("%s: %d, %s", what, answer->parse, answer->reason != NULL ? answer->reason : "no reason");
    assert_true(answer->header.garbled && !answer->header.has_source && answer->consumed == 0);
}

static void check_ip(const struct ip *ip, const char *expected, const char *what) {
    char text[IP_TEXT_BYTES_MAX];
    struct slice got = {text, ip_format(ip, text)};
    if (!slice_equal(got, slice_from(expected))) fail_msg("%s: %.*s", what, (int)got.len, got.ptr);
}

static void check_text(struct slice got, struct slice expected, const char *what) {
    if (!slice_equal(got, expected) || (got.ptr == NULL) != (expected.ptr == NULL))
        fail_msg("%s: %.*s, not %.*s", what, (int)got.len, got.ptr, (int)expected.len, expected.ptr);
}

/* --- whole headers ------------------------------------------------------------------------------ */

struct header_case {
    const char *what;
    struct slice bytes; /* to the header's last byte */
    uint8_t version, command, family;
    const char *source, *destination; /* NULL: no addresses */
    uint16_t source_port, destination_port;
    bool mapped;
};

/* clang-format off */
static const struct header_case header_cases[] = {
    {"TCP4", SLICE("PROXY TCP4 81.2.69.142 10.0.3.7 50000 443\r\n"), 1, PROXY_PROXY, PROXY_TCP4, "81.2.69.142", "10.0.3.7", 50000, 443, false},
    {"the shortest and longest numbers", SLICE("PROXY TCP4 0.0.0.0 255.255.255.255 0 65535\r\n"), 1, PROXY_PROXY, PROXY_TCP4, "0.0.0.0", "255.255.255.255", 0, 65535, false},
    {"TCP6", SLICE("PROXY TCP6 2001:218::1 FD00:EC2::7 50000 443\r\n"), 1, PROXY_PROXY, PROXY_TCP6, "2001:218::1", "fd00:ec2::7", 50000, 443, false},
    {"TCP6 of IPv4", SLICE("PROXY TCP6 ::ffff:81.2.69.142 ::ffff:a00:307 1 2\r\n"), 1, PROXY_PROXY, PROXY_TCP6, "81.2.69.142", "10.0.3.7", 1, 2, true},
    {"UNKNOWN", SLICE("PROXY UNKNOWN\r\n"), 1, PROXY_PROXY, PROXY_UNSPEC, NULL, NULL, 0, 0, false},
    {"UNKNOWN and a space", SLICE("PROXY UNKNOWN \r\n"), 1, PROXY_PROXY, PROXY_UNSPEC, NULL, NULL, 0, 0, false},
    {"UNKNOWN and words", SLICE("PROXY UNKNOWN 1.2.3.4 ::1 5 x\ty\0\xff\r\n"), 1, PROXY_PROXY, PROXY_UNSPEC, NULL, NULL, 0, 0, false},
    {"UNKNOWN and half ends of line", SLICE("PROXY UNKNOWN \n\r\r\n"), 1, PROXY_PROXY, PROXY_UNSPEC, NULL, NULL, 0, 0, false},
    {"v2 TCP4", SLICE(SIGNATURE "\x21\x11\0\x0c" TCP4), 2, PROXY_PROXY, PROXY_TCP4, "81.2.69.142", "10.0.3.7", 50000, 443, false},
    {"v2 UDP4", SLICE(SIGNATURE "\x21\x12\0\x0c" TCP4), 2, PROXY_PROXY, PROXY_UDP4, "81.2.69.142", "10.0.3.7", 50000, 443, false},
    {"v2 TCP6", SLICE(SIGNATURE "\x21\x21\0\x24" TCP6), 2, PROXY_PROXY, PROXY_TCP6, "2001:218::1", "fd00:ec2::7", 0, 65535, false},
    {"v2 UDP6", SLICE(SIGNATURE "\x21\x22\0\x24" TCP6), 2, PROXY_PROXY, PROXY_UDP6, "2001:218::1", "fd00:ec2::7", 0, 65535, false},
    {"v2 TCP6 of IPv4", SLICE(SIGNATURE "\x21\x21\0\x24" MAPPED), 2, PROXY_PROXY, PROXY_TCP6, "81.2.69.142", "fd00:ec2::7", 80, 443, true},
    {"v2 UNIX stream", SLICE(SIGNATURE "\x21\x31\0\xd8" SOCKETS), 2, PROXY_PROXY, PROXY_UNIX_STREAM, NULL, NULL, 0, 0, false},
    {"v2 UNIX datagram", SLICE(SIGNATURE "\x21\x32\0\xd8" SOCKETS), 2, PROXY_PROXY, PROXY_UNIX_DGRAM, NULL, NULL, 0, 0, false},
    {"v2 unspecified", SLICE(SIGNATURE "\x21\0\0\0"), 2, PROXY_PROXY, PROXY_UNSPEC, NULL, NULL, 0, 0, false},
    {"v2 unspecified, with addresses of somebody", SLICE(SIGNATURE "\x21\0\0\x05" "\xff\xff\xff\xff\xff"), 2, PROXY_PROXY, PROXY_UNSPEC, NULL, NULL, 0, 0, false},
    {"v2 unspecified family", SLICE(SIGNATURE "\x21\x01\0\x01" "\0"), 2, PROXY_PROXY, PROXY_UNSPEC, NULL, NULL, 0, 0, false},
    {"v2 unspecified transport", SLICE(SIGNATURE "\x21\x20\0\x01" "\0"), 2, PROXY_PROXY, PROXY_UNSPEC, NULL, NULL, 0, 0, false},
    {"v2 LOCAL", SLICE(SIGNATURE "\x20\0\0\0"), 2, PROXY_LOCAL, PROXY_UNSPEC, NULL, NULL, 0, 0, false},
    {"v2 LOCAL with addresses", SLICE(SIGNATURE "\x20\x11\0\x0c" TCP4), 2, PROXY_LOCAL, PROXY_UNSPEC, NULL, NULL, 0, 0, false},
    {"v2 LOCAL, whatever it holds", SLICE(SIGNATURE "\x20\xff\0\x02" "\x03\x00"), 2, PROXY_LOCAL, PROXY_UNSPEC, NULL, NULL, 0, 0, false},
};
/* clang-format on */

static void check_header(const struct header_case *expected, const struct answer *answer) {
    const struct proxy_header *header = &answer->header;
    if (answer->parse != PROXY_DONE || answer->reason != NULL || answer->consumed != expected->bytes.len)
        fail_msg("%s: %d, %zu bytes", expected->what, answer->parse, answer->consumed);
    if (header->version != expected->version || header->command != expected->command ||
        header->family != expected->family || header->has_source != (expected->source != NULL) ||
        header->source_mapped != expected->mapped || header->garbled || header->crc_checked || header->has_ssl)
        fail_msg("%s: version %d, command %d, family %d", expected->what, header->version, header->command,
                 header->family);
    if (!header->has_source) return;
    check_ip(&header->source, expected->source, expected->what);
    check_ip(&header->destination, expected->destination, expected->what);
    if (header->source_port != expected->source_port || header->destination_port != expected->destination_port)
        fail_msg("%s: ports %d, %d", expected->what, header->source_port, header->destination_port);
}

static void test_headers(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(header_cases); i++) {
        const struct header_case *expected = &header_cases[i];
        enum proxy_accept own = expected->version == 1 ? PROXY_ACCEPT_V1 : PROXY_ACCEPT_V2;
        enum proxy_accept other = expected->version == 1 ? PROXY_ACCEPT_V2 : PROXY_ACCEPT_V1;
        struct slice bytes = guard_copy(expected->bytes);
        struct answer answer = ask(bytes, PROXY_ACCEPT_EITHER);
        check_header(expected, &answer);
        answer = ask(bytes, own);
        check_header(expected, &answer);
        answer = ask(bytes, other);
        check_bad(&answer, "signature", expected->what);
        answer = ask((struct slice){bytes.ptr, 1}, other);
        check_bad(&answer, "signature", expected->what);
    }
}

/* Every beginning asks for more; what follows, be it one more header, changes nothing. */
static void test_cut_headers(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(header_cases); i++) {
        const struct header_case *expected = &header_cases[i];
        for (size_t length = 0; length < expected->bytes.len; length++) {
            struct answer answer = ask(guard_copy((struct slice){expected->bytes.ptr, length}), PROXY_ACCEPT_EITHER);
            if (answer.parse != PROXY_MORE || answer.consumed != 0 || answer.reason != NULL)
                fail_msg("%s: %d at %zu", expected->what, answer.parse, length);
        }
        static const struct slice behind[] = {SLICE("\n"), SLICE(DATA), SLICE("PROXY TCP4 1.1.1.1 2.2.2.2 3 4\r\n"),
                                              SLICE(SIGNATURE "\x21\x11\0\x0c" TCP4)};
        for (size_t j = 0; j < COUNT_OF(behind); j++) {
            char text[512];
            memcpy(text, expected->bytes.ptr, expected->bytes.len);
            memcpy(text + expected->bytes.len, behind[j].ptr, behind[j].len);
            struct answer answer = ask(guard_copy((struct slice){text, expected->bytes.len + behind[j].len}),
                                       PROXY_ACCEPT_EITHER);
            check_header(expected, &answer);
        }
    }
}

/* --- what is none ------------------------------------------------------------------------------- */

struct bad_case {
    const char *what;
    struct slice bytes; /* to the byte that tells */
    const char *reason;
};

/* clang-format off */
static const struct bad_case bad_cases[] = {
    {"data", SLICE("G"), "signature"},
    {"small letters", SLICE("p"), "signature"},
    {"one letter wrong", SLICE("PROXX"), "signature"},
    {"a tab", SLICE("PROXY\t"), "signature"},
    {"two spaces", SLICE("PROXY  "), "v1-protocol"},
    {"UDP4", SLICE("PROXY U" "D"), "v1-protocol"},
    {"TCP5", SLICE("PROXY TCP5"), "v1-protocol"},
    {"TCP44", SLICE("PROXY TCP44"), "v1-protocol"},
    {"UNKNOWNS", SLICE("PROXY UNKNOWNS"), "v1-protocol"},
    {"UNKNOWN and a CR", SLICE("PROXY UNKNOWN\r\r"), "v1-protocol"},
    {"UNKNOWN and an LF", SLICE("PROXY UNKNOWN\n"), "v1-protocol"},
    {"LF alone", SLICE("PROXY TCP4 1.2.3.4 5.6.7.8 9 10\n"), "v1-line-end"},
    {"CR alone", SLICE("PROXY TCP4 1.2.3.4 5.6.7.8 9 10\rG"), "v1-line-end"},
    {"two CR", SLICE("PROXY TCP4 1.2.3.4 5.6.7.8 9 10\r\r"), "v1-line-end"},
    {"LF CR", SLICE("PROXY TCP4 \n"), "v1-line-end"},
    {"no words", SLICE("PROXY TCP4 \r\n"), "v1-address"},
    {"one word", SLICE("PROXY TCP4 1.2.3.4\r\n"), "v1-address"},
    {"two words", SLICE("PROXY TCP4 1.2.3.4 5.6.7.8\r\n"), "v1-address"},
    {"three words", SLICE("PROXY TCP4 1.2.3.4 5.6.7.8 9\r\n"), "v1-port"},
    {"five words", SLICE("PROXY TCP4 1.2.3.4 5.6.7.8 9 10 11\r\n"), "v1-port"},
    {"a space behind", SLICE("PROXY TCP4 1.2.3.4 5.6.7.8 9 10 \r\n"), "v1-port"},
    {"two spaces in front", SLICE("PROXY TCP4  1.2.3.4 5.6.7.8 9 10\r\n"), "v1-address"},
    {"two spaces between addresses", SLICE("PROXY TCP4 1.2.3.4  5.6.7.8 9 10\r\n"), "v1-address"},
    {"two spaces in front of a port", SLICE("PROXY TCP4 1.2.3.4 5.6.7.8  9 10\r\n"), "v1-port"},
    {"a tab between", SLICE("PROXY TCP4 1.2.3.4\t5.6.7.8 9 10\r\n"), "v1-address"},
    {"a NUL between", SLICE("PROXY TCP4 1.2.3.4\0" "5.6.7.8 9 10\r\n"), "v1-address"},
    {"a leading zero in an address", SLICE("PROXY TCP4 01.2.3.4 5.6.7.8 9 10\r\n"), "v1-address"},
    {"a host name", SLICE("PROXY TCP4 localhost 5.6.7.8 9 10\r\n"), "v1-address"},
    {"three numbers", SLICE("PROXY TCP4 127.1 5.6.7.8 9 10\r\n"), "v1-address"},
    {"IPv6 in TCP4", SLICE("PROXY TCP4 ::1 5.6.7.8 9 10\r\n"), "v1-address"},
    {"a mapped address in TCP4", SLICE("PROXY TCP4 ::ffff:1.2.3.4 5.6.7.8 9 10\r\n"), "v1-address"},
    {"IPv4 in TCP6", SLICE("PROXY TCP6 1.2.3.4 ::1 9 10\r\n"), "v1-address"},
    {"IPv4 as TCP6's destination", SLICE("PROXY TCP6 ::1 1.2.3.4 9 10\r\n"), "v1-address"},
    {"brackets", SLICE("PROXY TCP6 [::1] ::2 9 10\r\n"), "v1-address"},
    {"a zone", SLICE("PROXY TCP6 fe80::1%eth0 ::2 9 10\r\n"), "v1-address"},
    {"a leading zero in a port", SLICE("PROXY TCP4 1.2.3.4 5.6.7.8 09 10\r\n"), "v1-port"},
    {"two zeros", SLICE("PROXY TCP4 1.2.3.4 5.6.7.8 9 00\r\n"), "v1-port"},
    {"a port too large", SLICE("PROXY TCP4 1.2.3.4 5.6.7.8 65536 10\r\n"), "v1-port"},
    {"a port that wraps around", SLICE("PROXY TCP4 1.2.3.4 5.6.7.8 9 18446744073709551626\r\n"), "v1-port"},
    {"a sign", SLICE("PROXY TCP4 1.2.3.4 5.6.7.8 +9 10\r\n"), "v1-port"},
    {"no port", SLICE("PROXY TCP4 1.2.3.4 5.6.7.8 9 \r\n"), "v1-port"},
    {"v2, the last byte of its signature", SLICE("\r\n\r\n\0\r\nQUIT\r"), "signature"},
    {"v2, its second byte", SLICE("\r\r"), "signature"},
    {"version 1 in binary", SLICE(SIGNATURE "\x11"), "version"},
    {"version 3", SLICE(SIGNATURE "\x31"), "version"},
    {"command 2", SLICE(SIGNATURE "\x22"), "command"},
    {"command 15", SLICE(SIGNATURE "\x2f"), "command"},
    {"family 4", SLICE(SIGNATURE "\x21\x41"), "family"},
    {"family 15", SLICE(SIGNATURE "\x21\xf1"), "family"},
    {"family 4, transport 0", SLICE(SIGNATURE "\x21\x40"), "family"},
    {"transport 3", SLICE(SIGNATURE "\x21\x13"), "family"},
    {"family 0, transport 3", SLICE(SIGNATURE "\x21\x03"), "family"},
    {"TCP4 too short", SLICE(SIGNATURE "\x21\x11\0\x0b"), "length"},
    {"TCP4 without addresses", SLICE(SIGNATURE "\x21\x11\0\0"), "length"},
    {"UDP4 too short", SLICE(SIGNATURE "\x21\x12\0\x0b"), "length"},
    {"TCP6 too short", SLICE(SIGNATURE "\x21\x21\0\x23"), "length"},
    {"UDP6 too short", SLICE(SIGNATURE "\x21\x22\0\x23"), "length"},
    {"UNIX stream too short", SLICE(SIGNATURE "\x21\x31\0\xd7"), "length"},
    {"UNIX datagram too short", SLICE(SIGNATURE "\x21\x32\0\xd7"), "length"},
    {"one byte behind the addresses", SLICE(SIGNATURE "\x21\x11\0\x0d" TCP4 "\x04"), "tlv-length"},
    {"one byte behind the sockets", SLICE(SIGNATURE "\x21\x31\0\xd9" SOCKETS "\x04"), "tlv-length"},
};
/* clang-format on */

/* As soon as it is certain and not before; more bytes do not help. */
static void test_bad_headers(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad_cases); i++) {
        const struct bad_case *expected = &bad_cases[i];
        for (size_t length = 0; length < expected->bytes.len; length++) {
            struct answer answer = ask(guard_copy((struct slice){expected->bytes.ptr, length}), PROXY_ACCEPT_EITHER);
            if (answer.parse != PROXY_MORE) fail_msg("%s: %d at %zu", expected->what, answer.parse, length);
        }
        struct answer answer = ask(guard_copy(expected->bytes), PROXY_ACCEPT_EITHER);
        check_bad(&answer, expected->reason, expected->what);
        char text[512] = {0};
        memcpy(text, expected->bytes.ptr, expected->bytes.len);
        answer = ask(guard_copy((struct slice){text, sizeof text}), PROXY_ACCEPT_EITHER);
        check_bad(&answer, expected->reason, expected->what);
    }
}

static void test_line_length(void **state) {
    (void)state;
    static const struct slice starts[] = {SLICE("PROXY UNKNOWN "), SLICE("PROXY TCP6 "), SLICE("PROXY TCP4 ")};
    for (size_t i = 0; i < COUNT_OF(starts); i++) {
        char line[PROXY_V1_BYTES_MAX + 2];
        memset(line, 'f', sizeof line);
        memcpy(line, starts[i].ptr, starts[i].len);
        struct answer answer = ask(guard_copy((struct slice){line, PROXY_V1_BYTES_MAX - 1}), PROXY_ACCEPT_V1);
        assert_int_equal(answer.parse, PROXY_MORE);
        answer = ask(guard_copy((struct slice){line, PROXY_V1_BYTES_MAX}), PROXY_ACCEPT_V1);
        check_bad(&answer, "v1-too-long", starts[i].ptr);
        memcpy(line + PROXY_V1_BYTES_MAX - 1, "\r\n", 2);
        answer = ask(guard_copy((struct slice){line, PROXY_V1_BYTES_MAX + 1}), PROXY_ACCEPT_V1);
        check_bad(&answer, "v1-too-long", starts[i].ptr);
        memcpy(line + PROXY_V1_BYTES_MAX - 2, "\r\n", 2);
        answer = ask(guard_copy((struct slice){line, PROXY_V1_BYTES_MAX}), PROXY_ACCEPT_V1);
        assert_int_equal(answer.parse, i == 0 ? PROXY_DONE : PROXY_BAD);
        if (i == 0) assert_int_equal(answer.consumed, PROXY_V1_BYTES_MAX);
    }
}

/* --- TLVs --------------------------------------------------------------------------------------- */

/* A TCP4 header with these TLVs; the value of the first one of type 3 becomes the CRC32C, exclusive or `crc_error`. */
static struct slice with_tlvs(struct slice tlvs, uint32_t crc_error) {
    static char bytes[PROXY_HEADER_BYTES_MAX];
    const struct slice front = SLICE(SIGNATURE "\x21\x11");
    struct slice header = {bytes, 28 + tlvs.len};
    ASSERT(header.len <= sizeof bytes);
    memcpy(bytes, front.ptr, front.len);
    bytes[14] = (char)((header.len - 16) >> 8);
    bytes[15] = (char)(header.len - 16);
    memcpy(bytes + 16, TCP4, 12);
    if (tlvs.len > 0) memcpy(bytes + 28, tlvs.ptr, tlvs.len);
    for (size_t at = 28; at + 7 <= header.len;) {
        size_t length = (size_t)(uint8_t)bytes[at + 1] << 8 | (uint8_t)bytes[at + 2];
        if (bytes[at] == 0x03 && length == 4) {
            memset(bytes + at + 3, 0, 4);
            uint32_t crc = crc32c(0, header) ^ crc_error;
            for (size_t i = 0; i < 4; i++) bytes[at + 3 + i] = (char)(crc >> (24 - 8 * i));
            break;
        }
        at += 3 + length;
    }
    return guard_copy(header);
}

#define CRC "\x03\0\x04????"
#define VPCE "\xea\0\x17\x01vpce-0a1b2c3d4e5f67890"
#define ID_64 "vpce-" EIGHT("0") EIGHT("a") EIGHT("z") EIGHT("9") EIGHT("-") EIGHT("0") EIGHT("1") "012"
#define ID_128 ID_64 ID_64
#define TLS_VERSION "\x21\0\x07TLSv1.3"

struct tlv_case {
    const char *what;
    struct slice tlvs;
    const char *reason; /* NULL: good */
};

/* clang-format off */
static const struct tlv_case tlv_cases[] = {
    {"none", SLICE(""), NULL},
    {"NOOP", SLICE("\x04\0\0"), NULL},
    {"several NOOP", SLICE("\x04\0\x03" "abc" "\x04\0\0" "\x04\0\x01" "x"), NULL},
    {"unknown types", SLICE("\x06\0\x01" "x" "\xe0\0\x02" "xy" "\xee\0\x05" "\x01" "abcd" "\xff\0\0" "\xff\0\0" "\0\0\0"), NULL},
    {"a right CRC", SLICE(CRC), NULL},
    {"a right CRC between others", SLICE("\x01\0\x02h2" CRC "\x04\0\x03" "abc"), NULL},
    {"a CRC behind others", SLICE(VPCE CRC), NULL},
    {"two CRC", SLICE(CRC CRC), "tlv-repeated"},
    {"a CRC too short", SLICE("\x03\0\x03???"), "tlv-length"},
    {"a CRC too long", SLICE("\x03\0\x05?????"), "tlv-length"},
    {"type without length", SLICE("\x04"), "tlv-length"},
    {"half a length", SLICE("\x04\0"), "tlv-length"},
    {"one byte missing", SLICE("\x04\0\x03" "ab"), "tlv-length"},
    {"all bytes missing", SLICE("\x04\xff\xff"), "tlv-length"},
    {"two bytes too many", SLICE("\x04\0\x01" "a" "\x04\0"), "tlv-length"},
    {"zeros for padding", SLICE(VPCE "\0\0\0\0"), "tlv-length"},
    {"an endpoint", SLICE(VPCE), NULL},
    {"the longest endpoint", SLICE("\xea\0\x41\x01" ID_64), NULL},
    {"an endpoint too long", SLICE("\xea\0\x42\x01" ID_64 "0"), "vpce"},
    {"an empty endpoint", SLICE("\xea\0\x01\x01"), "vpce"},
    {"capitals in an endpoint", SLICE("\xea\0\x06\x01" "vpcE-"), "vpce"},
    {"a quote in an endpoint", SLICE("\xea\0\x06\x01" "vpce\""), "vpce"},
    {"a NUL in an endpoint", SLICE("\xea\0\x06\x01" "vpce\0"), "vpce"},
    {"not ASCII in an endpoint", SLICE("\xea\0\x06\x01" "vpce\xe1"), "vpce"},
    {"two endpoints", SLICE(VPCE VPCE), "tlv-repeated"},
    {"AWS without a kind", SLICE("\xea\0\0"), NULL},
    {"AWS of another kind", SLICE("\xea\0\x05\x02VPC!" VPCE), NULL},
    {"the longest unique id", SLICE("\x05\0\x80" ID_128), NULL},
    {"a unique id too long", SLICE("\x05\0\x81" ID_128 "0"), "tlv-length"},
    {"two unique ids", SLICE("\x05\0\x01" "a" "\x05\0\x01" "b"), "tlv-repeated"},
    {"two ALPN", SLICE("\x01\0\0" "\x01\0\x02h2"), "tlv-repeated"},
    {"two authorities", SLICE("\x02\0\x01" "a" "\x02\0\x01" "a"), "tlv-repeated"},
    {"two name spaces", SLICE("\x30\0\x01" "a" "\x30\0\x01" "a"), "tlv-repeated"},
    {"TLS", SLICE("\x20\0\x05\x01\0\0\0\x01"), NULL},
    {"TLS and a version", SLICE("\x20\0\x0f\x01\0\0\0\x01" TLS_VERSION), NULL},
    {"TLS and what we do not know", SLICE("\x20\0\x0b\x01\0\0\0\x01" "\x26\0\0" "\x26\0\0"), NULL},
    {"TLS too short", SLICE("\x20\0\x04\x01\0\0\0"), "tlv-length"},
    {"empty TLS", SLICE("\x20\0\0"), "tlv-length"},
    {"TLS with a byte too many", SLICE("\x20\0\x06\x01\0\0\0\x01" "\x21"), "tlv-length"},
    {"TLS whose version is too long", SLICE("\x20\0\x0e\x01\0\0\0\x01" "\x21\0\x07TLSv1." "\x04\0\0"), "tlv-length"},
    {"two TLS", SLICE("\x20\0\x05\x01\0\0\0\x01" "\x20\0\x05\x01\0\0\0\x01"), "tlv-repeated"},
    {"two versions", SLICE("\x20\0\x19\x01\0\0\0\x01" TLS_VERSION TLS_VERSION), "tlv-repeated"},
    {"a version outside TLS", SLICE(TLS_VERSION TLS_VERSION), NULL},
};
/* clang-format on */

static void test_tlvs(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(tlv_cases); i++) {
        const struct tlv_case *expected = &tlv_cases[i];
        struct answer answer = ask(with_tlvs(expected->tlvs, 0), PROXY_ACCEPT_V2);
        if (expected->reason != NULL) {
            check_bad(&answer, expected->reason, expected->what);
        } else if (answer.parse != PROXY_DONE || answer.consumed != 28 + expected->tlvs.len) {
            fail_msg("%s: %d, %s", expected->what, answer.parse, answer.reason);
        }
    }
    for (uint32_t bit = 0; bit < 32; bit++) {
        struct answer answer = ask(with_tlvs(SLICE(CRC), 1u << bit), PROXY_ACCEPT_V2);
        check_bad(&answer, "crc32c", "a wrong CRC");
    }
}

/* A TLV whose place in the header nobody knows is none. */
static void test_skipped_tlvs(void **state) {
    (void)state;
    static const struct slice fronts[] = {SLICE("\x20\x11"), SLICE("\x20\0"), SLICE("\x21\0"), SLICE("\x21\x10")};
    for (size_t i = 0; i < COUNT_OF(fronts); i++) {
        struct slice header = with_tlvs(SLICE(CRC VPCE "\x01\0\x02h2"), 1);
        memcpy((char *)header.ptr + 12, fronts[i].ptr, 2);
        struct answer answer = ask(header, PROXY_ACCEPT_V2);
        assert_int_equal(answer.parse, PROXY_DONE);
        assert_int_equal(answer.consumed, header.len);
        assert_true(answer.header.vpce.ptr == NULL && answer.header.alpn.ptr == NULL);
        assert_true(!answer.header.crc_checked && !answer.header.has_source);
    }
}

#define FACTS_TLVS                                            \
    "\x01\0\x02h2" CRC "\x02\0\x0b"                           \
    "example.com\x05\0\x03"                                   \
    "a\0b"                                                    \
    "\x20\0\x39\x03\x01\x02\x03\x04" TLS_VERSION "\x22\0\x03" \
    "Ann\x23\0\x16"                                           \
    "TLS_AES_128_GCM_SHA256"                                  \
    "\x24\0\0"                                                \
    "\x25\0\x05"                                              \
    "EC256\x30\0\x04"                                         \
    "blue" VPCE

static void test_facts(void **state) {
    (void)state;
    struct slice bytes = with_tlvs(SLICE(FACTS_TLVS), 0);
    struct answer answer = ask(bytes, PROXY_ACCEPT_EITHER);
    assert_int_equal(answer.parse, PROXY_DONE);
    const struct proxy_header *header = &answer.header;
    check_ip(&header->source, "81.2.69.142", "source");
    assert_true(header->crc_checked && header->has_ssl);
    check_text(header->alpn, SLICE("h2"), "alpn");
    check_text(header->authority, SLICE("example.com"), "authority");
    check_text(header->unique_id, SLICE("a\0b"), "unique id");
    check_text(header->netns, SLICE("blue"), "name space");
    check_text(header->vpce, SLICE("vpce-0a1b2c3d4e5f67890"), "endpoint");
    assert_int_equal(header->ssl_client, 3);
    assert_int_equal(header->ssl_verify, 0x01020304);
    check_text(header->ssl_version, SLICE("TLSv1.3"), "TLS version");
    check_text(header->ssl_cn, SLICE("Ann"), "common name");
    check_text(header->ssl_cipher, SLICE("TLS_AES_128_GCM_SHA256"), "cipher");
    check_text(header->ssl_sig_alg, SLICE(""), "signature algorithm");
    check_text(header->ssl_key_alg, SLICE("EC256"), "key algorithm");
    assert_ptr_equal(header->vpce.ptr + header->vpce.len, bytes.ptr + bytes.len);
    answer = ask(with_tlvs(SLICE(""), 0), PROXY_ACCEPT_V2);
    const struct slice *texts[] = {&header->alpn,        &header->authority,   &header->unique_id, &header->netns,
                                   &header->vpce,        &header->ssl_version, &header->ssl_cn,    &header->ssl_cipher,
                                   &header->ssl_sig_alg, &header->ssl_key_alg};
    for (size_t i = 0; i < COUNT_OF(texts); i++) assert_null(texts[i]->ptr);
}

/* Every byte with every other value. Few leave a good header: those by which it has no addresses any more, or no CRC. */
static bool stays_good(size_t at, unsigned value) {
    enum { NOOP_LENGTH_AT = 30, CRC_TYPE_AT = 32, CRC_BYTES = 7, VPCE_BYTES = 26 };
    switch (at) {
    case 12: return value == 0x20;
    case 13: return value <= 0x02 || value == 0x10 || value == 0x20 || value == 0x30;
    case 15: return value == 12 || value == 12 + 4;
    case NOOP_LENGTH_AT: return value == 1 + CRC_BYTES || value == 1 + CRC_BYTES + VPCE_BYTES;
    case CRC_TYPE_AT: return value != 0x20;
    default: return false;
    }
}

static void test_wrong_bytes(void **state) {
    (void)state;
    char right[256], wrong[256];
    struct slice header = with_tlvs(SLICE("\x04\0\x01x" CRC VPCE), 0);
    memcpy(right, header.ptr, header.len);
    for (size_t at = 0; at < header.len; at++) {
        for (unsigned value = 0; value < 256; value++) {
            if (value == (uint8_t)right[at]) continue;
            memcpy(wrong, right, header.len);
            wrong[at] = (char)value;
            struct answer answer = ask(guard_copy((struct slice){wrong, header.len}), PROXY_ACCEPT_V2);
            bool longer = at == 14 || (at == 15 && value > header.len - 16), good = stays_good(at, value);
            if (answer.parse != (good ? PROXY_DONE : longer ? PROXY_MORE : PROXY_BAD))
                fail_msg("byte %zu is %02x: %d", at, value, answer.parse);
            if (!good) continue;
            assert_int_equal(answer.consumed, at == 15 ? 16 + value : header.len);
            assert_true(answer.header.has_source == (at > 13) && !answer.header.crc_checked);
            if (at > 13) check_ip(&answer.header.source, "81.2.69.142", "source");
        }
    }
}

static void test_longest_header(void **state) {
    (void)state;
    static char tlvs[UINT16_MAX - 12];
    tlvs[0] = '\xf0';
    tlvs[1] = (char)((sizeof tlvs - 3) >> 8);
    tlvs[2] = (char)((sizeof tlvs - 3) & 255);
    struct slice header = with_tlvs((struct slice){tlvs, sizeof tlvs}, 0);
    struct answer answer = ask(header, PROXY_ACCEPT_EITHER);
    assert_int_equal(answer.parse, PROXY_DONE);
    assert_int_equal(answer.consumed, PROXY_HEADER_BYTES_MAX);
    answer = ask((struct slice){header.ptr, header.len - 1}, PROXY_ACCEPT_EITHER);
    assert_int_equal(answer.parse, PROXY_MORE);
}

/* --- real ones ---------------------------------------------------------------------------------- */

static size_t from_hex(const char *hex, char *bytes, size_t bytes_max) {
    size_t count = 0;
    for (unsigned value; count < bytes_max && sscanf(hex + 2 * count, "%2x", &value) == 1; count++)
        bytes[count] = (char)value;
    return count;
}

static void test_real_headers(void **state) {
    (void)state;
    const char *shared = getenv("WHEREFROM_SHARED");
    char path[4096], line[4096], bytes[1024];
    if (shared == NULL) skip();
    snprintf(path, sizeof path, "%s/samples/proxy_protocol/aws-privatelink-v2.hex", shared);
    FILE *file = fopen(path, "r");
    if (file == NULL) skip();
    size_t count = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        struct slice header = guard_copy((struct slice){bytes, from_hex(line, bytes, sizeof bytes)});
        struct answer answer = ask(header, PROXY_ACCEPT_EITHER);
        assert_int_equal(answer.parse, PROXY_DONE);
        assert_int_equal(answer.consumed, header.len);
        assert_true(answer.header.crc_checked && answer.header.has_source);
        assert_true(slice_starts_with(answer.header.vpce, SLICE("vpce-")) && answer.header.vpce.len == 22);
        count++;
    }
    assert_int_equal(fclose(file), 0);
    assert_true(count > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),      cmocka_unit_test(test_cut_headers), cmocka_unit_test(test_bad_headers),
        cmocka_unit_test(test_line_length),  cmocka_unit_test(test_tlvs),        cmocka_unit_test(test_skipped_tlvs),
        cmocka_unit_test(test_facts),        cmocka_unit_test(test_wrong_bytes), cmocka_unit_test(test_longest_header),
        cmocka_unit_test(test_real_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
