/* Lines -> records: columns by the format's layout, then what the columns' roles mean.
 *
 * A line is first taken for what its file's name or its predecessor says. Only when the columns that matter
 * (time, peer, status) do not fit is its format looked for, so certainty costs nothing on the usual path. What comes out for a
 * line depends on the line, its origin and the header line in force, never on its other neighbours.
 *
 * Threads: a splitter belongs to one worker. */
#ifndef WHEREFROM_SPLIT_H
#define WHEREFROM_SPLIT_H

#include "base/option.h"
#include "base/scan.h"
#include "base/timestamp.h"
#include "ingest/json_tree.h"
#include "ingest/log_format.h"
#include "schemas/batch.h"
#include "schemas/record.h"
#include "schemas/wanted_headers.h"

/* An address, with or without a port, and the text that it was parsed from. */
struct known_address {
    uint64_t first, middle, last; /* eight bytes each, overlapping: all of the text */
    uint32_t text_length;         /* 8 to 24; 0: nothing is known */
    struct endpoint endpoint;
    uint8_t address_length, port_length; /* where both stand in the text in canonical form; else 0 */
};

/* Targets and balancer nodes of the lines before: few, and each again and again. The last slot is for texts
 * of another length: nothing is ever found there. */
enum { TARGETS_KNOWN = 64, NODES_KNOWN = 16 };
struct known_addresses {
    struct known_address targets[TARGETS_KNOWN + 1], nodes[NODES_KNOWN + 1];
};

/* Which columns of a line are wrapped in quotes: the same ones in every line that AWS writes nowadays. */
struct quoting {
    uint32_t columns_count, quoted_count;
    uint8_t quoted[FIELDS_MAX]; /* the wrapped columns */
    uint32_t skip[FIELDS_MAX];  /* for each column: 1 when it is wrapped */
};

#define SPLIT_TREES 2u

/* Of the objects that a line was wrapped in, what else they hold: `name=value`. */
struct around {
    uint32_t count;
    struct span items[FIELDS_MAX];
};

struct splitter {
    const struct scan_kernel *kernel;
    const struct split_tables *tables; /* NULL: no JSON, no log formats */
    struct json_reader *json;          /* likewise */
    struct json_tree *trees;           /* SPLIT_TREES: of the line, and of a list of headers that found no room in it */
    const struct schema *last;         /* format of the last record: a guess, nothing more */
    struct header header;              /* in force at the next line; set at the start of each batch */
    struct around around;              /* of the line that is read */
    struct header passed;              /* of a stream, where anybody's lines meet: in force for nothing */
    bool headers_count;       /* header lines are in force for the lines behind them: of a file, of one message */
    struct spare spare;       /* for texts of records in another form; set at the start of each batch */
    uint32_t last_log_format; /* a guess, too */
    uint32_t columns_seen;    /* of the last line that a header could describe */
    struct timestamp_cache days;
    struct known_addresses known;
    struct quoting quoting;                              /* of the last line that had quotes: a guess, too */
    uint32_t ends[1 + FIELDS_MAX + SCAN_ENDS_SLACK + 1]; /* [0]: where a column before the first one would end */
};

enum reading_kind { READING_RECORD, READING_SKIPPED, READING_REJECTED };

/* What became of a line. */
struct reading {
    enum reading_kind kind;
    enum skip_reason skip;       /* READING_SKIPPED */
    enum reject_reason reject;   /* READING_REJECTED, with the rest: */
    const struct schema *schema; /* the format it was taken for; NULL if none fits */
    int column;                  /* index of the column that did not fit; -1: the line as a whole */
    struct slice found;          /* what stood there */
    const char *expected;        /* what should have */
};

void splitter_init(struct splitter *splitter, const struct scan_kernel *kernel);

/* What splitting needs beyond the formats' tables: made of them once, read-only after that (split_tables.c). `ndjson` says where
 * the columns of the format of that name are found, as `column=path`, and headers, as `header.NAME=path`; count 0: nowhere. `wanted`
 * (NULL: none) are headers whose values records shall have; they must outlive the tables. STATUS_USAGE names the item that is wrong. */
struct split_tables;
enum status split_tables_new(const struct option_list *ndjson, const struct wanted_headers *wanted,
                             struct split_tables **tables, struct error *error) __attribute__((warn_unused_result));
void split_tables_free(struct split_tables *tables);

/* From here on the splitter reads JSON and log formats, too; false when there is no memory. `tables` must outlive it. */
bool splitter_use_tables(struct splitter *splitter, const struct split_tables *tables)
    __attribute__((warn_unused_result));
void splitter_destroy(struct splitter *splitter);

/* Reads the line at text[offset]; `text_bytes` is where the text ends (TEXT_PADDING_BYTES behind it may be read). Fills `record`
 * as far as it got and returns the bytes up to the next line (>= 1). `origin` says what format to expect. What a rejected line left
 * in the spare room stays up to the next call. A batch has spare room for all of its lines: SPARE_EXPANSION times their bytes, and
 * SPARE_LINE_BYTES for each. */
uint32_t splitter_read(struct splitter *splitter, const char *text, uint32_t offset, uint32_t text_bytes,
                       const struct origin *origin, struct record *record, struct reading *reading);

/* Takes the header lines of a text of this origin into `header`, as splitter_read would: what is in force behind it, for a text that goes
 * on in another batch. 32 bytes behind the text may be read. */
void split_follow_headers(const struct origin *origin, struct slice text, struct header *header);

/* --- inside the splitter ---------------------------------------------------------------------- */

/* How much spare room a line of so many bytes may take from here on: never what its neighbours left, but the same wherever it stands. */
static inline void splitter_limit_spare(struct splitter *splitter, uint32_t line_bytes) {
    struct spare *spare = &splitter->spare;
    size_t limit = SPARE_EXPANSION * (size_t)line_bytes + SPARE_LINE_BYTES;
    if (limit < spare->end - spare->used) spare->end = spare->used + (uint32_t)limit;
}

/* Rejects the line as a whole; false. */
bool reading_reject(struct reading *reading, enum reject_reason reason, const char *expected);

/* Columns between separators, for record->schema (NULL: spaces and quotes, no order known). False, with `reading`, when the line is
 * no row of it; consumed is set in any case. */
bool split_columns(struct splitter *splitter, const char *text, uint32_t text_left, struct record *record,
                   struct reading *reading, uint32_t *consumed);

/* "2018-09-22T20:28:14.000Z" in front of a flow, as an export from CloudWatch Logs has it. */
bool is_export_time(struct slice text);

/* Fills what the roles of `record->schema` promise; the splitter remembers days and addresses. False, with `reading`, when the
 * record cannot stand. */
bool derive(struct record *record, struct splitter *splitter, struct reading *reading);

/* Whether the line, read as `schema`, is a row of a flow log that tells of no flow, and under which reason it is skipped. */
bool is_empty_flow(const struct record *record, const struct schema *schema, enum skip_reason *skip);

/* Takes the request line apart (request_line.c). */
void request_line_split(struct record *record, struct span line);

/* Adds what columns of their own say of the request, where the request line said nothing. */
void request_add_columns(struct record *record);

/* The format whose leading columns fit the record's, NULL if none does. */
const struct schema *detect(const struct record *record);

/* Whether detect() would have found the format that the record was read as by guess (and that derive() was content with). */
bool detect_agrees(const struct record *record);

#endif
