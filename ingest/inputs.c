/* From INPUT arguments to files: what kind each argument is, what a file is called, and which names clash.
 *
 * Texts live in large blocks that are freed together: a run over a day of logs has 100,000 files and
 * two texts each. Names that clash are found by sorting pointers (no hash table to size or to flood).
 * The walk through a directory is inputs_walk.c.
 *
 * Threads: see inputs.h. */
#define _GNU_SOURCE
#include "ingest/inputs.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/uuid.h"
#include "ingest/inputs_walk.h"
#include "ingest/listen_url.h"
#include "schemas/limits.h"

#define TEXTS_BLOCK_BYTES (256u * 1024)

struct inputs_texts {
    struct inputs_texts *next;
    size_t used_bytes, room_bytes;
    char bytes[];
};

static enum status out_of_memory(struct error *error) {
    return error_set(error, STATUS_FAILED, "inputs: out of memory");
}

char *inputs_text(struct inputs *inputs, struct slice head, struct slice middle, struct slice tail) {
    size_t bytes = head.len + middle.len + tail.len + 1;
    struct inputs_texts *texts = inputs->texts;
    if (texts == NULL || texts->room_bytes - texts->used_bytes < bytes) {
        size_t room_bytes = bytes > TEXTS_BLOCK_BYTES ? bytes : TEXTS_BLOCK_BYTES;
        texts = malloc(sizeof *texts + room_bytes);
        if (texts == NULL) {
            return NULL;
        }
        *texts = (struct inputs_texts){.next = inputs->texts, .room_bytes = room_bytes};
        inputs->texts = texts;
    }
    char *text = texts->bytes + texts->used_bytes;
    texts->used_bytes += bytes;
    char *end = mempcpy(text, head.ptr, head.len);
    end = mempcpy(end, middle.ptr, middle.len);
    end = mempcpy(end, tail.ptr, tail.len);
    *end = '\0';
    return text;
}

static char *text_copy(struct inputs *inputs, struct slice text) {
    return inputs_text(inputs, text, SLICE(""), SLICE(""));
}

/* Room for one more item, all zero. NULL with `error` set when there is none. */
static struct input *item_new(struct inputs *inputs, struct error *error) {
    if (inputs->items_count == INPUTS_MAX) {
        error_set(error, STATUS_FAILED, "inputs: more than %u files; give fewer in one run", INPUTS_MAX);
        return NULL;
    }
    if (inputs->items_count == inputs->items_room) {
        size_t room = inputs->items_room == 0 ? 16 : inputs->items_room * 2;
        struct input *items = reallocarray(inputs->items, room, sizeof *items);
        if (items == NULL) {
            out_of_memory(error);
            return NULL;
        }
        inputs->items = items;
        inputs->items_room = room;
    }
    struct input *item = &inputs->items[inputs->items_count++];
    *item = (struct input){0};
    return item;
}

enum status inputs_add_file(struct inputs *inputs, char *path, const char *own_name, const struct stat *stat,
                            enum input_found found, struct error *error) {
    struct input *item = item_new(inputs, error);
    if (item == NULL) {
        return STATUS_FAILED;
    }
    item->path = path;
    item->found = found;
    item->size_bytes = S_ISREG(stat->st_mode) ? (uint64_t)stat->st_size : 0;
    (void)aws_key_parse(slice_from(path), &item->key);
    bool has_object_name = item->key.object_name.len > 0;
    struct slice origin = has_object_name ? item->key.object_name : aws_key_without_compression(slice_from(own_name));
    item->origin = text_copy(inputs, origin);
    return item->origin == NULL ? out_of_memory(error) : STATUS_OK;
}

struct slice input_own_name(struct slice path) {
    struct aws_key key;
    return aws_key_parse(path, &key) && key.object_name.len > 0 ? key.object_name : aws_key_without_compression(path);
}

void inputs_leave_out(struct inputs_left_out *left_out, const char *path) {
    if (left_out->count++ == 0) {
        snprintf(left_out->example, sizeof left_out->example, "%s", path);
    }
}

static enum status add_stdin(struct inputs *inputs, bool origin_is_given, struct error *error) {
    for (size_t i = 0; i < inputs->items_count; i++) {
        if (inputs->items[i].is_stdin) {
            return error_set(error, STATUS_USAGE, "inputs: `-` (stdin) is given twice; it can be read once");
        }
    }
    char name[UUID_BYTES + 1] = "stdin"; /* with --origin the name must be the same in every run */
    if (!origin_is_given && !uuid_random(name)) {
        return error_set_errno(error, errno, "inputs: no random name for stdin");
    }
    struct input *item = item_new(inputs, error);
    if (item == NULL) {
        return STATUS_FAILED;
    }
    item->is_stdin = true;
    item->path = text_copy(inputs, SLICE("-"));
    item->origin = text_copy(inputs, slice_from(name));
    return item->path == NULL || item->origin == NULL ? out_of_memory(error) : STATUS_OK;
}

static enum status refuse_url(const char *argument, struct error *error) {
    if (strncmp(argument, "s3://", 5) == 0) {
        return error_set(error, STATUS_USAGE,
                         "input %s: not read from S3 directly; run `aws s3 sync %s ./logs` first, then "
                         "`wherefrom run ./logs`",
                         argument, argument);
    }
    return error_set(error, STATUS_USAGE,
                     "input %s: unknown kind of input; give a file, a directory, a quoted glob or `-`", argument);
}

static enum status add_listener(struct inputs *inputs, const char *url, struct error *error) {
    struct listen_url parsed;
    enum status status = listen_url_parse(url, &parsed, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (inputs->streams_count == STREAMS_MAX) {
        return error_set(error, STATUS_USAGE, "input %s: more than %u tcp:// inputs", url, STREAMS_MAX);
    }
    struct input *item = item_new(inputs, error);
    if (item == NULL) {
        return STATUS_FAILED;
    }
    inputs->streams_count++;
    item->is_stream = true;
    item->path = item->origin = text_copy(inputs, slice_from(url));
    return item->path == NULL ? out_of_memory(error) : STATUS_OK;
}

/* RFC 3986 section 3.1, and "//" behind the colon. */
static bool is_url(const char *argument) {
    size_t scheme_bytes = strspn(argument, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");
    return scheme_bytes > 0 && strncmp(argument + scheme_bytes, "://", 3) == 0;
}

static enum status add_path(struct inputs *inputs, const char *path, enum input_found found, const struct stat *stat,
                            struct error *error) {
    if (S_ISDIR(stat->st_mode)) {
        return inputs_walk(inputs, path, error);
    }
    if (S_ISSOCK(stat->st_mode)) {
        return error_set(error, STATUS_USAGE, "input %s: is a socket; give a file, a directory or a FIFO", path);
    }
    if (access(path, R_OK) != 0) {
        return error_set_errno(error, errno, "input %s: can't be read", path);
    }
    char *copy = text_copy(inputs, slice_from(path));
    return copy == NULL ? out_of_memory(error) : inputs_add_file(inputs, copy, copy, stat, found, error);
}

static int compare_texts(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum status add_glob(struct inputs *inputs, const char *pattern, struct error *error) {
    glob_t matches = {0};
    enum status status = STATUS_OK;
    switch (glob(pattern, GLOB_ERR | GLOB_NOSORT, NULL, &matches)) {
    case 0: break;
    case GLOB_NOMATCH:
        status = error_set(error, STATUS_FAILED, "input %s: no such file, and as a glob it matches nothing", pattern);
        goto done;
    case GLOB_ABORTED:
        status = error_set_errno(error, errno, "input %s: a directory that the glob leads to can't be read", pattern);
        goto done;
    default: status = out_of_memory(error); goto done;
    }
    qsort(matches.gl_pathv, matches.gl_pathc, sizeof matches.gl_pathv[0], compare_texts);
    for (size_t i = 0; i < matches.gl_pathc && status == STATUS_OK; i++) {
        struct stat about;
        const char *path = matches.gl_pathv[i];
        status = stat(path, &about) != 0 ? error_set_errno(error, errno, "input %s", path)
                                         : add_path(inputs, path, INPUT_BY_GLOB, &about, error);
    }
done:
    globfree(&matches);
    return status;
}

static enum status add_argument(struct inputs *inputs, const char *argument, bool origin_is_given,
                                struct error *error) {
    if (strcmp(argument, "-") == 0) {
        return add_stdin(inputs, origin_is_given, error);
    }
    if (strncmp(argument, "tcp://", 6) == 0) {
        return add_listener(inputs, argument, error);
    }
    if (strncmp(argument, "kafka://", 8) == 0) {
        return STATUS_OK;
    }
    if (is_url(argument)) {
        return refuse_url(argument, error);
    }
    struct stat about;
    if (stat(argument, &about) == 0) {
        return add_path(inputs, argument, INPUT_BY_NAME, &about, error);
    }
    int reason = errno;
    if ((reason == ENOENT || reason == ENOTDIR) && strpbrk(argument, "*?[") != NULL) {
        return add_glob(inputs, argument, error);
    }
    return error_set_errno(error, reason, "input %s", argument);
}

static enum status apply_given_origin(struct inputs *inputs, const char *origin, struct error *error) {
    bool single = inputs->items_count == 1 && inputs->items[0].found == INPUT_BY_NAME;
    for (size_t i = 0; i < inputs->items_count && origin != NULL; i++) {
        struct input *item = &inputs->items[i];
        item->origin = single ? text_copy(inputs, slice_from(origin))
                              : inputs_text(inputs, slice_from(origin), SLICE("/"), slice_from(item->origin));
        if (item->origin == NULL) {
            return out_of_memory(error);
        }
    }
    for (size_t i = 0; i < inputs->items_count; i++) {
        if (strlen(inputs->items[i].origin) > ORIGIN_NAME_BYTES_MAX) {
            return error_set(error, STATUS_USAGE,
                             "input %s: its origin name is longer than %u bytes; give a shorter --origin",
                             inputs->items[i].path, ORIGIN_NAME_BYTES_MAX);
        }
    }
    return STATUS_OK;
}

/* Equal names in the order of the items. */
static int compare_origins(const void *a, const void *b) {
    const struct input *left = *(struct input *const *)a, *right = *(struct input *const *)b;
    int by_name = strcmp(left->origin, right->origin);
    return by_name != 0 ? by_name : (left > right) - (left < right);
}

/* Streams behind the others, each in the order given. */
static enum status put_streams_last(struct inputs *inputs, struct error *error) {
    struct input *streams = calloc(inputs->streams_count + 1, sizeof *streams);
    if (streams == NULL) {
        return out_of_memory(error);
    }
    size_t kept = 0, moved = 0;
    for (size_t i = 0; i < inputs->items_count; i++) {
        *(inputs->items[i].is_stream ? &streams[moved++] : &inputs->items[kept++]) = inputs->items[i];
    }
    if (moved > 0) {
        memcpy(inputs->items + kept, streams, moved * sizeof *streams);
    }
    free(streams);
    return STATUS_OK;
}

static void remove_left_out(struct inputs *inputs) {
    size_t kept = 0;
    for (size_t i = 0; i < inputs->items_count; i++) {
        if (inputs->items[i].path != NULL) {
            inputs->items[kept++] = inputs->items[i];
        }
    }
    inputs->items_count = kept;
}

static enum status settle_equal_origins(struct inputs *inputs, struct error *error) {
    size_t count = inputs->items_count;
    struct input **order = malloc((count + 1) * sizeof(struct input *));
    if (order == NULL) {
        return out_of_memory(error);
    }
    for (size_t i = 0; i < count; i++) {
        order[i] = &inputs->items[i];
    }
    qsort(order, count, sizeof order[0], compare_origins);
    enum status status = STATUS_OK;
    const struct input *first = NULL; /* with this origin */
    const char *named = NULL;         /* path of the one that was given by name, left out or not */
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        struct input *item = order[i];
        bool again = first != NULL && strcmp(first->origin, item->origin) == 0;
        if (!again) {
            first = item;
            named = item->found == INPUT_BY_NAME ? item->path : NULL;
            continue;
        }
        bool both_named = named != NULL && item->found == INPUT_BY_NAME;
        if (item->key.object_name.len == 0 || both_named) {
            status = error_set(error, STATUS_USAGE,
                               "inputs: %s and %s have the same origin name, %s: their records would have the same "
                               "event.id; leave one out, or run them apart with --origin NAME",
                               both_named ? named : first->path, item->path, item->origin);
        } else {
            named = item->found == INPUT_BY_NAME ? item->path : named;
            inputs_leave_out(&inputs->same_object, item->path);
            item->path = NULL;
        }
    }
    free(order);
    remove_left_out(inputs);
    return status;
}

enum status inputs_init(struct inputs *inputs, const struct inputs_request *request, struct error *error) {
    *inputs = (struct inputs){.all_links = request->all_links};
    for (size_t i = 0; i < request->arguments_count; i++) {
        size_t before = inputs->items_count;
        if (request->taken != NULL && request->taken[i]) continue;
        enum status status = add_argument(inputs, request->arguments[i], request->origin != NULL, error);
        for (size_t item = before; item < inputs->items_count; item++) inputs->items[item].argument = i;
        if (status != STATUS_OK) {
            return status;
        }
    }
    enum status status = apply_given_origin(inputs, request->origin, error);
    if (status == STATUS_OK && !request->names_are_free) {
        status = settle_equal_origins(inputs, error);
    }
    if (status == STATUS_OK) {
        status = put_streams_last(inputs, error);
    }
    for (size_t i = 0; i < inputs->items_count; i++) {
        inputs->size_bytes += inputs->items[i].size_bytes;
    }
    return status;
}

void inputs_destroy(struct inputs *inputs) {
    while (inputs->texts != NULL) {
        struct inputs_texts *texts = inputs->texts;
        inputs->texts = texts->next;
        free(texts);
    }
    free(inputs->items);
    *inputs = (struct inputs){0};
}
