/* Files that are read as they appear and grow: --follow.
 *
 *   inotify, rescan -> watching thread: which files have something new -> pieces -> readers -> watching thread: how far they came
 *
 * A piece is one file from where it was read to up to where it ends now, so it is an input like any other: it ends, it has a place in the
 * order of inputs, and a checkpoint says how far it came. A file that grows is read in one piece after another, and no file holds up the
 * others. The lines of one file come in its order; files come in the order in which they were seen to have something new, and those
 * that were there at the start folder by folder, by name.
 *
 *   waits       a last line without LF, until it has one or nothing was added to the file for --last-line-wait; a compressed file
 *               whose size or time was moving within --follow-rest (it is read as one that is whole)
 *   left out    names as in a directory that is not followed (ingest/inputs.h), and KEY.XXXXXXXX of `aws s3 sync`
 *   renamed     goes on, under its first name
 *   begins anew what is shorter than it was, or begins with other bytes; that is said
 *   removed     what was read stays read. What appears again under its name, with the same first bytes, is not read again.
 *   moved away  before it was read to its end: what was not read is lost, as its folder is not watched; a file that is given by itself
 *               is looked for in its folder
 *
 * Threads: follow_watch is the watching thread; who may call the others is said there. */
#ifndef WHEREFROM_FOLLOW_H
#define WHEREFROM_FOLLOW_H

#include "base/error.h"
#include "base/option.h"
#include "ingest/file_reached.h"
#include "ingest/inputs.h"

struct follow_settings {
    bool all; /* --follow */
    uint64_t rescan_s, rest_s, last_line_s;
};
extern const struct option_spec follow_options[];
extern const size_t follow_options_count;

/* A directory, or a file, which need not be there yet. */
struct follow_root {
    const char *path;
    size_t argument; /* index of the INPUT */
};

enum follow_word { FOLLOW_INFO, FOLLOW_WARNING, FOLLOW_ERROR };

struct follow_request {
    const struct follow_settings *settings;
    const struct follow_root *roots; /* borrowed, as the texts in them */
    size_t roots_count;
    const char *origin; /* --origin, or NULL; as in struct inputs_request */
    bool all_links;     /* as in struct inputs_request */
    bool keeps_state;   /* what lies there must be read again before it is forgotten (STATE_KEPT_DAYS) */
    /* Fills what the run's settings say of an input. By the watching thread. */
    void (*dress)(void *context, const struct input *input, struct origin *origin);
    /* These are about to be read from their start. By the watching thread. */
    void (*know)(void *context, const struct input *const *inputs, size_t count);
    void *context;
    void (*say)(enum follow_word word, const char *message); /* likewise, and at the start */
};

struct follow_counts {
    uint64_t files, same_object, failed; /* that were seen; AWS objects met again; files that cannot be followed */
};

struct follow;

/* Fails when a root cannot be followed. The roots are not looked at yet. */
enum status follow_open(const struct follow_request *request, struct follow **follow, struct error *error) WARN_UNUSED;
/* Where the first piece stands in the order of inputs: behind all other files. Before follow_watch. */
void follow_begin_at(struct follow *follow, uint64_t index);
/* What an earlier run has read; before follow_watch. False when memory is short. */
bool follow_know(struct follow *follow, const struct file_place *place) WARN_UNUSED;
/* Watches until `stop_fd` is readable. `news` is called when there are pieces, and at the end. */
void follow_watch(struct follow *follow, int stop_fd, void (*news)(void *context), void *context);
/* When all threads have ended. */
struct follow_counts follow_counts(const struct follow *follow);
void follow_free(struct follow *follow);

/* By any thread: the origin of the next piece, with its place in the order of inputs; NULL: there is none now. */
const struct origin *follow_take(struct follow *follow);
bool follow_has_more(struct follow *follow);
/* Its source is closed. */
void follow_has_read(struct follow *follow, const struct origin *origin);
/* For each batch of it: it stays as long as any batch has it. */
void follow_keep(const struct origin *origin);
void follow_release(const struct origin *origin);

#endif
