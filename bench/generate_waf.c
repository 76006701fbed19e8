/* AWS WAF: one JSON object a request, 1.9 KB in the mean, most of it rule groups and headers.
 *
 * Threads: one struct, one thread. */
#include "bench/generate_escape.h"
#include "bench/generate_format.h"
#include "bench/generate_headers.h"
#include "bench/generate_request.h"

static const char *const groups[] = {
    "AWS#AWSManagedRulesAmazonIpReputationList",
    "AWS#AWSManagedRulesCommonRuleSet",
    "AWS#AWSManagedRulesKnownBadInputsRuleSet",
    "AWS#AWSManagedRulesAnonymousIpList",
    "AWS#AWSManagedRulesSQLiRuleSet",
    "AWS#AWSManagedRulesBotControlRuleSet",
};

static void put_header(struct put *out, const char *name, const char *value, bool first) {
    put_text(out, first ? "{\"name\":\"" : ",{\"name\":\"");
    put_text(out, name);
    put_text(out, "\",\"value\":\"");
    generate_put_json(out, value);
    put_text(out, "\"}");
}

static void put_webacl(const struct generate_line *line, struct put *out) {
    put_text(out, "arn:aws:wafv2:");
    put_text(out, line->site.region);
    put_char(out, ':');
    put_text(out, line->site.account);
    put_text(out, ":regional/webacl/shop-acl/");
    struct dice acl = {line->seed ^ 0x616c63};
    generate_put_uuid(&acl, out);
}

/* Up to requestHeadersInserted. blocked: by the group of that number plus one; 0: nobody. */
static void put_rules(struct generate_line *line, const struct generate_request *request, uint32_t blocked,
                      struct put *out) {
    uint32_t count = dice_percent(&line->dice, 70) ? 3 : 4 + dice_below(&line->dice, 3);
    put_text(out, "{\"timestamp\":");
    put_number(out, (uint64_t)request->visit.time_us / 1000);
    put_text(out, ",\"formatVersion\":1,\"webaclId\":\"");
    put_webacl(line, out);
    put_text(out, "\",\"terminatingRuleId\":\"");
    put_text(out, blocked != 0 ? groups[blocked - 1] + 4 : "Default_Action");
    put_text(out, blocked != 0 ? "\",\"terminatingRuleType\":\"MANAGED_RULE_GROUP\",\"action\":\"BLOCK\""
                               : "\",\"terminatingRuleType\":\"REGULAR\",\"action\":\"ALLOW\"");
    put_text(out, ",\"terminatingRuleMatchDetails\":[],\"httpSourceName\":\"ALB\",\"httpSourceId\":\"");
    put_text(out, line->site.account);
    put_char(out, '-');
    put_text(out, line->site.elb);
    put_text(out, "\",\"ruleGroupList\":[");
    for (uint32_t i = 0; i < count; i++) {
        put_text(out, i == 0 ? "{\"ruleGroupId\":\"" : ",{\"ruleGroupId\":\"");
        put_text(out, groups[i]);
        put_text(out, blocked == i + 1
                          ? "\",\"terminatingRule\":{\"ruleId\":\"NoUserAgent_HEADER\",\"action\":\"BLOCK\","
                            "\"ruleMatchDetails\":null}"
                          : "\",\"terminatingRule\":null");
        put_text(out, ",\"nonTerminatingMatchingRules\":[],\"excludedRules\":null,\"customerConfig\":null}");
    }
    put_text(out, "],\"rateBasedRuleList\":[],\"nonTerminatingMatchingRules\":[]");
}

void generate_waf_put(struct generate_line *line, struct put *out) {
    struct generate_request request = generate_request_next(line);
    struct dice *dice = &line->dice;
    uint32_t blocked = request.status == 403 ? 1 + dice_below(dice, 3) : 0;
    put_rules(line, &request, blocked, out);
    put_text(out, ",\"requestHeadersInserted\":null,\"responseCodeSent\":null,\"httpRequest\":{\"clientIp\":\"");
    put_text(out, request.address);
    put_text(out, "\",\"country\":\"US\",\"headers\":[");
    generate_headers(line, &request, out, put_header);
    if (request.forwarded[0] != '\0')
        put_header(out, dice_percent(dice, 50) ? "X-Forwarded-For" : "x-forwarded-for", request.forwarded, false);
    put_text(out, "],\"uri\":\"");
    generate_put_json(out, request.path);
    put_text(out, "\",\"args\":\"");
    generate_put_json(out, request.query);
    put_text(out, request.http2 ? "\",\"httpVersion\":\"HTTP/2.0\",\"httpMethod\":\""
                                : "\",\"httpVersion\":\"HTTP/1.1\",\"httpMethod\":\"");
    put_text(out, request.method);
    put_text(out, "\",\"requestId\":\"1-");
    put_hex(out, (uint64_t)request.visit.time_us / 1000000, 8);
    put_char(out, '-');
    put_hex(out, dice_next(dice), 16);
    put_hex(out, dice_next(dice), 8);
    put_text(out, "\",\"fragment\":\"\",\"scheme\":\"");
    put_text(out, request.tls ? "https" : "http");
    put_text(out, "\",\"host\":\"");
    put_text(out, request.domain);
    put_text(out, "\"},\"labels\":[{\"name\":\"awswaf:clientip:geo:country:US\"}],\"ja3Fingerprint\":\"");
    put_hex(out, dice_hash(request.visit.identity, 3), 16);
    put_hex(out, dice_hash(request.visit.identity, 4), 16);
    put_text(out, "\",\"requestBodySize\":0,\"requestBodySizeInspectedByWAF\":0}\n");
}
