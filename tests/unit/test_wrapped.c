/* Lines that came wrapped in JSON, as shippers write it: each is found, is the record that it would be by itself, and takes what is
 * around it along.
 *
 * Threads: one. */
#include "tests/unit/oddity.h"

#define FORMAT "alb_access"
#define QUOTED_LINE                                                                                                    \
    "http 2025-12-01T00:00:01.500000Z app/web/50dc6c495c0c9188 81.2.69.142:42173 10.0.0.80:8080 0.001 0.048 0.000 "    \
    "200 200 814 57 \\\"GET http://www.example.com:80/a?b=c HTTP/1.1\\\" \\\"curl/7.78.0\\\" - - "                     \
    "arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/t/73e2d6bc24d8a067 \\\"Root=1-5-6\\\" \\\"-\\\" " \
    "\\\"-\\\" 0 2025-12-01T00:00:01.451000Z \\\"forward\\\" \\\"-\\\" \\\"-\\\""
#define RECORD                                                                                                \
    {"client.ip", JSON_STRING("81.2.69.142")}, {"client.port", "42173"}, {"url.query", JSON_STRING("b=c")}, { \
        "aws.elb.name", JSON_STRING("app/web/50dc6c495c0c9188")                                               \
    }

static void one_line_objects_of_shippers(void **state) {
    (void)state;
    oddity_is_record("{\"@timestamp\":\"2025-12-01T00:00:05.000Z\",\"@metadata\":{\"beat\":\"filebeat\"},"
                     "\"log\":{\"file\":{\"path\":\"/logs/a.log\"},\"offset\":7},\"message\":\"" QUOTED_LINE "\","
                     "\"host\":{\"name\":\"web-1\"},\"aws\":{\"s3\":{\"object\":{\"key\":\"a/b.gz\"}}},\"tags\":[]}",
                     FORMAT, RECORD,
                     {"aws.elb.extra",
                      "[\"@timestamp=2025-12-01T00:00:05.000Z\",\"@metadata={\\\"beat\\\":\\\"filebeat\\\"}\","
                      "\"log={\\\"file\\\":{\\\"path\\\":\\\"/logs/a.log\\\"},\\\"offset\\\":7}\","
                      "\"host={\\\"name\\\":\\\"web-1\\\"}\","
                      "\"aws={\\\"s3\\\":{\\\"object\\\":{\\\"key\\\":\\\"a/b.gz\\\"}}}\"]"});
    oddity_is_record("{\"date\":1764547205.25,\"log\":\"" QUOTED_LINE "\\n\"}", FORMAT, RECORD,
                     {"aws.elb.extra", "[\"date=1764547205.25\"]"});
    oddity_is_record("{\"file\":\"/logs/a.log\",\"host\":\"web-1\",\"message\":\"" QUOTED_LINE
                     "\",\"source_type\":\"file\"}",
                     FORMAT, RECORD, {"aws.elb.extra", "[\"file=/logs/a.log\",\"host=web-1\",\"source_type=file\"]"});
    oddity_is_record("{\"id\":\"1\",\"timestamp\":1764547205250,\"message\":\"" QUOTED_LINE
                     "\",\"owner\":\"123456789012\",\"logGroup\":\"/elb/web\",\"logStream\":\"s\"}",
                     FORMAT, RECORD,
                     {"aws.elb.extra", "[\"id=1\",\"timestamp=1764547205250\",\"owner=123456789012\","
                                       "\"logGroup=/elb/web\",\"logStream=s\"]"});
}

/* Of ECS's event.original it is known what it is; `message` beside it may be what somebody made of it. */
static void original_events(void **state) {
    (void)state;
    oddity_is_record("{\"event\":{\"dataset\":\"elb\",\"original\":\"" QUOTED_LINE "\"},\"a\":1}", FORMAT, RECORD,
                     {"aws.elb.extra", "[\"a=1\",\"event.dataset=elb\"]"});
    oddity_is_record("{\"event.original\":\"" QUOTED_LINE "\",\"event.dataset\":\"elb\"}", FORMAT, RECORD,
                     {"aws.elb.extra", "[\"event.dataset=elb\"]"});
    oddity_is_record("{\"message\":\"GET /a\",\"event\":{\"original\":\"" QUOTED_LINE "\"}}", FORMAT, RECORD,
                     {"aws.elb.extra", "[\"message=GET /a\"]"});
    oddity_is_record("{\"event\":{\"original\":\"\"},\"message\":\"" QUOTED_LINE "\"}", FORMAT, RECORD,
                     {"aws.elb.extra", "[\"event={\\\"original\\\":\\\"\\\"}\"]"});
    oddity_is_record("{\"event\":\"x\",\"event.original\":null,\"message\":\"" QUOTED_LINE "\"}", FORMAT, RECORD,
                     {"aws.elb.extra", "[\"event=x\"]"});
}

/* What is around all of the objects is kept, the outermost first. */
static void objects_in_objects(void **state) {
    (void)state;
    oddity_is_record("{\"message\":\"{\\\"log\\\":\\\"2 123456789012 eni-1235b8ca123456789 81.2.69.142 10.0.0.62 43416 "
                     "443 6 20 4249 1764547200 1764547260 ACCEPT OK\\\\n\\\",\\\"stream\\\":\\\"std\\\\\\\"out\\\"}\","
                     "\"owner\":\"123456789012\"}",
                     "vpc_flow", {"client.ip", JSON_STRING("81.2.69.142")}, {"client.port", "43416"},
                     {"aws.vpcflow.extra", "[\"owner=123456789012\",\"stream=std\\\"out\"]"});
}

#define WAF_LINE                                                                                                   \
    "{\\\"timestamp\\\":1764547201500,\\\"formatVersion\\\":1,\\\"webaclId\\\":\\\"arn:aws:wafv2:eu-west-1:"       \
    "123456789012:regional/webacl/shop/1a2b3c4d\\\",\\\"terminatingRuleId\\\":\\\"Default_Action\\\","             \
    "\\\"terminatingRuleType\\\":\\\"REGULAR\\\",\\\"action\\\":\\\"ALLOW\\\",\\\"httpSourceName\\\":\\\"ALB\\\"," \
    "\\\"httpRequest\\\":{\\\"clientIp\\\":\\\"81.2.69.142\\\",\\\"country\\\":\\\"GB\\\",\\\"headers\\\":[],"     \
    "\\\"uri\\\":\\\"/a\\\",\\\"args\\\":\\\"\\\",\\\"httpVersion\\\":\\\"HTTP/"                                   \
    "1.1\\\",\\\"httpMethod\\\":\\\"GET\\\"}}"

/* A line takes along what is around itself, not what was around others. */
static void neighbours_keep_their_own(void **state) {
    (void)state;
    oddity_is_record("{\"a\":1,\"message\":\"" QUOTED_LINE "\"}\n{\"b\":2,\"message\":\"" QUOTED_LINE "\"}", FORMAT,
                     RECORD, {"aws.elb.extra", "[\"b=2\"]"});
    oddity_is_record("{\"a\":1,\"message\":\"none of ours\"}\n{\"message\":\"" QUOTED_LINE "\"}", FORMAT, RECORD,
                     {"aws.elb.extra", NULL});
}

/* A record in JSON, whatever is known of its format: also with -f it is unwrapped. */
static void json_in_json(void **state) {
    (void)state;
    oddity_is_record("{\"logGroup\":\"aws-waf-logs-a\",\"message\":\"" WAF_LINE "\"}", "waf",
                     {"source.ip", JSON_STRING("81.2.69.142")}, {"url.path", JSON_STRING("/a")},
                     {"aws.waf.extra", "[\"logGroup=aws-waf-logs-a\"]"});
    oddity_is_none("{\"message\":\"" QUOTED_LINE "\"}", "waf", ODDITY_FIXED, "bad-json");
}

/* As many as a record may have. */
static void no_end_of_members_around(void **state) {
    (void)state;
    static char text[FIELDS_MAX * 20 + sizeof QUOTED_LINE];
    char *out = text + sprintf(text, "{");
    for (unsigned i = 0; i < FIELDS_MAX; i++) out += sprintf(out, "\"member%u\":%u,", i, i);
    sprintf(out, "\"message\":\"" QUOTED_LINE "\"}");
    struct oddity oddity = {.text = text, .format = FORMAT, .fate = "record", .known_by = ODDITY_ANY};
    oddity.members = ODDITY_MEMBERS(RECORD);
    oddity_check(&oddity);
    oddity_read(&oddity, slice_from(text), oddity_bench.kernels[0], "", ODDITY_ALONE);
    assert_int_equal(oddity_bench.encode.record.fields_count, FIELDS_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_line_objects_of_shippers),
        cmocka_unit_test(original_events),
        cmocka_unit_test(objects_in_objects),
        cmocka_unit_test(neighbours_keep_their_own),
        cmocka_unit_test(json_in_json),
        cmocka_unit_test(no_end_of_members_around),
    };
    return cmocka_run_group_tests(tests, oddity_set_up, oddity_tear_down);
}
