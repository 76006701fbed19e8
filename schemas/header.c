/* One text form for rejects and checkpoints.
 *
 * Threads: pure functions. */
#include "schemas/header.h"

static char *put(char *out, const char *text) {
    size_t bytes = strlen(text);
    memcpy(out, text, bytes);
    return out + bytes;
}

size_t header_text_write(const struct header *header, char *out) {
    const struct schema *schema = header->schema;
    char *end = put(out, schema != NULL ? schema->name : HEADER_OF_NO_FORMAT);
    for (uint32_t i = 0; schema != NULL && i < header->columns_count; i++) {
        uint8_t column = header->columns[i];
        *end++ = i == 0 ? ':' : ' ';
        if (column != HEADER_UNKNOWN)
            end = put(end, schema->fields[column].name);
        else
            end = put(end, header->names[i] != 0 ? header->names_text + header->names[i] : HEADER_NAMELESS);
    }
    return (size_t)(end - out);
}
