/* Read byte by byte: what is neither a letter, a digit nor one of the signs that it may not have is fine.
 *
 * Threads: see the header. */
#include "config/index_name.h"

bool index_name_is(struct slice name) {
    if (name.len == 0 || name.len > OPENSEARCH_NAME_BYTES_MAX || memchr("-_+.", name.ptr[0], 4) != NULL) return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (c <= ' ' || c > '~' || (c >= 'A' && c <= 'Z') || memchr("\\/*?\"<>|,#:{}", c, 13) != NULL) return false;
    }
    return true;
}

bool index_name_cut_date(struct slice *name) {
    if (!slice_ends_with(*name, SLICE(INDEX_NAME_DATE))) return false;
    name->len -= strlen(INDEX_NAME_DATE);
    return true;
}
