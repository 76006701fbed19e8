/* What to do about a status and an error of OpenSearch or Elasticsearch: one table (sinks/bulk_verdict.c) for the items of a bulk reply and
 * for whole replies.
 *
 * Two mistakes are to be avoided, and they lie on either side: to reject records because the cluster is not set up as it should be (a
 * whole day of logs lands in the rejects), and to stop for ever because of one document that no server would take. So an error is called
 * the document's only when it is known to be; what is known to be the cluster's or the user's to put right is TROUBLE, and waits for as
 * long as it takes; and what is not known is UNCLEAR, about which the other documents tell.
 *
 * Threads: pure function. */
#ifndef WHEREFROM_BULK_VERDICT_H
#define WHEREFROM_BULK_VERDICT_H

#include "sinks/bulk_reply.h"

enum bulk_verdict {
    BULK_DONE,      /* it is there */
    BULK_DUPLICATE, /* it was there before: `create` of an id that exists. Done as well, and counted apart */
    BULK_AGAIN, /* the server has too much to do or a shard moves: the same again after a pause, only this item. Passes by itself */
    BULK_REFUSED, /* this document and no other: to the rejects */
    BULK_TOO_LARGE, /* the request, not a document: half of it at a time. A request of one document: that one is BULK_REFUSED */
    BULK_TROUBLE, /* somebody has to put something right: pause, say `advice`, send again. Never rejected, however long it takes */
    BULK_UNCLEAR /* unknown; an item's only. Send it again like BULK_TROUBLE; when it was unclear BULK_UNCLEAR_TRIES times and other
                     * documents were accepted beside it or since the first time, the set-up is right and the document is not: BULK_REFUSED. A cluster
                     * that takes nothing at all never gets that far, so nothing is rejected then */
};

enum bulk_scope {
    BULK_SCOPE_ITEM, /* of a reply that was read: `status` is the item's */
    BULK_SCOPE_WHOLE /* of a reply whose HTTP status is no 2xx, or that is BULK_NOT_BULK: `status` is HTTP's, type and reason as found in the
                      * body. (A 2xx that is BULK_CUT needs no verdict: what was not heard of is sent again) */
};

struct bulk_judgement {
    enum bulk_verdict verdict;
    const char *
        advice; /* what to do about it, a sentence without a stop; NULL unless BULK_TROUBLE or BULK_UNCLEAR. Static. To be shown
                         * behind type and reason, which say where */
};

/* `item->index` is not looked at. */
struct bulk_judgement bulk_verdict(enum bulk_scope scope, const struct bulk_item *item);

/* "done", "duplicate", ...: for messages and metrics. */
const char *bulk_verdict_name(enum bulk_verdict verdict);

#endif
