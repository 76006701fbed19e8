/* Names of carriers, as in the config.
 *
 * Threads: constants. */
#include "schemas/chain.h"

const char *const carrier_names[CARRIERS] = {
    [CARRIER_APPEND] = "append",           [CARRIER_PRESERVE] = "preserve",
    [CARRIER_REMOVE] = "remove",           [CARRIER_PP] = "pp",
    [CARRIER_HEADER] = "header",           [CARRIER_NONE] = "none",
    [CARRIER_TRANSPARENT] = "transparent",
};
