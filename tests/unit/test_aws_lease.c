/* Keys for AWS out of what hands them over: shared files, JSON, XML; and who may hand them over.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sinks/aws_endpoints.h"
#include "sinks/aws_lease.h"
#include "sinks/aws_profile.h"
#include "tests/unit/guard.h"

static void assert_slice(struct slice found, const char *expected, const char *what) {
    if (!slice_equal(found, slice_from(expected)))
        fail_msg("%s: expected %s, found %.*s", what, expected, (int)found.len, found.ptr);
}

/* --- profiles ------------------------------------------------------------------------------------- */

static void test_profiles(void **state) {
    (void)state;
    static const struct {
        const char *what, *text, *name;
        bool is_config, found;
        const char *key_id, *secret, *token, *unsupported;
    } cases[] = {
        {"usual", "[default]\naws_access_key_id = A\naws_secret_access_key = b/+=\n", "default", false, true, "A",
         "b/+=", "", ""},
        {"no spaces, CR LF, token, no end",
         "[a]\r\naws_access_key_id=A\r\naws_secret_access_key=b\r\naws_session_token=c", "a", false, true, "A", "b",
         "c", ""},
        {"another section", "[a]\naws_access_key_id=A\n[b]\naws_access_key_id=B\n", "b", false, true, "B", "", "", ""},
        {"a section twice, the first value stays",
         "[a]\naws_access_key_id=A\n[b]\n[a]\naws_access_key_id=B\naws_secret_access_key=s", "a", false, true, "A", "s",
         "", ""},
        {"comments and empty lines", "# x\n\n[a]\n;aws_access_key_id=X\n#aws_access_key_id=Y\naws_access_key_id=A\n",
         "a", false, true, "A", "", "", ""},
        {"indented lines are of the setting above", "[a]\ns3 =\n  aws_access_key_id = X\naws_access_key_id=A\n", "a",
         false, true, "A", "", "", ""},
        {"spaces in the heading", "[ a ]\naws_access_key_id=A", "a", false, true, "A", "", "", ""},
        {"config file", "[profile a]\naws_access_key_id=A\n", "a", true, true, "A", "", "", ""},
        {"config file, more space", "[profile\t a ]\naws_access_key_id=A\n", "a", true, true, "A", "", "", ""},
        {"config file without profile", "[a]\naws_access_key_id=A\n", "a", true, false, "", "", "", ""},
        {"config file, glued", "[profilea]\naws_access_key_id=A\n", "a", true, false, "", "", "", ""},
        {"config file, default", "[default]\naws_access_key_id=A\n", "default", true, true, "A", "", "", ""},
        {"credentials file with profile", "[profile a]\naws_access_key_id=A\n", "a", false, false, "", "", "", ""},
        {"a longer name", "[ab]\naws_access_key_id=A\n", "a", false, false, "", "", "", ""},
        {"not closed", "[a\naws_access_key_id=A\n", "a", false, true, "A", "", "", ""},
        {"no =", "[a]\naws_access_key_id\naws_secret_access_key\n", "a", false, true, "", "", "", ""},
        {"process", "[a]\ncredential_process = x\n", "a", false, true, "", "", "", "credential_process"},
        {"the first of them", "[profile a]\nregion=x\nsso_session=x\nrole_arn=y\n", "a", true, true, "", "", "",
         "sso_session"},
        {"in another section", "[b]\nrole_arn=y\n[a]\n", "a", false, true, "", "", "", ""},
        {"before any", "aws_access_key_id=A\n[a]", "a", false, true, "", "", "", ""},
        {"empty", "", "a", false, false, "", "", "", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct aws_profile profile = {.found = false};
        struct slice text = guard_copy(slice_from(cases[i].text));
        aws_profile_find(text, cases[i].is_config, cases[i].name, &profile);
        if (profile.found != cases[i].found) fail_msg("%s: found %d", cases[i].what, profile.found);
        assert_slice(profile.key_id, cases[i].key_id, cases[i].what);
        assert_slice(profile.secret, cases[i].secret, cases[i].what);
        assert_slice(profile.token, cases[i].token, cases[i].what);
        assert_slice(profile.unsupported, cases[i].unsupported, cases[i].what);
    }
}

/* --- answers -------------------------------------------------------------------------------------- */

struct answer {
    const char *text, *fault; /* fault NULL: the keys are A, b, and the token c */
};

static void check_answers(const struct answer *answers, size_t count,
                          enum status (*parse)(struct slice, struct aws_lease *, struct error *)) {
    for (size_t i = 0; i < count; i++) {
        struct aws_lease lease;
        struct error error = {.message = ""};
        enum status status = parse(guard_copy(slice_from(answers[i].text)), &lease, &error);
        if (answers[i].fault != NULL) {
            if (status != STATUS_FAILED || strstr(error.message, answers[i].fault) == NULL)
                fail_msg("%s: expected %s, found %d %s", answers[i].text, answers[i].fault, status, error.message);
            assert_null(strstr(error.message, "hush"));
            continue;
        }
        if (status != STATUS_OK) fail_msg("%s: %s", answers[i].text, error.message);
        assert_string_equal(lease.access_key_id, "A");
        assert_string_equal(lease.secret_access_key, "b");
        assert_string_equal(lease.session_token, "c");
        assert_int_equal(lease.expires_s, 1764547201);
    }
}

static void test_json(void **state) {
    (void)state;
    static const struct answer answers[] = {
        {"{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"b\",\"Token\":\"c\",\"Expiration\":\"2025-12-01T00:00:01Z\"}",
         NULL},
        {"{\"Code\":\"Success\",\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"b\",\"Token\":\"c\","
         "\"Expiration\":\"2025-12-01T01:00:01.5+01:00\",\"Type\":1}",
         NULL},
        {"{\"Code\":\"Failed\",\"AccessKeyId\":\"A\"}", "Code"},
        {"{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hush hush\",\"Expiration\":\"2025-12-01T00:00:01Z\"}",
         "secret access key"},
        {"{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hush\\n\",\"Expiration\":\"2025-12-01T00:00:01Z\"}",
         "secret access key"},
        {"{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hush\",\"Token\":\"hush\\u00e9\",\"Expiration\":\"2025-12-01T00:"
         "00:01Z\"}",
         "session token"},
        {"{\"AccessKeyId\":5,\"SecretAccessKey\":\"hush\",\"Expiration\":\"2025-12-01T00:00:01Z\"}", "access key id"},
        {"{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hush\"}", "expire"},
        {"{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hush\",\"Expiration\":\"soon\"}", "expire"},
        {"{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hush\"", "no JSON object"},
        {"\"hush\"", "no JSON object"},
        {"null", "no JSON object"},
        {"", "no JSON object"},
    };
    check_answers(answers, sizeof answers / sizeof answers[0], aws_lease_from_json);
}

#define INSIDE "<AccessKeyId>A</AccessKeyId><SecretAccessKey>b</SecretAccessKey><SessionToken>c</SessionToken>"
#define EXPIRY "<Expiration>2025-12-01T00:00:01Z</Expiration>"

static void test_xml(void **state) {
    (void)state;
    static const struct answer answers[] = {
        {"<R><Credentials>" INSIDE EXPIRY "</Credentials></R>", NULL},
        {"<R><AccessKeyId>X</AccessKeyId><Credentials>\n " EXPIRY "\n " INSIDE "\n</Credentials></R>", NULL},
        {"<Credentials><AccessKeyId>\n  A "
         "</AccessKeyId><SecretAccessKey>b</SecretAccessKey><SessionToken>\tc\n</SessionToken>" EXPIRY "</Credentials>",
         NULL},
        {"<R>" INSIDE EXPIRY "</R>", "Credentials"},
        {"<Credentials>" INSIDE EXPIRY, "Credentials"},
        {"<Credentials>" INSIDE "</Credentials>" EXPIRY, "expire"},
        {"<Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>hush<x>hu sh</x></SecretAccessKey>" EXPIRY
         "</Credentials>",
         "secret access key"},
        {"<Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey></SecretAccessKey>" EXPIRY "</Credentials>",
         "secret access key"},
        {"<Credentials></AccessKeyId><AccessKeyId>" EXPIRY "</Credentials>", "access key id"},
        {"<Credentials", "Credentials"},
        {"", "Credentials"},
    };
    check_answers(answers, sizeof answers / sizeof answers[0], aws_lease_from_xml);
}

static void test_bounds(void **state) {
    (void)state;
    static char long_text[AWS_TOKEN_BYTES_MAX + 2];
    memset(long_text, 'x', sizeof long_text - 1);
    struct slice longest_key = {long_text, AWS_KEY_BYTES_MAX}, longest_token = {long_text, AWS_TOKEN_BYTES_MAX};
    struct slice too_long_key = {long_text, AWS_KEY_BYTES_MAX + 1},
                 too_long_token = {long_text, AWS_TOKEN_BYTES_MAX + 1};
    struct aws_lease lease;
    assert_int_equal(aws_lease_set(&lease, longest_key, longest_key, longest_token, NULL), STATUS_OK);
    assert_int_equal(strlen(lease.secret_access_key), AWS_KEY_BYTES_MAX);
    assert_int_equal(strlen(lease.session_token), AWS_TOKEN_BYTES_MAX);
    assert_int_equal(aws_lease_set(&lease, too_long_key, longest_key, longest_token, NULL), STATUS_USAGE);
    assert_int_equal(aws_lease_set(&lease, longest_key, too_long_key, longest_token, NULL), STATUS_USAGE);
    assert_int_equal(aws_lease_set(&lease, longest_key, longest_key, too_long_token, NULL), STATUS_USAGE);
}

/* --- addresses ------------------------------------------------------------------------------------ */

static void test_container_urls(void **state) {
    (void)state;
    static const struct {
        const char *url;
        bool allowed;
    } cases[] = {
        {"http://169.254.170.2/v2/x", true},
        {"http://169.254.170.23/v1/credentials", true},
        {"http://[fd00:ec2::23]/v1/x", true},
        {"http://127.0.0.1:8080/x?y", true},
        {"http://127.9.9.9", true},
        {"http://[::1]:80/x", true},
        {"http://localhost:80/x", true},
        {"https://example.com/x", true},
        {"http://[::ffff:127.0.0.1]/x", true},
        {"http://169.254.170.3/x", false},
        {"http://169.254.169.254/x", false},
        {"http://example.com/127.0.0.1", false},
        {"http://127.0.0.1@example.com", false},
        {"http://127.0.0.1.example.com", false},
        {"http://[::2]/x", false},
        {"http://128.0.0.1", false},
        {"http://127.1", false},
        {"http://", false},
        {"http://[", false},
        {"ftp://127.0.0.1/", false},
        {"127.0.0.1", false},
        {"", false},
        {"http://example.com#127.0.0.1", false},
        {"http://example.com\\@127.0.0.1/", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (aws_container_url_allowed(cases[i].url) != cases[i].allowed)
            fail_msg("%s: expected %d", cases[i].url, cases[i].allowed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_profiles), cmocka_unit_test(test_json),           cmocka_unit_test(test_xml),
        cmocka_unit_test(test_bounds),   cmocka_unit_test(test_container_urls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
