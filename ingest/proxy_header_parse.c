/* The PROXY protocol, read anew from its first byte at each call: a header is 100 bytes and comes in one piece, so a state that survives
 * between calls would cost more to test than it saves. Every answer but MORE depends on bytes alone that were there when it was first
 * given; more of them cannot change it.
 *
 *     version 2:   0          12        13        14       16
 *                  | signature | 2,cmd | fam,tra | length | source destination ports | type length value | type ... |
 *                                                          `---------------------- length ----------------------'
 *
 * Threads: pure functions. */
#include "ingest/proxy_header_parse.h"

#include "base/crc32c.h"
#include "base/number.h"
#include "schemas/limits.h"

/* Whether `bytes` are the text's beginning, or begin with it. */
static bool agrees(struct slice bytes, struct slice text) {
    size_t common = bytes.len < text.len ? bytes.len : text.len;
    return memcmp(bytes.ptr, text.ptr, common) == 0;
}

/* --- version 1 ---------------------------------------------------------------------------------- */

struct v1_start {
    struct slice text;
    uint8_t family; /* enum proxy_family */
};

static const struct v1_start v1_starts[] = {
    {SLICE("PROXY TCP4 "), PROXY_TCP4},
    {SLICE("PROXY TCP6 "), PROXY_TCP6},
    {SLICE("PROXY UNKNOWN "), PROXY_UNSPEC},
    {SLICE("PROXY UNKNOWN\r\n"), PROXY_UNSPEC},
};

/* Takes the word in front of the first `end` off `rest`, and `end` with it. */
static bool take_word(struct slice *rest, char end, struct slice *word) {
    const char *found = memchr(rest->ptr, end, rest->len);
    if (found == NULL) return false;
    *word = (struct slice){rest->ptr, (size_t)(found - rest->ptr)};
    *rest = (struct slice){found + 1, rest->len - word->len - 1};
    return true;
}

static bool take_address(struct slice *rest, enum proxy_family family, struct ip_parsed *address) {
    struct slice word;
    if (!take_word(rest, ' ', &word) || !ip_parse(word, address)) return false;
    bool written_v6 = address->family == IP_V6 || address->v4_mapped;
    return written_v6 == (family == PROXY_TCP6);
}

static bool take_port(struct slice *rest, char end, uint16_t *port) {
    struct slice word;
    uint64_t value;
    if (!take_word(rest, end, &word) || !number_is_plain_integer(word) || !number_parse(word, &value)) return false;
    *port = (uint16_t)value;
    return value <= UINT16_MAX;
}

/* `rest` is the line behind its start, up to its CR and with it. */
static const char *v1_read(struct slice rest, struct proxy_header *out) {
    struct ip_parsed source, destination;
    if (!take_address(&rest, out->family, &source) || !take_address(&rest, out->family, &destination))
        return "v1-address";
    if (!take_port(&rest, ' ', &out->source_port) || !take_port(&rest, '\r', &out->destination_port)) return "v1-port";
    out->has_source = true;
    out->source = source.ip;
    out->source_mapped = source.v4_mapped;
    out->destination = destination.ip;
    return NULL;
}

/* Sets *line_bytes when the line's CR LF is there. A line with addresses holds no other CR or LF. */
static const char *v1_find_end(struct slice bytes, bool has_addresses, size_t *line_bytes) {
    size_t limit = bytes.len < PROXY_V1_BYTES_MAX ? bytes.len : PROXY_V1_BYTES_MAX;
    for (size_t i = 1; i < limit; i++) {
        bool behind_cr = bytes.ptr[i - 1] == '\r', lf = bytes.ptr[i] == '\n';
        if (behind_cr && lf) {
            *line_bytes = i + 1;
            return NULL;
        }
        if (has_addresses && (behind_cr || lf)) return "v1-line-end";
    }
    return limit == PROXY_V1_BYTES_MAX ? "v1-too-long" : NULL;
}

static const char *v1_parse(struct slice bytes, struct proxy_header *out, size_t *consumed) {
    size_t starts_count = sizeof v1_starts / sizeof v1_starts[0], i = 0;
    while (i < starts_count && !agrees(bytes, v1_starts[i].text)) i++;
    if (i == starts_count) return agrees(bytes, SLICE("PROXY ")) ? "v1-protocol" : "signature";
    size_t start_bytes = v1_starts[i].text.len, line_bytes = 0; /* a line that ends has all of its start */
    out->version = 1;
    out->command = PROXY_PROXY;
    out->family = v1_starts[i].family;
    const char *bad = v1_find_end(bytes, out->family != PROXY_UNSPEC, &line_bytes);
    if (bad == NULL && line_bytes > 0 && out->family != PROXY_UNSPEC)
        bad = v1_read((struct slice){bytes.ptr + start_bytes, line_bytes - 1 - start_bytes}, out);
    *consumed = line_bytes;
    return bad;
}

/* --- version 2: TLVs ---------------------------------------------------------------------------- */

enum tlv_type {
    TLV_ALPN = 0x01,
    TLV_AUTHORITY = 0x02,
    TLV_CRC32C = 0x03,
    TLV_UNIQUE_ID = 0x05,
    TLV_SSL = 0x20,
    TLV_SSL_VERSION = 0x21,
    TLV_SSL_CN = 0x22,
    TLV_SSL_CIPHER = 0x23,
    TLV_SSL_SIG_ALG = 0x24,
    TLV_SSL_KEY_ALG = 0x25,
    TLV_NETNS = 0x30,
    TLV_AWS = 0xea,
};

#define TLV_AWS_VPCE 0x01 /* first byte of TLV_AWS */
#define TLV_CRC32C_BYTES 4
#define TLV_SSL_BYTES_MIN 5

struct tlv {
    uint8_t type;
    struct slice value;
};

static uint16_t read_u16(const char *bytes) {
    return (uint16_t)((uint8_t)bytes[0] << 8 | (uint8_t)bytes[1]);
}

static uint32_t read_u32(const char *bytes) {
    return (uint32_t)read_u16(bytes) << 16 | read_u16(bytes + 2);
}

static bool take_tlv(struct slice *rest, struct tlv *tlv) {
    if (rest->len < 3) return false;
    size_t length = read_u16(rest->ptr + 1);
    if (length > rest->len - 3) return false;
    *tlv = (struct tlv){(uint8_t)rest->ptr[0], {rest->ptr + 3, length}};
    *rest = (struct slice){rest->ptr + 3 + length, rest->len - 3 - length};
    return true;
}

/* Nobody could say which one of two is true. */
static const char *keep(struct slice *text, struct slice value) {
    if (text->ptr != NULL) return "tlv-repeated";
    *text = value;
    return NULL;
}

static const char *read_crc32c(struct slice value, struct slice header, struct proxy_header *out) {
    if (value.len != TLV_CRC32C_BYTES) return "tlv-length";
    if (out->crc_checked) return "tlv-repeated";
    const char *behind = value.ptr + value.len;
    uint32_t crc = crc32c(0, (struct slice){header.ptr, (size_t)(value.ptr - header.ptr)});
    crc = crc32c(crc, SLICE("\0\0\0\0"));
    crc = crc32c(crc, (struct slice){behind, header.len - (size_t)(behind - header.ptr)});
    out->crc_checked = true;
    return crc == read_u32(value.ptr) ? NULL : "crc32c";
}

static const char *read_ssl(struct slice value, struct proxy_header *out) {
    if (value.len < TLV_SSL_BYTES_MIN) return "tlv-length";
    if (out->has_ssl) return "tlv-repeated";
    out->has_ssl = true;
    out->ssl_client = (uint8_t)value.ptr[0];
    out->ssl_verify = read_u32(value.ptr + 1);
    struct slice rest = {value.ptr + TLV_SSL_BYTES_MIN, value.len - TLV_SSL_BYTES_MIN};
    const char *bad = NULL;
    while (bad == NULL && rest.len > 0) {
        struct tlv tlv;
        if (!take_tlv(&rest, &tlv)) return "tlv-length";
        switch (tlv.type) {
        case TLV_SSL_VERSION: bad = keep(&out->ssl_version, tlv.value); break;
        case TLV_SSL_CN: bad = keep(&out->ssl_cn, tlv.value); break;
        case TLV_SSL_CIPHER: bad = keep(&out->ssl_cipher, tlv.value); break;
        case TLV_SSL_SIG_ALG: bad = keep(&out->ssl_sig_alg, tlv.value); break;
        case TLV_SSL_KEY_ALG: bad = keep(&out->ssl_key_alg, tlv.value); break;
        default: break;
        }
    }
    return bad;
}

static const char *read_aws(struct slice value, struct proxy_header *out) {
    if (value.len == 0 || value.ptr[0] != TLV_AWS_VPCE) return NULL;
    struct slice id = {value.ptr + 1, value.len - 1};
    if (id.len == 0 || id.len > PROXY_VPCE_BYTES_MAX) return "vpce";
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-') return "vpce";
    }
    return keep(&out->vpce, id);
}

/* `header` from its signature on; its TLVs begin at `from`. */
static const char *read_tlvs(struct slice header, size_t from, struct proxy_header *out) {
    struct slice rest = {header.ptr + from, header.len - from};
    const char *bad = NULL;
    while (bad == NULL && rest.len > 0) {
        struct tlv tlv;
        if (!take_tlv(&rest, &tlv)) return "tlv-length";
        switch (tlv.type) {
        case TLV_ALPN: bad = keep(&out->alpn, tlv.value); break;
        case TLV_AUTHORITY: bad = keep(&out->authority, tlv.value); break;
        case TLV_CRC32C: bad = read_crc32c(tlv.value, header, out); break;
        case TLV_UNIQUE_ID:
            bad = tlv.value.len > PROXY_UNIQUE_ID_BYTES_MAX ? "tlv-length" : keep(&out->unique_id, tlv.value);
            break;
        case TLV_SSL: bad = read_ssl(tlv.value, out); break;
        case TLV_NETNS: bad = keep(&out->netns, tlv.value); break;
        case TLV_AWS: bad = read_aws(tlv.value, out); break;
        default: break;
        }
    }
    return bad;
}

/* --- version 2 ---------------------------------------------------------------------------------- */

#define V2_SIGNATURE SLICE("\r\n\r\n\0\r\nQUIT\n")
#define V2_COMMAND_AT 12 /* and the version in its upper half */
#define V2_FAMILY_AT 13
#define V2_LENGTH_AT 14
#define V2_ADDRESSES_AT 16

static const uint16_t addresses_bytes[PROXY_FAMILIES] = {
    [PROXY_UNSPEC] = 0,    [PROXY_TCP4] = 2 * 6,          [PROXY_UDP4] = 2 * 6,         [PROXY_TCP6] = 2 * 18,
    [PROXY_UDP6] = 2 * 18, [PROXY_UNIX_STREAM] = 2 * 108, [PROXY_UNIX_DGRAM] = 2 * 108,
};

static bool read_family(char byte, struct proxy_header *out) {
    unsigned family = (uint8_t)byte >> 4, transport = (uint8_t)byte & 15;
    if (family > 3 || transport > 2) return false;
    bool unspecified = family == 0 || transport == 0;
    out->family = unspecified ? PROXY_UNSPEC : (uint8_t)(PROXY_TCP4 + 2 * (family - 1) + (transport - 1));
    return true;
}

static const char *read_ip(const char *bytes, bool v4, struct ip *ip) {
    size_t address_bytes = v4 ? 4 : 16;
    *ip = (struct ip){{[10] = 0xff, [11] = 0xff}};
    memcpy(ip->bytes + sizeof ip->bytes - address_bytes, bytes, address_bytes);
    return bytes + address_bytes;
}

static void read_addresses(const char *bytes, struct proxy_header *out) {
    if (out->family == PROXY_UNIX_STREAM || out->family == PROXY_UNIX_DGRAM) return;
    bool v4 = out->family == PROXY_TCP4 || out->family == PROXY_UDP4;
    bytes = read_ip(bytes, v4, &out->source);
    bytes = read_ip(bytes, v4, &out->destination);
    out->source_port = read_u16(bytes);
    out->destination_port = read_u16(bytes + 2);
    out->source_mapped = !v4 && ip_is_v4(&out->source);
    out->has_source = true;
}

static const char *v2_parse(struct slice bytes, struct proxy_header *out, size_t *consumed) {
    if (!agrees(bytes, V2_SIGNATURE)) return "signature";
    if (bytes.len <= V2_COMMAND_AT) return NULL;
    unsigned version = (uint8_t)bytes.ptr[V2_COMMAND_AT] >> 4, command = (uint8_t)bytes.ptr[V2_COMMAND_AT] & 15;
    if (version != 2) return "version";
    if (command != PROXY_LOCAL && command != PROXY_PROXY) return "command";
    out->version = 2;
    out->command = (uint8_t)command;
    if (bytes.len <= V2_FAMILY_AT) return NULL;
    if (command == PROXY_PROXY && !read_family(bytes.ptr[V2_FAMILY_AT], out)) return "family";
    if (bytes.len < V2_ADDRESSES_AT) return NULL;
    size_t tlvs_at = V2_ADDRESSES_AT + (size_t)addresses_bytes[out->family];
    struct slice header = {bytes.ptr, V2_ADDRESSES_AT + (size_t)read_u16(bytes.ptr + V2_LENGTH_AT)};
    if (header.len < tlvs_at) return "length";
    if (bytes.len < header.len) return NULL;
    *consumed = header.len;
    if (out->family == PROXY_UNSPEC) return NULL; /* nothing says where its TLVs would begin */
    read_addresses(bytes.ptr + V2_ADDRESSES_AT, out);
    return read_tlvs(header, tlvs_at, out);
}

/* --- either ------------------------------------------------------------------------------------- */

enum proxy_parse proxy_header_parse(struct slice bytes, enum proxy_accept accept, struct proxy_header *out,
                                    size_t *consumed, const char **reason) {
    *out = (struct proxy_header){.family = PROXY_UNSPEC};
    *consumed = 0;
    *reason = NULL;
    if (bytes.len == 0) return PROXY_MORE;
    bool v2 = accept == PROXY_ACCEPT_V2 || (accept == PROXY_ACCEPT_EITHER && bytes.ptr[0] == V2_SIGNATURE.ptr[0]);
    *reason = v2 ? v2_parse(bytes, out, consumed) : v1_parse(bytes, out, consumed);
    if (*reason == NULL) return *consumed > 0 ? PROXY_DONE : PROXY_MORE;
    *out = (struct proxy_header){.garbled = true};
    *consumed = 0;
    return PROXY_BAD;
}
