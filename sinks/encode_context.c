/* What all records of one input share, escaped once per input.
 *
 * Threads: a context belongs to one worker. */
#include <stdlib.h>

#include "base/check.h"
#include "base/json.h"
#include "sinks/encoder.h"

#define COPY_SLACK 32 /* the encoder copies 32 bytes at a time */

static char *quote(char *out, struct slice text, char **start, uint32_t *bytes) {
    bool lossy = false;
    *start = out;
    if (text.len > 0) out = json_quote(out, text, JSON_VERBATIM, &lossy);
    *bytes = (uint32_t)(out - *start);
    return out;
}

void encoder_context_set(struct encoder_context *context, const struct origin *origin) {
    if (context->origin == origin) return;
    size_t room = JSON_EXPANSION * (origin->path.len + origin->account.len + origin->region.len) + 3 * 2 + COPY_SLACK;
    char *memory = realloc(context->memory, room);
    ASSERT(memory != NULL); /* a few KiB, once per input: there is no sensible way on without */
    context->memory = memory;
    context->origin = origin;
    char *out = quote(memory, origin->path, &context->path_json, &context->path_json_bytes);
    out = quote(out, origin->account, &context->account_json, &context->account_json_bytes);
    quote(out, origin->region, &context->region_json, &context->region_json_bytes);
}

void encoder_context_destroy(struct encoder_context *context) {
    free(context->memory);
    *context = (struct encoder_context){0};
}
