/* Renders a place: once per distinct answer of the databases, so clarity beats speed here.
 *
 * Threads: the encoder is read-only. */
#include "base/degrees.h"
#include "base/json.h"
#include "base/number.h"
#include "sinks/plan.h"

_Static_assert(PLACE_TEXTS *JSON_EXPANSION * 48 < PLACE_JSON_BYTES_MAX,
               "usual texts fit; a place with longer ones drops the last ones");

static char *put_constant(char *out, const char *text) {
    size_t bytes = strlen(text);
    memcpy(out, text, bytes);
    return out + bytes;
}

/* NULL when the place does not know. */
static char *put_value(char *out, const struct op *op, const struct place *place) {
    bool lossy = false;
    switch (op->code) {
    case VALUE_PLACE_TEXT:
        if (place->texts[op->index].len == 0) return NULL;
        return json_quote(out, place->texts[op->index], JSON_VERBATIM, &lossy);
    case VALUE_PLACE_LOCATION:
        if (!place->has_location) return NULL;
        out = degrees_write(put_constant(out, "{\"lon\":"), place->longitude);
        out = degrees_write(put_constant(out, ",\"lat\":"), place->latitude);
        return put_constant(out, "}");
    case VALUE_PLACE_ACCURACY:
        if (place->accuracy == PLACE_ACCURACY_NONE) return NULL;
        return put_constant(out, place->accuracy == PLACE_ACCURACY_CITY ? "\"city\"" : "\"country\"");
    case VALUE_PLACE_AS_NUMBER:
        if (place->as_number == 0) return NULL;
        return out + number_write(place->as_number, out);
    case VALUE_PLACE_MARK:
        if ((place->marks & 1u << op->index) == 0) return NULL;
        return put_constant(out, "true");
    default: return NULL;
    }
}

uint32_t encoder_render_place(const void *context, const struct place *place, char *out) {
    const struct plan *plan = &((const struct encoder *)context)->place;
    char *start = out, *opened[OUTPUT_DEPTH_MAX + 1];
    uint32_t depth = 0;
    for (const struct op *op = plan->ops; op->code != OP_END; op++) {
        /* room for this member and for closing what is open; a hostile database's longest texts are left out */
        size_t worst = op->key_bytes + PLACE_TEXT_BYTES_MAX * JSON_EXPANSION + 64;
        if (op->code < OP_OPEN && (size_t)(out - start) + worst > PLACE_JSON_BYTES_MAX) continue;
        if (op->code == OP_CLOSE) {
            depth--;
            if (out[-1] == ',') {
                memcpy(out - 1, "},", 2);
                out++;
            } else {
                out = opened[depth];
            }
            continue;
        }
        char *before = out;
        memcpy(out, plan->keys + op->key, op->key_bytes);
        out += op->key_bytes;
        if (op->code == OP_OPEN) {
            opened[depth++] = before;
            continue;
        }
        char *end = put_value(out, op, place);
        out = end == NULL ? before : end;
        if (end != NULL) *out++ = ',';
    }
    return (uint32_t)(out - start);
}
