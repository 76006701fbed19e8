/* The request column of ALB and CLB taken apart: METHOD SP URL SP PROTOCOL, where the URL may hold raw spaces.
 *
 * The first space ends the method and the last one starts the protocol; whatever is between is the URL, which the balancer
 * makes from scheme, Host header, port and request target without decoding anything. Shapes that occur and are kept:
 * "- http://host:80- -" (no request arrived: the `-` behind the port is an empty target), an empty protocol with a
 * trailing space, methods such as --location, hosts in brackets. ODDITIES.md 5-10.
 *
 * Threads: pure function. */
#include "base/lanes.h"
#include "ingest/split.h"

enum { STEP = 32 };

/* 32 lanes, all ones where a byte was found. */
struct lanes {
    bytes16 low, high;
};

static inline struct lanes find_byte(const char *text, char wanted) {
    return (struct lanes){(bytes16)(lanes_load(text) == (uint8_t)wanted),
                          (bytes16)(lanes_load(text + 16) == (uint8_t)wanted)};
}

static inline struct lanes either(struct lanes a, struct lanes b) {
    return (struct lanes){a.low | b.low, a.high | b.high};
}

static inline uint32_t bits(struct lanes found) {
    return lanes_bits(found.low) | lanes_bits(found.high) << 16;
}

/* Where the first of two bytes stands (the same one twice: one byte), or `to`. Reads up to 31 bytes behind `to`. */
static inline uint32_t find(const char *text, uint32_t from, uint32_t to, char wanted, char or_this) {
    for (; from < to; from += STEP) {
        uint32_t found = bits(either(find_byte(text + from, wanted), find_byte(text + from, or_this)));
        if (found != 0) {
            from += (uint32_t)__builtin_ctz(found);
            break;
        }
    }
    return from < to ? from : to;
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

/* Where the authority that begins at `from` ends; `*has_user` when it holds an @. */
static inline uint32_t find_authority_end(const char *text, uint32_t from, uint32_t to, bool *has_user) {
    uint32_t at = from, users = 0;
    for (; at < to; at += STEP) {
        struct lanes path = find_byte(text + at, '/'), query = find_byte(text + at, '?');
        uint32_t ends = bits(either(either(path, query), find_byte(text + at, '#')));
        users |= bits(find_byte(text + at, '@'));
        if (ends != 0) {
            at += (uint32_t)__builtin_ctz(ends);
            break;
        }
    }
    *has_user = users != 0; /* or behind the end: then none is found when it is looked for */
    return at < to ? at : to;
}

/* Where the authority begins, behind "scheme://"; `from` when there is no scheme. */
static uint32_t skip_scheme(struct request *request, const char *text, uint32_t from, uint32_t to) {
    uint32_t end = from;
    if (to - from >= 8 && memcmp(text + from, "http", 4) == 0) end += text[from + 4] == 's' ? 5 : 4;
    while (end < to && end - from < 16 && text[end] >= 'a' && text[end] <= 'z') end++;
    if (end == from || to - end < 3 || memcmp(text + end, "://", 3) != 0) return from;
    request->scheme = (struct span){from, end - from};
    return end + 3;
}

static void split_url(struct request *request, const char *text, uint32_t from, uint32_t to) {
    uint32_t authority = skip_scheme(request, text, from, to), path = authority;
    if (authority > from) {
        bool has_user;
        path = find_authority_end(text, authority, to, &has_user);
        split_authority(request, text, authority, path, has_user);
    }
    uint32_t question = find(text, path, to, '?', '#');
    if (question < to && text[question] == '?')
        request->query = (struct span){question + 1, find(text, question, to, '#', '#') - question - 1};
    request->path = (struct span){path, question - path};
}

/* Where the last word begins; `to` is not behind a space. Nearly always it is "HTTP/1.1". */
static inline uint32_t last_word(const char *text, uint32_t from, uint32_t to) {
    if (to - from > 9 && memcmp(text + to - 9, " HTTP/", 6) == 0 && text[to - 3] != ' ' && text[to - 2] != ' ')
        return to - 8;
    while (to > from && text[to - 1] != ' ') to--;
    return to;
}

/* Whether a request line can begin so: bytes of a TLS handshake on a plain port do not, as they are or escaped. */
static bool begins_method(char c) {
    return c > ' ' && c < 0x7f && c != '\\';
}

void request_line_split(struct record *record, struct span line) {
    const char *text = record->text;
    struct request *request = &record->request;
    uint32_t from = line.offset, to = line.offset + line.length;
    if (from < to && !begins_method(text[from])) return; /* no request: kept as raw text */
    while (to > from && text[to - 1] == ' ') to--;
    uint32_t space = find(text, from, to, ' ', ' ');
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
    bool connect = request->method.length == 7 && memcmp(text + from, "CONNECT", 7) == 0;
    if (connect && text[url] != '/' && skip_scheme(request, text, url, to) == url)
        split_authority(request, text, url, to, true); /* RFC 9112 section 3.2.3: host:port alone */
    else
        split_url(request, text, url, to);
}

/* --- a request in columns of their own ---------------------------------------------------------- */

static struct span column(const struct record *record, enum field_role role) {
    int index = schema_column(record->schema, role);
    if (index < 0 || index >= record->fields_count || record_null(record, record->fields[index]))
        return (struct span){0, 0};
    return record->fields[index];
}

static void add(struct span *part, struct span found) {
    if (part->length == 0) *part = found;
}

void request_add_columns(struct record *record) {
    const char *text = record->text;
    struct request *request = &record->request;
    struct span url = column(record, ROLE_URL), host = column(record, ROLE_HOST),
                version = column(record, ROLE_HTTP_VERSION);
    add(&request->method, column(record, ROLE_METHOD));
    if (request->url.length == 0 && url.length > 0) {
        request->url = url;
        split_url(request, text, url.offset, url.offset + url.length);
    }
    add(&request->scheme, column(record, ROLE_SCHEME));
    if (request->domain.length == 0 && host.length > 0)
        split_authority(request, text, host.offset, host.offset + host.length, true);
    add(&request->path, column(record, ROLE_PATH));
    add(&request->query, column(record, ROLE_QUERY));
    if (version.length > 5 && memcmp(text + version.offset, "HTTP/", 5) == 0)
        version = (struct span){version.offset + 5, version.length - 5};
    add(&request->version, version);
}
