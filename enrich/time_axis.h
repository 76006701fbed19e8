/* Times as the columns of a picture: at most TIME_COLUMNS of them, as fine as that allows.
 *
 * A column is a step of time, counted from 1970; steps are those of clocks and calendars (10 s, 1 min, 5 min .. 1 day, then doubled). The axis
 * begins with the finest one and takes the next one whenever the first and the last time do not fit: so the step that it ends with depends on
 * these two alone, not on the order of what came between.
 *
 * Threads: one at a time. */
#ifndef WHEREFROM_TIME_AXIS_H
#define WHEREFROM_TIME_AXIS_H

#include <stdbool.h>
#include <stdint.h>

#define TIME_COLUMNS 64u

struct time_axis {
    int64_t step_s;      /* seconds of a column */
    int64_t first, last; /* columns, in steps since 1970; first > last: nothing was taken in */
};

/* Empty, with the finest step. */
struct time_axis time_axis_empty(void);

/* Column of a time, in steps since 1970. */
static inline int64_t time_axis_column(const struct time_axis *axis, int64_t time_s) {
    int64_t column = time_s / axis->step_s;
    return column - (time_s % axis->step_s < 0);
}

/* Where a column stands in an array of TIME_COLUMNS: no two of those from first to last in one place, and none moves when the axis grows. */
static inline uint32_t time_axis_place(int64_t column) {
    return (uint32_t)((uint64_t)column % TIME_COLUMNS);
}

/* Takes a column in. False: with it they would be too many; nothing was changed, and the step has to grow. */
static inline bool time_axis_take(struct time_axis *axis, int64_t column) {
    int64_t first = column < axis->first ? column : axis->first, last = column > axis->last ? column : axis->last;
    if (axis->first > axis->last) first = last = column;
    if (last - first >= (int64_t)TIME_COLUMNS) return false;
    axis->first = first;
    axis->last = last;
    return true;
}

/* The same times with the next step. */
struct time_axis time_axis_wider(const struct time_axis *axis);

/* How many there are from first to last. */
static inline uint32_t time_axis_count(const struct time_axis *axis) {
    return axis->first > axis->last ? 0 : (uint32_t)(axis->last - axis->first + 1);
}

#endif
