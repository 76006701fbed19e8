/* From a database's values to ours; see the header.
 *
 * Threads: pure functions. */
#include "enrich/geo_value.h"

#include "schemas/limits.h"

static bool is_continuation(const char *byte) {
    return ((uint8_t)*byte & 0xc0) == 0x80;
}

/* Bytes of the character that `text` (not empty) starts with, RFC 3629 section 4; 0 if it is none. */
static size_t character_bytes(struct slice text) {
    const uint8_t first = (uint8_t)text.ptr[0];
    if (first < 0x80) {
        return 1;
    }
    size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.len < bytes) {
        return 0;
    }
    for (size_t index = 1; index < bytes; index++) {
        if (!is_continuation(text.ptr + index)) {
            return 0;
        }
    }
    const uint8_t second = (uint8_t)text.ptr[1];
    bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
    bool no_character = (first == 0xed && second >= 0xa0) || (first == 0xf4 && second >= 0x90);
    return overlong || no_character ? 0 : bytes;
}

bool geo_value_text(const MMDB_entry_data_s *data, struct slice *text) {
    if (data->type != MMDB_DATA_TYPE_UTF8_STRING || data->data_size == 0) {
        return false;
    }
    struct slice rest = {.ptr = data->utf8_string, .len = data->data_size};
    size_t length = 0;
    while (rest.len != 0) {
        size_t bytes = character_bytes(rest);
        if (bytes == 0) {
            return false;
        }
        if (length + bytes > PLACE_TEXT_BYTES_MAX) {
            break;
        }
        length += bytes;
        rest = (struct slice){.ptr = rest.ptr + bytes, .len = rest.len - bytes};
    }
    *text = (struct slice){.ptr = data->utf8_string, .len = length};
    return true;
}

/* strtod would need a NUL and look at the locale. Up to 15 digits and a power of ten below 10^22 are exact,
 * so the one division rounds as strtod does; digits beyond the 15th are less than a micrometre. */
static bool parse_decimal(struct slice text, double *number) {
    size_t at = 0, digits = 0;
    bool negative = text.len != 0 && text.ptr[0] == '-', fraction = false;
    if (negative) {
        at++;
    }
    uint64_t value = 0;
    double scale = 1;
    for (; at < text.len; at++) {
        const char character = text.ptr[at];
        if (character == '.' && !fraction && digits != 0) {
            fraction = true;
            continue;
        }
        if (character < '0' || character > '9') {
            return false;
        }
        if (value < 100000000000000) {
            value = value * 10 + (uint64_t)(character - '0');
            scale = fraction ? scale * 10 : scale;
        } else if (!fraction) {
            return false;
        }
        digits++;
    }
    *number = (negative ? -(double)value : (double)value) / scale;
    return digits != 0 && text.ptr[text.len - 1] != '.';
}

bool geo_value_decimal(const MMDB_entry_data_s *data, double *number) {
    if (data->type == MMDB_DATA_TYPE_DOUBLE) {
        *number = data->double_value;
        return true;
    }
    if (data->type == MMDB_DATA_TYPE_FLOAT) {
        *number = (double)data->float_value;
        return true;
    }
    struct slice text;
    return geo_value_text(data, &text) && parse_decimal(text, number);
}

bool geo_value_point(const MMDB_entry_data_s *data, double *latitude, double *longitude) {
    struct slice text;
    if (!geo_value_text(data, &text)) {
        return false;
    }
    const char *comma = memchr(text.ptr, ',', text.len);
    if (comma == NULL) {
        return false;
    }
    struct slice first = {.ptr = text.ptr, .len = (size_t)(comma - text.ptr)};
    struct slice second = {.ptr = comma + 1, .len = text.len - first.len - 1};
    return parse_decimal(first, latitude) && parse_decimal(second, longitude);
}

static bool parse_as_number(struct slice text, uint64_t *number) {
    if (slice_starts_with(text, SLICE("AS"))) {
        text = (struct slice){.ptr = text.ptr + 2, .len = text.len - 2};
    }
    *number = 0;
    for (size_t index = 0; index < text.len; index++) {
        if (text.ptr[index] < '0' || text.ptr[index] > '9' || *number > UINT32_MAX) {
            return false;
        }
        *number = *number * 10 + (uint64_t)(text.ptr[index] - '0');
    }
    return true;
}

bool geo_value_as_number(const MMDB_entry_data_s *data, uint32_t *number) {
    uint64_t value = 0;
    struct slice text;
    if (data->type == MMDB_DATA_TYPE_UINT32) {
        value = data->uint32;
    } else if (data->type == MMDB_DATA_TYPE_UINT16) {
        value = data->uint16;
    } else if (data->type == MMDB_DATA_TYPE_UINT64) {
        value = data->uint64;
    } else if (!geo_value_text(data, &text) || !parse_as_number(text, &value)) {
        return false;
    }
    *number = (uint32_t)value;
    return value >= 1 && value <= UINT32_MAX;
}

bool geo_value_true(const MMDB_entry_data_s *data) {
    struct slice text;
    return data->type == MMDB_DATA_TYPE_BOOLEAN ? data->boolean
                                                : geo_value_text(data, &text) && slice_equal(text, SLICE("true"));
}
