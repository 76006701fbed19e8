/* Fuzz target: header lines of flow logs and of W3C logs, and the rows behind them.
 *
 * Input: one byte (bits 0-2: the format that the origin says, if any; bit 3: for certain), then lines; a byte from 0x80 on stands for
 * a word: a column's name, an address, a time. Oracle: a model that cuts lines at blanks and looks names up one by one says which
 * lines are headers and of which format, which text of a row stands in which column, and what is extra; and a row that has as many
 * columns as the header has names (or fewer, in a W3C log that is known to be one), and only good values, is a record, with the peer
 * that inet_pton() reads in its column.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <arpa/inet.h>

#include "tests/unit/encode_line.h"

#define TEXT_BYTES_MAX 16384u
#define LINES_MAX 40u
#define WORDS_MAX 512u
#define NAMES_TOGETHER_MAX 1800u /* beyond, names may be left out */
#define NAME_BYTES_MAX 30u       /* of columns */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* --- input ------------------------------------------------------------------------------------------------------------ */

static const char *fragments[128] = {"\n",
                                     " ",
                                     "\t",
                                     "#Fields: ",
                                     "#Version: 1.0\n",
                                     "81.2.69.142",
                                     "2001:218::1",
                                     "10.0.0.80",
                                     "1772366400",
                                     "1772366460",
                                     "1772366400123",
                                     "2026-03-01",
                                     "12:00:00",
                                     "2026-03-01T12:00:00.000Z ",
                                     "4711",
                                     "-",
                                     "ACCEPT",
                                     "OK",
                                     "NODATA",
                                     "2",
                                     "6",
                                     "TransitGateway",
                                     "200",
                                     "x-new-name",
                                     "new_name",
                                     "a-very-long-name-of-a-column-that-no-table-has-and-nobody-ever-heard-of",
                                     " srcaddr dstaddr start end",
                                     "\tc-ip\ttimestamp"};
static const char *const format_names[] = {"vpc_flow", "cloudfront", "ga_flow", "tgw_flow"};
static const struct schema *formats[4];
static struct splitter splitter;

static void set_up(void) {
    size_t count = 28, from[4] = {0};
    schemas_init();
    for (int i = 0; i < 4; i++) formats[i] = schema_find(slice_from(format_names[i]));
    for (size_t i = 0; count < 128; i = (i + 1) % 4)
        if (from[i] < formats[i]->fields_count) fragments[count++] = formats[i]->fields[from[i]++].name;
    encode_line_splitter(&splitter, scan_choose());
}

static size_t expand(const uint8_t *data, size_t size, char *text) {
    size_t bytes = 0;
    for (size_t i = 0; i < size; i++) {
        const char byte[1] = {(char)data[i]};
        struct slice piece = data[i] >= 0x80 ? slice_from(fragments[data[i] - 0x80]) : (struct slice){byte, 1};
        if (bytes + piece.len > TEXT_BYTES_MAX) break;
        memcpy(text + bytes, piece.ptr, piece.len);
        bytes += piece.len;
    }
    return bytes;
}

/* --- the model -------------------------------------------------------------------------------------------------------- */

/* A line in pieces. */
struct words {
    uint32_t count;
    struct slice at[WORDS_MAX];
};

/* Pieces between `separator`s; empty ones as well, or runs are one. */
static void cut_words(struct slice line, const char *separators, bool runs, struct words *words) {
    const char *start = line.ptr, *end = line.ptr + line.len;
    words->count = 0;
    for (const char *at = line.ptr; words->count < WORDS_MAX; at++) {
        if (at < end && (*at == '\0' || strchr(separators, *at) == NULL)) continue;
        if (!runs || at > start) words->at[words->count++] = (struct slice){start, (size_t)(at - start)};
        start = at + 1;
        if (at == end) break;
    }
}

/* The order that a header line gave; no format: there is none in force. */
struct order {
    const struct schema *schema;
    uint32_t count;
    int column[FIELDS_MAX]; /* -1: the table has none of that name */
    char names[FIELDS_MAX][4 * NAME_BYTES_MAX];
    size_t names_bytes;
};

static int find_name(const struct schema *schema, const char *name) {
    for (const struct field_alias *alias = schema->aliases; alias != NULL && alias->alias != NULL; alias++)
        if (strcmp(alias->alias, name) == 0) name = alias->name;
    for (int i = 0; i < schema->fields_count; i++)
        if (strcmp(schema->fields[i].name, name) == 0) return i;
    return -1;
}

static bool is_name(const char *name, bool w3c) {
    size_t good = strspn(name, w3c ? "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-()"
                                   : "abcdefghijklmnopqrstuvwxyz0123456789_-");
    return name[0] >= 'a' && name[0] <= 'z' && name[good] == '\0';
}

/* How many names of the words the format knows; 0 when they are no header of it. */
static uint32_t order_as(const struct schema *schema, bool certain, const struct words *words, struct order *order) {
    uint32_t known = 0, own = 0;
    bool w3c = schema->layout == LAYOUT_W3C;
    order->schema = schema;
    order->count = words->count;
    order->names_bytes = 0;
    if (words->count > FIELDS_MAX) return 0;
    for (uint32_t i = 0; i < words->count; i++) {
        static char name[TEXT_BYTES_MAX + 1];
        memcpy(name, words->at[i].ptr, words->at[i].len);
        name[words->at[i].len] = '\0';
        if (strlen(name) != words->at[i].len || !is_name(name, w3c)) return 0;
        order->column[i] = find_name(schema, name);
        for (uint32_t j = 0; j < i; j++)
            if (order->column[i] >= 0 && order->column[j] == order->column[i]) return 0;
        known += order->column[i] >= 0;
        own += order->column[i] >= 0 && strncmp(name, "x-", 2) == 0;
        size_t bytes = strnlen(name, sizeof order->names[i] - 1);
        memcpy(order->names[i], name, bytes);
        order->names[i][bytes] = '\0';
        if (order->column[i] < 0) order->names_bytes += strlen(name) + 1;
        if (strlen(name) >= sizeof order->names[i])
            order->names_bytes += NAMES_TOGETHER_MAX; /* nothing is said of it */
    }
    return known >= 2 && 2 * known > words->count && (!w3c || certain || own > 0) ? known : 0;
}

/* Whether the line is a header; what it says replaces what was in force. */
static bool read_header(struct slice line, const struct schema *certain, struct order *order) {
    static struct words words;
    static struct order candidate;
    const struct slice fields = SLICE("#Fields:");
    bool w3c = line.len > 0 && line.ptr[0] == '#';
    if (w3c && certain != NULL && certain->layout != LAYOUT_W3C) return false;
    if (w3c && !slice_starts_with(line, fields)) return slice_starts_with(line, SLICE("#Version:"));
    if (!w3c && (line.len == 0 || line.ptr[0] == ' ' || memchr(line.ptr, '\t', line.len) != NULL)) return false;
    if (w3c) line.ptr += fields.len, line.len -= fields.len;
    cut_words(line, " \t", true, &words);
    uint32_t best = 0;
    for (uint32_t i = 0; i < schemas_count; i++) {
        const struct schema *schema = schemas_all[i];
        if (schema->layout != (w3c ? LAYOUT_W3C : LAYOUT_HEADER) || (certain != NULL && certain != schema)) continue;
        uint32_t known = order_as(schema, certain != NULL, &words, &candidate);
        if (known > 0 && known >= best) {
            *order = candidate;
            best = known;
        }
    }
    if (best == 0 && w3c) order->schema = NULL;
    return best > 0 || w3c;
}

/* Columns of a row of the format. */
static void cut_row(const struct schema *schema, struct slice line, struct words *words) {
    bool w3c = schema->layout == LAYOUT_W3C;
    bool tabs = w3c && memchr(line.ptr, '\t', line.len) != NULL;
    cut_words(line, tabs ? "\t" : " ", !w3c, words);
    if (w3c && words->count > 0 && words->at[words->count - 1].len == 0) words->count--;
    if (w3c || words->count == 0) return;
    struct slice first = words->at[0]; /* of an export */
    while (first.len >= 20 && first.ptr[4] == '-' && first.ptr[10] == 'T' && first.ptr[first.len - 1] == 'Z') {
        words->count--;
        memmove(words->at, words->at + 1, words->count * sizeof words->at[0]);
        if (words->count == 0) return;
        first = words->at[0];
    }
}

static bool is_null(struct slice text) {
    return text.len == 0 || slice_equal(text, SLICE("-"));
}

/* --- what was read ---------------------------------------------------------------------------------------------------- */

/* An extra is a column's text, with the name in front of it where the header has one. */
static void check_extra(const struct order *order, uint32_t index, struct slice text, struct slice found) {
    bool named = order->schema != NULL && index < order->count;
    if (!named || (order->names_bytes > NAMES_TOGETHER_MAX && slice_equal(found, text))) {
        ASSERT(slice_equal(found, text));
        return;
    }
    size_t name_bytes = strlen(order->names[index]);
    if (order->names_bytes < NAMES_TOGETHER_MAX) ASSERT(found.len == name_bytes + 1 + text.len);
    ASSERT(found.len > text.len && memcmp(found.ptr, order->names[index], name_bytes) == 0);
    ASSERT(found.ptr[found.len - text.len - 1] == '=');
    ASSERT(memcmp(found.ptr + found.len - text.len, text.ptr, text.len) == 0);
}

static int column_of(const struct record *record, const struct order *order, uint32_t index) {
    int column = order->schema == NULL ? (int)index : index < order->count ? order->column[index] : -1;
    return column < record->schema->fields_count ? column : -1;
}

/* The word whose end may have been cut off with the rest of the line and that would then be another address: kept as an extra. -1: none. */
static int distrusted(const struct record *record, const struct order *order, const struct words *words) {
    const struct schema *schema = record->schema;
    uint32_t wanted = order->schema != NULL ? order->count : schema->headless_count_max;
    if (schema->layout != LAYOUT_W3C || words->count >= wanted || words->count == 0) return -1;
    int last = (int)words->count - 1, column = column_of(record, order, (uint32_t)last);
    if (column < 0 || is_null(words->at[last])) return -1;
    const struct field_spec *field = &schema->fields[column];
    bool address = field->kind == FIELD_IP || field->kind == FIELD_ENDPOINT ||
                   (field->role >= ROLE_FORWARDED_FOR && field->role <= ROLE_VIEWER);
    return address ? last : -1;
}

/* Every column of the row is where the order has it: no other text, from no other place. */
static void check_columns(const struct record *record, const struct order *order, const struct words *words) {
    bool filled[FIELDS_MAX] = {false};
    uint32_t extra = record->schema->fields_count;
    for (uint32_t i = 0; i < words->count; i++) {
        int column = column_of(record, order, i);
        if ((int)i == distrusted(record, order, words)) {
            struct slice found = record_text(record, record->fields[extra++]);
            ASSERT(extra <= record->fields_count && record->fields[column].length == 0);
            ASSERT(found.len >= words->at[i].len &&
                   memcmp(found.ptr + found.len - words->at[i].len, words->at[i].ptr, words->at[i].len) == 0);
            continue;
        }
        if (column < 0) {
            ASSERT(extra < record->fields_count);
            struct slice found = record_text(record, record->fields[extra++]);
            if (is_null(words->at[i]))
                ASSERT(is_null(found));
            else
                check_extra(order, i, words->at[i], found);
            continue;
        }
        struct slice found = record_text(record, record->fields[column]);
        bool no_status = schema_column(record->schema, ROLE_STATUS) == column && found.len == 0;
        filled[column] = true;
        if (no_status) { /* 000: there was none */
            for (size_t j = 0; j < words->at[i].len; j++) ASSERT(strchr("0-1", words->at[i].ptr[j]) != NULL);
            continue;
        }
        ASSERT(found.len == words->at[i].len && (found.len == 0 || found.ptr == words->at[i].ptr));
    }
    ASSERT(extra == record->fields_count);
    for (uint32_t i = 0; i < record->schema->fields_count; i++) ASSERT(filled[i] || record->fields[i].length == 0);
}

static struct slice model_column(const struct record *record, const struct order *order, const struct words *words,
                                 enum field_role role) {
    int wanted = schema_column(record->schema, role);
    for (uint32_t i = 0; wanted >= 0 && i < words->count; i++)
        if (column_of(record, order, i) == wanted && (int)i != distrusted(record, order, words)) return words->at[i];
    return SLICE("");
}

/* The peer is the address in its own column; where both are logged, the one that the packets had. */
static void check_peer(const struct record *record, const struct order *order, const struct words *words) {
    struct slice real = model_column(record, order, words, ROLE_PEER_IP_REAL),
                 text = !is_null(real) ? real : model_column(record, order, words, ROLE_PEER_IP);
    char address[INET6_ADDRSTRLEN + 1] = "";
    uint8_t bytes[16] = {[10] = 0xff, 0xff};
    ASSERT(record->has_peer == !is_null(text));
    if (!record->has_peer || text.len >= sizeof address) return;
    memcpy(address, text.ptr, text.len);
    if (inet_pton(AF_INET, address, bytes + 12) != 1 && inet_pton(AF_INET6, address, bytes) != 1) return;
    ASSERT(memcmp(record->peer.address.ip.bytes, bytes, sizeof bytes) == 0);
}

static bool is_one_of(struct slice text, const char *const *words) {
    for (; *words != NULL; words++)
        if (slice_equal(text, slice_from(*words))) return true;
    return false;
}

/* Whether nothing in the row can be wrong: every column that decides is good or null, and there are a time and a peer. */
static bool is_good(const struct schema *schema, const struct order *order, const struct words *words) {
    static const char
        *const addresses[] = {"81.2.69.142", "2001:218::1", "10.0.0.80", NULL},
               *const seconds[] = {"1772366400", "1772366460", NULL}, *const milliseconds[] = {"1772366400123", NULL},
               *const statuses[] = {"200", "-", "", NULL}, *const words_ok[] = {"OK", "-", "ACCEPT", NULL};
    bool timed = false, peered = false;
    for (uint32_t i = 0; i < words->count; i++) {
        int column = i < order->count ? order->column[i] : -1;
        struct slice text = words->at[i];
        if (column < 0) continue;
        switch (schema->fields[column].role) {
        case ROLE_TIME_START:
        case ROLE_TIME_END:
        case ROLE_TIME_END_2:
            if (!is_one_of(text, schema->fields[column].kind == FIELD_UNIX_MS ? milliseconds : seconds)) return false;
            timed = true;
            break;
        case ROLE_TIME_END_3:
        case ROLE_TIME_END_DATE:
        case ROLE_TIME_END_CLOCK: return false; /* two columns for one time: fuzz_split looks at them */
        case ROLE_PEER_IP_REAL:
        case ROLE_PEER_IP:
            if (!is_one_of(text, addresses)) return false;
            peered = true;
            break;
        case ROLE_STATUS:
            if (!is_one_of(text, statuses)) return false;
            break;
        case ROLE_LOG_STATUS:
            if (!is_one_of(text, words_ok)) return false;
            break;
        default: break;
        }
    }
    return timed && peered;
}

/* A date or a number of seconds in front of the first tab: CloudFront's, however many columns there are. */
static bool looks_like_w3c(struct slice line) {
    return line.len > 10 && line.ptr[0] >= '0' && line.ptr[0] <= '9' &&
           (line.ptr[10] == '\t' || (line.len > 14 && line.ptr[14] == '\t'));
}

static void check_row(const struct record *record, const struct reading *reading, const struct order *in_force,
                      const struct origin *origin) {
    static struct words words;
    static const struct order none;
    struct slice line = record_text(record, record->line);
    const struct schema *schema = in_force->schema;
    bool expected = schema != NULL && (origin->schema == NULL || origin->schema->layout == schema->layout) &&
                    (!origin->schema_fixed || origin->schema == schema);
    if (expected) {
        cut_row(schema, line, &words);
        bool cut = schema->layout == LAYOUT_W3C && origin->schema != NULL && words.count < in_force->count;
        if ((words.count == in_force->count || cut) && words.count <= FIELDS_MAX && is_good(schema, in_force, &words))
            ASSERT(reading->kind == READING_RECORD && record->schema == schema);
    }
    if (reading->kind != READING_RECORD || record->schema->layout < LAYOUT_HEADER ||
        record->schema->layout > LAYOUT_W3C)
        return;
    const struct order *order = record->schema == schema ? in_force : &none;
    cut_row(record->schema, line, &words);
    bool few = order->schema != NULL && words.count < order->count;
    ASSERT((record->flags >> RECORD_TRUNCATED & 1) == few);
    ASSERT(!few || record->schema->layout == LAYOUT_W3C);
    if (order == &none)
        ASSERT(words.count >= record->schema->fields_count_min && words.count <= record->schema->headless_count_max);
    else if (origin->schema == NULL && /* nobody but the header says what it is */
             !(record->schema->layout == LAYOUT_W3C && looks_like_w3c(line)))
        ASSERT(words.count == order->count && record->has_peer);
    check_columns(record, order, &words);
    check_peer(record, order, &words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct order order;
    static struct record record;
    if (formats[0] == NULL) set_up();
    if (size < 2) return 0;
    uint32_t which = data[0] & 7u;
    struct origin origin = {.schema = which >= 4 ? formats[which - 4] : NULL};
    origin.schema_fixed = origin.schema != NULL && (data[0] & 8u) != 0;
    /* the name of an object does not tell a VPC from a transit gateway, but it does tell CloudFront */
    bool w3c = origin.schema != NULL && origin.schema->layout == LAYOUT_W3C;
    const struct schema *certain = origin.schema_fixed || w3c ? origin.schema : NULL;
    uint32_t spare = SPARE_EXPANSION * TEXT_BYTES_MAX + SPARE_LINE_BYTES * LINES_MAX;
    char *text = malloc(spare + TEXT_PADDING_BYTES + TEXT_BYTES_MAX + TEXT_PADDING_BYTES),
         *lines = text + spare + TEXT_PADDING_BYTES;
    ASSERT(text != NULL);
    uint32_t front = (uint32_t)(lines - text), end = front + (uint32_t)expand(data + 1, size - 1, lines);
    memset(text + end, data[0], TEXT_PADDING_BYTES);
    encode_line_splitter_forget(&splitter, splitter.kernel);
    splitter.spare = (struct spare){text, 0, spare};
    order.schema = NULL;
    uint32_t offset = front;
    for (uint32_t i = 0; offset < end && i < LINES_MAX; i++) {
        struct reading reading;
        const char *newline = memchr(text + offset, '\n', end - offset);
        struct slice line = {text + offset, (size_t)((newline != NULL ? newline : text + end) - (text + offset))};
        if (line.len > 0 && line.ptr[line.len - 1] == '\r') line.len--;
        bool header = read_header(line, certain, &order);
        offset += splitter_read(&splitter, text, offset, end, &origin, &record, &reading);
        ASSERT((reading.kind == READING_SKIPPED && reading.skip == SKIP_HEADER) == header);
        ASSERT(splitter.header.schema == order.schema);
        if (order.schema != NULL) ASSERT(splitter.header.columns_count == order.count);
        if (!header && line.len > 0 && line.ptr[0] != '{') check_row(&record, &reading, &order, &origin);
    }
    free(text);
    return 0;
}
