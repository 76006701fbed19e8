/* The vocabulary of the made requests: agents, paths and their odd cousins.
 *
 * A template is plain text with four marks: # a number below 100,000, $ eight hex digits, @ a search word, ~ a version
 * number that belongs to the client.
 *
 * Threads: const tables, pure functions. */
#ifndef WHEREFROM_GENERATE_WORDS_H
#define WHEREFROM_GENERATE_WORDS_H

#include <stdint.h>

#include "bench/dice.h"
#include "bench/put.h"

struct generate_template {
    uint32_t weight; /* of 1,000 in its table */
    const char *text;
};

extern const struct generate_template generate_agents[];     /* what a client says of itself */
extern const struct generate_template generate_pages[];      /* path and query of a GET */
extern const struct generate_template generate_calls[];      /* path and query of a POST, PUT or DELETE */
extern const struct generate_template generate_odd_agents[]; /* with \xHH escapes */
extern const struct generate_template generate_odd_pages[];  /* with \xHH escapes */

/* The template that `bits` falls on, by weight. */
const char *generate_words_pick(const struct generate_template *table, uint64_t bits);

/* Appends the template with its marks filled in: # $ @ from the dice, ~ from `identity`. */
void generate_words_put(struct put *out, const char *text, struct dice *dice, uint64_t identity);

#endif
