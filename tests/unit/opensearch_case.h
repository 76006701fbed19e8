/* What command line and config say of OpenSearch, as a text that is easy to compare.
 *
 * Threads: one. */
#ifndef WHEREFROM_OPENSEARCH_CASE_H
#define WHEREFROM_OPENSEARCH_CASE_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "app/run_outputs.h"
#include "base/check.h"

#define OPENSEARCH_CASE_ARGUMENTS_MAX 10

struct opensearch_case {
    char config[64]; /* its path, "" for none */
    struct run_settings settings;
    struct option_group groups[RUN_GROUPS];
    struct arguments arguments;
    struct problems problems;
    struct run_outputs outputs;
    char text[8192];
};

static inline void opensearch_case_put(struct opensearch_case *test, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static inline void opensearch_case_put(struct opensearch_case *test, const char *format, ...) {
    size_t used = strlen(test->text);
    va_list arguments;
    va_start(arguments, format);
    int bytes = vsnprintf(test->text + used, sizeof test->text - used, format, arguments);
    va_end(arguments);
    ASSERT(bytes >= 0 && (size_t)bytes < sizeof test->text - used);
}

/* "LINE:COLUMN: what", one a line, a ? in front of a warning. */
static inline void opensearch_case_put_problems(struct opensearch_case *test) {
    for (const struct problem *problem = test->problems.first; problem != NULL; problem = problem->next) {
        if (problem->severity == PROBLEM_WARNING) opensearch_case_put(test, "?");
        if (problem->file != NULL) opensearch_case_put(test, "%u:%u: ", problem->place.line, problem->place.column);
        opensearch_case_put(test, "%s\n", problem->text);
    }
}

/* What is not as it is when nothing is said of it. */
static inline void opensearch_case_put_output(struct opensearch_case *test, const struct opensearch_output *output) {
    opensearch_case_put(test, "%s %s%s", output->url, output->name, output->dated ? " by day" : "");
    if (output->pipeline != NULL) opensearch_case_put(test, " | %s", output->pipeline);
    if (output->user != NULL) opensearch_case_put(test, " %s:%s", output->user, output->password);
    if (output->ca_file != NULL) opensearch_case_put(test, " ca %s", output->ca_file);
    if (output->certificate != NULL) opensearch_case_put(test, " client %s %s", output->certificate, output->key);
    if (output->aws_region != NULL) opensearch_case_put(test, " aws %s/%s", output->aws_region, output->aws_service);
    if (output->gzip) opensearch_case_put(test, " gzip");
    if (output->any_mapping) opensearch_case_put(test, " any mapping");
    if (output->without_ids) opensearch_case_put(test, " without ids");
    if (output->connections_max != 4) opensearch_case_put(test, " connections %u", output->connections_max);
    if (output->timeout_s != 60) opensearch_case_put(test, " timeout %u", output->timeout_s);
}

/* Resolves a config (NULL: none) and arguments behind it (NULL ends them); the text is in `test` until opensearch_case_end. */
static inline const char *opensearch_case_resolve(struct opensearch_case *test, const char *config,
                                                  const char *const *argv) {
    char *all[OPENSEARCH_CASE_ARGUMENTS_MAX + 2];
    int argc = 0, file = -1;
    struct error error;
    *test = (struct opensearch_case){.config = ""};
    if (config != NULL) {
        file = memfd_create("config", MFD_CLOEXEC);
        ASSERT(file >= 0 && write(file, config, strlen(config)) == (ssize_t)strlen(config));
        snprintf(test->config, sizeof test->config, "/proc/self/fd/%d", file);
        all[argc++] = (char *)(uintptr_t) "-c";
        all[argc++] = test->config;
    }
    for (; argv != NULL && *argv != NULL; argv++) all[argc++] = (char *)(uintptr_t)*argv;
    run_settings_groups(&test->settings, test->groups);
    enum status status = arguments_parse(&test->arguments, test->groups, RUN_GROUPS, argc, all, &error);
    if (file >= 0) close(file);
    if (status != STATUS_OK) {
        /* the number of the descriptor is the machine's affair */
        const char *path = test->config[0] != '\0' ? strstr(error.message, test->config) : NULL;
        if (path == NULL)
            opensearch_case_put(test, "not read: %s", error.message);
        else
            opensearch_case_put(test, "not read: %.*sFILE%s", (int)(path - error.message), error.message,
                                path + strlen(test->config));
        return test->text;
    }
    bool good = run_outputs_resolve(&test->outputs, &test->arguments, &test->settings, &test->problems);
    ASSERT(good == (test->problems.errors_count == 0));
    opensearch_case_put_problems(test);
    for (uint32_t i = 0; good && i < test->outputs.count; i++) {
        const struct run_output *output = &test->outputs.items[i];
        if (test->outputs.count > 1)
            opensearch_case_put(test, "%s%s: %s", i > 0 ? "; " : "", output->name,
                                output->opensearch.has_output ? "" : output->text);
        if (output->opensearch.has_output) opensearch_case_put_output(test, &output->opensearch.output);
    }
    return test->text;
}

static inline void opensearch_case_end(struct opensearch_case *test) {
    run_outputs_destroy(&test->outputs);
    problems_destroy(&test->problems);
    arguments_destroy(&test->arguments);
}

#endif
