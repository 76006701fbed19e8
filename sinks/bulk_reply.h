/* The body of a reply to _bulk, read as it comes: what became of every item, in the order of the request. The same reader serves the
 * replies that are none: error objects of server, cloud and proxy.
 *
 * A reply to 4096 documents has 100 KB when all is well and filter_path is sent, 2 MB when nothing is filtered, and a hundred when every
 * document is refused at length. So nothing of it is kept: a few bytes of state, any pieces, no allocation.
 *
 * What is read is JSON (RFC 8259): {"items":[{"create":{"status":201}},{"create":{"status":400,"error":{"type":"..","reason":".."}}}]}.
 * Members may come in any order, others are skipped; of members that come twice the last one counts. Words and numbers are not checked
 * letter by letter; all else is.
 *
 * Threads: a struct bulk_reply belongs to its caller. */
#ifndef WHEREFROM_BULK_REPLY_H
#define WHEREFROM_BULK_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "schemas/limits.h"

/* What the server says of one document, or of the whole request. Texts are valid UTF-8 whatever came, cut at a character's end
 * (schemas/limits.h); they live as long as the call that has them. */
struct bulk_item {
    uint64_t index;    /* 0..: the item's place in the request. May be more than were sent: a server's word, not ours */
    uint32_t status;   /* 100..999; 0: it has none, and nothing is known of the document */
    struct slice type; /* of the error, "mapper_parsing_exception"; empty: none was said */
    struct slice reason; /* its sentence, or all of an error that is a string; empty: none was said */
};

typedef void bulk_item_function(void *context, const struct bulk_item *item);

enum bulk_outcome {
    BULK_COMPLETE, /* all of a bulk reply was read. If it has fewer items than were sent, the others are unknown, as behind a cut */
    BULK_CUT,     /* a bulk reply, or the start of some JSON object, that ends too early or goes on as garbage */
    BULK_NOT_BULK /* something else: an error object, a page of a proxy, nothing */
};

/* Do not look inside: only the caller's stack or struct has to know the size. */
struct bulk_reply {
    bulk_item_function *on_item;
    void *context;
    struct bulk_item item; /* the one being read; outside of items: what is said of the whole request */
    uint64_t items_count;
    uint32_t depth, number;
    uint32_t raw_bytes, raw_room; /* of the string being read; room 0: nobody wants it */
    uint32_t unit, unit_digits,
        joined; /* \uXXXX: read so far; `joined`: a first half that stands at the end of `raw` */
    uint8_t state, member;
    bool is_key, is_number, has_items;
    uint8_t places[BULK_DEPTH_MAX];
    char raw[BULK_REASON_BYTES_MAX + 3]; /* and the rest of a character that begins within the limit */
    char type[BULK_TYPE_BYTES_MAX], reason[BULK_REASON_BYTES_MAX];
};

/* `on_item` is called by bulk_reply_feed for each item as soon as its last byte is there. An item that has been called back is the server's
 * word on that document, whatever follows: when the reply is cut off later, only documents of which nothing was heard are unknown. (To send
 * those again is safe: their ids are the same.) */
void bulk_reply_start(struct bulk_reply *reply, bulk_item_function *on_item, void *context);

/* The next bytes of the body, however many; after garbage nothing is read any more. */
void bulk_reply_feed(struct bulk_reply *reply, struct slice piece);

/* Nothing comes any more. `*items_count`: how many items were called back, all of them when the reply is complete. `*whole`: type and
 * reason of an error object ({"error":{"type":..,"reason":..},"status":429}, {"error":".."}, AWS's {"message":".."}) and the status in it,
 * as far as they were read; empty as soon as there are items. The texts live in `reply`. */
enum bulk_outcome bulk_reply_finish(const struct bulk_reply *reply, uint64_t *items_count, struct bulk_item *whole);

#endif
