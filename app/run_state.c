/* What is matched with what is decided before any reader starts, so that readers only need a place to go on from.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "app/run_state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/log.h"
#include "base/check.h"
#include "base/folder.h"
#include "schemas/limits.h"

/* --- what cannot be resumed -------------------------------------------------------------------------- */

static bool is_file(const char *output) {
    return output != NULL && strstr(output, "://") == NULL;
}

static enum status refuse_output(const char *output, struct error *error) {
    struct stat about;
    if (!is_file(output)) return STATUS_OK;
    bool is_stdout = strcmp(output, "-") == 0;
    if (!is_stdout && (stat(output, &about) != 0 || S_ISREG(about.st_mode))) return STATUS_OK;
    return error_set(
        error, STATUS_USAGE,
        "--state: %s cannot be cut back to a checkpoint, so a resumed run would write records twice; write to "
        "a file",
        is_stdout ? "stdout" : output);
}

static enum status refuse_input(const char *input, struct error *error) {
    return error_set(
        error, STATUS_USAGE,
        "--state: input %s cannot be read again: what an output file is cut back by would be lost; run it apart, "
        "without --state",
        strcmp(input, "-") == 0 ? "stdin" : input);
}

static bool is_regular(const struct input *input) {
    struct stat about;
    /* one that is missing by now is the reader's to report */
    return !input->is_stdin && !input->is_stream && (stat(input->path, &about) != 0 || S_ISREG(about.st_mode));
}

static enum status refuse(const struct run_state_request *request, const struct inputs *inputs, struct error *error) {
    const struct run_settings *settings = request->settings;
    if (settings->dry_run)
        return error_set(error, STATUS_USAGE, "--state and --dry-run contradict each other; give one of them");
    enum status status = refuse_output(settings->rejects, error);
    bool any_file = is_file(settings->rejects);
    for (uint32_t i = 0; i < request->outputs->count && status == STATUS_OK; i++) {
        status = refuse_output(request->outputs->items[i].text, error);
        any_file = any_file || is_file(request->outputs->items[i].text);
    }
    if (status != STATUS_OK || !any_file) return status;
    if (request->reads_kafka) return refuse_input("kafka://", error);
    for (size_t i = 0; i < inputs->items_count; i++)
        if (!is_regular(&inputs->items[i])) return refuse_input(inputs->items[i].path, error);
    return STATUS_OK;
}

/* The checkpoint would be an input of the next run. */
static enum status refuse_place(const struct run_state *state, const struct run_state_request *request,
                                struct error *error) {
    enum status status = STATUS_OK;
    char *own = realpath(state->directory.path, NULL);
    for (size_t i = 0; i < request->arguments->inputs.count && own != NULL && status == STATUS_OK; i++) {
        char *input = realpath(request->arguments->inputs.items[i], NULL);
        size_t bytes = input != NULL ? strlen(input) : 0;
        if (bytes > 0 && strncmp(own, input, bytes) == 0 && (own[bytes] == '/' || own[bytes] == '\0'))
            status = error_set(error, STATUS_USAGE, "--state %s: lies in the input %s; put it somewhere else",
                               state->directory.path, request->arguments->inputs.items[i]);
        free(input);
    }
    free(own);
    return status;
}

/* --- options ------------------------------------------------------------------------------------------ */

/* What the bytes of the outputs depend on, and must not change between two runs that write one file. Chains and databases may: they change
 * in any run that is long enough. */
static const char *const lasting_options[] = {"output", "rejects", "schema", "fields", "keep-original",
                                              "format", "ndjson",  "origin", "since",  "until"};
#define LASTING_REJECTS 1u
#define LASTING_OPTIONS (sizeof lasting_options / sizeof lasting_options[0])
_Static_assert(LASTING_OPTIONS <= CHECKPOINT_OPTIONS_MAX, "they have room");

/* The path of a file whatever the working directory; NULL: out of memory. */
static char *whole_path(const char *path) {
    char folder[PATH_BYTES_MAX], *text = NULL;
    const char *slash = strrchr(path, '/');
    folder_of(path, folder, sizeof folder);
    char *real = realpath(folder, NULL);
    if (asprintf(&text, "%s/%s", real != NULL ? real : folder, slash != NULL ? slash + 1 : path) < 0) text = NULL;
    free(real);
    return text;
}

static char *joined(const struct option_list *list) {
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    if (out == NULL) return NULL;
    for (size_t i = 0; i < list->count; i++) fprintf(out, "%s%s", i > 0 ? "," : "", list->items[i]);
    fclose(out);
    return text;
}

/* Where records go: a file's path, or with several outputs NAME=PATH of each. To be freed; NULL: out of memory. */
static char *outputs_text(const struct run_outputs *outputs) {
    char *text = NULL;
    size_t bytes = 0;
    bool good = true;
    FILE *out = open_memstream(&text, &bytes);
    if (out == NULL) return NULL;
    for (uint32_t i = 0; i < outputs->count; i++) {
        const struct run_output *output = &outputs->items[i];
        char *path = is_file(output->text) ? whole_path(output->text) : NULL;
        good = good && (path != NULL || !is_file(output->text));
        if (outputs->count > 1) fprintf(out, "%s%s=", i > 0 ? "," : "", output->name);
        fputs(path != NULL ? path : output->text, out);
        free(path);
    }
    if (fclose(out) == 0 && good) return text;
    free(text);
    return NULL;
}

/* An option's value as text, to be freed; NULL: out of memory. */
static char *value_text(const struct option_slot *slot, bool path) {
    const char *text;
    char number[32];
    switch (slot->spec->kind) {
    case OPTION_LIST: return joined(slot->target);
    case OPTION_TEXT:
        text = *(const char *const *)slot->target;
        if (path && is_file(text)) return whole_path(text);
        break;
    case OPTION_FLAG: text = *(const bool *)slot->target ? "true" : NULL; break;
    case OPTION_CHOICE: text = slot->spec->choices[*(const int *)slot->target]; break;
    default:
        ASSERT(slot->spec->kind == OPTION_TIME);
        snprintf(number, sizeof number, "%lld", (long long)*(const int64_t *)slot->target);
        text = number;
    }
    return strdup(text != NULL ? text : "");
}

static enum status compare_option(const struct checkpoint_option *option, const char *now, const char *directory,
                                  struct error *error) {
    const struct slice value = slice_from(now), before = option->value;
    if (slice_equal(value, before)) return STATUS_OK;
    return error_set(error, STATUS_USAGE,
                     "--state %s: its checkpoint was written with --%.*s %s%.*s%s, and now it is %s%s%s; give the same "
                     "options, or another directory",
                     directory, (int)option->name.len, option->name.ptr, before.len > 0 ? "\"" : "not given",
                     (int)before.len, before.ptr, before.len > 0 ? "\"" : "", value.len > 0 ? "\"" : "not given", now,
                     value.len > 0 ? "\"" : "");
}

/* Compares the options with those of the checkpoint, or makes them those of a new one. */
static enum status settle_options(struct run_state *state, const struct run_state_request *request,
                                  struct error *error) {
    struct checkpoint_text *text = &state->text;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < LASTING_OPTIONS && status == STATUS_OK; i++) {
        const struct slice name = slice_from(lasting_options[i]);
        const struct option_slot *slot = option_values_find(request->arguments->values, name.ptr, name.len, false);
        char *now = i == 0 ? outputs_text(request->outputs) : value_text(slot, i == LASTING_REJECTS);
        if (now == NULL) return error_set(error, STATUS_FAILED, "--state: out of memory");
        if (state->resumed) {
            for (size_t j = 0; j < text->options_count && status == STATUS_OK; j++)
                if (slice_equal(text->options[j].name, name))
                    status = compare_option(&text->options[j], now, state->directory.path, error);
        } else {
            struct slice value = arena_copy(&text->texts, slice_from(now));
            if (value.ptr == NULL) status = error_set(error, STATUS_FAILED, "--state: out of memory");
            text->options[text->options_count++] = (struct checkpoint_option){name, value};
        }
        free(now);
    }
    return status;
}

/* --- inputs -------------------------------------------------------------------------------------------- */

/* How a file is found; all files in the first way before any in the second, so that none takes another one's place. */
enum found_by { BY_INODE_AND_NAME, BY_INODE, BY_NAME, FOUND_BY };

static bool continues(const struct file_place *place, const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false; /* the reader says so */
    bool good = file_identity_continues(&place->identity, fd);
    close(fd);
    return good;
}

static bool is_done(const struct file_place *place, const struct file_identity *now) {
    return place->done && file_identity_unchanged(&place->identity, now);
}

/* A file that was replaced by a copy of itself is known by two inodes, and the first one may be there again: as far as the copy was read, so
 * far was the file. */
static struct file_place *latest_of(const struct known_files *files, struct file_place *place,
                                    const struct input *input) {
    struct file_place *latest = known_files_by_name(files, place->name);
    return latest != place && !latest->met && continues(latest, input->path) ? latest : place;
}

/* Where a file goes on; NULL: it is not found in this way. */
static struct file_place *find_place(const struct known_files *files, const struct input *input, enum found_by how) {
    const struct slice name = slice_from(input->origin);
    const struct file_identity *now = input->identity;
    size_t count = 1;
    struct file_place *named = how == BY_NAME ? known_files_by_name(files, name) : NULL, *const *candidates = &named;
    if (how != BY_NAME) candidates = known_files_by_inode(files, now->device, now->inode, &count);
    for (size_t i = 0; i < count && candidates[i] != NULL; i++) {
        struct file_place *place = candidates[i];
        if (place->met || (how == BY_INODE_AND_NAME && !slice_equal(place->name, name))) continue;
        /* under another name size and time are not enough: inodes are used again, and files may have the times of their objects */
        bool same_name = slice_equal(place->name, name);
        if ((same_name && is_done(place, now)) || continues(place, input->path))
            return same_name ? latest_of(files, place, input) : place;
    }
    return NULL;
}

/* Records keep the name that they had first: a line read again under another one would have another id. */
static void settle_place(struct run_state *state, struct input *input, struct file_place *place) {
    uint64_t today = state_dir_today();
    state->has_places = true;
    state->refresh |= place->day + STATE_KEPT_DAYS / 2 < today;
    place->day = today;
    place->met = true;
    input->place = place;
    if (slice_equal(slice_from(input->origin), place->name)) return;
    input->origin = (char *)(uintptr_t)place->name.ptr;
    (void)aws_key_parse(place->name, &input->key);
}

/* What a reader of the messages would otherwise miss: files that begin again, and those that are gone before their end. */
static void warn_of_changes(const struct run_state *state, const struct inputs *inputs, bool follows) {
    const struct known_files *files = &state->text.files;
    for (size_t i = 0; i < inputs->items_count; i++) {
        const struct input *input = &inputs->items[i];
        struct file_place *named = known_files_by_name(files, slice_from(input->origin));
        if (input->identity == NULL || input->place != NULL || named == NULL) continue;
        bool shorter = named->identity.inode == input->identity->inode &&
                       named->identity.size_bytes > input->identity->size_bytes;
        log_limited(LOG_KIND_INPUT, LOG_WARNING, "input: %s: is %s; read from its start", input->path,
                    shorter ? "shorter than it was when it was read last"
                            : "not the file that was read under this name");
        named->met = true;
    }
    for (size_t i = 0; i < files->count && !follows; i++)
        if (!files->places[i].met && !files->places[i].done)
            log_limited(LOG_KIND_INPUT, LOG_WARNING,
                        "state: %s was left before its end, and is not among the inputs any more",
                        files->places[i].name.ptr);
}

static void match_inputs(struct run_state *state, struct inputs *inputs, bool follows) {
    for (size_t i = 0; i < inputs->items_count; i++) {
        struct input *input = &inputs->items[i];
        bool named = !input->is_stdin && !input->is_stream;
        if (named && file_identity_look(input->path, &state->identities[i])) input->identity = &state->identities[i];
    }
    for (enum found_by how = 0; how < FOUND_BY; how++) {
        for (size_t i = 0; i < inputs->items_count; i++) {
            struct input *input = &inputs->items[i];
            if (input->identity == NULL || input->place != NULL) continue;
            struct file_place *place = find_place(&state->text.files, input, how);
            if (place != NULL) settle_place(state, input, place);
        }
    }
    warn_of_changes(state, inputs, follows);
}

/* What is followed is met as it is seen. */
static enum status pass_on(const struct run_state *state, struct follow *follow, struct error *error) {
    const struct known_files *files = &state->text.files;
    for (size_t i = 0; i < files->count; i++)
        if (!files->places[i].met && !follow_know(follow, &files->places[i]))
            return error_set(error, STATUS_FAILED, "--state: out of memory");
    if (state->resumed) log_message(LOG_INFO, "state: %zu files are known", files->count);
    return STATUS_OK;
}

/* Takes those off the list to which nothing was added, unless they are counted again. */
static void leave_out_done(const struct run_state *state, struct inputs *inputs, bool recounts) {
    size_t count = inputs->items_count, kept = 0, done = 0, resumed = 0;
    for (size_t i = 0; i < count; i++) {
        const struct input *input = &inputs->items[i];
        bool is_left_out = input->place != NULL && is_done(input->place, input->identity);
        done += is_left_out;
        resumed += !is_left_out && input->place != NULL;
        if (is_left_out && !recounts)
            inputs->size_bytes -= input->size_bytes;
        else
            inputs->items[kept++] = *input;
    }
    inputs->items_count = kept;
    if (state->resumed)
        log_message(LOG_INFO, "state: %zu inputs are done%s, %zu go on where they were left, %zu are new", done,
                    recounts && done > 0 ? " and read for roll-ups alone" : "", resumed, count - done - resumed);
}

/* Roll-ups of a time are those of what is there: what is not there any more is missing in them. */
static void warn_of_uncounted(const struct run_state *state) {
    const struct known_files *files = &state->text.files;
    size_t count = 0;
    for (size_t i = 0; i < files->count; i++) count += !files->places[i].met;
    if (count > 0)
        log_message(LOG_WARNING,
                    "rollups: %zu files that were read are not among the inputs any more: documents of their time say "
                    "less than those of before, and replace them",
                    count);
}

/* --- steps --------------------------------------------------------------------------------------------- */

enum status run_state_open(struct run_state *state, const struct run_state_request *request, struct inputs *inputs,
                           struct error *error) {
    const char *path = request->settings->state;
    if (path == NULL) return STATUS_OK;
    enum status status = refuse(request, inputs, error);
    if (status != STATUS_OK) return status;
    state->wanted = true;
    status = state_dir_open(&state->directory, path, error);
    if (status == STATUS_OK) status = refuse_place(state, request, error);
    if (status == STATUS_OK) status = state_dir_read(&state->directory, &state->text, &state->resumed, error);
    if (status == STATUS_OK) status = settle_options(state, request, error);
    if (status != STATUS_OK) return status;
    if (state->directory.torn_bytes > 0)
        log_message(LOG_WARNING,
                    "state: %s: its last %llu bytes are not whole, as after a crash; the checkpoint before them counts",
                    state->directory.file, (unsigned long long)state->directory.torn_bytes);
    if (!state->resumed && !known_files_sort(&state->text.files))
        return error_set(error, STATUS_FAILED, "--state: out of memory");
    state->identities = calloc(inputs->items_count + 1, sizeof *state->identities);
    if (state->identities == NULL) return error_set(error, STATUS_FAILED, "--state: out of memory");
    match_inputs(state, inputs, request->follow != NULL);
    if (inputs->items_count > 0 || request->follow == NULL)
        leave_out_done(state, inputs, request->settings->rollups != NULL);
    state->idle = inputs->items_count == 0 && request->follow == NULL;
    if (request->follow != NULL) status = pass_on(state, request->follow, error);
    if (status != STATUS_OK) return status;
    if (request->settings->rollups != NULL) warn_of_uncounted(state);
    return STATUS_OK;
}

enum status run_state_look(const struct run_state_request *request, const struct inputs *inputs, bool missing,
                           struct run_state_seen *seen, struct error *error) {
    struct run_state state = {.wanted = true, .directory = {.directory_fd = -1, .fd = -1}};
    enum status status = refuse(request, inputs, error);
    *seen = (struct run_state_seen){.held = false};
    if (missing || status != STATUS_OK) return status;
    status = state_dir_look(&state.directory, request->settings->state, &seen->held, error);
    if (status == STATUS_OK) status = refuse_place(&state, request, error);
    if (status == STATUS_OK && !seen->held) { /* who holds it is writing there */
        status = state_dir_read(&state.directory, &state.text, &state.resumed, error);
        if (status == STATUS_OK && state.resumed) status = settle_options(&state, request, error);
        seen->resumed = state.resumed;
        seen->files_count = state.text.files.count;
        seen->torn_bytes = state.directory.torn_bytes;
    }
    run_state_close(&state);
    return status;
}

/* Whose lines come once more if this run is killed. */
static enum status say_inodes(struct run_state *state, struct error *error) {
    char *lines = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&lines, &bytes);
    if (out == NULL) return error_set(error, STATUS_FAILED, "--state: out of memory");
    for (size_t i = 0; i < CHECKPOINT_OUTPUTS; i++)
        if (state->text.has_length[i]) checkpoint_write_inode(out, i, state->text.inodes[i]);
    bool good = fclose(out) == 0;
    enum status status = good ? state_dir_add(&state->directory, (struct slice){lines, bytes}, error)
                              : error_set(error, STATUS_FAILED, "--state: out of memory");
    free(lines);
    return status;
}

static enum status cut_back(const struct run_state *state, struct sink_file *const outputs[CHECKPOINT_OUTPUTS],
                            struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < CHECKPOINT_OUTPUTS && status == STATUS_OK; i++) {
        if (outputs[i] == NULL) continue;
        status = sink_file_cut_back(outputs[i], state->text.lengths[i], state->text.inodes[i], error);
        if (status == STATUS_OK && sink_file_cut_bytes(outputs[i]) > 0)
            log_message(LOG_INFO, "state: %s: %llu bytes behind the checkpoint were cut off; they come once more",
                        checkpoint_outputs[i], (unsigned long long)sink_file_cut_bytes(outputs[i]));
    }
    return status;
}

enum status run_state_begin(struct run_state *state, const struct run_state_request *request, struct sink_file *rejects,
                            struct error *error) {
    const char *paths[CHECKPOINT_OUTPUTS] = {[CHECKPOINT_REJECTS] = request->settings->rejects};
    struct checkpoint_request checkpoint = {.directory = &state->directory, .outputs[CHECKPOINT_REJECTS] = rejects};
    if (!state->wanted) return STATUS_OK;
    for (uint32_t i = 0; i < request->outputs->count; i++) {
        checkpoint.outputs[checkpoint_output(i)] = request->outputs->items[i].file;
        state->keeps_names = state->keeps_names || request->outputs->items[i].file == NULL;
        paths[checkpoint_output(i)] = request->outputs->items[i].text;
    }
    enum status status = state->resumed ? cut_back(state, checkpoint.outputs, error) : STATUS_OK;
    for (size_t i = 0; i < CHECKPOINT_OUTPUTS && status == STATUS_OK; i++) {
        struct sink_file *output = checkpoint.outputs[i];
        state->text.has_length[i] = output != NULL;
        state->text.inodes[i] = output != NULL ? sink_file_inode(output) : 0;
        checkpoint.watches_names = checkpoint.watches_names || (output != NULL && !state->idle);
        if (output == NULL || state->resumed) continue;
        status = sink_file_mark(output, &state->text.lengths[i], error);
        folder_sync(paths[i]);
    }
    if (status == STATUS_OK && (!state->resumed || state->refresh))
        status = state_dir_replace(&state->directory, &state->text, state_dir_today(), error);
    else if (status == STATUS_OK && checkpoint.watches_names)
        status = say_inodes(state, error);
    if (status != STATUS_OK) return status;
    state->checkpoint = checkpoint_new(&checkpoint);
    /* where inputs go on is said there; what is followed has its own */
    if (request->follow != NULL && !state->has_places) checkpoint_text_destroy(&state->text);
    return state->checkpoint != NULL ? STATUS_OK : error_set(error, STATUS_FAILED, "--state: out of memory");
}

/* As it is now, to be read from its start. False: it is gone, and its reader says so. */
static bool look_at_new(const struct input *input, struct file_place *place) {
    struct error ignored;
    *place = (struct file_place){.name = slice_from(input->origin), .line_number = 1, .day = state_dir_today()};
    int fd = open(input->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return false;
    bool good = file_identity_read(fd, input->path, &place->identity, &ignored) == STATUS_OK;
    close(fd);
    return good;
}

void run_state_know(struct run_state *state, const struct input *const *inputs, size_t count) {
    char *lines = NULL;
    size_t bytes = 0;
    FILE *out = state->keeps_names ? open_memstream(&lines, &bytes) : NULL;
    if (out == NULL) return; /* when memory is short, too: then a kill and another name together make other ids */
    for (size_t i = 0; i < count; i++) {
        struct file_place place;
        if (inputs[i]->identity != NULL && inputs[i]->place == NULL && look_at_new(inputs[i], &place))
            checkpoint_write_file(out, &place);
    }
    bool good = fclose(out) == 0;
    if (good && bytes > 0) checkpoint_add(state->checkpoint, (struct slice){lines, bytes});
    free(lines);
}

enum status run_state_finish(struct run_state *state, bool whole, struct error *error) {
    return state->checkpoint != NULL ? checkpoint_finish(state->checkpoint, whole, error) : STATUS_OK;
}

void run_state_close(struct run_state *state) {
    checkpoint_free(state->checkpoint);
    if (state->wanted) state_dir_close(&state->directory);
    checkpoint_text_destroy(&state->text);
    free(state->identities);
    *state = (struct run_state){.wanted = false};
}
