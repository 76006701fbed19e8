/* A template with two holes. Names of data streams and indices need no escapes (config/opensearch_url.c lets none pass that does).
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "sinks/bulk_action.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"

#define DATE_BYTES 10u

#define INDEX "\"_index\":\""
#define ID "\"_id\":\""
#define VERSION ",\"version_type\":\"external_gte\",\"version\":"
#define VERSION_DIGITS_MAX 19 /* blanks behind those that there are */

void bulk_action_init(struct bulk_action *action, const struct opensearch_output *output, enum bulk_verb verb) {
    char *out = stpcpy(action->text, verb == BULK_CREATE ? "{\"create\":{" : "{\"index\":{");
    action->date = action->id = action->version = 0;
    if (output->dated) {
        ASSERT(strlen(output->name) + DATE_BYTES + HASH_ID_DIGITS + 64 <= sizeof action->text);
        out = stpcpy(stpcpy(stpcpy(out, INDEX), output->name), "-");
        action->date = (uint32_t)(out - action->text);
        out = stpcpy(out, "yyyy.MM.dd\"");
    }
    if (!output->without_ids) {
        out = stpcpy(stpcpy(out, output->dated ? "," : ""), ID);
        action->id = (uint32_t)(out - action->text);
        memset(out, '0', HASH_ID_DIGITS);
        out = stpcpy(out + HASH_ID_DIGITS, "\"");
    }
    if (verb == BULK_INDEX_VERSION && action->id != 0) {
        out = stpcpy(out, VERSION);
        action->version = (uint32_t)(out - action->text);
        memset(out, ' ', VERSION_DIGITS_MAX);
        out += VERSION_DIGITS_MAX;
    }
    action->bytes = (uint32_t)(stpcpy(out, "}}\n") - action->text);
}

void bulk_action_write(const struct bulk_action *action, const char id[HASH_ID_DIGITS], int64_t time_ns,
                       struct timestamp_cache *days, char *out) {
    memcpy(out, action->text, action->bytes);
    if (action->id != 0) memcpy(out + action->id, id, HASH_ID_DIGITS);
    if (action->date == 0) return;
    char time[TIMESTAMP_TEXT_BYTES];
    (void)timestamp_format(time_ns, days, time);
    memcpy(out + action->date, time, DATE_BYTES);
    out[action->date + 4] = out[action->date + 7] = '.';
}

void bulk_action_set_version(const struct bulk_action *action, uint64_t version, char *out) {
    char digits[VERSION_DIGITS_MAX + 2];
    if (action->version == 0) return;
    ASSERT(version <= INT64_MAX);
    int bytes = snprintf(digits, sizeof digits, "%llu", (unsigned long long)version);
    memcpy(out + action->version, digits, (size_t)bytes);
}
