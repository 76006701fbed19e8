/* A made-up log format, to prove that one file adds a format: listed, detected, split, written, without another line.
 *
 * Threads: constants. */
#include "schemas/schema.h"

/* clang-format off */
static const struct field_spec fields[] = {
    {"mark", FIELD_TEXT, ROLE_NONE, "toy.mark", NULL, "the word toy"},
    {"when", FIELD_TIME, ROLE_TIME_END, NULL, NULL, "when it happened"},
    {"who", FIELD_ENDPOINT, ROLE_PEER, NULL, NULL, "who asked"},
    {"status", FIELD_INTEGER, ROLE_STATUS, "http.response.status_code", NULL, "what the answer was"},
    {"said", FIELD_TEXT, ROLE_NONE, "toy.said", NULL, "words in quotes"},
    {"weights", FIELD_INTEGERS_SPACE, ROLE_NONE, "toy.weights", NULL, "numbers in quotes"},
};
/* clang-format on */

const struct schema schema_toy = {
    .name = "toy",
    .help = "a format for a test",
    .space = "toy",
    .spec = "tests/toy/toy_format.c",
    .layout = LAYOUT_SPACE_QUOTED,
    .category = CATEGORY_WEB,
    SCHEMA_FIELDS(fields),
    .fields_count_min = 4,
    .detect_count = 4,
    .detect_first = "toy",
};
