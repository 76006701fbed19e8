/* The list of files a run reads: INPUT arguments expanded, in order, each with the name that enters event.id.
 *
 * Order is the order given; inside a directory and a glob it is byte order of the path (the same on
 * every machine and locale). Rules (INTERFACE.md sections 1 and 4):
 *   directory  read recursively: all regular files but those whose name, or a folder's above them, begins
 *              with `.`, and those that end in .tmp or .part (somebody is still writing them). A symbolic
 *              link to a regular file inside the directory is read under its own name, and with all_links one
 *              to any file; a link to a directory is not followed. What is left out is counted.
 *   glob       expanded by us when it was quoted: an INPUT with `*`, `?` or `[` that names no existing
 *              file. Matching directories are read as if they had been given.
 *   `-`        stdin; FIFOs and devices may be given by name.
 *   tcp://     a listener (ingest/listen_url.h); stands behind all others in the list.
 *   kafka://   is none of the list: it has no name and no bytes of its own (config/kafka_settings.h).
 *   s3://      answered with the `aws s3 sync` line to run first.
 *   same name  two inputs with the same origin name are a usage error, since their records would have
 *              the same event.id; but an AWS object that is met again (in a directory or glob) is left out
 *              and counted as skipped (`same-object`).
 *
 * Threads: built by the main thread before the readers start, read-only after that. */
#ifndef WHEREFROM_INPUTS_H
#define WHEREFROM_INPUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"
#include "ingest/aws_key.h"

enum input_found {
    INPUT_BY_NAME, /* is itself an argument */
    INPUT_BY_GLOB, /* matched one */
    INPUT_BELOW    /* in a directory that is or matched an argument */
};

struct input {
    char *path;          /* as opened: log.file.path; "-" for stdin */
    char *origin;        /* name that enters event.id, never with .gz or .zst */
    struct aws_key key;  /* slices point into `path`; all empty when the path is no AWS object name */
    uint64_t size_bytes; /* at listing time, for progress; 0 when not a regular file */
    enum input_found found;
    size_t argument;                /* index of the INPUT that it comes from */
    const char *beneath;            /* directory that it must not lead out of; NULL: it may */
    const struct file_place *place; /* where a file goes on; NULL: at its start */
    struct file_identity *identity; /* what its source shall fill; NULL: nothing */
    bool is_stdin;
    bool is_stream; /* tcp://: `path` is the URL */
};

#define INPUTS_EXAMPLE_BYTES_MAX 512u

/* Files left out, and one of their paths for the warning ("" if none; cut when longer). */
struct inputs_left_out {
    uint64_t count;
    char example[INPUTS_EXAMPLE_BYTES_MAX];
};

struct inputs_texts;
struct file_place;
struct file_identity;

struct inputs {
    struct input *items;
    size_t items_count;
    size_t streams_count;               /* of the items, the last ones: streams have no end to wait for */
    uint64_t size_bytes;                /* sum, for progress */
    struct inputs_left_out same_object; /* AWS objects met again */
    struct inputs_left_out links;       /* symbolic links that lead out, to a directory, or nowhere */
    struct inputs_left_out unfinished;  /* names that end in .tmp or .part */
    struct inputs_left_out hidden;      /* files and folders whose name begins with `.` */
    struct inputs_left_out special;     /* FIFOs, sockets and devices inside a directory */
    bool all_links;                     /* private, as the next two */
    size_t items_room;                  /* private */
    struct inputs_texts *texts;         /* private: all paths and origins */
};

struct inputs_request {
    const char *const *arguments; /* INPUTs as given */
    size_t arguments_count;
    const bool *taken;   /* by index: read by somebody else (ingest/follow.h); NULL: none is */
    const char *origin;  /* --origin NAME, or NULL. Replaces the origin of a single file or stdin;
                                   * with several files, or a directory, it is put in front:
                                   * "NAME/<their own>" */
    bool all_links;      /* links to files are read wherever they lead */
    bool names_are_free; /* they enter no event.id, so several files may have one */
};

/* The name that a file has by its path alone, when it is an argument itself: an AWS object's, or the path without .gz or .zst. */
struct slice input_own_name(struct slice path);

/* Fills `inputs`. Errors: STATUS_FAILED for a missing or unreadable path (named), STATUS_USAGE for
 * duplicate names, s3:// and an INPUT kind not known. inputs_destroy is safe after any outcome. */
enum status inputs_init(struct inputs *inputs, const struct inputs_request *request, struct error *error) WARN_UNUSED;
void inputs_destroy(struct inputs *inputs);

#endif
