/* A state machine over bytes. What the containers around a byte mean stands in `places`, one for each level:
 *
 *     { "items": [ { "create": { "status": 400, "error": { "type": "..", "reason": ".." } } } ] }
 *     ROOT       ITEMS ITEM      ACTION                    ERROR
 *
 * everything else is OBJECT or ARRAY, whose members have no meaning. An error of the whole request has the same members one level higher,
 * { "error": { "type": .. }, "status": 429 }, so it is read into the same struct.
 *
 * Threads: a struct bulk_reply belongs to its caller. */
#include "sinks/bulk_reply.h"

#include "base/json.h"
#include "base/number.h"

enum state { VALUE, VALUE_OR_END, KEY, KEY_OR_END, COLON, AFTER, STRING, ESCAPE, UNIT, WORD, END, BROKEN };

enum place { ROOT, ITEM, ACTION, ERROR, OBJECT, ITEMS, ARRAY }; /* arrays last */

enum member { NONE, ITEMS_LIST, ACTION_OBJECT, STATUS, ERROR_OBJECT, TYPE, REASON };

_Static_assert(BULK_TYPE_BYTES_MAX <= BULK_REASON_BYTES_MAX, "`raw` has room for both");

#define KEY_BYTES_MAX 16u /* one more than any of these at least, so that a key that is longer fits none */

static const struct {
    uint8_t place, member;
    struct slice name;
} members[] = {
    {ITEM, ACTION_OBJECT, {"create", 6}},
    {ITEM, ACTION_OBJECT, {"index", 5}},
    {ITEM, ACTION_OBJECT, {"update", 6}},
    {ITEM, ACTION_OBJECT, {"delete", 6}},
    {ACTION, STATUS, {"status", 6}},
    {ACTION, ERROR_OBJECT, {"error", 5}},
    {ERROR, TYPE, {"type", 4}},
    {ERROR, REASON, {"reason", 6}},
    {ROOT, ITEMS_LIST, {"items", 5}},
    {ROOT, ERROR_OBJECT, {"error", 5}},
    {ROOT, STATUS, {"status", 6}},
    {ROOT, REASON, {"message", 7}}, /* of AWS in front of a domain; both spellings occur */
    {ROOT, REASON, {"Message", 7}},
};

static void clear_error(struct bulk_item *item) {
    item->type.len = item->reason.len = 0;
}

static void clear_item(struct bulk_item *item) {
    item->status = 0;
    clear_error(item);
}

/* --- strings ------------------------------------------------------------------------------------ */

/* All of `bytes` or nothing. */
static bool append_whole(struct bulk_reply *reply, const char *bytes, uint32_t count) {
    reply->joined = 0;
    if (count > reply->raw_room - reply->raw_bytes) return false;
    memcpy(reply->raw + reply->raw_bytes, bytes, count);
    reply->raw_bytes += count;
    return true;
}

static void append_run(struct bulk_reply *reply, const char *bytes, size_t count) {
    uint32_t left = reply->raw_room - reply->raw_bytes;
    append_whole(reply, bytes, count < left ? (uint32_t)count : left);
}

static uint32_t utf8_write(uint32_t code, char *out) {
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    uint32_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (uint32_t i = length - 1; i > 0; i--, code >>= 6) out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)((0xf00u >> length & 0xf0u) | code);
    return length;
}

/* A \uXXXX. The first half of a pair stands there as U+FFFD until its second half comes. */
static void append_unit(struct bulk_reply *reply, uint32_t unit) {
    char bytes[4];
    uint32_t high = reply->joined;
    if (unit >= 0xdc00 && unit <= 0xdfff && high != 0) {
        reply->raw_bytes -= 3;
        append_whole(reply, bytes, utf8_write(0x10000 + ((high - 0xd800) << 10) + (unit - 0xdc00), bytes));
        return;
    }
    bool half = unit >= 0xd800 && unit <= 0xdfff;
    if (append_whole(reply, bytes, utf8_write(half ? 0xfffd : unit, bytes)) && half && unit < 0xdc00)
        reply->joined = unit;
}

/* What was read of the string as valid UTF-8, at most `bytes_max`, whole characters only. A character that begins before `bytes_max` is
 * all in `raw`, and what is written is never shorter than what is read, so none is taken for garbage because it was cut. */
static struct slice keep_text(const struct bulk_reply *reply, char *text, size_t bytes_max) {
    struct slice kept = {text, 0};
    struct slice rest = {reply->raw, reply->raw_bytes};
    while (rest.len > 0) {
        if (rest.len >= sizeof(bytes16) && bytes_max - kept.len >= sizeof(bytes16)) { /* most of it is ASCII */
            bytes16 bytes = lanes_load(rest.ptr);
            if (lanes_bits((bytes16)(bytes >= 0x80)) == 0) {
                memcpy(text + kept.len, &bytes, sizeof bytes);
                kept.len += sizeof bytes;
                rest.ptr += sizeof bytes;
                rest.len -= sizeof bytes;
                continue;
            }
        }
        uint32_t used = json_utf8_sequence(rest), length = used != 0 ? used : 3;
        if (length > bytes_max - kept.len) break;
        memcpy(text + kept.len, used != 0 ? rest.ptr : "\xef\xbf\xbd", length);
        kept.len += length;
        if (used == 0) used = 1;
        rest.ptr += used;
        rest.len -= used;
    }
    return kept;
}

static void value_done(struct bulk_reply *reply) {
    if (reply->depth == 0) {
        reply->state = END;
        return;
    }
    reply->state = AFTER;
    if (reply->places[reply->depth - 1] != ITEMS) return;
    reply->item.index = reply->items_count++;
    reply->on_item(reply->context, &reply->item);
    clear_item(&reply->item);
}

static void key_done(struct bulk_reply *reply) {
    struct slice key = {reply->raw, reply->raw_bytes};
    uint8_t place = reply->places[reply->depth - 1];
    struct bulk_item *item = &reply->item;
    reply->state = COLON;
    reply->member = NONE;
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (members[i].place != place || !slice_equal(members[i].name, key)) continue;
        reply->member = members[i].member;
        break;
    }
    switch (reply->member) { /* so that of two the last one counts, whatever its value is */
    case ACTION_OBJECT: clear_item(item); break;
    case STATUS: item->status = 0; break;
    case ERROR_OBJECT: clear_error(item); break;
    case TYPE: item->type.len = 0; break;
    case REASON: item->reason.len = 0; break;
    default: break;
    }
}

static void begin_string(struct bulk_reply *reply, bool is_key) {
    uint8_t member = reply->member;
    reply->state = STRING;
    reply->is_key = is_key;
    reply->raw_bytes = reply->joined = 0;
    reply->raw_room = is_key                                       ? KEY_BYTES_MAX
                      : member == TYPE                             ? BULK_TYPE_BYTES_MAX + 3
                      : member == REASON || member == ERROR_OBJECT ? BULK_REASON_BYTES_MAX + 3
                                                                   : 0;
}

static void end_string(struct bulk_reply *reply) {
    if (reply->is_key) {
        key_done(reply);
        return;
    }
    if (reply->member == TYPE)
        reply->item.type = keep_text(reply, reply->type, sizeof reply->type);
    else if (reply->raw_room != 0)
        reply->item.reason = keep_text(reply, reply->reason, sizeof reply->reason);
    value_done(reply);
}

static bool is_plain(char byte) {
    return (unsigned char)byte >= 0x20 && byte != '"' && byte != '\\';
}

static const char *plain_end(const char *at, const char *end) {
    while (end - at >= (ptrdiff_t)sizeof(bytes16)) {
        uint32_t odd = json_odd_bytes(lanes_load(at));
        at += odd != 0 ? (uint32_t)__builtin_ctz(odd) : sizeof(bytes16);
        if (odd == 0) continue;
        if (!is_plain(*at)) return at;
        at++; /* no ASCII */
    }
    while (at != end && is_plain(*at)) at++;
    return at;
}

static const char *in_string(struct bulk_reply *reply, const char *at, const char *end) {
    const char *stop = plain_end(at, end);
    if (stop != at) append_run(reply, at, (size_t)(stop - at));
    if (stop == end) return end;
    if (*stop == '"')
        end_string(reply);
    else
        reply->state = *stop == '\\' ? ESCAPE : BROKEN;
    return stop + 1;
}

static void after_backslash(struct bulk_reply *reply, char byte) {
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    const char *name = byte != '\0' ? strchr(names, byte) : NULL;
    reply->state = STRING;
    if (name != NULL) {
        append_whole(reply, values + (name - names), 1);
    } else if (byte == 'u') {
        reply->state = UNIT;
        reply->unit = reply->unit_digits = 0;
    } else {
        reply->state = BROKEN;
    }
}

static void in_unit(struct bulk_reply *reply, char byte) {
    int digit = number_hex_digit(byte);
    if (digit < 0) {
        reply->state = BROKEN;
        return;
    }
    reply->unit = reply->unit << 4 | (uint32_t)digit;
    if (++reply->unit_digits < 4) return;
    append_unit(reply, reply->unit);
    reply->state = STRING;
}

/* --- everything else ---------------------------------------------------------------------------- */

static bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

/* Numbers, true, false, null. */
static bool is_word(char byte) {
    return is_digit(byte) || (byte >= 'a' && byte <= 'z') || byte == 'E' || byte == '-' || byte == '+' || byte == '.';
}

static const char *in_word(struct bulk_reply *reply, const char *at, const char *end) {
    while (at != end && is_word(*at)) {
        reply->is_number = reply->is_number && is_digit(*at);
        if (reply->is_number && reply->number < 1000) reply->number = reply->number * 10 + (uint32_t)(*at - '0');
        at++;
    }
    if (at == end) return end;
    if (reply->member == STATUS && reply->is_number && reply->number >= 100 && reply->number < 1000)
        reply->item.status = reply->number;
    value_done(reply);
    return at;
}

static uint8_t place_of(const struct bulk_reply *reply, bool array) {
    if (reply->depth == 0) return array ? ARRAY : ROOT;
    if (array) return reply->member == ITEMS_LIST ? ITEMS : ARRAY;
    if (reply->places[reply->depth - 1] == ITEMS) return ITEM;
    return reply->member == ACTION_OBJECT ? ACTION : reply->member == ERROR_OBJECT ? ERROR : OBJECT;
}

static void open_container(struct bulk_reply *reply, bool array) {
    uint8_t place = place_of(reply, array);
    if (reply->depth == BULK_DEPTH_MAX || (place == ITEMS && reply->has_items)) {
        reply->state = BROKEN;
        return;
    }
    if (place == ITEMS) {
        reply->has_items = true;
        clear_item(&reply->item);
    }
    reply->places[reply->depth++] = place;
    reply->member = NONE;
    reply->state = array ? VALUE_OR_END : KEY_OR_END;
}

static void close_container(struct bulk_reply *reply, bool array) {
    if ((reply->places[reply->depth - 1] >= ITEMS) != array) {
        reply->state = BROKEN;
        return;
    }
    reply->depth--;
    reply->member = NONE;
    value_done(reply);
}

static void begin_value(struct bulk_reply *reply, char byte) {
    if (byte == '"') {
        begin_string(reply, false);
    } else if (byte == '{' || byte == '[') {
        open_container(reply, byte == '[');
    } else {
        reply->state = WORD;
        reply->is_number = true;
        reply->number = 0;
        if (!is_word(byte)) reply->state = BROKEN;
    }
}

/* A byte between strings and words that is no white space. */
static void step(struct bulk_reply *reply, char byte) {
    bool may_end = reply->state == VALUE_OR_END || reply->state == KEY_OR_END || reply->state == AFTER;
    if (may_end && (byte == '}' || byte == ']')) {
        close_container(reply, byte == ']');
        return;
    }
    switch (reply->state) {
    case VALUE_OR_END:
    case VALUE: begin_value(reply, byte); return;
    case KEY_OR_END:
    case KEY:
        if (byte == '"')
            begin_string(reply, true);
        else
            reply->state = BROKEN;
        return;
    case COLON: reply->state = byte == ':' ? VALUE : BROKEN; return;
    case AFTER: reply->state = byte != ',' ? BROKEN : reply->places[reply->depth - 1] >= ITEMS ? VALUE : KEY; return;
    default: reply->state = BROKEN; return; /* something behind the end */
    }
}

/* An item as nearly all are, {"create":{"status":201}}, at once: byte by byte they take a tenth of a run to a server that keeps up. Returns where
 * it ends, NULL: there is none at `at`. */
static const char *plain_item(struct bulk_reply *reply, const char *at, const char *end) {
    static const char head[] = "{\"create\":{\"status\":", tail[] = "}}";
    const char *number = at + sizeof head - 1;
    if (reply->depth == 0 || reply->places[reply->depth - 1] != ITEMS || end - at < (ptrdiff_t)(sizeof head + 4) ||
        memcmp(at, head, 16) != 0 || memcmp(at + 16, head + 16, sizeof head - 1 - 16) != 0 || /* each is one compare */
        memcmp(number + 3, tail, 2) != 0)
        return NULL;
    if (number[0] < '1' || number[0] > '9' || !is_digit(number[1]) || !is_digit(number[2])) return NULL;
    clear_item(&reply->item);
    reply->item.status = (uint32_t)(number[0] - '0') * 100 + (uint32_t)(number[1] - '0') * 10 +
                         (uint32_t)(number[2] - '0');
    value_done(reply);
    return number + 5;
}

void bulk_reply_start(struct bulk_reply *reply, bulk_item_function *on_item, void *context) {
    memset(reply, 0, offsetof(struct bulk_reply, places));
    reply->on_item = on_item;
    reply->context = context;
    reply->state = VALUE;
    reply->item.type.ptr = reply->type;
    reply->item.reason.ptr = reply->reason;
}

void bulk_reply_feed(struct bulk_reply *reply, struct slice piece) {
    const char *at = piece.ptr, *end = at + piece.len;
    while (at != end) {
        const char *behind = reply->state == VALUE || reply->state == VALUE_OR_END ? plain_item(reply, at, end) : NULL;
        if (behind != NULL) {
            at = behind;
            continue;
        }
        switch (reply->state) {
        case STRING: at = in_string(reply, at, end); break;
        case ESCAPE: after_backslash(reply, *at++); break;
        case UNIT: in_unit(reply, *at++); break;
        case WORD: at = in_word(reply, at, end); break;
        case BROKEN: return;
        default:
            if (*at != ' ' && *at != '\n' && *at != '\r' && *at != '\t') {
                step(reply, *at);
                if (reply->state == WORD) break; /* its first byte belongs to it */
            }
            at++;
        }
    }
}

enum bulk_outcome bulk_reply_finish(const struct bulk_reply *reply, uint64_t *items_count, struct bulk_item *whole) {
    bool in_object = reply->depth > 0 && reply->places[0] == ROOT;
    *items_count = reply->items_count;
    *whole = reply->item;
    if (!reply->has_items) return in_object && reply->state != BROKEN ? BULK_CUT : BULK_NOT_BULK;
    clear_item(whole);
    return reply->state == END ? BULK_COMPLETE : BULK_CUT;
}
