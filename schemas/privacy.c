/* Names as a config has them.
 *
 * Threads: constants. */
#include "schemas/privacy.h"

const char *const privacy_address_names[PRIVACY_ADDRESSES] = {
    [PRIVACY_KEEP] = "keep", [PRIVACY_TRUNCATE] = "truncate", [PRIVACY_HMAC] = "hmac", [PRIVACY_DROP] = "drop"};
