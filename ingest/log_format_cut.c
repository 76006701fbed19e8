/* Cuts lines by a log_format: all places where each variable can begin, from the front; where there are several, those that reach
 * the end of the line are kept. What is left is exactly what some whole reading of the line has.
 *
 * Threads: one worker. */
#include "base/ip.h"
#include "base/lanes.h"
#include "ingest/cursor.h"
#include "ingest/log_format.h"

/* Values of these kinds are short; longer runs of their characters are something else. */
#define TYPED_BYTES_MAX 64u
#define TIME_LOCAL_BYTES 26u
#define TIME_ISO_BYTES 25u

enum {
    WORD = 1 << LOG_WORD,
    LIST = 1 << LOG_LIST,
    COUNTS = 1 << LOG_LIST_INTEGER,
    TIMES = 1 << LOG_LIST_SECONDS,
    DIGIT = 1 << LOG_INTEGER,
    DECIMAL = 1 << LOG_SECONDS,
    ADDRESS = 1 << LOG_ADDRESS
};

/* What may stand in a word of each kind: a bit per enum log_value. */
static const uint16_t value_bytes[256] = {
    ['!'] = WORD | LIST,
    ['#' ... '+'] = WORD | LIST,
    [','] = WORD,
    ['-'] = WORD | LIST | COUNTS | TIMES,
    ['.'] = WORD | LIST | TIMES | DECIMAL | ADDRESS,
    ['/'] = WORD | LIST,
    ['0' ... '9'] = WORD | LIST | COUNTS | TIMES | DIGIT | DECIMAL | ADDRESS,
    [':'] = WORD | LIST | ADDRESS,
    [';' ... '@'] = WORD | LIST,
    ['A' ... 'F'] = WORD | LIST | ADDRESS,
    ['G' ... '`'] = WORD | LIST,
    ['a' ... 'f'] = WORD | LIST | ADDRESS,
    ['g' ... 255] = WORD | LIST,
};

/* The line, and the raw quote that was found last. */
struct search {
    const char *text;
    uint32_t start, end;             /* offsets of the line */
    uint32_t quote_from, quote;      /* the first one from the former on is the latter; `end`: there is none */
    const struct log_format *format; /* how it is read */
};

/* Where each part can begin, in rising order; behind the last part: the end of the line. */
struct ways {
    uint32_t counts[LOG_FORMAT_PARTS_MAX + 1];
    uint32_t at[LOG_FORMAT_PARTS_MAX + 1][LOG_FORMAT_WAYS_MAX];
};
_Static_assert(LOG_FORMAT_WAYS_MAX == 32, "a bit of a word each");

static const char *const expected_value[LOG_VALUES] = {
    [LOG_QUOTED] = "a closing quote where the log_format has one",
    [LOG_FREE] = "the text behind a variable of the log_format",
    [LOG_WORD] = "a word where the log_format has one",
    [LOG_LIST] = "servers where the log_format has them",
    [LOG_LIST_INTEGER] = "numbers of servers where the log_format has them",
    [LOG_LIST_SECONDS] = "seconds of servers where the log_format has them",
    [LOG_INTEGER] = "a number where the log_format has one",
    [LOG_SECONDS] = "seconds with three decimals where the log_format has them",
    [LOG_ADDRESS] = "an address where the log_format has one",
    [LOG_TIME_LOCAL] = "a time like 01/Dec/2025:00:00:01 +0000 where the log_format has one",
    [LOG_TIME_ISO] = "a time like 2025-12-01T00:00:01+00:00 where the log_format has one",
};

bool log_value_holds(enum log_value value, char byte) {
    if (value == LOG_QUOTED || value == LOG_FREE) return true;
    bool list = value >= LOG_LIST && value <= LOG_LIST_SECONDS;
    bool socket = value == LOG_ADDRESS && (value_bytes[(unsigned char)byte] & WORD) != 0;
    return (list && (byte == ' ' || byte == ',' || byte == ':')) || socket ||
           (value_bytes[(unsigned char)byte] >> value & 1) != 0;
}

/* The first quote from `from` on that no backslash hides. Whether one does depends on the line alone, not on `from`. */
static inline uint32_t find_quote(struct search *search, uint32_t from) {
    if (from >= search->quote_from && from <= search->quote) return search->quote;
    const char *text = search->text;
    search->quote_from = from;
    for (uint32_t at = from;; at++) {
        at = (uint32_t)(cursor_find(text + at, text + search->end, '"', '"', '"') - text);
        if (at == search->end) return search->quote = at;
        uint32_t before = at;
        while (before > search->start && text[before - 1] == '\\') before--;
        if ((at - before) % 2 == 0) return search->quote = at;
    }
}

/* Whether `bytes` (16..32) bytes have a shape: none is below the one in `lowest` or more than the one in `above` beyond it. Looks at
 * the first and the last sixteen. Close enough to find the end; the splitter reads the time. */
static inline bool has_shape(const struct search *search, uint32_t from, uint32_t bytes, const char *lowest,
                             const char *above) {
    if (bytes > search->end - from) return false;
    const char *text = search->text + from;
    uint32_t last = bytes - (uint32_t)sizeof(bytes16);
    bytes16 low = (bytes16)(lanes_load(text) - lanes_load(lowest) <= lanes_load(above));
    bytes16 high = (bytes16)(lanes_load(text + last) - lanes_load(lowest + last) <= lanes_load(above + last));
    return lanes_bits(low & high) == 0xffff;
}

static inline uint32_t run_end(const struct search *search, uint32_t from, enum log_value value, uint32_t bytes_max) {
    uint32_t at = from, end = search->end - from < bytes_max ? search->end : from + bytes_max;
    while (at < end && (value_bytes[(unsigned char)search->text[at]] >> value & 1) != 0) at++;
    return at;
}

static uint32_t list_end(const struct search *search, uint32_t from, enum log_value value) {
    const uint32_t end = search->end - from < LOG_FORMAT_WORD_BYTES_MAX ? search->end
                                                                        : from + LOG_FORMAT_WORD_BYTES_MAX;
    const char *text = search->text;
    for (uint32_t at = from;;) {
        at = run_end(search, at, value, end - at);
        if (end - at >= 2 && text[at] == ',' && text[at + 1] == ' ')
            at += 2;
        else if (end - at >= 3 && text[at] == ' ' && text[at + 1] == ':' && text[at + 2] == ' ')
            at += 3;
        else
            return at;
    }
}

static bool is_socket(const struct search *search, uint32_t from) {
    return search->end - from >= 5 && memcmp(search->text + from, "unix:", 5) == 0;
}

/* How far a value that begins at `from` can go. */
static inline uint32_t value_end(struct search *search, const struct log_part *part, uint32_t from) {
    switch (part->value) {
    case LOG_QUOTED:
    case LOG_FREE: return find_quote(search, from);
    case LOG_WORD: return run_end(search, from, LOG_WORD, LOG_FORMAT_WORD_BYTES_MAX);
    case LOG_LIST:
    case LOG_LIST_INTEGER:
    case LOG_LIST_SECONDS: return list_end(search, from, (enum log_value)part->value);
    case LOG_TIME_LOCAL:
        return from +
               (has_shape(
                    search, from, TIME_LOCAL_BYTES, "00/AAA/0000:00:00:00 +0000",
                    "\x09\x09\0\x39\x39\x39\0\x09\x09\x09\x09\0\x09\x09\0\x09\x09\0\x09\x09\0\x02\x09\x09\x09\x09")
                    ? TIME_LOCAL_BYTES
                    : 0);
    case LOG_TIME_ISO:
        return from +
               (has_shape(search, from, TIME_ISO_BYTES, "0000-00-00T00:00:00+00:00",
                          "\x09\x09\x09\x09\0\x09\x09\0\x09\x09\0\x09\x09\0\x09\x09\0\x09\x09\x02\x09\x09\0\x09\x09")
                    ? TIME_ISO_BYTES
                    : 0);
    default: break;
    }
    if (from < search->end && search->text[from] == '-' && !part->never_null) return from + 1;
    if (part->value == LOG_ADDRESS && is_socket(search, from))
        return run_end(search, from, LOG_WORD, LOG_FORMAT_WORD_BYTES_MAX);
    return run_end(search, from, (enum log_value)part->value, TYPED_BYTES_MAX);
}

/* Of digits and dots: one dot, three digits behind it. */
static bool is_seconds(const char *text, uint32_t bytes) {
    if (bytes == 1 && text[0] == '-') return true;
    if (bytes < 5 || memchr(text, '.', bytes) != text + bytes - 4) return false;
    return text[bytes - 3] != '.' && text[bytes - 2] != '.' && text[bytes - 1] != '.';
}

/* No separator of a list at its end. */
static bool is_list(const char *text, uint32_t bytes) {
    char last = text[bytes - 1];
    return last != ',' && last != ' ' && !(last == ':' && bytes >= 2 && text[bytes - 2] == ' ');
}

/* Whether a value may be [from, to), when it may go as far as `to`. */
static inline bool is_value(const struct search *search, const struct log_part *part, uint32_t from, uint32_t to) {
    if (part->value <= LOG_FREE) return true;
    if (from == to) return part->wrapped && part->value < LOG_TIME_LOCAL;
    switch (part->value) {
    case LOG_LIST:
    case LOG_LIST_INTEGER:
    case LOG_LIST_SECONDS: return is_list(search->text + from, to - from);
    case LOG_SECONDS: return is_seconds(search->text + from, to - from);
    case LOG_ADDRESS: return !is_socket(search, from) || to - from >= 5;
    default: return true;
    }
}

/* The same, and an address is one. Only asked where more than one place is left: the splitter reads addresses anyway. */
static bool is_value_strict(const struct search *search, const struct log_part *part, uint32_t from, uint32_t to) {
    struct ip_parsed ip;
    if (!is_value(search, part, from, to)) return false;
    const struct slice text = {search->text + from, to - from};
    return part->value != LOG_ADDRESS || text.len == 0 || (text.len == 1 && text.ptr[0] == '-') ||
           is_socket(search, from) || ip_parse(text, &ip);
}

static inline bool has_literal(const struct search *search, const struct log_literal *literal, uint32_t at) {
    uint64_t word;
    if (literal->bytes > search->end - at) return false;
    memcpy(&word, search->text + at, sizeof word);
    if (((word ^ literal->word) & literal->mask) != 0) return false;
    return literal->bytes <= 8 ||
           memcmp(search->text + at + 8, search->format->text + literal->offset + 8, literal->bytes - 8u) == 0;
}

/* Keeps the order, and each place once. False when there are too many. */
static inline bool add_way(struct ways *ways, uint32_t part, uint32_t at) {
    uint32_t count = ways->counts[part], *places = ways->at[part], i = count;
    if (count == 0) { /* the only one, nearly always */
        places[0] = at;
        ways->counts[part] = 1;
        return true;
    }
    while (i > 0 && places[i - 1] > at) i--;
    if (i > 0 && places[i - 1] == at) return true;
    if (count == LOG_FORMAT_WAYS_MAX) return false;
    memmove(places + i + 1, places + i, (count - i) * sizeof places[0]);
    places[i] = at;
    ways->counts[part] = count + 1;
    return true;
}

/* The places where the part behind `index` can begin when this one begins at `from`. */
static inline bool add_ends(struct search *search, struct ways *ways, uint32_t index, uint32_t from) {
    const struct log_part *part = &search->format->parts[index];
    const struct log_literal *literal = &part->literal;
    uint32_t end = value_end(search, part, from);
    if (index + 1u == search->format->parts_count) { /* all that is left is its */
        if (search->end - from < literal->bytes) return true;
        uint32_t last = search->end - literal->bytes;
        bool good = last <= end && (!part->exact || last == end || literal->bytes == 0) &&
                    has_literal(search, literal, last) && is_value(search, part, from, last);
        return !good || add_way(ways, index + 1, search->end);
    }
    if (part->exact) {
        bool good = has_literal(search, literal, end) && is_value(search, part, from, end);
        return !good || add_way(ways, index + 1, end + literal->bytes);
    }
    const char first = search->format->text[literal->offset], *text = search->text;
    for (uint32_t at = from; at <= end && at < search->end; at++) {
        uint32_t left = (end < search->end ? end + 1 : end) - at;
        const char *found = memchr(text + at, first, left);
        if (found == NULL) break;
        at = (uint32_t)(found - text);
        if (!has_literal(search, literal, at) || !is_value(search, part, from, at)) continue;
        if (!add_way(ways, index + 1, at + literal->bytes)) return false;
    }
    return true;
}

/* Whether the value of `part` can lie between a beginning of it and one of the next part. */
static uint32_t reachable(struct search *search, const struct ways *ways, uint32_t index, uint32_t from) {
    const struct log_part *part = &search->format->parts[index];
    uint32_t end = value_end(search, part, from), bits = 0;
    for (uint32_t i = 0; i < ways->counts[index + 1]; i++) {
        uint32_t to = ways->at[index + 1][i];
        if (to < from + part->literal.bytes) continue;
        to -= part->literal.bytes;
        if (to > end || (part->exact && part->value == LOG_QUOTED && to != end)) continue;
        if (part->value >= LOG_TIME_LOCAL && to != end) continue;
        if (is_value_strict(search, part, from, to)) bits |= (uint32_t)1 << i;
    }
    return bits;
}

/* Keeps the places that lie on a way from the beginning of the line to its end. False when there is none. */
static bool prune(struct search *search, struct ways *ways) {
    const uint32_t parts_count = search->format->parts_count;
    uint32_t good[LOG_FORMAT_PARTS_MAX + 1] = {1};
    for (uint32_t part = 0; part < parts_count; part++)
        for (uint32_t i = 0; i < ways->counts[part]; i++)
            if ((good[part] >> i & 1) != 0) good[part + 1] |= reachable(search, ways, part, ways->at[part][i]);
    for (uint32_t part = parts_count; part-- > 0;)
        for (uint32_t i = 0; i < ways->counts[part]; i++)
            if ((good[part] >> i & 1) != 0 && (reachable(search, ways, part, ways->at[part][i]) & good[part + 1]) == 0)
                good[part] &= ~((uint32_t)1 << i);
    for (uint32_t part = 0; part <= parts_count; part++) {
        uint32_t kept = 0;
        for (uint32_t i = 0; i < ways->counts[part]; i++)
            if ((good[part] >> i & 1) != 0) ways->at[part][kept++] = ways->at[part][i];
        ways->counts[part] = kept;
    }
    return ways->counts[0] > 0;
}

/* All readings of the line. False when there is none. */
static bool find_ways(const struct log_format *format, const struct record *record, struct ways *ways,
                      const char **expected) {
    struct search search = {.text = record->text,
                            .start = record->line.offset,
                            .end = record->line.offset + record->line.length,
                            .quote_from = UINT32_MAX,
                            .format = format};
    bool several = false;
    *expected = "the text in front of the first variable of the log_format";
    if (!has_literal(&search, &format->head, search.start)) return false;
    ways->counts[0] = 1;
    ways->at[0][0] = search.start + format->head.bytes;
    for (uint32_t part = 0; part < format->parts_count; part++) {
        ways->counts[part + 1] = 0;
        *expected = "a line that can be cut in fewer ways";
        for (uint32_t i = 0; i < ways->counts[part]; i++) {
            /* up to the same quote a place further on can end nowhere else */
            if (i > 0 && format->parts[part].value <= LOG_FREE && ways->at[part][i] <= search.quote) continue;
            if (!add_ends(&search, ways, part, ways->at[part][i])) return false;
        }
        *expected = expected_value[format->parts[part].value];
        if (ways->counts[part + 1] == 0) return false;
        several = several || ways->counts[part + 1] > 1;
    }
    return !several || prune(&search, ways);
}

static inline struct span value_span(const struct log_format *format, const struct ways *ways, uint32_t part) {
    uint32_t from = ways->at[part][0];
    return (struct span){from, ways->at[part + 1][0] - format->parts[part].literal.bytes - from};
}

/* Appends `name=text` for the parts from `first` to `last`. */
static bool append_extra(const struct log_format *format, uint32_t first, uint32_t last, struct span text,
                         struct record *record, struct spare *spare) {
    size_t bytes = (size_t)text.length + last - first + 1;
    for (uint32_t i = first; i <= last; i++) bytes += format->parts[i].name_bytes;
    char *out = spare_room(spare, bytes);
    if (out == NULL || NEVER(record->fields_count == FIELDS_MAX)) return false;
    for (uint32_t i = first; i <= last; i++) {
        const struct log_part *part = &format->parts[i];
        memcpy(out, format->text + part->name, part->name_bytes);
        out += part->name_bytes;
        *out++ = i < last ? '+' : '=';
    }
    memcpy(out, record->text + text.offset, text.length);
    record->fields[record->fields_count++] = spare_take(spare, out + text.length);
    return true;
}

/* What is in doubt from `first` to `last` stays together; not when there may be a secret in it. */
static const char *keep_doubt(const struct log_format *format, const struct ways *ways, uint32_t first, uint32_t last,
                              struct record *record, struct spare *spare, struct line_cut *cut) {
    uint32_t from = ways->at[first][0], to = ways->at[last + 1][0] - format->parts[last].literal.bytes;
    for (uint32_t i = first; i <= last; i++) {
        if (format->parts[i].peer) return "one way to tell who the peer is";
        if (i < last) cut->quotes -= format->parts[i].literal.quotes;
    }
    record->flags |= 1u << RECORD_AMBIGUOUS;
    for (uint32_t i = first; i <= last; i++)
        if (format->parts[i].secret) return NULL;
    return append_extra(format, first, last, (struct span){from, to - from}, record, spare)
               ? NULL
               : "no more extras than there is room for";
}

static bool has_prefix(const struct record *record, struct span span, struct slice prefix) {
    return slice_starts_with(record_text(record, span), prefix);
}

/* A certain value: into its row, or behind the rows. NULL, or what should have been there. */
static inline const char *keep_value(const struct log_format *format, uint32_t index, struct span span,
                                     struct record *record, struct spare *spare) {
    const struct log_part *part = &format->parts[index];
    bool socket = part->address && has_prefix(record, span, SLICE("unix:"));
    if (part->row != LOG_ROW_NONE && !part->again && !socket) {
        record->fields[part->row] = span;
        return NULL;
    }
    if (record_null(record, span) || part->secret) return NULL;
    if (part->again && slice_equal(record_text(record, span), record_text(record, record->fields[part->row])))
        return NULL;
    if (part->again && part->peer && socket && record->fields[part->row].length == 0) return NULL;
    if (part->again && part->peer) return "the same peer at each place of the log_format";
    return append_extra(format, index, index, span, record, spare) ? NULL : "no more extras than there is room for";
}

/* What $remote_addr and $remote_port say is not the peer's where the realip module put something else in its place. */
static bool keep_real_peer(const struct log_format *format, const struct ways *ways, struct record *record,
                           struct spare *spare) {
    const int parts[] = {format->peer_ip, format->peer_port};
    struct span real = value_span(format, ways, (uint32_t)format->peer_ip_real);
    if (record_null(record, real)) return true;
    if (format->peer_ip >= 0 && slice_equal(record_text(record, real),
                                            record_text(record, value_span(format, ways, (uint32_t)format->peer_ip))))
        return true;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (parts[i] < 0) continue;
        struct span *row = &record->fields[format->parts[parts[i]].row], span = *row;
        *row = (struct span){0, 0};
        if (!record_null(record, span) &&
            !append_extra(format, (uint32_t)parts[i], (uint32_t)parts[i], span, record, spare))
            return false;
    }
    return true;
}

/* Values that chains look at. */
static void keep_headers(const struct log_format *format, const struct ways *ways, struct record *record) {
    for (uint32_t i = 0; i < format->wanted_count; i++) {
        uint32_t part = format->wanted_parts[i], header = format->parts[part].wanted;
        if (ways->counts[part] > 1 || ways->counts[part + 1] > 1) continue; /* in doubt */
        struct span span = value_span(format, ways, part);
        if (record_null(record, span)) continue;
        record->headers[header] = span;
        record->headers_found |= 1u << header;
    }
}

static bool fill(const struct log_format *format, const struct ways *ways, struct record *record, struct spare *spare,
                 struct line_cut *cut) {
    cut->quotes = format->quotes;
    keep_headers(format, ways, record);
    for (uint32_t part = 0; part < format->parts_count; part++) {
        if (ways->counts[part + 1] == 1) {
            cut->expected = keep_value(format, part, value_span(format, ways, part), record, spare);
        } else {
            uint32_t first = part;
            while (ways->counts[part + 1] > 1) part++;
            cut->expected = keep_doubt(format, ways, first, part, record, spare, cut);
        }
        if (cut->expected != NULL) return false;
    }
    if (format->peer_ip_real >= 0 && !keep_real_peer(format, ways, record, spare)) {
        cut->expected = "no more extras than there is room for";
        return false;
    }
    return true;
}

bool log_format_cut(const struct log_format *format, struct record *record, struct spare *spare, struct line_cut *cut) {
    struct ways ways;
    return find_ways(format, record, &ways, &cut->expected) && fill(format, &ways, record, spare, cut);
}

/* The peer's address, where it is certain; a length of 0 where it is not. */
static struct span peer_span(const struct log_format *format, const struct ways *ways) {
    if (format->peer_ip < 0) return (struct span){0, 0};
    uint32_t part = (uint32_t)format->peer_ip;
    if (ways->counts[part] > 1 || ways->counts[part + 1] > 1) return (struct span){0, 0};
    return value_span(format, ways, part);
}

/* Whether a client may have made the line fit: what holds spaces can hold the look of other columns. A peer that is null may be the
 * dash that stands between address and user in another format. */
static bool is_loose(const struct log_format *format, const struct ways *ways, const struct record *record) {
    if (format->peer_ip >= 0 && record_null(record, peer_span(format, ways))) return true;
    for (uint32_t part = 0; part < format->parts_count; part++) {
        if (format->parts[part].value != LOG_FREE) continue;
        if (ways->counts[part] > 1 || ways->counts[part + 1] > 1) return true;
        struct span span = value_span(format, ways, part);
        if (memchr(record->text + span.offset, ' ', span.length) != NULL) return true;
    }
    return false;
}

/* The first of all formats that fits, when no other one that does has another peer. */
static bool find_first(const struct log_format *formats, uint32_t count, const struct record *record, struct ways *ways,
                       uint32_t *first, const char **expected) {
    struct ways others;
    struct span peer = {0, 0};
    const char *ignored;
    *first = count;
    for (uint32_t i = 0; i < count; i++) {
        struct ways *found = *first == count ? ways : &others;
        if (!find_ways(&formats[i], record, found, &ignored)) continue;
        struct span other = peer_span(&formats[i], found);
        *expected = "one way to tell who the peer is";
        if (*first != count && (other.offset != peer.offset || other.length != peer.length)) return false;
        if (*first == count) *first = i, peer = other;
    }
    return *first < count;
}

bool log_format_cut_any(const struct log_format *formats, uint32_t count, uint32_t *last, struct record *record,
                        struct spare *spare, struct line_cut *cut) {
    struct ways ways;
    uint32_t found = *last < count ? *last : 0;
    bool good = count > 0 && find_ways(&formats[found], record, &ways, &cut->expected);
    for (uint32_t i = 0; i < count && !good; i++) {
        good = i != *last && find_ways(&formats[i], record, &ways, &cut->expected);
        found = i;
    }
    cut->expected = "a line of a known log_format";
    if (!good) return false;
    if (is_loose(&formats[found], &ways, record) && !find_first(formats, count, record, &ways, &found, &cut->expected))
        return false;
    if (!fill(&formats[found], &ways, record, spare, cut)) return false;
    *last = found;
    return true;
}
