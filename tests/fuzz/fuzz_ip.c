/* Feeds any bytes to the address parser and formatter.
 *
 * Looks for: an answer other than inet_pton's, a text other than inet_ntop's, a text that does not parse to
 * the same address again, an endpoint split other than a naive model's, reads outside the input.
 * Does not look for: ip_is_global (a table, tested case by case).
 *
 * Threads: one. */
#include <arpa/inet.h>

#include "base/check.h"
#include "base/ip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool model_parse(struct slice text, struct ip_parsed *out) {
    char copy[64] = {0};
    if (text.len >= sizeof copy || (text.len != 0 && memchr(text.ptr, 0, text.len) != NULL)) {
        return false;
    }
    if (text.len != 0) {
        memcpy(copy, text.ptr, text.len);
    }
    memcpy(out->ip.bytes, mapped_prefix, sizeof mapped_prefix);
    out->v4_mapped = false;
    out->family = IP_V4;
    if (inet_pton(AF_INET, copy, out->ip.bytes + 12) == 1) {
        return true;
    }
    if (inet_pton(AF_INET6, copy, out->ip.bytes) != 1) {
        return false;
    }
    out->v4_mapped = memcmp(out->ip.bytes, mapped_prefix, sizeof mapped_prefix) == 0;
    out->family = out->v4_mapped ? IP_V4 : IP_V6;
    return true;
}

static bool model_parse_endpoint(struct slice text, struct endpoint *out) {
    size_t colon = text.len;
    while (colon != 0 && text.ptr[colon - 1] != ':') {
        colon--;
    }
    size_t digits = text.len - colon;
    if (colon == 0 || digits == 0 || digits > 5) {
        return false;
    }
    unsigned port = 0;
    for (size_t index = colon; index < text.len; index++) {
        if (text.ptr[index] < '0' || text.ptr[index] > '9') {
            return false;
        }
        port = port * 10 + (unsigned)(text.ptr[index] - '0');
    }
    struct slice address = {.ptr = text.ptr, .len = colon - 1};
    bool bracketed = address.len >= 2 && address.ptr[0] == '[' && address.ptr[address.len - 1] == ']';
    if (bracketed) {
        address = (struct slice){.ptr = address.ptr + 1, .len = address.len - 2};
    }
    out->port = (uint16_t)port;
    return port <= 65535 && model_parse(address, &out->address) &&
           !(bracketed && memchr(address.ptr, ':', address.len) == NULL);
}

static bool parsed_equal(const struct ip_parsed *a, const struct ip_parsed *b) {
    return memcmp(&a->ip, &b->ip, sizeof a->ip) == 0 && a->family == b->family && a->v4_mapped == b->v4_mapped;
}

static void check_format(const struct ip *ip) {
    char text[IP_TEXT_BYTES_MAX], expected[INET6_ADDRSTRLEN + 1];
    uint32_t length = ip_format(ip, text);
    ASSERT(length < IP_TEXT_BYTES_MAX);
    struct ip_parsed again;
    ASSERT(ip_parse((struct slice){.ptr = text, .len = length}, &again));
    ASSERT(memcmp(&again.ip, ip, sizeof *ip) == 0 && !again.v4_mapped);
    bool v4 = ip_is_v4(ip);
    ASSERT(inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? ip->bytes + 12 : ip->bytes, expected, sizeof expected) != NULL);
    /* inet_ntop writes the deprecated ::a.b.c.d, which RFC 5952 section 5 asks for in no address of ours */
    if (v4 || strchr(expected, '.') == NULL) {
        ASSERT(slice_equal(slice_from(expected), (struct slice){.ptr = text, .len = length}));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice text = {.ptr = (const char *)data, .len = size};
    struct ip_parsed parsed, expected;
    bool good = ip_parse(text, &parsed);
    ASSERT(good == model_parse(text, &expected));
    if (good) {
        ASSERT(parsed_equal(&parsed, &expected));
        check_format(&parsed.ip);
    }
    struct endpoint endpoint, endpoint_expected;
    good = ip_parse_endpoint(text, &endpoint);
    ASSERT(good == model_parse_endpoint(text, &endpoint_expected));
    if (good) {
        ASSERT(endpoint.port == endpoint_expected.port);
        ASSERT(parsed_equal(&endpoint.address, &endpoint_expected.address));
    }
    struct ip ip;
    bool is_quad = model_parse(text, &expected) && expected.family == IP_V4 && !expected.v4_mapped;
    ASSERT(ip_parse_v4(text, &ip) == is_quad);
    if (is_quad) ASSERT(memcmp(&ip, &expected.ip, sizeof ip) == 0);
    if (size >= sizeof ip) {
        memcpy(&ip, data, sizeof ip);
        check_format(&ip);
    }
    return 0;
}
