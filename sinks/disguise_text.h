/* Text as it may leave: every address in it (sinks/address_find.h) replaced by what stands for it (sinks/disguise.h).
 *
 * Threads: pure but for the disguise, which belongs to one worker. */
#ifndef WHEREFROM_DISGUISE_TEXT_H
#define WHEREFROM_DISGUISE_TEXT_H

#include "sinks/address_find.h"
#include "sinks/disguise.h"
#include "sinks/prepare.h"

/* A record as it would be without a disguise, or a reject, and its padding. */
#define DISGUISE_SCRATCH_BYTES \
    (ENCODE_SCRATCH_BYTES + JSON_EXPANSION * PATH_BYTES_MAX + REJECT_ORIGIN_BYTES + ADDRESS_FIND_PADDING)

/* Copies `text` to `out` and returns the number of bytes: at most `room`, or as many as it had when that is less. Where a replacement has no room, 0.0.0.0 or ::
 * stands. `text` is JSON, or part of it, and stays that. ADDRESS_FIND_PADDING bytes behind it may be read. */
size_t disguise_text(struct disguise *disguise, struct slice text, char *out, size_t room);

/* A text that stays as it is wherever it stands: the path of an input, as JSON text; empty: none. Borrowed. */
void disguise_spare(struct disguise *disguise, struct slice text);

#endif
