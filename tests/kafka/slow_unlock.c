/* To be loaded before libc (LD_PRELOAD): makes whoever is no thread of librdkafka take its time behind each of its locks, so that what may
 * happen in between does: above all a pause while rd_kafka_consume_batch_queue collects messages.
 *
 * Threads: all. */
#define _GNU_SOURCE
#include <pthread.h>
#include <string.h>
#include <threads.h>
#include <time.h>

#define PAUSE_NS 8000

static __thread enum { UNKNOWN, LIBRARY, CALLER } kind;

static long now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000L + now.tv_nsec;
}

int mtx_unlock(mtx_t *mutex) {
    int error = pthread_mutex_unlock((pthread_mutex_t *)mutex); /* what glibc's does */
    if (kind == UNKNOWN) {
        char name[16] = "";
        pthread_getname_np(pthread_self(), name, sizeof name);
        kind = strncmp(name, "rdk:", 4) == 0 ? LIBRARY : CALLER;
    }
    for (long until = kind == CALLER ? now_ns() + PAUSE_NS : 0; now_ns() < until;) {
    }
    return error == 0 ? thrd_success : thrd_error;
}
