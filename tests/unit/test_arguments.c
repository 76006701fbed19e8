/* The command line: typed values with their bounds, precedence over defaults, error texts, suggestions, and the two
 * printed forms of the option table.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/arguments.h"
#include "config/nearest.h"
#include "config/option_value.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define ARGUMENTS_MAX 8
#define MAX64 "18446744073709551615"

struct settings {
    const char *config, *output;
    struct option_list geo;
    bool help, quiet, no_geo;
    uint64_t workers, limit, lines, memory;
    int64_t since;
    int schema;
};

static const char *const schemas[] = {"ecs", "ss4o", "flat", NULL};

static const struct option_spec input_specs[] = {
    {.name = "config",
     .letter = 'c',
     .kind = OPTION_TEXT,
     .offset = offsetof(struct settings, config),
     .placeholder = "FILE",
     .help = "options from a YAML file",
     .cli_only = true},
    {.name = "geo",
     .kind = OPTION_LIST,
     .offset = offsetof(struct settings, geo),
     .placeholder = "FILE",
     .help = "database of places",
     .default_text = "built-in.mmdb"},
    {.name = "no-geo", .kind = OPTION_FLAG, .offset = offsetof(struct settings, no_geo), .help = "no places"},
    {.name = "since",
     .kind = OPTION_TIME,
     .offset = offsetof(struct settings, since),
     .placeholder = "TIME",
     .help = "leave out older records"},
    {.name = "limit",
     .kind = OPTION_COUNT,
     .offset = offsetof(struct settings, limit),
     .placeholder = "N",
     .help = "stop after N records"},
    {.name = "lines-min",
     .kind = OPTION_COUNT,
     .offset = offsetof(struct settings, lines),
     .placeholder = "N",
     .help = "at least so many lines",
     .min = 2},
};
static const struct option_spec output_specs[] = {
    {.name = "output",
     .letter = 'o',
     .kind = OPTION_TEXT,
     .offset = offsetof(struct settings, output),
     .placeholder = "OUT",
     .help = "where records go",
     .default_text = "-"},
    {.name = "schema",
     .kind = OPTION_CHOICE,
     .offset = offsetof(struct settings, schema),
     .choices = schemas,
     .help = "field names of the output",
     .default_text = "ecs"},
    {.name = "workers",
     .letter = 'j',
     .kind = OPTION_COUNT,
     .offset = offsetof(struct settings, workers),
     .placeholder = "N",
     .help = "worker threads",
     .default_text = "4",
     .min = 1,
     .max = 64},
    {.name = "memory-max",
     .kind = OPTION_SIZE,
     .offset = offsetof(struct settings, memory),
     .placeholder = "SIZE",
     .default_text = "256M",
     .min = 16u << 20,
     .max = UINT64_C(8) << 30,
     .help = "bound of the memory that batches take, from which the number of batches follows and so how far "
             "sources may run ahead of the sink"},
    {.name = "quiet",
     .letter = 'q',
     .kind = OPTION_FLAG,
     .offset = offsetof(struct settings, quiet),
     .help = "no progress|summary"},
    {.name = "help",
     .letter = 'h',
     .kind = OPTION_FLAG,
     .offset = offsetof(struct settings, help),
     .help = "this text",
     .cli_only = true},
};

static struct settings settings;
static const struct option_group groups[] = {
    {.title = "Input", .specs = input_specs, .specs_count = COUNT_OF(input_specs), .settings = &settings},
    {.title = "Output", .specs = output_specs, .specs_count = COUNT_OF(output_specs), .settings = &settings},
};

static enum status parse(struct arguments *arguments, const char *const *argv, struct error *error) {
    memset(&settings, 0x5A, sizeof settings); /* what is not set by the parser shows */
    memset(error, 0, sizeof *error);
    int argc = 0;
    char *copies[ARGUMENTS_MAX] = {0};
    while (argc < ARGUMENTS_MAX && argv[argc] != NULL) {
        copies[argc] = (char *)(uintptr_t)argv[argc];
        argc++;
    }
    return arguments_parse(arguments, groups, COUNT_OF(groups), argc, copies, error);
}

static void assert_list(const struct option_list *list, const char *expected) {
    char joined[256] = "";
    for (size_t i = 0; i < list->count; i++) {
        strcat(strcat(joined, i == 0 ? "" : ","), list->items[i]);
    }
    assert_string_equal(joined, expected);
}

static void test_defaults(void **state) {
    (void)state;
    struct arguments arguments;
    struct error error;
    assert_int_equal(parse(&arguments, (const char *[]){NULL}, &error), STATUS_OK);
    assert_null(settings.config);
    assert_null(arguments.config_path);
    assert_string_equal(settings.output, "-");
    assert_list(&settings.geo, "built-in.mmdb");
    assert_int_equal(arguments.inputs.count, 0);
    assert_false(arguments.help || settings.help || settings.quiet || settings.no_geo);
    assert_true(settings.workers == 4 && settings.limit == 0 && settings.lines == 0);
    assert_true(settings.memory == UINT64_C(256) << 20);
    assert_true(settings.since == 0 && settings.schema == 0);
    arguments_destroy(&arguments);
    assert_null(arguments.values);
}

static void test_forms(void **state) {
    (void)state;
    static const struct {
        const char *what, *argv[ARGUMENTS_MAX], *output;
        uint64_t workers;
        const char *geo, *inputs;
    } cases[] = {
        {"long, separate", {"--output", "x", "--workers", "7"}, "x", 7, "built-in.mmdb", ""},
        {"long, joined", {"--output=x=y", "--workers=7"}, "x=y", 7, "built-in.mmdb", ""},
        {"short, separate", {"-o", "x", "-j", "7"}, "x", 7, "built-in.mmdb", ""},
        {"short, attached", {"-ox", "-j7"}, "x", 7, "built-in.mmdb", ""},
        {"inputs between options", {"a", "-j", "7", "b", "-"}, "-", 7, "built-in.mmdb", "a,b,-"},
        {"-- ends options", {"-j7", "--", "-j8", "--", "--help"}, "-", 7, "built-in.mmdb", "-j8,--,--help"},
        {"- is a value", {"-o", "-", "-j7"}, "-", 7, "built-in.mmdb", ""},
        {"a value with one dash", {"-o", "-b,+a", "-j7"}, "-b,+a", 7, "built-in.mmdb", ""},
        {"joined value with two dashes", {"--output=--x", "-j7"}, "--x", 7, "built-in.mmdb", ""},
        {"the last scalar wins", {"-j6", "-o", "x", "-j7", "-o", "y"}, "y", 7, "built-in.mmdb", ""},
        {"a list replaces its default", {"--geo", "a", "-j7", "--geo=b"}, "-", 7, "a,b", ""},
        {"a list of five, which grows three times",
         {"--geo=a", "--geo=b", "--geo=c", "--geo=d", "--geo=e", "-j7"},
         "-",
         7,
         "a,b,c,d,e",
         ""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        print_message("%s\n", cases[i].what);
        struct arguments arguments;
        struct error error;
        assert_int_equal(parse(&arguments, cases[i].argv, &error), STATUS_OK);
        assert_string_equal(settings.output, cases[i].output);
        assert_true(settings.workers == cases[i].workers);
        assert_list(&settings.geo, cases[i].geo);
        assert_list(&arguments.inputs, cases[i].inputs);
        arguments_destroy(&arguments);
    }
}

static void test_flags_and_help(void **state) {
    (void)state;
    static const struct {
        const char *what, *argv[ARGUMENTS_MAX];
        bool quiet, no_geo, help;
    } cases[] = {
        {"flags", {"-q", "--no-geo"}, true, true, false},
        {"flag twice", {"--quiet", "-q"}, true, false, false},
        {"--help leaves the rest unchecked", {"--bogus", "--workers=0", "--help"}, false, false, true},
        {"-h behind a missing value", {"x", "--output", "-h", "-h"}, false, false, true},
        {"help as a value is none", {"-q", "-o", "-h"}, true, false, false},
        {"help as an input is none", {"-q", "--", "--help"}, true, false, false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        print_message("%s\n", cases[i].what);
        struct arguments arguments;
        struct error error;
        assert_int_equal(parse(&arguments, cases[i].argv, &error), STATUS_OK);
        assert_int_equal(arguments.help, cases[i].help);
        assert_int_equal(settings.quiet, cases[i].quiet);
        assert_int_equal(settings.no_geo, cases[i].no_geo);
        arguments_destroy(&arguments);
    }
}

static void test_errors(void **state) {
    (void)state;
    static const struct {
        const char *what, *argv[ARGUMENTS_MAX], *expected;
    } cases[] = {
        {"typing error", {"--workerz=3"}, "unknown option \"--workerz=3\", did you mean \"--workers\"?"},
        {"neighbours swapped", {"--goe", "x"}, "unknown option \"--goe\", did you mean \"--geo\"?"},
        {"the start of a name", {"--memory", "x"}, "unknown option \"--memory\", did you mean \"--memory-max\"?"},
        {"_ for -", {"--no_geo"}, "unknown option \"--no_geo\", did you mean \"--no-geo\"?"},
        {"nothing near", {"--zebra"}, "unknown option \"--zebra\", see --help"},
        {"no such letter", {"-z"}, "unknown option \"-z\", see --help"},
        {"name without name", {"--=x"}, "unknown option \"--=x\", see --help"},
        {"inputs are no option", {"--inputs", "x"}, "unknown option \"--inputs\", see --help"},
        {"--no- is no prefix", {"--no-quiet"}, "unknown option \"--no-quiet\", did you mean \"--quiet\"?"},
        {"control characters", {"--a\nb\x1b[1m"}, "unknown option \"--a?b?[1m\", see --help"},
        {"value missing", {"--output"}, "--output: expected OUT behind it, got nothing"},
        {"value forgotten", {"-o", "--quiet"}, "--output: expected OUT behind it, got the option \"--quiet\""},
        {"-- is no value", {"--schema", "--", "x"}, "--schema: expected a value behind it, got the option \"--\""},
        {"value for a flag", {"--quiet=true"}, "--quiet: takes no value, got \"true\""},
        {"letters are not joined", {"-qj7"}, "--quiet: takes no value, got \"j7\""},
        {"empty text", {"--output="}, "--output: expected OUT, got an empty text"},
        {"empty text, separate", {"-o", ""}, "--output: expected OUT, got an empty text"},
        {"empty input", {""}, "INPUT: expected a file, a directory, a glob or -, got an empty text"},
        {"below", {"-j", "0"}, "--workers: expected a whole number from 1 to 64, got \"0\""},
        {"above", {"-j65"}, "--workers: expected a whole number from 1 to 64, got \"65\""},
        {"below the only bound", {"--lines-min=1"}, "--lines-min: expected a whole number of at least 2, got \"1\""},
        {"no bound", {"--limit=x"}, "--limit: expected a whole number, got \"x\""},
        {"size",
         {"--memory-max", "1M"},
         "--memory-max: expected a size (512, 64K, 256M, 2G) from 16M to 8G, got \"1M\""},
        {"choice", {"--schema=esc"}, "--schema: expected ecs, ss4o or flat, got \"esc\", did you mean \"ecs\"?"},
        {"choice, nothing near", {"--schema=json"}, "--schema: expected ecs, ss4o or flat, got \"json\""},
        {"time",
         {"--since", "yesterday"},
         "--since: expected a UTC time such as 2025-12-01 or 2025-12-01T10:00:00Z, got \"yesterday\""},
        {"long text is cut before a character, not in it",
         {"--limit=0123456789012345678901234567890123456789012345678901234567890\xF0\x9F\x98\x80 and more"},
         "--limit: expected a whole number, got \"0123456789012345678901234567890123456789012345678901234567890...\""},
        {"config missing", {"-c", "/nowhere/a.yaml"}, "config: /nowhere/a.yaml: No such file or directory"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        print_message("%s\n", cases[i].what);
        struct arguments arguments;
        struct error error;
        assert_int_equal(parse(&arguments, cases[i].argv, &error), STATUS_USAGE);
        assert_string_equal(error.message, cases[i].expected);
        arguments_destroy(&arguments);
    }
}

static void test_lists_are_bounded(void **state) {
    (void)state;
    enum { LIST_MAX = 1024 };
    char *argv[LIST_MAX + 1];
    for (size_t i = 0; i <= LIST_MAX; i++) {
        argv[i] = (char *)(uintptr_t) "--geo=x";
    }
    struct arguments arguments;
    struct error error;
    assert_int_equal(arguments_parse(&arguments, groups, 2, LIST_MAX, argv, &error), STATUS_OK);
    assert_int_equal(settings.geo.count, LIST_MAX);
    assert_string_equal(settings.geo.items[LIST_MAX - 1], "x");
    arguments_destroy(&arguments);
    assert_int_equal(arguments_parse(&arguments, groups, 2, LIST_MAX + 1, argv, &error), STATUS_USAGE);
    assert_string_equal(error.message, "--geo: expected at most 1024 values, got more");
    arguments_destroy(&arguments);
    for (size_t i = 0; i <= LIST_MAX; i++) {
        argv[i] = (char *)(uintptr_t) "many.log"; /* a shell's glob easily gives more */
    }
    assert_int_equal(arguments_parse(&arguments, groups, 2, LIST_MAX + 1, argv, &error), STATUS_OK);
    assert_int_equal(arguments.inputs.count, LIST_MAX + 1);
    arguments_destroy(&arguments);
}

static void test_numbers(void **state) {
    (void)state;
    static const struct {
        enum option_kind kind;
        const char *text;
        bool valid;
        uint64_t expected;
    } cases[] = {
        {OPTION_COUNT, "0", true, 0},
        {OPTION_COUNT, MAX64, true, UINT64_MAX},
        {OPTION_COUNT, "18446744073709551616", false, 0},
        {OPTION_COUNT, "99999999999999999999999", false, 0},
        {OPTION_COUNT, "", false, 0},
        {OPTION_COUNT, "-1", false, 0},
        {OPTION_COUNT, "+1", false, 0},
        {OPTION_COUNT, " 1", false, 0},
        {OPTION_COUNT, "1 ", false, 0},
        {OPTION_COUNT, "010", false, 0},
        {OPTION_COUNT, "0x10", false, 0},
        {OPTION_COUNT, "1K", false, 0},
        {OPTION_COUNT, "1.0", false, 0},
        {OPTION_SIZE, "512", true, 512},
        {OPTION_SIZE, "64K", true, 64 << 10},
        {OPTION_SIZE, "64k", true, 64 << 10},
        {OPTION_SIZE, "256M", true, 256 << 20},
        {OPTION_SIZE, "2G", true, UINT64_C(2) << 30},
        {OPTION_SIZE, "3t", true, UINT64_C(3) << 40},
        {OPTION_SIZE, "0K", true, 0},
        {OPTION_SIZE, "16777215T", true, UINT64_C(16777215) << 40},
        {OPTION_SIZE, "16777216T", false, 0},
        {OPTION_SIZE, MAX64 "K", false, 0},
        {OPTION_SIZE, "K", false, 0},
        {OPTION_SIZE, "", false, 0},
        {OPTION_SIZE, "1KB", false, 0},
        {OPTION_SIZE, "1 K", false, 0},
        {OPTION_SIZE, "1P", false, 0},
        {OPTION_SIZE, "1.5G", false, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        print_message("%s\n", cases[i].text);
        struct option_spec spec = {.name = "n", .kind = cases[i].kind};
        union option_value value;
        bool valid = option_value_parse(&spec, cases[i].text, &value, NULL) == STATUS_OK;
        assert_int_equal(valid, cases[i].valid);
        assert_true(!valid || value.number == cases[i].expected);
    }
}

static void test_times(void **state) {
    (void)state;
    const int64_t second = 1000000000, day = 86400 * second;
    /* days since 1970 as `date -u -d DATE +%s` divided by 86400 has them */
    const struct {
        const char *text;
        bool valid;
        int64_t expected;
    } cases[] = {
        {"1970-01-01", true, 0},
        {"2025-12-01", true, 20423 * day},
        {"2025-12-01T10:00", true, 20423 * day + 36000 * second},
        {"2025-12-01T10:00Z", true, 20423 * day + 36000 * second},
        {"2025-12-01T10:00:07", true, 20423 * day + 36007 * second},
        {"2025-12-01T10:00:07Z", true, 20423 * day + 36007 * second},
        {"2025-12-01T10:00:07.5", true, 20423 * day + 36007 * second + second / 2},
        {"2025-12-01T10:00:07.000000001Z", true, 20423 * day + 36007 * second + 1},
        {"2025-12-01T23:59:59.999999999Z", true, 20424 * day - 1},
        {"2024-02-29", true, 19782 * day},
        {"2024-03-01", true, 19783 * day},
        {"2000-02-29", true, 11016 * day},
        {"2000-03-01", true, 11017 * day},
        {"2101-01-01", true, 47847 * day},
        {"2261-12-31T23:59:59.999999999Z", true, INT64_C(9214646400) * second - 1},
        {"2262-01-01", false, 0},
        {"1969-12-31", false, 0},
        {"2025-02-29", false, 0},
        {"2100-02-29", false, 0},
        {"2025-04-31", false, 0},
        {"2025-00-01", false, 0},
        {"2025-13-01", false, 0},
        {"2025-01-00", false, 0},
        {"2025-01-32", false, 0},
        {"2025-12-01Z", false, 0},
        {"2025-12-01T", false, 0},
        {"2025-12-01T10", false, 0},
        {"2025-12-01T24:00", false, 0},
        {"2025-12-01T10:60", false, 0},
        {"2025-12-01T10:00:", false, 0},
        {"2025-12-01T10:00:60", false, 0},
        {"2025-12-01T10:00:07.", false, 0},
        {"2025-12-01T10:00:07.Z", false, 0},
        {"2025-12-01T10:00:07.0000000001", false, 0},
        {"2025-12-01T10:00.5", false, 0},
        {"2025-12-01T10:00:07ZZ", false, 0},
        {"2025-12-01T10:00:07+01:00", false, 0},
        {"2025-12-01 10:00", false, 0},
        {"2025-12-1", false, 0},
        {"25-12-01", false, 0},
        {"+025-12-01", false, 0},
        {" 2025-12-01", false, 0},
        {"", false, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        print_message("%s\n", cases[i].text);
        struct option_spec spec = {.name = "since", .kind = OPTION_TIME};
        union option_value value;
        bool valid = option_value_parse(&spec, cases[i].text, &value, NULL) == STATUS_OK;
        assert_int_equal(valid, cases[i].valid);
        assert_true(!valid || value.time_ns == cases[i].expected);
    }
}

/* Every prefix of a time is either a shorter form or refused, and never read beyond its end. */
static void test_time_cut_anywhere(void **state) {
    (void)state;
    static const char whole[] = "2025-12-01T10:20:30.123456789Z";
    for (size_t bytes = 0; bytes < sizeof whole; bytes++) {
        char *cut = strndup(whole, bytes);
        struct option_spec spec = {.name = "since", .kind = OPTION_TIME};
        union option_value value;
        bool valid = option_value_parse(&spec, cut, &value, NULL) == STATUS_OK;
        free(cut);
        assert_int_equal(valid, bytes == 10 || bytes == 16 || bytes == 19 || bytes >= 21);
    }
}

static void test_share(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool valid;
        double expected;
    } cases[] = {{"0", true, 0},
                 {"1", true, 1},
                 {"0.125", true, 0.125},
                 {"1.0", true, 1},
                 {"1.1", false, 0},
                 {"1.000000001", false, 0},
                 {".5", false, 0},
                 {"0.", false, 0},
                 {"50%", false, 0},
                 {"-0.5", false, 0},
                 {"0.5 ", false, 0},
                 {"", false, 0},
                 {"0.000000001", true, 1e-9},
                 {"0.0000000001", false, 0},
                 {"nan", false, 0},
                 {"5e-1", false, 0}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        print_message("%s\n", cases[i].text);
        struct option_spec spec = {.name = "ratio", .kind = OPTION_SHARE};
        union option_value value;
        bool valid = option_value_parse(&spec, cases[i].text, &value, NULL) == STATUS_OK;
        assert_int_equal(valid, cases[i].valid);
        if (valid) assert_float_equal(value.share, cases[i].expected, 0);
    }
}

static void test_nearest(void **state) {
    (void)state;
    static const char *const known[] = {"workers",       "worker",           "geo", "no-geo",
                                        "keep-original", "shutdown-timeout", "up"};
    static const struct {
        const char *word, *expected;
    } cases[] = {
        {"workers", "workers"},
        {"workerz", "workers"},
        {"WORKERS", "workers"},
        {"wrokers", "workers"},
        {"go", "geo"},
        {"keep_orginal", "keep-original"},
        {"shutdown", "shutdown-timeout"},
        {"work", "workers"},
        {"xyz", NULL},
        {"g", NULL},
        {"u", NULL},
        {"", NULL},
        {"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        print_message("%s\n", cases[i].word);
        const char *nearest = nearest_word(cases[i].word, known, COUNT_OF(known));
        const char *expected = cases[i].expected;
        assert_string_equal(nearest == NULL ? "none" : nearest, expected == NULL ? "none" : expected);
    }
    assert_null(nearest_word("workers", NULL, 0));
}

/* A mistake in a table dies at the start and not when somebody uses the option. */
static void test_table_mistakes(void **state) {
    (void)state;
    static const char *const no_choices[] = {NULL};
    static const struct {
        const char *what;
        struct option_spec specs[2];
        size_t specs_count;
    } cases[] = {
        {"name twice", {{.name = "a", .kind = OPTION_FLAG}, {.name = "a", .kind = OPTION_FLAG}}, 2},
        {"letter twice", {{.name = "a", .letter = 'x'}, {.name = "b", .letter = 'x'}}, 2},
        {"-h for something else", {{.name = "a", .letter = 'h'}}, 1},
        {"name of the inputs", {{.name = "inputs"}}, 1},
        {"bad default", {{.name = "a", .kind = OPTION_FLAG, .default_text = "yes"}}, 1},
        {"no choices", {{.name = "a", .kind = OPTION_CHOICE, .choices = no_choices}}, 1},
        {"no placeholder", {{.name = "a", .kind = OPTION_COUNT}}, 1},
        {"bounds", {{.name = "a", .kind = OPTION_COUNT, .placeholder = "N", .min = 2, .max = 1}}, 1},
        {"right", {{.name = "a", .kind = OPTION_FLAG}, {.name = "b", .letter = 'x'}}, 2},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        print_message("%s\n", cases[i].what);
        fflush(stdout);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            signal(SIGABRT, SIG_DFL);
            if (freopen("/dev/null", "w", stderr) == NULL) {
                _exit(2);
            }
            uint64_t values[2];
            struct option_list inputs;
            const struct option_group group = {
                .specs = cases[i].specs, .specs_count = cases[i].specs_count, .settings = values};
            option_values_free(option_values_new(&group, 1, &inputs));
            _exit(0);
        }
        int outcome;
        assert_int_equal(waitpid(child, &outcome, 0), child);
        assert_int_equal(WIFSIGNALED(outcome) ? WTERMSIG(outcome) : 0, i + 1 < COUNT_OF(cases) ? SIGABRT : 0);
        assert_true(WIFSIGNALED(outcome) || WEXITSTATUS(outcome) == 0);
    }
}

static void assert_printed(void (*print)(FILE *, const struct option_group *, size_t), const char *expected) {
    char *text = NULL;
    size_t text_bytes = 0;
    FILE *out = open_memstream(&text, &text_bytes);
    assert_non_null(out);
    print(out, groups, COUNT_OF(groups));
    fclose(out);
    assert_string_equal(text, expected);
    free(text);
}

static void test_help_text(void **state) {
    (void)state;
    assert_printed(arguments_print_options,
                   "Input:\n"
                   "  -c, --config FILE             options from a YAML file\n"
                   "      --geo FILE                database of places (may be repeated) (default: built-in.mmdb)\n"
                   "      --no-geo                  no places\n"
                   "      --since TIME              leave out older records\n"
                   "      --limit N                 stop after N records\n"
                   "      --lines-min N             at least so many lines\n"
                   "\n"
                   "Output:\n"
                   "  -o, --output OUT              where records go (default: -)\n"
                   "      --schema ecs|ss4o|flat    field names of the output (default: ecs)\n"
                   "  -j, --workers N               worker threads (default: 4)\n"
                   "      --memory-max SIZE         bound of the memory that batches take, from which the number of\n"
                   "                                batches follows and so how far sources may run ahead of the sink\n"
                   "                                (default: 256M)\n"
                   "  -q, --quiet                   no progress|summary\n"
                   "  -h, --help                    this text\n");
}

static void test_markdown(void **state) {
    (void)state;
    assert_printed(
        arguments_print_markdown,
        "| Option | Meaning | Default |\n"
        "|---|---|---|\n"
        "| **Input** | | |\n"
        "| `-c`, `--config FILE` | options from a YAML file | |\n"
        "| `--geo FILE` | database of places (may be repeated) | `built-in.mmdb` |\n"
        "| `--no-geo` | no places | |\n"
        "| `--since TIME` | leave out older records | |\n"
        "| `--limit N` | stop after N records | |\n"
        "| `--lines-min N` | at least so many lines | |\n"
        "| **Output** | | |\n"
        "| `-o`, `--output OUT` | where records go | `-` |\n"
        "| `--schema ecs\\|ss4o\\|flat` | field names of the output | `ecs` |\n"
        "| `-j`, `--workers N` | worker threads | `4` |\n"
        "| `--memory-max SIZE` | bound of the memory that batches take, from which the number of batches follows "
        "and so how far sources may run ahead of the sink | `256M` |\n"
        "| `-q`, `--quiet` | no progress\\|summary | |\n"
        "| `-h`, `--help` | this text | |\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_flags_and_help),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_lists_are_bounded),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_time_cut_anywhere),
        cmocka_unit_test(test_share),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_table_mistakes),
        cmocka_unit_test(test_help_text),
        cmocka_unit_test(test_markdown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
