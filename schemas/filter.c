/* Names of what filters look at.
 *
 * Threads: constants. */
#include "schemas/filter.h"

const char *const filter_condition_names[FILTER_CONDITIONS] = {
    [FILTER_FORMAT] = "format", [FILTER_STATUS] = "status",         [FILTER_VERDICT] = "verdict",
    [FILTER_ZONE] = "zone",     [FILTER_PATH_CLASS] = "path_class", [FILTER_USER_AGENT] = "user_agent"};
