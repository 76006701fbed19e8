/* The section `rate`: what it becomes, and what is said of one that is wrong.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/config_yaml.h"
#include "config/duration.h"
#include "config/rate_load.h"
#include "tests/unit/guard.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define LOGIN "path_class: {login: [\"/login*\"]}"

/* `rate: {..}` on line 1. Settings are "dims | windows/slot/lateness | classes | limits | topk rows mem". */
static const struct {
    const char *what, *section;
    const char *settings; /* NULL: it is wrong */
    const char *problems; /* "": none */
} cases[] = {
    {"defaults", "{}", "client/32/64 asn country asn+method lb | 60 120 300 600/10/900 | | | 8192 100 0", ""},
    {"all of the page",
     "{key: client, v4_prefix: 24, v6_prefix: 56, windows: [300, 60], slot: 20, lateness: 1h, dims: [client, asn], "
     "path_class: {login: [/login*, /auth], static: \"*.css\"}, topk: 4096, rows: 7, mem: 64M, "
     "limits: [{name: a, key: client, scope: path_class=login, window: 2m, limit: 100}, {name: b, key: asn, window: "
     "60, limit: 20000}]}",
     "client/24/56 asn | 60 300/20/3600 | login:/login* login:/auth static:*.css | a:client/24/56:0:none:120:100 "
     "b:asn:255:none:60:20000 | 4096 7 67108864",
     ""},
    {"classes make dims", "{" LOGIN "}",
     "client/32/64 asn country client+path_class/32/64 asn+method lb | 60 120 300 600/10/900 | login:/login* | | "
     "8192 100 0",
     ""},
    {"what client is", "{key: first-xff, dims: [client, peer+asn], limits: [{name: a, key: client, limit: 5}]}",
     "first-xff/32/64 peer+asn/32/64 | 60 120 300 600/10/900 | | a:first-xff/32/64:255:none:300:5 | 8192 100 0", ""},
    {"more prefixes", "{v6_prefix: [48, 64, 32], dims: client}",
     "client/32/48 client/64/32/64 client/32/32/32 | 60 120 300 600/10/900 | | | 8192 100 0", ""},
    {"a prefix of its own", "{dims: [client/48+method, client]}",
     "client/48+method/32/48 client/32/64 | 60 120 300 600/10/900 | | | 8192 100 0", ""},
    {"one text for a list", "{dims: asn, windows: 5m}", "asn | 300/10/900 | | | 8192 100 0", ""},
    {"no dims", "{dims: [], limits: [{name: a, key: asn, limit: 1}]}",
     "| 60 120 300 600/10/900 | | a:asn:255:none:300:1 | 8192 100 0", ""},
    {"scopes",
     "{" LOGIN ", dims: [], limits: [{name: a, key: lb, scope: method=POST, limit: 1}, "
     "{name: b, key: lb, scope: \"method=GET,path_class=login\", limit: 1}]}",
     "| 60 120 300 600/10/900 | login:/login* | a:lb:255:POST:300:1 b:lb:0:GET:300:1 | 8192 100 0", ""},
    {"a limit's window need not be one of the windows",
     "{dims: [], windows: 60, limits: [{name: a, key: asn, window: 90, limit: 1}]}",
     "| 60/10/900 | | a:asn:255:none:90:1 | 8192 100 0", ""},

    {"nothing", "", NULL, "1:6: rate: expected keys and values, or {} for all defaults, got nothing"},
    {"a list", "[]", NULL, "1:7: rate: expected keys and values, or {} for all defaults, got a list"},
    {"unknown key", "{dim: client}", NULL, "1:8: rate: unknown key \"dim\", did you mean \"dims\"?"},
    {"unknown client", "{key: xff}", NULL, "1:13: rate: unknown key \"xff\"; known are client, peer, claim, first-xff"},
    {"prefix too short", "{v4_prefix: 7}", NULL,
     "1:19: rate: v4_prefix: expected a whole number from 8 to 32, got \"7\""},
    {"prefix of no address", "{v6_prefix: [/64]}", NULL,
     "1:20: rate: v6_prefix: expected a whole number from 48 to 64, got \"/64\""},
    {"first prefix too short", "{v6_prefix: [32]}", NULL,
     "1:20: rate: v6_prefix: expected a whole number from 48 to 64, got \"32\""},
    {"a prefix twice", "{v6_prefix: [64, 48, 48]}", NULL, "1:28: rate: v6_prefix: 48 stands there twice"},
    {"windows of no slots", "{windows: [60, 65]}", NULL,
     "1:22: rate: windows: expected a multiple of the slot, 10 seconds, got 65"},
    {"a window twice", "{windows: [60, 1m]}", NULL, "1:22: rate: windows: 60 stands there twice"},
    {"no window", "{windows: []}", NULL, "1:17: rate: windows: expected one at least"},
    {"a window too long", "{windows: [2d]}", NULL,
     "1:18: rate: windows: expected 1 to 86400 seconds, such as 90, 90s or 15m, got \"2d\""},
    {"usual windows are no multiples", "{slot: 7}", NULL,
     "1:14: rate: slot: none of the usual windows (60, 120, 300, 600) is a multiple of 7 seconds; write windows"},
    {"a slot of nothing", "{slot: 0}", NULL,
     "1:14: rate: slot: expected 1 to 3600 seconds, such as 90, 90s or 15m, got \"0\""},
    {"a time in words", "{lateness: soon}", NULL,
     "1:18: rate: lateness: expected 0 to 604800 seconds, such as 90, 90s or 15m, got \"soon\""},
    {"unknown part", "{dims: [asn+metod]}", NULL,
     "1:15: rate: unknown part in dims \"metod\", did you mean \"method\"?"},
    {"an empty part", "{dims: [\"asn+\"]}", NULL,
     "1:15: rate: unknown part in dims \"\"; known are client, peer, claim, first-xff, asn, country, path_class, "
     "method, lb"},
    {"a part twice", "{dims: [asn+asn]}", NULL, "1:15: rate: dims: \"asn\" stands there twice"},
    {"two addresses", "{dims: [client+peer]}", NULL, "1:15: rate: dims: one address at most makes a key"},
    {"classes that are not there", "{dims: [asn+path_class]}", NULL,
     "1:15: rate: dims: there are no classes of paths; write some: path_class: {login: [\"/login*\"]}"},
    {"a dim twice", "{dims: [asn+method, method+asn]}", NULL,
     "1:27: rate: dims: \"method+asn\" counts what \"asn+method\" does"},
    {"a dim twice, by what client is", "{key: peer, dims: [client, peer]}", NULL,
     "1:34: rate: dims: \"peer\" counts what \"peer\" does"},
    {"bits of no address", "{dims: [asn/16]}", NULL,
     "1:15: rate: dims: bits of a prefix stand behind an address only, got \"16\""},
    {"bits of IPv4", "{dims: [client/24]}", NULL,
     "1:15: rate: dims: expected 32 to 64 bits of IPv6, such as client/56, got \"24\""},
    {"classes in a list", "{path_class: [/login]}", NULL,
     "1:20: rate: path_class: expected names and patterns, such as {login: [\"/login*\"]}, got a list"},
    {"a class that is all the rest", "{path_class: {other: [/]}}", NULL,
     "1:28: rate: path_class: expected a name of letters, digits and . _ -, at most 64 bytes and not \"other\", which "
     "is "
     "all the rest; got \"other\""},
    {"no path", "{path_class: {login: [login]}}", NULL,
     "1:29: rate: path_class: expected a pattern of paths such as /login*, *.css or /v1/*/items, got \"login\""},
    {"a limit that is a text", "{limits: [login]}", NULL,
     "1:17: rate.limits 1: expected a limit such as {name: login-ip, key: client, window: 300, limit: 100}, got a "
     "text"},
    {"limits that are a mapping", "{limits: {name: a}}", NULL,
     "1:16: rate: limits: expected a list such as [{name: login-ip, key: client, limit: 100}], got a mapping"},
    {"a limit of nothing", "{limits: [{}]}", NULL,
     "1:17: rate.limits 1: name: expected a name of letters, digits and . _ -, at most 64 bytes, such as login-ip\n"
     "1:17: rate.limits 1: key: expected what is limited, such as client or asn\n"
     "1:17: rate.limits 1: no \"limit\": write how many requests are allowed"},
    {"a name twice", "{limits: [{name: a, key: asn, limit: 1}, {name: a, key: lb, limit: 1}]}", NULL,
     "1:55: rate.limits 2: name: another limit is called a"},
    {"unknown key of a limit", "{limits: [{name: a, key: asn, limt: 1, limit: 1}]}", NULL,
     "1:37: rate.limits 1: unknown key \"limt\", did you mean \"limit\"?"},
    {"nobody", "{limits: [{name: a, key: asn, limit: 0}]}", NULL,
     "1:44: rate.limits 1: limit: expected a whole number from 1 to 4294967295, got \"0\""},
    {"unknown class", "{" LOGIN ", limits: [{name: a, key: asn, scope: path_class=logn, limit: 1}]}", NULL,
     "1:78: rate.limits 1: unknown class in scope \"logn\", did you mean \"login\"?"},
    {"a class, and there are none", "{limits: [{name: a, key: asn, scope: path_class=login, limit: 1}]}", NULL,
     "1:44: rate.limits 1: scope: there are no classes of paths; write some: path_class: {login: [\"/login*\"]}"},
    {"unknown method", "{limits: [{name: a, key: asn, scope: method=post, limit: 1}]}", NULL,
     "1:44: rate.limits 1: unknown method in scope \"post\", did you mean \"POST\"?"},
    {"a scope of anything", "{limits: [{name: a, key: asn, scope: country=SE, limit: 1}]}", NULL,
     "1:44: rate.limits 1: scope: expected path_class=NAME, method=NAME, or both with a comma between, got "
     "\"country=SE\""},
    {"a scope twice", "{limits: [{name: a, key: asn, scope: \"method=GET,method=PUT\", limit: 1}]}", NULL,
     "1:44: rate.limits 1: scope: expected path_class=NAME, method=NAME, or both with a comma between, got "
     "\"method=GET,method=PUT\""},
    {"a limit's window", "{limits: [{name: a, key: asn, window: 15, limit: 1}]}", NULL,
     "1:45: rate.limits 1: window: expected a multiple of the slot, 10 seconds, got 15"},
    {"too few counters", "{topk: 100}", NULL,
     "1:14: rate: topk: expected a whole number from 2048 to 1048576, got \"100\""},
    {"too little memory", "{mem: 1M}", NULL,
     "1:13: rate: mem: expected a size (512, 64K, 256M, 2G) of at least 16M, got \"1M\""},
    {"all of them", "{topk: x, rows: 0, slot: y}", NULL, NULL},
};

struct text {
    char bytes[2048];
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    text->used += (size_t)vsnprintf(text->bytes + text->used, sizeof text->bytes - text->used, format, arguments);
    va_end(arguments);
    assert_true(text->used < sizeof text->bytes);
}

static void add_dim(struct text *text, const struct rate_dim *dim) {
    uint16_t parts = 0;
    for (uint32_t i = 0; i < dim->parts_count; i++) parts |= (uint16_t)(1u << dim->order[i]);
    assert_int_equal(parts, dim->parts);
    add(text, "%s", dim->name);
    if ((dim->parts & RATE_ADDRESS_PARTS) != 0) add(text, "/%u/%u", dim->v4_prefix, dim->v6_prefix);
}

static const char *describe(const struct rate_config *config) {
    static struct text text;
    const struct rate_settings *settings = &config->settings;
    text.used = 0;
    for (uint32_t i = 0; i < settings->dims_count; i++, add(&text, " ")) add_dim(&text, &settings->dims[i]);
    add(&text, "|");
    for (uint32_t i = 0; i < settings->windows_count; i++) add(&text, " %u", settings->windows_s[i]);
    add(&text, "/%u/%u |", settings->slot_s, settings->lateness_s);
    for (uint32_t i = 0; i < config->paths_count; i++)
        add(&text, " %s:%s", settings->classes[config->paths[i].path_class], config->paths[i].pattern);
    add(&text, " |");
    for (uint32_t i = 0; i < settings->limits_count; i++) {
        const struct rate_limit *limit = &settings->limits[i];
        add(&text, " %s:", limit->name);
        add_dim(&text, &limit->key);
        add(&text, ":%u:%s:%u:%u", limit->path_class, request_method_names[limit->method], limit->window_s,
            limit->limit);
    }
    add(&text, " | %u %u %llu", settings->topk, settings->rows, (unsigned long long)config->mem_bytes);
    return text.bytes;
}

static const char *list(const struct problems *problems) {
    static struct text text;
    text.used = 0;
    text.bytes[0] = '\0';
    for (const struct problem *problem = problems->first; problem != NULL; problem = problem->next)
        add(&text, "%s%u:%u: %s", text.used > 0 ? "\n" : "", problem->place.line, problem->place.column, problem->text);
    return text.bytes;
}

/* As the config file's reader makes it. */
static const struct config_node *read_section(struct arena *arena, const char *section) {
    char yaml[2048];
    struct error error;
    const struct config_node *root;
    int bytes = snprintf(yaml, sizeof yaml, "rate: %s\n", section);
    struct slice text = guard_copy((struct slice){yaml, (size_t)bytes});
    assert_int_equal(config_tree_from_yaml(arena, "c.yaml", text, &root, &error), STATUS_OK);
    return config_node_member(root, "rate");
}

static void test_sections(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {.blocks = NULL};
        struct problems problems = {.first = NULL};
        const struct problem_scope scope = {.problems = &problems, .file = "c.yaml"};
        const struct rate_config *config = rate_load(&arena, &scope, read_section(&arena, cases[i].section));
        if ((config != NULL) != (cases[i].settings != NULL))
            fail_msg("%s: %s\n%s", cases[i].what, config != NULL ? "taken" : "refused", list(&problems));
        if (cases[i].problems == NULL) assert_int_equal(problems.errors_count, 3);
        if (cases[i].problems != NULL && strcmp(list(&problems), cases[i].problems) != 0)
            fail_msg("%s:\nexpected %s\nfound    %s", cases[i].what, cases[i].problems, list(&problems));
        if (config != NULL && strcmp(describe(config), cases[i].settings) != 0)
            fail_msg("%s:\nexpected %s\nfound    %s", cases[i].what, cases[i].settings, describe(config));
        problems_destroy(&problems);
        arena_destroy(&arena);
    }
}

/* As many as there may be, and one more. */
static void check_most(const char *open, const char *item, const char *close, uint32_t most, const char *problem) {
    static char section[1 << 16];
    for (uint32_t count = most; count <= most + 1; count++) {
        struct arena arena = {.blocks = NULL};
        struct problems problems = {.first = NULL};
        const struct problem_scope scope = {.problems = &problems, .file = "c.yaml"};
        struct error error;
        const struct config_node *root;
        size_t used = (size_t)snprintf(section, sizeof section, "%s", open);
        for (uint32_t i = 1; i <= count; i++) {
            used += (size_t)snprintf(section + used, sizeof section - used, "%s", i > 1 ? ", " : "");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            used += (size_t)snprintf(section + used, sizeof section - used, item, i);
#pragma GCC diagnostic pop
        }
        snprintf(section + used, sizeof section - used, "%s", close);
        assert_int_equal(config_tree_from_yaml(&arena, "c", slice_from(section), &root, &error), STATUS_OK);
        const struct rate_config *config = rate_load(&arena, &scope, root);
        assert_int_equal(config != NULL, count == most);
        if (count > most && strstr(list(&problems), problem) == NULL) fail_msg("%s", list(&problems));
        problems_destroy(&problems);
        arena_destroy(&arena);
    }
}

static void test_no_more_than_there_is_room_for(void **state) {
    (void)state;
    check_most("{windows: [", "%u0", "]}", RATE_WINDOWS_MAX, "windows: expected at most 8");
    check_most("{path_class: {a: [", "/%u", "]}}", RATE_PATHS_MAX, "path_class: expected at most 256 patterns");
    check_most("{path_class: {", "c%u: /", "}}", RATE_CLASSES_MAX, "path_class: expected at most 32 classes");
    check_most("{limits: [", "{name: n%u, key: asn, limit: 1}", "]}", RATE_LIMITS_MAX, "expected at most 32 limits");
}

static void test_durations(void **state) {
    static const struct {
        const char *text;
        bool good;
        uint32_t seconds;
    } durations[] = {{"0", true, 0},
                     {"90", true, 90},
                     {"90s", true, 90},
                     {"15m", true, 900},
                     {"24h", true, 86400},
                     {"7d", true, 604800},
                     {"4294967295", true, UINT32_MAX},
                     {"4294967296", false, 0},
                     {"49710d", true, 4294944000},
                     {"49711d", false, 0},
                     {"", false, 0},
                     {"m", false, 0},
                     {"1 m", false, 0},
                     {"-1", false, 0},
                     {"1.5h", false, 0},
                     {"1w", false, 0},
                     {"010", false, 0},
                     {"1mm", false, 0}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(durations); i++) {
        uint32_t seconds = 0;
        bool good = duration_parse(guard_copy(slice_from(durations[i].text)), &seconds);
        if (good != durations[i].good || (good && seconds != durations[i].seconds))
            fail_msg("%s: %d, %u", durations[i].text, good, seconds);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sections),
                                       cmocka_unit_test(test_no_more_than_there_is_room_for),
                                       cmocka_unit_test(test_durations)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
