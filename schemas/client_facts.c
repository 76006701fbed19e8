/* Names of verdicts, provenances and flags.
 *
 * Threads: see the header. */
#include "schemas/client_facts.h"

/* clang-format off */
const char *verdict_names[VERDICTS_MAX] = {
    [VERDICT_OK] = "ok",
    [VERDICT_OK_ASSUMED] = "ok-assumed",
    [VERDICT_OK_PRIVATELINK] = "ok-privatelink",
    [VERDICT_SPOOFED_LEFTMOST] = "spoofed-leftmost",
    [VERDICT_CLIENT_PROXY] = "client-proxy",
    [VERDICT_CLAIM_GARBLED] = "claim-garbled",
    [VERDICT_BYPASS] = "bypass",
    [VERDICT_ALL_TRUSTED] = "all-trusted",
    [VERDICT_PEER_INVALID] = "peer-invalid",
    [VERDICT_HOP_UNEXPECTED] = "hop-unexpected",
    [VERDICT_XFF_MISSING] = "xff-missing",
    [VERDICT_XFF_UNKNOWN] = "xff-unknown",
    [VERDICT_XFF_OBFUSCATED] = "xff-obfuscated",
    [VERDICT_XFF_GARBLED] = "xff-garbled",
    [VERDICT_XFF_UNTRUSTED] = "xff-untrusted",
    [VERDICT_XFF_REMOVED] = "xff-removed",
    [VERDICT_ORIGIN_UNVERIFIED] = "origin-unverified",
    [VERDICT_PP_MISSING] = "pp-missing",
    [VERDICT_PP_LOCAL] = "pp-local",
    [VERDICT_PP_GARBLED] = "pp-garbled",
    [VERDICT_HEADER_MISSING] = "header-missing",
    [VERDICT_HEADER_GARBLED] = "header-garbled",
    [VERDICT_CF_EDGE_ONLY] = "cf-edge-only",
    [VERDICT_GA_NAT] = "ga-nat",
    [VERDICT_NLB_NAT] = "nlb-nat",
};

const char *const provenance_names[PROVENANCES] = {
    [PROVENANCE_NONE] = "none",
    [PROVENANCE_PEER] = "peer",
    [PROVENANCE_XFF] = "xff",
    [PROVENANCE_FORWARDED] = "forwarded",
    [PROVENANCE_PP1] = "pp1",
    [PROVENANCE_PP2] = "pp2",
    [PROVENANCE_HEADER] = "header",
};

const char *const hop_flag_names[HOP_FLAGS] = {
    [HOP_ASSUMED_CHAIN] = "assumed-chain",
    [HOP_BASE] = "base=",
    [HOP_CARRIER_MISMATCH] = "carrier-mismatch",
    [HOP_CLAIM] = "claim",
    [HOP_EVIDENCE_UNUSED] = "evidence-unused",
    [HOP_NAT64] = "nat64",
    [HOP_NON_GLOBAL] = "non-global",
    [HOP_PORT_MISSING] = "port-missing",
    [HOP_QUOTED] = "quoted",
    [HOP_SKIPPED] = "skipped-",
    [HOP_V4_MAPPED] = "v4-mapped",
    [HOP_VIA] = "via-",
    [HOP_VPCE] = "vpce=",
    [HOP_XFF_IGNORED] = "xff-ignored",
    [HOP_XFF_TRUNCATED] = "xff-truncated",
    [HOP_ZONE] = "zone",
};
/* clang-format on */

static uint32_t count = VERDICTS_BUILT_IN;

uint32_t verdicts_count(void) {
    return count;
}

uint32_t verdict_add(struct slice name) {
    for (uint32_t i = 0; i < count; i++)
        if (slice_equal(slice_from(verdict_names[i]), name)) return i;
    if (count == VERDICTS_MAX) return VERDICTS_MAX;
    verdict_names[count] = name.ptr;
    return count++;
}
