/* simdjson's On-Demand iterators walked to the end of the line, with a stack of our own.
 *
 * Which kernel: the iterators are compiled here for plain x86-64, which simdjson calls "fallback". They gain nothing from vectors;
 * finding the tokens, UTF-8 and escapes do, and go through its library, which picks a kernel for the CPU when the program runs.
 *
 * What is behind the line: simdjson may look at the token behind the last one, which it takes from there. A root is refused unless
 * the last token of the line is its closing bracket. Only behind a bracket can that token have been used up with something still
 * open, so that is checked whenever something closes, and nothing behind the line is ever believed.
 *
 * Giving up nodes costs little: made for that, the worst line that was found took 5.6 ns per byte, WAF lines take 0.8.
 *
 * Threads: a reader belongs to one worker. */
#define SIMDJSON_DEVELOPMENT_CHECKS 0 /* they are code that only builds without optimization have */
#include "ingest/json_tree.h"

#include <simdjson.h>

#include <new>
#include <utility>

#include "ingest/json_repair.h"

namespace ondemand = simdjson::ondemand;

static_assert(simdjson::SIMDJSON_PADDING <= TEXT_PADDING_BYTES, "simdjson reads no further than a batch allows");

#define NODE_NONE UINT32_MAX
#define TEXT_BYTES_MAX (JSON_REPAIR_EXPANSION * size_t{LINE_BYTES_MAX}) /* of a repaired line */

static const char no_room[] = "a line whose escapes fit the room for them";

namespace {

/* An object or array that is being read. */
struct frame {
    ondemand::object_iterator members; /* one of these, by is_object */
    ondemand::array_iterator elements;
    const char *start;
    uint32_t node; /* NODE_NONE: is inside of something skipped */
    bool is_object;
    bool silent; /* what is inside gets no nodes */
};

} // namespace

struct json_reader {
    ondemand::parser parser{TEXT_BYTES_MAX};
    ondemand::document document;
    struct frame frames[JSON_DEPTH_MAX];
};

namespace {

/* A key or a string, between its quotes. */
struct quoted {
    ondemand::raw_json_string raw;
    const char *start, *end;
    bool escapes;
};

struct walk {
    const ondemand::parser *parser;
    ondemand::document *document;
    struct frame *frames;  /* JSON_DEPTH_MAX */
    uint32_t depth;        /* frames in use */
    const char *text;      /* what spans count from */
    const char *end;       /* of the line */
    const char *backslash; /* the next one, `end` when there is none */
    struct spare *spare;
    struct json_tree *tree;
    const char *expected;
    bool too_deep, bad_escape; /* what was wrong, when it was that */
};

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

const char *trim_end(const char *start, const char *end) {
    while (end > start && is_space(end[-1])) end--;
    return end;
}

struct span span_of(const struct walk *walk, const char *start, const char *end) {
    return {static_cast<uint32_t>(start - walk->text), static_cast<uint32_t>(end - start)};
}

bool fail(struct walk *walk, const char *expected) {
    walk->expected = expected;
    return false;
}

/* --- scalars ------------------------------------------------------------------------------------ */

const char *skip_digits(const char *at, const char *end) {
    while (at < end && is_digit(*at)) at++;
    return at;
}

/* RFC 8259 section 6, without asking what the number is: an integer of any length and an exponent of any size are good. */
bool is_number(const char *at, const char *end) {
    if (at < end && *at == '-') at++;
    const char *digits = at;
    at = skip_digits(at, end);
    if (at == digits || (*digits == '0' && at - digits > 1)) return false;
    if (at < end && *at == '.') {
        digits = ++at;
        at = skip_digits(at, end);
        if (at == digits) return false;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-')) at++;
        digits = at;
        at = skip_digits(at, end);
        if (at == digits) return false;
    }
    return at == end;
}

bool is_word(std::string_view token, std::string_view word, const char **expected) {
    *expected = "null, true or false";
    return token == word;
}

/* Whether the token is a value as its first byte announces, and its kind. A string is so by its quotes alone. */
bool scalar_kind(std::string_view token, enum json_kind *kind, const char **expected) {
    switch (token[0]) {
    case '"':
        *kind = JSON_STRING;
        *expected = "a closing quote";
        return token.size() >= 2 && token.back() == '"';
    case 'n': *kind = JSON_NULL; return is_word(token, "null", expected);
    case 't': *kind = JSON_TRUE; return is_word(token, "true", expected);
    case 'f': *kind = JSON_FALSE; return is_word(token, "false", expected);
    default:
        *kind = JSON_NUMBER;
        *expected = token[0] == '-' || is_digit(token[0]) ? "a number as JSON has them" : "a value";
        return is_number(token.data(), token.data() + token.size());
    }
}

/* Strings come in the order of the line, so that each backslash is looked for once. */
inline struct quoted quoted_of(struct walk *walk, ondemand::raw_json_string raw, const char *start, const char *end) {
    if (walk->backslash < start) {
        const void *found = memchr(start, '\\', static_cast<size_t>(walk->end - start));
        walk->backslash = found != nullptr ? static_cast<const char *>(found) : walk->end;
    }
    return {raw, start, end, walk->backslash < end};
}

/* The text of a string with escapes. One that gets no node is taken apart all the same, to see that its escapes are good. */
[[gnu::noinline]] bool take_escaped(struct walk *walk, ondemand::raw_json_string raw, bool keep, struct span *span) {
    char *room = spare_room(walk->spare, span->length + simdjson::SIMDJSON_PADDING);
    if (room == nullptr) return fail(walk, no_room);
    uint8_t *out = reinterpret_cast<uint8_t *>(room);
    if (walk->parser->unescape(raw, out).error() != simdjson::SUCCESS) {
        walk->bad_escape = true;
        return fail(walk, "an escape that JSON has");
    }
    if (keep) *span = spare_take(walk->spare, reinterpret_cast<const char *>(out));
    return true;
}

inline bool take_quoted(struct walk *walk, const struct quoted &quoted, bool keep, struct span *span) {
    *span = span_of(walk, quoted.start, quoted.end);
    return !quoted.escapes || take_escaped(walk, quoted.raw, keep, span);
}

/* --- nodes -------------------------------------------------------------------------------------- */

uint32_t node_end(const struct json_tree *tree, uint32_t index) {
    return tree->nodes[index].next != 0 ? tree->nodes[index].next : tree->count; /* 0: still open */
}

/* The child with more than so many nodes inside it, 0 if there is none; half of the parent's are more than one child can have. */
uint32_t find_larger(const struct json_tree *tree, uint32_t parent, uint32_t inside) {
    uint32_t end = node_end(tree, parent);
    for (uint32_t i = parent + 1; i < end; i = node_end(tree, i))
        if (node_end(tree, i) - i - 1 > inside) return i;
    return 0;
}

/* The node that costs the most and is missed the least: see the top of the header. 0: no value of the root has any inside. */
uint32_t find_largest(const struct json_tree *tree) {
    uint32_t largest = 0, most = 0;
    for (uint32_t i = 1; i < tree->count; i = node_end(tree, i)) {
        uint32_t inside = node_end(tree, i) - i - 1;
        if (inside <= most) continue;
        largest = i;
        most = inside;
    }
    for (uint32_t inner = largest; (inner = find_larger(tree, inner, most / 2)) != 0;) largest = inner;
    return largest;
}

/* Takes the nodes inside one away. */
void give_up(struct walk *walk, uint32_t index) {
    struct json_tree *tree = walk->tree;
    uint32_t start = index + 1, end = node_end(tree, index), freed = end - start;
    memmove(tree->nodes + start, tree->nodes + end, (tree->count - end) * sizeof tree->nodes[0]);
    tree->count -= freed;
    for (uint32_t i = 0; i < tree->count; i++)
        if (tree->nodes[i].next >= end) tree->nodes[i].next -= freed;
    tree->nodes[index].skipped = true;
    for (uint32_t i = 0; i < walk->depth; i++) {
        struct frame *frame = &walk->frames[i];
        if (frame->node == NODE_NONE || frame->node < index) continue;
        if (frame->node >= end) {
            frame->node -= freed;
            continue;
        }
        frame->silent = true;
        if (frame->node != index) frame->node = NODE_NONE;
    }
}

/* Whether the next value gets a node; makes room for it. */
inline bool has_room(struct walk *walk) {
    if (walk->depth == 0) return true;
    struct frame *top = &walk->frames[walk->depth - 1];
    if (top->silent || walk->tree->count < JSON_NODES_MAX) return !top->silent;
    uint32_t largest = find_largest(walk->tree);
    if (largest != 0) {
        give_up(walk, largest);
        return !top->silent;
    }
    /* all nodes are the root's own values, and this is one more or inside the last one */
    top->silent = true;
    if (top->node == 0)
        walk->tree->cut = true;
    else
        walk->tree->nodes[top->node].skipped = true;
    return false;
}

/* --- the walk ----------------------------------------------------------------------------------- */

const char *expected_of(simdjson::error_code error) {
    switch (error) {
    case simdjson::UNCLOSED_STRING: return "a closing quote";
    case simdjson::UNESCAPED_CHARS: return "no control characters in strings";
    case simdjson::INCOMPLETE_ARRAY_OR_OBJECT: return "a closing bracket at the end";
    case simdjson::EMPTY:
    case simdjson::INCORRECT_TYPE: return "a JSON object";
    case simdjson::UTF8_ERROR: return "UTF-8";
    default: return "a comma, a colon or a closing bracket between values";
    }
}

/* Begins an object or array: of a document or of a value in it. */
template <typename container> bool open_frame(struct walk *walk, container *value, uint32_t node, const char *start) {
    if (walk->depth == JSON_DEPTH_MAX) {
        walk->too_deep = true;
        return fail(walk, "objects and arrays that are less deep within one another");
    }
    struct frame *frame = &walk->frames[walk->depth++];
    frame->start = start;
    frame->node = node;
    frame->is_object = *start == '{';
    frame->silent = node == NODE_NONE;
    simdjson::error_code error;
    if (frame->is_object) {
        ondemand::object object;
        error = value->get_object().get(object);
        if (error == simdjson::SUCCESS) error = object.begin().get(frame->members);
    } else {
        ondemand::array array;
        error = value->get_array().get(array);
        if (error == simdjson::SUCCESS) error = array.begin().get(frame->elements);
    }
    return error == simdjson::SUCCESS || fail(walk, expected_of(error));
}

/* Something closed: where that was is known from the next token. */
bool close_frame(struct walk *walk) {
    struct frame *frame = &walk->frames[--walk->depth];
    const char *next;
    bool at_end = walk->document->current_location().get(next) != simdjson::SUCCESS;
    if (at_end) next = walk->end;
    if (at_end != (walk->depth == 0))
        return fail(walk, at_end ? "a closing bracket at the end" : "nothing behind the closing bracket");
    if (frame->node != NODE_NONE) {
        struct json_node *node = &walk->tree->nodes[frame->node];
        node->text = span_of(walk, frame->start, trim_end(frame->start, next));
        node->next = walk->tree->count;
    }
    return true;
}

/* The key in front of a value: with its colon it ends where the value starts. */
inline bool find_key(struct walk *walk, ondemand::raw_json_string raw, const char *value, struct quoted *key) {
    const char *start = raw.raw(), *end = trim_end(start, value);
    if (end > start && end[-1] == ':') end = trim_end(start, end - 1);
    if (end <= start || end[-1] != '"') return fail(walk, "a colon behind the key");
    *key = quoted_of(walk, raw, start, end - 1);
    return true;
}

inline bool read_string(struct walk *walk, ondemand::value *value, std::string_view token, struct json_node *node) {
    ondemand::raw_json_string raw;
    if (value->get_raw_json_string().get(raw) != simdjson::SUCCESS) return fail(walk, "a value");
    struct quoted quoted = quoted_of(walk, raw, token.data() + 1, token.data() + token.size() - 1);
    if (node != nullptr) node->decoded = quoted.escapes;
    struct span unused;
    return take_quoted(walk, quoted, node != nullptr, node != nullptr ? &node->text : &unused);
}

/* One value, and the key in front of it where there is one. */
bool read_value(struct walk *walk, ondemand::value *value, const ondemand::raw_json_string *key) {
    std::string_view token = value->raw_json_token();
    token = token.substr(0, static_cast<size_t>(trim_end(token.data(), token.data() + token.size()) - token.data()));
    uint32_t index = has_room(walk) ? walk->tree->count++ : NODE_NONE;
    struct json_node *node = index != NODE_NONE ? &walk->tree->nodes[index] : nullptr;
    if (node != nullptr) *node = {};
    if (key != nullptr) {
        struct quoted quoted;
        struct span unused;
        if (!find_key(walk, *key, token.data(), &quoted) ||
            !take_quoted(walk, quoted, node != nullptr, node != nullptr ? &node->key : &unused))
            return false;
    }
    if (token[0] == '{' || token[0] == '[') {
        if (node != nullptr) node->kind = token[0] == '{' ? JSON_OBJECT : JSON_ARRAY;
        return open_frame(walk, value, index, token.data());
    }
    enum json_kind kind;
    if (!scalar_kind(token, &kind, &walk->expected)) return false;
    if (node != nullptr) {
        node->kind = static_cast<uint8_t>(kind);
        node->next = index + 1;
        node->text = span_of(walk, token.data(), token.data() + token.size());
    }
    return kind != JSON_STRING || read_string(walk, value, token, node);
}

/* The results are used where they are: a copy of what was just written waits for it (0.97 instead of 0.80 ns per byte of WAF
 * lines). */
bool read_member(struct walk *walk, struct frame *top) {
    auto result = *top->members;
    if (result.error() != simdjson::SUCCESS) return fail(walk, expected_of(result.error()));
    ondemand::field &&field = std::move(result).value_unsafe();
    ondemand::raw_json_string key = field.key();
    return read_value(walk, &field.value(), &key);
}

bool read_element(struct walk *walk, struct frame *top) {
    auto result = *top->elements;
    if (result.error() != simdjson::SUCCESS) return fail(walk, expected_of(result.error()));
    ondemand::value &&value = std::move(result).value_unsafe();
    return read_value(walk, &value, nullptr);
}

bool read_all(struct walk *walk) {
    while (walk->depth > 0) {
        struct frame *top = &walk->frames[walk->depth - 1];
        bool open = top->is_object ? top->members != ondemand::object_iterator()
                                   : top->elements != ondemand::array_iterator();
        if (open) {
            uint32_t depth = walk->depth;
            if (!(top->is_object ? read_member(walk, top) : read_element(walk, top))) return false;
            if (walk->depth > depth) continue;
        } else {
            if (!close_frame(walk)) return false;
            if (walk->depth == 0) return true;
            top = &walk->frames[walk->depth - 1];
        }
        if (top->is_object)
            ++top->members;
        else
            ++top->elements;
    }
    return true;
}

/* A copy of the line without what simdjson refuses about its characters; false: there is nothing of that, or no room. */
bool repair(struct walk *walk, struct span *line) {
    size_t bytes_max = JSON_REPAIR_EXPANSION * size_t{line->length} + TEXT_PADDING_BYTES;
    char *room = spare_room(walk->spare, bytes_max);
    if (room == nullptr) return fail(walk, no_room);
    bool repaired = false;
    char *end = json_repair(room, {walk->text + line->offset, line->length}, &repaired);
    if (!repaired) return false;
    memset(end, ' ', TEXT_PADDING_BYTES);
    *line = spare_take(walk->spare, end + TEXT_PADDING_BYTES);
    line->length -= TEXT_PADDING_BYTES;
    return true;
}

/* Whether as many brackets close as open, given that strings do. As simdjson has it: a backslash outside of strings hides quotes, too,
 * and nothing else. */
bool is_balanced(const char *at, const char *end) {
    int64_t open = 0;
    bool quoted = false;
    for (; at < end; at++) {
        if (*at == '\\' && end - at >= 2 && (at[1] == '"' || at[1] == '\\'))
            at++;
        else if (*at == '"')
            quoted = !quoted;
        else if (!quoted)
            open += (*at == '{' || *at == '[') - (*at == '}' || *at == ']');
    }
    return open == 0;
}

/* UTF8_ERROR and STRING_ERROR: a repair may help. On failure `expected` says why. */
simdjson::error_code read_text(struct json_reader *reader, struct walk *walk, struct span line, bool array_too) {
    const char *start = walk->text + line.offset;
    simdjson::padded_string_view padded(start, line.length, line.length + simdjson::SIMDJSON_PADDING);
    simdjson::error_code error = reader->parser.iterate(padded).get(reader->document);
    if (error != simdjson::SUCCESS) {
        walk->expected = expected_of(error);
        return error;
    }
    const void *backslash = memchr(start, '\\', line.length);
    walk->end = start + line.length;
    walk->backslash = backslash != nullptr ? static_cast<const char *>(backslash) : walk->end;
    walk->depth = 0;
    while (is_space(*start)) start++; /* there is something else, or the error would have been EMPTY */
    struct json_tree *tree = walk->tree;
    tree->count = 1;
    tree->plain = backslash == nullptr;
    tree->changed = false;
    tree->cut = false;
    tree->nodes[0] = {};
    tree->nodes[0].kind = *start == '{' ? JSON_OBJECT : JSON_ARRAY;
    if (*start != '{' && !(array_too && *start == '[')) {
        walk->expected = expected_of(simdjson::INCORRECT_TYPE);
        return simdjson::INCORRECT_TYPE;
    }
    if (open_frame(walk, walk->document, 0, start) && read_all(walk)) return simdjson::SUCCESS;
    /* simdjson asks this first, but only when there is a closing bracket behind the line: what is said must not depend on that */
    if (!is_balanced(start, walk->end)) {
        walk->too_deep = false;
        walk->expected = "as many closing brackets as opening ones";
        return simdjson::TAPE_ERROR;
    }
    return walk->bad_escape ? simdjson::STRING_ERROR : simdjson::TAPE_ERROR;
}

enum json_result read_root(struct json_reader *reader, struct walk *walk, struct span line, bool array_too) {
    ASSERT(line.length <= TEXT_BYTES_MAX);
    uint32_t used = walk->spare->used;
    walk->parser = &reader->parser;
    walk->document = &reader->document;
    walk->frames = reader->frames;
    walk->tree->repaired = false;
    simdjson::error_code error = read_text(reader, walk, line, array_too);
    if (error == simdjson::UTF8_ERROR || error == simdjson::STRING_ERROR) {
        walk->spare->used = used;
        if (repair(walk, &line)) {
            walk->tree->repaired = true;
            error = read_text(reader, walk, line, array_too);
        }
    }
    if (error == simdjson::SUCCESS) return JSON_GOOD;
    walk->spare->used = used;
    return walk->too_deep ? JSON_TOO_DEEP : JSON_BAD;
}

} // namespace

struct json_reader *json_reader_new(void) {
    struct json_reader *reader = new (std::nothrow) json_reader;
    if (reader != nullptr && reader->parser.allocate(TEXT_BYTES_MAX, JSON_DEPTH_MAX) != simdjson::SUCCESS) {
        delete reader;
        return nullptr;
    }
    return reader;
}

void json_reader_free(struct json_reader *reader) {
    delete reader;
}

enum json_result json_tree_read(struct json_reader *reader, const char *text, struct span line, struct spare *spare,
                                struct json_tree *tree, const char **expected) {
    struct walk walk = {};
    walk.text = text;
    walk.spare = spare;
    walk.tree = tree;
    enum json_result result = read_root(reader, &walk, line, false);
    if (result != JSON_GOOD) *expected = walk.expected;
    return result;
}

enum json_result json_tree_read_value(struct json_reader *reader, const char *text, struct span value,
                                      struct spare *spare, struct json_tree *tree, const char **expected) {
    struct walk walk = {};
    walk.text = text;
    walk.spare = spare;
    walk.tree = tree;
    enum json_result result = read_root(reader, &walk, value, true);
    if (result != JSON_GOOD) *expected = walk.expected;
    return result;
}
