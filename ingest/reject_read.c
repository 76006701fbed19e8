/* Members by a table, taken once each; what they mean together is looked at behind that.
 *
 * Threads: see the header. */
#include "ingest/reject_read.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/number.h"
#include "ingest/header_line.h"
#include "ingest/inputs.h"
#include "schemas/proxy_header.h"

enum member {
    REASON,
    STAGE,
    FORMAT,
    ORIGINAL,
    ORIGINAL_BASE64,
    TRUNCATED,
    ORIGIN,
    PATH,
    TOPIC,
    PARTITION,
    ADDRESS,
    OFFSET,
    LINE,
    NAME,
    LOSSY,
    CHAIN,
    HEADER,
    PROXY,
    PROXY_VERSION,
    PROXY_COMMAND,
    PROXY_FAMILY,
    PROXY_SOURCE,
    PROXY_VPCE,
    MEMBERS
};

#define ROOT MEMBERS

static const struct {
    const char *key;
    enum json_kind kind;
    enum member within;
} members[MEMBERS] = {
    [REASON] = {"reason", JSON_STRING, ROOT},
    [STAGE] = {"stage", JSON_STRING, ROOT},
    [FORMAT] = {"format", JSON_STRING, ROOT},
    [ORIGINAL] = {"original", JSON_STRING, ROOT},
    [ORIGINAL_BASE64] = {"original_base64", JSON_STRING, ROOT},
    [TRUNCATED] = {"truncated", JSON_TRUE, ROOT},
    [ORIGIN] = {"origin", JSON_OBJECT, ROOT},
    [PATH] = {"path", JSON_STRING, ORIGIN},
    [TOPIC] = {"topic", JSON_STRING, ORIGIN},
    [PARTITION] = {"partition", JSON_NUMBER, ORIGIN},
    [ADDRESS] = {"address", JSON_STRING, ORIGIN},
    [OFFSET] = {"offset", JSON_NUMBER, ORIGIN},
    [LINE] = {"line", JSON_NUMBER, ORIGIN},
    [NAME] = {"name", JSON_STRING, ORIGIN},
    [LOSSY] = {"lossy", JSON_TRUE, ORIGIN},
    [CHAIN] = {"chain", JSON_STRING, ORIGIN},
    [HEADER] = {"header", JSON_STRING, ORIGIN},
    [PROXY] = {"proxy", JSON_OBJECT, ORIGIN},
    [PROXY_VERSION] = {"version", JSON_NUMBER, PROXY},
    [PROXY_COMMAND] = {"command", JSON_STRING, PROXY},
    [PROXY_FAMILY] = {"family", JSON_STRING, PROXY},
    [PROXY_SOURCE] = {"source", JSON_STRING, PROXY},
    [PROXY_VPCE] = {"vpce", JSON_STRING, PROXY},
};

struct reject_reader {
    struct json_reader *json;
    struct json_tree tree;
    struct slice texts[MEMBERS]; /* ptr NULL: not there */
};

struct reject_reader *reject_reader_new(void) {
    struct reject_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) return NULL;
    reader->json = json_reader_new();
    if (reader->json != NULL) return reader;
    free(reader);
    return NULL;
}

void reject_reader_free(struct reject_reader *reader) {
    if (reader == NULL) return;
    json_reader_free(reader->json);
    free(reader);
}

/* --- members ---------------------------------------------------------------------------------------- */

/* Takes those of the object at `index` that the table has. False: one is of another kind, or comes twice. */
static bool take_members(struct reject_reader *reader, const char *text, uint32_t index, enum member within,
                         uint32_t objects[MEMBERS]) {
    const struct json_node *nodes = reader->tree.nodes;
    ASSERT(text != NULL);
    for (uint32_t i = index + 1; i < nodes[index].next; i = nodes[i].next) {
        const struct slice key = {text + nodes[i].key.offset, nodes[i].key.length};
        enum member member = REASON;
        while (member < MEMBERS &&
               (members[member].within != within || !slice_equal(slice_from(members[member].key), key)))
            member++;
        if (member == MEMBERS) continue;
        if (nodes[i].kind != members[member].kind || nodes[i].skipped || reader->texts[member].ptr != NULL)
            return false;
        reader->texts[member] = (struct slice){text + nodes[i].text.offset, nodes[i].text.length};
        objects[member] = i;
    }
    return true;
}

static bool read_members(struct reject_reader *reader, const char *text) {
    uint32_t objects[MEMBERS] = {0};
    memset(reader->texts, 0, sizeof reader->texts);
    return take_members(reader, text, 0, ROOT, objects) && reader->texts[REASON].ptr != NULL &&
           reader->texts[ORIGIN].ptr != NULL && take_members(reader, text, objects[ORIGIN], ORIGIN, objects) &&
           (reader->texts[PROXY].ptr == NULL || take_members(reader, text, objects[PROXY], PROXY, objects));
}

/* A text that is there has 1 to `bytes_max` bytes. */
static bool is_within(struct slice text, size_t bytes_max) {
    return text.ptr == NULL || (text.len > 0 && text.len <= bytes_max);
}

static bool has_no_nul(struct slice text) {
    return text.ptr == NULL || memchr(text.ptr, '\0', text.len) == NULL;
}

static bool read_number(struct slice text, uint64_t max, uint64_t *value) {
    return text.ptr != NULL && number_parse(text, value) && *value <= max;
}

/* Index of a word; `count`: it is none of them. */
static uint8_t find_word(struct slice word, const char *const *words, uint8_t count) {
    uint8_t i = 0;
    while (i < count && !slice_equal(slice_from(words[i]), word)) i++;
    return i;
}

/* --- where it stood --------------------------------------------------------------------------------- */

static bool read_proxy(const struct slice *texts, struct proxy_facts *proxy) {
    uint64_t version;
    *proxy = (struct proxy_facts){.version = 0};
    if (texts[PROXY].ptr == NULL) return true;
    if (!read_number(texts[PROXY_VERSION], 2, &version) || version == 0 || texts[PROXY_COMMAND].ptr == NULL ||
        texts[PROXY_FAMILY].ptr == NULL || texts[PROXY_VPCE].len > PROXY_VPCE_BYTES_MAX)
        return false;
    proxy->version = (uint8_t)version;
    proxy->command = find_word(texts[PROXY_COMMAND], proxy_command_names, PROXY_PROXY + 1);
    proxy->family = find_word(texts[PROXY_FAMILY], proxy_family_names, PROXY_FAMILIES);
    proxy->has_source = texts[PROXY_SOURCE].ptr != NULL;
    proxy->vpce_bytes = (uint8_t)texts[PROXY_VPCE].len;
    if (proxy->vpce_bytes > 0) memcpy(proxy->vpce, texts[PROXY_VPCE].ptr, proxy->vpce_bytes);
    return proxy->command <= PROXY_PROXY && proxy->family < PROXY_FAMILIES &&
           (!proxy->has_source || ip_parse_endpoint(texts[PROXY_SOURCE], &proxy->source));
}

/* The connection's own name stands last, behind that of its listener and a slash. */
static bool read_connection(const struct slice *texts, struct reject_read *read) {
    struct slice *name = &read->name;
    if (!ip_parse_endpoint(texts[ADDRESS], &read->connection.peer) || !read_proxy(texts, &read->connection.proxy))
        return false;
    if (name->ptr == NULL) return true;
    if (name->len < UUID_BYTES || name->len == UUID_BYTES + 1) return false;
    name->len -= UUID_BYTES;
    memcpy(read->connection.uuid, name->ptr + name->len, UUID_BYTES);
    return name->len == 0 || name->ptr[--name->len] == '/';
}

static bool read_origin(const struct slice *texts, struct reject_read *read) {
    uint64_t partition = 0;
    bool is_path = texts[PATH].ptr != NULL, is_topic = texts[TOPIC].ptr != NULL,
         is_address = texts[ADDRESS].ptr != NULL;
    if (is_path + is_topic + is_address != 1 || !is_within(texts[PATH], PATH_BYTES_MAX) ||
        !is_within(texts[TOPIC], KAFKA_NAME_BYTES_MAX) || !has_no_nul(texts[TOPIC]) ||
        !is_within(texts[NAME], ORIGIN_NAME_BYTES_MAX + (is_address ? 1 + UUID_BYTES : 0)) ||
        !is_within(texts[CHAIN], CHAIN_NAME_BYTES_MAX) || !has_no_nul(texts[CHAIN]) ||
        !read_number(texts[OFFSET], UINT64_MAX, &read->position) ||
        !read_number(texts[LINE], is_topic ? UINT32_MAX : UINT64_MAX, &read->line_number) || read->line_number == 0 ||
        (is_topic && !read_number(texts[PARTITION], INT32_MAX, &partition)) ||
        (texts[HEADER].ptr != NULL && !header_text_read(texts[HEADER], &read->header)))
        return false;
    read->place = is_path ? REJECT_OF_FILE : is_topic ? REJECT_OF_TOPIC : REJECT_OF_CONNECTION;
    read->path = texts[PATH];
    read->topic = texts[TOPIC];
    read->partition = (int32_t)partition;
    read->chain = texts[CHAIN];
    read->name = is_path && texts[NAME].ptr == NULL ? input_own_name(texts[PATH]) : texts[NAME];
    return !is_address || read_connection(texts, read);
}

/* --- what stood there ------------------------------------------------------------------------------- */

static int base64_digit(char c) {
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+'             ? 62
           : c == '/'             ? 63
                                  : -1;
}

/* RFC 4648 section 4, with its padding. */
static bool read_base64(struct slice text, struct spare *spare, struct slice *line) {
    size_t padding = 0;
    char *out = spare_room(spare, text.len);
    if (text.len % 4 != 0 || text.len == 0 || out == NULL) return false;
    while (padding < 2 && text.ptr[text.len - 1 - padding] == '=') padding++;
    line->ptr = out;
    uint32_t word = 0;
    for (size_t i = 0; i < text.len; i++) {
        int digit = i < text.len - padding ? base64_digit(text.ptr[i]) : 0;
        if (digit < 0) return false;
        word = word << 6 | (uint32_t)digit;
        if (i % 4 != 3) continue;
        *out++ = (char)(word >> 16);
        *out++ = (char)(word >> 8);
        *out++ = (char)word;
    }
    line->len = (size_t)(out - line->ptr) - padding;
    (void)spare_take(spare, out);
    return true;
}

/* Reasons whose original is no whole line, and that of what never was a log's line. */
static bool is_whole_line(struct slice reason) {
    static const enum reject_reason others[] = {REJECT_LINE_TOO_LONG, REJECT_CUT_SHORT, REJECT_BAD_MESSAGE,
                                                REJECT_BAD_REJECT};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (slice_equal(slice_from(reject_names[others[i]]), reason)) return false;
    return true;
}

enum reject_read_result reject_read_line(struct reject_reader *reader, const char *text, struct span line,
                                         struct spare *spare, struct reject_read *read, const char **why) {
    const struct slice *texts = reader->texts;
    *read = (struct reject_read){.line = {0}};
    enum json_result result = json_tree_read(reader->json, text, line, spare, &reader->tree, why);
    if (result == JSON_TOO_DEEP) *why = "a reject, which has no such depth";
    if (result != JSON_GOOD) return REJECT_READ_BAD;
    *why = "a reject: an object with reason and origin, in UTF-8";
    if (reader->tree.repaired || reader->tree.cut || !read_members(reader, text)) return REJECT_READ_BAD;
    *why = "an origin with path, address, or topic and partition, with offset and line, and nothing else than rejects "
           "have";
    if (!read_origin(texts, read)) return REJECT_READ_BAD;
    if (texts[TRUNCATED].ptr != NULL || texts[LOSSY].ptr != NULL || !is_whole_line(texts[REASON]) ||
        read->name.ptr == NULL)
        return REJECT_READ_KEPT;
    *why = "original or original_base64 with one line";
    read->line = texts[ORIGINAL];
    if (texts[ORIGINAL_BASE64].ptr == NULL && read->line.ptr == NULL) return REJECT_READ_KEPT;
    if (texts[ORIGINAL_BASE64].ptr != NULL &&
        (read->line.ptr != NULL || !read_base64(texts[ORIGINAL_BASE64], spare, &read->line)))
        return REJECT_READ_BAD;
    if (memchr(read->line.ptr, '\n', read->line.len) != NULL) return REJECT_READ_BAD;
    if (texts[STAGE].ptr != NULL && slice_equal(texts[STAGE], SLICE("sink")) && texts[FORMAT].ptr != NULL)
        read->format = texts[FORMAT];
    return REJECT_READ_LINE;
}
