/* From a database's values to ours. A database is untrusted input: whatever does not fit is absent.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_GEO_VALUE_H
#define WHEREFROM_GEO_VALUE_H

#include <maxminddb.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* A text that is not empty and valid UTF-8 (RFC 3629), cut at a character if it is longer than
 * PLACE_TEXT_BYTES_MAX. Points into the database. */
bool geo_value_text(const MMDB_entry_data_s *data, struct slice *text);

/* A floating-point number, or a text of one such as "-0.1278" (no exponent). May be NaN or out of range. */
bool geo_value_decimal(const MMDB_entry_data_s *data, double *number);

/* A text "51.5074,-0.1278". */
bool geo_value_point(const MMDB_entry_data_s *data, double *latitude, double *longitude);

/* An unsigned number, or a text of one with or without "AS" in front; 1 to 2^32-1. */
bool geo_value_as_number(const MMDB_entry_data_s *data, uint32_t *number);

/* Whether it is true, or the text "true". */
bool geo_value_true(const MMDB_entry_data_s *data);

#endif
