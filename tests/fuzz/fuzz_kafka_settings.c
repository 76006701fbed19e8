/* Fuzzes what a user says of Kafka. Lines of the input: INPUT, --output, --rejects, then KEY=VALUE of --librdkafka.
 *
 * Oracle: on success brokers, topics and group keep their rules, every property is one that its client knows, and the URL that is made of
 * the result means the same; on failure there is a sentence, and it is the same on a second reading. With a marker in place of every
 * property's value no sentence shows the marker.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "config/kafka_settings.h"
#include "schemas/limits.h"

#define LINES_MAX 16u
#define LINE_TEXT_BYTES_MAX 2048u
#define MARKER "m4rker-of-a-s3cret"

static const char name_bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

struct fuzz_lines {
    char texts[LINES_MAX][LINE_TEXT_BYTES_MAX];
    const char *items[LINES_MAX];
    size_t count;
};

static bool resolve(struct kafka_settings *settings, struct problems *problems, const struct fuzz_lines *lines) {
    const struct kafka_request request = {
        .inputs = {lines->items, lines->count > 0},
        .output = {lines->count > 1 && lines->items[1][0] != '\0' ? lines->items[1] : NULL, NULL},
        .rejects = {lines->count > 2 && lines->items[2][0] != '\0' ? lines->items[2] : NULL, NULL},
        .properties = {lines->items + 3, lines->count > 3 ? lines->count - 3 : 0},
    };
    *problems = (struct problems){.first = NULL};
    bool good = kafka_settings_resolve(settings, &request, problems);
    ASSERT(good == (problems->errors_count == 0) && problems->warnings_count == 0 && !problems->no_memory);
    return good;
}

static void release(struct kafka_settings *settings, struct problems *problems) {
    kafka_settings_destroy(settings);
    problems_destroy(problems);
}

/* --- what holds of a result ----------------------------------------------------------------------- */

static void check_cluster(const struct kafka_cluster *cluster, bool consumer) {
    struct slice rest = slice_from(cluster->brokers);
    size_t count = 0;
    for (; rest.ptr != NULL; count++) {
        struct slice broker = slice_cut(&rest, ',');
        const char *colon = memrchr(broker.ptr, ':', broker.len);
        ASSERT(colon != NULL && colon > broker.ptr && colon < broker.ptr + broker.len - 1);
        ASSERT(strspn(colon + 1, "0123456789") == broker.len - (size_t)(colon + 1 - broker.ptr));
        if (broker.ptr[0] == '[') {
            ASSERT(colon[-1] == ']' &&
                   strspn(broker.ptr + 1, "0123456789abcdefABCDEF:.") == (size_t)(colon - broker.ptr) - 2);
        } else {
            ASSERT(strspn(broker.ptr, name_bytes) == (size_t)(colon - broker.ptr));
        }
    }
    ASSERT(count >= 1 && count <= KAFKA_BROKERS_MAX);
    for (size_t i = 0; i < cluster->properties_count; i++) {
        const struct kafka_property *property = &cluster->properties[i];
        ASSERT(property->value[0] != '\0' && (consumer ? property->consumer : property->producer));
        ASSERT(strcmp(property->name, "group.id") != 0 && strcmp(property->name, "plugin.library.paths") != 0);
    }
}

static void check_name(const char *name) {
    size_t bytes = strlen(name);
    ASSERT(bytes >= 1 && bytes <= KAFKA_NAME_BYTES_MAX && strspn(name, name_bytes) == bytes);
}

/* The URL that says what an input is, with every byte of a topic encoded that may have to be. */
static void write_url(char *out, size_t out_bytes, const struct kafka_input *input) {
    char *end = out + out_bytes;
    out += snprintf(out, out_bytes, "kafka://%s", input->cluster.brokers);
    for (size_t i = 0; i < input->topics_count; i++) {
        *out++ = i == 0 ? '/' : ',';
        for (const char *at = input->topics[i]; *at != '\0'; at++)
            out += snprintf(out, (size_t)(end - out), strchr(name_bytes, *at) != NULL ? "%c" : "%%%02x",
                            (unsigned char)*at);
    }
    snprintf(out, (size_t)(end - out), "?group=%s&start=%s", input->group,
             input->start == KAFKA_START_LATEST ? "latest" : "earliest");
}

static void check_round_trip(const struct kafka_input *input) {
    static char url[8 * LINE_TEXT_BYTES_MAX];
    static struct fuzz_lines again;
    struct kafka_settings settings;
    struct problems problems;
    write_url(url, sizeof url, input);
    again.items[0] = url;
    again.count = 1;
    ASSERT(resolve(&settings, &problems, &again));
    ASSERT(settings.has_input && strcmp(settings.input.cluster.brokers, input->cluster.brokers) == 0);
    ASSERT(strcmp(settings.input.group, input->group) == 0 && settings.input.topics_count == input->topics_count);
    ASSERT(input->start == KAFKA_START_TIME || settings.input.start == input->start);
    for (size_t i = 0; i < input->topics_count; i++) ASSERT(strcmp(settings.input.topics[i], input->topics[i]) == 0);
    release(&settings, &problems);
}

static void check_settings(const struct kafka_settings *settings) {
    const struct kafka_input *input = &settings->input;
    const struct kafka_output *output = &settings->output;
    if (settings->has_input) {
        check_cluster(&input->cluster, true);
        check_name(input->group);
        ASSERT(input->topics_count >= 1 && input->topics_count <= KAFKA_TOPICS_MAX && input->formats_count == 0);
        ASSERT(input->start_ms >= 0 && (input->start == KAFKA_START_TIME || input->start_ms == 0));
        for (size_t i = 0; i < input->topics_count; i++)
            if (input->topics[i][0] != '^') check_name(input->topics[i]);
        check_round_trip(input);
    }
    if (!settings->has_output) return;
    check_cluster(&output->cluster, false);
    ASSERT(output->records_topic != NULL || output->rejects_topic != NULL);
    if (output->records_topic != NULL) check_name(output->records_topic);
    if (output->rejects_topic != NULL) check_name(output->rejects_topic);
}

static void check_problems(const struct problems *problems) {
    for (const struct problem *problem = problems->first; problem != NULL; problem = problem->next) {
        ASSERT(problem->text[0] != '\0' && strstr(problem->text, MARKER) == NULL);
        for (const char *at = problem->text; *at != '\0'; at++) ASSERT((unsigned char)*at >= 0x20 && *at != 0x7F);
    }
}

static void check_equal(const struct problems *a, const struct problems *b) {
    const struct problem *left = a->first, *right = b->first;
    for (; left != NULL && right != NULL; left = left->next, right = right->next)
        ASSERT(strcmp(left->text, right->text) == 0);
    ASSERT(left == NULL && right == NULL);
}

/* --- one input ------------------------------------------------------------------------------------ */

/* The marker must come from nowhere else, files are not read, and glibc takes for ever with {1,9}{1,9} and \1 of a regular expression. */
static bool is_left_out(const char *text) {
    return strstr(text, MARKER) != NULL || strstr(text, "_file") != NULL || strpbrk(text, "{\\") != NULL ||
           strcasestr(text, "%7b") != NULL || strcasestr(text, "%5c") != NULL;
}

static bool read_lines(struct fuzz_lines *lines, const uint8_t *data, size_t size) {
    struct slice rest = {(const char *)data, size};
    lines->count = 0;
    while (rest.len > 0 && lines->count < LINES_MAX) {
        struct slice line = slice_cut(&rest, '\n');
        if (line.len >= LINE_TEXT_BYTES_MAX || memchr(line.ptr, '\0', line.len) != NULL) return false;
        char *text = lines->texts[lines->count];
        memcpy(text, line.ptr, line.len);
        text[line.len] = '\0';
        if (is_left_out(text)) return false;
        lines->items[lines->count++] = text;
    }
    return true;
}

static void hide_values(struct fuzz_lines *lines) {
    for (size_t i = 3; i < lines->count; i++) {
        size_t key_bytes = strcspn(lines->texts[i], "=");
        if (lines->texts[i][key_bytes] == '=' && key_bytes + sizeof "=" MARKER < LINE_TEXT_BYTES_MAX)
            strcpy(lines->texts[i] + key_bytes, "=" MARKER);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct fuzz_lines lines;
    struct kafka_settings settings[2];
    struct problems problems[2];
    if (!read_lines(&lines, data, size)) return 0;
    for (size_t i = 0; i < 2; i++) {
        if (resolve(&settings[i], &problems[i], &lines)) check_settings(&settings[i]);
        check_problems(&problems[i]);
    }
    check_equal(&problems[0], &problems[1]);
    for (size_t i = 0; i < 2; i++) release(&settings[i], &problems[i]);
    hide_values(&lines);
    (void)resolve(&settings[0], &problems[0], &lines);
    check_problems(&problems[0]);
    release(&settings[0], &problems[0]);
    return 0;
}
