/* Inputs without an end stay what they are: only files and directories can be followed.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "app/run_follow.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/input_settings.h"
#include "app/log.h"

static bool is_followed(const struct arguments *arguments, const struct run_settings *settings, size_t argument) {
    const struct config_node *node = input_node(arguments, argument);
    const struct config_node *own = node != NULL ? config_node_member(node, "follow") : NULL;
    if (strstr(arguments->inputs.items[argument], "://") != NULL) return false;
    return own != NULL ? strcmp(own->text.ptr, "true") == 0 : settings->follow.all;
}

static enum status check(const char *input, struct error *error) {
    if (strcmp(input, "-") == 0)
        return error_set(error, STATUS_USAGE,
                         "--follow: stdin is read to its end in any case; name files or directories");
    if (strpbrk(input, "*?[") != NULL && access(input, F_OK) != 0)
        return error_set(error, STATUS_USAGE,
                         "--follow: input %s: a glob would be expanded once; name the directory, or the files", input);
    return STATUS_OK;
}

enum status run_follow_choose(struct run_follow *follow, const struct arguments *arguments,
                              const struct run_settings *settings, struct error *error) {
    enum status status = STATUS_OK;
    size_t count = arguments->inputs.count;
    if (count == 0 && settings->follow.all)
        return error_set(error, STATUS_USAGE, "--follow: no INPUT; name files or directories to follow");
    follow->roots = calloc(count + 1, sizeof *follow->roots);
    follow->taken = calloc(count + 1, sizeof *follow->taken);
    if (follow->roots == NULL || follow->taken == NULL) return error_set(error, STATUS_FAILED, "inputs: out of memory");
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        if (!is_followed(arguments, settings, i)) continue;
        status = check(arguments->inputs.items[i], error);
        follow->taken[i] = true;
        follow->roots[follow->roots_count++] = (struct follow_root){.path = arguments->inputs.items[i], .argument = i};
    }
    return status;
}

/* The folder that a file is or will be in, without links, with a slash behind it; to be freed. NULL: there is none. */
static char *real_folder(const char *path) {
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
    char *real = folder != NULL ? realpath(folder, NULL) : NULL, *text = NULL;
    if (real != NULL && asprintf(&text, "%s/", real) < 0) text = NULL;
    free(folder);
    free(real);
    return text;
}

enum status run_follow_refuse(const struct run_follow *follow, const char *what, const char *output,
                              struct error *error) {
    enum status status = STATUS_OK;
    if (output == NULL || strcmp(output, "-") == 0 || strstr(output, "://") != NULL) return STATUS_OK;
    char *folder = real_folder(output);
    for (size_t i = 0; i < follow->roots_count && folder != NULL && status == STATUS_OK; i++) {
        char *root = realpath(follow->roots[i].path, NULL);
        size_t bytes = root != NULL ? strlen(root) : 0;
        bool inside = bytes > 0 && strncmp(folder, root, bytes) == 0 && (folder[bytes] == '/' || bytes == 1);
        if (inside)
            status = error_set(error, STATUS_USAGE,
                               "%s: %s: lies in %s, which is followed, so it would be read as it is written; write "
                               "somewhere else",
                               what, output, follow->roots[i].path);
        free(root);
    }
    free(folder);
    return status;
}

void run_follow_say(enum follow_word word, const char *message) {
    if (word == FOLLOW_INFO)
        log_message(LOG_INFO, "%s", message);
    else
        log_limited(LOG_KIND_INPUT, word == FOLLOW_ERROR ? LOG_ERROR : LOG_WARNING, "%s", message);
}

struct follow_counts run_follow_counts(const struct run_follow *follow) {
    return follow->follow != NULL ? follow_counts(follow->follow) : (struct follow_counts){.files = 0};
}

void run_follow_destroy(struct run_follow *follow) {
    follow_free(follow->follow);
    free(follow->roots);
    free(follow->taken);
    *follow = (struct run_follow){.roots = NULL};
}
