/* Queues and pool. Plain mutex and condition variable: a batch is 400 lines, so its cost hardly shows.
 *
 * Threads: any. */
#include "app/ring.h"

#include <stdlib.h>

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

struct batch *queue_pop(struct queue *queue) {
    ASSERT(pthread_mutex_lock(&queue->lock) == 0);
    while (queue->first == NULL && !queue->closed) ASSERT(pthread_cond_wait(&queue->filled, &queue->lock) == 0);
    struct batch *batch = take_first(queue);
    ASSERT(pthread_mutex_unlock(&queue->lock) == 0);
    return batch;
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
    ASSERT(batches_count >= 4);
    *ring = (struct ring){.reserved = batches_count / 4 < 2 ? 2 : batches_count / 4};
    ASSERT(pthread_mutex_init(&ring->lock, NULL) == 0);
    ASSERT(pthread_cond_init(&ring->returned, NULL) == 0);
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

void ring_destroy(struct ring *ring) {
    for (uint32_t i = 0; i < ring->batches_count; i++) batch_destroy(&ring->batches[i]);
    free(ring->batches);
    ASSERT(pthread_mutex_destroy(&ring->lock) == 0);
    ASSERT(pthread_cond_destroy(&ring->returned) == 0);
}

static bool may_take(const struct ring *ring, uint32_t input_index) {
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

struct batch *ring_take(struct ring *ring, uint32_t input_index) {
    ASSERT(pthread_mutex_lock(&ring->lock) == 0);
    while (!may_take(ring, input_index)) ASSERT(pthread_cond_wait(&ring->returned, &ring->lock) == 0);
    struct batch *batch = take_idle(ring);
    ASSERT(pthread_mutex_unlock(&ring->lock) == 0);
    return batch;
}

struct batch *ring_try_take(struct ring *ring, uint32_t input_index) {
    ASSERT(pthread_mutex_lock(&ring->lock) == 0);
    struct batch *batch = may_take(ring, input_index) ? take_idle(ring) : NULL;
    ASSERT(pthread_mutex_unlock(&ring->lock) == 0);
    return batch;
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

void ring_set_oldest(struct ring *ring, uint32_t input_index) {
    ASSERT(pthread_mutex_lock(&ring->lock) == 0);
    ring->oldest_input = input_index;
    ASSERT(pthread_cond_broadcast(&ring->returned) == 0);
    ASSERT(pthread_mutex_unlock(&ring->lock) == 0);
}
