/* The directory that a path's last name stands in.
 *
 * Threads: nothing is kept between calls. */
#ifndef WHEREFROM_FOLDER_H
#define WHEREFROM_FOLDER_H

#include <stddef.h>

/* "." where the path has no slash, "/" where the only one is its first byte. Cut off at `folder_bytes`, NUL included. */
void folder_of(const char *path, char *folder, size_t folder_bytes);

/* A file that was made there under this path is found after a power failure, too. What fails is left as it is. */
void folder_sync(const char *path);

#endif
