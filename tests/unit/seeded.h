/* Random numbers that are the same in every run, for tests that try many inputs.
 *
 * Threads: one per generator. */
#ifndef WHEREFROM_SEEDED_H
#define WHEREFROM_SEEDED_H

#include <stddef.h>
#include <stdint.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct seeded {
    uint64_t state; /* not 0 */
};

/* xorshift64* (Vigna 2016): 64 bits. */
static inline uint64_t seeded_next(struct seeded *seeded) {
    seeded->state ^= seeded->state >> 12;
    seeded->state ^= seeded->state << 25;
    seeded->state ^= seeded->state >> 27;
    return seeded->state * 0x2545f4914f6cdd1du;
}

/* 0..limit-1 */
static inline uint32_t seeded_below(struct seeded *seeded, uint32_t limit) {
    return (uint32_t)((seeded_next(seeded) >> 32) * limit >> 32);
}

/* A byte out of `choices`, which a test weights by repeating what shall come often. */
static inline char seeded_byte(struct seeded *seeded, const char *choices, size_t choices_count) {
    return choices[seeded_below(seeded, (uint32_t)choices_count)];
}

#endif
