/* Feeds the PROXY protocol parser what may be headers. The first byte says which versions are accepted (bits 0-1), and whether the
 * length of version 2 (bit 2) and the CRC32C in it (bit 3) are put right first, since chance does not find them.
 *
 * Looks for: an answer, an end or a fact other than a model's (version 1 by a regular expression and inet_pton, version 2 by lists of TLVs
 * and a CRC bit by bit); an answer that more bytes change; a reason that is not documented; reads outside the input.
 *
 * Threads: one. */
#include <arpa/inet.h>
#include <regex.h>
#include <stdlib.h>

#include "base/check.h"
#include "ingest/proxy_header_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_BYTES_MAX 8192
#define TLVS_MAX (INPUT_BYTES_MAX / 3)
#define LINE_BYTES 107

struct answer {
    enum proxy_parse parse;
    struct proxy_header header;
    size_t consumed;
};

static const struct ip v4_zero = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0}};

/* --- model of version 1 ------------------------------------------------------------------------- */

#define PORT " (0|[1-9][0-9]*)"
#define ADDRESS " ([0-9a-fA-F:.]+)"

static regex_t whole_line, begun_line;

static void compile_all(void) {
    ASSERT(regcomp(&whole_line, "^PROXY (UNKNOWN$|UNKNOWN |TCP([46])" ADDRESS ADDRESS PORT PORT "$)", REG_EXTENDED) ==
           0);
    ASSERT(regcomp(&begun_line,
                   "^(P?|PR|PRO|PROX|PROXY|PROXY |PROXY T|PROXY TC|PROXY TCP|PROXY TCP[46]( [^\r\n]*\r?)?|"
                   "PROXY U|PROXY UN|PROXY UNK|PROXY UNKN|PROXY UNKNO|PROXY UNKNOW|PROXY UNKNOWN\r?)$|^PROXY UNKNOWN ",
                   REG_EXTENDED) == 0);
}

static bool model_address(const char *line, regmatch_t found, int family, struct ip *ip) {
    char text[LINE_BYTES + 1] = {0};
    memcpy(text, line + found.rm_so, (size_t)(found.rm_eo - found.rm_so));
    *ip = v4_zero;
    return inet_pton(family, text, family == AF_INET ? ip->bytes + 12 : ip->bytes) == 1;
}

static bool model_port(const char *line, regmatch_t found, uint16_t *port) {
    unsigned long value = strtoul(line + found.rm_so, NULL, 10);
    *port = (uint16_t)value;
    return found.rm_eo - found.rm_so <= 5 && value <= 65535;
}

static enum proxy_parse model_v1(const char *bytes, size_t size, struct answer *answer) {
    char line[LINE_BYTES + 1] = {0};
    regmatch_t found[7];
    size_t window = size < LINE_BYTES ? size : LINE_BYTES;
    for (size_t i = 0; i < window; i++) line[i] = bytes[i] != '\0' ? bytes[i] : '\1';
    char *end = strstr(line, "\r\n");
    if (end == NULL) return window < LINE_BYTES && regexec(&begun_line, line, 0, NULL, 0) == 0 ? PROXY_MORE : PROXY_BAD;
    *end = '\0';
    if (regexec(&whole_line, line, 7, found, 0) != 0) return PROXY_BAD;
    struct proxy_header *header = &answer->header;
    answer->consumed = (size_t)(end - line) + 2;
    header->version = 1;
    header->command = PROXY_PROXY;
    if (found[2].rm_so < 0) return PROXY_DONE;
    bool v4 = line[found[2].rm_so] == '4';
    header->family = v4 ? PROXY_TCP4 : PROXY_TCP6;
    header->has_source = true;
    bool good = model_address(line, found[3], v4 ? AF_INET : AF_INET6, &header->source) &&
                model_address(line, found[4], v4 ? AF_INET : AF_INET6, &header->destination) &&
                model_port(line, found[5], &header->source_port) &&
                model_port(line, found[6], &header->destination_port);
    header->source_mapped = good && !v4 && memcmp(&header->source, &v4_zero, 12) == 0;
    return good ? PROXY_DONE : PROXY_BAD;
}

/* --- model of version 2 ------------------------------------------------------------------------- */

struct list {
    size_t count;
    struct {
        unsigned type;
        size_t at, length; /* of the value */
    } tlvs[TLVS_MAX];
};

static unsigned byte_at(const char *bytes, size_t at) {
    return (uint8_t)bytes[at];
}

/* False when the TLVs from `at` on do not end at `end`; those that fit are in the list. */
static bool list_tlvs(const char *bytes, size_t at, size_t end, struct list *list) {
    list->count = 0;
    while (at + 3 <= end) {
        size_t length = byte_at(bytes, at + 1) * 256 + byte_at(bytes, at + 2);
        if (at + 3 + length > end) return false;
        list->tlvs[list->count].type = byte_at(bytes, at);
        list->tlvs[list->count].at = at + 3;
        list->tlvs[list->count++].length = length;
        at += 3 + length;
    }
    return at == end;
}

/* The one of this type; false when it is longer than that or there are two. */
static bool model_text(const char *bytes, const struct list *list, unsigned type, size_t length_max,
                       struct slice *text) {
    for (size_t i = 0; i < list->count; i++) {
        if (list->tlvs[i].type != type) continue;
        if (text->ptr != NULL || list->tlvs[i].length > length_max) return false;
        *text = (struct slice){bytes + list->tlvs[i].at, list->tlvs[i].length};
    }
    return true;
}

static bool model_vpce(const char *bytes, const struct list *list, struct slice *vpce) {
    for (size_t i = 0; i < list->count; i++) {
        size_t at = list->tlvs[i].at, length = list->tlvs[i].length;
        if (list->tlvs[i].type != 0xea || length == 0 || bytes[at] != 1) continue;
        char text[65] = {0};
        if (vpce->ptr != NULL || length < 2 || length > 65) return false;
        memcpy(text, bytes + at + 1, length - 1);
        if (strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") != length - 1) return false;
        *vpce = (struct slice){bytes + at + 1, length - 1};
    }
    return true;
}

static uint32_t model_crc(const char *bytes, size_t size, size_t crc_at) {
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < size * 8; i++) {
        bool zeroed = i / 8 >= crc_at && i / 8 < crc_at + 4;
        uint32_t bit = zeroed ? 0 : byte_at(bytes, i / 8) >> (i % 8) & 1;
        crc = crc >> 1 ^ (((crc ^ bit) & 1) != 0 ? 0x82f63b78 : 0);
    }
    return ~crc;
}

static bool model_ssl(const char *bytes, const struct list *list, struct proxy_header *header) {
    static struct list inner;
    struct slice ssl = {NULL, 0};
    if (!model_text(bytes, list, 0x20, SIZE_MAX, &ssl)) return false;
    if (ssl.ptr == NULL) return true;
    size_t at = (size_t)(ssl.ptr - bytes);
    if (ssl.len < 5 || !list_tlvs(bytes, at + 5, at + ssl.len, &inner)) return false;
    uint32_t verify;
    memcpy(&verify, ssl.ptr + 1, sizeof verify);
    header->has_ssl = true;
    header->ssl_client = (uint8_t)ssl.ptr[0];
    header->ssl_verify = ntohl(verify);
    struct slice *texts[5] = {&header->ssl_version, &header->ssl_cn, &header->ssl_cipher, &header->ssl_sig_alg,
                              &header->ssl_key_alg};
    for (unsigned i = 0; i < 5; i++)
        if (!model_text(bytes, &inner, 0x21 + i, SIZE_MAX, texts[i])) return false;
    return true;
}

static bool model_tlvs(const char *bytes, size_t from, size_t total, struct proxy_header *header) {
    static struct list list;
    struct slice crc = {NULL, 0};
    if (!list_tlvs(bytes, from, total, &list) || !model_text(bytes, &list, 0x03, 4, &crc)) return false;
    if (crc.ptr != NULL) {
        uint32_t sent = 0;
        if (crc.len != 4) return false;
        memcpy(&sent, crc.ptr, sizeof sent);
        if (ntohl(sent) != model_crc(bytes, total, (size_t)(crc.ptr - bytes))) return false;
        header->crc_checked = true;
    }
    return model_text(bytes, &list, 0x01, SIZE_MAX, &header->alpn) &&
           model_text(bytes, &list, 0x02, SIZE_MAX, &header->authority) &&
           model_text(bytes, &list, 0x05, 128, &header->unique_id) &&
           model_text(bytes, &list, 0x30, SIZE_MAX, &header->netns) && model_ssl(bytes, &list, header) &&
           model_vpce(bytes, &list, &header->vpce);
}

/* Length of the addresses of the family and transport in one byte; -1: none. */
static int model_family(unsigned byte, struct proxy_header *header) {
    switch (byte) {
    case 0x00:
    case 0x01:
    case 0x02:
    case 0x10:
    case 0x20:
    case 0x30: header->family = PROXY_UNSPEC; return 0;
    case 0x11: header->family = PROXY_TCP4; return 12;
    case 0x12: header->family = PROXY_UDP4; return 12;
    case 0x21: header->family = PROXY_TCP6; return 36;
    case 0x22: header->family = PROXY_UDP6; return 36;
    case 0x31: header->family = PROXY_UNIX_STREAM; return 216;
    case 0x32: header->family = PROXY_UNIX_DGRAM; return 216;
    default: return -1;
    }
}

static void model_addresses(const char *bytes, size_t addresses_bytes, struct proxy_header *header) {
    size_t one = addresses_bytes == 12 ? 4 : 16;
    header->has_source = true;
    header->source = header->destination = v4_zero;
    memcpy(header->source.bytes + 16 - one, bytes + 16, one);
    memcpy(header->destination.bytes + 16 - one, bytes + 16 + one, one);
    header->source_mapped = one == 16 && memcmp(&header->source, &v4_zero, 12) == 0;
    header->source_port = (uint16_t)(byte_at(bytes, 16 + 2 * one) * 256 + byte_at(bytes, 17 + 2 * one));
    header->destination_port = (uint16_t)(byte_at(bytes, 18 + 2 * one) * 256 + byte_at(bytes, 19 + 2 * one));
}

static enum proxy_parse model_v2(const char *bytes, size_t size, struct answer *answer) {
    static const char signature[12] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};
    struct proxy_header *header = &answer->header;
    if (memcmp(bytes, signature, size < 12 ? size : 12) != 0) return PROXY_BAD;
    if (size > 12 && bytes[12] != 0x20 && bytes[12] != 0x21) return PROXY_BAD;
    bool local = size > 12 && bytes[12] == 0x20;
    int addresses_bytes = size > 13 && !local ? model_family(byte_at(bytes, 13), header) : 0;
    if (addresses_bytes < 0) return PROXY_BAD;
    if (size < 16) return PROXY_MORE;
    size_t length = byte_at(bytes, 14) * 256 + byte_at(bytes, 15);
    if (length < (size_t)addresses_bytes) return PROXY_BAD;
    if (size < 16 + length) return PROXY_MORE;
    answer->consumed = 16 + length;
    header->version = 2;
    header->command = local ? PROXY_LOCAL : PROXY_PROXY;
    if (addresses_bytes == 0) return PROXY_DONE;
    if (addresses_bytes < 216) model_addresses(bytes, (size_t)addresses_bytes, header);
    return model_tlvs(bytes, 16 + (size_t)addresses_bytes, 16 + length, header) ? PROXY_DONE : PROXY_BAD;
}

/* --- comparison --------------------------------------------------------------------------------- */

static bool same_text(struct slice a, struct slice b) {
    return a.ptr == b.ptr && a.len == b.len;
}

static void check_same(const struct answer *a, const struct answer *b) {
    const struct proxy_header *x = &a->header, *y = &b->header;
    ASSERT(a->parse == b->parse && a->consumed == b->consumed);
    if (a->parse == PROXY_MORE) return;
    ASSERT(x->garbled == (a->parse == PROXY_BAD) && x->garbled == y->garbled);
    ASSERT(x->version == y->version && x->command == y->command && x->family == y->family);
    ASSERT(x->has_source == y->has_source && x->source_mapped == y->source_mapped);
    ASSERT(memcmp(&x->source, &y->source, sizeof x->source) == 0);
    ASSERT(memcmp(&x->destination, &y->destination, sizeof x->destination) == 0);
    ASSERT(x->source_port == y->source_port && x->destination_port == y->destination_port);
    ASSERT(x->crc_checked == y->crc_checked && same_text(x->vpce, y->vpce) && same_text(x->alpn, y->alpn));
    ASSERT(same_text(x->authority, y->authority) && same_text(x->netns, y->netns));
    ASSERT(same_text(x->unique_id, y->unique_id) && x->has_ssl == y->has_ssl);
    ASSERT(x->ssl_client == y->ssl_client && x->ssl_verify == y->ssl_verify);
    ASSERT(same_text(x->ssl_version, y->ssl_version) && same_text(x->ssl_cn, y->ssl_cn));
    ASSERT(same_text(x->ssl_cipher, y->ssl_cipher) && same_text(x->ssl_sig_alg, y->ssl_sig_alg));
    ASSERT(same_text(x->ssl_key_alg, y->ssl_key_alg));
}

static const char *ask(struct slice bytes, enum proxy_accept accept, struct answer *answer) {
    static const char *const reasons[] = {"signature",    "version",     "command",     "family",     "length",
                                          "tlv-length",   "crc32c",      "v1-protocol", "v1-address", "v1-port",
                                          "tlv-repeated", "v1-line-end", "v1-too-long", "vpce"};
    const char *reason = "not set";
    answer->parse = proxy_header_parse(bytes, accept, &answer->header, &answer->consumed, &reason);
    ASSERT((reason != NULL) == (answer->parse == PROXY_BAD));
    size_t known = 0, count = sizeof reasons / sizeof reasons[0];
    while (reason != NULL && known < count && strcmp(reason, reasons[known]) != 0) known++;
    ASSERT(known < count);
    return reason;
}

/* The first beginning with an answer has the whole's. */
static void check_beginnings(struct slice bytes, enum proxy_accept accept, const struct answer *whole,
                             const char *reason) {
    struct answer answer;
    for (size_t length = 0; length <= bytes.len; length++) {
        const char *said = ask((struct slice){bytes.ptr, length}, accept, &answer);
        if (answer.parse == PROXY_MORE) continue;
        check_same(&answer, whole);
        ASSERT(said == NULL ? reason == NULL : reason != NULL && strcmp(said, reason) == 0);
        ASSERT(answer.parse == PROXY_BAD || answer.consumed == length);
        return;
    }
    ASSERT(whole->parse == PROXY_MORE);
}

/* Puts right what `how` says. */
static void repair(char *bytes, size_t size, unsigned how) {
    static struct list list;
    struct proxy_header header;
    if (size < 16) return;
    if ((how & 4) != 0) {
        bytes[14] = (char)((size - 16) >> 8);
        bytes[15] = (char)(size - 16);
    }
    int addresses_bytes = model_family(byte_at(bytes, 13), &header);
    size_t total = 16 + byte_at(bytes, 14) * 256 + byte_at(bytes, 15);
    if ((how & 8) == 0 || addresses_bytes < 0 || total > size) return;
    list_tlvs(bytes, 16 + (size_t)addresses_bytes, total, &list);
    for (size_t i = 0; i < list.count; i++) {
        if (list.tlvs[i].type != 0x03 || list.tlvs[i].length != 4) continue;
        uint32_t crc = htonl(model_crc(bytes, total, list.tlvs[i].at));
        memcpy(bytes + list.tlvs[i].at, &crc, sizeof crc);
        return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bool ready;
    if (!ready) compile_all();
    ready = true;
    if (size < 1 || size > INPUT_BYTES_MAX) return 0;
    static const enum proxy_accept accepts[4] = {PROXY_ACCEPT_EITHER, PROXY_ACCEPT_V1, PROXY_ACCEPT_V2,
                                                 PROXY_ACCEPT_EITHER};
    enum proxy_accept accept = accepts[data[0] & 3];
    struct slice bytes = {malloc(size - 1), size - 1};
    ASSERT(bytes.ptr != NULL || bytes.len == 0);
    if (bytes.len > 0) memcpy((char *)bytes.ptr, data + 1, bytes.len);
    repair((char *)bytes.ptr, bytes.len, data[0]);
    struct answer answer, expected = {.parse = PROXY_MORE};
    const char *reason = ask(bytes, accept, &answer);
    bool binary = bytes.len > 0 && (accept == PROXY_ACCEPT_EITHER ? bytes.ptr[0] == '\r' : accept == PROXY_ACCEPT_V2);
    if (bytes.len > 0)
        expected.parse = binary ? model_v2(bytes.ptr, bytes.len, &expected) : model_v1(bytes.ptr, bytes.len, &expected);
    if (expected.parse != PROXY_DONE)
        expected = (struct answer){.parse = expected.parse, .header.garbled = expected.parse == PROXY_BAD};
    check_same(&answer, &expected);
    check_beginnings(bytes, accept, &answer, reason);
    free((char *)bytes.ptr);
    return 0;
}
