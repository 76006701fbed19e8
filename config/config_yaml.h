/* YAML as this program takes it: one document of plain texts, lists and mappings, event by event or as a tree. JSON that
 * holds no surrogate escapes is such YAML, too.
 *
 * libyaml's event interface and not its document tree: each event has its line and column, anchors and tags are seen
 * before anything is built from them, and reading ends at the first mistake. Anchors, aliases, tags and merge keys are
 * refused, so that the work is bounded by the size of the text.
 *
 * Threads: a reader belongs to its caller. */
#ifndef WHEREFROM_CONFIG_YAML_H
#define WHEREFROM_CONFIG_YAML_H

#include <yaml.h>

#include "base/error.h"
#include "config/config_tree.h"

struct config_yaml {
    const char *name; /* of the text, in front of what is wrong */
    struct slice text;
    yaml_parser_t parser;
    yaml_event_t event; /* the current one */
    struct error *error;
};

/* Begins to read `text`, UTF-8; it, `name` and `error` are borrowed until close, which is fine after a failure, too. On STATUS_USAGE of
 * any function here the error is "NAME:LINE:COLUMN: ..." with line and column (in characters) from 1; STATUS_FAILED is lack of memory. */
enum status config_yaml_open(struct config_yaml *yaml, const char *name, struct slice text,
                             struct error *error) WARN_UNUSED;
void config_yaml_close(struct config_yaml *yaml);

/* Steps to the first event of the document, or to YAML_STREAM_END_EVENT when there is none. */
enum status config_yaml_begin(struct config_yaml *yaml) WARN_UNUSED;
/* Steps to the next event. */
enum status config_yaml_next(struct config_yaml *yaml) WARN_UNUSED;
/* Behind the last event of the document's value: nothing may follow. */
enum status config_yaml_end(struct config_yaml *yaml) WARN_UNUSED;

/* The text of the current event, a scalar; without a NUL in it. */
const char *config_yaml_scalar(const struct config_yaml *yaml);
/* Whether the current event is YAML's null: a key with nothing behind it. */
bool config_yaml_is_null(const struct config_yaml *yaml);
/* STATUS_USAGE when the current event, a key, is "<<". */
enum status config_yaml_refuse_merge(const struct config_yaml *yaml) WARN_UNUSED;

/* The value that begins with the current event as a tree of at most CONFIG_DEPTH_MAX levels; the current event is then its last one. */
enum status config_yaml_read_tree(struct config_yaml *yaml, struct arena *arena,
                                  const struct config_node **root) WARN_UNUSED;

struct config_place config_yaml_place(yaml_mark_t mark);
enum status config_yaml_fail(const struct config_yaml *yaml, yaml_mark_t mark, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
enum status config_yaml_fail_memory(const struct config_yaml *yaml);

/* A whole text as a tree in `arena`; *root is NULL when it is empty. */
enum status config_tree_from_yaml(struct arena *arena, const char *name, struct slice text,
                                  const struct config_node **root, struct error *error) WARN_UNUSED;

#endif
