/* Once per place, not per record, so the plain formulas do.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "base/tile.h"

#include <math.h>
#include <stdio.h>

#include "base/degrees.h"

/* As it is read out of a document and kept: Lucene's GeoEncodingUtils. */
static double as_kept(double degrees, double range) {
    double step = range / 4294967296.0, kept = floor(degrees_as_read(degrees) / step);
    if (kept > 2147483647.0) kept = 2147483647.0; /* 180 and 90 themselves have no place of their own */
    return kept * step;
}

/* A share of the map, 0 to 1, as a column or a row. */
static uint32_t part_of(double share) {
    if (!(share > 0)) return 0; /* also -infinity: the pole */
    double part = floor(share * TILE_COLUMNS);
    return part < TILE_COLUMNS ? (uint32_t)part : TILE_COLUMNS - 1;
}

uint16_t tile_at(struct tile_point place) {
    double longitude = as_kept(place.longitude, 360), latitude = as_kept(place.latitude, 180);
    double sine = sin(latitude * M_PI / 180);
    uint32_t x = part_of((longitude + 180) / 360);
    uint32_t y = part_of(0.5 - log((1 + sine) / (1 - sine)) / (4 * M_PI));
    return (uint16_t)(x * TILE_COLUMNS + y);
}

struct tile_point tile_centre(uint16_t tile) {
    uint32_t column = tile / TILE_COLUMNS, row = tile % TILE_COLUMNS;
    double x = column + 0.5, y = row + 0.5;
    return (struct tile_point){.longitude = x / TILE_COLUMNS * 360 - 180,
                               .latitude = atan(sinh(M_PI * (1 - 2 * y / TILE_COLUMNS))) * 180 / M_PI};
}

uint32_t tile_write(uint16_t tile, char out[TILE_TEXT_BYTES]) {
    return (uint32_t)snprintf(out, TILE_TEXT_BYTES, "%u/%u/%u", TILE_ZOOM, tile / TILE_COLUMNS, tile % TILE_COLUMNS);
}
