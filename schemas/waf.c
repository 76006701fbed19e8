/* AWS WAF log: one JSON object a line. A column's name is the path to its value; a list of {name, value} is a map, of which
 * `httpRequest.headers.NAME` is one header, whatever the case of its letters. A header that WAF was told to hide has the value REDACTED.
 *
 * Threads: constants. */
#include "schemas/schema.h"

/* clang-format off */
static const struct field_spec fields[] = {
    {"timestamp", FIELD_UNIX_MS, ROLE_TIME, NULL, NULL, "when the request came, milliseconds since 1970"},
    {"formatVersion", FIELD_INTEGER, ROLE_NONE, "aws.waf.format_version", "aws.waf.formatVersion", "version of the record's form"},
    {"webaclId", FIELD_TEXT, ROLE_RESOURCE_ARN, "aws.waf.webacl_id", "aws.waf.webaclId", "ARN of the web ACL; of WAF Classic an id"},
    {"terminatingRuleId", FIELD_TEXT, ROLE_NONE, "rule.name aws.waf.terminating_rule_id", "aws.waf.terminatingRuleId", "rule that decided, or Default_Action"},
    {"terminatingRuleType", FIELD_TEXT, ROLE_NONE, "aws.waf.terminating_rule_type", "aws.waf.terminatingRuleType", "REGULAR RATE_BASED GROUP MANAGED_RULE_GROUP"},
    {"action", FIELD_TEXT, ROLE_RESULT, "event.action", "aws.waf.action", "ALLOW BLOCK CAPTCHA CHALLENGE; only ALLOW let it through"},
    {"terminatingRuleMatchDetails", FIELD_JSON, ROLE_NONE, "aws.waf.terminating_rule_match_details", "aws.waf.terminatingRuleMatchDetails", "what the rule found, of SQL injection and cross-site scripting"},
    {"httpSourceName", FIELD_TEXT, ROLE_WRITER, "aws.waf.http_source_name", "aws.waf.httpSourceName", "CF ALB APIGW APPSYNC COGNITOIDP; an open set"},
    {"httpSourceId", FIELD_TEXT, ROLE_SERVICE, "aws.waf.http_source_id", "aws.waf.httpSourceId", "id of the resource; of a balancer ACCOUNT-app/NAME/ID"},
    {"ruleGroupList", FIELD_JSON, ROLE_NONE, "aws.waf.rule_group_list", "aws.waf.ruleGroupList", "rule groups that acted"},
    {"rateBasedRuleList", FIELD_JSON, ROLE_NONE, "aws.waf.rate_based_rule_list", "aws.waf.rateBasedRuleList", "rate-based rules that acted"},
    {"nonTerminatingMatchingRules", FIELD_JSON, ROLE_NONE, "aws.waf.non_terminating_matching_rules", "aws.waf.nonTerminatingMatchingRules", "rules that matched and did not decide"},
    {"requestHeadersInserted", FIELD_JSON, ROLE_NONE, "aws.waf.request_headers_inserted", "aws.waf.requestHeadersInserted", "headers that WAF added"},
    {"responseCodeSent", FIELD_INTEGER, ROLE_STATUS, "http.response.status_code", "aws.waf.responseCodeSent", "status code of a response that WAF sent; null when it sent none of its own"},
    {"httpRequest.clientIp", FIELD_IP, ROLE_PEER_IP, NULL, "aws.waf.httpRequest.clientIp", "who opened the connection: the client, or a proxy in front"},
    {"httpRequest.country", FIELD_TEXT, ROLE_NONE, "aws.waf.http_request.country", "aws.waf.httpRequest.country", "country of that address, as WAF sees it"},
    {"httpRequest.uri", FIELD_TEXT, ROLE_PATH, NULL, "aws.waf.httpRequest.uri", "path of the URL"},
    {"httpRequest.args", FIELD_TEXT, ROLE_QUERY, NULL, "aws.waf.httpRequest.args", "query of the URL"},
    {"httpRequest.httpVersion", FIELD_TEXT, ROLE_HTTP_VERSION, NULL, "aws.waf.httpRequest.httpVersion", "HTTP/1.1, HTTP/2.0"},
    {"httpRequest.httpMethod", FIELD_TEXT, ROLE_METHOD, NULL, "aws.waf.httpRequest.httpMethod", "HTTP method"},
    {"httpRequest.requestId", FIELD_TEXT, ROLE_NONE, "http.request.id", "aws.waf.httpRequest.requestId", "id of the request; of CloudFront its x-edge-request-id"},
    {"httpRequest.fragment", FIELD_TEXT, ROLE_NONE, "url.fragment", "aws.waf.httpRequest.fragment", "fragment of the URL"},
    {"httpRequest.scheme", FIELD_TEXT, ROLE_SCHEME, NULL, "aws.waf.httpRequest.scheme", "http or https"},
    {"httpRequest.host", FIELD_TEXT, ROLE_NONE, "aws.waf.http_request.host", "aws.waf.httpRequest.host", "host of the request"},
    {"httpRequest.headers", FIELD_JSON, ROLE_NONE, "aws.waf.http_request.headers", "aws.waf.httpRequest.headers", "all headers, names as the client wrote them"},
    {"httpRequest.headers.x-forwarded-for", FIELD_TEXT, ROLE_FORWARDED_FOR, NULL, NULL, "X-Forwarded-For header"},
    {"httpRequest.headers.forwarded", FIELD_TEXT, ROLE_FORWARDED, NULL, NULL, "Forwarded header"},
    {"httpRequest.headers.x-real-ip", FIELD_TEXT, ROLE_REAL_IP, NULL, NULL, "X-Real-IP header"},
    {"httpRequest.headers.cloudfront-viewer-address", FIELD_TEXT, ROLE_VIEWER, NULL, NULL, "CloudFront-Viewer-Address header"},
    {"httpRequest.headers.x-amzn-trace-id", FIELD_TEXT, ROLE_TRACE, "trace.id", "traceId", "X-Amzn-Trace-Id header"},
    {"httpRequest.headers.host", FIELD_TEXT, ROLE_HOST, NULL, NULL, "Host header"},
    {"httpRequest.headers.user-agent", FIELD_TEXT, ROLE_USER_AGENT, "user_agent.original", "http.user_agent.original", "User-Agent header"},
    {"httpRequest.headers.referer", FIELD_TEXT, ROLE_NONE, "http.request.referrer", NULL, "Referer header"},
    {"labels", FIELD_JSON, ROLE_NONE, "aws.waf.labels", "aws.waf.labels", "labels that rules gave the request"},
    {"captchaResponse", FIELD_JSON, ROLE_NONE, "aws.waf.captcha_response", "aws.waf.captchaResponse", "outcome of a CAPTCHA"},
    {"challengeResponse", FIELD_JSON, ROLE_NONE, "aws.waf.challenge_response", "aws.waf.challengeResponse", "outcome of a challenge"},
    {"ja3Fingerprint", FIELD_TEXT, ROLE_NONE, "tls.client.ja3", "aws.waf.ja3Fingerprint", "JA3 fingerprint of the TLS handshake"},
    {"ja4Fingerprint", FIELD_TEXT, ROLE_NONE, "aws.waf.ja4_fingerprint", "aws.waf.ja4Fingerprint", "JA4 fingerprint of the TLS handshake"},
    {"oversizeFields", FIELD_JSON, ROLE_NONE, "aws.waf.oversize_fields", "aws.waf.oversizeFields", "parts of the request that were too large to be inspected"},
    {"requestBodySize", FIELD_INTEGER, ROLE_NONE, "http.request.body.bytes", "aws.waf.requestBodySize", "bytes of the request's body"},
    {"requestBodySizeInspectedByWAF", FIELD_INTEGER, ROLE_NONE, "aws.waf.request_body_size_inspected_by_waf", "aws.waf.requestBodySizeInspectedByWAF", "bytes of it that were inspected"},
    {"clientAsn", FIELD_INTEGER, ROLE_NONE, "aws.waf.client_asn", "aws.waf.clientAsn", "autonomous system of the peer, if a rule asks for it"},
    {"forwardedAsn", FIELD_INTEGER, ROLE_NONE, "aws.waf.forwarded_asn", "aws.waf.forwardedAsn", "autonomous system of the forwarded address"},
    {"cfDistributionTenantId", FIELD_TEXT, ROLE_NONE, "aws.waf.cf_distribution_tenant_id", "aws.waf.cfDistributionTenantId", "tenant of a CloudFront distribution"},
};
/* clang-format on */

/* What the web ACL belongs to: its peer is the record's, and headers are as they came to it. */
static const struct field_alias writers[] = {
    {"ALB", "alb"},
    {"CF", "cloudfront"},
    {"APIGW", "apigw"},
    {NULL, NULL},
};

static const struct field_members members[] = {
    {"terminatingRuleMatchDetails", "conditionType location"},
    {"ruleGroupList", "ruleGroupId terminatingRule.ruleId terminatingRule.action nonTerminatingMatchingRules.ruleId "
                      "nonTerminatingMatchingRules.action excludedRules.ruleId"},
    {"rateBasedRuleList", "rateBasedRuleId rateBasedRuleName limitKey limitValue"},
    {"nonTerminatingMatchingRules", "ruleId action"},
    {"requestHeadersInserted", "name value"},
    {"httpRequest.headers", "name value"},
    {"labels", "name"},
    {"captchaResponse", "responseCode failureReason"},
    {"challengeResponse", "responseCode failureReason"},
    {"oversizeFields", ""},
    {NULL, NULL},
};

static const char *const json_keys[] = {"webaclId", "httpRequest", NULL};

const struct schema schema_waf = {
    .name = "waf",
    .help = "AWS WAF log",
    .space = "aws.waf",
    .spec = "AWS WAF developer guide, Log fields for web ACL traffic",
    .writers = writers,
    .takes_first = true,
    .layout = LAYOUT_JSON,
    .category = CATEGORY_WEB,
    SCHEMA_FIELDS(fields),
    .json_keys = json_keys,
    .members = members,
};
