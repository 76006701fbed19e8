/* Fuzzes the config's section `rate` and classes of paths: YAML in front of a line "---", a path behind it.
 *
 * Oracle: what is taken keeps the promises of schemas/rate.h (windows ascend in whole slots, keys have parts in the order of their names and
 * one address at most, classes and methods are there), what is refused is said in printable sentences; and the path's class is that of the
 * first pattern that matches by the definition of one, tried character by character.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "config/config_yaml.h"
#include "config/rate_load.h"
#include "enrich/path_class.h"

#define TRIED_BYTES_MAX 512u

static void check_dim(const struct rate_dim *dim) {
    uint16_t parts = 0;
    ASSERT(dim->parts_count >= 1 && dim->parts_count <= RATE_PARTS && strlen(dim->name) < 2 * RATE_NAME_BYTES_MAX);
    for (uint32_t i = 0; i < dim->parts_count; i++) {
        ASSERT((parts >> dim->order[i] & 1) == 0);
        parts |= (uint16_t)(1u << dim->order[i]);
    }
    ASSERT(parts == dim->parts && __builtin_popcount(parts & RATE_ADDRESS_PARTS) <= 1);
    ASSERT(dim->v4_prefix >= 8 && dim->v4_prefix <= 32 && dim->v6_prefix >= 32 && dim->v6_prefix <= 64);
}

static void check_config(const struct rate_config *config) {
    const struct rate_settings *settings = &config->settings;
    ASSERT(settings->slot_s >= 1 && settings->windows_count >= 1 && settings->windows_count <= RATE_WINDOWS_MAX);
    for (uint32_t i = 0; i < settings->windows_count; i++) {
        ASSERT(settings->windows_s[i] % settings->slot_s == 0 && settings->windows_s[i] <= RATE_WINDOW_S_MAX);
        ASSERT(settings->windows_s[i] > (i > 0 ? settings->windows_s[i - 1] : 0));
    }
    ASSERT(settings->dims_count <= RATE_DIMS_MAX && settings->limits_count <= RATE_LIMITS_MAX);
    for (uint32_t i = 0; i < settings->dims_count; i++) {
        check_dim(&settings->dims[i]);
        for (uint32_t j = 0; j < i; j++) ASSERT(!rate_dim_is_same(&settings->dims[i], &settings->dims[j]));
    }
    for (uint32_t i = 0; i < settings->limits_count; i++) {
        const struct rate_limit *limit = &settings->limits[i];
        check_dim(&limit->key);
        ASSERT(limit->path_class == RATE_CLASS_NONE || limit->path_class < settings->classes_count);
        ASSERT(limit->method < METHOD_OTHER && limit->limit >= 1 && limit->window_s % settings->slot_s == 0);
    }
    ASSERT(config->paths_count <= RATE_PATHS_MAX && settings->classes_count <= RATE_CLASSES_MAX);
    for (uint32_t i = 0; i < config->paths_count; i++)
        ASSERT(config->paths[i].path_class < settings->classes_count &&
               (i == 0 || config->paths[i].path_class >= config->paths[i - 1].path_class));
}

static void check_problems(const struct problems *problems) {
    ASSERT(problems->errors_count > 0 && problems->first != NULL);
    for (const struct problem *problem = problems->first; problem != NULL; problem = problem->next)
        for (const char *at = problem->text; *at != '\0'; at++) ASSERT((unsigned char)*at >= 0x20 && *at != 0x7f);
}

/* Row by row: which beginnings of the path the pattern so far stands for. */
static bool matches_slowly(const char *pattern, struct slice path) {
    bool now[TRIED_BYTES_MAX + 1] = {true}, next[TRIED_BYTES_MAX + 1];
    for (; *pattern != '\0'; pattern++) {
        next[0] = *pattern == '*' && now[0];
        for (size_t i = 1; i <= path.len; i++)
            next[i] = *pattern == '*' ? now[i] || next[i - 1] : now[i - 1] && path.ptr[i - 1] == *pattern;
        memcpy(now, next, path.len + 1);
    }
    return now[path.len];
}

static void check_class(const struct rate_config *config, struct slice path) {
    char padded[TRIED_BYTES_MAX + 8] = "";
    uint8_t expected = RATE_CLASS_NONE;
    if (path.len == 0 || path.len > TRIED_BYTES_MAX) return;
    memcpy(padded, path.ptr, path.len);
    for (uint32_t i = 0; i < config->paths_count && expected == RATE_CLASS_NONE; i++)
        if (matches_slowly(config->paths[i].pattern, path)) expected = config->paths[i].path_class;
    struct path_class *classes = path_class_new(config->paths, config->paths_count);
    ASSERT(classes != NULL && path_class_find(classes, (struct slice){padded, path.len}) == expected);
    path_class_free(classes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t bytes_count);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t bytes_count) {
    struct arena arena = {.blocks = NULL};
    struct problems problems = {.first = NULL};
    const struct problem_scope scope = {.problems = &problems, .file = "f"};
    struct error error;
    const struct config_node *root;
    const char *behind = memmem(bytes, bytes_count, "\n---\n", 5);
    struct slice yaml = {(const char *)bytes,
                         behind != NULL ? (size_t)(behind - (const char *)bytes) + 1 : bytes_count};
    struct slice path = {behind != NULL ? behind + 5 : NULL,
                         behind != NULL ? bytes_count - (size_t)(behind + 5 - (const char *)bytes) : 0};
    if (config_tree_from_yaml(&arena, "f", yaml, &root, &error) == STATUS_OK && root != NULL) {
        const struct rate_config *config = rate_load(&arena, &scope, root);
        if (config != NULL) {
            ASSERT(problems.errors_count == 0);
            check_config(config);
            check_class(config, path);
        } else {
            check_problems(&problems);
        }
    }
    problems_destroy(&problems);
    arena_destroy(&arena);
    return 0;
}
