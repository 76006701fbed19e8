/* The request column of ALB and CLB taken apart: METHOD SP URL SP PROTOCOL, where the URL may hold raw spaces.
 *
 * The first space ends the method and the last one starts the protocol; whatever is between is the URL, which the balancer
 * makes from scheme, Host header, port and request target without decoding anything. Shapes that occur and are kept:
 * "- http://host:80- -" (no request arrived: the `-` behind the port is an empty target), an empty protocol with a
 * trailing space, methods such as --location, hosts in brackets. ODDITIES.md 5-10.
 *
 * Threads: pure function. */
#include "ingest/split.h"

static uint32_t find(const char *text, uint32_t from, uint32_t to, char wanted) {
    const char *at = from < to ? memchr(text + from, wanted, to - from) : NULL;
    return at == NULL ? to : (uint32_t)(at - text);
}

static bool is_dash(const char *text, uint32_t from, uint32_t to) {
    return to - from == 1 && text[from] == '-';
}

/* host:port, [v6]:port, user@host; `port-` has the empty target of a request that never came. */
static void split_authority(struct request *request, const char *text, uint32_t from, uint32_t to, bool has_user) {
    if (has_user)
        for (uint32_t i = to; i > from; i--)
            if (text[i - 1] == '@') {
                from = i;
                break;
            }
    uint32_t port_end = to > from && text[to - 1] == '-' ? to - 1 : to, colon = port_end, scale = 1, port = 0;
    for (; colon > from && port_end - colon < 5; colon--) {
        unsigned digit = (unsigned)(unsigned char)text[colon - 1] - '0';
        if (digit > 9) break;
        port += digit * scale;
        scale *= 10;
    }
    if (colon > from && text[colon - 1] == ':' && port <= 65535) {
        request->port = port;
        to = colon - 1;
    }
    request->domain = (struct span){from, to - from};
}

enum { ENDS_AUTHORITY = 1, ENDS_USER = 2 };
static const uint8_t url_class[256] = {
    ['/'] = ENDS_AUTHORITY, ['?'] = ENDS_AUTHORITY, ['#'] = ENDS_AUTHORITY, ['@'] = ENDS_USER};

/* Where the authority begins, behind "scheme://"; `from` when there is no scheme. */
static uint32_t skip_scheme(struct request *request, const char *text, uint32_t from, uint32_t to) {
    uint32_t end = from;
    if (to - from >= 8 && memcmp(text + from, "https://", 8) == 0)
        end = from + 5;
    else
        while (end < to && end - from < 16 && text[end] >= 'a' && text[end] <= 'z') end++;
    if (end == from || to - end < 3 || memcmp(text + end, "://", 3) != 0) return from;
    request->scheme = (struct span){from, end - from};
    return end + 3;
}

static void split_url(struct request *request, const char *text, uint32_t from, uint32_t to) {
    uint32_t authority = skip_scheme(request, text, from, to), path = authority;
    if (authority > from) {
        uint8_t seen = 0;
        for (; path < to && (url_class[(uint8_t)text[path]] & ENDS_AUTHORITY) == 0; path++)
            seen |= url_class[(uint8_t)text[path]];
        split_authority(request, text, authority, path, (seen & ENDS_USER) != 0);
    }
    uint32_t fragment = find(text, path, to, '#'), question = find(text, path, fragment, '?');
    request->path = (struct span){path, question - path};
    if (question < fragment) request->query = (struct span){question + 1, fragment - question - 1};
}

/* Where the last word begins; nearly always it is "HTTP/1.1". */
static uint32_t last_word(const char *text, uint32_t from, uint32_t to) {
    if (to - from > 9 && memcmp(text + to - 9, " HTTP/", 6) == 0 && memchr(text + to - 3, ' ', 3) == NULL)
        return to - 8;
    while (to > from && text[to - 1] != ' ') to--;
    return to;
}

void request_line_split(struct record *record, struct span line) {
    const char *text = record->text;
    struct request *request = &record->request;
    uint32_t from = line.offset, to = line.offset + line.length;
    while (to > from && text[to - 1] == ' ') to--;
    uint32_t space = find(text, from, to, ' ');
    if (!is_dash(text, from, space)) request->method = (struct span){from, space - from};
    if (space == to) return;
    uint32_t url = space + 1, last = last_word(text, url, to);
    /* `last` is behind the last space: the protocol, unless the line ends with the URL */
    if (is_dash(text, last, to)) {
        to = last > url ? last - 1 : url;
    } else if (to - last > 5 && memcmp(text + last, "HTTP/", 5) == 0) {
        request->version = (struct span){last + 5, to - last - 5};
        to = last > url ? last - 1 : url;
    }
    if (to <= url || is_dash(text, url, to)) return;
    request->url = (struct span){url, to - url};
    split_url(request, text, url, to);
}
