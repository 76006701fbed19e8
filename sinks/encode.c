/* The hot loop of the output: finds the values of a record, then the shape of which values there are, then copies.
 *
 * Texts without an odd byte go from the line straight into the output; the others through base/json.c and the scratch memory.
 *
 * Threads: one call belongs to one worker; the encoder is read-only. */
#include "base/check.h"
#include "sinks/disguise_text.h"

/* The format's plan: that of the record before, or the one that is looked for. */
static const struct plan *find_plan(const struct encoder *encoder, struct encoder_context *context,
                                    const struct schema *schema) {
    if (encoder->plans[context->plan].schema != schema)
        for (context->plan = 0; encoder->plans[context->plan].schema != schema;) context->plan++;
    return &encoder->plans[context->plan];
}

static size_t write_plainly(const struct encoder *encoder, struct encoder_context *context, const struct record *record,
                            char *out) {
    struct preparation preparation;
    preparation.encoder = encoder;
    preparation.plan = find_plan(encoder, context, record->schema);
    preparation.record = record;
    preparation.context = context;
    preparation.scratch = context->scratch;
    preparation.source = record->aws_escapes ? JSON_AWS_ESCAPES : JSON_VERBATIM;
    preparation.lossy = (record->flags >> RECORD_LOSSY & 1) != 0;
    preparation.presence = (struct presence){.constants = 0};
    preparation.raw = 0; /* the slots stay as they are: only present ones are read */
    prepare_columns(&preparation, encoder->emit->spread(record, preparation.slots));
    prepare_values(&preparation);
    const struct shape *shape = shape_find(context->shapes, preparation.plan, &preparation.presence);
    return (size_t)(encoder->emit->write(shape, preparation.slots, out) - out);
}

/* The disguise is put on what was written: so it holds for every byte of it, wherever that came from. */
static __attribute__((noinline)) size_t write_disguised(const struct encoder *encoder, struct encoder_context *context,
                                                        const struct record *record, char *out) {
    struct disguise *disguise = context->disguise;
    disguise_record(disguise, record);
    struct slice text = {disguise->scratch, write_plainly(encoder, context, record, disguise->scratch)};
    size_t room = ENCODE_EXPANSION * (size_t)record->line.length + RECORD_FIXED_BYTES / 2;
    return disguise_text(disguise, text, out, room);
}

size_t encoder_write(const struct encoder *encoder, struct encoder_context *context, const struct record *record,
                     char *out) {
    if (__builtin_expect(context->disguise != NULL, 0)) return write_disguised(encoder, context, record, out);
    return write_plainly(encoder, context, record, out);
}

bool encoder_client(struct encoder_context *context, const struct record *record, struct ip *client) {
    *client = record->client.ip;
    if (context->disguise == NULL || !record->client.resolved) return record->client.resolved;
    *client = disguise_address(context->disguise, &record->client.ip);
    return context->disguise->rule->address != PRIVACY_DROP;
}
