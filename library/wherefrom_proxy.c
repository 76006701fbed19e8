/* PROXY protocol headers of libwherefrom: the parser under public names.
 *
 * Threads: pure functions. */
#include "ingest/proxy_header_parse.h"
#include "library/wherefrom_inside.h"
#include "schemas/limits.h"

_Static_assert(WHEREFROM_PROXY_BYTES_MAX == PROXY_HEADER_BYTES_MAX, "the same bound");
_Static_assert((int)WHEREFROM_PROXY_UNSPEC == PROXY_UNSPEC && (int)WHEREFROM_PROXY_TCP4 == PROXY_TCP4 &&
                   (int)WHEREFROM_PROXY_UDP4 == PROXY_UDP4 && (int)WHEREFROM_PROXY_TCP6 == PROXY_TCP6 &&
                   (int)WHEREFROM_PROXY_UDP6 == PROXY_UDP6 && (int)WHEREFROM_PROXY_UNIX_STREAM == PROXY_UNIX_STREAM &&
                   (int)WHEREFROM_PROXY_UNIX_DGRAM == PROXY_UNIX_DGRAM,
               "families have the same numbers");
_Static_assert((int)WHEREFROM_PROXY_V1 == PROXY_ACCEPT_V1 && (int)WHEREFROM_PROXY_V2 == PROXY_ACCEPT_V2 &&
                   (int)WHEREFROM_PROXY_EITHER == PROXY_ACCEPT_EITHER,
               "so have versions");
_Static_assert((int)WHEREFROM_DONE == PROXY_DONE && (int)WHEREFROM_MORE == PROXY_MORE &&
                   (int)WHEREFROM_BAD == PROXY_BAD,
               "and results");

enum wherefrom_parsed wherefrom_proxy_parse(struct wherefrom_text bytes, enum wherefrom_proxy_accept accept,
                                            struct wherefrom_proxy *proxy, size_t *consumed, const char **reason) {
    struct proxy_header header;
    enum proxy_parse parsed = proxy_header_parse(slice_inside(bytes), (enum proxy_accept)accept, &header, consumed,
                                                 reason);
    *proxy = (struct wherefrom_proxy){
        .garbled = header.garbled,
        .version = header.version,
        .local = !header.garbled && header.command == PROXY_LOCAL,
        .family = header.family,
        .has_addresses = header.has_source,
        .source_mapped = header.source_mapped,
        .crc_checked = header.crc_checked,
        .has_ssl = header.has_ssl,
        .ssl_client = header.ssl_client,
        .ssl_verify = header.ssl_verify,
        .source_port = header.source_port,
        .destination_port = header.destination_port,
        .source = ip_outside(&header.source),
        .destination = ip_outside(&header.destination),
        .vpce = text_outside(header.vpce),
        .unique_id = text_outside(header.unique_id),
        .alpn = text_outside(header.alpn),
        .authority = text_outside(header.authority),
        .netns = text_outside(header.netns),
        .ssl_version = text_outside(header.ssl_version),
        .ssl_cn = text_outside(header.ssl_cn),
        .ssl_cipher = text_outside(header.ssl_cipher),
        .ssl_sig_alg = text_outside(header.ssl_sig_alg),
        .ssl_key_alg = text_outside(header.ssl_key_alg),
    };
    return (enum wherefrom_parsed)parsed;
}
