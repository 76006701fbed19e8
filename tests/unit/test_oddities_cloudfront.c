/* Lines of CloudFront that broke other parsers: ODDITIES rows 41 to 47, a test each.
 *
 * Threads: one. */
#include "tests/unit/oddity.h"

#define CF "cloudfront"
#define CLIENT \
    { "client.ip", JSON_STRING("81.2.69.142") }
#define SECOND \
    { "@timestamp", JSON_STRING("2025-12-01T00:00:01.000000Z") }
#define T "\t"

/* The 33 columns as pieces, those that tests replace left out; 18, 23 and 26 of them were all there was once. */
#define CF_START "2025-12-01\t00:00:01\tLHR61-P7\t392\t81.2.69.142\tGET\td111111abcdef8.cloudfront.net\t"
#define CF_STEM "/a/b\t"
#define CF_STATUS "200\t"
#define CF_REFERER "-\t"
#define CF_AGENT "curl/8.5.0\t"
#define CF_QUERY "x=1\t"
#define CF_14_TO_18 "-\tHit\tSOX4xwn4XV6Q4rgb7XiVGO==\twww.example.com\thttps\t23"
#define CF_TO_18 CF_START CF_STEM CF_STATUS CF_REFERER CF_AGENT CF_QUERY CF_14_TO_18
#define CF_19 "\t0.001"
#define CF_FORWARDED "\t-"
#define CF_21_TO_23 "\tTLSv1.3\tTLS_AES_128_GCM_SHA256\tHit"
#define CF_24_TO_26 "\tHTTP/2.0\t-\t-"
#define CF_27_TO_31 "\t11040\t0.001\tHit\ttext/html\t78"
#define CF_32_TO_33 "\t-\t-"
#define CF_20_TO_33 CF_FORWARDED CF_21_TO_23 CF_24_TO_26 CF_27_TO_31 CF_32_TO_33
#define CF_LINE CF_TO_18 CF_19 CF_20_TO_33

#define CF_NAMES_TO_18                                                                              \
    "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) " \
    "cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes"
#define CF_NAMES_TO_33                                                                                                \
    CF_NAMES_TO_18                                                                                                    \
    " time-taken x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status " \
    "fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len "      \
    "sc-range-start sc-range-end"
#define CF_HEADER(names) "#Version: 1.0\n#Fields: " names "\n"

/* Both with and without the header line, which says here what is known anyway. */
#define cloudfront_is_record(line, ...)                                    \
    do {                                                                   \
        oddity_is_record(line, CF, __VA_ARGS__);                           \
        oddity_is_record(CF_HEADER(CF_NAMES_TO_33) line, CF, __VA_ARGS__); \
    } while (0)

/* Escaped twice, as CloudFront did until 2019: only the user agent is sure to have had no escapes of its own. */
static void oddity_41_escaped_twice(void **state) {
    (void)state;
#define WITH_AGENT(agent)                                                       \
    CF_START "/a%2520b%20c\t" CF_STATUS "https://example.com/d%2520e\t" agent T \
             "y=%2520\t" CF_14_TO_18 CF_19 CF_20_TO_33
#define REST                                                                                                           \
    CLIENT, SECOND, {"url.path", JSON_STRING("/a%2520b%20c")}, {"url.query", JSON_STRING("y=%2520")},                  \
        {"http.request.referrer", JSON_STRING("https://example.com/d%2520e")}, {"http.response.status_code", "200"}, { \
        "client.port", "11040"                                                                                         \
    }
    static const char agent[] = JSON_STRING("Mozilla/5.0 (Windows NT 6.1; WOW64) 100%");
    cloudfront_is_record(WITH_AGENT("Mozilla/5.0%2520(Windows%2520NT%25206.1;%2520WOW64)%2520100%2525"),
                         {"user_agent.original", agent}, REST);
    cloudfront_is_record(WITH_AGENT("Mozilla/5.0%20(Windows%20NT%206.1;%20WOW64)%20100%25"),
                         {"user_agent.original", agent}, REST);
    cloudfront_is_record(WITH_AGENT("a%2522b%255C%2509"), {"user_agent.original", JSON_STRING("a\\\"b\\\\\\t")}, REST);
    cloudfront_is_record(WITH_AGENT("a%25b%2%zz%"), {"user_agent.original", JSON_STRING("a%b%2%zz%")}, REST);
    cloudfront_is_record(WITH_AGENT("caf%25C3%25A9%20caf%C3%A9"),
                         {"user_agent.original", JSON_STRING("caf\xc3\xa9 caf\xc3\xa9")}, REST);
#undef REST
#undef WITH_AGENT
}

/* New columns came behind the old ones, and greedy patterns shifted: without a header line as many as ever stood there, with one
 * those that it names, in any order, new ones among them. */
static void oddity_42_new_columns(void **state) {
    (void)state;
    static const char *const ages[] = {CF_TO_18, CF_TO_18 CF_19 CF_FORWARDED CF_21_TO_23,
                                       CF_TO_18 CF_19 CF_FORWARDED CF_21_TO_23 CF_24_TO_26, CF_LINE};
    for (size_t i = 0; i < sizeof ages / sizeof ages[0]; i++)
        oddity_is_record(ages[i], CF, CLIENT, SECOND, {"http.response.status_code", "200"},
                         {"url.path", JSON_STRING("/a/b")}, {"url.domain", JSON_STRING("www.example.com")},
                         {"http.request.bytes", "23"}, {"aws.cloudfront.extra", NULL}, {"log.flags", NULL},
                         {"tls.version", i > 0 ? JSON_STRING("1.3") : NULL},
                         {"http.version", i > 1 ? JSON_STRING("2.0") : NULL}, {"client.port", i > 2 ? "11040" : NULL});
    oddity_is_record(CF_HEADER(CF_NAMES_TO_18) CF_TO_18, CF, CLIENT, SECOND, {"http.request.bytes", "23"},
                     {"log.flags", NULL});
    oddity_is_record(CF_HEADER(CF_NAMES_TO_33 " new-column x-new(Column)") CF_LINE "\tnew\tnewer", CF, CLIENT, SECOND,
                     {"client.port", "11040"},
                     {"aws.cloudfront.extra", "[\"new-column=new\",\"x-new(Column)=newer\"]"});
    oddity_is_record(
        CF_HEADER("x-edge-location new-column sc-status time c-ip date cs-uri-stem") "LHR61-P7\tnew\t404\t00:00:01\t81."
                                                                                     "2.69.142\t2025-12-01\t/a",
        CF, CLIENT, SECOND, {"http.response.status_code", "404"}, {"url.path", JSON_STRING("/a")},
        {"aws.cloudfront.extra", "[\"new-column=new\"]"});
    oddity_is_none(CF_LINE "\tnew", CF, ODDITY_ANY, "unknown-format"); /* what is it? only a header line says */
}

/* 000: the viewer went away before there was a status. */
static void oddity_43_status_000(void **state) {
    (void)state;
#define WITH_STATUS(status) CF_START CF_STEM status T CF_REFERER CF_AGENT CF_QUERY CF_14_TO_18 CF_19 CF_20_TO_33
#define NO_STATUS                                                                                   \
    CLIENT, SECOND, {"http.response.status_code", NULL}, {"event.outcome", JSON_STRING("failure")}, \
        {"aws.cloudfront.raw", NULL}, {"url.path", JSON_STRING("/a/b")}
    cloudfront_is_record(WITH_STATUS("000"), NO_STATUS);
    cloudfront_is_record(WITH_STATUS("0"), NO_STATUS);
    cloudfront_is_record(WITH_STATUS("-"), CLIENT, {"http.response.status_code", NULL}, {"event.outcome", NULL});
    cloudfront_is_record(WITH_STATUS("499"), CLIENT, {"http.response.status_code", "499"},
                         {"event.outcome", JSON_STRING("failure")});
    oddity_is_none(WITH_STATUS("2O0"), CF, ODDITY_ANY, "bad-status");
#undef NO_STATUS
#undef WITH_STATUS
}

/* X-Forwarded-For as it came: addresses, and what others put there. None of it is who connected. */
static void oddity_44_what_stands_in_x_forwarded_for(void **state) {
    (void)state;
    static const struct {
        const char *text, *addresses, *raw;
    } cases[] = {
        {"192.0.2.1,%20192.0.2.60", "[\"192.0.2.1\",\"192.0.2.60\"]", NULL},
        {"192.0.2.1, 192.0.2.60", "[\"192.0.2.1\",\"192.0.2.60\"]", NULL},
        {"192.0.2.1:4711,[2001:218::1]:443,2001:218::2", "[\"192.0.2.1\",\"2001:218::1\",\"2001:218::2\"]", NULL},
        {"localhost:8080", NULL, JSON_STRING("localhost:8080")},
        {"unknown", NULL, JSON_STRING("unknown")},
        {"unknown,%20192.0.2.1,", "[\"192.0.2.1\"]", JSON_STRING("unknown,%20192.0.2.1,")},
        {"192.0.2.256,1%22%0a", NULL, JSON_STRING("192.0.2.256,1%22%0a")},
        {",%20,", NULL, NULL},
        {"-", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char line[1024];
        snprintf(line, sizeof line, "%s\t%s%s", CF_TO_18 CF_19, cases[i].text,
                 CF_21_TO_23 CF_24_TO_26 CF_27_TO_31 CF_32_TO_33);
        oddity_is_record(line, CF, CLIENT, SECOND, {"source.ip", JSON_STRING("81.2.69.142")},
                         {"network.forwarded_ip", cases[i].addresses},
                         {"aws.cloudfront.raw.x_forwarded_for", cases[i].raw}, {"tls.version", JSON_STRING("1.3")},
                         {"client.port", "11040"});
    }
}

/* Records that end too early, and a tab too many at the end: what is there is good, but for an address that the line ends with. */
static void oddity_45_too_short_and_a_tab_too_many(void **state) {
    (void)state;
#define THERE CLIENT, SECOND, {"client.port", "11040"}, {"http.response.body.bytes", "78"}
#define TRUNCATED \
    { "log.flags", "[\"truncated\"]" }
    oddity_is_record(CF_TO_18 CF_19 CF_FORWARDED CF_21_TO_23 CF_24_TO_26 CF_27_TO_31, CF, THERE);
    oddity_is_record(CF_HEADER(CF_NAMES_TO_33) CF_TO_18 CF_19 CF_FORWARDED CF_21_TO_23 CF_24_TO_26 CF_27_TO_31, CF,
                     THERE, TRUNCATED);
    cloudfront_is_record(CF_LINE "\t", THERE, {"log.flags", NULL}, {"aws.cloudfront.extra", NULL});
    oddity_is_record(CF_LINE "\t\n" CF_LINE, CF, THERE, {"log.flags", NULL});
    oddity_is_record(CF_HEADER(CF_NAMES_TO_33) "\n" CF_LINE, CF, THERE, {"log.flags", NULL});
    oddity_is_record(CF_HEADER(CF_NAMES_TO_33) CF_START "/a/b", CF, CLIENT, SECOND, TRUNCATED,
                     {"url.path", JSON_STRING("/a/b")}, {"http.response.status_code", NULL});
    oddity_is_none(CF_START "/a/b", CF, ODDITY_NAMED | ODDITY_FIXED, "too-few-fields"); /* is it CloudFront's at all? */
    oddity_is_none(CF_HEADER(CF_NAMES_TO_33) "2025-12-01", CF, ODDITY_FIXED, "bad-time");
    oddity_is_record(CF_HEADER(CF_NAMES_TO_33) "2025-12-01\t00:00:01\tLHR61-P7\t392\t81.2.69.14", CF, {"client", NULL},
                     {"source", NULL}, SECOND, TRUNCATED, {"aws.cloudfront.extra", "[\"c-ip=81.2.69.14\"]"});
    oddity_is_record(CF_HEADER(CF_NAMES_TO_33) CF_TO_18 CF_19 "\t192.0.2.1,%20192.0.2.6", CF, CLIENT, TRUNCATED,
                     {"network.forwarded_ip", NULL},
                     {"aws.cloudfront.extra", "[\"x-forwarded-for=192.0.2.1,%20192.0.2.6\"]"});
    oddity_is_record(CF_TO_18 CF_19 "\t192.0.2.1,%20192.0.2.6", CF, CLIENT, {"network.forwarded_ip", NULL},
                     {"aws.cloudfront.extra", "[\"x-forwarded-for=192.0.2.1,%20192.0.2.6\"]"});
#undef TRUNCATED
#undef THERE
}

/* Real-time lines, which have other columns in an order of the user's and no header line: never read in the order of the standard log,
 * however many columns they have, and the message says what to do. */
static void oddity_46_real_time_lines(void **state) {
    (void)state;
#define EPOCH "1764547201.851\t"
#define WAY_OUT "-f 'cloudfront:timestamp c-ip ...'"
#define OPTION "cloudfront:timestamp c-ip time-to-first-byte sc-status sc-bytes cs-method cs-host cs-uri-stem"
#define REAL_TIME EPOCH "81.2.69.142\t0.001\t200\t392\tGET\twww.example.com\t/a"
#define TWELVE "192.0.2.1\t1\t192.0.2.2\t2\t192.0.2.3\t3\t192.0.2.4\t4\t192.0.2.5\t5\t192.0.2.6\t6"
    static const char *const lines[] = {
        REAL_TIME,
        EPOCH "81.2.69.142",
        "1764547201\t81.2.69.142\t0.001\t200",
        EPOCH TWELVE "\t" TWELVE, /* as many as the standard log may have */
        EPOCH "00:00:01\tLHR61-P7\t392\t81.2.69.142\t" TWELVE "\t" TWELVE,
        EPOCH TWELVE "\t" TWELVE "\t" TWELVE, /* more */
        CF_LINE "\n" REAL_TIME,
        REAL_TIME "\n" REAL_TIME,
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        oddity_check(&(struct oddity){
            .text = lines[i], .format = CF, .fate = "unknown-format", .detail = WAY_OUT, .known_by = ODDITY_ANY});
    /* a standard log's header in force: still no date */
    oddity_is_none(CF_HEADER(CF_NAMES_TO_33) REAL_TIME, CF, ODDITY_ANY, "bad-time");
    /* one of which -f says the order; then the client's format is fixed */
    oddity_check(&(struct oddity){
        .text = REAL_TIME,
        .format = CF,
        .option = OPTION,
        .fate = "record",
        .known_by = ODDITY_FIXED,
        .members = ODDITY_MEMBERS(
            CLIENT, {"@timestamp", JSON_STRING("2025-12-01T00:00:01.851000Z")}, {"http.response.status_code", "200"},
            {"http.response.bytes", "392"}, {"http.request.method", JSON_STRING("GET")},
            {"url.path", JSON_STRING("/a")}, {"aws.cloudfront.domain", JSON_STRING("www.example.com")},
            {"aws.cloudfront.time_to_first_byte", "0.001"}, {"aws.cloudfront.extra", NULL}, {"log.flags", NULL})});
    oddity_check(&(struct oddity){.text = EPOCH "81.2.69.142",
                                  .format = CF,
                                  .option = OPTION,
                                  .fate = "record",
                                  .known_by = ODDITY_FIXED,
                                  .members = ODDITY_MEMBERS({"client", NULL}, {"log.flags", "[\"truncated\"]"})});
#undef TWELVE
#undef REAL_TIME
#undef OPTION
#undef WAY_OUT
#undef EPOCH
}

/* A dash is no query: goaccess showed `/path?`. */
static void oddity_47_no_query(void **state) {
    (void)state;
#define WITH_QUERY(query) CF_START CF_STEM CF_STATUS CF_REFERER CF_AGENT query T CF_14_TO_18 CF_19 CF_20_TO_33
    cloudfront_is_record(WITH_QUERY("-"), CLIENT, {"url.path", JSON_STRING("/a/b")}, {"url.query", NULL},
                         {"url.original", NULL});
    cloudfront_is_record(WITH_QUERY(""), CLIENT, {"url.path", JSON_STRING("/a/b")}, {"url.query", NULL});
    cloudfront_is_record(WITH_QUERY("--"), CLIENT, {"url.query", JSON_STRING("--")});
    cloudfront_is_record(WITH_QUERY("-=-"), CLIENT, {"url.query", JSON_STRING("-=-")});
#undef WITH_QUERY
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oddity_41_escaped_twice),
        cmocka_unit_test(oddity_42_new_columns),
        cmocka_unit_test(oddity_43_status_000),
        cmocka_unit_test(oddity_44_what_stands_in_x_forwarded_for),
        cmocka_unit_test(oddity_45_too_short_and_a_tab_too_many),
        cmocka_unit_test(oddity_46_real_time_lines),
        cmocka_unit_test(oddity_47_no_query),
    };
    return cmocka_run_group_tests(tests, oddity_set_up, oddity_tear_down);
}
