/* Texts in a config's tree: which node is one, how a message shows it, and those that stand elsewhere because they are secrets.
 *
 * Threads: main thread. */
#ifndef WHEREFROM_CONFIG_TEXT_H
#define WHEREFROM_CONFIG_TEXT_H

#include "config/option_value.h"
#include "config/problems.h"

/* Whether it is a text, not empty and without a NUL. */
bool config_text_is(const struct config_node *node);

/* "got ..." of a message. */
struct option_shown config_text_shown(const struct config_node *node);

/* Warns when a file that should be its owner's alone can be read by all; `member` names it, and no message shows it. */
void config_text_warn_of_readers(const struct problem_scope *scope, const struct config_node *member, const char *path);

enum text_source { TEXT_PLAIN, TEXT_FROM_ENVIRONMENT, TEXT_FROM_FILE };

/* The text of a member, of the environment variable that it names, or of the file that it names without its last LF; at most
 * SECRET_BYTES_MAX. It lives in `arena`, and no message shows it, nor the name. On false a problem was added. */
bool config_text_read(struct arena *arena, const struct problem_scope *scope, const struct config_node *member,
                      enum text_source source, const char **text) WARN_UNUSED;

#endif
