/* Fuzz target: any bytes as log lines through the splitter, which also puts two headers aside, `x`, a secret, and `user-agent`.
 *
 * Input: one byte that says what the file's name says (bits 0-1 and 4-6: nothing or a format), whether -f says it (bit 2), and
 * whether it says a log_format or names of captured headers, too (bit 3), then lines. Oracle: every kernel says the same, and the same as
 * a splitter that has seen no other line but the header in force, has all its spare room, and has nothing behind the line; columns lie
 * inside their line or in spare room that is theirs, and, where their order is the table's, do not overlap; none has a byte of a secret;
 * what is rejected has a reason and names a column that there is.
 *
 * Threads: one. */
#include <stdlib.h>

#include "base/check.h"
#include "ingest/haproxy_captures.h"
#include "tests/unit/encode_line.h"

#define LINES_MAX 64u
#define READERS 4u /* the one that forgets, and one for each kernel */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct answer {
    struct record record;
    struct reading reading;
    uint32_t consumed;
    struct span spare; /* what was taken of it */
};

/* A splitter with a text of its own: [ spare | slack | text | padding ], and nothing behind it. */
struct reader {
    struct splitter splitter;
    struct answer answer;
    char *text;
};

static struct reader readers[READERS];
static uint32_t kernels_count;
static struct log_format own_format;
static struct haproxy_captures own_captures;

static void set_up(void) {
    const struct scan_kernel *kernels[3];
    schemas_init();
    kernels_count = scan_kernels(kernels);
    encode_line_wanted = (struct wanted_headers){.count = 2,
                                                 .items = {{"x", "x", true}, {"user-agent", "user_agent", false}}};
    for (uint32_t i = 0; i <= kernels_count; i++)
        encode_line_splitter(&readers[i].splitter, kernels[i > 0 ? i - 1 : 0]);
    const struct slice pattern = SLICE(
        "$remote_addr $http_x $remote_user [$time_local] $status \"$request\" $realip_remote_addr");
    ASSERT(haproxy_captures_init(&own_captures, SLICE("x|forwarded len 9|user-agent len 4|y"), &encode_line_wanted,
                                 NULL) == STATUS_OK);
    ASSERT(log_format_compile(pattern, schema_find(SLICE("nginx")), &own_format, NULL) == STATUS_OK);
    log_format_want(&own_format, &encode_line_wanted);
}

/* --- one answer ------------------------------------------------------------------------------------------------------- */

static bool inside(struct span span, struct span where) {
    return span.offset >= where.offset && span.length <= where.length &&
           span.offset - where.offset <= where.length - span.length;
}

/* Columns in the order of the line, where the line is nothing but them. */
static bool is_ordered(const struct record *record) {
    return record->text[record->line.offset] != '{' &&
           (record->schema == NULL || record->schema->layout < LAYOUT_HEADER);
}

static void check_spans(const struct answer *answer, uint32_t offset, uint32_t left) {
    const struct record *record = &answer->record;
    uint32_t at = offset;
    ASSERT(answer->consumed >= 1 && answer->consumed <= left);
    ASSERT(record->line.offset == offset && record->line.length <= answer->consumed);
    ASSERT(record->fields_count <= FIELDS_MAX);
    bool ordered = is_ordered(record);
    for (uint32_t i = 0; i < record->fields_count; i++) {
        struct span span = record->fields[i];
        if (!ordered && span.length == 0) continue;
        ASSERT(inside(span, record->line) || (!ordered && inside(span, answer->spare)));
        ASSERT(!ordered || span.offset >= at);
        at = span.offset + span.length;
    }
}

static bool inside_a_column(const struct record *record, struct span part) {
    static const enum field_role roles[] = {ROLE_REQUEST, ROLE_METHOD, ROLE_URL,   ROLE_SCHEME,
                                            ROLE_HOST,    ROLE_PATH,   ROLE_QUERY, ROLE_HTTP_VERSION};
    bool found = false;
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        int column = schema_column(record->schema, roles[i]);
        found = found || (column >= 0 && column < record->fields_count && inside(part, record->fields[column]));
    }
    return found;
}

static void check_request(const struct record *record) {
    const struct request *request = &record->request;
    const struct span parts[] = {request->method, request->url,   request->scheme, request->domain,
                                 request->path,   request->query, request->version};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        ASSERT(parts[i].length == 0 || inside_a_column(record, parts[i]));
    ASSERT(request->port <= 65535);
}

/* What is looked at is inside the line or its spare room, and no column has any of a secret's bytes. */
static void check_headers(const struct answer *answer) {
    const struct record *record = &answer->record;
    ASSERT(record->headers_found >> encode_line_wanted.count == 0);
    for (uint32_t header = 0; header < encode_line_wanted.count; header++) {
        if ((record->headers_found >> header & 1) == 0) continue;
        struct span value = record->headers[header];
        ASSERT(value.length > 0 && (inside(value, record->line) || inside(value, answer->spare)));
        for (uint32_t i = 0; i < record->fields_count && encode_line_wanted.items[header].secret; i++) {
            struct span field = record->fields[i];
            ASSERT(field.length == 0 || field.offset + field.length <= value.offset ||
                   value.offset + value.length <= field.offset);
        }
    }
}

static void check_answer(const struct answer *answer) {
    const struct reading *reading = &answer->reading;
    const struct record *record = &answer->record;
    switch (reading->kind) {
    case READING_RECORD:
        ASSERT(record->schema != NULL && record->schema == reading->schema);
        ASSERT(record->fields_count >= record->schema->fields_count_min);
        ASSERT(record->time.known);
        for (uint32_t i = record->fields_count; i < record->schema->fields_count; i++)
            ASSERT(record->fields[i].length == 0);
        check_request(record);
        check_headers(answer);
        break;
    case READING_SKIPPED: ASSERT(reading->skip < SKIP_REASONS); break;
    case READING_REJECTED:
        ASSERT(reading->reject < REJECT_REASONS && reading->expected != NULL);
        ASSERT(reading->schema != NULL || (reading->column < 0 && reading->reject != REJECT_TOO_FEW_FIELDS));
        ASSERT(reading->column < 0 || reading->column < record->fields_count);
        ASSERT(reading->column < 0 ||
               slice_equal(reading->found, record_text(record, record->fields[reading->column])));
        break;
    default: ASSERT(false && "a kind of its own");
    }
}

/* --- two answers ------------------------------------------------------------------------------------------------------ */

/* The same text, in the line at the same place. */
static bool same_span(const struct answer *a, struct span in_a, const struct answer *b, struct span in_b) {
    bool in_line = inside(in_a, a->record.line);
    if (in_a.length == 0 && in_b.length == 0) return true;
    return (!in_line || in_a.offset == in_b.offset) &&
           slice_equal(record_text(&a->record, in_a), record_text(&b->record, in_b));
}

static bool same_moment(const struct answer *a, const struct moment *in_a, const struct answer *b,
                        const struct moment *in_b) {
    if (in_a->known != in_b->known) return false;
    return !in_a->known || (in_a->ns == in_b->ns && same_span(a, in_a->text, b, in_b->text));
}

static bool same_address(const struct ip_parsed *a, const struct ip_parsed *b) {
    return a->family == b->family && a->v4_mapped == b->v4_mapped &&
           memcmp(a->ip.bytes, b->ip.bytes, sizeof a->ip.bytes) == 0;
}

static bool same_endpoint(const struct endpoint *a, const struct endpoint *b) {
    return same_address(&a->address, &b->address) && a->port == b->port;
}

static void check_same_addresses(const struct answer *a, const struct answer *b) {
    const struct record *in_a = &a->record, *in_b = &b->record;
    ASSERT(in_a->has_peer == in_b->has_peer && in_a->has_destination == in_b->has_destination &&
           in_a->has_node == in_b->has_node);
    if (in_a->has_peer) {
        ASSERT(same_endpoint(&in_a->peer, &in_b->peer));
        ASSERT(same_span(a, in_a->peer_text.address, b, in_b->peer_text.address) &&
               same_span(a, in_a->peer_text.port, b, in_b->peer_text.port));
    }
    if (in_a->has_destination) {
        ASSERT(same_endpoint(&in_a->destination, &in_b->destination));
        ASSERT(same_span(a, in_a->destination_text.address, b, in_b->destination_text.address) &&
               same_span(a, in_a->destination_text.port, b, in_b->destination_text.port));
    }
    if (in_a->has_node)
        ASSERT(same_address(&in_a->node, &in_b->node) && same_span(a, in_a->node_text, b, in_b->node_text));
}

static void check_same_request(const struct answer *a, const struct answer *b) {
    const struct request *in_a = &a->record.request, *in_b = &b->record.request;
    ASSERT(same_span(a, in_a->method, b, in_b->method) && same_span(a, in_a->url, b, in_b->url) &&
           same_span(a, in_a->scheme, b, in_b->scheme) && same_span(a, in_a->domain, b, in_b->domain) &&
           same_span(a, in_a->path, b, in_b->path) && same_span(a, in_a->query, b, in_b->query) &&
           same_span(a, in_a->version, b, in_b->version) && in_a->port == in_b->port);
}

static void check_same_record(const struct answer *a, const struct answer *b) {
    const struct record *in_a = &a->record, *in_b = &b->record;
    ASSERT(in_a->plain == in_b->plain && in_a->aws_escapes == in_b->aws_escapes && in_a->flags == in_b->flags);
    ASSERT(in_a->list_cut == in_b->list_cut && in_a->headers_found == in_b->headers_found);
    for (uint32_t i = 0; i < encode_line_wanted.count; i++)
        ASSERT((in_a->headers_found >> i & 1) == 0 || same_span(a, in_a->headers[i], b, in_b->headers[i]));
    ASSERT(in_a->outcome == in_b->outcome && in_a->network == in_b->network && in_a->waf_blocked == in_b->waf_blocked);
    ASSERT(same_moment(a, &in_a->time, b, &in_b->time) && same_moment(a, &in_a->start, b, &in_b->start) &&
           same_moment(a, &in_a->end, b, &in_b->end));
    check_same_addresses(a, b);
    check_same_request(a, b);
}

static void check_same(const struct answer *a, const struct answer *b) {
    const struct reading *in_a = &a->reading, *in_b = &b->reading;
    ASSERT(a->consumed == b->consumed && a->record.line.length == b->record.line.length && in_a->kind == in_b->kind);
    if (in_a->kind == READING_SKIPPED) {
        ASSERT(in_a->skip == in_b->skip);
        return;
    }
    ASSERT(in_a->schema == in_b->schema && a->record.fields_count == b->record.fields_count);
    for (uint32_t i = 0; i < a->record.fields_count; i++)
        ASSERT(same_span(a, a->record.fields[i], b, b->record.fields[i]));
    if (in_a->kind == READING_REJECTED) {
        ASSERT(in_a->reject == in_b->reject && in_a->column == in_b->column);
        ASSERT(strcmp(in_a->expected, in_b->expected) == 0);
        ASSERT(in_a->column < 0 || slice_equal(in_a->found, in_b->found));
        return;
    }
    check_same_record(a, b);
}

static void check_same_header(const struct header *a, const struct header *b) {
    ASSERT(a->schema == b->schema);
    if (a->schema == NULL) return;
    ASSERT(a->columns_count == b->columns_count && a->names_bytes == b->names_bytes);
    ASSERT(memcmp(a->columns, b->columns, a->columns_count * sizeof a->columns[0]) == 0);
    ASSERT(memcmp(a->names, b->names, a->columns_count * sizeof a->names[0]) == 0);
    ASSERT(memcmp(a->names_text, b->names_text, a->names_bytes) == 0);
}

/* --- all lines -------------------------------------------------------------------------------------------------------- */

/* Room for the text, and what a batch has of spare room for it. */
static void give_text(struct reader *reader, const uint8_t *data, uint32_t bytes, uint32_t lines, uint32_t *front) {
    uint32_t spare = SPARE_EXPANSION * bytes + SPARE_LINE_BYTES * lines;
    *front = spare + TEXT_PADDING_BYTES;
    reader->text = malloc(*front + bytes + TEXT_PADDING_BYTES);
    ASSERT(reader->text != NULL);
    memcpy(reader->text + *front, data + 1, bytes);
    memset(reader->text + *front + bytes, "0\t\" "[reader - readers],
           TEXT_PADDING_BYTES); /* what it is must not matter */
    reader->splitter.spare = (struct spare){reader->text, 0, spare};
}

static void read_line(struct reader *reader, uint32_t offset, uint32_t end, const struct origin *origin) {
    struct answer *answer = &reader->answer;
    uint32_t used = reader->splitter.spare.used, spare_end = reader->splitter.spare.end;
    answer->consumed = splitter_read(&reader->splitter, reader->text, offset, end, origin, &answer->record,
                                     &answer->reading);
    /* of a line that is no record all is free again, but stays as it is up to the next line */
    bool record = answer->reading.kind == READING_RECORD;
    uint32_t to = record ? reader->splitter.spare.used : spare_end;
    ASSERT(reader->splitter.spare.end == spare_end && to <= spare_end &&
           (record || reader->splitter.spare.used == used));
    answer->spare = (struct span){used, to - used};
}

/* The same with other bytes behind the line. */
static void read_cut_off(struct reader *reader, uint32_t offset, uint32_t end, const struct origin *origin) {
    static const char fillings[] = "\t 0\"{-\n";
    char *newline = memchr(reader->text + offset, '\n', end - offset), behind[TEXT_PADDING_BYTES];
    char *from = newline != NULL ? newline + 1 : reader->text + end;
    memcpy(behind, from, sizeof behind);
    memset(from, fillings[offset % (sizeof fillings - 1)], sizeof behind);
    read_line(reader, offset, (uint32_t)(from - reader->text), origin);
    memcpy(from, behind, sizeof behind);
}

/* Forgets every line before but the header in force. */
static void forget(struct reader *reader, const struct reader *other, uint32_t spare_end) {
    encode_line_splitter_forget(&reader->splitter, reader->splitter.kernel);
    reader->splitter.header = other->splitter.header;
    reader->splitter.spare = (struct spare){reader->text, 0, spare_end};
}

static void check_text(const struct origin *origin, uint32_t front, uint32_t end) {
    struct reader *alone = &readers[0];
    uint32_t spare_end = alone->splitter.spare.end;
    for (uint32_t offset = front; offset < end; offset += alone->answer.consumed) {
        forget(alone, &readers[1], spare_end);
        read_cut_off(alone, offset, end, origin);
        check_spans(&alone->answer, offset, end - offset);
        check_answer(&alone->answer);
        for (uint32_t i = 1; i <= kernels_count; i++) {
            read_line(&readers[i], offset, end, origin);
            check_spans(&readers[i].answer, offset, end - offset);
            check_same(&alone->answer, &readers[i].answer);
            check_same_header(&alone->splitter.header, &readers[i].splitter.header);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (kernels_count == 0) set_up();
    if (size < 2) return 0;
    uint32_t which = (data[0] & 3u) + (data[0] >> 4 & 7u) * 4 - 1, text_bytes = (uint32_t)size - 1, lines = 1,
             front = 0;
    struct origin origin = {.schema = which < schemas_count ? schemas_all[which] : NULL};
    origin.schema_fixed = origin.schema != NULL && (data[0] & 4u) != 0;
    if (origin.schema_fixed && origin.schema->layout == LAYOUT_LOG_FORMAT && (data[0] & 8u) != 0)
        origin.log_format = &own_format;
    if (origin.schema_fixed && origin.schema->layout == LAYOUT_HAPROXY && (data[0] & 8u) != 0)
        origin.captures = &own_captures;
    for (uint32_t i = 0; i < text_bytes; i++) lines += data[1 + i] == '\n';
    if (lines > LINES_MAX) return 0;
    for (uint32_t i = 0; i <= kernels_count; i++) {
        encode_line_splitter_forget(&readers[i].splitter, readers[i].splitter.kernel);
        give_text(&readers[i], data, text_bytes, lines, &front);
    }
    check_text(&origin, front, front + text_bytes);
    for (uint32_t i = 0; i <= kernels_count; i++) free(readers[i].text);
    return 0;
}
