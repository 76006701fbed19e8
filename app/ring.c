/* Queues and pool. Plain mutex and condition variable: a batch is 400 lines, so its cost hardly shows.
 *
 * Threads: any. */
#define _GNU_SOURCE
#include "app/ring.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/check.h"

void queue_init(struct queue *queue) {
    *queue = (struct queue){0};
    ASSERT(pthread_mutex_init(&queue->lock, NULL) == 0);
    ASSERT(pthread_cond_init(&queue->filled, NULL) == 0);
}

void queue_destroy(struct queue *queue) {
    ASSERT(pthread_mutex_destroy(&queue->lock) == 0);
    ASSERT(pthread_cond_destroy(&queue->filled) == 0);
}

void queue_push(struct queue *queue, struct batch *batch) {
    ASSERT(batch->magic == BATCH_MAGIC && batch->next == NULL);
    ASSERT(pthread_mutex_lock(&queue->lock) == 0);
    ASSERT(!queue->closed);
    *(queue->first == NULL ? &queue->first : &queue->last->next) = batch;
    queue->last = batch;
    queue->count++;
    ASSERT(pthread_cond_signal(&queue->filled) == 0);
    ASSERT(pthread_mutex_unlock(&queue->lock) == 0);
}

static struct batch *take_first(struct queue *queue) {
    struct batch *batch = queue->first;
    if (batch == NULL) return NULL;
    ASSERT(batch->magic == BATCH_MAGIC);
    queue->first = batch->next;
    queue->count--;
    batch->next = NULL;
    return batch;
}

static void await(struct queue *queue) {
    queue->waiting_count++;
    while (queue->first == NULL && !queue->closed) ASSERT(pthread_cond_wait(&queue->filled, &queue->lock) == 0);
    queue->waiting_count--;
}

struct batch *queue_pop(struct queue *queue) {
    ASSERT(pthread_mutex_lock(&queue->lock) == 0);
    await(queue);
    struct batch *batch = take_first(queue);
    ASSERT(pthread_mutex_unlock(&queue->lock) == 0);
    return batch;
}

struct batch *queue_pop_unless(struct queue *queue, bool (*ready)(void *context), void *context) {
    ASSERT(pthread_mutex_lock(&queue->lock) == 0);
    queue->waiting_count++;
    while (queue->first == NULL && !queue->closed && !ready(context))
        ASSERT(pthread_cond_wait(&queue->filled, &queue->lock) == 0);
    queue->waiting_count--;
    struct batch *batch = take_first(queue);
    ASSERT(pthread_mutex_unlock(&queue->lock) == 0);
    return batch;
}

void queue_nudge(struct queue *queue) {
    ASSERT(pthread_mutex_lock(&queue->lock) == 0);
    ASSERT(pthread_cond_broadcast(&queue->filled) == 0);
    ASSERT(pthread_mutex_unlock(&queue->lock) == 0);
}

void queue_wait(struct queue *queue) {
    ASSERT(pthread_mutex_lock(&queue->lock) == 0);
    await(queue);
    ASSERT(pthread_mutex_unlock(&queue->lock) == 0);
}

bool queue_is_over(struct queue *queue) {
    ASSERT(pthread_mutex_lock(&queue->lock) == 0);
    bool over = queue->closed && queue->first == NULL;
    ASSERT(pthread_mutex_unlock(&queue->lock) == 0);
    return over;
}

uint32_t queue_count(struct queue *queue) {
    ASSERT(pthread_mutex_lock(&queue->lock) == 0);
    uint32_t count = queue->count;
    ASSERT(pthread_mutex_unlock(&queue->lock) == 0);
    return count;
}

bool queue_is_starving(struct queue *queue) {
    ASSERT(pthread_mutex_lock(&queue->lock) == 0);
    bool starving = queue->waiting_count > queue->count;
    ASSERT(pthread_mutex_unlock(&queue->lock) == 0);
    return starving;
}

struct batch *queue_try_pop(struct queue *queue, uint32_t least) {
    ASSERT(pthread_mutex_lock(&queue->lock) == 0);
    struct batch *batch = queue->count >= least ? take_first(queue) : NULL;
    ASSERT(pthread_mutex_unlock(&queue->lock) == 0);
    return batch;
}

void queue_close(struct queue *queue) {
    ASSERT(pthread_mutex_lock(&queue->lock) == 0);
    queue->closed = true;
    ASSERT(pthread_cond_broadcast(&queue->filled) == 0);
    ASSERT(pthread_mutex_unlock(&queue->lock) == 0);
}

bool ring_init(struct ring *ring, uint32_t batches_count) {
    ASSERT(batches_count >= BATCHES_MIN);
    *ring = (struct ring){.reserved = batches_count / 4 < 2 ? 2 : batches_count / 4};
    ASSERT(pthread_mutex_init(&ring->lock, NULL) == 0);
    pthread_condattr_t monotonic;
    ASSERT(pthread_condattr_init(&monotonic) == 0 && pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0);
    ASSERT(pthread_cond_init(&ring->returned, &monotonic) == 0);
    ASSERT(pthread_condattr_destroy(&monotonic) == 0);
    ring->batches = calloc(batches_count, sizeof *ring->batches);
    if (ring->batches == NULL) return false;
    for (uint32_t i = 0; i < batches_count; i++) {
        ring->batches_count++;
        if (!batch_init(&ring->batches[i])) return false;
        ring->batches[i].next = ring->idle;
        ring->idle = &ring->batches[i];
        ring->idle_count++;
    }
    return true;
}

bool ring_add_shares(struct ring *ring, uint32_t count) {
    bool good = true;
    for (uint32_t i = 0; i < ring->batches_count && good; i++) good = batch_add_shares(&ring->batches[i], count);
    return good;
}

void ring_destroy(struct ring *ring) {
    for (uint32_t i = 0; i < ring->batches_count; i++) batch_destroy(&ring->batches[i]);
    free(ring->batches);
    ASSERT(pthread_mutex_destroy(&ring->lock) == 0);
    ASSERT(pthread_cond_destroy(&ring->returned) == 0);
}

static bool may_take(const struct ring *ring, uint64_t input_index) {
    bool any = input_index == ring->oldest_input || input_index == RING_STREAM;
    return ring->idle_count > (any ? 0 : ring->reserved);
}

static struct batch *take_idle(struct ring *ring) {
    struct batch *batch = ring->idle;
    ring->idle = batch->next;
    ring->idle_count--;
    batch->next = NULL;
    return batch;
}

struct batch *ring_take(struct ring *ring, uint64_t input_index) {
    ASSERT(pthread_mutex_lock(&ring->lock) == 0);
    while (!may_take(ring, input_index)) ASSERT(pthread_cond_wait(&ring->returned, &ring->lock) == 0);
    struct batch *batch = take_idle(ring);
    ASSERT(pthread_mutex_unlock(&ring->lock) == 0);
    return batch;
}

struct batch *ring_take_within(struct ring *ring, uint64_t input_index, uint32_t wait_ms) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
    ASSERT(pthread_mutex_lock(&ring->lock) == 0);
    int result = 0;
    while (!may_take(ring, input_index) && result == 0)
        result = pthread_cond_timedwait(&ring->returned, &ring->lock, &until);
    ASSERT(result == 0 || result == ETIMEDOUT);
    struct batch *batch = may_take(ring, input_index) ? take_idle(ring) : NULL;
    ASSERT(pthread_mutex_unlock(&ring->lock) == 0);
    return batch;
}

struct batch *ring_try_take(struct ring *ring, uint64_t input_index) {
    ASSERT(pthread_mutex_lock(&ring->lock) == 0);
    struct batch *batch = may_take(ring, input_index) ? take_idle(ring) : NULL;
    ASSERT(pthread_mutex_unlock(&ring->lock) == 0);
    return batch;
}

uint32_t ring_idle_count(struct ring *ring) {
    ASSERT(pthread_mutex_lock(&ring->lock) == 0);
    uint32_t count = ring->idle_count;
    ASSERT(pthread_mutex_unlock(&ring->lock) == 0);
    return count;
}

void ring_give_back(struct ring *ring, struct batch *batch) {
    batch_reset(batch);
    ASSERT(pthread_mutex_lock(&ring->lock) == 0);
    batch->next = ring->idle;
    ring->idle = batch;
    ring->idle_count++;
    /* all: whoever wakes first may be one that has to leave it alone */
    ASSERT(pthread_cond_broadcast(&ring->returned) == 0);
    ASSERT(pthread_mutex_unlock(&ring->lock) == 0);
}

void ring_set_oldest(struct ring *ring, uint64_t input_index) {
    ASSERT(pthread_mutex_lock(&ring->lock) == 0);
    ring->oldest_input = input_index;
    ASSERT(pthread_cond_broadcast(&ring->returned) == 0);
    ASSERT(pthread_mutex_unlock(&ring->lock) == 0);
}
