/* Names of what a record can say about its line.
 *
 * Threads: constants. */
#include "schemas/record.h"

const char *const record_flag_names[RECORD_FLAGS] = {
    [RECORD_LOSSY] = "lossy", [RECORD_TRUNCATED] = "truncated", [RECORD_AMBIGUOUS] = "ambiguous"};
