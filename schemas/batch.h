/* The unit of hand-over: whole lines in, encoded records out.
 *
 * A fixed number of batches goes round idle -> reader -> worker -> sink -> idle; a pointer to one is the only
 * thing that crosses threads, and the number of them is both the memory bound and the back-pressure.
 *
 *   text  [ lines of one input ............... | padding 64 | texts in another form ]   pages touched on use
 *         `- segment -'- segment ...           pieces of streams: of a file there is one, of connections many
 *   out   [ records as NDJSON ................ ............. ]   worst case reserved, pages touched on use
 *   reject[ rejected lines as NDJSON ......................  ]
 *
 * With several outputs each record goes to one of them, so a batch has a share for each: a batch of its own with `out`, `marks`,
 * `reject`, and a tally of what becomes of its records, over the text of the whole. What all of them have, the whole has.
 *
 * The reserved sizes are address space: a page that was never written costs nothing, and pages beyond the
 * usual are given back when the batch returns.
 *
 * Threads: owner = whoever popped it. */
#ifndef WHEREFROM_BATCH_H
#define WHEREFROM_BATCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/hash.h"
#include "schemas/connection.h"
#include "schemas/header.h"
#include "schemas/limits.h"
#include "schemas/record.h"
#include "schemas/rollup_note.h"
#include "schemas/spare.h"

#define BATCH_MAGIC 0x57464241u
#define SEGMENT_DAMAGE_BYTES 96u

/* Why a line was not written. Names in reject.c, each with its sentence for people. */
enum reject_reason {
    REJECT_TOO_FEW_FIELDS,
    REJECT_TOO_MANY_FIELDS,
    REJECT_UNTERMINATED_QUOTE,
    REJECT_UNKNOWN_FORMAT,
    REJECT_BAD_JSON,
    REJECT_BAD_TIME,
    REJECT_BAD_PEER,
    REJECT_BAD_STATUS,
    REJECT_LINE_TOO_LONG,
    REJECT_CUT_SHORT,      /* last line of a damaged input */
    REJECT_TOO_LARGE,      /* a record that the output does not take */
    REJECT_BAD_MESSAGE,    /* a message that could not be unpacked to its end */
    REJECT_REFUSED,        /* a document that the cluster says is bad */
    REJECT_BAD_REJECT,     /* replay: a line of a rejects file that is no reject */
    REJECT_NOT_REPLAYABLE, /* replay: a reject without the whole line, handed on as it is */
    REJECT_REASONS
};

enum skip_reason {
    SKIP_EMPTY_LINE,
    SKIP_HEADER,       /* names of columns */
    SKIP_NO_DATA,      /* flow logs: nothing happened in the interval */
    SKIP_SKIP_DATA,    /* flow logs: AWS could not record the interval */
    SKIP_TEST_MESSAGE, /* what AWS writes when logging is switched on */
    SKIP_TIME_RANGE,   /* outside --since/--until */
    SKIP_SAME_OBJECT,  /* an AWS object met twice in a tree */
    SKIP_TOMBSTONE,    /* a message without a value */
    SKIP_EMPTY_MESSAGE,
    SKIP_FILTERED, /* by `filter` of the config */
    SKIP_UNJUDGED, /* a finished record without a verdict of residency, where nothing else is asked for */
    SKIP_REASONS
};

extern const char *const reject_names[REJECT_REASONS];
extern const char *const skip_names[SKIP_REASONS];

struct log_format;
struct privacy;
struct haproxy_captures;
struct file_identity;
struct file_place;
struct file_reached;

enum source_kind { SOURCE_FILE, SOURCE_STDIN, SOURCE_TCP, SOURCE_KAFKA, SOURCE_KINDS };
extern const char *const source_names[SOURCE_KINDS];

/* Where lines came from; one per input, made by its source, valid for the whole run; of a
 * followed file one for each time that it is read, valid until the last batch of it is idle. */
struct origin {
    uint64_t input_index; /* place in the order of inputs */
    enum source_kind source;
    bool stream;                             /* endless: comes behind all files, and is written as it comes */
    struct slice path;                       /* as opened: log.file.path */
    const char *beneath;                     /* directory that it must be in when it is open; NULL: anywhere */
    struct slice name;                       /* enters event.id */
    bool name_given;                         /* by --origin, a directory or at random: the path alone does not say it */
    const struct schema *schema;             /* what the key or -f says; NULL: found per line */
    bool schema_fixed;                       /* -f NAME: never try another format */
    const struct header *header;             /* order of columns until a header line says another; NULL: not given */
    const struct log_format *log_format;     /* given by -f; NULL: the usual ones (ingest/log_format.h) */
    const struct haproxy_captures *captures; /* given by -f; NULL: names of captured headers are not known */
    const char *chain;                       /* the input's own; NULL: by rules */
    struct slice account, region;            /* from the key; empty when it does not say */
    const char *topic;                       /* of a queue; NULL: none */
    int32_t partition;                       /* likewise */
    uint32_t partition_index;                /* likewise, in its source's table */
    struct ip_parsed node;                   /* from the key; family IP_NONE when it does not say */
    const struct file_place *place;          /* of a file: where to go on; NULL: at its start */
    bool recounts;                           /* and what is before that is read as well, to be counted only */
    struct file_identity *identity;          /* its source fills this when it opens it; NULL: nobody asks */
    struct file_reached *reached; /* of a followed file: its source notes here how far it went; NULL: of no such file */
};

/* How the places of a segment's lines follow one another. */
enum segment_kind {
    SEGMENT_BYTES,    /* by their bytes */
    SEGMENT_MESSAGES, /* each line is a message, and has the offset behind that of the line before; its line number is 1 */
    SEGMENT_MESSAGE /* all are lines of the message at `position` */
};

/* Lines that came in a row. Its text ends where the next segment's begins; its last line may lack an LF. */
struct segment {
    uint32_t offset; /* of its first line in the batch's text */
    enum segment_kind kind;
    const struct origin *origin; /* NULL: the batch's */
    uint64_t position;           /* of that line in the uncompressed file, or in the stream; of messages the offset */
    uint64_t line_number;        /* likewise, from 1 */
    bool line_too_long;          /* the text is the start of one over-long line */
    bool cut_short;              /* the last line has no end because the input is damaged */
    bool
        unreadable; /* the text is the start of a message that could not be unpacked (to its end), or, by SEGMENT_BYTES, of a
                        line that is no reject; it becomes one reject: */
    char damage[SEGMENT_DAMAGE_BYTES]; /* why, with a NUL */
    bool kept;                         /* the text is one reject, which is handed on as it is */
    bool
        counted_only; /* its records were written by an earlier run, or by another member: they are noted for roll-ups, no more */
    const struct header *header; /* of a batch that is `replayed`: what a header line said; NULL: nothing */
    bool connected;              /* came by a connection: */
    struct connection_facts connection;
};

/* How a line ended: every one in exactly one way. */
enum record_outcome { OUTCOME_WRITTEN, OUTCOME_DUPLICATE, OUTCOME_REJECTED, OUTCOME_SKIPPED, OUTCOMES };

/* What became of the lines of one format. */
struct format_tally {
    uint64_t outcomes[OUTCOMES];
    uint64_t bytes_read; /* of uncompressed text */
};

/* What became of the lines of a batch. */
struct tally {
    uint64_t read, written;
    uint64_t duplicates; /* the output had them already */
    uint64_t rejected[REJECT_REASONS], skipped[SKIP_REASONS];
    uint64_t verdicts[VERDICTS_MAX];
    uint64_t evidence_unused; /* records with HOP_EVIDENCE_UNUSED */
    uint64_t residency[RESIDENCY_VERDICTS], residency_reasons[RESIDENCY_REASONS];
    uint64_t bytes_read;                           /* of uncompressed text */
    uint64_t recounted;                            /* lines of segments that are counted only; in none of the others */
    uint64_t place_lookups, place_misses;          /* of the memory of places */
    struct format_tally formats[SCHEMAS_MAX + 1u]; /* the same lines, by schema_number; 0: of no known format */
};

void tally_add(struct tally *sum, const struct tally *part);
/* A record of this format, which counts as written, is a duplicate, or rejected for this reason. */
void tally_take_duplicate(struct tally *tally, uint32_t schema_number);
void tally_take_refused(struct tally *tally, uint32_t schema_number, enum reject_reason reason);
/* Of all reasons. */
uint64_t tally_rejected(const struct tally *tally);
uint64_t tally_skipped(const struct tally *tally);
/* The reason that most have, the first of several. */
enum reject_reason tally_most_rejected(const struct tally *tally);

/* How far a batch goes in one partition of a queue. */
struct batch_range {
    uint32_t partition;  /* index in the source's table */
    uint32_t assignment; /* of the partition: what is left of an earlier one says nothing of this one */
    int64_t next; /* what may be committed: the first message that is not, or not to its end, in batches so far */
};

/* A record in `out`: what a sink needs beside its bytes. Only filled for sinks that say so. */
struct record_mark {
    uint32_t end; /* in `out`, behind its LF */
    bool has_client;
    bool refused; /* set by the sink: too large for its topic, see refused_count */
    uint8_t schema_number;
    uint32_t note; /* index of the record's own in the batch's notes, where there are notes */
    struct ip client;
    const char *format;      /* never NULL */
    char id[HASH_ID_DIGITS]; /* event.id */
    /* and what a reject says, should the record be refused: */
    const struct origin *origin;
    const struct header *header; /* what a header line said that is in force; NULL: nothing */
    struct span line;
    uint32_t message_line; /* as in struct record */
    uint64_t position;
};

struct batch {
    unsigned magic;
    const struct origin *origin;
    uint64_t sequence;       /* of this batch within its input, from 0; set by the pipeline */
    struct header header;    /* in force at the first line */
    uint64_t input_progress; /* bytes of the input as stored, taken up so far */
    bool last;               /* nothing of this input follows */
    bool replayed;           /* each segment is one line that comes again, begins anew, and has an origin in `arena` */
    bool given_up;           /* because the run shall end; there may be more */
    bool finished;           /* because its end was reached, and nothing was wrong with it */
    bool inside_line;        /* the text ends inside a line that is too long */
    uint32_t segments_count;
    struct segment *segments; /* SEGMENTS_MAX of them */
    struct arena arena;       /* what segments and marks point to and nobody else has */
    uint32_t lines_count;
    uint32_t text_bytes;
    char *text;
    uint32_t spare_bytes; /* used of the room behind the text */
    size_t out_bytes;
    char *out;
    size_t reject_bytes;
    char *reject;
    /* of queues: */
    uint64_t epoch;      /* of the source's assignment: a batch of an earlier one is dropped */
    bool message_open;   /* the last message goes on in the next batch */
    bool limited;        /* not all of it was worked off: its positions are not committed */
    bool in_transaction; /* its source hears of it when that ends */
    uint32_t tombstones_count, empty_messages_count;
    uint32_t ranges_count;
    struct batch_range *ranges; /* one per partition, BATCH_LINES_MAX of them */
    uint32_t marks_count;
    struct record_mark *marks;     /* BATCH_LINES_MAX of them */
    const struct privacy *privacy; /* in force when its records were written; NULL: none */
    uint32_t notes_count;
    struct rollup_note *
        notes; /* of all records of `out`, in their order, and between them of those that are counted only, for runs with roll-ups; BATCH_LINES_MAX of
                  them */
    uint64_t handed_over_us; /* to its output, when somebody asks for that */
    atomic_uint undelivered; /* messages of an asynchronous sink that are on their way; the sink's */
    uint32_t refused_count;  /* records that were not and will not be delivered: they become rejects; the sink's */
    struct tally tally;
    struct batch *shares; /* one for each output, by its index; NULL: there is one output */
    uint32_t shares_count;
    atomic_uint shares_open;    /* that have not come to their end */
    atomic_bool shares_dropped; /* not all of them did well */
    struct batch *whole;        /* of a share; NULL: it is none */
    struct batch *next;         /* link of the queue that holds it */
};

/* Bytes reserved for `out` and `reject`: no batch can run out of room (sizes in limits.h). */
size_t batch_out_bytes_max(void);
size_t batch_reject_bytes_max(void);

/* Reserves the memory of one batch; false when the system refuses. batch_destroy is safe after any outcome. */
bool batch_init(struct batch *batch) __attribute__((warn_unused_result));
void batch_destroy(struct batch *batch);

/* Gives an empty batch a share for each of `count` outputs; false when the system refuses. */
bool batch_add_shares(struct batch *batch, uint32_t count) __attribute__((warn_unused_result));
/* Before records are written: nothing is in the shares; and after that: they are over the text and notes of the whole. */
void batch_begin_shares(struct batch *batch);
void batch_end_shares(struct batch *batch);
/* All shares have come to their end: the whole's tally says what has become of their records, and their rejects stand behind its own. */
void batch_gather_shares(struct batch *batch);
/* What goes to output `index`: a share, or all of it. */
static inline struct batch *batch_share(struct batch *batch, uint32_t index) {
    return batch->shares != NULL ? &batch->shares[index] : batch;
}

/* The room behind the text, empty; and, when the worker is done, how much of it was used. */
struct spare batch_spare(struct batch *batch);
void batch_keep_spare(struct batch *batch, const struct spare *spare);

/* A new segment, all zero but for its offset: what is put behind the text now belongs to it. At most SEGMENTS_MAX. */
struct segment *batch_add_segment(struct batch *batch);
/* That which byte `offset` of the text is in. */
const struct segment *batch_segment_of(const struct batch *batch, uint32_t offset);
/* Where the text of a segment ends. */
static inline uint32_t batch_segment_end(const struct batch *batch, uint32_t index) {
    return index + 1 < batch->segments_count ? batch->segments[index + 1].offset : batch->text_bytes;
}

/* Makes it empty and gives pages beyond the usual back. */
void batch_reset(struct batch *batch);

#endif
