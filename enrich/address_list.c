/* Lists of addresses, from the right.
 *
 * Threads: a list belongs to one thread. */
#define _GNU_SOURCE /* memrchr */
#include "enrich/address_list.h"

#include <string.h>

/* --- the window ----------------------------------------------------------------------------------- */

static bool is_blank(char byte) {
    return byte == ' ' || byte == '\t';
}

/* Start of the blanks that end before text[at]. */
static size_t blanks_start(const char *text, size_t at) {
    while (at > 0 && is_blank(text[at - 1])) at--;
    return at;
}

static bool ends_with_crlf(const char *text, size_t at) {
    return at >= 2 && text[at - 2] == '\r' && text[at - 1] == '\n';
}

/* Room that is filled from its end. */
struct backwards {
    char *begin, *at;
    bool full; /* there was more */
};

static void put_before(struct backwards *out, const char *text, size_t bytes) {
    size_t room = (size_t)(out->at - out->begin), kept = bytes < room ? bytes : room;
    out->at -= kept;
    memcpy(out->at, text + bytes - kept, kept);
    out->full = out->full || kept < bytes;
}

/* One line with each fold (OWS CRLF RWS) as one space. Blanks in front of a fold that are the end of another one belong to that. */
static void put_line_before(struct backwards *out, struct slice line) {
    size_t at = line.len;
    while (at > 0 && !out->full) {
        size_t blanks = blanks_start(line.ptr, at);
        if (blanks < at && ends_with_crlf(line.ptr, blanks)) {
            size_t before = blanks_start(line.ptr, blanks - 2);
            at = before < blanks - 2 && ends_with_crlf(line.ptr, before) ? blanks - 2 : before;
            put_before(out, " ", 1);
            continue;
        }
        size_t from = blanks < at ? blanks : at - 1;
        while (from > 0 && !is_blank(line.ptr[from - 1])) from--;
        put_before(out, line.ptr + from, at - from);
        at = from;
    }
}

/* Drops the leftmost member, which the edge of the window may have cut. */
static void drop_cut_member(struct address_list *list);

/* Several lines, and a folded one. Apart, since nearly all are one line and need no room. */
static __attribute__((noinline)) void join_lines(struct address_list *list, const struct slice *lines,
                                                 uint32_t lines_count) {
    char room[LIST_WINDOW_BYTES + 1]; /* and the byte before the window */
    struct backwards out = {room, room + sizeof room, false};
    for (uint32_t i = lines_count; i-- > 0 && !out.full;) {
        put_line_before(&out, lines[i]);
        if (i > 0) put_before(&out, ",", 1);
    }
    size_t bytes = (size_t)(room + sizeof room - out.at);
    list->truncated = bytes > LIST_WINDOW_BYTES;
    bytes -= list->truncated;
    memcpy(list->joined, room + sizeof room - bytes, bytes);
    list->begin = list->joined;
    list->end = list->joined + bytes;
    if (list->truncated && room[0] != ',') drop_cut_member(list);
}

void address_list_init(struct address_list *list, const struct slice *lines, uint32_t lines_count, bool forwarded) {
    list->forwarded = forwarded;
    list->truncated = list->unpaired = false;
    if (lines_count == 0 || (lines_count == 1 && lines[0].len == 0)) {
        list->begin = list->end = list->joined;
        return;
    }
    if (lines_count > 1 || memchr(lines[0].ptr, '\n', lines[0].len) != NULL) {
        join_lines(list, lines, lines_count);
        return;
    }
    list->begin = lines[0].ptr;
    list->end = lines[0].ptr + lines[0].len;
    list->truncated = lines[0].len > LIST_WINDOW_BYTES;
    if (!list->truncated) return;
    list->begin = list->end - LIST_WINDOW_BYTES;
    if (list->begin[-1] != ',') drop_cut_member(list);
}

/* --- members -------------------------------------------------------------------------------------- */

/* Whether an odd number of backslashes stands before it. */
static bool is_escaped(const char *begin, const char *at) {
    const char *from = at;
    while (from > begin && from[-1] == '\\') from--;
    return (at - from) % 2 == 1;
}

/* The quote that pairs with the one at `quote`; NULL when there is none. */
static const char *partner_of(const char *begin, const char *quote) {
    const char *at = quote;
    while ((at = memrchr(begin, '"', (size_t)(at - begin))) != NULL)
        if (!is_escaped(begin, at)) return at;
    return NULL;
}

/* The last `separator` outside of quotes; NULL when there is none. Once a quote has no partner, none on its left has: looked for
 * once, or a text of nothing but escaped quotes would cost its length squared. */
static const char *last_separator(const char *begin, const char *end, char separator, bool *unpaired) {
    for (const char *at = end; at > begin;) {
        at--;
        if (*at == separator) return at;
        if (*at != '"' || *unpaired) continue;
        const char *partner = partner_of(begin, at);
        *unpaired = partner == NULL;
        if (partner != NULL) at = partner;
    }
    return NULL;
}

static const char *last_comma(const struct address_list *list, const char *end, bool *unpaired) {
    return list->forwarded ? last_separator(list->begin, end, ',', unpaired)
                           : memrchr(list->begin, ',', (size_t)(end - list->begin));
}

static bool is_for(struct slice name) {
    return name.len == 3 && (name.ptr[0] | 0x20) == 'f' && (name.ptr[1] | 0x20) == 'o' && (name.ptr[2] | 0x20) == 'r';
}

/* An element of Forwarded: the value of its `for`. Without one it says that the client is unknown, with two that somebody lies. */
static struct list_member read_element(struct slice element) {
    struct list_member member = {.text = element, .token = {.kind = TOKEN_UNKNOWN}};
    bool met = false, unpaired = false;
    for (const char *begin = element.ptr, *end = element.ptr + element.len; end != NULL;) {
        const char *semicolon = last_separator(begin, end, ';', &unpaired);
        const char *from = semicolon != NULL ? semicolon + 1 : begin;
        struct slice pair = token_trim((struct slice){from, (size_t)(end - from)});
        const char *equals = memchr(pair.ptr, '=', pair.len);
        if (equals != NULL && is_for((struct slice){pair.ptr, (size_t)(equals - pair.ptr)})) {
            if (met) return (struct list_member){.text = element, .token = {.kind = TOKEN_BAD}};
            struct slice value = token_trim((struct slice){equals + 1, pair.len - (size_t)(equals + 1 - pair.ptr)});
            met = true;
            member.text = value.len > 0 ? value : element;
            member.token = address_token_parse(value, TOKEN_XFF);
            if (member.token.kind == TOKEN_EMPTY) member.token.kind = TOKEN_OBFUSCATED;
        }
        end = semicolon;
    }
    return member;
}

static void read_member(const struct address_list *list, struct slice text, struct list_member *member) {
    if (list->forwarded) {
        *member = read_element(text);
        return;
    }
    member->text = text;
    address_token_read(text, TOKEN_XFF, &member->token);
}

/* Takes the rightmost member, empty or not; false when nothing is left. */
static bool take_last(struct address_list *list, struct slice *text) {
    if (list->end == NULL) return false;
    const char *comma = last_comma(list, list->end, &list->unpaired);
    const char *from = comma != NULL ? comma + 1 : list->begin;
    *text = token_trim((struct slice){from, (size_t)(list->end - from)});
    list->end = comma;
    return true;
}

bool address_list_pop(struct address_list *list, struct list_member *member) {
    struct slice text;
    for (uint32_t empties = 0; take_last(list, &text); empties += text.len == 0) {
        if (text.len > 0) {
            read_member(list, text, member);
            return true;
        }
        if (empties < LIST_EMPTIES_MAX) continue;
        *member = (struct list_member){.text = text, .token = {.kind = TOKEN_BAD}};
        return true;
    }
    return false;
}

/* The leftmost member that is not empty. What is left of a list is short or the client's own: reading all of it costs what sending
 * it did. */
bool address_list_claim(const struct address_list *list, struct list_member *member) {
    struct slice leftmost = {0}, text;
    if (list->end == NULL) return false;
    if (!list->forwarded) {
        const char *begin = list->begin;
        while (begin < list->end && (is_blank(*begin) || *begin == ',')) begin++;
        const char *comma = memchr(begin, ',', (size_t)(list->end - begin));
        leftmost = token_trim((struct slice){begin, (size_t)((comma != NULL ? comma : list->end) - begin)});
    } else {
        const char *end = list->end;
        bool unpaired = list->unpaired;
        for (const char *comma = end; comma != NULL; end = comma) {
            comma = last_comma(list, end, &unpaired);
            const char *from = comma != NULL ? comma + 1 : list->begin;
            text = token_trim((struct slice){from, (size_t)(end - from)});
            if (text.len > 0) leftmost = text;
        }
    }
    if (leftmost.len == 0) return false;
    read_member(list, leftmost, member);
    return true;
}

static void drop_cut_member(struct address_list *list) {
    const char *first = NULL;
    if (!list->forwarded) {
        first = memchr(list->begin, ',', (size_t)(list->end - list->begin));
    } else {
        bool unpaired = false;
        for (const char *comma = list->end; comma != NULL;) {
            comma = last_comma(list, comma, &unpaired);
            if (comma != NULL) first = comma;
        }
    }
    if (first == NULL)
        list->end = NULL;
    else
        list->begin = first + 1;
}
