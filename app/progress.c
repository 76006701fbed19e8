/* One line on stderr, drawn over itself. Only for eyes: never in a pipe or a log.
 *
 * Threads: main thread. */
#define _GNU_SOURCE
#include "app/progress.h"

#include <stdio.h>
#include <time.h>

#include "app/log.h"

double progress_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void progress_draw(struct progress *progress, uint64_t done_bytes, uint64_t records) {
    double now = progress_now();
    if (!progress->shown || now < progress->next) return;
    progress->next = now + 0.5;
    double seconds = now - progress->started, share = 0;
    char left[32] = "";
    const char *awaited = progress->awaited != NULL ? progress->awaited : "";
    const char *waits = awaited[0] != '\0' ? ", waiting for output " : "";
    if (progress->total_bytes > 0) {
        share = (double)done_bytes / (double)progress->total_bytes;
        if (share > 1) share = 1;
        unsigned eta = share > 0.001 ? (unsigned)(seconds / share * (1 - share) + 0.5) : 0;
        if (eta > 0) snprintf(left, sizeof left, ", %u:%02u:%02u left", eta / 3600, eta / 60 % 60, eta % 60);
        fprintf(stderr, "\r\033[K%.1f of %.1f MB (%.0f %%), %llu records, %.0f records/s%s%s%s",
                (double)done_bytes / 1e6, (double)progress->total_bytes / 1e6, 100 * share, (unsigned long long)records,
                (double)records / seconds, left, waits, awaited);
    } else {
        fprintf(stderr, "\r\033[K%.1f MB, %llu records, %.0f records/s%s%s", (double)done_bytes / 1e6,
                (unsigned long long)records, (double)records / seconds, waits, awaited);
    }
    fflush(stderr);
    log_set_progress_shown(true);
}

void progress_clear(const struct progress *progress) {
    if (!progress->shown) return;
    fputs("\r\033[K", stderr);
    log_set_progress_shown(false);
}
