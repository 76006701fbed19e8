/* Which decompression an input needs, by its first bytes: a name proves nothing (INTERFACE.md section 2).
 *
 * Threads: pure function. */
#include "ingest/inflate.h"

#include <string.h>

/* A zstd file may begin with a skippable frame (RFC 8878 section 3.1.2): 5x 2a 4d 18. */
static bool begins_like_zstd(const uint8_t *head) {
    static const uint8_t frame[4] = {0x28, 0xb5, 0x2f, 0xfd};
    static const uint8_t skippable_tail[3] = {0x2a, 0x4d, 0x18};
    return memcmp(head, frame, sizeof frame) == 0 ||
           ((head[0] & 0xf0) == 0x50 && memcmp(head + 1, skippable_tail, sizeof skippable_tail) == 0);
}

const struct inflate_ops *inflate_detect(const uint8_t *head, size_t head_bytes) {
    static const uint8_t gzip[3] = {0x1f, 0x8b, 0x08};
    if (head_bytes >= sizeof gzip && memcmp(head, gzip, sizeof gzip) == 0) {
        return &inflate_gzip;
    }
    if (head_bytes >= 4 && begins_like_zstd(head)) {
        return &inflate_zstd;
    }
    return NULL;
}
