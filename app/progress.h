/* The progress line on a terminal: bytes and share done, records, speed, time left.
 *
 * Threads: main thread. */
#ifndef WHEREFROM_PROGRESS_H
#define WHEREFROM_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    bool shown;           /* --progress always, or auto and stderr is a terminal */
    uint64_t total_bytes; /* of all inputs as stored; 0: not known */
    double started;       /* monotonic seconds */
    double next;          /* when to draw again */
    const char *awaited;  /* the output that holds up the others; NULL: none does */
};

double progress_now(void);

/* Draws the line when half a second has passed since the last time. */
void progress_draw(struct progress *progress, uint64_t done_bytes, uint64_t records);
/* Takes the line away. */
void progress_clear(const struct progress *progress);

#endif
