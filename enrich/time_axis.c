/* Each step is a multiple of the one before, so that whole columns become part of a wider one.
 *
 * Threads: see the header. */
#include "enrich/time_axis.h"

static const int64_t steps[] = {10, 60, 300, 900, 1800, 3600, 10800, 21600, 43200, 86400};
#define STEPS_COUNT (sizeof steps / sizeof steps[0])

struct time_axis time_axis_empty(void) {
    return (struct time_axis){.step_s = steps[0], .first = 1, .last = 0};
}

static int64_t next_step(int64_t step_s) {
    for (uint32_t i = 0; i < STEPS_COUNT; i++)
        if (steps[i] > step_s) return steps[i];
    return 2 * step_s;
}

struct time_axis time_axis_wider(const struct time_axis *axis) {
    struct time_axis wider = {.step_s = next_step(axis->step_s), .first = axis->first, .last = axis->last};
    if (axis->first > axis->last) return wider;
    wider.first = time_axis_column(&wider, axis->first * axis->step_s);
    wider.last = time_axis_column(&wider, axis->last * axis->step_s);
    return wider;
}
