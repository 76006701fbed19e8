/* What is wrong with a config, all of it and not only the first: one sentence each, with its place.
 *
 * Threads: main thread. */
#ifndef WHEREFROM_PROBLEMS_H
#define WHEREFROM_PROBLEMS_H

#include "config/config_tree.h"

enum severity { PROBLEM_WARNING, PROBLEM_ERROR };

struct problem {
    enum severity severity;
    const char *file;          /* NULL: none */
    struct config_place place; /* line 0: not known */
    const char *text;          /* one line; what is wrong and what to write instead */
    const struct problem *next;
};

/* All zero: none. The first PROBLEMS_MAX are kept, in order of being found. */
struct problems {
    struct arena arena;
    struct problem *first, *last;
    size_t errors_count, warnings_count;
    bool no_memory; /* something could not even be said; counted as an error */
};
void problems_reset(struct problems *problems); /* none, with the memory kept */
void problems_destroy(struct problems *problems);

/* The first error as a sentence of its own, "FILE:LINE:COLUMN: ..."; only when there are errors. STATUS_USAGE, or STATUS_FAILED for
 * lack of memory. */
enum status problems_first_error(const struct problems *problems, struct error *error) WARN_UNUSED;

/* "FILE:LINE:COLUMN: ", as much of it as is known. */
struct problem_place {
    char text[512];
};
struct problem_place problem_place(const struct problem *problem);

/* What is being read at the moment: goes in front of every sentence about it. */
struct problem_scope {
    struct problems *problems;
    const char *file; /* borrowed as long as the problems; NULL: none */
    char where[160];  /* "chains.web hop 2 (cloudfront)"; "": nothing to say */
};
void problem_scope_set(struct problem_scope *scope, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds an error about a node of the scope's file, at its place or at that of the first node around it that has one. Returns false, so
 * that a failing path is one line. */
bool problem_report(const struct problem_scope *scope, const struct config_node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* An error about a word that is none of `known`: suggests the nearest, or lists them. `what`: "format", "carrier". Of a key the place is
 * the key's. */
bool problem_unknown(const struct problem_scope *scope, const struct config_node *node, const char *what,
                     const char *const *known, size_t known_count);
bool problem_unknown_key(const struct problem_scope *scope, const struct config_node *member, const char *const *known,
                         size_t known_count);

/* An error about every member of a mapping whose key is none of `known`. */
bool problem_check_keys(const struct problem_scope *scope, const struct config_node *mapping, const char *const *known,
                        size_t known_count);

/* As problem_report, for a warning, and for any place of any file; `file` is copied. */
void problem_warn(const struct problem_scope *scope, const struct config_node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool problem_report_in(const struct problem_scope *scope, const char *file, struct config_place place,
                       const char *format, ...) __attribute__((format(printf, 4, 5)));
bool problem_no_memory(const struct problem_scope *scope);

#endif
