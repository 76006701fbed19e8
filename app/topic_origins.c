/* A few entries: one for each topic and format that was met.
 *
 * Threads: see the header. */
#include "app/topic_origins.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

struct topic_origin {
    struct origin origin;
    const struct schema *header; /* what the header said; NULL: nothing */
    struct topic_origin *next;
};

enum status topic_origins_init(struct topic_origins *origins, const struct origin *base,
                               const struct kafka_input *input, const struct wanted_headers *wanted,
                               struct error *error) {
    static const struct option_list no_paths;
    *origins = (struct topic_origins){.base = base, .input = input};
    if (input->formats_count == 0) return STATUS_OK;
    origins->choices = calloc(input->formats_count, sizeof *origins->choices);
    if (origins->choices == NULL) return error_set(error, STATUS_FAILED, "formats: out of memory");
    for (size_t i = 0; i < input->formats_count; i++) {
        struct error why;
        enum status status = format_choice_init(&origins->choices[i], input->formats[i].format, &no_paths, wanted,
                                                &why);
        if (status != STATUS_OK)
            return error_set(error, status, "formats: %s: %s", input->formats[i].topic, why.message);
    }
    return STATUS_OK;
}

void topic_origins_destroy(struct topic_origins *origins) {
    for (size_t i = 0; origins->choices != NULL && i < origins->input->formats_count; i++)
        format_choice_destroy(&origins->choices[i]);
    free(origins->choices);
    arena_destroy(&origins->arena);
    *origins = (struct topic_origins){.base = NULL};
}

static const struct format_choice *choice_of(const struct topic_origins *origins, const char *topic) {
    for (size_t i = 0; i < origins->input->formats_count; i++)
        if (fnmatch(origins->input->formats[i].topic, topic, 0) == 0) return &origins->choices[i];
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
