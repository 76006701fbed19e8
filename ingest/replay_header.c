/* Lines of a file come in its order, or later than others of it (those that an output refused), but never earlier: one header is enough.
 *
 * Threads: see the header. */
#include "ingest/replay_header.h"

#include "ingest/split.h"

/* Of one file, or of one message. */
static bool is_same_text(const struct replay_header *last, const struct reject_read *read) {
    return last->place == read->place && slice_equal((struct slice){last->name, last->name_bytes}, read->name) &&
           (read->place == REJECT_OF_FILE || last->position == read->position);
}

const struct header *replay_header_at(const struct replay_header *last, const struct reject_read *read) {
    bool behind = read->place != REJECT_OF_CONNECTION && last->header.schema != NULL && is_same_text(last, read) &&
                  last->line_number < read->line_number && header_is_same(&read->header, &last->before);
    return behind ? &last->header : read->header.schema != NULL ? &read->header : NULL;
}

void replay_header_follow(struct replay_header *last, const struct reject_read *read, const struct origin *origin,
                          struct slice text) {
    struct header header = {.schema = NULL};
    if (read->place == REJECT_OF_CONNECTION || read->name.len > sizeof last->name) return;
    split_follow_headers(origin, text, &header);
    if (header.schema == NULL) return;
    last->place = read->place;
    memcpy(last->name, read->name.ptr, read->name.len);
    last->name_bytes = read->name.len;
    last->position = read->position;
    last->line_number = read->line_number;
    last->header = header;
    last->before = read->header;
}
