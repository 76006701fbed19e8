/* Marks first, 48 bytes at a time: an address has three separators between digits, or so many colons, and few other things have. Then,
 * around each mark, what can be read as an address. (Any separator between digits was a mark at first: dates, times and decimals made
 * 40 of them in a record, and two microseconds.)
 *
 * Threads: pure functions. */
#include "sinks/address_find.h"

#include "base/cpu.h"
#include "sinks/address_marks.h"

/* --- characters ------------------------------------------------------------------------------------- */

#define OTHER 256 /* no character of an address */

static inline uint32_t hex_digit(char c) {
    uint32_t digit = (uint32_t)(unsigned char)c - '0', letter = ((uint32_t)(unsigned char)c | 0x20) - 'a';
    return digit < 10 ? digit : letter < 6 ? letter + 10 : OTHER;
}

/* Two hex digits. */
static uint32_t hex_pair(const char *at, const char *end) {
    if (end - at < 2) return OTHER;
    uint32_t high = hex_digit(at[0]), low = hex_digit(at[1]);
    return high < 16 && low < 16 ? high << 4 | low : OTHER;
}

/* How often an escape may be escaped again: each time is a "25", or a backslash more. More are not followed, so that a long row of them is
 * not walked from each of its places. */
#define WRAPS_MAX 4

/* What an escape stands for and where it ends; OTHER when it is none. */
static uint32_t read_escape(const char *at, const char *end, const char **next) {
    const char *from = at++;
    *next = at;
    if (*from == '%')
        for (int i = 0; i < WRAPS_MAX && end - at >= 2 && at[0] == '2' && at[1] == '5'; i++) at += 2;
    else
        for (int i = 0; i < 2 * WRAPS_MAX && at < end && *at == '\\'; i++) at++;
    bool is_long = end - at > 4 && (at[0] | 0x20) == 'u', is_short = *from == '\\' && at < end && (at[0] | 0x20) == 'x';
    if (is_long && at[1] == '0' && at[2] == '0') {
        at += 3;
    } else if (is_short) {
        at += 1;
    } else if (*from == '\\') { /* none of an address, but its letters and digits are its own */
        if (is_long && hex_pair(at + 1, end) < OTHER && hex_pair(at + 3, end) < OTHER)
            *next = at + 5;
        else if (at < end && (*at == 'b' || *at == 'f'))
            *next = at + 1;
        return OTHER;
    }
    uint32_t value = hex_pair(at, end);
    if (value < OTHER) *next = at + 2;
    return value;
}

/* The character at `at`, with its escape undone. OTHER at the end. */
static inline uint32_t read_character(const char *at, const char *end, const char **next) {
    if (at >= end) return OTHER;
    if (*at == '%' || *at == '\\') return read_escape(at, end, next);
    *next = at + 1;
    return (unsigned char)*at;
}

static inline uint32_t digit_at(const char *at, const char *end, const char **next) {
    uint32_t digit = read_character(at, end, next) - '0';
    return digit < 10 ? digit : OTHER;
}

static inline uint32_t hex_digit_at(const char *at, const char *end, const char **next) {
    uint32_t c = read_character(at, end, next);
    return c < 128 ? hex_digit((char)c) : OTHER;
}

static inline bool is_separator(uint32_t c) {
    return c == '.' || c == '-' || c == '_';
}

/* --- quads ------------------------------------------------------------------------------------------ */

/* A part of up to three digits, as long as it is below 256; NULL: none. */
static const char *read_part(const char *at, const char *end, uint8_t *part) {
    const char *next, *from = at;
    uint32_t value = 0, digit;
    for (int i = 0; i < 3 && (digit = digit_at(at, end, &next)) < 10 && 10 * value + digit < 256; i++) {
        value = 10 * value + digit;
        at = next;
    }
    *part = (uint8_t)value;
    return at > from ? at : NULL;
}

/* More of a quad's kind: what is left of an address's own digits would tell what was taken out. */
static const char *skip_rest(const char *at, const char *end, char separator) {
    const char *next;
    while (digit_at(at, end, &next) < 10 ||
           (read_character(at, end, &next) == (unsigned char)separator && digit_at(next, end, &next) < 10))
        at = next;
    return at;
}

static bool is_arpa(const char *at, const char *end) {
    const struct slice arpa = SLICE(".in-addr.arpa");
    const char *next;
    for (size_t i = 0; i < arpa.len; i++, at = next) {
        uint32_t c = read_character(at, end, &next);
        if (c != (unsigned char)arpa.ptr[i] && (c | 0x20) != (unsigned char)arpa.ptr[i]) return false;
    }
    return true;
}

static struct ip ip_of_parts(const uint8_t *parts) {
    return (struct ip){{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, parts[0], parts[1], parts[2], parts[3]}};
}

/* Where four parts end; NULL: there are none. */
static const char *read_quad(const char *at, const char *end, uint8_t parts[4], char *separator) {
    const char *next;
    if ((at = read_part(at, end, &parts[0])) == NULL) return NULL;
    uint32_t between = read_character(at, end, &next);
    if (!is_separator(between)) return NULL;
    for (int i = 1; i < 4; i++) {
        if (read_character(at, end, &next) != between || (at = read_part(next, end, &parts[i])) == NULL) return NULL;
    }
    *separator = (char)between;
    return at;
}

enum kind { NOTHING, NOT_GLOBAL, GLOBAL };

static bool is_behind_part(const char *at, const char *text, char separator) {
    if (at > text && at[-1] == separator) at--;
    return at > text && hex_digit(at[-1]) < 10;
}

static enum kind find_quad(const char *at, const struct address_finder *finder, struct address_found *found) {
    const char *end = finder->end;
    uint8_t parts[4];
    const char *stop = read_quad(at, end, parts, &found->separator);
    if (stop == NULL || (parts[1] | parts[2] | parts[3]) == 0) return NOTHING;
    found->backwards = found->separator == '.' && is_arpa(stop, end);
    if (found->backwards) {
        const uint8_t turned[4] = {parts[3], parts[2], parts[1], parts[0]};
        memcpy(parts, turned, sizeof parts);
    }
    found->ip = ip_of_parts(parts);
    if (!ip_is_global(&found->ip)) return NOT_GLOBAL;
    found->from = at;
    found->stop = stop;
    found->end = skip_rest(stop, end, found->separator);
    found->has_port = false;
    /* four parts and no more; others are dates */
    found->doubtful = found->separator != '.' &&
                      (found->end != stop || is_behind_part(at, finder->text, found->separator));
    if (found->doubtful) found->end = stop;
    return GLOBAL;
}

/* --- IPv6 ------------------------------------------------------------------------------------------- */

struct groups {
    uint32_t count;
    bool has_quad; /* the last two were written as one */
    uint32_t gap;  /* index of the group behind "::"; UINT32_MAX: there is no "::" */
    uint16_t values[8];
};
#define NO_GAP UINT32_MAX

/* The first groups from the left, the others from the right, zeros between. */
static struct ip ip_of_groups(const struct groups *groups) {
    struct ip ip = {{0}};
    for (uint32_t i = 0; i < groups->count; i++) {
        uint32_t place = i < groups->gap ? i : i + 8 - groups->count;
        ip.bytes[2 * place] = (uint8_t)(groups->values[i] >> 8);
        ip.bytes[2 * place + 1] = (uint8_t)groups->values[i];
    }
    return ip;
}

static const char *read_group(const char *at, const char *end, uint16_t *value) {
    const char *next, *from = at;
    uint32_t digit;
    *value = 0;
    for (int i = 0; i < 4 && (digit = hex_digit_at(at, end, &next)) < 16; i++) {
        *value = (uint16_t)((uint32_t)*value << 4 | digit);
        at = next;
    }
    return at > from ? at : NULL;
}

/* Behind a colon, or in front of everything: "::", of which the first colon is read when `first` is false. */
static bool read_gap(const char **at, const char *end, const struct groups *groups, bool first) {
    const char *next = *at;
    if (groups->gap != NO_GAP || (first && read_character(*at, end, &next) != ':')) return false;
    if (read_character(next, end, &next) != ':') return false;
    *at = next;
    return true;
}

/* Two groups written as a quad. */
static const char *read_quad_tail(const char *at, const char *end, struct groups *groups) {
    uint8_t parts[4];
    char separator;
    const char *stop = groups->count <= 6 ? read_quad(at, end, parts, &separator) : NULL;
    if (stop == NULL || separator != '.') return NULL;
    groups->values[groups->count++] = (uint16_t)(parts[0] << 8 | parts[1]);
    groups->values[groups->count++] = (uint16_t)(parts[2] << 8 | parts[3]);
    groups->has_quad = true;
    return stop;
}

/* More of the same, as behind a quad: with what stands for the address it would be another one. */
static const char *skip_groups(const char *at, const char *end, bool ports_stay) {
    const char *next, *behind;
    for (;;) {
        uint32_t c = read_character(at, end, &next);
        if (c < 128 && hex_digit((char)c) < 16) {
            at = next;
            continue;
        }
        if (c == ':' && ports_stay) return at;
        if (c == ':' && read_character(next, end, &behind) == ':') next = behind;
        if (c == ':' ? hex_digit_at(next, end, &behind) > 15 : c != '.' || digit_at(next, end, &behind) > 9) return at;
        at = behind;
    }
}

/* What is an address, and the longest start of one in which five groups stand. */
static bool are_address(const struct groups *groups) {
    return groups->gap != NO_GAP || groups->count == 8 || (groups->count >= 5 && groups->values[0] >> 13 == 1);
}

/* As many groups as there are; the last one may be a port. */
static enum kind find_groups(const char *at, const char *end, struct address_found *found) {
    struct groups groups = {.gap = NO_GAP}, without = groups;
    const char *next, *stop, *without_end = NULL;
    found->from = at;
    if (read_gap(&at, end, &groups, true)) groups.gap = 0;
    while (groups.count < 8) {
        if ((stop = read_quad_tail(at, end, &groups)) != NULL) {
            at = stop;
            without_end = NULL;
            break;
        }
        uint16_t value;
        if ((stop = read_group(at, end, &value)) == NULL) break;
        groups.values[groups.count++] = value;
        at = stop;
        if (groups.count == 8 || read_character(at, end, &next) != ':') break;
        const char *behind = next;
        if (read_gap(&behind, end, &groups, false)) {
            groups.gap = groups.count;
            at = behind;
            without_end = NULL;
        } else if (hex_digit_at(next, end, &behind) < 16) {
            without = groups;
            without_end = at;
            at = next;
        } else {
            break;
        }
    }
    if (!are_address(&groups)) return NOTHING;
    found->ip = ip_of_groups(&groups);
    found->stop = found->end = at;
    found->separator = ':';
    found->backwards = false;
    found->has_port = without_end != NULL && are_address(&without);
    if (found->has_port) {
        found->without = ip_of_groups(&without);
        found->without_end = without_end;
    }
    if (ip_is_global(&found->ip)) {
        found->end = skip_groups(at, end, groups.has_quad);
        return GLOBAL;
    }
    if (!found->has_port || !ip_is_global(&found->without)) return NOT_GLOBAL;
    found->ip = found->without; /* ::ffff:5102:458e:443 */
    found->stop = found->end = found->without_end;
    found->has_port = false;
    return GLOBAL;
}

/* --- marks ------------------------------------------------------------------------------------------ */

static address_marks_function *const by_level[CPU_LEVELS] = {
    [CPU_BASELINE] = address_marks_baseline,
#if defined(__x86_64__)
    [CPU_AVX2] = address_marks_avx2,
    [CPU_AVX512] = address_marks_avx512,
#endif
};
static address_marks_function *chosen;

__attribute__((constructor)) static void choose(void) {
    chosen = by_level[cpu_level()];
}

void address_finder_init(struct address_finder *finder, struct slice text) {
    *finder = (struct address_finder){
        .text = text.ptr, .end = text.ptr + text.len, .from = text.ptr, .internal_end = text.ptr};
    finder->block = chosen(text.ptr, finder->end, &finder->marks);
}

/* --- around a mark ---------------------------------------------------------------------------------- */

#define ESCAPE_BYTES_MAX (2 * WRAPS_MAX + 8) /* the longest: %25252525u0031 */

/* Where the escape ends that JSON reads at a backslash; NULL: it reads none there, since the backslash is escaped itself. */
static const char *json_escape_end(const char *at, const char *text, const char *end) {
    const char *c = at;
    while (c > text && c[-1] == '\\') c--;
    if ((at - c) % 2 != 0) return NULL;
    return end - at > 1 && at[1] == 'u' ? at + 6 : at + 2;
}

/* Where digits in front of `at` begin: behind an escape, whose digits are no others. `only_json`: behind one that would be broken. */
static const char *behind_escape(const struct address_finder *finder, const char *at, bool only_json) {
    const char *first = at - finder->from > ESCAPE_BYTES_MAX ? at - ESCAPE_BYTES_MAX : finder->from;
    for (const char *c = at; c-- > first;) {
        const char *next = NULL;
        if (!only_json && (*c == '\\' || *c == '%'))
            (void)read_escape(c, finder->end, &next);
        else if (*c == '\\')
            next = json_escape_end(c, finder->text, finder->end);
        if (next != NULL) return next < at ? next : at;
    }
    return first;
}

static bool is_word(char c) {
    return (uint32_t)(unsigned char)c - '0' < 10 || ((uint32_t)(unsigned char)c | 0x20) - 'a' < 26 || c == ':';
}

/* Addresses that people write and that no host on the Internet has: unique local, link-local, multicast, documentation. */
static bool is_internal(const struct ip *ip) {
    const uint8_t *b = ip->bytes;
    return (b[0] & 0xfe) == 0xfc || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80) || b[0] == 0xff ||
           (b[0] == 0x20 && b[1] == 0x01 && b[2] == 0x0d && b[3] == 0xb8) ||
           (b[0] == 0x3f && b[1] == 0xff && (b[2] & 0xf0) == 0);
}

/* Groups of an address that is internal look like one that is not: fd00:1:2600::1. */
static bool take_groups(struct address_finder *finder, const char *at, struct address_found *found) {
    enum kind kind = find_groups(at, finder->end, found);
    bool alone = kind == NOT_GLOBAL && (at == finder->text || !is_word(at[-1])) &&
                 (found->end == finder->end || !is_word(*found->end));
    if (alone && is_internal(&found->ip)) finder->internal_end = found->end;
    found->doubtful = at < finder->internal_end;
    return kind == GLOBAL;
}

/* The longest first part decides: 192.168.1.1 has no 92.168.1.1 in it. */
static bool take_quad(const struct address_finder *finder, const char *from, const char *at,
                      struct address_found *found) {
    enum kind kind = NOTHING;
    for (; from <= at && kind == NOTHING; from++) kind = find_quad(from, finder, found);
    return kind == GLOBAL;
}

/* Up to `digits_max` digits in front of `at`, of hexadecimal ones those below `base`. */
static const char *walk_back(const char *at, const char *first, int digits_max, uint32_t base) {
    const char *from = at;
    while (from > first && at - from < digits_max && hex_digit(from[-1]) < base) from--;
    return from;
}

#define PLAIN_BYTES_MAX 40 /* of an address in front of its first escape */

/* An escape may be any character of an address. What stands in front of the first one is as it is. */
static bool find_at_escape(struct address_finder *finder, const char *at, const char *first,
                           struct address_found *found) {
    const char *next, *from = at;
    uint32_t c = read_escape(at, finder->end, &next);
    if (c != ':' && !is_separator(c) && (c > 127 || hex_digit((char)c) > 15)) return false;
    while (from > first && at - from < PLAIN_BYTES_MAX &&
           (hex_digit(from[-1]) < 16 || from[-1] == ':' || is_separator((unsigned char)from[-1])))
        from--;
    for (; from <= at; from++)
        if (take_quad(finder, from, from, found) || take_groups(finder, from, found)) return true;
    return false;
}

static bool find_at_separator(struct address_finder *finder, const char *at, const char *first,
                              struct address_found *found) {
    if (*at == ':') return take_groups(finder, walk_back(at, first, 4, 16), found);
    return take_quad(finder, walk_back(at, first, 3, 10), at - 1, found);
}

/* Of a row of backslashes all are taken or none, since half of them would escape what follows. %81.2.69.142 may be a byte and three parts, but
 * whoever reads it sees four. */
static bool find_at(struct address_finder *finder, const char *at, struct address_found *found) {
    if (*at == '\\' && at > finder->from && at[-1] == '\\') return false;
    const char *first = behind_escape(finder, at, false);
    if (*at == '\\' || *at == '%') return find_at_escape(finder, at, first, found);
    if (find_at_separator(finder, at, first, found)) return true;
    const char *sooner = behind_escape(finder, at, true);
    return sooner != first && find_at_separator(finder, at, sooner, found);
}

bool address_finder_next(struct address_finder *finder, struct address_found *found) {
    for (;;) {
        while (finder->marks != 0) {
            const char *at = finder->block + __builtin_ctzll(finder->marks);
            finder->marks &= finder->marks - 1;
            if (at < finder->from || !find_at(finder, at, found)) continue;
            if (found->end <= at)
                finder->marks |= 1ull << (at - finder->block); /* what an escape goes on is still to come */
            finder->from = found->end;
            return true;
        }
        if (finder->end - finder->block <= ADDRESS_MARKS_BYTES) return false;
        finder->block = chosen(finder->block + ADDRESS_MARKS_BYTES, finder->end, &finder->marks);
    }
}
