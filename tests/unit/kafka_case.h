/* What command line and config say of Kafka, as a text that is easy to compare.
 *
 * Threads: one. */
#ifndef WHEREFROM_KAFKA_CASE_H
#define WHEREFROM_KAFKA_CASE_H

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "app/arguments.h"
#include "app/kafka_choice.h"
#include "app/run_outputs.h"
#include "app/run_settings.h"
#include "base/check.h"

#define KAFKA_CASE_ARGUMENTS_MAX 8

struct kafka_case {
    char config[64]; /* its path, "" for none */
    struct run_settings settings;
    struct option_group groups[RUN_GROUPS];
    struct arguments arguments;
    struct problems problems;
    struct run_outputs outputs;
    struct kafka_settings kafka;
    char text[4096];
};

static inline void kafka_case_put(struct kafka_case *test, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static inline void kafka_case_put(struct kafka_case *test, const char *format, ...) {
    size_t used = strlen(test->text);
    va_list arguments;
    va_start(arguments, format);
    int bytes = vsnprintf(test->text + used, sizeof test->text - used, format, arguments);
    va_end(arguments);
    ASSERT(bytes >= 0 && (size_t)bytes < sizeof test->text - used);
}

/* "LINE:COLUMN: what", one a line. */
static inline void kafka_case_put_problems(struct kafka_case *test, const struct problems *problems) {
    for (const struct problem *problem = problems->first; problem != NULL; problem = problem->next) {
        if (problem != problems->first) kafka_case_put(test, "\n");
        if (problem->file != NULL) kafka_case_put(test, "%u:%u: ", problem->place.line, problem->place.column);
        kafka_case_put(test, "%s", problem->text);
    }
}

static inline void kafka_case_put_cluster(struct kafka_case *test, const struct kafka_cluster *cluster) {
    kafka_case_put(test, " %s", cluster->brokers);
    for (size_t i = 0; i < cluster->properties_count; i++)
        kafka_case_put(test, " %s=%s", cluster->properties[i].name, cluster->properties[i].value);
}

static inline void kafka_case_put_input(struct kafka_case *test, const struct kafka_input *input) {
    kafka_case_put(test, "in");
    kafka_case_put_cluster(test, &input->cluster);
    for (size_t i = 0; i < input->topics_count; i++)
        kafka_case_put(test, "%s%s", i == 0 ? " [" : " ", input->topics[i]);
    kafka_case_put(test, "] %s ", input->group);
    if (input->start == KAFKA_START_TIME) {
        kafka_case_put(test, "%lld", (long long)input->start_ms);
    } else {
        kafka_case_put(test, "%s", input->start == KAFKA_START_LATEST ? "latest" : "earliest");
    }
    for (size_t i = 0; i < input->formats_count; i++)
        kafka_case_put(test, " %s:%s", input->formats[i].topic, input->formats[i].format);
}

static inline void kafka_case_put_output(struct kafka_case *test, const struct kafka_output *output) {
    kafka_case_put(test, "%sout", test->text[0] != '\0' ? " | " : "");
    kafka_case_put_cluster(test, &output->cluster);
    kafka_case_put(test, " records %s rejects %s", output->records_topic != NULL ? output->records_topic : "-",
                   output->rejects_topic != NULL ? output->rejects_topic : "-");
}

/* Resolves a config (NULL: none) and arguments behind it (NULL ends them); the text is in `test` until kafka_case_end. */
static inline const char *kafka_case_resolve(struct kafka_case *test, const char *config, const char *const *argv) {
    char *all[KAFKA_CASE_ARGUMENTS_MAX + 2];
    int argc = 0, file = -1;
    struct error error;
    *test = (struct kafka_case){.config = ""};
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
        kafka_case_put(test, "not read: %s", error.message);
        return test->text;
    }
    struct problems others = {.first = NULL}; /* what is not about Kafka */
    (void)!run_outputs_resolve(&test->outputs, &test->arguments, &test->settings, &others);
    problems_destroy(&others);
    bool good = kafka_choice_resolve(&test->kafka, run_outputs_kafka(&test->outputs), &test->arguments, &test->settings,
                                     &test->problems);
    ASSERT(good == (test->problems.errors_count == 0));
    kafka_case_put_problems(test, &test->problems);
    if (good && test->kafka.has_input) kafka_case_put_input(test, &test->kafka.input);
    if (good && test->kafka.has_output) kafka_case_put_output(test, &test->kafka.output);
    return test->text;
}

static inline void kafka_case_end(struct kafka_case *test) {
    kafka_settings_destroy(&test->kafka);
    run_outputs_destroy(&test->outputs);
    problems_destroy(&test->problems);
    arguments_destroy(&test->arguments);
}

#endif
