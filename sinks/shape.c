/* Runs a plan once, for a given presence of values, into a list of copies.
 *
 * Threads: a cache belongs to one worker. */
#include "sinks/shape.h"

#include "base/check.h"

/* The text since the last value is still open to changes: a closing object takes its comma, an empty object vanishes. */
struct shaper {
    struct shape *shape;
    uint16_t pending; /* where it starts */
};

static void append(struct shape *shape, const char *text, uint32_t bytes) {
    ASSERT(shape->text_bytes + bytes + 64 <= SHAPE_TEXT_BYTES);
    memcpy(shape->text + shape->text_bytes, text, bytes);
    shape->text_bytes = (uint16_t)(shape->text_bytes + bytes);
}

static bool drop_comma(struct shaper *shaper) {
    struct shape *shape = shaper->shape;
    bool comma = shape->text_bytes > shaper->pending && shape->text[shape->text_bytes - 1] == ',';
    if (comma) shape->text_bytes--;
    return comma;
}

static bool is_present(struct presence presence, uint32_t number) {
    return ((number < PLAN_SLOT_VALUES ? presence.columns : presence.values) >> (number % PLAN_SLOT_VALUES) & 1) != 0;
}

/* The text of a value that follows from the shape; true for such values, with an empty text when it is absent. */
static bool is_constant(unsigned code, struct presence presence, struct slice *text) {
    static const char digits[] = "0123456789";
    switch (code) {
    case VALUE_OUTCOME:
        *text = presence.outcome == OUTCOME_SUCCESS   ? SLICE("success")
                : presence.outcome == OUTCOME_FAILURE ? SLICE("failure")
                                                      : SLICE("");
        return true;
    case VALUE_CATEGORY: *text = presence.network ? SLICE("network") : SLICE("web"); return true;
    case VALUE_TRANSPORT: *text = presence.network ? SLICE("tcp") : SLICE("http"); return true;
    case VALUE_BLOCKED_BY: *text = presence.waf_blocked ? SLICE("waf") : SLICE(""); return true;
    case VALUE_TLS_PROTOCOL:
        *text = presence.tls == SHAPE_TLS ? SLICE("tls") : presence.tls == SHAPE_SSL ? SLICE("ssl") : SLICE("");
        return true;
    case VALUE_HOP_VERDICT: *text = slice_from(verdict_names[presence.verdict]); return true;
    case VALUE_HOP_PROVENANCE: *text = slice_from(provenance_names[presence.provenance]); return true;
    case VALUE_HOP_TRUST:
        ASSERT(presence.trust <= 9);
        *text = (struct slice){digits + presence.trust, 1};
        return true;
    default: return false;
    }
}

static void make(struct shape *shape, const struct plan *plan, struct presence presence) {
    struct shaper shaper = {.shape = shape};
    uint16_t opened[OUTPUT_DEPTH_MAX + 1];
    uint32_t depth = 0;
    *shape = (struct shape){.plan = plan, .presence = presence};
    append(shape, "{", 1);
    for (const struct op *op = plan->ops; op->code != OP_END; op++) {
        const char *key = plan->keys + op->key;
        struct slice constant;
        if (op->code == OP_OPEN) {
            opened[depth++] = shape->text_bytes;
            append(shape, key, op->key_bytes);
        } else if (op->code == OP_CLOSE) {
            depth--;
            if (drop_comma(&shaper))
                append(shape, "},", 2);
            else /* nothing in it: take it back */
                shape->text_bytes = opened[depth];
        } else if (op->code == OP_LITERAL) {
            append(shape, key, op->key_bytes);
        } else if (is_constant(op->code, presence, &constant)) {
            if (constant.len == 0) continue;
            append(shape, key, op->key_bytes);
            append(shape, constant.ptr, (uint32_t)constant.len);
            append(shape, plan->keys + op->suffix, op->suffix_bytes);
        } else if (is_present(presence, op->number)) {
            append(shape, key, op->key_bytes);
            shape->steps[shape->steps_count++] = (struct shape_step){
                .text = shaper.pending,
                .bytes = (uint16_t)(shape->text_bytes - shaper.pending),
                .slot_offset = (uint16_t)(op->number * sizeof(struct slot))};
            shaper.pending = shape->text_bytes;
            append(shape, plan->keys + op->suffix, op->suffix_bytes);
        }
    }
    drop_comma(&shaper);
    append(shape, "}\n", 2);
    shape->end = shaper.pending;
    shape->end_bytes = (uint16_t)(shape->text_bytes - shaper.pending);
}

static uint32_t hash(const struct plan *plan, const struct presence *presence) {
    uint64_t mixed = (presence->columns ^ (uint64_t)(uintptr_t)plan) * 0x9e3779b97f4a7c15u ^
                     (presence->values ^ presence->constants << 20) * 0xd1b54a32d192ed03u;
    return (uint32_t)(mixed >> 40);
}

static __attribute__((noinline)) const struct shape *add(struct shape_cache *cache, const struct plan *plan,
                                                         const struct presence *presence, uint32_t slot) {
    if (cache->count == SHAPES_MAX) { /* only input that was made to have many shapes comes here often */
        memset(cache->slots, 0, sizeof cache->slots);
        cache->count = 0;
        slot = hash(plan, presence) % SHAPE_SLOTS;
    }
    cache->slots[slot] = (uint8_t)++cache->count;
    make(&cache->shapes[cache->count - 1], plan, *presence);
    return &cache->shapes[cache->count - 1];
}

const struct shape *shape_find(struct shape_cache *cache, const struct plan *plan, const struct presence *presence) {
    for (uint32_t slot = hash(plan, presence) % SHAPE_SLOTS;; slot = (slot + 1) % SHAPE_SLOTS) {
        if (cache->slots[slot] == 0) return add(cache, plan, presence, slot);
        const struct shape *shape = &cache->shapes[cache->slots[slot] - 1];
        if (shape->plan == plan && shape->presence.columns == presence->columns &&
            shape->presence.values == presence->values && shape->presence.constants == presence->constants)
            return shape;
    }
}
