/* Every format has a state of its own, as if its stream had been dealt into the others.
 *
 * Threads: one caller. */
#include "bench/generate_mixed.h"

#define FORMATS_MAX 64
#define LINE_STEP_US 20000

/* Returns how many there are. */
static uint32_t init_states(const struct generate_mixed *mixed, struct generate_line states[FORMATS_MAX]) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < generate_formats_count; i++) {
        const struct generate_format *format = &generate_formats[i];
        if (!format->told_alone) continue;
        ASSERT(count < FORMATS_MAX);
        states[count] = (struct generate_line){.format = format,
                                               .dice = {dice_hash(mixed->seed, 2000 + i)},
                                               .seed = mixed->seed,
                                               .clients = mixed->clients,
                                               .step_us = LINE_STEP_US,
                                               .clock_us = mixed->start_us};
        generate_site_init(&states[count].site, format->site, mixed->seed, i);
        count++;
    }
    for (uint32_t i = 0; i < count; i++) states[i].lines = mixed->lines / count + 1;
    return count;
}

int generate_mixed_write(const struct generate_mixed *mixed, FILE *lines, FILE *labels) {
    struct generate_line states[FORMATS_MAX];
    uint32_t count = init_states(mixed, states);
    struct dice dice = {dice_hash(mixed->seed, 1999)};
    char text[PUT_LINE_BYTES_MAX];
    for (uint64_t i = 0; i < mixed->lines; i++) {
        struct generate_line *state = &states[dice_below(&dice, count)];
        struct put put = {text, text + sizeof text};
        generate_line_put(state, &put);
        if (fwrite(text, 1, (size_t)(put.next - text), lines) != (size_t)(put.next - text)) return -1;
        if (labels != NULL && fprintf(labels, "%s %s\n", state->format->name, state->format->schema) < 0) return -1;
    }
    return fflush(lines) == 0 && (labels == NULL || fflush(labels) == 0) ? 0 : -1;
}
