/* The scanner on every processor, with vectors of 16 bytes: SSE2 on x86-64, NEON on arm64.
 *
 * Threads: pure functions. */
#define SCAN_NAME scan_kernel_baseline
#define SCAN_TEXT "baseline"
#define SCAN_VECTOR_BYTES 16

#include <stdbool.h>
#include <stdint.h>

#include "base/lanes.h"

typedef int8_t signed16 __attribute__((vector_size(16)));

struct block {
    bytes16 parts[4];
};

static inline struct block load_block(const char *text) {
    struct block block;
    for (int i = 0; i < 4; i++) block.parts[i] = lanes_load(text + 16 * i);
    return block;
}

static inline uint64_t equal_mask(struct block block, char byte) {
    for (int i = 0; i < 4; i++) block.parts[i] = (bytes16)(block.parts[i] == (uint8_t)byte);
    return lanes_bits_64(block.parts);
}

/* Signed, here and below: bytes >= 0x80 are below 0x20, too. */
static inline uint64_t odd_mask(struct block block) {
    for (int i = 0; i < 4; i++) block.parts[i] = (bytes16)((signed16)block.parts[i] < 0x20);
    return lanes_bits_64(block.parts);
}

static inline bool needs_care(struct block block, bool pending) {
    bytes16 bad = {0};
    for (int i = 0; i < 4; i++) bad |= (bytes16)((signed16)block.parts[i] < 0x20) | (bytes16)(block.parts[i] == '\\');
    return lanes_any(bad) | pending;
}

/* The mask is often 0, and asking is cheaper. */
static inline uint64_t prefix_xor(uint64_t mask) {
    if (mask == 0) return 0;
    for (int by = 1; by < 64; by *= 2) mask ^= mask << by;
    return mask;
}

static inline uint32_t lowest_bit(uint64_t mask) {
    return mask == 0 ? 0 : (uint32_t)__builtin_ctzll(mask);
}

#include "base/scan_kernel.h"
