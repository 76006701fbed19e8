/* The list in X-Forwarded-For, or in Forwarded (RFC 7239), read from its right end: what trusted hops wrote stands right, and
 * what a client wrote, left of it, must not change how that is read (HOPS.md 4.3, 4.3a).
 *
 * All header lines count as one text, joined by commas, a folded line by a space (RFC 9110 section 5.3, RFC 9112 section 5.2); only
 * its last LIST_WINDOW_BYTES are looked at. In Forwarded a quote pairs with the nearest one on its left that no backslash escapes and
 * hides the commas between; a quote without a partner is a byte like any other.
 *
 * Threads: a list belongs to one thread. */
#ifndef WHEREFROM_ADDRESS_LIST_H
#define WHEREFROM_ADDRESS_LIST_H

#include "enrich/address_token.h"
#include "schemas/limits.h"

struct address_list {
    const char *begin, *end; /* what is left of the window */
    bool forwarded;
    bool truncated;                 /* the text is longer than the window */
    bool unpaired;                  /* a quote without a partner was met: none on its left has one */
    char joined[LIST_WINDOW_BYTES]; /* only used for several lines, and folded ones */
};

/* The window of `lines`, in the order in which they arrived; borrows them. */
void address_list_init(struct address_list *list, const struct slice *lines, uint32_t lines_count, bool forwarded);

/* What a member says. */
struct list_member {
    struct slice text; /* as written, without blanks around: an address, or the value of `for` */
    struct address_token token;
};

/* Takes the rightmost member that is not empty; false when there is none. Behind LIST_EMPTIES_MAX empty ones it is TOKEN_BAD
 * with those, whatever follows. */
bool address_list_pop(struct address_list *list, struct list_member *member);

/* The leftmost member that is not empty, of what is left: what the client claims; false when there is none. Takes nothing. */
bool address_list_claim(const struct address_list *list, struct list_member *member);

#endif
