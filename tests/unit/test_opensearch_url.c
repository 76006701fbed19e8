/* What opensearch+http[s]:// URLs mean, and what is said of those that are wrong.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "config/opensearch_url.h"
#include "schemas/limits.h"
#include "tests/unit/opensearch_case.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define FORM "expected opensearch+http[s]://[USER@]HOST[:PORT][/BASE]/NAME\n"
#define SERVER "url: expected http[s]://HOST[:PORT][/BASE], with an IPv6 address in brackets, got "
#define NAME                                                                                                          \
    "of lower-case letters, digits and signs but \\ / * ? \" < > | , # : { } and space, not beginning with - _ + or " \
    "., "                                                                                                             \
    "of at most 244 bytes, got "
#define DAY "expected NAME-{yyyy.MM.dd}, an index per day, got "
#define STREAM "; a data stream stands under data_stream\n"
#define PASSWORD                                                                                              \
    "a password does not belong into the URL; write USER@, and give it by --opensearch password_env=NAME or " \
    "password_file=FILE, in the config by password_env or password_file\n"
#define QUERY                                                                                                    \
    "expected pipeline=NAME behind the ?; all else is said by --opensearch KEY=VALUE, in the config by keys of " \
    "`output: "                                                                                                  \
    "{opensearch: {..}}`\n"
#define TEXT "expected a name in printable ASCII of at most 512 bytes, got "

struct url_case {
    const char *what, *url, *expected;
};

static void check_cases(const struct url_case *cases, size_t cases_count) {
    setenv("OPENSEARCH_PASSWORD", "pw", true);
    for (size_t i = 0; i < cases_count; i++) {
        struct opensearch_case test;
        const char *const argv[] = {"a.log", "-o", cases[i].url, "--rejects", "r", NULL};
        print_message("%s\n", cases[i].what);
        assert_string_equal(opensearch_case_resolve(&test, NULL, argv), cases[i].expected);
        opensearch_case_end(&test);
    }
}

static void good_urls(void **state) {
    (void)state;
    static const struct url_case cases[] = {
        {"a file", "b.ndjson", ""},
        {"a topic", "kafka://h/t", ""},
        {"port of http", "opensearch+http://h/n", "http://h:9200 n gzip"},
        {"port of https", "opensearch+https://h/n", "https://h:443 n gzip"},
        {"a port", "opensearch+https://h.example:9200/n", "https://h.example:9200 n gzip"},
        {"a host in upper case", "opensearch+https://H.Example/n", "https://h.example:443 n gzip"},
        {"IPv6", "opensearch+http://[2001:DB8::1]:1/n", "http://[2001:db8::1]:1 n gzip"},
        {"IPv6 without a port", "opensearch+http://[2001:db8::1]/n", "http://[2001:db8::1]:9200 n gzip"},
        {"this machine by name", "opensearch+http://localhost/n", "http://localhost:9200 n"},
        {"by its address", "opensearch+http://127.1.2.3/n", "http://127.1.2.3:9200 n"},
        {"by IPv6", "opensearch+https://[::1]/n", "https://[::1]:443 n"},
        {"by mapped IPv4", "opensearch+https://[::ffff:127.0.0.1]/n", "https://[::ffff:127.0.0.1]:443 n"},
        {"a name that begins so", "opensearch+http://127.example/n", "http://127.example:9200 n gzip"},
        {"a path", "opensearch+https://h/a/B.c_~-1/n", "https://h:443/a/B.c_~-1 n gzip"},
        {"a slash behind the server", "opensearch+https://h//n", "https://h:443 n gzip"},
        {"a user", "opensearch+https://u@h/n", "https://h:443 n u:pw gzip"},
        {"a user with an encoded @", "opensearch+https://u%40x@h/n", "https://h:443 n u@x:pw gzip"},
        {"one with a plain one", "opensearch+https://u@x@h/n", "https://h:443 n u@x:pw gzip"},
        {"a pipeline", "opensearch+https://h/n?pipeline=p", "https://h:443 n | p gzip"},
        {"a pipeline, encoded", "opensearch+https://h/n?pipeline=a%20b%26c", "https://h:443 n | a b&c gzip"},
        {"a name's signs", "opensearch+https://h/a-_.+0%25!$&'();=%40[]^`~",
         "https://h:443 a-_.+0%!$&'();=@[]^`~ gzip"},
        {"an index per day", "opensearch+https://h/n-{yyyy.MM.dd}", "https://h:443 n by day gzip"},
        {"one, encoded", "opensearch+https://h/n-%7Byyyy.MM.dd%7d", "https://h:443 n by day gzip"},
        {"all of it", "opensearch+https://u@[2001:db8::1]:9200/b/n-{yyyy.MM.dd}?pipeline=p",
         "https://[2001:db8::1]:9200/b n by day | p u:pw gzip"},
        {"a password over loopback", "opensearch+http://u@localhost/n", "http://localhost:9200 n u:pw"},
        {"one in clear", "opensearch+http://u@h/n",
         "?output \"opensearch+http://...@h/n\": user: the password goes over the network as it is; use https\n"
         "http://h:9200 n u:pw gzip"},
    };
    check_cases(cases, COUNT_OF(cases));
}

static void bad_urls(void **state) {
    (void)state;
    static const struct url_case cases[] = {
        {"nothing", "opensearch+", "output \"opensearch+\": " FORM},
        {"no host and no name", "opensearch+http://", "output \"opensearch+http://\": " FORM},
        {"no name", "opensearch+http://h", "output \"opensearch+http://h\": " FORM},
        {"an empty name", "opensearch+http://h/", "output \"opensearch+http://h/\": " FORM},
        {"an empty name behind a path", "opensearch+http://h/a/", "output \"opensearch+http://h/a/\": " FORM},
        {"no host", "opensearch+http:///n", "output \"opensearch+http:///n\": " FORM},
        {"no host behind a user", "opensearch+http://u@/n", "output \"opensearch+http://...@/n\": " FORM},
        {"an @ in the name", "opensearch+http://h/a@b", "output \"opensearch+http://...@b\": " FORM},
        {"no slashes", "opensearch+http:h/n", "output \"opensearch+http:h/n\": " FORM},
        {"another scheme", "opensearch+ftp://h/n", "output \"opensearch+ftp://h/n\": " SERVER "\"ftp://h\"\n"},
        {"in upper case", "opensearch+HTTP://h/n", "output \"opensearch+HTTP://h/n\": " SERVER "\"HTTP://h\"\n"},
        {"port 0", "opensearch+http://h:0/n", "output \"opensearch+http://h:0/n\": " SERVER "\"http://h:0\"\n"},
        {"no port", "opensearch+http://h:/n", "output \"opensearch+http://h:/n\": " SERVER "\"http://h:\"\n"},
        {"port 65536", "opensearch+http://h:65536/n",
         "output \"opensearch+http://h:65536/n\": " SERVER "\"http://h:65536\"\n"},
        {"no brackets", "opensearch+http://::1/n", "output \"opensearch+http://::1/n\": " SERVER "\"http://::1\"\n"},
        {"half of them", "opensearch+http://[::1/n",
         "output \"opensearch+http://[::1/n\": " SERVER "\"http://[::1\"\n"},
        {"a zone", "opensearch+http://[fe80::1%25eth0]/n",
         "output \"opensearch+http://[fe80::1%25eth0]/n\": " SERVER "\"http://[fe80::1%25eth0]\"\n"},
        {"a space in the host", "opensearch+http://a b/n",
         "output \"opensearch+http://a b/n\": " SERVER "\"http://a b\"\n"},
        {"several hosts", "opensearch+http://a,b/n", "output \"opensearch+http://a,b/n\": " SERVER "\"http://a,b\"\n"},
        {"an empty segment", "opensearch+http://h/a//b/n",
         "output \"opensearch+http://h/a//b/n\": " SERVER "\"http://h/a//b\"\n"},
        {"a way up", "opensearch+http://h/../n", "output \"opensearch+http://h/../n\": " SERVER "\"http://h/..\"\n"},
        {"an encoded path", "opensearch+http://h/a%20/n",
         "output \"opensearch+http://h/a%20/n\": " SERVER "\"http://h/a%20\"\n"},
        {"a password", "opensearch+http://u:geheim@h/n", "output \"opensearch+http://...@h/n\": " PASSWORD},
        {"an empty one", "opensearch+http://u:@h/n", "output \"opensearch+http://...@h/n\": " PASSWORD},
        {"an encoded one", "opensearch+http://u%3Ageheim@h/n", "output \"opensearch+http://...@h/n\": " PASSWORD},
        {"one with separators", "opensearch+http://u:ge/h@e:im@h/n", "output \"opensearch+http://...@h/n\": " PASSWORD},
        {"one with a ?", "opensearch+http://u:ge?heim@h/n", "output \"...\": " FORM},
        {"one with slashes", "opensearch+u:geheim@http://h/n",
         "output \"...\": url: write it without a user, who stands under user\n"},
        {"one in the query", "opensearch+http://h/n?password=geheim", "output \"opensearch+http://h/n?...\": " QUERY},
        {"an empty user", "opensearch+https://@h/n",
         "output \"opensearch+https://...@h/n\": user: " TEXT "an empty text or a NUL\n"},
        {"a user's NUL", "opensearch+https://a%00b@h/n",
         "output \"opensearch+https://...@h/n\": user: " TEXT "an empty text or a NUL\n"},
        {"a user's line end", "opensearch+https://a%0Ab@h/n",
         "output \"opensearch+https://...@h/n\": user: " TEXT "\"a?b\"\n"},
        {"a setting in the query", "opensearch+http://h/n?gzip=true", "output \"opensearch+http://h/n?...\": " QUERY},
        {"no value", "opensearch+http://h/n?pipeline",
         "output \"opensearch+http://h/n?...\": expected NAME=VALUE behind the ? and every &\n"},
        {"nothing behind the ?", "opensearch+http://h/n?", "output \"opensearch+http://h/n?...\": " QUERY},
        {"twice", "opensearch+http://h/n?pipeline=a&pipeline=b",
         "output \"opensearch+http://h/n?...\": \"pipeline\" is given twice\n"},
        {"an empty pipeline", "opensearch+http://h/n?pipeline=",
         "output \"opensearch+http://h/n?...\": pipeline: " TEXT "an empty text or a NUL\n"},
        {"an upper-case letter", "opensearch+http://h/nA",
         "output \"opensearch+http://h/nA\": data_stream: expected a name " NAME "\"nA\"\n"},
        {"a month", "opensearch+http://h/n-{yyyy.MM}",
         "output \"opensearch+http://h/n-{yyyy.MM}\": index: " DAY "\"n-{yyyy.MM}\"" STREAM},
        {"a date without a hyphen", "opensearch+http://h/n{yyyy.MM.dd}",
         "output \"opensearch+http://h/n{yyyy.MM.dd}\": index: " DAY "\"n{yyyy.MM.dd}\"" STREAM},
        {"a date in front", "opensearch+http://h/{yyyy.MM.dd}-n",
         "output \"opensearch+http://h/{yyyy.MM.dd}-n\": index: " DAY "\"{yyyy.MM.dd}-n\"" STREAM},
        {"a date alone", "opensearch+http://h/-{yyyy.MM.dd}",
         "output \"opensearch+http://h/-{yyyy.MM.dd}\": index: expected NAME-{yyyy.MM.dd} with a NAME " NAME
         "\"-{yyyy.MM.dd}\"\n"},
        {"two dates", "opensearch+http://h/n-{yyyy.MM.dd}-{yyyy.MM.dd}",
         "output \"opensearch+http://h/n-{yyyy.MM.dd}-{yyyy.MM.dd}\": index: expected NAME-{yyyy.MM.dd} with a "
         "NAME " NAME "\"n-{yyyy.MM.dd}-{yyyy.MM.dd}\"\n"},
        {"several mistakes",
         "opensearch+http://u:1@h:x/N?pipeline=", "output \"opensearch+http://...@h:x/N?...\": " PASSWORD},
        {"several others", "opensearch+https://h:x/N?pipeline=",
         "output \"opensearch+https://h:x/N?...\": " SERVER "\"https://h:x\"\n"
         "output \"opensearch+https://h:x/N?...\": data_stream: expected a name " NAME "\"N\"\n"
         "output \"opensearch+https://h:x/N?...\": pipeline: " TEXT "an empty text or a NUL\n"},
    };
    check_cases(cases, COUNT_OF(cases));
}

/* Each byte as the first one and as a later one, against OpenSearch's own list of what a name must not have. */
static void every_byte_of_a_name(void **state) {
    (void)state;
    char url[64];
    for (unsigned byte = 1; byte < 256; byte++) {
        bool refused = byte <= ' ' || byte >= 0x7F || strchr("\\/*?\"<>|,#:{}", (int)byte) != NULL ||
                       (byte >= 'A' && byte <= 'Z');
        for (unsigned place = 0; place < 2; place++) {
            struct opensearch_case test;
            sprintf(url, "opensearch+https://h/%s%%%02x", place == 1 ? "a" : "", byte);
            (void)opensearch_case_resolve(&test, NULL, (const char *const[]){"-o", url, "--rejects", "r", NULL});
            bool expected = refused || (place == 0 && strchr("-_+.", (int)byte) != NULL);
            if (expected != (test.problems.errors_count > 0)) fail_msg("byte %02x at %u", byte, place);
            opensearch_case_end(&test);
        }
    }
}

static void limits(void **state) {
    (void)state;
    static const struct {
        const char *what, *before, *behind;
        unsigned bytes_max;
    } cases[] = {
        {"data stream", "opensearch+https://h/", "", OPENSEARCH_NAME_BYTES_MAX},
        {"index", "opensearch+https://h/", "-{yyyy.MM.dd}", OPENSEARCH_NAME_BYTES_MAX},
        {"user", "opensearch+https://", "@h/n", OPENSEARCH_TEXT_BYTES_MAX},
        {"pipeline", "opensearch+https://h/n?pipeline=", "", OPENSEARCH_TEXT_BYTES_MAX},
        {"host", "opensearch+https://", "/n", 255},
    };
    char url[1024];
    setenv("OPENSEARCH_PASSWORD", "pw", true);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        for (unsigned more = 0; more <= 1; more++) {
            struct opensearch_case test;
            print_message("%s and %u\n", cases[i].what, more);
            sprintf(url, "%s%0*d%s", cases[i].before, (int)(cases[i].bytes_max + more), 0, cases[i].behind);
            (void)opensearch_case_resolve(&test, NULL, (const char *const[]){"-o", url, "--rejects", "r", NULL});
            assert_int_equal(test.problems.errors_count, more);
            opensearch_case_end(&test);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_urls),
        cmocka_unit_test(bad_urls),
        cmocka_unit_test(every_byte_of_a_name),
        cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
