/* Builds error messages. Cutting a message short is right here: it is for a person, and the start names the object.
 *
 * Threads: any. */
#define _GNU_SOURCE
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum status error_set(struct error *error, enum status status, const char *format, ...) {
    if (error != NULL) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(error->message, sizeof error->message, format, arguments);
        va_end(arguments);
    }
    return status;
}

enum status error_set_errno(struct error *error, int errno_value, const char *format, ...) {
    if (error != NULL) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(error->message, sizeof error->message, format, arguments);
        va_end(arguments);
        char reason[128];
        size_t used = strlen(error->message);
        /* the GNU form of strerror_r: the text may be elsewhere than in `reason` */
        snprintf(error->message + used, sizeof error->message - used, ": %s",
                 strerror_r(errno_value, reason, sizeof reason));
    }
    return STATUS_FAILED;
}
