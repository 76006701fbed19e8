/* Fuzzes what a user says of OpenSearch. Lines of the input: --output, then KEY=VALUE of --opensearch.
 *
 * Oracle: on success the parts keep their rules, said here once more, and the URL that is made of them means the same; on failure there is
 * a sentence, and it is the same on a second reading. The same URL with a password in it is refused, and no sentence shows the password,
 * nor the value of a key that is none or is a secret's.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "config/opensearch_settings.h"
#include "config/opensearch_url.h"
#include "schemas/limits.h"

#define LINES_MAX 16u
#define LINE_TEXT_BYTES_MAX 2048u
#define MARKER "m4rker-of-a-s3cret"
#define DATE "-{yyyy.MM.dd}"

struct fuzz_lines {
    char texts[LINES_MAX][4 * LINE_TEXT_BYTES_MAX];
    const char *items[LINES_MAX];
    size_t count;
};

static bool resolve(struct opensearch_settings *settings, struct problems *problems, const struct fuzz_lines *lines) {
    const struct opensearch_request request = {
        .option = "output",
        .text = lines->count > 0 ? lines->items[0] : NULL,
        .pairs = {lines->items + 1, lines->count > 1 ? lines->count - 1 : 0},
    };
    *problems = (struct problems){.first = NULL};
    bool good = opensearch_settings_resolve(settings, &request, problems);
    ASSERT(good == (problems->errors_count == 0) && !problems->no_memory);
    return good;
}

static void release(struct opensearch_settings *settings, struct problems *problems) {
    opensearch_settings_destroy(settings);
    problems_destroy(problems);
}

/* --- what holds of a result ----------------------------------------------------------------------- */

static bool is_plain(const char *text) {
    for (const char *at = text; *at != '\0'; at++)
        if (*at < ' ' || *at > '~') return false;
    return text[0] != '\0' && strlen(text) <= OPENSEARCH_TEXT_BYTES_MAX;
}

static void check_url(const char *url) {
    const char *host = strstr(url, "://");
    ASSERT(host != NULL && (strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0));
    host += 3;
    const char *base = host + strcspn(host, "/"), *port = (const char *)memrchr(host, ':', (size_t)(base - host));
    ASSERT(port != NULL && port > host && strspn(port + 1, "0123456789") == (size_t)(base - port - 1));
    ASSERT(strpbrk(url, "@?#%& ,;") == NULL && strstr(base, "//") == NULL && strstr(base, "/./") == NULL);
    ASSERT(url[strlen(url) - 1] != '/' && strstr(base, "/../") == NULL);
    for (const char *at = host; at < base; at++) ASSERT(*at < 'A' || *at > 'Z');
}

static void check_output(const struct opensearch_output *output) {
    check_url(output->url);
    ASSERT(is_plain(output->name) && strlen(output->name) <= 244);
    ASSERT(strpbrk(output->name, "\\/*?\"<>| ,#:{}ABCDEFGHIJKLMNOPQRSTUVWXYZ") == NULL);
    ASSERT(strchr("-_+.", output->name[0]) == NULL);
    ASSERT(output->pipeline == NULL || is_plain(output->pipeline));
    ASSERT((output->user == NULL) == (output->password == NULL));
    ASSERT(output->user == NULL || (is_plain(output->user) && strchr(output->user, ':') == NULL));
    ASSERT(output->user == NULL || (output->password[0] != '\0' && output->aws_region == NULL));
    ASSERT((output->aws_region == NULL) == (output->aws_service == NULL));
    if (output->aws_region != NULL) {
        ASSERT(strspn(output->aws_region, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(output->aws_region));
        ASSERT(strcmp(output->aws_service, "es") == 0 || strcmp(output->aws_service, "aoss") == 0);
    }
    ASSERT(output->key == NULL || output->certificate != NULL);
    ASSERT((output->ca_file == NULL && output->key == NULL) || strncmp(output->url, "https", 5) == 0);
    ASSERT(output->connections_max >= 1 && output->connections_max <= 64 && output->timeout_s >= 1);
}

static bool same_text(const char *a, const char *b) {
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void check_same(const struct opensearch_output *a, const struct opensearch_output *b) {
    ASSERT(same_text(a->url, b->url) && same_text(a->name, b->name) && a->dated == b->dated);
    ASSERT(same_text(a->pipeline, b->pipeline) && same_text(a->user, b->user) && same_text(a->password, b->password));
    ASSERT(same_text(a->ca_file, b->ca_file) && same_text(a->certificate, b->certificate) && same_text(a->key, b->key));
    ASSERT(same_text(a->aws_region, b->aws_region) && same_text(a->aws_service, b->aws_service));
    ASSERT(a->gzip == b->gzip && a->connections_max == b->connections_max && a->timeout_s == b->timeout_s);
}

static char *put_encoded(char *out, const char *text) {
    for (; *text != '\0'; text++) out += sprintf(out, "%%%02x", (unsigned char)*text);
    return out;
}

/* The URL that says what an output is, every byte encoded that may be. */
static void write_url(char *out, const struct opensearch_output *output) {
    const char *host = strstr(output->url, "://") + 3;
    out += sprintf(out, OPENSEARCH_URL_PREFIX "%.*s", (int)(host - output->url), output->url);
    if (output->user != NULL) {
        out = put_encoded(out, output->user);
        *out++ = '@';
    }
    out += sprintf(out, "%s/", host);
    out = put_encoded(out, output->name);
    if (output->dated) out += sprintf(out, "%s", DATE);
    if (output->pipeline == NULL) return;
    out += sprintf(out, "?pipeline=");
    (void)put_encoded(out, output->pipeline);
}

static void check_round_trip(const struct opensearch_output *output, const struct fuzz_lines *lines) {
    static struct fuzz_lines again;
    struct opensearch_settings settings;
    struct problems problems;
    again = *lines;
    write_url(again.texts[0], output);
    again.items[0] = again.texts[0];
    ASSERT(resolve(&settings, &problems, &again) && settings.has_output);
    check_same(&settings.output, output);
    release(&settings, &problems);
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

/* The marker must come from nowhere else, and files are not read. */
static bool read_lines(struct fuzz_lines *lines, const uint8_t *data, size_t size) {
    struct slice rest = {(const char *)data, size};
    lines->count = 0;
    while (rest.len > 0 && lines->count < LINES_MAX) {
        struct slice line = slice_cut(&rest, '\n');
        if (line.len >= LINE_TEXT_BYTES_MAX || memchr(line.ptr, '\0', line.len) != NULL) return false;
        char *text = lines->texts[lines->count];
        memcpy(text, line.ptr, line.len);
        text[line.len] = '\0';
        if (strstr(text, "m4rker") != NULL || strstr(text, "_file") != NULL) return false;
        lines->items[lines->count++] = text;
    }
    return true;
}

static bool is_shown(const char *pair) {
    static const char *const keys[] = {"user", "ca",       "certificate", "key",    "aws_sigv4",
                                       "gzip", "pipeline", "connections", "timeout"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (strncmp(pair, keys[i], strlen(keys[i])) == 0 && pair[strlen(keys[i])] == '=') return true;
    return false;
}

/* A password where one may be looked for, in the URL and for keys that are none; true: there is one in the URL. */
static bool put_secrets(struct fuzz_lines *lines) {
    for (size_t i = 1; i < lines->count; i++) {
        char *value = strchr(lines->texts[i], '=');
        if (value != NULL && !is_shown(lines->texts[i])) strcpy(value, "=" MARKER);
    }
    char *slashes = lines->count > 0 ? strstr(lines->texts[0], "://") : NULL;
    if (slashes == NULL || !opensearch_url_is(lines->texts[0])) return false;
    static const char password[] = "u:" MARKER "@";
    memmove(slashes + 3 + strlen(password), slashes + 3, strlen(slashes + 3) + 1);
    memcpy(slashes + 3, password, strlen(password));
    strcat(lines->texts[0], strchr(lines->texts[0], '?') != NULL ? "&password=" MARKER : "?password=" MARKER);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct fuzz_lines lines;
    struct opensearch_settings settings[2];
    struct problems problems[2];
    (void)setenv("OPENSEARCH_PASSWORD", "usual", false);
    if (!read_lines(&lines, data, size)) return 0;
    for (size_t i = 0; i < 2; i++) {
        bool good = resolve(&settings[i], &problems[i], &lines);
        if (good && settings[i].has_output) {
            check_output(&settings[i].output);
            check_round_trip(&settings[i].output, &lines);
        }
        check_problems(&problems[i]);
    }
    check_equal(&problems[0], &problems[1]);
    for (size_t i = 0; i < 2; i++) release(&settings[i], &problems[i]);
    bool secret = put_secrets(&lines);
    ASSERT(!resolve(&settings[0], &problems[0], &lines) || !secret);
    check_problems(&problems[0]);
    release(&settings[0], &problems[0]);
    return 0;
}
