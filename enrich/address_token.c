/* Entries as addresses.
 *
 * Threads: pure functions. */
#define _GNU_SOURCE /* memrchr */
#include "enrich/address_token.h"

#include <string.h>

#include "schemas/client_facts.h"
#include "schemas/limits.h"

#define PORT_DIGITS_MAX 5u

static const struct address_token bad = {.kind = TOKEN_BAD};

/* 1 to 5 digits up to 65535; 0 is no port, and allowed. */
static bool parse_port(struct slice digits, uint16_t *port) {
    uint32_t value = 0;
    if (digits.len == 0 || digits.len > PORT_DIGITS_MAX) return false;
    for (size_t i = 0; i < digits.len; i++) {
        uint32_t digit = (uint32_t)(unsigned char)digits.ptr[i] - '0';
        if (digit > 9) return false;
        value = 10 * value + digit;
    }
    *port = (uint16_t)value;
    return value <= UINT16_MAX;
}

/* IPv6 with a zone or without (RFC 4007 section 11). */
static struct address_token parse_v6(struct slice text, uint16_t port) {
    const char *percent = memchr(text.ptr, '%', text.len);
    struct ip_parsed parsed;
    uint32_t zone_flag = 0;
    if (percent != NULL) {
        struct slice zone = {percent + 1, text.len - (size_t)(percent + 1 - text.ptr)};
        if (zone.len == 0) return bad;
        for (size_t i = 0; i < zone.len; i++)
            if (zone.ptr[i] == ':' || zone.ptr[i] == ']' || zone.ptr[i] == '%') return bad;
        text.len = (size_t)(percent - text.ptr);
        zone_flag = 1u << HOP_ZONE;
    }
    if (!ip_parse(text, &parsed) || (parsed.family == IP_V4 && !parsed.v4_mapped)) return bad;
    struct address_token token = address_token_of(&parsed.ip, parsed.v4_mapped, port);
    if (token.kind == TOKEN_ADDRESS) token.flags |= zone_flag;
    return token;
}

static struct address_token parse_v4(struct slice text, uint16_t port) {
    struct ip_parsed parsed;
    if (!ip_parse(text, &parsed) || parsed.family != IP_V4 || parsed.v4_mapped) return bad;
    return address_token_of(&parsed.ip, false, port);
}

/* "[2001:db8::1]", "[2001:db8::1]:443" */
static struct address_token parse_bracketed(struct slice text) {
    const char *close = memchr(text.ptr, ']', text.len);
    if (close == NULL) return bad;
    struct slice inside = {text.ptr + 1, (size_t)(close - text.ptr) - 1};
    struct slice behind = {close + 1, text.len - inside.len - 2};
    uint16_t port = 0;
    if (behind.len > 0 && (behind.ptr[0] != ':' || !parse_port((struct slice){behind.ptr + 1, behind.len - 1}, &port)))
        return bad;
    return parse_v6(inside, port);
}

static struct address_token parse_address(struct slice text, enum token_mode mode) {
    if (text.len > 0 && text.ptr[0] == '[') return parse_bracketed(text);
    const char *first = memchr(text.ptr, ':', text.len);
    if (first == NULL) return mode == TOKEN_LAST_COLON ? bad : parse_v4(text, 0);
    const char *last = memrchr(text.ptr, ':', text.len);
    struct slice before = {text.ptr, (size_t)(last - text.ptr)}, behind = {last + 1, text.len - before.len - 1};
    uint16_t port;
    if (first == last) return parse_port(behind, &port) ? parse_v4(before, port) : bad;
    if (mode == TOKEN_XFF) return parse_v6(text, 0);
    return parse_port(behind, &port) ? parse_v6(before, port) : bad;
}

/* "unknown" in any case, with a port or without. */
static bool is_unknown(struct slice text) {
    static const char word[] = "unknown";
    const size_t bytes = sizeof word - 1;
    uint16_t port;
    if (text.len < bytes) return false;
    for (size_t i = 0; i < bytes; i++)
        if ((text.ptr[i] | 0x20) != word[i]) return false;
    if (text.len == bytes) return true;
    return text.ptr[bytes] == ':' && parse_port((struct slice){text.ptr + bytes + 1, text.len - bytes - 1}, &port);
}

static struct address_token parse(struct slice text, enum token_mode mode) {
    if (text.len == 0) return (struct address_token){.kind = TOKEN_EMPTY};
    if (text.len > TOKEN_BYTES_MAX) return bad;
    bool quoted = text.len >= 2 && text.ptr[0] == '"' && text.ptr[text.len - 1] == '"';
    if (quoted) text = (struct slice){text.ptr + 1, text.len - 2};
    if (is_unknown(text)) return (struct address_token){.kind = TOKEN_UNKNOWN};
    if (text.len > 0 && text.ptr[0] == '_') return (struct address_token){.kind = TOKEN_OBFUSCATED};
    struct address_token token = parse_address(text, mode);
    if (quoted && token.kind == TOKEN_ADDRESS) token.flags |= 1u << HOP_QUOTED;
    return token;
}

void address_token_read_other(struct slice text, enum token_mode mode, struct address_token *out) {
    *out = parse(text, mode);
}
