/* A template with two holes. Names of data streams and indices need no escapes (config/opensearch_url.c lets none pass that does).
 *
 * Threads: see the header. */
#include "sinks/bulk_action.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"

#define DATE_BYTES 10u

void bulk_action_init(struct bulk_action *action, const struct opensearch_output *output) {
    int bytes = output->dated ? snprintf(action->text, sizeof action->text,
                                         "{\"create\":{\"_index\":\"%s-yyyy.MM.dd\",\"_id\":\"%*s\"}}\n", output->name,
                                         (int)HASH_ID_DIGITS, "")
                              : snprintf(action->text, sizeof action->text, "{\"create\":{\"_id\":\"%*s\"}}\n",
                                         (int)HASH_ID_DIGITS, "");
    ASSERT(bytes > 0 && (size_t)bytes < sizeof action->text);
    action->bytes = (uint32_t)bytes;
    action->id = action->bytes - (uint32_t)strlen("\"}}\n") - HASH_ID_DIGITS;
    action->date = output->dated ? action->id - (uint32_t)strlen("\",\"_id\":\"") - DATE_BYTES : 0;
}

void bulk_action_write(const struct bulk_action *action, const char id[HASH_ID_DIGITS], int64_t time_ns,
                       struct timestamp_cache *days, char *out) {
    memcpy(out, action->text, action->bytes);
    memcpy(out + action->id, id, HASH_ID_DIGITS);
    if (action->date == 0) return;
    char time[TIMESTAMP_TEXT_BYTES];
    (void)timestamp_format(time_ns, days, time);
    memcpy(out + action->date, time, DATE_BYTES);
    out[action->date + 4] = out[action->date + 7] = '.';
}
