/* Filling one slot: what files that prepare values share.
 *
 * Every function that fills slots returns the bits of the values that it found: they are gathered in a register, where or-ing them
 * into memory made each wait for the one before.
 *
 * Threads: one worker. */
#ifndef WHEREFROM_PREPARE_SET_H
#define WHEREFROM_PREPARE_SET_H

#include "base/number.h"
#include "sinks/prepare.h"

/* Whether the plan writes it: what costs something is left out otherwise. */
static inline bool written(const struct preparation *preparation, enum value value) {
    return (preparation->plan->values >> value & 1) != 0;
}

static inline uint64_t set(struct preparation *preparation, enum value value, const char *text, uint64_t bytes) {
    preparation->slots[PLAN_SLOT_VALUES + value] = (struct slot){text, bytes};
    return (uint64_t)1 << value;
}

/* Takes what was rendered from preparation->scratch to `end`. */
static inline uint64_t set_rendered(struct preparation *preparation, enum value value, char *end) {
    preparation->slots[PLAN_SLOT_VALUES + value] = prepare_rendered(preparation, end);
    return (uint64_t)1 << value;
}

static inline uint64_t set_text(struct preparation *preparation, enum value value, struct span span) {
    if (span.length == 0) return 0;
    preparation->slots[PLAN_SLOT_VALUES + value] = prepare_text(preparation, span);
    return (uint64_t)1 << value;
}

static inline uint64_t set_number(struct preparation *preparation, enum value value, uint64_t number) {
    return set_rendered(preparation, value, preparation->scratch + number_write(number, preparation->scratch));
}

/* What stands between the items of a list that is rendered from preparation->scratch on. */
static inline char *separate(const struct preparation *preparation, char *out) {
    return out > preparation->scratch ? (char *)memcpy(out, "\",\"", 3) + 3 : out;
}

/* Text of the line that holds no byte that needs care: digits, dots, colons. */
static inline uint64_t set_verbatim(struct preparation *preparation, enum value value, struct span span) {
    return set(preparation, value, preparation->record->text + span.offset, span.length);
}

/* The address as the line has it, when it is canonical there. */
static inline uint64_t set_ip(struct preparation *preparation, enum value value, struct span text,
                              const struct ip *ip) {
    if (text.length > 0) return set_verbatim(preparation, value, text);
    return set_rendered(preparation, value, preparation->scratch + ip_format(ip, preparation->scratch));
}

/* What hop.* has that most records have not: addresses, claim, flags (prepare_hop.c). */
uint64_t prepare_hop_rest(struct preparation *preparation);

/* residency.*, of a record that a policy says something of (encode_residency.c). */
uint64_t prepare_residency(struct preparation *preparation);

#endif
