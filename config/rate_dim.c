/* Part by part.
 *
 * Threads: main thread. */
#define _GNU_SOURCE
#include "config/rate_dim.h"

#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "config/option_value.h"

/* A name that is being read. */
struct reading {
    const struct problem_scope *scope;
    const struct config_node *node;
    const char *what;
    const struct rate_dim_words *words;
    struct rate_dim *dim;
};

/* The text as a message may show it. */
static struct option_shown shown(struct slice text) {
    char copy[RATE_NAME_BYTES_MAX + 1];
    size_t bytes = text.len < sizeof copy ? text.len : sizeof copy - 1;
    memcpy(copy, text.ptr, bytes);
    copy[bytes] = '\0';
    return option_value_shown(copy);
}

/* The bits behind an address part; false: a problem was added. */
static bool read_prefix(const struct reading *reading, struct slice text, bool is_address) {
    uint64_t bits;
    if (!is_address)
        return problem_report(reading->scope, reading->node,
                              "%s: bits of a prefix stand behind an address only, got %s", reading->what,
                              shown(text).text);
    if (!number_parse(text, &bits) || bits < RATE_V6_PREFIX_MIN || bits > 64)
        return problem_report(reading->scope, reading->node,
                              "%s: expected %u to 64 bits of IPv6, such as client/56, got %s", reading->what,
                              RATE_V6_PREFIX_MIN, shown(text).text);
    reading->dim->v6_prefix = (uint8_t)bits;
    return true;
}

static bool add_part(const struct reading *reading, uint32_t part) {
    struct rate_dim *dim = reading->dim;
    if ((dim->parts >> part & 1) != 0)
        return problem_report(reading->scope, reading->node, "%s: \"%s\" stands there twice", reading->what,
                              rate_part_names[part]);
    if ((1u << part & RATE_ADDRESS_PARTS) != 0 && (dim->parts & RATE_ADDRESS_PARTS) != 0)
        return problem_report(reading->scope, reading->node, "%s: one address at most makes a key", reading->what);
    if (part == RATE_PATH_CLASS && !reading->words->classes)
        return problem_report(reading->scope, reading->node,
                              "%s: there are no classes of paths; write some: path_class: {login: [\"/login*\"]}",
                              reading->what);
    dim->parts |= (uint16_t)(1u << part);
    dim->order[dim->parts_count++] = (uint8_t)part;
    return true;
}

static bool read_part(const struct reading *reading, struct slice rest) {
    struct slice name = slice_cut(&rest, '/');
    uint32_t part = 0;
    while (part < RATE_PARTS && !slice_equal(slice_from(rate_part_names[part]), name)) part++;
    if (part == RATE_PARTS) {
        char copy[RATE_NAME_BYTES_MAX + 1] = "", what[48];
        memcpy(copy, name.ptr, name.len); /* all of the names are not longer */
        struct config_node word = {.kind = CONFIG_TEXT, .text = {copy, name.len}};
        if (reading->node != NULL) word.place = reading->node->place;
        snprintf(what, sizeof what, "part in %s", reading->what);
        return problem_unknown(reading->scope, &word, what, rate_part_names, RATE_PARTS);
    }
    if (part == RATE_CLIENT) part = reading->words->client;
    if (rest.ptr != NULL && !read_prefix(reading, rest, (1u << part & RATE_ADDRESS_PARTS) != 0)) return false;
    return add_part(reading, part);
}

/* What is counted, by name; the prefix where it is not that of all the others. */
static bool write_name(struct arena *arena, const struct reading *reading) {
    char text[2 * RATE_NAME_BYTES_MAX];
    size_t used = 0;
    struct rate_dim *dim = reading->dim;
    for (uint32_t i = 0; i < dim->parts_count; i++) {
        bool other = (1u << dim->order[i] & RATE_ADDRESS_PARTS) != 0 && dim->v6_prefix != reading->words->v6_prefix;
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i > 0 ? "+" : "",
                                 rate_part_names[dim->order[i]]);
        if (other) used += (size_t)snprintf(text + used, sizeof text - used, "/%u", dim->v6_prefix);
    }
    dim->name = arena_copy(arena, (struct slice){text, used}).ptr;
    return dim->name != NULL || problem_no_memory(reading->scope);
}

bool rate_dim_read(struct arena *arena, const struct problem_scope *scope, const struct config_node *node,
                   const char *what, struct slice name, const struct rate_dim_words *words, struct rate_dim *dim) {
    const struct reading reading = {scope, node, what, words, dim};
    *dim = (struct rate_dim){.v4_prefix = words->v4_prefix, .v6_prefix = words->v6_prefix};
    if (name.len == 0 || name.len > RATE_NAME_BYTES_MAX)
        return problem_report(scope, node, "%s: expected parts of a key with + between them, such as asn+method", what);
    for (struct slice rest = name; rest.ptr != NULL;)
        if (!read_part(&reading, slice_cut(&rest, '+'))) return false;
    return write_name(arena, &reading);
}
