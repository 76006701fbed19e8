/* Sentences in an arena, in a list.
 *
 * Threads: see the header. */
#include "config/problems.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/check.h"
#include "config/nearest.h"
#include "config/option_value.h"
#include "schemas/limits.h"

#define KNOWN_SHOWN_MAX 16u /* words of a list that is longer */

void problems_reset(struct problems *problems) {
    arena_reset(&problems->arena);
    *problems = (struct problems){.arena = problems->arena};
}

void problems_destroy(struct problems *problems) {
    arena_destroy(&problems->arena);
    *problems = (struct problems){0};
}

/* What was read may hold anything; a problem is one line. */
static void show_controls(char *text) {
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7F) *text = '?';
}

struct problem_place problem_place(const struct problem *problem) {
    struct problem_place place = {""};
    if (problem->file != NULL && problem->place.line != 0) {
        snprintf(place.text, sizeof place.text, "%.400s:%u:%u: ", problem->file, problem->place.line,
                 problem->place.column);
    } else if (problem->file != NULL) {
        snprintf(place.text, sizeof place.text, "%.400s: ", problem->file);
    }
    show_controls(place.text);
    return place;
}

enum status problems_first_error(const struct problems *problems, struct error *error) {
    ASSERT(problems->errors_count > 0);
    if (problems->no_memory) return error_set(error, STATUS_FAILED, "config: out of memory");
    const struct problem *problem = problems->first;
    while (problem != NULL && problem->severity != PROBLEM_ERROR) problem = problem->next;
    if (problem == NULL) return error_set(error, STATUS_USAGE, "config: too many warnings and an error behind them");
    return error_set(error, STATUS_USAGE, "%s%s", problem_place(problem).text, problem->text);
}

void problem_scope_set(struct problem_scope *scope, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(scope->where, sizeof scope->where, format, arguments);
    va_end(arguments);
}

bool problem_no_memory(const struct problem_scope *scope) {
    scope->problems->no_memory = true;
    scope->problems->errors_count++;
    return false;
}

__attribute__((format(printf, 5, 0))) static bool add(const struct problem_scope *scope, enum severity severity,
                                                      const char *file, struct config_place place, const char *format,
                                                      va_list arguments) {
    struct problems *problems = scope->problems;
    size_t before = problems->errors_count + problems->warnings_count;
    severity == PROBLEM_ERROR ? problems->errors_count++ : problems->warnings_count++;
    if (before >= PROBLEMS_MAX) return false;
    char what[ERROR_MESSAGE_BYTES_MAX], whole[ERROR_MESSAGE_BYTES_MAX + sizeof scope->where];
    vsnprintf(what, sizeof what, format, arguments);
    int bytes = snprintf(whole, sizeof whole, "%s%s%s", scope->where, scope->where[0] != '\0' ? ": " : "", what);
    show_controls(whole);
    struct problem *problem = arena_take(&problems->arena, sizeof *problem);
    struct slice text = arena_copy(&problems->arena, (struct slice){whole, (size_t)bytes});
    if (problem == NULL || text.ptr == NULL) return problem_no_memory(scope);
    *problem = (struct problem){.severity = severity, .file = file, .place = place, .text = text.ptr};
    if (problems->last != NULL) {
        problems->last->next = problem;
    } else {
        problems->first = problem;
    }
    problems->last = problem;
    return false;
}

/* Of the node, or of what is around it: presets and what they are filled with have no place of their own. */
static struct config_place place_of(const struct config_node *node) {
    while (node != NULL && node->place.line == 0) node = node->parent;
    return node != NULL ? node->place : (struct config_place){0};
}

bool problem_report(const struct problem_scope *scope, const struct config_node *node, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    add(scope, PROBLEM_ERROR, scope->file, place_of(node), format, arguments);
    va_end(arguments);
    return false;
}

static bool report_unknown(const struct problem_scope *scope, const struct config_node *at, const char *what,
                           const char *word, const char *const *known, size_t known_count) {
    const char *nearest = nearest_word(word, known, known_count);
    if (nearest != NULL)
        return problem_report(scope, at, "unknown %s %s, did you mean \"%s\"?", what, option_value_shown(word).text,
                              nearest);
    char list[KNOWN_SHOWN_MAX * 48] = "";
    size_t used = 0, shown = known_count < KNOWN_SHOWN_MAX ? known_count : KNOWN_SHOWN_MAX;
    for (size_t i = 0; i < shown; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%.40s", i == 0 ? "" : ", ", known[i]);
    snprintf(list + used, sizeof list - used, "%s", shown < known_count ? ", ..." : "");
    return problem_report(scope, at, "unknown %s %s; known are %s", what, option_value_shown(word).text, list);
}

bool problem_unknown(const struct problem_scope *scope, const struct config_node *node, const char *what,
                     const char *const *known, size_t known_count) {
    return report_unknown(scope, node, what, node->text.ptr, known, known_count);
}

bool problem_unknown_key(const struct problem_scope *scope, const struct config_node *member, const char *const *known,
                         size_t known_count) {
    struct config_node at = {.place = member->key_place, .parent = member->parent};
    return report_unknown(scope, &at, "key", member->key.ptr, known, known_count);
}

bool problem_check_keys(const struct problem_scope *scope, const struct config_node *mapping, const char *const *known,
                        size_t known_count) {
    bool good = true;
    for (const struct config_node *member = mapping->first; member != NULL; member = member->next) {
        size_t i = 0;
        while (i < known_count && !slice_equal(member->key, slice_from(known[i]))) i++;
        if (i == known_count) good = problem_unknown_key(scope, member, known, known_count);
    }
    return good;
}

void problem_warn(const struct problem_scope *scope, const struct config_node *node, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    add(scope, PROBLEM_WARNING, scope->file, place_of(node), format, arguments);
    va_end(arguments);
}

bool problem_report_in(const struct problem_scope *scope, const char *file, struct config_place place,
                       const char *format, ...) {
    struct slice copy = arena_copy(&scope->problems->arena, slice_from(file));
    if (copy.ptr == NULL) return problem_no_memory(scope);
    va_list arguments;
    va_start(arguments, format);
    add(scope, PROBLEM_ERROR, copy.ptr, place, format, arguments);
    va_end(arguments);
    return false;
}
