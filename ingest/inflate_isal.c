/* Deflate by Intel's ISA-L: 0.4 us for a record of 600 bytes where zlib takes 0.85, and inflating is
 * the largest single cost of a run over .gz files.
 *
 * What igzip 2.30 does that shapes this file. It reads up to 8 bytes ahead into a bit buffer and keeps
 * them when the stream ends. It decodes into a window of its own while that is filling and copies from
 * there. On damage it returns at once, with decoded bytes left in that window; then avail_in and
 * avail_out are wrong (its fast loop works with shortened ends), and when a match was wrong next_out is
 * already behind the match that was not made: up to 258 bytes before it are no text.
 *
 * Threads: see inflate_raw.h. */
#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "ingest/inflate_raw.h"

#define CALL_BYTES_MAX (1u << 30) /* igzip counts in 32 bits, partly signed */
#define MATCH_BYTES_MAX 258u      /* RFC 1951 section 3.2.5 */

struct inflate_raw {
    struct inflate_state state;
    bool damaged;
};

const char inflate_raw_gzip_name[] = "gzip (isa-l)";

struct inflate_raw *inflate_raw_new(void) {
    struct inflate_raw *raw = calloc(1, sizeof *raw);
    if (raw != NULL) {
        isal_inflate_init(&raw->state);
    }
    return raw;
}

void inflate_raw_free(struct inflate_raw *raw) {
    free(raw);
}

void inflate_raw_reset(struct inflate_raw *raw) {
    isal_inflate_reset(&raw->state);
    raw->damaged = false;
}

/* The whole bytes of the bit buffer; the bits of the last, broken byte are padding (RFC 1951 3.2.3). */
static void give_back(struct inflate_state *state, struct inflate_raw_rest *rest) {
    ASSERT(state->read_in_length >= 0 && state->read_in_length <= 64);
    rest->bytes_count = (size_t)state->read_in_length / 8;
    unsigned padding_bits = (unsigned)state->read_in_length % 8;
    uint64_t bits = state->read_in >> padding_bits;
    for (size_t i = 0; i < rest->bytes_count; i++) {
        rest->bytes[i] = (uint8_t)(bits >> (8 * i));
    }
}

static size_t waiting_bytes(const struct inflate_state *state) {
    return (size_t)(state->tmp_out_valid - state->tmp_out_processed);
}

/* How many of `made` bytes are text. What may be a match that was not made is dropped, first from igzip's
 * window, whose bytes are the later ones. */
static size_t without_doubtful(struct inflate_state *state, size_t waited, size_t made) {
    size_t waiting = waiting_bytes(state);
    size_t decoded = made + waiting - waited;
    size_t doubtful = decoded < MATCH_BYTES_MAX ? decoded : MATCH_BYTES_MAX;
    size_t from_window = doubtful < waiting ? doubtful : waiting;
    state->tmp_out_valid -= (int32_t)from_window;
    return made - (doubtful - from_window);
}

static enum inflate_raw_result deliver_what_preceded_damage(struct inflate_state *state, struct inflate_io *io) {
    size_t waiting = waiting_bytes(state);
    size_t fits = waiting < io->out_bytes ? waiting : io->out_bytes;
    memcpy(io->out, state->tmp_out_buffer + state->tmp_out_processed, fits);
    state->tmp_out_processed += (int32_t)fits;
    io->out += fits;
    io->out_bytes -= fits;
    return fits < waiting ? INFLATE_RAW_ON : INFLATE_RAW_BAD;
}

enum inflate_raw_result inflate_raw_step(struct inflate_raw *raw, struct inflate_io *io,
                                         struct inflate_raw_rest *rest) {
    struct inflate_state *state = &raw->state;
    rest->bytes_count = 0;
    if (raw->damaged) {
        return deliver_what_preceded_damage(state, io);
    }
    size_t waited = waiting_bytes(state);
    state->next_in = (uint8_t *)(uintptr_t)io->in; /* igzip only reads it */
    state->avail_in = io->in_bytes < CALL_BYTES_MAX ? (uint32_t)io->in_bytes : CALL_BYTES_MAX;
    state->next_out = io->out;
    state->avail_out = io->out_bytes < CALL_BYTES_MAX ? (uint32_t)io->out_bytes : CALL_BYTES_MAX;
    int result = isal_inflate(state);
    size_t used = (size_t)(state->next_in - io->in);
    size_t made = (size_t)(state->next_out - io->out);
    ASSERT(used <= io->in_bytes && made <= io->out_bytes);
    raw->damaged = result != ISAL_DECOMP_OK;
    if (raw->damaged && result != ISAL_INVALID_BLOCK) {
        made = without_doubtful(state, waited, made);
    }
    io->in += used;
    io->in_bytes -= used;
    io->out += made;
    io->out_bytes -= made;
    if (raw->damaged) {
        return deliver_what_preceded_damage(state, io);
    }
    if (state->block_state == ISAL_BLOCK_FINISH) {
        give_back(state, rest);
        return INFLATE_RAW_END;
    }
    return INFLATE_RAW_ON;
}

uint32_t inflate_raw_crc32(uint32_t crc, const uint8_t *bytes, size_t bytes_count) {
    return crc32_gzip_refl(crc, bytes, bytes_count);
}
