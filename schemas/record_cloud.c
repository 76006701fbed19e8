/* ARNs: "Amazon Resource Names (ARNs)" in the AWS General Reference.
 *
 * Threads: see the header. */
#include "schemas/record_cloud.h"

/* arn:partition:service:region:account:... -> both parts, and the bytes up to the last colon shown. */
static uint32_t split_arn(struct slice arn, struct span *region, struct span *account) {
    uint32_t start = 0, part = 0, limit = arn.len < ARN_PREFIX_BYTES_MAX ? (uint32_t)arn.len : ARN_PREFIX_BYTES_MAX;
    if (!slice_starts_with(arn, SLICE("arn:"))) return 0;
    for (uint32_t i = 0; i < limit; i++) {
        if (arn.ptr[i] != ':') continue;
        if (part == 3) *region = (struct span){start, i - start};
        if (part == 4) {
            *account = (struct span){start, i - start};
            return i + 1;
        }
        part++;
        start = i + 1;
    }
    return 0;
}

void arn_remember(struct arn_memory *memory, struct slice arn) {
    memory->changes++;
    memory->prefix_bytes = split_arn(arn, &memory->region, &memory->account);
    memcpy(memory->prefix, arn.ptr, memory->prefix_bytes);
}
