/* A record that its output does not take becomes a reject, with the line that it was made of.
 *
 * Threads: whoever has the batch. */
#ifndef WHEREFROM_REJECT_RECORD_H
#define WHEREFROM_REJECT_RECORD_H

#include "sinks/encoder.h"

struct refusal {
    enum reject_reason reason;
    const char *expected;    /* what the output would have taken; or, instead: */
    struct slice detail;     /* what it said, as UTF-8 */
    uint32_t status;         /* of HTTP; 0: there was none */
    struct slice error_type; /* what kind of error it called that; empty: none */
};

/* Appends it to batch->reject and changes the tally accordingly. The record's bytes in `out` are left alone. */
void reject_record(struct encoder_context *context, struct batch *batch, const struct record_mark *mark,
                   const struct refusal *refusal);

#endif
