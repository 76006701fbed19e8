/* A second reading of HOPS.md 4.2: one entry as an address, slowly and by inet_pton. Written from the rules and not from
 * enrich/address_token.c, so that a mistake would have to be made twice.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_TOKEN_MODEL_H
#define WHEREFROM_TOKEN_MODEL_H

#include <arpa/inet.h>
#include <strings.h>

#include "base/check.h"
#include "enrich/address_token.h"
#include "schemas/client_facts.h"

struct model_token {
    enum token_kind kind;
    uint8_t ip[16]; /* mapped, when IPv4 */
    unsigned port, flags;
};

#define MODEL_FLAG(flag) (1u << (flag))

static inline struct slice model_part(struct slice text, size_t from, size_t to) {
    return (struct slice){from == 0 ? text.ptr : text.ptr + from, to - from};
}

static inline bool model_blank(char c) {
    return c == ' ' || c == '\t';
}

static inline struct slice model_trim(struct slice text) {
    size_t from = 0, to = text.len;
    while (from < to && model_blank(text.ptr[from])) from++;
    while (to > from && model_blank(text.ptr[to - 1])) to--;
    return model_part(text, from, to);
}

/* Where the byte stands; text.len: nowhere. */
static inline size_t model_find(struct slice text, char byte) {
    size_t at = 0;
    while (at < text.len && text.ptr[at] != byte) at++;
    return at;
}

static inline bool model_port(struct slice text, unsigned *port) {
    unsigned long value = 0;
    if (text.len < 1 || text.len > 5) return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') return false;
        value = value * 10 + (unsigned long)(text.ptr[i] - '0');
    }
    *port = (unsigned)value;
    return value <= 65535;
}

static inline bool model_pton(int family, struct slice text, void *out) {
    char copy[80];
    if (text.len >= sizeof copy || model_find(text, '\0') < text.len) return false;
    for (size_t i = 0; i < text.len; i++) copy[i] = text.ptr[i];
    copy[text.len] = '\0';
    return inet_pton(family, copy, out) == 1;
}

static const uint8_t model_mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static inline bool model_v4(struct slice text, struct model_token *token) {
    memcpy(token->ip, model_mapped, 12);
    return model_pton(AF_INET, text, token->ip + 12);
}

static inline bool model_v6(struct slice text, struct model_token *token) {
    size_t percent = model_find(text, '%');
    if (percent < text.len) {
        struct slice zone = model_part(text, percent + 1, text.len);
        if (zone.len == 0) return false;
        for (size_t i = 0; i < zone.len; i++)
            if (zone.ptr[i] == ':' || zone.ptr[i] == ']' || zone.ptr[i] == '%') return false;
        token->flags |= MODEL_FLAG(HOP_ZONE);
        text = model_part(text, 0, percent);
    }
    if (!model_pton(AF_INET6, text, token->ip)) return false;
    if (memcmp(token->ip, model_mapped, 12) == 0) token->flags |= MODEL_FLAG(HOP_V4_MAPPED);
    return true;
}

/* Addresses that are no host's; NAT64 is marked. */
static inline void model_settle(struct model_token *token) {
    static const uint8_t nat64[12] = {0, 0x64, 0xff, 0x9b}, zero[16], broadcast[4] = {255, 255, 255, 255};
    bool v4 = memcmp(token->ip, model_mapped, 12) == 0;
    const uint8_t *quad = token->ip + 12;
    bool nobody = v4 ? memcmp(quad, zero, 4) == 0 || memcmp(quad, broadcast, 4) == 0 ||
                           (quad[0] >= 224 && quad[0] <= 239)
                     : memcmp(token->ip, zero, 16) == 0 || token->ip[0] == 0xff;
    token->kind = nobody ? TOKEN_BAD : TOKEN_ADDRESS;
    if (memcmp(token->ip, nat64, 12) == 0) token->flags |= MODEL_FLAG(HOP_NAT64);
}

static inline bool model_is_address(struct slice text, enum token_mode mode, struct model_token *token) {
    size_t colons = 0, last = 0;
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == ':') colons++, last = i;
    if (text.ptr[0] == '[') {
        size_t end = model_find(text, ']');
        if (end == text.len || !model_v6(model_part(text, 1, end), token)) return false;
        struct slice behind = model_part(text, end + 1, text.len);
        return behind.len == 0 || (behind.ptr[0] == ':' && model_port(model_part(behind, 1, behind.len), &token->port));
    }
    if (colons == 0) return mode == TOKEN_XFF && model_v4(text, token);
    if (colons > 1 && mode == TOKEN_XFF) return model_v6(text, token);
    struct slice address = model_part(text, 0, last);
    return (colons == 1 ? model_v4(address, token) : model_v6(address, token)) &&
           model_port(model_part(text, last + 1, text.len), &token->port);
}

static inline struct model_token model_token(struct slice text, enum token_mode mode) {
    struct model_token token = {.kind = TOKEN_BAD};
    unsigned port;
    text = model_trim(text);
    if (text.len == 0) return (struct model_token){.kind = TOKEN_EMPTY};
    if (text.len > 64) return token;
    if (text.len >= 2 && text.ptr[0] == '"' && text.ptr[text.len - 1] == '"') {
        text = model_part(text, 1, text.len - 1);
        token.flags |= MODEL_FLAG(HOP_QUOTED);
        if (text.len == 0) return token;
    }
    if (text.len >= 7 && strncasecmp(text.ptr, "unknown", 7) == 0 &&
        (text.len == 7 || (text.ptr[7] == ':' && model_port(model_part(text, 8, text.len), &port)))) {
        token.kind = TOKEN_UNKNOWN;
    } else if (text.ptr[0] == '_') {
        token.kind = TOKEN_OBFUSCATED;
    } else if (model_is_address(text, mode, &token)) {
        model_settle(&token);
    }
    return token;
}

#endif
