/* What the records of one input share, escaped once per input, and a worker's other memory.
 *
 * Threads: a context belongs to one worker. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mman.h>

#include "base/check.h"
#include "base/json.h"
#include "base/number.h"
#include "sinks/disguise_text.h"
#include "sinks/residency_memory.h"
#include "sinks/shape.h"

#define COPY_SLACK EMIT_CHUNK_BYTES

bool encoder_context_init(struct encoder_context *context) {
    *context = (struct encoder_context){0};
    /* address space: real records touch a page or two */
    void *scratch = mmap(NULL, ENCODE_SCRATCH_BYTES, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (scratch != MAP_FAILED) context->scratch = scratch;
    context->shapes = calloc(1, sizeof *context->shapes);
    context->residencies = calloc(1, sizeof *context->residencies); /* pages that no policy needs are never touched */
    return context->scratch != NULL && context->shapes != NULL && context->residencies != NULL;
}

static char *escape(char *out, struct slice text, struct slice *escaped) {
    bool lossy = false;
    escaped->ptr = out;
    out = json_escape(out, text, JSON_VERBATIM, &lossy);
    escaped->len = (size_t)(out - escaped->ptr);
    return out;
}

void encoder_context_set_privacy(struct encoder_context *context, const struct privacy *privacy) {
    context->disguise = NULL;
    if (privacy == NULL) return;
    if (context->disguise_made == NULL) {
        context->disguise_made = disguise_new();
        ASSERT(context->disguise_made != NULL); /* as with the names of an input, once per worker */
        context->origin = NULL;
    }
    context->disguise = context->disguise_made;
    disguise_use(context->disguise, privacy);
}

void encoder_context_set(struct encoder_context *context, const struct origin *origin) {
    context->known_flags.bytes = 0;
    if (context->origin == origin) return;
    size_t name_bytes = origin->stream && origin->topic == NULL ? origin->name.len + 1 + UUID_BYTES : 0;
    struct slice topic = slice_from(origin->topic != NULL ? origin->topic : "");
    size_t texts_bytes = origin->path.len + origin->account.len + origin->region.len + topic.len;
    char *names = realloc(context->names, name_bytes + JSON_EXPANSION * texts_bytes + NUMBER_BYTES_MAX + COPY_SLACK);
    ASSERT(names != NULL); /* a few KiB, once per input: there is no sensible way on without */
    context->names = names;
    context->origin = origin;
    context->name = origin->name;
    context->address.len = 0;
    names = escape(names + name_bytes, origin->path, &context->path);
    names = escape(names, origin->account, &context->account);
    names = escape(names, origin->region, &context->region);
    names = escape(names, topic, &context->topic);
    context->partition.ptr = names;
    context->partition.len = topic.len > 0 ? number_write((uint64_t)origin->partition, names) : 0;
    if (context->disguise_made != NULL) disguise_spare(context->disguise_made, context->path);
}

void encoder_context_set_connection(struct encoder_context *context, const struct connection_facts *connection) {
    const struct slice name = context->origin->name;
    const struct endpoint *peer = &connection->peer;
    bool brackets = peer->address.family == IP_V6;
    char *out = context->names;
    ASSERT(context->origin->stream);
    if (name.len > 0) {
        out = mempcpy(out, name.ptr, name.len);
        *out++ = '/';
    }
    out = mempcpy(out, connection->uuid, UUID_BYTES);
    context->name = (struct slice){context->names, (size_t)(out - context->names)};
    out = context->address_text;
    if (brackets) *out++ = '[';
    out += ip_format(&peer->address.ip, out);
    if (brackets) *out++ = ']';
    *out++ = ':';
    out += number_write(peer->port, out);
    context->address = (struct slice){context->address_text, (size_t)(out - context->address_text)};
    context->path.len = 0;
    if (context->disguise_made != NULL) disguise_spare(context->disguise_made, context->address);
}

void encoder_context_destroy(struct encoder_context *context) {
    if (context->scratch != NULL) munmap(context->scratch, ENCODE_SCRATCH_BYTES);
    disguise_free(context->disguise_made);
    free(context->shapes);
    free(context->residencies);
    free(context->names);
    *context = (struct encoder_context){0};
}
