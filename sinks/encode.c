/* The hot loop of the output: finds the values of a record, then the shape of which values there are, then copies.
 *
 * Texts without an odd byte go from the line straight into the output; the others through base/json.c and the scratch memory.
 *
 * Threads: one call belongs to one worker; the encoder is read-only. */
#include "base/check.h"
#include "sinks/prepare.h"

/* The format's plan: that of the record before, or the one that is looked for. */
static const struct plan *find_plan(const struct encoder *encoder, struct encoder_context *context,
                                    const struct schema *schema) {
    if (encoder->plans[context->plan].schema != schema)
        for (context->plan = 0; encoder->plans[context->plan].schema != schema;) context->plan++;
    return &encoder->plans[context->plan];
}

size_t encoder_write(const struct encoder *encoder, struct encoder_context *context, const struct record *record,
                     char *out) {
    struct preparation preparation;
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
