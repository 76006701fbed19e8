/* wherefrom-generate: made-up logs of balancers and proxies, for measuring and for demonstrations.
 *
 * Real logs hold people's addresses and may not be shared, and a corpus of a few lines repeated fits every cache; so
 * the corpus is made: the same seed gives the same bytes anywhere, 170,000 clients by Zipf's law, lines that pack
 * about as well as real ones.
 *
 * Threads: one. */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/generate_format.h"
#include "bench/generate_mixed.h"
#include "bench/generate_tree.h"

#define BLOCK_BYTES (1u << 20)
#define CLIENTS_DEFAULT 170000
#define LINE_STEP_US 1000 /* a corpus of a million lines is 17 minutes of a busy balancer */

static const char usage[] =
    "usage: wherefrom-generate FORMAT --lines N --seed S [--clients N] [--start YYYY-MM-DD] [-o FILE]\n"
    "       wherefrom-generate mixed --lines N --seed S [--labels FILE] [--clients N] [--start YYYY-MM-DD] [-o FILE]\n"
    "       wherefrom-generate tree DIR --seed S [--files N] [--lines-per-file N] [--start YYYY-MM-DD]\n"
    "\n"
    "Writes made-up logs: lines of one format, lines of all formats in one stream, or a tree of objects with S3 keys.\n"
    "The same options give the same lines on any machine. A header line, where the format has one, is not counted;\n"
    "`mixed` has none, and no lines of formats that need one to be told.\n"
    "\n"
    "  --lines N            lines to write (default 1000)\n"
    "  --seed S             a number (default 1)\n"
    "  --clients N          distinct clients (default 170000, or 17 % of fewer than a million lines)\n"
    "  --start YYYY-MM-DD   first day, UTC (default 2026-11-01)\n"
    "  -o FILE              where to (default: standard output)\n"
    "  --labels FILE        for each line of `mixed` a line with its FORMAT and what wherefrom calls it\n"
    "  --files N            objects of the tree (default 40)\n"
    "  --lines-per-file N   lines of each, 16 at least (default 2000)\n"
    "\n"
    "FORMAT:\n";

struct options {
    const char *command, *directory, *output, *labels;
    uint64_t lines, seed, clients, files, lines_per_file;
    int64_t start_us;
};

static int usage_error(const char *what, const char *value) {
    fprintf(stderr, "wherefrom-generate: %s: %s (see wherefrom-generate --help)\n", what, value);
    return -1;
}

static int parse_number(const char *text, uint64_t limit, uint64_t *number) {
    char *end;
    errno = 0;
    *number = strtoull(text, &end, 10);
    bool good = errno == 0 && end != text && *end == '\0' && text[0] != '-' && *number <= limit;
    return good ? 0 : usage_error("not a number that fits", text);
}

static int parse_day(const char *text, int64_t *time_us) {
    struct tm day = {0};
    char rest;
    if (sscanf(text, "%4d-%2d-%2d%c", &day.tm_year, &day.tm_mon, &day.tm_mday, &rest) != 3 || day.tm_year < 1971)
        return usage_error("not a day like 2026-11-01", text);
    day.tm_year -= 1900;
    day.tm_mon -= 1;
    *time_us = (int64_t)timegm(&day) * 1000000;
    return 0;
}

static int parse_option(struct options *options, const char *name, const char *value) {
    const struct {
        const char *name;
        uint64_t limit, *number;
    } numbers[] = {
        {"--lines", UINT32_MAX, &options->lines},
        {"--seed", UINT64_MAX, &options->seed},
        {"--clients", UINT32_MAX / 2, &options->clients},
        {"--files", 100000, &options->files},
        {"--lines-per-file", 100000000, &options->lines_per_file},
    };
    if (value == NULL) return usage_error("unknown option, or its value is missing", name);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (strcmp(name, numbers[i].name) == 0) return parse_number(value, numbers[i].limit, numbers[i].number);
    if (strcmp(name, "--start") == 0) return parse_day(value, &options->start_us);
    const char **text = strcmp(name, "-o") == 0         ? &options->output
                        : strcmp(name, "--labels") == 0 ? &options->labels
                                                        : NULL;
    if (text == NULL) return usage_error("unknown option", name);
    *text = value;
    return 0;
}

static int parse_options(int count, char **arguments, struct options *options) {
    *options = (struct options){
        .lines = 1000, .seed = 1, .files = 40, .lines_per_file = 2000, .start_us = INT64_C(1793491200000000)};
    if (count < 2) return usage_error("what to make", "no word given");
    options->command = arguments[1];
    int next = 2;
    if (strcmp(options->command, "tree") == 0) {
        if (count < 3) return usage_error("tree", "no directory given");
        options->directory = arguments[next++];
    }
    for (; next < count; next += 2)
        if (parse_option(options, arguments[next], next + 1 < count ? arguments[next + 1] : NULL) != 0) return -1;
    if (options->clients == 0)
        options->clients = options->lines >= 1000000 ? CLIENTS_DEFAULT : options->lines * 17 / 100 + 1;
    if (options->labels != NULL && strcmp(options->command, "mixed") != 0)
        return usage_error("--labels", "of `mixed` only");
    if (options->lines_per_file < 16) return usage_error("--lines-per-file", "16 at least");
    return 0;
}

static int write_all(int file, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t written = write(file, bytes, length);
        if (written < 0) {
            if (errno == EINTR) continue;
            return -1;
        }
        bytes += written;
        length -= (size_t)written;
    }
    return 0;
}

/* Returns 0, or -1 with errno set. */
static int write_stream(const struct options *options, const struct generate_format *format, int file) {
    struct generate_line line = {.format = format,
                                 .dice = {dice_hash(options->seed, 0)},
                                 .seed = options->seed,
                                 .lines = options->lines,
                                 .clients = (uint32_t)options->clients,
                                 .step_us = LINE_STEP_US,
                                 .clock_us = options->start_us};
    generate_site_init(&line.site, format->site, options->seed, 0);
    static char block[BLOCK_BYTES];
    struct put put = {block, block + sizeof block};
    if (format->header != NULL) put_text(&put, format->header);
    int status = 0;
    while (status == 0 && line.made < options->lines) {
        generate_line_put(&line, &put);
        if (put.end - put.next < PUT_LINE_BYTES_MAX || line.made == options->lines) {
            status = write_all(file, block, (size_t)(put.next - block));
            put.next = block;
        }
    }
    return status;
}

static int run_stream(const struct options *options, const struct generate_format *format) {
    bool named = options->output != NULL;
    int file = named ? open(options->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : STDOUT_FILENO;
    if (file < 0 || write_stream(options, format, file) != 0 || (named && close(file) != 0)) {
        fprintf(stderr, "wherefrom-generate: %s: %s\n", named ? options->output : "standard output", strerror(errno));
        return 1;
    }
    return 0;
}

static int complain(const char *path) {
    fprintf(stderr, "wherefrom-generate: %s: %s\n", path, strerror(errno));
    return 1;
}

static int run_mixed(const struct options *options) {
    const struct generate_mixed mixed = {.seed = options->seed,
                                         .lines = options->lines,
                                         .clients = (uint32_t)options->clients,
                                         .start_us = options->start_us};
    FILE *lines = options->output != NULL ? fopen(options->output, "w") : stdout;
    if (lines == NULL) return complain(options->output);
    FILE *labels = options->labels != NULL ? fopen(options->labels, "w") : NULL;
    if (options->labels != NULL && labels == NULL) return complain(options->labels);
    if (generate_mixed_write(&mixed, lines, labels) != 0 || fclose(lines) != 0 ||
        (labels != NULL && fclose(labels) != 0))
        return complain("mixed");
    return 0;
}

static void print_help(void) {
    fputs(usage, stdout);
    for (uint32_t i = 0; i < generate_formats_count; i++)
        printf("  %-18s %s\n", generate_formats[i].name, generate_formats[i].help);
}

int main(int count, char **arguments) {
    if (count > 1 && strcmp(arguments[1], "--help") == 0) {
        print_help();
        return 0;
    }
    struct options options;
    if (parse_options(count, arguments, &options) != 0) return 2;
    const struct generate_format *format = generate_format_find(options.command);
    if (format != NULL) return run_stream(&options, format);
    if (strcmp(options.command, "mixed") == 0) return run_mixed(&options);
    if (options.directory == NULL) {
        usage_error("unknown word", options.command);
        return 2;
    }
    struct generate_tree tree = {.directory = options.directory,
                                 .seed = options.seed,
                                 .files = (uint32_t)options.files,
                                 .lines_per_file = (uint32_t)options.lines_per_file,
                                 .start_us = options.start_us};
    return generate_tree_write(&tree) == 0 ? 0 : 1;
}
