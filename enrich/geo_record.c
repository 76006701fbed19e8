/* Reads keys and skips values; what the values are is left to libmaxminddb. Format: MaxMind DB File Format Specification 2.0,
 * "Output Data Section".
 *
 * Threads: pure functions. */
#include "enrich/geo_record.h"

#define HEAD_BYTES_MAX 5u /* control byte, type, three of the size; or control byte and pointer */

struct item {
    uint32_t type, size; /* of a pointer: where it points */
    uint32_t payload;    /* offset of what is behind the head */
    uint32_t next;       /* offset of what follows: for maps and arrays, the first thing inside */
};

static uint32_t big_endian(const uint8_t *bytes, uint32_t count) {
    uint32_t number = 0;
    for (uint32_t i = 0; i < count; i++) number = number << 8 | bytes[i];
    return number;
}

static struct item pointer_item(const uint8_t *head, uint32_t offset) {
    uint32_t kind = head[0] >> 3 & 3u, target = big_endian(head + 1, kind + 1);
    if (kind < 3) target |= (head[0] & 7u) << (8 * (kind + 1));
    if (kind == 1) target += 1u << 11;
    if (kind == 2) target += (1u << 19) + (1u << 11);
    return (struct item){.type = MMDB_DATA_TYPE_POINTER, .size = target, .next = offset + 2 + kind};
}

static bool read_item(const MMDB_s *mmdb, uint32_t offset, struct item *item) {
    static const uint32_t bases[4] = {0, 29, 285, 65821};
    uint32_t section = mmdb->data_section_size;
    if (section < HEAD_BYTES_MAX || offset > section - HEAD_BYTES_MAX)
        return false; /* the metadata is there, no record */
    const uint8_t *head = mmdb->data_section + offset, *at = head + 1;
    uint32_t type = head[0] >> 5, size = head[0] & 31;
    if (type == MMDB_DATA_TYPE_POINTER) {
        *item = pointer_item(head, offset);
        return true;
    }
    if (type == MMDB_DATA_TYPE_EXTENDED) type = 7u + *at++;
    if (size >= 29) {
        uint32_t bytes = size - 28;
        size = bases[bytes] + big_endian(at, bytes);
        at += bytes;
    }
    bool inside = type != MMDB_DATA_TYPE_MAP && type != MMDB_DATA_TYPE_ARRAY && type != MMDB_DATA_TYPE_BOOLEAN;
    uint32_t payload = offset + (uint32_t)(at - head), bytes = inside ? size : 0;
    if (bytes > section - payload) return false;
    *item = (struct item){.type = type, .size = size, .payload = payload, .next = payload + bytes};
    return true;
}

/* Moves `*offset` behind the value that stands there, with all that it holds. */
static bool skip_value(const MMDB_s *mmdb, uint32_t *offset) {
    struct item item;
    for (uint64_t pending = 1; pending > 0; pending--, *offset = item.next) { /* ends: each one takes a byte at least */
        if (!read_item(mmdb, *offset, &item)) return false;
        if (item.type == MMDB_DATA_TYPE_MAP) pending += 2 * (uint64_t)item.size;
        if (item.type == MMDB_DATA_TYPE_ARRAY) pending += item.size;
    }
    return true;
}

static bool read_member(const MMDB_s *mmdb, uint32_t *offset, struct geo_member *member) {
    struct item key;
    if (!read_item(mmdb, *offset, &key)) return false;
    *offset = key.next;
    if (key.type == MMDB_DATA_TYPE_POINTER && !read_item(mmdb, key.size, &key)) return false;
    if (key.type != MMDB_DATA_TYPE_UTF8_STRING) return false;
    *member = (struct geo_member){{(const char *)mmdb->data_section + key.payload, key.size}, *offset};
    return skip_value(mmdb, offset);
}

void geo_record_read(MMDB_entry_s entry, struct geo_record *record) {
    struct item map = {0};
    record->entry = entry;
    record->count = 0;
    record->complete = read_item(entry.mmdb, entry.offset, &map) && map.type == MMDB_DATA_TYPE_MAP &&
                       map.size <= GEO_MEMBERS_MAX;
    uint32_t offset = map.next;
    while (record->complete && record->count < map.size)
        record->complete = read_member(entry.mmdb, &offset, &record->members[record->count++]);
}

bool geo_record_value(const struct geo_record *record, const char *const *path, MMDB_entry_data_s *data) {
    MMDB_entry_s start = record->entry;
    if (record->complete) {
        const struct geo_member *member = record->members, *end = member + record->count;
        while (member < end && (*member->key.ptr != **path || !slice_equal(member->key, slice_from(*path)))) member++;
        if (member == end) return false;
        start.offset = member->value;
        path++;
    }
    return MMDB_aget_value(&start, data, path) == MMDB_SUCCESS && data->has_data;
}
