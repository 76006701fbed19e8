/* The config file: values by the same table as the command line's, precedence, and errors with their place.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/arguments.h"
#include "schemas/limits.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define TEXT(literal) .text = (literal), .text_bytes = sizeof(literal) - 1

struct settings {
    const char *config, *output, *origin;
    struct option_list geo;
    bool keep_original;
    uint64_t workers, memory;
    int64_t since;
    int schema;
};

static const char *const schemas[] = {"ecs", "ss4o", "flat", NULL};

static const struct option_spec specs[] = {
    {.name = "config",
     .letter = 'c',
     .kind = OPTION_TEXT,
     .offset = offsetof(struct settings, config),
     .placeholder = "FILE",
     .cli_only = true},
    {.name = "output",
     .letter = 'o',
     .kind = OPTION_TEXT,
     .offset = offsetof(struct settings, output),
     .placeholder = "OUT",
     .default_text = "-"},
    {.name = "origin", .kind = OPTION_TEXT, .offset = offsetof(struct settings, origin), .placeholder = "NAME"},
    {.name = "geo",
     .kind = OPTION_LIST,
     .offset = offsetof(struct settings, geo),
     .placeholder = "FILE",
     .default_text = "built-in.mmdb"},
    {.name = "keep-original", .kind = OPTION_FLAG, .offset = offsetof(struct settings, keep_original)},
    {.name = "workers",
     .letter = 'j',
     .kind = OPTION_COUNT,
     .offset = offsetof(struct settings, workers),
     .placeholder = "N",
     .default_text = "4",
     .min = 1,
     .max = 64},
    {.name = "memory-max",
     .kind = OPTION_SIZE,
     .offset = offsetof(struct settings, memory),
     .placeholder = "SIZE",
     .default_text = "256M",
     .min = 16u << 20},
    {.name = "since", .kind = OPTION_TIME, .offset = offsetof(struct settings, since), .placeholder = "TIME"},
    {.name = "schema", .kind = OPTION_CHOICE, .offset = offsetof(struct settings, schema), .choices = schemas},
};

static struct settings settings;
static const struct option_group group = {
    .title = "All", .specs = specs, .specs_count = COUNT_OF(specs), .settings = &settings};

static char path[64]; /* lives as long as the settings that point to it */

static int config_with(const char *text, size_t text_bytes) {
    int file = memfd_create("config", MFD_CLOEXEC);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, text_bytes), (ssize_t)text_bytes);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    return file;
}

/* Parses with `-c` of this text and up to six arguments behind it. */
static enum status parse(struct arguments *arguments, const char *text, size_t text_bytes, const char *const *more,
                         struct error *error) {
    memset(error, 0, sizeof *error);
    int file = config_with(text, text_bytes);
    char *argv[8] = {(char *)(uintptr_t) "-c", path};
    int argc = 2;
    while (argc < 8 && more != NULL && more[argc - 2] != NULL) {
        argv[argc] = (char *)(uintptr_t)more[argc - 2];
        argc++;
    }
    enum status status = arguments_parse(arguments, &group, 1, argc, argv, error);
    close(file);
    return status;
}

static void assert_list(const struct option_list *list, const char *expected) {
    char joined[256] = "";
    for (size_t i = 0; i < list->count; i++) {
        strcat(strcat(joined, i == 0 ? "" : ","), list->items[i]);
    }
    assert_string_equal(joined, expected);
}

/* One value of each kind as a text: easy to compare, and no field is forgotten. */
static void print_settings(char *out, size_t out_bytes) {
    snprintf(out, out_bytes, "%s %s %d %llu %llu %lld %s", settings.output,
             settings.origin != NULL ? settings.origin : "none", settings.keep_original,
             (unsigned long long)settings.workers, (unsigned long long)settings.memory >> 20,
             (long long)settings.since / 1000000000, schemas[settings.schema]);
}

static void test_values(void **state) {
    (void)state;
    static const struct {
        const char *what, *text;
        size_t text_bytes;
        const char *expected, *geo, *inputs;
    } cases[] = {
        {"empty file", TEXT(""), "- none 0 4 256 0 ecs", "built-in.mmdb", ""},
        {"only a comment", TEXT("# nothing\n"), "- none 0 4 256 0 ecs", "built-in.mmdb", ""},
        {"empty document", TEXT("---\n...\n"), "- none 0 4 256 0 ecs", "built-in.mmdb", ""},
        {"empty mapping", TEXT("{}"), "- none 0 4 256 0 ecs", "built-in.mmdb", ""},
        {"each kind",
         TEXT("output: a.gz\norigin: \"x y\"\nkeep_original: true\nworkers: 8\nmemory_max: 1G\n"
              "since: 2025-12-01T00:00:01Z\nschema: flat\ngeo: [a, b]\ninputs: [c, d]\n"),
         "a.gz x y 1 8 1024 1764547201 flat", "a,b", "c,d"},
        {"JSON is YAML", TEXT("{\"output\": \"a\", \"workers\": 8, \"geo\": [\"b\"]}"), "a none 0 8 256 0 ecs", "b",
         ""},
        {"- in a key", TEXT("keep-original: true\nmemory-max: 16M"), "- none 1 4 16 0 ecs", "built-in.mmdb", ""},
        {"a flag that is off", TEXT("keep_original: false\n"), "- none 0 4 256 0 ecs", "built-in.mmdb", ""},
        {"one text for a list", TEXT("geo: a\ninputs: b\n"), "- none 0 4 256 0 ecs", "a", "b"},
        {"an empty list is a value", TEXT("geo: []\n"), "- none 0 4 256 0 ecs", "", ""},
        {"block list", TEXT("geo:\n  - a\n  - 'b'\n  - \"c\"\n"), "- none 0 4 256 0 ecs", "a,b,c", ""},
        {"inputs as mappings", TEXT("inputs:\n  - path: a\n  - {path: b}\n  - c\n"), "- none 0 4 256 0 ecs",
         "built-in.mmdb", "a,b,c"},
        {"listeners", TEXT("inputs:\n  - tcp: {proxy: auto, listen: \"[::1]:1\"}\n  - {tcp: {listen: 127.0.0.1:2}}\n"),
         "- none 0 4 256 0 ecs", "built-in.mmdb", "tcp://[::1]:1?proxy=auto,tcp://127.0.0.1:2"},
        {"topics",
         TEXT("inputs:\n  - kafka: {brokers: [\"h:1\", i], topics: [a, \"^b\"]}\n    format: auto\n"
              "  - kafka: {brokers: h, topics: {}}\n  - kafka: x\n"),
         "- none 0 4 256 0 ecs", "built-in.mmdb", "kafka://h:1,i/a,^b,kafka://h/,kafka:///"},
        {"output to OpenSearch", TEXT("output: {opensearch: {url: \"https://h:1\", data_stream: n}}\n"),
         "opensearch+https://h:1/n none 0 4 256 0 ecs", "built-in.mmdb", ""},
        {"to an index of it", TEXT("output: {opensearch: {index: n, url: [a]}}\n"), "opensearch+/n none 0 4 256 0 ecs",
         "built-in.mmdb", ""},
        {"output as a mapping", TEXT("output: {kafka: {brokers: [\"h:1\"], topic: t}}\n"),
         "kafka://h:1/t none 0 4 256 0 ecs", "built-in.mmdb", ""},
        {"one input as a mapping", TEXT("inputs: {path: a}\n"), "- none 0 4 256 0 ecs", "built-in.mmdb", "a"},
        {"plain words are texts", TEXT("origin: 0123\noutput: true\n"), "true 0123 0 4 256 0 ecs", "built-in.mmdb", ""},
        {"a quoted null is a text", TEXT("origin: 'null'\n"), "- null 0 4 256 0 ecs", "built-in.mmdb", ""},
        {"no tag directive", TEXT("# %TAG\norigin: a\xC3\xA9%TAG\n"), "- a\xC3\xA9%TAG 0 4 256 0 ecs", "built-in.mmdb",
         ""},
        {"a version directive", TEXT("%YAML 1.1\n---\nworkers: 8\n"), "- none 0 8 256 0 ecs", "built-in.mmdb", ""},
        {"a folded text", TEXT("origin: >-\n  a\n  b\n"), "- a b 0 4 256 0 ecs", "built-in.mmdb", ""},
        {"byte order mark, CR LF", TEXT("\xEF\xBB\xBFworkers: 8\r\norigin: x\r\n"), "- x 0 8 256 0 ecs",
         "built-in.mmdb", ""},
        {"other scripts", TEXT("origin: \xD0\xB6\xE2\x82\xAC\xF0\x9F\x98\x80\n"),
         "- \xD0\xB6\xE2\x82\xAC\xF0\x9F\x98\x80 0 4 256 0 ecs", "built-in.mmdb", ""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        print_message("%s\n", cases[i].what);
        struct arguments arguments;
        struct error error;
        enum status status = parse(&arguments, cases[i].text, cases[i].text_bytes, NULL, &error);
        assert_string_equal(error.message, "");
        assert_int_equal(status, STATUS_OK);
        assert_string_equal(arguments.config_path, settings.config);
        char printed[256];
        print_settings(printed, sizeof printed);
        assert_string_equal(printed, cases[i].expected);
        assert_list(&settings.geo, cases[i].geo);
        assert_list(&arguments.inputs, cases[i].inputs);
        arguments_destroy(&arguments);
    }
}

static void test_command_line_beats_file(void **state) {
    (void)state;
    static const char text[] = "workers: 8\noutput: file\ngeo: [a, b]\ninputs: [c]\nmemory_max: 1G\n";
    struct arguments arguments;
    struct error error;
    const char *more[] = {"-j7", "--geo=x", "y", "--keep-original", NULL};
    assert_int_equal(parse(&arguments, text, sizeof text - 1, more, &error), STATUS_OK);
    char printed[256];
    print_settings(printed, sizeof printed);
    assert_string_equal(printed, "file none 1 7 1024 0 ecs");
    assert_list(&settings.geo, "x");
    assert_list(&arguments.inputs, "y");
    arguments_destroy(&arguments);
    /* the default's own text on the command line beats the file as well */
    assert_int_equal(parse(&arguments, text, sizeof text - 1, (const char *[]){"-j4", NULL}, &error), STATUS_OK);
    assert_true(settings.workers == 4);
    arguments_destroy(&arguments);
    /* what is beaten is checked all the same */
    assert_int_equal(parse(&arguments, "workers: 0", 10, (const char *[]){"-j7", NULL}, &error), STATUS_USAGE);
    assert_non_null(strstr(error.message, ":1:10: workers: expected a whole number from 1 to 64, got \"0\""));
    arguments_destroy(&arguments);
}

static const struct {
    const char *what, *text;
    size_t text_bytes;
    const char *expected; /* behind "config: FILE:" */
} error_cases[] = {
    {"typing error", TEXT("output: x\nworkerz: 3\n"), "2:1: unknown key \"workerz\", did you mean \"workers\"?"},
    {"suggestion in the form of the file", TEXT("keep-orignal: true\n"),
     "1:1: unknown key \"keep-orignal\", did you mean \"keep_original\"?"},
    {"inputs are known", TEXT("input: x\n"), "1:1: unknown key \"input\", did you mean \"inputs\"?"},
    {"nothing near", TEXT("zebra: x\n"), "1:1: unknown key \"zebra\""},
    {"the command line's own options are not suggested", TEXT("confg: x\n"), "1:1: unknown key \"confg\""},
    {"command line only", TEXT("config: x\n"), "1:1: \"config\" is for the command line only"},
    {"section twice", TEXT("chains: {}\nchains: {}\n"), "2:1: \"chains\" is given twice"},
    {"key twice in a section", TEXT("chains:\n  web: []\n  web: []\n"), "3:3: \"web\" is given twice"},
    {"merge key in a section", TEXT("chains: {web: {<<: []}}\n"),
     "1:16: merge keys are not supported; write the values out"},
    {"key that is a list, in a section", TEXT("select:\n- ? [a]\n  : b\n"), "2:5: a key must be a text"},
    {"anchor in a section", TEXT("chains: {web: &a []}\n"), "1:15: anchors are not supported; write the plain value"},
    {"section misspelt", TEXT("chain: {}\n"), "1:1: unknown key \"chain\", did you mean \"chains\"?"},
    {"section not closed", TEXT("chains: {web: [\n"),
     "2:1: did not find expected node content while parsing a flow node"},
    {"section too deep", TEXT("select: [[[[[[[[[[[[[[[[[\n"),
     "1:25: expected at most 16 lists and mappings inside one another, got more"},
    {"neither followed nor not", TEXT("inputs:\n  - {path: a, follow: maybe}\n"),
     "2:23: inputs: follow: expected true or false, got \"maybe\""},
    {"followed, but no path", TEXT("inputs:\n- {tcp: {listen: 'localhost:1'}, follow: true}\n"),
     "2:34: inputs: follow: only a path is followed; a tcp has no end in any case"},
    {"two outputs", TEXT("output: {opensearch: {}, kafka: {}}\n"),
     "1:9: output: expected {path: FILE}, {kafka: {brokers: [..], topic: NAME}} or {opensearch: {url: .., data_stream: "
     "NAME}}"},
    {"output unknown", TEXT("output: {kafak: {}}\n"), "1:10: output: unknown key \"kafak\", did you mean \"kafka\"?"},
    {"output of nothing", TEXT("output: {}\n"),
     "1:9: output: expected {path: FILE}, {kafka: {brokers: [..], topic: NAME}} or {opensearch: {url: .., data_stream: "
     "NAME}}"},
    {"twice", TEXT("workers: 3\noutput: x\nworkers: 3\n"), "3:1: \"workers\" is given twice"},
    {"twice in two forms", TEXT("memory_max: 16M\nmemory-max: 16M\n"), "2:1: \"memory_max\" is given twice"},
    {"inputs twice", TEXT("inputs: a\ninputs: b\n"), "2:1: \"inputs\" is given twice"},
    {"below", TEXT("workers: 0\n"), "1:10: workers: expected a whole number from 1 to 64, got \"0\""},
    {"only a lower bound", TEXT("memory_max: 1K\n"),
     "1:13: memory_max: expected a size (512, 64K, 256M, 2G) of at least 16M, got \"1K\""},
    {"flag", TEXT("keep_original: yes\n"), "1:16: keep_original: expected true or false, got \"yes\""},
    {"choice", TEXT("schema: ecss\n"), "1:9: schema: expected ecs, ss4o or flat, got \"ecss\", did you mean \"ecs\"?"},
    {"column counts characters", TEXT("{origin: \xE2\x82\xAC, schema: x}"),
     "1:21: schema: expected ecs, ss4o or flat, got \"x\""},
    {"time", TEXT("since: 2025-02-30\n"),
     "1:8: since: expected a UTC time such as 2025-12-01 or 2025-12-01T10:00:00Z, got \"2025-02-30\""},
    {"nothing", TEXT("output:\n"), "1:8: output: expected one value, got nothing"},
    {"null", TEXT("workers: ~\n"), "1:10: workers: expected one value, got nothing"},
    {"null in a list", TEXT("geo: [a, null]\n"), "1:10: geo: expected one value, got nothing"},
    {"empty text", TEXT("output: \"\"\n"), "1:9: output: expected OUT, got an empty text"},
    {"list for a scalar", TEXT("workers: [1]\n"), "1:10: workers: expected one value, got a list"},
    {"list in a list", TEXT("geo: [[a]]\n"), "1:7: geo: expected one value, got a list"},
    {"mapping in a list", TEXT("geo: [{path: a}]\n"), "1:7: geo: expected one value, got a mapping"},
    {"mapping for a scalar", TEXT("origin: {a: b}\n"), "1:9: origin: expected one value, got a mapping"},
    {"input key", TEXT("inputs: [{pth: a}]\n"), "1:11: inputs: unknown key \"pth\", did you mean \"path\"?"},
    {"input path and tcp", TEXT("inputs: [{path: a, tcp: {listen: \"127.0.0.1:1\"}}]\n"),
     "1:20: inputs: a path and a tcp are two items of the list"},
    {"tcp without a mapping", TEXT("inputs: [{tcp: \"127.0.0.1:1\"}]\n"),
     "1:16: inputs: expected tcp: {listen: ADDRESS:PORT, proxy: off|v1|v2|auto}"},
    {"tcp without an address", TEXT("inputs: [{tcp: {proxy: v1}}]\n"), "1:16: inputs: expected {listen: ADDRESS:PORT}"},
    {"tcp unknown key", TEXT("inputs: [{tcp: {lisen: x}}]\n"),
     "1:17: inputs: unknown key \"lisen\", did you mean \"listen\"?"},
    {"tcp key twice", TEXT("inputs: [{tcp: {proxy: v1, proxy: v2}}]\n"), "1:28: \"proxy\" is given twice"},
    {"tcp nothing", TEXT("inputs: [{tcp: {listen: }}]\n"), "1:25: inputs: listen: expected one value, got nothing"},
    {"tcp name", TEXT("inputs: [{tcp: {listen: \"localhost:1\"}}]\n"),
     "1:16: inputs: input tcp://localhost:1: expected tcp://ADDRESS:PORT with an IP address, such as "
     "tcp://127.0.0.1:5140 or "
     "tcp://[::1]:5140"},
    {"tcp line break", TEXT("inputs: [{tcp: {listen: \"a\\nb\"}}]\n"),
     "1:16: inputs: input tcp://a?b: expected tcp://ADDRESS:PORT with an IP address, such as tcp://127.0.0.1:5140 or "
     "tcp://[::1]:5140"},
    {"tcp proxy", TEXT("inputs: [{tcp: {listen: \"127.0.0.1:1\", proxy: v3}}]\n"),
     "1:16: inputs: input tcp://127.0.0.1:1?proxy=v3: expected ?proxy=off, v1, v2 or auto behind the port"},
    {"input path twice", TEXT("inputs: [{path: a, path: b}]\n"), "1:20: \"path\" is given twice"},
    {"input without path", TEXT("inputs: [{}]\n"),
     "1:10: inputs: expected {path: TEXT}, {tcp: {listen: ADDRESS:PORT}} or {kafka: {..}}"},
    {"input chain list", TEXT("inputs: [{path: a, chain: [b]}]\n"),
     "1:27: inputs: chain: expected the name of a chain, got a list"},
    {"input chain without path", TEXT("inputs: [{chain: b}]\n"),
     "1:10: inputs: expected {path: TEXT}, {tcp: {listen: ADDRESS:PORT}} or {kafka: {..}}"},
    {"input format list", TEXT("inputs: [{path: a, format: {}}]\n"),
     "1:28: inputs: format: expected the name of a format, got a mapping"},
    {"input tcp and kafka", TEXT("inputs: [{kafka: {}, tcp: {}}]\n"),
     "1:11: inputs: a tcp and a kafka are two items of the list"},
    {"input empty", TEXT("inputs: [{path: \"\"}]\n"), "1:17: inputs: path: expected one value, got an empty text"},
    {"input path list", TEXT("inputs: [{path: [a]}]\n"), "1:17: inputs: path: expected one value, got a list"},
    {"key that is a list", TEXT("? [a]\n: b\n"), "1:3: a key must be the name of an option"},
    {"input key that is a list", TEXT("inputs:\n- ? [a]\n  : b\n"), "2:5: a key must be a text"},
    {"list at the top", TEXT("- a\n"), "1:1: expected options as \"name: value\", one a line"},
    {"text at the top", TEXT("workers\n"), "1:1: expected options as \"name: value\", one a line"},
    {"two documents", TEXT("workers: 3\n---\noutput: x\n"), "2:1: expected one document, got a second one"},
    {"anchor", TEXT("output: &a x\n"), "1:9: anchors are not supported; write the plain value"},
    {"anchor at the top", TEXT("--- &a\nworkers: 3\n"), "1:5: anchors are not supported; write the plain value"},
    {"anchored list", TEXT("geo: &a [x]\n"), "1:6: anchors are not supported; write the plain value"},
    {"alias", TEXT("output: *a\n"), "1:9: aliases are not supported; write the value out"},
    {"tag", TEXT("workers: !!int 3\n"), "1:10: tags are not supported; write the plain value"},
    {"tag directive", TEXT("%TAG !a! b\n--- {}\n"), "1:1: tag directives are not supported"},
    {"tag directive behind a line break of Unicode", TEXT("# \xE2\x80\xA8%TAG !a! b\n--- {}\n"),
     "1:4: tag directives are not supported"},
    {"tag directive of a second document", TEXT("{}\n...\n%TAG !a! b\n--- {}\n"),
     "3:1: tag directives are not supported"},
    {"merge key", TEXT("<<: {workers: 3}\n"), "1:1: merge keys are not supported; write the values out"},
    {"NUL", TEXT("origin: \"a\\0b\"\n"), "1:9: a text must not hold a NUL character"},
    {"NUL in a key", TEXT("\"workers\\0\": 3\n"), "1:1: a text must not hold a NUL character"},
    {"not closed", TEXT("geo: [a\n"), "2:1: did not find expected ',' or ']' while parsing a flow sequence"},
    {"tab", TEXT("geo:\n\t- a\n"),
     "2:1: found character that cannot start any token while scanning for the next token"},
    {"not UTF-8", TEXT("output: x\norigin: \xE2\x82\xAC\xFF\n"), "2:10: not UTF-8 text: invalid leading UTF-8 octet"},
    {"cut UTF-8", TEXT("origin: \xE2\x82"), "1:9: not UTF-8 text: incomplete UTF-8 octet sequence"},
    {"UTF-16", TEXT("\xFF\xFEw\0o\0"), "1:1: not UTF-8 text: invalid leading UTF-8 octet"},
    {"control character", TEXT("origin: \x01\n"), "1:9: not UTF-8 text: control characters are not allowed"},
};

static void test_errors(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(error_cases); i++) {
        print_message("%s\n", error_cases[i].what);
        struct arguments arguments;
        struct error error;
        assert_int_equal(parse(&arguments, error_cases[i].text, error_cases[i].text_bytes, NULL, &error), STATUS_USAGE);
        int prefix_bytes = 0;
        assert_int_equal(sscanf(error.message, "config: /proc/self/fd/%*d:%n", &prefix_bytes), 0);
        assert_string_equal(error.message + prefix_bytes, error_cases[i].expected);
        arguments_destroy(&arguments);
    }
}

static void test_limits(void **state) {
    (void)state;
    struct arguments arguments;
    struct error error;
    /* a comment of exactly as many bytes as a config may have, and of one more */
    char *text = malloc(CONFIG_BYTES_MAX + 1);
    assert_non_null(text);
    memset(text, '#', CONFIG_BYTES_MAX + 1);
    assert_int_equal(parse(&arguments, text, CONFIG_BYTES_MAX, NULL, &error), STATUS_OK);
    arguments_destroy(&arguments);
    assert_int_equal(parse(&arguments, text, CONFIG_BYTES_MAX + 1, NULL, &error), STATUS_USAGE);
    assert_non_null(strstr(error.message, ": expected at most 1048576 bytes, the file has more"));
    arguments_destroy(&arguments);
    /* nesting that a recursive reader would die of */
    memset(text, '[', CONFIG_BYTES_MAX);
    memcpy(text, "geo:", 4);
    assert_int_equal(parse(&arguments, text, CONFIG_BYTES_MAX, NULL, &error), STATUS_USAGE);
    assert_non_null(strstr(error.message, "config: /proc/self/fd/"));
    arguments_destroy(&arguments);
    /* one item of a list too many */
    size_t used = (size_t)sprintf(text, "geo:\n");
    for (size_t i = 0; i < LIST_ITEMS_MAX; i++) {
        used += (size_t)sprintf(text + used, "- x%zu\n", i);
    }
    assert_int_equal(parse(&arguments, text, used, NULL, &error), STATUS_OK);
    assert_int_equal(settings.geo.count, LIST_ITEMS_MAX);
    assert_string_equal(settings.geo.items[LIST_ITEMS_MAX - 1], "x1023");
    arguments_destroy(&arguments);
    used += (size_t)sprintf(text + used, "- y\n");
    assert_int_equal(parse(&arguments, text, used, NULL, &error), STATUS_USAGE);
    assert_non_null(strstr(error.message, ":1026:3: geo: expected at most 1024 values, got more"));
    arguments_destroy(&arguments);
    free(text);
}

/* A config cut at any byte gives values or a placed error, and never a half-read text. */
static void test_cut_anywhere(void **state) {
    (void)state;
    static const char whole[] = "inputs: [{path: a}, \"b\"]\ngeo:\n- x\norigin: '\xE2\x82\xAC'\nworkers: 8\n";
    size_t accepted = 0;
    for (size_t bytes = 0; bytes < sizeof whole; bytes++) {
        struct arguments arguments;
        struct error error;
        enum status status = parse(&arguments, whole, bytes, NULL, &error);
        assert_true(status == STATUS_OK || status == STATUS_USAGE);
        assert_int_equal(status == STATUS_OK, error.message[0] == '\0');
        assert_true(status == STATUS_USAGE || settings.origin == NULL || strcmp(settings.origin, "\xE2\x82\xAC") == 0);
        accepted += status == STATUS_OK;
        arguments_destroy(&arguments);
    }
    /* nothing, and behind each of the four values, before and behind its line's end */
    assert_int_equal(accepted, 9);
}

static void test_directory(void **state) {
    (void)state;
    struct arguments arguments;
    struct error error;
    char *argv[] = {(char *)(uintptr_t) "--config=/"};
    assert_int_equal(arguments_parse(&arguments, &group, 1, 1, argv, &error), STATUS_USAGE);
    assert_string_equal(error.message, "config: /: Is a directory");
    arguments_destroy(&arguments);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),       cmocka_unit_test(test_command_line_beats_file),
        cmocka_unit_test(test_errors),       cmocka_unit_test(test_limits),
        cmocka_unit_test(test_cut_anywhere), cmocka_unit_test(test_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
