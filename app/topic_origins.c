/* A few entries: one for each topic and format that was met.
 *
 * Threads: see the header. */
#include "app/topic_origins.h"

#include <fnmatch.h>
#include <string.h>

struct topic_origin {
    struct origin origin;
    const struct schema *header; /* what the header said; NULL: nothing */
    struct topic_origin *next;
};

void topic_origins_destroy(struct topic_origins *origins) {
    arena_destroy(&origins->arena);
    *origins = (struct topic_origins){.base = NULL};
}

static const struct format_choice *choice_of(const struct topic_origins *origins, const char *topic) {
    for (size_t i = 0; i < origins->input->formats_count; i++)
        if (fnmatch(origins->input->formats[i].topic, topic, 0) == 0)
            return format_table_find(origins->formats, origins->input->formats[i].format);
    return NULL;
}

const struct origin *topic_origins_find(void *context, const char *topic, const char *format) {
    struct topic_origins *origins = context;
    const struct schema *header = format != NULL ? schema_find(slice_from(format)) : NULL;
    for (const struct topic_origin *known = origins->known; known != NULL; known = known->next)
        if (known->header == header && strcmp(known->origin.topic, topic) == 0) return &known->origin;
    struct topic_origin *made = arena_take(&origins->arena, sizeof *made);
    struct slice name = arena_copy(&origins->arena, slice_from(topic));
    if (made == NULL || name.ptr == NULL) return NULL;
    *made = (struct topic_origin){.origin = *origins->base, .header = header, .next = origins->known};
    made->origin.topic = name.ptr;
    const struct format_choice *choice = choice_of(origins, topic);
    const struct format_choice plain = {.schema = header};
    if (header != NULL || choice != NULL) format_choice_apply(header != NULL ? &plain : choice, &made->origin);
    origins->known = made;
    return &made->origin;
}
