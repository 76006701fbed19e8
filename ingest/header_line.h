/* Header lines: names of columns, as flow logs have them in the first line of a file.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_HEADER_LINE_H
#define WHEREFROM_HEADER_LINE_H

#include "base/slice.h"
#include "schemas/header.h"

/* Reads `line` (without its end) as a header of `schema`, or (NULL) of the format that knows most of its names; of several the last
 * one, so that what fits transit gateways as well is VPC's. False, and `header` unchanged, if it is none: a
 * header is words alone, and more than half of them are names of one format's columns. (New names come without notice; values hold
 * digits, dots and dashes of their own somewhere in every line.) Up to 32 bytes from the start of the line are read, whatever its length. */
bool header_line_parse(struct slice line, const struct schema *schema, struct header *header);

#endif
