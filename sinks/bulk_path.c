/* A signature needs the query encoded and sorted (sinks/http_client.h).
 *
 * Threads: pure function. */
#define _GNU_SOURCE
#include "sinks/bulk_path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/percent.h"

char *bulk_path(const struct opensearch_output *output) {
    static const char filter[] = "_bulk?filter_path=errors%2Citems.%2A.error.reason%2Citems.%2A.error.type%2C"
                                 "items.%2A.status%2Cerror%2Cstatus%2Cmessage";
    size_t room = 3 * (strlen(output->name) + (output->pipeline != NULL ? strlen(output->pipeline) : 0)) +
                  sizeof filter + 64;
    char *path = malloc(room), *out = path;
    if (path == NULL) return NULL;
    *out++ = '/';
    if (!output->dated) {
        out = percent_encode(out, slice_from(output->name));
        *out++ = '/';
    }
    out = stpcpy(out, filter);
    if (output->pipeline != NULL) out = percent_encode(stpcpy(out, "&pipeline="), slice_from(output->pipeline));
    *out = '\0';
    if (output->aws_service == NULL || strcmp(output->aws_service, "aoss") != 0)
        sprintf(out, "&timeout=%us", output->timeout_s / 2 + 1);
    return path;
}
