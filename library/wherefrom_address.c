/* Addresses of libwherefrom: the token parser under public names.
 *
 * Threads: pure functions. */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <sys/socket.h>

#include "enrich/address_token.h"
#include "library/wherefrom_inside.h"
#include "schemas/client_facts.h"

const char *wherefrom_version(void) {
    return WHEREFROM_VERSION;
}

int wherefrom_ip_family(const struct wherefrom_ip *ip) {
    struct ip inside = ip_inside(ip);
    return ip_is_v4(&inside) ? IP_V4 : IP_V6;
}

size_t wherefrom_ip_text(const struct wherefrom_ip *ip, char *text) {
    _Static_assert(WHEREFROM_IP_TEXT_BYTES == IP_TEXT_BYTES_MAX, "ip_format writes so much");
    struct ip inside = ip_inside(ip);
    size_t bytes = ip_format(&inside, text);
    text[bytes] = '\0';
    return bytes;
}

static enum wherefrom_token_kind give(struct wherefrom_token *out, struct address_token token) {
    *out = (struct wherefrom_token){
        .kind = token.kind, .port = token.port, .ip = ip_outside(&token.ip), .details = token.flags};
    return (enum wherefrom_token_kind)token.kind;
}

enum wherefrom_token_kind wherefrom_token_parse(struct wherefrom_text text, enum wherefrom_token_mode mode,
                                                struct wherefrom_token *token) {
    _Static_assert((int)WHEREFROM_TOKEN_BAD == TOKEN_BAD && (int)WHEREFROM_TOKEN_UNKNOWN == TOKEN_UNKNOWN &&
                       (int)WHEREFROM_TOKEN_ADDRESS == TOKEN_ADDRESS &&
                       (int)WHEREFROM_TOKEN_OBFUSCATED == TOKEN_OBFUSCATED,
                   "kinds have the same numbers");
    _Static_assert((int)WHEREFROM_TOKEN_LAST_COLON == TOKEN_LAST_COLON, "modes, too");
    return give(token, address_token_parse(slice_inside(text), (enum token_mode)mode));
}

enum wherefrom_token_kind wherefrom_token_from_sockaddr(const struct sockaddr *address, size_t bytes,
                                                        struct wherefrom_token *token) {
    sa_family_t family = AF_UNSPEC;
    struct ip ip = {{[10] = 0xff, [11] = 0xff}};
    if (bytes >= offsetof(struct sockaddr, sa_family) + sizeof family)
        memcpy(&family, (const char *)address + offsetof(struct sockaddr, sa_family), sizeof family);
    if (family == AF_INET && bytes >= sizeof(struct sockaddr_in)) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        memcpy(ip.bytes + 12, &v4.sin_addr, sizeof v4.sin_addr);
        return give(token, address_token_of(&ip, false, ntohs(v4.sin_port)));
    }
    if (family == AF_INET6 && bytes >= sizeof(struct sockaddr_in6)) {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof v6);
        memcpy(ip.bytes, &v6.sin6_addr, sizeof ip.bytes);
        struct address_token inside = address_token_of(&ip, ip_is_v4(&ip), ntohs(v6.sin6_port));
        if (inside.kind == TOKEN_ADDRESS && v6.sin6_scope_id != 0) inside.flags |= 1u << HOP_ZONE;
        return give(token, inside);
    }
    return give(token, (struct address_token){.kind = TOKEN_BAD});
}
