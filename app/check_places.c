/* Nothing is opened for writing, made, locked or listened at: a run may be going on with the same config.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "app/check_places.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "app/default_database.h"
#include "app/page_listener.h"
#include "base/endpoint.h"
#include "base/folder.h"
#include "config/kafka_url.h"
#include "ingest/listen_url.h"
#include "schemas/limits.h"

#define REASON_BYTES 128u

/* --- addresses ------------------------------------------------------------------------------------ */

/* Bound for a moment, and not listened at; 0, or the errno. */
static int try_address(const struct endpoint *at) {
    struct sockaddr_storage address;
    socklen_t bytes = endpoint_to_socket(at, &address);
    int one = 1, fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return errno;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    int reason = bind(fd, (struct sockaddr *)&address, bytes) == 0 ? 0 : errno;
    close(fd);
    return reason;
}

static void check_address(struct findings *findings, enum finding_subject subject, const char *what,
                          const struct endpoint *at) {
    char text[ENDPOINT_TEXT_BYTES], reason[REASON_BYTES];
    int failed = try_address(at);
    if (failed == 0) return;
    endpoint_format(at, text, sizeof text);
    findings_add(findings, FINDING_ERROR, subject, text, "%s: cannot listen on %s: %s%s", what, text,
                 strerror_r(failed, reason, sizeof reason),
                 failed == EADDRINUSE ? "; end what listens there (it may be the run that this config is for), or give "
                                        "another address"
                                      : "; give an address of this machine");
}

void check_page_addresses(const struct run_setup *run, struct findings *findings) {
    const struct {
        const char *option, *text;
        enum finding_subject subject;
    } pages[] = {{"metrics", run->settings.metrics, ABOUT_METRICS}, {"ui", run->settings.ui, ABOUT_UI}};
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        struct endpoint at;
        struct error error;
        if (pages[i].text != NULL && page_listener_parse(pages[i].option, pages[i].text, &at, &error) == STATUS_OK)
            check_address(findings, pages[i].subject, pages[i].option, &at);
    }
}

/* --- inputs --------------------------------------------------------------------------------------- */

static void say_left_out(struct findings *findings, enum finding_level level, const char *input,
                         const struct inputs_left_out *left_out, const char *what) {
    if (left_out->count > 0)
        findings_add(findings, level, ABOUT_INPUTS, input, "input %s: %llu %s", input,
                     (unsigned long long)left_out->count, what);
}

static bool is_regular(const struct input *input) {
    struct stat about;
    return !input->is_stdin && !input->is_stream && stat(input->path, &about) == 0 && S_ISREG(about.st_mode);
}

/* What is there of an INPUT that can be read. */
static void say_what_is_there(struct findings *findings, const struct inputs *inputs, const char *input,
                              bool any_format) {
    size_t empty = 0, unnamed = 0;
    for (size_t i = 0; i < inputs->items_count; i++) {
        empty += is_regular(&inputs->items[i]) && inputs->items[i].size_bytes == 0;
        unnamed += is_regular(&inputs->items[i]) && inputs->items[i].key.object_name.len == 0;
    }
    if (inputs->items_count == 0)
        findings_add(findings, FINDING_WARNING, ABOUT_INPUTS, input,
                     "input %s: there is no file in it to read; is it the right directory?", input);
    if (empty > 0)
        findings_add(findings, FINDING_WARNING, ABOUT_INPUTS, input,
                     "input %s: %zu of %zu files are empty; look whether they came through whole", input, empty,
                     inputs->items_count);
    if (unnamed > 0 && any_format)
        findings_add(
            findings, FINDING_INFO, ABOUT_INPUTS, input,
            "input %s: the names of %zu of %zu files are no object names of AWS, so the format is found by the "
            "lines; name it with --format if that is not wanted",
            input, unnamed, inputs->items_count);
    say_left_out(findings, FINDING_WARNING, input, &inputs->links,
                 "symbolic links lead out of it, to a directory or nowhere, and are not read; name what they lead to, "
                 "or give --links all for files");
    say_left_out(findings, FINDING_INFO, input, &inputs->unfinished,
                 "files end in .tmp or .part and are not read; they are when they have their own name");
    say_left_out(findings, FINDING_WARNING, input, &inputs->special,
                 "FIFOs, sockets or devices are in it and are not read; name those that shall be");
}

/* One that is followed may come later, where there is a directory for it. */
static void check_followed(struct findings *findings, const char *input) {
    struct stat about;
    char folder[PATH_BYTES_MAX], reason[REASON_BYTES];
    folder_of(input, folder, sizeof folder);
    bool there = stat(input, &about) == 0;
    if (there && access(input, R_OK) == 0) return;
    if (!there && errno == ENOENT && access(folder, R_OK | X_OK) == 0)
        findings_add(findings, FINDING_WARNING, ABOUT_INPUTS, input,
                     "input %s: is not there yet; it is read as soon as it is", input);
    else
        findings_add(findings, FINDING_ERROR, ABOUT_INPUTS, input, "input %s: %s", input,
                     strerror_r(errno, reason, sizeof reason));
}

static void check_listener(struct findings *findings, const char *input) {
    struct listen_url url;
    struct error error;
    if (listen_url_parse(input, &url, &error) != STATUS_OK)
        findings_add(findings, FINDING_ERROR, ABOUT_INPUTS, input, "%s", error.message);
    else
        check_address(findings, ABOUT_INPUTS, input, &url.at);
}

static void check_input(const struct run_setup *run, struct findings *findings, size_t index) {
    const char *input = run->arguments.inputs.items[index];
    const struct config_node *node = input_node(&run->arguments, index);
    bool any_format = strcmp(run->settings.format, "auto") == 0 &&
                      (node == NULL || config_node_member(node, "format") == NULL);
    struct inputs inputs = {0};
    struct error error;
    struct inputs_request request = {
        .arguments = &input, .arguments_count = 1, .all_links = run->settings.links == LINKS_ALL};
    if (kafka_url_is(input)) return;
    if (run->follow.taken != NULL && run->follow.taken[index]) {
        check_followed(findings, input);
        return;
    }
    if (strncmp(input, "tcp://", strlen("tcp://")) == 0) {
        check_listener(findings, input);
        return;
    }
    if (inputs_init(&inputs, &request, &error) == STATUS_OK)
        say_what_is_there(findings, &inputs, input, any_format);
    else
        findings_add(findings, FINDING_ERROR, ABOUT_INPUTS, input, "%s", error.message);
    inputs_destroy(&inputs);
}

void check_inputs(struct run_setup *run, struct findings *findings) {
    const struct arguments *arguments = &run->arguments;
    size_t errors_before = findings->errors_count;
    struct error error;
    if (run->settings.follow.all || arguments->inputs.count > 0) {
        enum status status = run_follow_choose(&run->follow, arguments, &run->settings, &error);
        if (status != STATUS_OK) findings_add(findings, FINDING_ERROR, ABOUT_INPUTS, "--follow", "%s", error.message);
    }
    for (size_t i = 0; i < arguments->inputs.count; i++) check_input(run, findings, i);
    if (findings->errors_count > errors_before) return;
    struct inputs_request request = {.arguments = arguments->inputs.items,
                                     .arguments_count = arguments->inputs.count,
                                     .origin = run->settings.origin,
                                     .all_links = run->settings.links == LINKS_ALL,
                                     .taken = run->follow.taken};
    if (inputs_init(&run->inputs, &request, &error) != STATUS_OK)
        findings_add(findings, FINDING_ERROR, ABOUT_INPUTS, "INPUT", "%s", error.message);
}

/* --- files that are written ----------------------------------------------------------------------- */

/* Whether this process could make something there. */
static bool check_folder(struct findings *findings, enum finding_subject subject, const char *path) {
    struct stat about;
    char folder[PATH_BYTES_MAX], reason[REASON_BYTES];
    folder_of(path, folder, sizeof folder);
    if (stat(folder, &about) != 0)
        findings_add(findings, FINDING_ERROR, subject, path, "%s: its directory %s: %s; make it, or write elsewhere",
                     path, folder, strerror_r(errno, reason, sizeof reason));
    else if (!S_ISDIR(about.st_mode))
        findings_add(findings, FINDING_ERROR, subject, path, "%s: %s is no directory; write elsewhere", path, folder);
    else if (faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) != 0)
        findings_add(findings, FINDING_ERROR, subject, path,
                     "%s: nothing can be made in its directory %s: %s; look at its owner and mode, or write elsewhere",
                     path, folder, strerror_r(errno, reason, sizeof reason));
    else
        return true;
    return false;
}

static void check_file(struct findings *findings, enum finding_subject subject, const char *path) {
    struct stat about;
    char reason[REASON_BYTES];
    if (path == NULL || strcmp(path, "-") == 0 || strstr(path, "://") != NULL) return;
    if (stat(path, &about) != 0) {
        (void)check_folder(findings, subject, path);
        return;
    }
    if (S_ISDIR(about.st_mode))
        findings_add(findings, FINDING_ERROR, subject, path, "%s: is a directory; name a file in it", path);
    else if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) != 0)
        findings_add(findings, FINDING_ERROR, subject, path,
                     "%s: cannot be written: %s; look at its owner and mode, or write elsewhere", path,
                     strerror_r(errno, reason, sizeof reason));
}

void check_files(const struct run_setup *run, struct findings *findings) {
    for (uint32_t i = 0; i < run->outputs.count; i++) check_file(findings, ABOUT_OUTPUT, run->outputs.items[i].text);
    check_file(findings, ABOUT_REJECTS, run->settings.rejects);
    check_file(findings, ABOUT_ROLLUPS, run->settings.rollups);
    check_file(findings, ABOUT_SUMMARY, run->settings.summary);
}

static void say_state(struct findings *findings, const char *path, const struct run_state_seen *seen) {
    if (seen->held)
        findings_add(findings, FINDING_WARNING, ABOUT_STATE, path,
                     "state %s: a run is using it; another one with the same directory would not start", path);
    if (seen->torn_bytes > 0)
        findings_add(findings, FINDING_WARNING, ABOUT_STATE, path,
                     "state %s: the last %llu bytes of its checkpoint are not whole, as after a crash; a run goes on "
                     "from what is before them",
                     path, (unsigned long long)seen->torn_bytes);
    if (seen->resumed)
        fprintf(findings->facts, "state %s: a checkpoint of %zu files; a run goes on from there\n", path,
                seen->files_count);
    else if (!seen->held)
        fprintf(findings->facts, "state %s: no checkpoint; a run begins anew\n", path);
}

void check_state(const struct run_setup *run, struct findings *findings) {
    const char *path = run->settings.state;
    const struct run_state_request request = {.arguments = &run->arguments,
                                              .settings = &run->settings,
                                              .outputs = &run->outputs,
                                              .reads_kafka = run->kafka.settings.has_input};
    struct run_state_seen seen;
    struct stat about;
    struct error error;
    char reason[REASON_BYTES];
    if (path == NULL) return;
    bool there = stat(path, &about) == 0;
    if (!there && !check_folder(findings, ABOUT_STATE, path)) return;
    if (there && S_ISDIR(about.st_mode) && faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) != 0) {
        findings_add(
            findings, FINDING_ERROR, ABOUT_STATE, path,
            "state %s: nothing can be written there: %s; look at its owner and mode, or give another directory", path,
            strerror_r(errno, reason, sizeof reason));
        return;
    }
    if (run_state_look(&request, &run->inputs, !there, &seen, &error) == STATUS_OK)
        say_state(findings, path, &seen);
    else
        findings_add(findings, FINDING_ERROR, ABOUT_STATE, path, "%s", error.message);
}

/* --- databases ------------------------------------------------------------------------------------ */

static void check_age(struct findings *findings, const struct geo_database *database) {
    int64_t seconds = (int64_t)time(NULL) - (int64_t)database->build_epoch,
            days = seconds / 86400 - (seconds % 86400 < 0);
    if (database->build_epoch == 0)
        findings_add(findings, FINDING_WARNING, ABOUT_DATABASE, database->path,
                     "database %s: does not say when it was built; look whether there is a newer one", database->path);
    else if (days < -1)
        findings_add(findings, FINDING_WARNING, ABOUT_DATABASE, database->path,
                     "database %s: was built %lld days from now; look at this machine's clock", database->path,
                     (long long)-days);
    else if (days >= (int64_t)DATABASE_AGE_DAYS)
        findings_add(findings, FINDING_WARNING, ABOUT_DATABASE, database->path,
                     "database %s: was built %lld days ago, and networks move; take a newer one", database->path,
                     (long long)days);
}

static bool check_database(struct findings *findings, const char *path) {
    struct geo geo;
    struct error error;
    bool knows_countries = false;
    if (geo_open(&geo, &path, 1, &error) == STATUS_OK) {
        check_age(findings, &geo.databases[0]);
        knows_countries = geo.databases[0].knows_countries;
    } else {
        findings_add(findings, FINDING_ERROR, ABOUT_DATABASE, path, "%s", error.message);
    }
    geo_close(&geo);
    return knows_countries;
}

void check_databases(const struct run_setup *run, struct findings *findings) {
    const struct option_list *given = &run->settings.geo;
    char path[PATH_BYTES_MAX];
    struct error error;
    bool knows_countries = false;
    size_t errors_before = findings->errors_count;
    if (run->settings.no_geo) return;
    for (size_t i = 0; i < given->count; i++)
        knows_countries = check_database(findings, given->items[i]) || knows_countries;
    if (given->count == 0) {
        if (default_database_find(path, &error) == STATUS_OK)
            knows_countries = check_database(findings, path);
        else
            findings_add(findings, FINDING_ERROR, ABOUT_DATABASE, "the default one", "%s", error.message);
    }
    if (!knows_countries && findings->errors_count == errors_before)
        findings_add(findings, FINDING_WARNING, ABOUT_DATABASE, given->count == 1 ? given->items[0] : "--geo",
                     "geo: none of the databases knows countries; name one that does with --geo FILE, too");
}
