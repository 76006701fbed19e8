/* Renders a place: once per distinct answer of the databases, so clarity beats speed here.
 *
 * Threads: the encoder is read-only. */
#include "base/degrees.h"
#include "base/json.h"
#include "base/number.h"
#include "sinks/part.h"

_Static_assert(PLACE_TEXTS *JSON_EXPANSION * 48 < PLACE_JSON_BYTES_MAX,
               "usual texts fit; a place with longer ones drops the last ones");

/* NULL when the place does not know. */
static char *put_value(char *out, const struct op *op, const void *subject) {
    const struct place *place = subject;
    bool lossy = false;
    switch (op->code) {
    case VALUE_PLACE_TEXT:
        if (place->texts[op->index].len == 0) return NULL;
        return json_quote(out, place->texts[op->index], JSON_VERBATIM, &lossy);
    case VALUE_PLACE_LOCATION:
        if (!place->has_location) return NULL;
        out = degrees_write(part_put(out, "{\"lon\":"), place->longitude);
        out = degrees_write(part_put(out, ",\"lat\":"), place->latitude);
        return part_put(out, "}");
    case VALUE_PLACE_ACCURACY:
        if (place->accuracy == PLACE_ACCURACY_NONE) return NULL;
        return part_put(out, place->accuracy == PLACE_ACCURACY_CITY ? "\"city\"" : "\"country\"");
    case VALUE_PLACE_AS_NUMBER:
        if (place->as_number == 0) return NULL;
        return out + number_write(place->as_number, out);
    case VALUE_PLACE_MARK:
        if ((place->marks & 1u << op->index) == 0) return NULL;
        return part_put(out, "true");
    default: return NULL;
    }
}

uint32_t encoder_render_place(const void *context, const struct place *place, char *out) {
    const struct part_request request = {.plan = &((const struct encoder *)context)->place,
                                         .value = put_value,
                                         .subject = place,
                                         .value_bytes_max = (size_t)PLACE_TEXT_BYTES_MAX * JSON_EXPANSION,
                                         .bytes_max = PLACE_JSON_BYTES_MAX}; /* a hostile database's longest texts */
    return part_render(&request, out);
}
