/* The ring: a fixed pool of batches and the queues that they go round in.
 *
 * The number of batches is fixed at start, so the memory bound and the back-pressure are the same fact.
 * No deadlock by order: output keeps input order, so what has to be written next is always of the oldest unfinished
 * input. Its reader may take any idle batch; readers of later inputs leave `reserved` ones alone. However many batches of later
 * inputs wait for their turn, the oldest input always has batches to be read into. Streams are written as they come, so what they
 * take always comes back: they may take any, too.
 *
 * Threads: every function may be called by any thread; queue_push and ring_give_back give the batch away. */
#ifndef WHEREFROM_RING_H
#define WHEREFROM_RING_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "schemas/batch.h"

/* First in, first out, unbounded: there are only as many batches as the pool has. */
struct queue {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct batch *first, *last;
    uint32_t count, waiting_count; /* batches; threads that wait for one */
    bool closed;
};

void queue_init(struct queue *queue);
void queue_destroy(struct queue *queue);
void queue_push(struct queue *queue, struct batch *batch);
/* Blocks; NULL when the queue is closed and empty. */
struct batch *queue_pop(struct queue *queue);
/* The same, and NULL as soon as ready(context) is true; whoever makes that so calls queue_nudge. */
struct batch *queue_pop_unless(struct queue *queue, bool (*ready)(void *context), void *context);
void queue_nudge(struct queue *queue);
/* The first of at least `least` (>= 1) batches, NULL when fewer wait. */
struct batch *queue_try_pop(struct queue *queue, uint32_t least);
/* No push may follow. */
void queue_close(struct queue *queue);
/* Closed, and nothing is in it any more. */
bool queue_is_over(struct queue *queue);
/* Blocks until something is in it or it is closed. */
void queue_wait(struct queue *queue);
uint32_t queue_count(struct queue *queue);
/* Whether somebody waits for what there is not: more threads than batches. */
bool queue_is_starving(struct queue *queue);

struct ring {
    pthread_mutex_t lock;
    pthread_cond_t returned;
    struct batch *idle; /* stack: the batch used last is the warmest */
    uint32_t idle_count, reserved;
    uint64_t oldest_input; /* whose turn it is to be written */
    uint32_t batches_count;
    struct batch *batches;
};

/* False when the memory cannot be had. ring_destroy is safe after any outcome. */
bool ring_init(struct ring *ring, uint32_t batches_count) __attribute__((warn_unused_result));
/* Right after that: every batch has a share for each of `count` outputs. */
bool ring_add_shares(struct ring *ring, uint32_t count) __attribute__((warn_unused_result));
void ring_destroy(struct ring *ring);

#define RING_STREAM UINT64_MAX /* instead of an input's index: any batch may be taken */

/* An empty batch for input `input_index`; blocks until there is one that this input may have. */
struct batch *ring_take(struct ring *ring, uint64_t input_index);
/* The same, waiting up to `wait_ms`; NULL when there is none. */
struct batch *ring_take_within(struct ring *ring, uint64_t input_index, uint32_t wait_ms);
/* The same without waiting. */
struct batch *ring_try_take(struct ring *ring, uint64_t input_index);
uint32_t ring_idle_count(struct ring *ring);
void ring_give_back(struct ring *ring, struct batch *batch);
/* It is now this input's turn to be written. */
void ring_set_oldest(struct ring *ring, uint64_t input_index);

#endif
