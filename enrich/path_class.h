/* Classes of paths: "/login*" is login, "*.css" is static. The first pattern that matches counts, in the order of the config.
 *
 * A pattern is text in which each * stands for any bytes, none too; all others stand for themselves. So "/login" is one path, "/login*" a
 * prefix, "*.css" a suffix, and there is nothing else to know. Paths are taken as they are logged, without the query: what %2f in one means is the
 * server's to say, and AWS WAF does not decode either unless it is told to.
 *
 * Threads: read-only once made. */
#ifndef WHEREFROM_PATH_CLASS_H
#define WHEREFROM_PATH_CLASS_H

#include "base/slice.h"
#include "schemas/rate.h"

struct path_class;

/* Of patterns that stay where they are as long as it; NULL: out of memory. */
struct path_class *path_class_new(const struct rate_path *paths, uint32_t paths_count);
void path_class_free(struct path_class *classes); /* NULL is allowed */

/* The class of the path, or RATE_CLASS_NONE. Takes time in proportion to the path's length and the number of patterns; reads up to eight bytes
 * behind it. */
uint8_t path_class_find(const struct path_class *classes, struct slice path);

#endif
