/* Seeded random numbers: the same seed gives the same numbers on every machine.
 *
 * The splitmix64 sequence (Steele, Lea, Flood 2014): one addition and one mix per number, no table, any seed is a
 * good seed, and the mix alone serves as a hash. rand() differs between C libraries, so a corpus made with it could
 * not be compared between machines.
 *
 * Threads: plain values. */
#ifndef WHEREFROM_DICE_H
#define WHEREFROM_DICE_H

#include <stdbool.h>
#include <stdint.h>

struct dice {
    uint64_t state;
};

static inline uint64_t dice_mix(uint64_t value) {
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

/* A hash of two numbers, for what must stay the same whenever it is asked for (the address of client 7). */
static inline uint64_t dice_hash(uint64_t first, uint64_t second) {
    return dice_mix(dice_mix(first + 0x9e3779b97f4a7c15u) ^ (second * 0x9e3779b97f4a7c15u));
}

static inline uint64_t dice_next(struct dice *dice) {
    dice->state += 0x9e3779b97f4a7c15u;
    return dice_mix(dice->state);
}

/* The number below `limit` that the upper half of `bits` stands for; limit is not 0. */
static inline uint32_t dice_scale(uint64_t bits, uint32_t limit) {
    return (uint32_t)(((bits >> 32) * limit) >> 32);
}

/* An even choice from 0 .. limit - 1; limit is not 0. */
static inline uint32_t dice_below(struct dice *dice, uint32_t limit) {
    return dice_scale(dice_next(dice), limit);
}

static inline bool dice_percent(struct dice *dice, uint32_t percent) {
    return dice_below(dice, 100) < percent;
}

/* A number from 1 to 2^bits - 1, every octave as likely as the next: many small ones, few large ones, as sizes and
 * durations are. bits: 1 to 32. */
static inline uint32_t dice_octaves(struct dice *dice, uint32_t bits) {
    uint32_t octave = dice_below(dice, bits);
    return (1u << octave) + dice_below(dice, 1u << octave);
}

#endif
