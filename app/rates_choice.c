/* Rates are roll-ups: they go where those go, and share their memory.
 *
 * Threads: main thread. */
#include "app/rates_choice.h"

#include "app/memory_plan.h"

/* Whether what the user gives them leaves enough for all others. */
static bool check_memory(const struct problem_scope *scope, const struct config_node *section,
                         const struct rate_config *config, const struct run_settings *settings) {
    const struct memory_users users = {.rollups = true, .rates = true, .outputs = 1};
    uint64_t bytes_max = memory_plan_make(settings->memory_max_bytes, &users).rates_bytes_max;
    return config->mem_bytes <= bytes_max ||
           problem_report(scope, config_node_member(section, "mem"),
                          "rate: mem: at most %llu MiB of a --memory-max of %llu MiB; give that more",
                          (unsigned long long)(bytes_max >> 20),
                          (unsigned long long)(settings->memory_max_bytes >> 20));
}

/* Whether anything is counted by class. */
static bool counts_classes(const struct rate_settings *settings) {
    for (uint32_t i = 0; i < settings->dims_count; i++)
        if ((settings->dims[i].parts & 1u << RATE_PATH_CLASS) != 0) return true;
    for (uint32_t i = 0; i < settings->limits_count; i++) {
        const struct rate_limit *limit = &settings->limits[i];
        if ((limit->key.parts & 1u << RATE_PATH_CLASS) != 0 || limit->path_class != RATE_CLASS_NONE) return true;
    }
    return false;
}

bool rates_choice_resolve(struct rates_choice *choice, const struct arguments *arguments,
                          const struct run_settings *settings, enum rates_use use, struct problems *problems) {
    const struct config_node *section = arguments->sections.trees[CONFIG_RATE];
    const struct problem_scope scope = {.problems = problems, .file = arguments->config_path};
    *choice = (struct rates_choice){0};
    if (section == NULL && use != RATES_FOR_TOP) return true;
    struct rate_config *config = rate_load(&choice->arena, &scope, section);
    choice->config = config;
    if (config == NULL || !check_memory(&scope, section, config, settings)) return false;
    if (section == NULL || config_node_member(section, "lateness") == NULL)
        config->settings.lateness_s = (uint32_t)settings->rollups_lateness_s; /* that of all roll-ups */
    choice->settings = &choice->config->settings;
    choice->bytes = choice->config->mem_bytes;
    choice->classes = path_class_new(config->paths, counts_classes(choice->settings) ? config->paths_count : 0);
    if (choice->classes == NULL) return problem_no_memory(&scope);
    bool for_filter = section != NULL && section->count == 1 && config_node_member(section, "path_class") != NULL;
    if (settings->rollups == NULL && use == RATES_OF_RUN && !for_filter)
        problem_warn(&scope, section, "rate: counts nothing without --rollups OUT, where its documents would go");
    return true;
}

void rates_choice_destroy(struct rates_choice *choice) {
    path_class_free(choice->classes);
    arena_destroy(&choice->arena);
}

void rates_choice_print(const struct rates_choice *choice, FILE *out) {
    if (choice->settings != NULL) rate_config_print(choice->config, out);
}
