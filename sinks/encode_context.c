/* What many records share, escaped once: path, account and region of an input.
 *
 * Account and region come from the object's name. When that does not say, they come from an ARN of the record; lines of
 * one file nearly always have the same one, so its parts are rendered once and compared after that (taking the ARN
 * apart for each record cost 350 instructions).
 *
 * Threads: a context belongs to one worker. */
#include <stdlib.h>

#include "base/check.h"
#include "base/json.h"
#include "sinks/encoder.h"

#define COPY_SLACK 32u /* the encoder copies 32 bytes at a time */
#define ARN_PART_ROOM (JSON_EXPANSION * ARN_PREFIX_BYTES_MAX + 2 + COPY_SLACK)

static char *quote(char *out, struct slice text, struct json_piece *piece) {
    bool lossy = false;
    piece->json = out;
    if (text.len > 0) out = json_quote(out, text, JSON_VERBATIM, &lossy);
    piece->bytes = (uint32_t)(out - piece->json);
    return out;
}

void encoder_context_set(struct encoder_context *context, const struct origin *origin) {
    if (context->origin == origin) return;
    size_t names = JSON_EXPANSION * (origin->path.len + origin->account.len + origin->region.len) + 3 * 2;
    char *memory = realloc(context->memory, names + COPY_SLACK + 2 * ARN_PART_ROOM);
    ASSERT(memory != NULL); /* a few KiB, once per input: there is no sensible way on without */
    *context = (struct encoder_context){.memory = memory, .origin = origin};
    char *out = quote(memory, origin->path, &context->path);
    out = quote(out, origin->account, &context->account);
    out = quote(out, origin->region, &context->region);
    /* room for the parts of an ARN, should they be needed */
    if (origin->account.len == 0) context->account.json = out;
    if (origin->region.len == 0) context->region.json = out + ARN_PART_ROOM;
}

/* arn:partition:service:region:account:... -> slices of both, and the length up to the last colon shown. False when it is no
 * such thing. */
static bool split_arn(struct slice arn, struct slice *region, struct slice *account, uint32_t *prefix_bytes) {
    size_t start = 0, part = 0, limit = arn.len < ARN_PREFIX_BYTES_MAX ? arn.len : ARN_PREFIX_BYTES_MAX;
    for (size_t i = 0; i < limit; i++) {
        if (arn.ptr[i] != ':') continue;
        struct slice text = {arn.ptr + start, i - start};
        if (part == 0 && !slice_equal(text, SLICE("arn"))) return false;
        if (part == 3) *region = text;
        if (part == 4) {
            *account = text;
            *prefix_bytes = (uint32_t)i + 1;
            return true;
        }
        part++;
        start = i + 1;
    }
    return false;
}

void encoder_context_learn(struct encoder_context *context, const struct record *record) {
    int column = schema_column(record->schema, ROLE_RESOURCE_ARN);
    bool account_known = context->origin->account.len > 0, region_known = context->origin->region.len > 0;
    if (account_known && region_known) return;
    struct slice arn = column < 0 ? (struct slice){0} : record_text(record, record->fields[column]);
    if (context->arn_bytes > 0 && arn.len >= context->arn_bytes && memcmp(arn.ptr, context->arn, context->arn_bytes) == 0) return;
    struct slice region = {0}, account = {0};
    uint32_t prefix_bytes = 0;
    if (!split_arn(arn, &region, &account, &prefix_bytes)) region.len = account.len = 0;
    memcpy(context->arn, arn.ptr != NULL ? arn.ptr : "", prefix_bytes);
    context->arn_bytes = prefix_bytes;
    if (!account_known) quote(context->account.json, account, &context->account);
    if (!region_known) quote(context->region.json, region, &context->region);
}

void encoder_context_destroy(struct encoder_context *context) {
    free(context->memory);
    *context = (struct encoder_context){0};
}
