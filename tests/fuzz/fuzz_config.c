/* Fuzzes the config file: bytes -> a file in memory -> settings.
 *
 * Oracle: on success every value is within the bounds of its row, texts are whole and lists are what they
 * count; on failure there is one printable sentence that names the file, and it is the same on a second reading.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "app/arguments.h"
#include "base/check.h"
#include "schemas/limits.h"

struct settings {
    const char *config, *output;
    struct option_list geo;
    bool quiet;
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
     .kind = OPTION_TEXT,
     .offset = offsetof(struct settings, output),
     .placeholder = "OUT",
     .default_text = "-"},
    {.name = "geo", .kind = OPTION_LIST, .offset = offsetof(struct settings, geo), .placeholder = "FILE"},
    {.name = "quiet", .kind = OPTION_FLAG, .offset = offsetof(struct settings, quiet)},
    {.name = "workers",
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
     .min = 16u << 20,
     .max = UINT64_C(8) << 30},
    {.name = "since", .kind = OPTION_TIME, .offset = offsetof(struct settings, since), .placeholder = "TIME"},
    {.name = "schema", .kind = OPTION_CHOICE, .offset = offsetof(struct settings, schema), .choices = schemas},
};

static void check_list(const struct option_list *list, size_t text_bytes) {
    ASSERT((list->items == NULL) == (list->count == 0));
    size_t bytes = 0;
    for (size_t i = 0; i < list->count; i++) {
        ASSERT(list->items[i][0] != '\0');
        bytes += strlen(list->items[i]);
    }
    /* what was not in the file cannot be in the list; an escape such as \L gives three bytes for two */
    ASSERT(bytes <= text_bytes * 2);
}

static void check_settings(const struct settings *settings, size_t text_bytes) {
    ASSERT(settings->workers >= 1 && settings->workers <= 64);
    ASSERT(settings->memory >= 16u << 20 && settings->memory <= UINT64_C(8) << 30);
    ASSERT(settings->since >= 0 && settings->since / 1000000000 < INT64_C(9214646400));
    ASSERT(settings->schema >= 0 && settings->schema <= 2);
    ASSERT(settings->quiet == true || settings->quiet == false);
    ASSERT(settings->output != NULL && settings->output[0] != '\0' && strlen(settings->output) <= text_bytes * 2 + 1);
    ASSERT(settings->geo.count <= LIST_ITEMS_MAX);
    check_list(&settings->geo, text_bytes);
}

static void check_message(const char *message) {
    ASSERT(strncmp(message, "config: /proc/self/fd/", strlen("config: /proc/self/fd/")) == 0);
    for (const char *at = message; *at != '\0'; at++) {
        ASSERT((unsigned char)*at >= 0x20);
    }
}

static enum status parse(char *path, size_t text_bytes, struct error *error) {
    struct settings settings;
    const struct option_group group = {
        .title = "All", .specs = specs, .specs_count = sizeof specs / sizeof *specs, .settings = &settings};
    char *argv[] = {(char *)(uintptr_t) "-c", path};
    struct arguments arguments;
    enum status status = arguments_parse(&arguments, &group, 1, 2, argv, error);
    if (status == STATUS_OK) {
        check_settings(&settings, text_bytes);
        check_list(&arguments.inputs, text_bytes);
    }
    arguments_destroy(&arguments);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    int file = memfd_create("config", MFD_CLOEXEC);
    ASSERT(file >= 0 && write(file, data, size) == (ssize_t)size);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    struct error first = {{0}}, second = {{0}};
    enum status status = parse(path, size, &first);
    ASSERT(status == STATUS_OK || status == STATUS_USAGE);
    if (status == STATUS_USAGE) {
        check_message(first.message);
        ASSERT(parse(path, size, &second) == status && strcmp(first.message, second.message) == 0);
    }
    close(file);
    return 0;
}
