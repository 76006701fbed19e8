/* Where in a text addresses may be: separators that stand as they do in one, and escapes, of which any may be a character of one.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_ADDRESS_MARKS_H
#define WHEREFROM_ADDRESS_MARKS_H

#include <stdint.h>

/* Bytes that have a bit each. Fewer than a vector has, so that what an address has behind its first separators is in the same one. */
#define ADDRESS_MARKS_BYTES 48

/* The first piece of ADDRESS_MARKS_BYTES from `block` on with a mark in it, and its marks; none are left when `marks` is 0. 63 bytes behind `end` may be
 * read. */
typedef const char *address_marks_function(const char *block, const char *end, uint64_t *marks);

extern address_marks_function address_marks_baseline;
#if defined(__x86_64__)
extern address_marks_function address_marks_avx2, address_marks_avx512;
#endif

#endif
