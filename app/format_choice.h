/* What --format and --ndjson say, made ready for the splitter.
 *
 *   auto | NAME | vpc_flow:COLUMN COLUMN ... | cloudfront:COLUMN COLUMN ... | nginx:LOG_FORMAT |
 *   haproxy:HEADER len BYTES|HEADER ...
 *
 * Threads: filled by the main thread before others start, read-only after that. */
#ifndef WHEREFROM_FORMAT_CHOICE_H
#define WHEREFROM_FORMAT_CHOICE_H

#include "base/option.h"
#include "ingest/haproxy_captures.h"
#include "ingest/split.h"

struct format_choice {
    const struct schema *schema; /* NULL: auto */
    bool has_header;             /* `header` is the order of columns until a header line says another */
    bool has_log_format;         /* `log_format` is how all lines are written */
    struct header header;
    bool has_captures; /* `captures` are the names of HAProxy's captured headers */
    struct log_format log_format;
    struct haproxy_captures captures;
    struct split_tables *tables; /* of a whole run; NULL in a choice that was only parsed */
};

/* What one text says, without tables. On STATUS_USAGE the message belongs behind the name of who says it. */
enum status format_choice_parse(struct format_choice *choice, const char *format, const struct wanted_headers *wanted,
                                struct error *error) __attribute__((warn_unused_result));

/* `wanted` (NULL: none): headers that chains look at; they must outlive the choice. STATUS_USAGE names what is wrong and where the right
 * words are listed. format_choice_destroy is safe after any outcome. */
enum status format_choice_init(struct format_choice *choice, const char *format, const struct option_list *ndjson,
                               const struct wanted_headers *wanted, struct error *error)
    __attribute__((warn_unused_result));
void format_choice_destroy(struct format_choice *choice);

/* Lines of `origin` are of this choice, which must outlive it. */
void format_choice_apply(const struct format_choice *choice, struct origin *origin);

#endif
