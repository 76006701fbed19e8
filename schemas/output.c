/* The list of output schemas.
 *
 * Threads: constants. */
#include "schemas/output.h"

#include <stddef.h>

const struct output_schema *const output_schemas[] = {&output_ecs, &output_ss4o, &output_flat, NULL};
