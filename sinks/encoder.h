/* Records -> NDJSON. Compiled once: format x output schema -> an array of ops; the hot path runs the ops.
 *
 * Threads: an encoder is read-only after encoder_new; any number of workers may use it. */
#ifndef WHEREFROM_ENCODER_H
#define WHEREFROM_ENCODER_H

#include "base/error.h"
#include "base/option.h"
#include "base/timestamp.h"
#include "schemas/batch.h"
#include "schemas/output.h"
#include "schemas/place.h"
#include "schemas/record.h"
#include "schemas/record_cloud.h"

struct disguise;
struct encoder;
struct privacy;

struct encoder_request {
    const struct output_schema *schema;
    bool keep_original;        /* write the line as it was */
    struct option_list fields; /* --fields: "+path" includes, "-path" drops, the last match wins; when the first
                                  item is a "+", everything not named is dropped */
};

/* STATUS_USAGE when a --fields item matches nothing of any format, naming it. */
enum status encoder_new(const struct encoder_request *request, struct encoder **encoder,
                        struct error *error) WARN_UNUSED;
void encoder_free(struct encoder *encoder);
/* Whether records have it: --fields may drop it. `value` is one of records themselves, written for all formats or for none. */
bool encoder_writes(const struct encoder *encoder, enum value value);

struct shape_cache;
struct residency_memory;

#define FLAGS_KNOWN_BYTES 256u

/* hop.flags of the record before: nearly always those of the next one, too (230 instructions of the 780 that a chain of two hops took). */
struct known_flags {
    uint32_t bytes; /* 0: none */
    uint32_t flags;
    uint16_t skipped, passed;
    uint8_t base;
    const struct chain *chain;
    char text[FLAGS_KNOWN_BYTES + 32]; /* 32 bytes from each may be read */
};

/* "[IPv6]:port", and what may be read behind it */
#define ADDRESS_ROOM (IP_TEXT_BYTES_MAX + 8u + 32u)

/* A worker's memory: what the records of one input share, escaped once, and the shapes of records that it has met. */
struct encoder_context {
    const struct origin *origin;
    struct slice name;                  /* enters event.id: the origin's, or the connection's */
    struct slice path, account, region; /* as JSON text without quotes; 32 bytes behind each may be read */
    struct slice address;               /* likewise: who sent the lines of a connection; otherwise empty */
    struct slice topic;                 /* likewise: of a queue; otherwise empty */
    struct slice partition;             /* likewise, digits */
    char id[HASH_ID_DIGITS];            /* event.id of the last record, where it is written or wanted */
    bool id_wanted;                     /* by the sink, too */
    char *names;                        /* behind all of these but the address */
    char address_text[ADDRESS_ROOM];
    struct arn_memory arn;       /* of the last record */
    struct timestamp_cache days; /* of times that are written */
    char *scratch;               /* ENCODE_SCRATCH_BYTES: values that do not stand in the line as they are written */
    struct shape_cache *shapes;
    struct residency_memory *residencies; /* what was said of records before, rendered (sinks/encode_residency.h) */
    struct known_flags known_flags;       /* of this batch: chains may be others in the next */
    uint32_t plan;                        /* index of the one that the last record was written by */
    struct disguise *disguise;            /* of all that is written; NULL: everything leaves as it is */
    struct disguise *disguise_made;       /* the same, kept while there is none */
};

/* False when memory is short; encoder_context_destroy is safe after any outcome. */
bool encoder_context_init(struct encoder_context *context) __attribute__((warn_unused_result));
/* Prepares `context` for records of `origin`; keeps what it has when that is the same one. */
void encoder_context_set(struct encoder_context *context, const struct origin *origin);
/* And, behind that, for records of one of its connections. The name in event.id is that of the connection, behind that of the origin
 * and a slash when it has one; instead of the origin's path its address is written. */
void encoder_context_set_connection(struct encoder_context *context, const struct connection_facts *connection);
/* The next origin is another one, even where it stands in the memory of the last. */
static inline void encoder_context_forget(struct encoder_context *context) {
    context->origin = NULL;
}
/* What records and rejects may tell from here on; NULL: everything. `privacy` lives as long as it is used. Before encoder_context_set. */
void encoder_context_set_privacy(struct encoder_context *context, const struct privacy *privacy);
void encoder_context_destroy(struct encoder_context *context);

/* Writes `record` and a newline to `out` and returns the number of bytes. Never more than ENCODE_EXPANSION * line + RECORD_FIXED_BYTES + 6 * path, and up to
 * OUT_PADDING_BYTES more are written behind the end. */
size_t encoder_write(const struct encoder *encoder, struct encoder_context *context, const struct record *record,
                     char *out);

/* The client's address as the record that was just written has it; false when it has none. */
bool encoder_client(struct encoder_context *context, const struct record *record, struct ip *client);

/* Renders a place as the members that belong into the client's object, each with a comma behind it. At most
 * PLACE_JSON_BYTES_MAX bytes. For enrich/geo_cache.h. */
uint32_t encoder_render_place(const void *encoder, const struct place *place, char *out);

/* One line of the rejects file (INTERFACE.md section 5), with its newline. Whose line it is nobody knows, so with privacy the line itself does not
 * leave ("privacy":"dropped"), and addresses in what is said of it are those of unknown clients. At most 6 * line + RECORD_FIXED_BYTES + REJECT_ORIGIN_BYTES +
 * 6 * path bytes. */
struct rejected {
    const char *reason;
    const char *stage;  /* NULL: split */
    const char *format; /* NULL: not known */
    const char *column; /* NULL: the line as a whole */
    const char *expected;
    struct slice said; /* instead of it: what an output said */
    struct slice found;
    uint32_t status;         /* of HTTP, from an output; 0: none */
    struct slice error_type; /* likewise; empty: none */
    struct slice line;       /* as far as it was read */
    bool has_time;
    int64_t time_ns;
    bool truncated; /* the line is longer than what is given */
    uint64_t position, line_number;
    uint32_t message_line; /* as in struct record */
    /* And what replay needs to read the line as it was read; NULL: none */
    const struct header *header; /* that a header line said */
    const struct connection_facts *connection;
};
size_t reject_line_write(const struct encoder_context *context, const struct rejected *rejected, char *out);
/* One that was written before, by whatever rules, without its newline; `line` has 64 readable bytes behind it. With privacy it becomes as one that is written now:
 * what it has of its log's line is taken out. At most as many bytes as it has, and 32. */
size_t reject_line_copy(const struct encoder_context *context, struct slice line, char *out);

#endif
