/* Map tiles: the square of web mercator (EPSG:3857) that a place is in, at one zoom, in the z/x/y of slippy maps: x counts eastwards from
 * the date line, y southwards from 85.0511 N, and what is nearer to a pole belongs to the first and last row.
 *
 * The tile is that of OpenSearch's geotile_grid for the same place in a document, to the last bit: of a geo_point it keeps 32 bits a
 * coordinate, rounded down, and what we write has six digits behind the dot.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_TILE_H
#define WHEREFROM_TILE_H

#include <stdint.h>

#define TILE_ZOOM 7u                        /* tiles of 313 km at the equator: a country is some, a city is one */
#define TILE_COLUMNS (1u << TILE_ZOOM)      /* and rows */
#define TILE_NONE 0xffffu                   /* instead of a tile: not known where */
#define TILE_TEXT_BYTES sizeof("7/127/127") /* with its NUL */

struct tile_point {
    double longitude, latitude; /* degrees */
};

/* x * TILE_COLUMNS + y of a place with a longitude of -180..180 and a latitude of -90..90. */
uint16_t tile_at(struct tile_point place);

/* Its middle, in web mercator's sense: a marker there stands in the middle of the square that is drawn. */
struct tile_point tile_centre(uint16_t tile);

/* "7/64/42"; returns the length without the NUL. */
uint32_t tile_write(uint16_t tile, char out[TILE_TEXT_BYTES]);

#endif
