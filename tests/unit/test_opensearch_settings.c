/* What configs and --opensearch mean for OpenSearch, which options go together, and what is said of what is wrong.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "schemas/limits.h"
#include "tests/unit/opensearch_case.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define WITH(more) "output: {opensearch: {url: \"https://h\", data_stream: n, " more "}}"
#define AT_HOST(host, more) "output: {opensearch: {url: \"https://" host "\", data_stream: n, " more "}}"
#define O "output: opensearch: "
#define R "--rejects=r"

struct settings_case {
    const char *what, *config;
    const char *argv[OPENSEARCH_CASE_ARGUMENTS_MAX];
    const char *expected;
};

static void check_cases(const struct settings_case *cases, size_t cases_count) {
    for (size_t i = 0; i < cases_count; i++) {
        struct opensearch_case test;
        print_message("%s\n", cases[i].what);
        assert_string_equal(opensearch_case_resolve(&test, cases[i].config, cases[i].argv), cases[i].expected);
        opensearch_case_end(&test);
    }
}

static void configs(void **state) {
    (void)state;
    static const struct settings_case cases[] = {
        {"shortest", "output: {opensearch: {url: \"http://h\", data_stream: n}}", {R}, "http://h:9200 n gzip"},
        {"all of it",
         "output:\n  opensearch:\n    url: https://h:1/b/\n    index: n-{yyyy.MM.dd}\n    user: u\n    password_env: "
         "PW\n"
         "    ca: /dev/null\n    certificate: /dev/zero\n    key: /dev/null\n    gzip: false\n    pipeline: p\n"
         "    connections: 64\n    timeout: 3600\n",
         {R},
         "https://h:1/b n by day | p u:geheim ca /dev/null client /dev/zero /dev/null connections 64 timeout 3600"},
        {"a key in the certificate's file",
         WITH("certificate: /dev/null"),
         {R},
         "https://h:443 n client /dev/null /dev/null gzip"},
        {"gzip to this machine",
         "output: {opensearch: {url: \"http://[::1]\", data_stream: n, gzip: true}}",
         {R},
         "http://[::1]:9200 n gzip"},
        {"a URL", "output: \"opensearch+https://h/n\"", {R}, "https://h:443 n gzip"},
        {"several outputs",
         "outputs: {eu: {opensearch: {url: \"https://h\", data_stream: n, user: u, password_env: PW}}, us: "
         "\"opensearch+http://i/m\", f: {path: a.gz}, g: b}",
         {R},
         "eu: https://h:443 n u:geheim gzip; us: http://i:9200 m gzip; f: a.gz; g: b"},
        {"one of them is main",
         "output: a\noutputs: {eu: \"opensearch+http://h/n\"}",
         {R},
         "main: a; eu: http://h:9200 n gzip"},
        {"what is wrong with each",
         "outputs: {eu: {opensearch: {url: \"http://h\", data_strem: n}}, us: \"opensearch+http://u:p@i/m\"}",
         {R},
         "1:46: outputs.eu: opensearch: unknown key \"data_strem\", did you mean \"data_stream\"?\n"
         "1:28: outputs.eu: opensearch: no \"data_stream\": write data_stream: NAME, or index: NAME-{yyyy.MM.dd}\n"
         "1:67: outputs.us \"opensearch+http://...@i/m\": a password does not belong into the URL; write USER@, and "
         "give it "
         "by --opensearch password_env=NAME or password_file=FILE, in the config by password_env or password_file\n"},
        {"pairs are for one",
         "outputs: {eu: a, us: b}",
         {R, "--opensearch", "gzip=true"},
         "--opensearch: settings of named outputs stand in the config, as outputs: {NAME: {opensearch: {..}}}\n"},
        {"without ids", WITH("ids: false"), {R}, "https://h:443 n gzip without ids"},
        {"any mapping", WITH("check_mapping: false"), {R}, "https://h:443 n gzip any mapping"},
        {"the command line's URL wins",
         WITH("gzip: false"),
         {R, "-o", "opensearch+https://i/m"},
         "https://i:443 m gzip"},
        {"the command line's file wins", WITH("gzip: maybe"), {R, "-o", "x"}, ""},
        {"nothing in it",
         "output: {opensearch: {}}",
         {R},
         "1:22: " O "no \"url\": write url: https://HOST:PORT\n"
         "1:22: " O "no \"data_stream\": write data_stream: NAME, or index: NAME-{yyyy.MM.dd}\n"},
        {"no mapping",
         "output: {opensearch: [n]}",
         {R},
         "1:22: " O "expected a mapping with url and data_stream, got a list\n"},
        {"both kinds",
         WITH("index: \"n-{yyyy.MM.dd}\""),
         {R},
         "1:64: " O "index: there is a data_stream, too; records go to one of the two\n"},
        {"a date in a data stream's name",
         "output: {opensearch: {url: \"http://h\", data_stream: \"n-{yyyy.MM.dd}\"}}",
         {R},
         "1:53: " O "data_stream: has no date in its name; write index: NAME-{yyyy.MM.dd} for an index per day\n"},
        {"an index without a date",
         "output: {opensearch: {url: \"http://h\", index: n}}",
         {R},
         "1:47: " O
         "index: expected NAME-{yyyy.MM.dd}, an index per day, got \"n\"; a data stream stands under data_stream\n"},
        {"the command line's form",
         "output: {opensearch: {url: \"opensearch+http://h/n\", data_stream: n}}",
         {R},
         "1:28: " O "url: write it without opensearch+, and the name under data_stream\n"},
        {"a user in the URL",
         "output: {opensearch: {url: \"http://u:geheim@h\", data_stream: n}}",
         {R},
         "1:28: " O "url: write it without a user, who stands under user\n"},
        {"a query in the URL",
         "output: {opensearch: {url: \"http://h?geheim\", data_stream: n}}",
         {R},
         "1:28: " O
         "url: expected http[s]://HOST[:PORT][/BASE], with an IPv6 address in brackets, got \"http://h?...\"\n"},
        {"each with its place",
         "output:\n  opensearch:\n    url: {}\n    data_stream: [n]\n    usr: u\n    password: geheim\n    ca: "
         "/no/such\n"
         "    key: \"\"\n    gzip: maybe\n    connections: 65\n    timeout: \"0\"\n    pipeline: [p]\n    user: "
         "\"u:v\"\n"
         "    aws_sigv4: [es]\n",
         {R},
         "5:5: " O "unknown key \"usr\", did you mean \"user\"?\n"
         "6:15: " O
         "password: a secret must not stand here; write password_env and the name of an environment variable, or "
         "password_file and the path of a file\n"
         "3:10: " O "url: expected http[s]://HOST[:PORT][/BASE], with an IPv6 address in brackets, got a mapping\n"
         "4:18: " O
         "data_stream: expected a name of lower-case letters, digits and signs but \\ / * ? \" < > | , # : { } and "
         "space, not beginning with - _ + or ., of at most 244 bytes, got a list\n"
         "13:11: " O "user: has no : in it, and a password does not stand here\n"
         "13:11: " O
         "user: no password; write password_env: NAME of an environment variable or password_file: FILE, or set "
         "OPENSEARCH_PASSWORD\n"
         "7:9: " O "ca: \"/no/such\": No such file or directory\n"
         "8:10: " O "key: expected the path of a PEM file, got an empty text or a NUL\n"
         "8:10: " O "key: there is no certificate; write certificate: FILE\n"
         "14:16: " O "aws_sigv4: expected true, REGION/es or REGION/aoss, got a list\n"
         "12:15: " O "pipeline: expected a name in printable ASCII of at most 512 bytes, got a list\n"
         "9:11: " O "gzip: expected true or false, got \"maybe\"\n"
         "10:18: " O "connections: expected a whole number from 1 to 64, got \"65\"\n"
         "11:14: " O "timeout: expected a whole number from 1 to 3600, got \"0\"\n"},
        {"TLS without TLS",
         "output: {opensearch: {url: \"http://h\", data_stream: n, ca: /dev/null}}",
         {R},
         "1:60: " O "ca: means nothing to http; use https\n"},
    };
    check_cases(cases, COUNT_OF(cases));
}

static void pairs(void **state) {
    (void)state;
    static const struct settings_case cases[] = {
        {"beside a URL",
         NULL,
         {R, "-o", "opensearch+https://h/n", "--opensearch=user=u", "--opensearch=password_env=PW",
          "--opensearch=gzip=false", "--opensearch=pipeline=a=b", "--opensearch=connections=1",
          "--opensearch=timeout=1"},
         "https://h:443 n | a=b u:geheim connections 1 timeout 1"},
        {"over the URL's",
         NULL,
         {R, "-o", "opensearch+https://u@h/n?pipeline=p", "--opensearch=user=v", "--opensearch=password_env=PW",
          "--opensearch=pipeline=q"},
         "https://h:443 n | q v:geheim gzip"},
        {"over the config's",
         WITH("gzip: maybe, user: u, password_file: /no/such"),
         {R, "--opensearch=gzip=false", "--opensearch=password_env=PW"},
         "https://h:443 n u:geheim"},
        {"the last one",
         NULL,
         {R, "-o", "opensearch+https://h/n", "--opensearch=gzip=true", "--opensearch=gzip=false"},
         "https://h:443 n"},
        {"the last kind of password",
         NULL,
         {R, "-o", "opensearch+https://u@h/n", "--opensearch=password_file=/no/such", "--opensearch=password_env=PW"},
         "https://h:443 n u:geheim gzip"},
        {"signing taken back",
         WITH("aws_sigv4: eu-west-1/es"),
         {R, "--opensearch=aws_sigv4=false"},
         "https://h:443 n gzip"},
        {"no value",
         NULL,
         {R, "-o", "opensearch+https://h/n", "--opensearch=gzip"},
         "--opensearch: expected KEY=VALUE\n"},
        {"mistakes, without the config's place",
         WITH("timeout: 0"),
         {R, "--opensearch=gzp=true", "--opensearch=url=https://i", "--opensearch=password=geheim",
          "--opensearch=ca=/no/such"},
         "--opensearch: unknown key \"gzp\", did you mean \"gzip\"?\n"
         "--opensearch: unknown key \"url\"; known are user, password_env, password_file, ca, certificate, key, "
         "aws_sigv4, "
         "pipeline, gzip, ids, check_mapping, connections, timeout\n"
         "--opensearch: password: a secret must not stand here; write password_env and the name of an environment "
         "variable, or "
         "password_file and the path of a file\n"
         "--opensearch: ca: \"/no/such\": No such file or directory\n"
         "1:66: " O "timeout: expected a whole number from 1 to 3600, got \"0\"\n"},
        {"another output",
         NULL,
         {"-o", "x", "--opensearch=gzip=true"},
         "--opensearch: the output is no opensearch+http[s]://HOST[:PORT]/NAME\n"},
        {"in a config",
         "opensearch: [gzip=true]",
         {NULL},
         "not read: config: FILE:1:1: \"opensearch\" is for the command line only"},
    };
    check_cases(cases, COUNT_OF(cases));
}

static void signing(void **state) {
    (void)state;
    static const struct settings_case cases[] = {
        {"a domain",
         AT_HOST("search-x.eu-west-1.es.amazonaws.com", "aws_sigv4: true"),
         {R},
         "https://search-x.eu-west-1.es.amazonaws.com:443 n aws eu-west-1/es gzip"},
        {"a domain of China",
         AT_HOST("x.cn-north-1.es.amazonaws.com.cn", "aws_sigv4: {}"),
         {R},
         "https://x.cn-north-1.es.amazonaws.com.cn:443 n aws cn-north-1/es gzip"},
        {"a domain in upper case",
         AT_HOST("X.EU-WEST-1.ES.AMAZONAWS.COM", "aws_sigv4: true"),
         {R},
         "https://x.eu-west-1.es.amazonaws.com:443 n aws eu-west-1/es gzip"},
        {"a domain with both families",
         AT_HOST("x.aos.eu-west-1.on.aws", "aws_sigv4: true"),
         {R},
         "https://x.aos.eu-west-1.on.aws:443 n aws eu-west-1/es gzip"},
        {"a collection",
         AT_HOST("abc.us-east-2.aoss.amazonaws.com", "aws_sigv4: true"),
         {R},
         "https://abc.us-east-2.aoss.amazonaws.com:443 n aws us-east-2/aoss gzip"},
        {"the same said",
         AT_HOST("abc.us-east-2.aoss.amazonaws.com", "aws_sigv4: {region: us-east-2, service: aoss}"),
         {R},
         "https://abc.us-east-2.aoss.amazonaws.com:443 n aws us-east-2/aoss gzip"},
        {"a name of one's own", WITH("aws_sigv4: {region: eu-west-1}"), {R}, "https://h:443 n aws eu-west-1/es gzip"},
        {"a collection's",
         WITH("aws_sigv4: {service: aoss, region: eu-west-1}"),
         {R},
         "https://h:443 n aws eu-west-1/aoss gzip"},
        {"as a text", WITH("aws_sigv4: eu-west-1"), {R}, "https://h:443 n aws eu-west-1/es gzip"},
        {"as a text with a service",
         NULL,
         {R, "-o", "opensearch+https://h/n", "--opensearch", "aws_sigv4=eu-west-1/aoss"},
         "https://h:443 n aws eu-west-1/aoss gzip"},
        {"a name that cannot be signed",
         NULL,
         {R, "-o", "opensearch+https://h/n%40+", "--opensearch", "aws_sigv4=eu-west-1/es"},
         "--opensearch: aws_sigv4: expected a data stream of letters, digits and . _ ~ - in signed requests, got "
         "\"n@+\"\n"},
        {"in the body it need not be",
         NULL,
         {R, "-o", "opensearch+https://h/n%40-{yyyy.MM.dd}", "--opensearch", "aws_sigv4=eu-west-1/es"},
         "https://h:443 n@ by day aws eu-west-1/es gzip"},
        {"a domain that is not signed for",
         AT_HOST("x.eu-west-1.es.amazonaws.com", "gzip: true"),
         {R},
         "https://x.eu-west-1.es.amazonaws.com:443 n gzip"},
        {"no region",
         WITH("aws_sigv4: true"),
         {R},
         "1:68: " O "aws_sigv4: the host's name says no region; write REGION/es or REGION/aoss\n"},
        {"a host that only looks so",
         AT_HOST("x.eu-west-1.es.amazonaws.com.example", "aws_sigv4: true"),
         {R},
         "1:103: " O "aws_sigv4: the host's name says no region; write REGION/es or REGION/aoss\n"},
        {"no region in the name",
         AT_HOST("x..es.amazonaws.com", "aws_sigv4: true"),
         {R},
         "1:86: " O "aws_sigv4: expected a region such as eu-west-1, got \"\"\n"},
        {"a word",
         WITH("aws_sigv4: yes"),
         {R},
         "1:68: " O "aws_sigv4: expected a region such as eu-west-1, got \"yes\"\n"},
        {"a region's letters",
         WITH("aws_sigv4: EU-WEST-1/es"),
         {R},
         "1:68: " O "aws_sigv4: expected a region such as eu-west-1, got \"EU-WEST-1\"\n"},
        {"a service",
         WITH("aws_sigv4: {region: eu-west-1, service: ess}"),
         {R},
         "1:68: " O "aws_sigv4: service: expected es (a domain) or aoss (a serverless collection), got \"ess\"\n"},
        {"another region than the host's",
         AT_HOST("x.eu-west-1.es.amazonaws.com", "aws_sigv4: us-east-1"),
         {R},
         "1:95: " O "aws_sigv4: expected eu-west-1/es, as the host's name has it, got us-east-1/es; write true\n"},
        {"another service",
         AT_HOST("x.eu-west-1.es.amazonaws.com", "aws_sigv4: {service: aoss}"),
         {R},
         "1:95: " O "aws_sigv4: expected eu-west-1/es, as the host's name has it, got eu-west-1/aoss; write true\n"},
        {"unknown keys",
         WITH("aws_sigv4: {regoin: a, service: []}"),
         {R},
         "1:69: " O "unknown key \"regoin\", did you mean \"region\"?\n"
         "1:89: " O "aws_sigv4: service: expected one value, got a list\n"},
        {"a collection without",
         AT_HOST("x.eu-west-1.aoss.amazonaws.com", "gzip: true"),
         {R},
         "1:22: " O "a serverless collection takes signed requests only; write aws_sigv4: true\n"},
        {"with a user",
         WITH("aws_sigv4: eu-west-1, user: u, password_env: PW"),
         {R},
         "1:68: " O "aws_sigv4: there is a user, too; a request is signed or has a password\n"},
    };
    check_cases(cases, COUNT_OF(cases));
}

static void passwords(void **state) {
    (void)state;
    static const struct settings_case cases[] = {
        {"no such variable",
         WITH("user: u, password_env: geheim"),
         {R},
         "1:80: " O "password_env: the environment has no variable of that name\n"},
        {"an empty one",
         WITH("user: u, password_env: EMPTY"),
         {R},
         "1:80: " O "password_env: the value is empty, or has a NUL in it\n"},
        {"no such file",
         WITH("user: u, password_file: /no/geheim"),
         {R},
         "1:81: " O "password_file: the file that is named: No such file or directory\n"},
        {"an empty file",
         WITH("user: u, password_file: /dev/null"),
         {R},
         "1:81: " O "password_file: the value is empty, or has a NUL in it\n"},
        {"a list",
         WITH("user: u, password_file: [a]"),
         {R},
         "1:81: " O "password_file: expected the path of a file, got a list\n"},
        {"both",
         WITH("user: u, password_env: PW, password_file: /dev/null"),
         {R},
         "1:99: " O "password_file: there is a password_env, too; write one of the two\n"},
        {"no user", WITH("password_env: PW"), {R}, "1:71: " O "password_env: there is no user; write user: NAME\n"},
        {"none",
         WITH("user: u"),
         {R},
         "1:63: " O
         "user: no password; write password_env: NAME of an environment variable or password_file: FILE, or set "
         "OPENSEARCH_PASSWORD\n"},
    };
    check_cases(cases, COUNT_OF(cases));
}

/* Without its last line end, and nothing else taken away. */
static void password_of_a_file(void **state) {
    (void)state;
    char pair[64];
    struct opensearch_case test;
    int file = memfd_create("password", MFD_CLOEXEC);
    assert_int_equal(write(file, "ge im\n\n", 7), 7);
    sprintf(pair, "password_file=/proc/self/fd/%d", file);
    const char *const argv[] = {R, "-o", "opensearch+https://u@h/n", "--opensearch", pair, NULL};
    assert_string_equal(opensearch_case_resolve(&test, NULL, argv), "https://h:443 n u:ge im\n gzip");
    opensearch_case_end(&test);
    close(file);
}

static void password_of_the_environment(void **state) {
    (void)state;
    struct opensearch_case test;
    const char *const argv[] = {R, "-o", "opensearch+https://u@h/n", NULL};
    setenv("OPENSEARCH_PASSWORD", "usual", true);
    assert_string_equal(opensearch_case_resolve(&test, NULL, argv), "https://h:443 n u:usual gzip");
    opensearch_case_end(&test);
    unsetenv("OPENSEARCH_PASSWORD");
}

static void other_options(void **state) {
    (void)state;
#define APPEND "append: there is no file to append to; what is in OpenSearch stays there\n"
    static const struct settings_case cases[] = {
        {"no rejects",
         NULL,
         {"-o", "opensearch+https://h/n"},
         "?documents that OpenSearch refuses will only be counted; --rejects FILE keeps them\nhttps://h:443 n gzip"},
        {"none are written", NULL, {"--dry-run", "-o", "opensearch+https://h/n"}, "https://h:443 n gzip"},
        {"rejects to a topic",
         NULL,
         {"-o", "opensearch+https://h/n", "--rejects", "kafka://h/t"},
         "https://h:443 n gzip"},
        {"rejects to OpenSearch",
         NULL,
         {"-o", "opensearch+https://h/n", "--rejects", "opensearch+https://u:geheim@h/n"},
         "rejects: expected a file or kafka://HOST:PORT/TOPIC, got \"opensearch+https://...@h/n\"\n"},
        {"only those",
         "rejects: {opensearch: {url: \"https://h\", data_stream: n}}",
         {"-o", "x"},
         "1:10: rejects: expected a file or kafka://HOST:PORT/TOPIC, got \"opensearch+https://h/n\"\n"},
        {"append", NULL, {"-o", "opensearch+https://h/n", "--append", "--dry-run"}, APPEND},
        {"append, rejects to a topic",
         NULL,
         {"-o", "opensearch+https://h/n", "--append", "--rejects", "kafka://h/t"},
         APPEND},
        {"append to rejects", NULL, {"-o", "opensearch+https://h/n", "--append", R}, "https://h:443 n gzip"},
        {"append to a file", NULL, {"-o", "x", "--append"}, ""},
    };
    check_cases(cases, COUNT_OF(cases));
}

static int prepare(void **state) {
    (void)state;
    return setenv("PW", "geheim", true) != 0 || setenv("EMPTY", "", true) != 0 || unsetenv("OPENSEARCH_PASSWORD") != 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(configs),
        cmocka_unit_test(pairs),
        cmocka_unit_test(signing),
        cmocka_unit_test(passwords),
        cmocka_unit_test(password_of_a_file),
        cmocka_unit_test(password_of_the_environment),
        cmocka_unit_test(other_options),
    };
    return cmocka_run_group_tests(tests, prepare, NULL);
}
