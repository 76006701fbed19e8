/* Key by key, in an order in which each knows what it needs: the slot before windows, prefixes and classes before dimensions, all of them
 * before limits.
 *
 * Threads: main thread. */
#define _GNU_SOURCE
#include "config/rate_load.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "config/config_text.h"
#include "config/duration.h"

enum rate_word {
    KEY_KEY,
    KEY_V4_PREFIX,
    KEY_V6_PREFIX,
    KEY_WINDOWS,
    KEY_SLOT,
    KEY_LATENESS,
    KEY_DIMS,
    KEY_PATH_CLASS,
    KEY_TOPK,
    KEY_ROWS,
    KEY_LIMITS,
    KEY_MEM,
    RATE_KEYS
};
static const char *const rate_keys[RATE_KEYS] = {"key",  "v4_prefix",  "v6_prefix", "windows", "slot",   "lateness",
                                                 "dims", "path_class", "topk",      "rows",    "limits", "mem"};

enum limit_key { LIMIT_NAME, LIMIT_KEY, LIMIT_SCOPE, LIMIT_WINDOW, LIMIT_LIMIT, LIMIT_KEYS };
static const char *const limit_keys[LIMIT_KEYS] = {"name", "key", "scope", "window", "limit"};

static const uint32_t usual_windows[] = {60, 120, 300, 600}; /* those of AWS WAF */
static const char *const usual_dims[] = {"client", "asn", "country", "client+path_class", "asn+method", "lb"};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define V6_PREFIXES_MAX 4u

struct loading {
    struct arena *arena;
    const struct problem_scope *scope;
    const struct config_node *of[RATE_KEYS]; /* NULL: not given */
    struct rate_config *config;
    uint8_t more_prefixes[V6_PREFIXES_MAX];
    uint32_t more_prefixes_count;
};

/* --- values ----------------------------------------------------------------------------------------- */

/* One number or size of `node`; it stays as it is where there is none. */
static bool read_number(const struct problem_scope *scope, const struct config_node *node,
                        const struct option_spec *spec, uint64_t *number) {
    union option_value value;
    struct error error;
    if (node == NULL) return true;
    if (!config_text_is(node))
        return problem_report(scope, node, "%s: expected a number, got %s", spec->name, config_text_shown(node).text);
    if (option_value_parse(spec, node->text.ptr, &value, &error) != STATUS_OK)
        return problem_report(scope, node, "%s: %s", spec->name, error.message);
    *number = value.number;
    return true;
}

static bool read_count(const struct problem_scope *scope, const struct config_node *node, const char *name,
                       uint32_t min, uint32_t max, uint32_t *count) {
    const struct option_spec spec = {.name = name, .kind = OPTION_COUNT, .min = min, .max = max};
    uint64_t number = *count;
    bool good = read_number(scope, node, &spec, &number);
    *count = (uint32_t)number;
    return good;
}

static bool read_duration(const struct problem_scope *scope, const struct config_node *node, const char *name,
                          const uint32_t bounds[2], uint32_t *seconds) {
    uint32_t read;
    if (node == NULL) return true;
    if (!config_text_is(node) || !duration_parse(node->text, &read) || read < bounds[0] || read > bounds[1])
        return problem_report(scope, node, "%s: expected %u to %u seconds, such as 90, 90s or 15m, got %s", name,
                              bounds[0], bounds[1], config_text_shown(node).text);
    *seconds = read;
    return true;
}

/* Letters, digits and . _ - as they stand in documents. */
static bool is_name(struct slice text) {
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alphanumeric && c != '.' && c != '_' && c != '-') return false;
    }
    return text.len > 0 && text.len <= RATE_NAME_BYTES_MAX;
}

/* Calls `read` for each item of a list, or for the one that stands for a list. */
static bool each_item(struct loading *loading, const struct config_node *node,
                      bool (*read)(struct loading *loading, const struct config_node *item)) {
    bool good = true;
    if (node->kind != CONFIG_LIST) return read(loading, node);
    for (const struct config_node *item = node->first; item != NULL; item = item->next)
        good = read(loading, item) && good;
    return good;
}

/* --- what keys are made of ---------------------------------------------------------------------------- */

static bool read_key(struct loading *loading) {
    static const char *const known[] = {"client", "peer", "claim", "first-xff"};
    static const enum rate_part parts[] = {RATE_CLIENT, RATE_PEER, RATE_CLAIM, RATE_FIRST_XFF};
    const struct config_node *node = loading->of[KEY_KEY];
    loading->config->words.client = RATE_CLIENT;
    if (node == NULL) return true;
    if (!config_text_is(node))
        return problem_report(loading->scope, node, "key: expected a word, got %s", config_text_shown(node).text);
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        if (!config_node_is(node, known[i])) continue;
        loading->config->words.client = parts[i];
        return true;
    }
    return problem_unknown(loading->scope, node, "key", known, COUNT_OF(known));
}

static bool read_v6_prefix(struct loading *loading, const struct config_node *node) {
    uint32_t bits = 0, count = loading->more_prefixes_count;
    bool first = loading->config->words.v6_prefix == 0;
    if (!read_count(loading->scope, node, "v6_prefix", first ? 48 : RATE_V6_PREFIX_MIN, 64, &bits)) return false;
    bool twice = bits == loading->config->words.v6_prefix;
    for (uint32_t i = 0; i < count; i++) twice = twice || loading->more_prefixes[i] == bits;
    if (twice) return problem_report(loading->scope, node, "v6_prefix: %u stands there twice", bits);
    if (count == V6_PREFIXES_MAX)
        return problem_report(loading->scope, node, "v6_prefix: expected at most %u prefixes", V6_PREFIXES_MAX + 1);
    if (first)
        loading->config->words.v6_prefix = (uint8_t)bits;
    else
        loading->more_prefixes[loading->more_prefixes_count++] = (uint8_t)bits;
    return true;
}

static bool read_prefixes(struct loading *loading) {
    uint32_t v4 = 32;
    const struct config_node *v6 = loading->of[KEY_V6_PREFIX];
    bool good = read_count(loading->scope, loading->of[KEY_V4_PREFIX], "v4_prefix", 8, 32, &v4);
    if (v6 != NULL) good = each_item(loading, v6, read_v6_prefix) && good;
    loading->config->words.v4_prefix = (uint8_t)v4;
    if (loading->config->words.v6_prefix == 0) loading->config->words.v6_prefix = 64;
    return good;
}

/* --- windows ------------------------------------------------------------------------------------------ */

static bool read_window(const struct problem_scope *scope, const struct config_node *node, const char *what,
                        uint32_t slot_s, uint32_t *window_s) {
    const uint32_t bounds[] = {1, RATE_WINDOW_S_MAX};
    if (!read_duration(scope, node, what, bounds, window_s)) return false;
    return *window_s % slot_s == 0 ||
           problem_report(scope, node, "%s: expected a multiple of the slot, %u seconds, got %u", what, slot_s,
                          *window_s);
}

static bool add_window(struct loading *loading, const struct config_node *node) {
    struct rate_settings *settings = &loading->config->settings;
    uint32_t window = 0, at = settings->windows_count;
    if (!read_window(loading->scope, node, "windows", settings->slot_s, &window)) return false;
    for (uint32_t i = 0; i < at; i++)
        if (settings->windows_s[i] == window)
            return problem_report(loading->scope, node, "windows: %u stands there twice", window);
    if (at == RATE_WINDOWS_MAX)
        return problem_report(loading->scope, node, "windows: expected at most %u", RATE_WINDOWS_MAX);
    for (; at > 0 && settings->windows_s[at - 1] > window; at--) settings->windows_s[at] = settings->windows_s[at - 1];
    settings->windows_s[at] = window;
    settings->windows_count++;
    return true;
}

static bool read_windows(struct loading *loading) {
    struct rate_settings *settings = &loading->config->settings;
    const struct config_node *node = loading->of[KEY_WINDOWS];
    static const uint32_t slot_bounds[] = {1, RATE_SLOT_S_MAX}, lateness_bounds[] = {0, RATE_LATENESS_S_MAX};
    settings->slot_s = 10;
    settings->lateness_s = 15 * 60;
    bool good = read_duration(loading->scope, loading->of[KEY_SLOT], "slot", slot_bounds, &settings->slot_s);
    good = read_duration(loading->scope, loading->of[KEY_LATENESS], "lateness", lateness_bounds,
                         &settings->lateness_s) &&
           good;
    if (node != NULL) {
        good = each_item(loading, node, add_window) && good;
        if (good && settings->windows_count == 0)
            good = problem_report(loading->scope, node, "windows: expected one at least");
        return good;
    }
    for (size_t i = 0; i < COUNT_OF(usual_windows); i++)
        if (usual_windows[i] % settings->slot_s == 0) settings->windows_s[settings->windows_count++] = usual_windows[i];
    if (settings->windows_count > 0) return good;
    return problem_report(loading->scope, loading->of[KEY_SLOT],
                          "slot: none of the usual windows (60, 120, 300, 600) is a multiple of %u seconds; write "
                          "windows",
                          settings->slot_s);
}

/* --- classes of paths ----------------------------------------------------------------------------------- */

static bool add_path(struct loading *loading, const struct config_node *node) {
    struct rate_config *config = loading->config;
    if (!config_text_is(node) || (node->text.ptr[0] != '/' && node->text.ptr[0] != '*'))
        return problem_report(loading->scope, node,
                              "path_class: expected a pattern of paths such as /login*, *.css or /v1/*/items, got %s",
                              config_text_shown(node).text);
    if (config->paths_count == RATE_PATHS_MAX)
        return problem_report(loading->scope, node, "path_class: expected at most %u patterns", RATE_PATHS_MAX);
    struct rate_path *paths =
        (struct rate_path *)(uintptr_t)config->paths; /* ours; only readers see them as constant */
    paths[config->paths_count++] = (struct rate_path){node->text.ptr, (uint8_t)config->settings.classes_count};
    return true;
}

static bool add_class(struct loading *loading, const struct config_node *node) {
    struct rate_settings *settings = &loading->config->settings;
    if (!is_name(node->key) || slice_equal(node->key, SLICE("other")))
        return problem_report(loading->scope, node,
                              "path_class: expected a name of letters, digits and . _ -, at most %u bytes and not "
                              "\"other\", which is all the rest; got %s",
                              RATE_NAME_BYTES_MAX, option_value_shown(node->key.ptr).text);
    if (settings->classes_count == RATE_CLASSES_MAX)
        return problem_report(loading->scope, node, "path_class: expected at most %u classes", RATE_CLASSES_MAX);
    bool good = each_item(loading, node, add_path);
    settings->classes[settings->classes_count++] = node->key.ptr;
    return good;
}

static bool read_classes(struct loading *loading) {
    const struct config_node *node = loading->of[KEY_PATH_CLASS];
    bool good = true;
    if (node == NULL) return true;
    if (node->kind != CONFIG_MAPPING)
        return problem_report(loading->scope, node,
                              "path_class: expected names and patterns, such as {login: [\"/login*\"]}, got %s",
                              config_node_kind_name(node));
    loading->config->paths = arena_take(loading->arena, RATE_PATHS_MAX * sizeof *loading->config->paths);
    if (loading->config->paths == NULL) return problem_no_memory(loading->scope);
    for (const struct config_node *member = node->first; member != NULL; member = member->next)
        good = add_class(loading, member) && good;
    loading->config->words.classes = node->count > 0; /* those that are wrong have been said to be */
    return good;
}

/* --- dimensions ------------------------------------------------------------------------------------------ */

static bool add_named_dim(struct loading *loading, const struct config_node *node, struct slice name) {
    struct rate_settings *settings = &loading->config->settings;
    struct rate_dim dim;
    if (!rate_dim_read(loading->arena, loading->scope, node, "dims", name, &loading->config->words, &dim)) return false;
    for (uint32_t i = 0; i < settings->dims_count; i++)
        if (rate_dim_is_same(&settings->dims[i], &dim))
            return problem_report(loading->scope, node, "dims: \"%s\" counts what \"%s\" does", dim.name,
                                  settings->dims[i].name);
    if (settings->dims_count == RATE_DIMS_MAX)
        return problem_report(loading->scope, node, "dims: expected at most %u, with those of more prefixes",
                              RATE_DIMS_MAX);
    settings->dims[settings->dims_count++] = dim;
    return true;
}

static bool add_dim(struct loading *loading, const struct config_node *node) {
    if (!config_text_is(node))
        return problem_report(loading->scope, node, "dims: expected a text such as asn+method, got %s",
                              config_text_shown(node).text);
    return add_named_dim(loading, node, node->text);
}

/* Coarser networks of IPv6, beside the others. */
static bool add_more_prefixes(struct loading *loading) {
    bool good = true;
    for (uint32_t i = 0; i < loading->more_prefixes_count; i++) {
        char name[32];
        int bytes = snprintf(name, sizeof name, "client/%u", loading->more_prefixes[i]);
        good = add_named_dim(loading, loading->of[KEY_V6_PREFIX], (struct slice){name, (size_t)bytes}) && good;
    }
    return good;
}

static bool read_dims(struct loading *loading) {
    const struct config_node *node = loading->of[KEY_DIMS];
    bool good = true;
    if (node != NULL) return each_item(loading, node, add_dim) && add_more_prefixes(loading);
    for (size_t i = 0; i < COUNT_OF(usual_dims); i++)
        if (loading->config->words.classes || strstr(usual_dims[i], rate_part_names[RATE_PATH_CLASS]) == NULL)
            good = add_named_dim(loading, NULL, slice_from(usual_dims[i])) && good;
    return add_more_prefixes(loading) && good;
}

/* --- limits ---------------------------------------------------------------------------------------------- */

static bool scope_class(const struct loading *loading, const struct config_node *node, struct config_node *word,
                        struct rate_limit *limit) {
    const struct rate_settings *settings = &loading->config->settings;
    for (uint32_t i = 0; i < settings->classes_count; i++) {
        if (!slice_equal(slice_from(settings->classes[i]), word->text)) continue;
        limit->path_class = (uint8_t)i;
        return true;
    }
    if (settings->classes_count == 0)
        return problem_report(loading->scope, node,
                              "scope: there are no classes of paths; write some: path_class: {login: [\"/login*\"]}");
    return problem_unknown(loading->scope, word, "class in scope", settings->classes, settings->classes_count);
}

static bool scope_method(const struct loading *loading, struct config_node *word, struct rate_limit *limit) {
    for (uint32_t i = METHOD_NONE + 1; i < METHOD_OTHER; i++) {
        if (!slice_equal(slice_from(request_method_names[i]), word->text)) continue;
        limit->method = (uint8_t)i;
        return true;
    }
    return problem_unknown(loading->scope, word, "method in scope", request_method_names + METHOD_NONE + 1,
                           METHOD_OTHER - METHOD_NONE - 1);
}

/* "path_class=login", "method=POST", or both with a comma between. */
static bool read_scope(struct loading *loading, const struct config_node *node, struct rate_limit *limit) {
    limit->path_class = RATE_CLASS_NONE;
    limit->method = METHOD_NONE;
    if (node == NULL) return true;
    struct slice rest = node->text;
    if (!config_text_is(node)) rest.ptr = NULL;
    bool good = rest.ptr != NULL;
    for (uint32_t seen = 0; good && rest.ptr != NULL;) {
        struct slice value = slice_cut(&rest, ',');
        struct slice key = slice_cut(&value, '=');
        struct config_node word = {
            .kind = CONFIG_TEXT, .text = arena_copy(loading->arena, value), .place = node->place};
        uint32_t bit = slice_equal(key, SLICE("path_class")) ? 1 : slice_equal(key, SLICE("method")) ? 2 : 0;
        if (word.text.ptr == NULL) return problem_no_memory(loading->scope);
        if (bit == 0 || (seen & bit) != 0 || value.len == 0)
            good = false;
        else if (!(bit == 1 ? scope_class(loading, node, &word, limit) : scope_method(loading, &word, limit)))
            return false;
        seen |= bit;
    }
    return good || problem_report(loading->scope, node,
                                  "scope: expected path_class=NAME, method=NAME, or both with a comma between, got %s",
                                  config_text_shown(node).text);
}

static bool read_limit_name(struct loading *loading, const struct config_node *limit_node,
                            const struct config_node *node, struct rate_limit *limit) {
    const struct rate_settings *settings = &loading->config->settings;
    if (node == NULL || !config_text_is(node) || !is_name(node->text))
        return problem_report(loading->scope, node != NULL ? node : limit_node,
                              "name: expected a name of letters, digits and . _ -, at most %u bytes, such as login-ip",
                              RATE_NAME_BYTES_MAX);
    limit->name = node->text.ptr;
    for (uint32_t i = 0; i < settings->limits_count; i++)
        if (strcmp(settings->limits[i].name, limit->name) == 0)
            return problem_report(loading->scope, node, "name: another limit is called %s", limit->name);
    return true;
}

static bool read_limit_key(struct loading *loading, const struct config_node *limit_node,
                           const struct config_node *node, struct rate_limit *limit) {
    if (node == NULL || !config_text_is(node))
        return problem_report(loading->scope, node != NULL ? node : limit_node,
                              "key: expected what is limited, such as client or asn");
    return rate_dim_read(loading->arena, loading->scope, node, "key", node->text, &loading->config->words, &limit->key);
}

static bool read_limit_count(const struct problem_scope *scope, const struct config_node *limit_node,
                             const struct config_node *node, struct rate_limit *limit) {
    if (node == NULL) return problem_report(scope, limit_node, "no \"limit\": write how many requests are allowed");
    return read_count(scope, node, "limit", 1, UINT32_MAX, &limit->limit);
}

static bool add_limit(struct loading *loading, const struct config_node *node) {
    struct rate_settings *settings = &loading->config->settings;
    const struct config_node *of[LIMIT_KEYS];
    struct rate_limit limit = {.window_s = 300}; /* AWS WAF's default */
    if (node->kind != CONFIG_MAPPING)
        return problem_report(loading->scope, node,
                              "expected a limit such as {name: login-ip, key: client, window: 300, limit: 100}, got %s",
                              config_node_kind_name(node));
    bool good = problem_check_keys(loading->scope, node, limit_keys, LIMIT_KEYS);
    for (size_t i = 0; i < LIMIT_KEYS; i++) of[i] = config_node_member(node, limit_keys[i]);
    good = read_limit_name(loading, node, of[LIMIT_NAME], &limit) && good;
    good = read_limit_key(loading, node, of[LIMIT_KEY], &limit) && good;
    good = read_scope(loading, of[LIMIT_SCOPE], &limit) && good;
    good = read_window(loading->scope, of[LIMIT_WINDOW], "window", settings->slot_s, &limit.window_s) && good;
    good = read_limit_count(loading->scope, node, of[LIMIT_LIMIT], &limit) && good;
    if (good && settings->limits_count == RATE_LIMITS_MAX)
        good = problem_report(loading->scope, node, "expected at most %u limits", RATE_LIMITS_MAX);
    if (good) settings->limits[settings->limits_count++] = limit;
    return good;
}

static bool read_limits(struct loading *loading) {
    const struct config_node *node = loading->of[KEY_LIMITS];
    if (node == NULL) return true;
    struct problem_scope scope = *loading->scope;
    const struct problem_scope *outer = loading->scope;
    bool good = true;
    if (node->kind != CONFIG_LIST)
        return problem_report(outer, node,
                              "limits: expected a list such as [{name: login-ip, key: client, limit: 100}], got %s",
                              config_node_kind_name(node));
    loading->scope = &scope;
    uint32_t number = 0;
    for (const struct config_node *item = node->first; item != NULL; item = item->next) {
        problem_scope_set(&scope, "rate.limits %u", ++number);
        good = add_limit(loading, item) && good;
    }
    loading->scope = outer;
    return good;
}

/* --- all of it --------------------------------------------------------------------------------------------- */

static bool read_memory(struct loading *loading) {
    struct rate_settings *settings = &loading->config->settings;
    static const struct option_spec mem = {.name = "mem", .kind = OPTION_SIZE, .min = RATE_MEMORY_MIN};
    settings->topk = 8192;
    settings->rows = 100;
    bool topk = read_count(loading->scope, loading->of[KEY_TOPK], "topk", RATE_TOPK_MIN, RATE_TOPK_MAX,
                           &settings->topk);
    bool rows = read_count(loading->scope, loading->of[KEY_ROWS], "rows", 1, RATE_ROWS_MAX, &settings->rows);
    return read_number(loading->scope, loading->of[KEY_MEM], &mem, &loading->config->mem_bytes) && topk && rows;
}

struct rate_config *rate_load(struct arena *arena, const struct problem_scope *outer, const struct config_node *node) {
    static bool (*const readers[])(struct loading *) = {read_key,  read_prefixes, read_windows, read_classes,
                                                        read_dims, read_limits,   read_memory};
    struct problem_scope scope = *outer;
    struct loading loading = {.arena = arena, .scope = &scope, .config = arena_take(arena, sizeof *loading.config)};
    problem_scope_set(&scope, "rate");
    if (loading.config == NULL) {
        problem_no_memory(&scope);
        return NULL;
    }
    if (node != NULL && node->kind != CONFIG_MAPPING) {
        problem_report(&scope, node, "expected keys and values, or {} for all defaults, got %s",
                       config_node_kind_name(node));
        return NULL;
    }
    bool good = node == NULL || problem_check_keys(&scope, node, rate_keys, RATE_KEYS);
    for (size_t i = 0; i < RATE_KEYS && node != NULL; i++) loading.of[i] = config_node_member(node, rate_keys[i]);
    for (size_t i = 0; i < COUNT_OF(readers); i++) good = readers[i](&loading) && good;
    return good ? loading.config : NULL;
}

void rate_config_print(const struct rate_config *config, FILE *out) {
    const struct rate_settings *settings = &config->settings;
    fprintf(out, "rate: windows of");
    for (uint32_t i = 0; i < settings->windows_count; i++)
        fprintf(out, "%s %u", i > 0 ? "," : "", settings->windows_s[i]);
    fprintf(out, " s in slots of %u s; by", settings->slot_s);
    for (uint32_t i = 0; i < settings->dims_count; i++) fprintf(out, "%s %s", i > 0 ? "," : "", settings->dims[i].name);
    fputc('\n', out);
    for (uint32_t i = 0; i < settings->limits_count; i++) {
        const struct rate_limit *limit = &settings->limits[i];
        fprintf(out, "limit %s: %u requests in %u s by %s", limit->name, limit->limit, limit->window_s,
                limit->key.name);
        if (limit->path_class != RATE_CLASS_NONE) fprintf(out, ", of paths %s", settings->classes[limit->path_class]);
        if (limit->method != METHOD_NONE) fprintf(out, ", of %s", request_method_names[limit->method]);
        fputc('\n', out);
    }
}
