/* The request column of ALB and CLB taken apart: METHOD SP URL SP PROTOCOL, where the URL may hold raw spaces.
 *
 * The first space ends the method and the last one starts the protocol; whatever is between is the URL, which the balancer
 * makes from scheme, Host header, port and request target without decoding anything. Shapes that occur and are kept:
 * "- http://host:80- -" (no request arrived: the `-` behind the port is an empty target), an empty protocol with a
 * trailing space, methods such as --location, hosts in brackets. ODDITIES.md 5-10.
 *
 * Threads: pure function. */
#include "base/number.h"
#include "ingest/split.h"

static uint32_t find(const char *text, uint32_t from, uint32_t to, char wanted) {
    const char *at = from < to ? memchr(text + from, wanted, to - from) : NULL;
    return at == NULL ? to : (uint32_t)(at - text);
}

static bool is_dash(const char *text, uint32_t from, uint32_t to) {
    return to - from == 1 && text[from] == '-';
}

/* host:port, [v6]:port, user@host; `port-` has the empty target of a request that never came. */
static void split_authority(struct request *request, const char *text, uint32_t from, uint32_t to) {
    for (uint32_t i = to; i > from; i--)
        if (text[i - 1] == '@') {
            from = i;
            break;
        }
    uint32_t colon = to;
    while (colon > from && text[colon - 1] != ':' && text[colon - 1] != ']') colon--;
    if (colon > from && text[colon - 1] == ':') {
        uint32_t port_end = to > colon && text[to - 1] == '-' ? to - 1 : to;
        uint64_t port;
        struct slice digits = {text + colon, port_end - colon};
        if (digits.len <= 5 && number_parse(digits, &port) && port <= 65535) {
            request->port = (uint32_t)port;
            to = colon - 1;
        }
    }
    request->domain = (struct span){from, to - from};
}

static void split_url(struct request *request, const char *text, uint32_t from, uint32_t to) {
    uint32_t authority = from, path = from;
    while (authority < to && authority - from < 16 && text[authority] >= 'a' && text[authority] <= 'z') authority++;
    if (authority > from && to - authority >= 3 && memcmp(text + authority, "://", 3) == 0) {
        request->scheme = (struct span){from, authority - from};
        authority += 3;
        for (path = authority; path < to; path++)
            if (text[path] == '/' || text[path] == '?' || text[path] == '#') break;
        split_authority(request, text, authority, path);
    }
    uint32_t fragment = find(text, path, to, '#'), question = find(text, path, fragment, '?');
    request->path = (struct span){path, question - path};
    if (question < fragment) request->query = (struct span){question + 1, fragment - question - 1};
}

void request_line_split(struct record *record, struct span line) {
    const char *text = record->text;
    struct request *request = &record->request;
    uint32_t from = line.offset, to = line.offset + line.length;
    while (to > from && text[to - 1] == ' ') to--;
    uint32_t space = find(text, from, to, ' ');
    if (!is_dash(text, from, space)) request->method = (struct span){from, space - from};
    if (space == to) return;
    uint32_t url = space + 1, last = to;
    while (last > url && text[last - 1] != ' ') last--;
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
