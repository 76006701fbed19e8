/* One block of 64 bytes after the other; the last one or two are made on the stack.
 *
 * Threads: pure function. */
#include "base/sha256.h"

#define BLOCK_BYTES 64u
#define LENGTH_BYTES 8u /* of the message in bits, at the end of the last block */

/* The first 32 bits of the fractions of the cube roots of the first 64 primes. */
static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/* And of the square roots of the first eight. */
static const uint32_t initial_state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                          0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

static uint32_t rotate(uint32_t word, unsigned bits) {
    return word >> bits | word << (32 - bits);
}

static uint32_t read_word(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void add_block(uint32_t state[8], const uint8_t *block) {
    uint32_t words[64], work[8];
    for (unsigned i = 0; i < 16; i++) words[i] = read_word(block + 4u * i);
    for (unsigned i = 16; i < 64; i++) {
        uint32_t far = words[i - 15], near = words[i - 2];
        words[i] = words[i - 16] + words[i - 7] + (rotate(far, 7) ^ rotate(far, 18) ^ far >> 3) +
                   (rotate(near, 17) ^ rotate(near, 19) ^ near >> 10);
    }
    memcpy(work, state, sizeof work);
    for (unsigned i = 0; i < 64; i++) {
        uint32_t a = work[0], b = work[1], c = work[2], e = work[4], f = work[5], g = work[6];
        uint32_t first = work[7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) +
                         round_constants[i] + words[i];
        uint32_t second = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        memmove(work + 1, work, 7 * sizeof work[0]);
        work[4] += first;
        work[0] = first + second;
    }
    for (unsigned i = 0; i < 8; i++) state[i] += work[i];
}

void sha256(struct slice text, uint8_t digest[SHA256_BYTES]) {
    uint32_t state[8];
    memcpy(state, initial_state, sizeof state);
    size_t whole = text.len - text.len % BLOCK_BYTES, rest = text.len - whole;
    for (size_t at = 0; at < whole; at += BLOCK_BYTES) add_block(state, (const uint8_t *)text.ptr + at);
    uint8_t last[2 * BLOCK_BYTES] = {0};
    size_t last_bytes = rest + 1 + LENGTH_BYTES <= BLOCK_BYTES ? BLOCK_BYTES : 2 * BLOCK_BYTES;
    if (rest > 0) memcpy(last, text.ptr + whole, rest);
    last[rest] = 0x80;
    uint64_t bits = (uint64_t)text.len * 8;
    for (size_t i = 0; i < LENGTH_BYTES; i++) last[last_bytes - 1 - i] = (uint8_t)(bits >> 8 * i);
    for (size_t at = 0; at < last_bytes; at += BLOCK_BYTES) add_block(state, last + at);
    for (size_t i = 0; i < SHA256_BYTES; i++) digest[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}
