/* Names of what rates are made of.
 *
 * Threads: constants. */
#include "schemas/rate.h"

const char *const rate_part_names[RATE_PARTS] = {
    [RATE_CLIENT] = "client",         [RATE_PEER] = "peer",     [RATE_CLAIM] = "claim",
    [RATE_FIRST_XFF] = "first-xff",   [RATE_ASN] = "asn",       [RATE_COUNTRY] = "country",
    [RATE_PATH_CLASS] = "path_class", [RATE_METHOD] = "method", [RATE_LB] = "lb",
};

const char *const request_method_names[REQUEST_METHODS] = {
    [METHOD_NONE] = "none",   [METHOD_GET] = "GET",       [METHOD_HEAD] = "HEAD",       [METHOD_POST] = "POST",
    [METHOD_PUT] = "PUT",     [METHOD_DELETE] = "DELETE", [METHOD_CONNECT] = "CONNECT", [METHOD_OPTIONS] = "OPTIONS",
    [METHOD_TRACE] = "TRACE", [METHOD_PATCH] = "PATCH",   [METHOD_OTHER] = "other",
};
