/* Names of what a record can say about its line and its client.
 *
 * Threads: constants. */
#include "schemas/record.h"

const char *const record_flag_names[RECORD_FLAGS] = {
    [RECORD_LOSSY] = "lossy", [RECORD_TRUNCATED] = "truncated", [RECORD_AMBIGUOUS] = "ambiguous"};

const char *const verdict_names[VERDICTS] = {[VERDICT_OK] = "ok", [VERDICT_PEER_INVALID] = "peer-invalid"};

const char *const provenance_names[PROVENANCES] = {[PROVENANCE_NONE] = "none", [PROVENANCE_PEER] = "peer"};

const char *const hop_flag_names[HOP_FLAGS] = {[HOP_NON_GLOBAL] = "non-global", [HOP_V4_MAPPED] = "v4-mapped"};
