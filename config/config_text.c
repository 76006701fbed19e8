/* What was read of a file is wiped before its memory is given back; the copy is its owner's to wipe.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "config/config_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/whole_file.h"
#include "schemas/limits.h"

bool config_text_is(const struct config_node *node) {
    return node->kind == CONFIG_TEXT && node->text.len > 0 && strlen(node->text.ptr) == node->text.len;
}

struct option_shown config_text_shown(const struct config_node *node) {
    if (config_text_is(node)) return option_value_shown(node->text.ptr);
    struct option_shown kind;
    snprintf(kind.text, sizeof kind.text, "%s",
             node->kind == CONFIG_TEXT ? "an empty text or a NUL" : config_node_kind_name(node));
    return kind;
}

/* Neither shows what was given: a secret may have been put in place of the name. */
static bool read_environment(const struct problem_scope *scope, const struct config_node *member, struct slice *text) {
    const char *value = getenv(member->text.ptr);
    if (value != NULL) *text = slice_from(value);
    return value != NULL ||
           problem_report(scope, member, "%s: the environment has no variable of that name", member->key.ptr);
}

void config_text_warn_of_readers(const struct problem_scope *scope, const struct config_node *member,
                                 const char *path) {
    struct stat about;
    if (stat(path, &about) != 0 || !S_ISREG(about.st_mode) || (about.st_mode & S_IROTH) == 0) return;
    if (about.st_nlink == 0) return; /* nobody can name it */
    problem_warn(scope, member, "%s: everybody on this machine can read that file (mode %04o); run `chmod o-r` on it",
                 member->key.ptr, (unsigned)(about.st_mode & 07777));
}

static bool read_file(struct arena *arena, const struct problem_scope *scope, const struct config_node *member,
                      struct slice *text) {
    struct slice read;
    struct error error;
    enum status status = whole_file_read(member->text.ptr, SECRET_BYTES_MAX, &read, &error);
    if (status == STATUS_FAILED) return problem_no_memory(scope);
    if (status != STATUS_OK)
        return problem_report(scope, member, "%s: the file that is named: %s", member->key.ptr, error.message);
    config_text_warn_of_readers(scope, member, member->text.ptr);
    *text = arena_copy(arena, (struct slice){read.ptr, read.len - slice_ends_with(read, SLICE("\n"))});
    explicit_bzero((void *)(uintptr_t)read.ptr, read.len);
    whole_file_free(read);
    return text->ptr != NULL || problem_no_memory(scope);
}

bool config_text_read(struct arena *arena, const struct problem_scope *scope, const struct config_node *member,
                      enum text_source source, const char **text) {
    static const char *const expected[] = {[TEXT_PLAIN] = "a value",
                                           [TEXT_FROM_ENVIRONMENT] = "the name of an environment variable",
                                           [TEXT_FROM_FILE] = "the path of a file"};
    if (member->kind != CONFIG_TEXT)
        return problem_report(scope, member, "%s: expected %s, got %s", member->key.ptr, expected[source],
                              config_node_kind_name(member));
    struct slice value = member->text;
    if (source == TEXT_FROM_ENVIRONMENT && !read_environment(scope, member, &value)) return false;
    if (source == TEXT_FROM_FILE && !read_file(arena, scope, member, &value)) return false;
    if (value.len == 0 || memchr(value.ptr, '\0', value.len) != NULL)
        return problem_report(scope, member, "%s: the value is empty, or has a NUL in it", member->key.ptr);
    *text = source == TEXT_FROM_FILE ? value.ptr : arena_copy(arena, value).ptr;
    return *text != NULL || problem_no_memory(scope);
}
