/* Runs the plan of a part: clarity beats speed here.
 *
 * Threads: see the header. */
#include "sinks/part.h"

uint32_t part_render(const struct part_request *request, char *out) {
    const struct plan *plan = request->plan;
    char *start = out, *opened[OUTPUT_DEPTH_MAX + 1];
    uint32_t depth = 0;
    for (const struct op *op = plan->ops; op->code != OP_END; op++) {
        /* room for this member and for closing what is open */
        size_t worst = op->key_bytes + request->value_bytes_max + 64;
        if (op->code != OP_OPEN && op->code != OP_CLOSE && (size_t)(out - start) + worst > request->bytes_max) continue;
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
        char *end = request->value(out, op, request->subject);
        out = end == NULL ? before : end;
        if (end != NULL) *out++ = ',';
    }
    return (uint32_t)(out - start);
}
