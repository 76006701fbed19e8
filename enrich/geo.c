/* Opens MaxMind-format databases, looks addresses up, and gathers what the records say.
 *
 * libmaxminddb opens files only and maps them. A mapped file that is rewritten in place gives garbage, one
 * that is cut gives SIGBUS; so the file is copied into a sealed memfd and opened by its name in /proc. The
 * pages are private, swappable and shared by all workers.
 *
 * Values are read by MMDB_aget_value, which unlike MMDB_get_entry_data_list allocates nothing that a damaged
 * record could make large.
 *
 * Threads: read-only after geo_open. */
#define _GNU_SOURCE
#include "enrich/geo.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"
#include "enrich/geo_layouts.h"
#include "enrich/geo_record.h"
#include "enrich/geo_value.h"

/* Records that are tried for facts when the database_type does not tell the layout. */
enum { RECORDS_TRIED_MAX = 16, TREE_DEPTH_MAX = 128 };

/* --- values of one record --------------------------------------------------------------------- */

static bool value_known(const struct geo_row *row, const struct place *place) {
    switch (row->kind) {
    case GEO_TEXT:
    case GEO_CODE:
    case GEO_NAME:
    case GEO_SUBDIVISION: return place->texts[row->target].len != 0;
    case GEO_AS_NUMBER: return place->as_number != 0;
    case GEO_LATITUDE: return !isnan(place->latitude);
    case GEO_LONGITUDE: return !isnan(place->longitude);
    case GEO_POINT: return !isnan(place->latitude) || !isnan(place->longitude);
    case GEO_MARK: return (place->marks >> row->target & 1) != 0;
    }
    return true;
}

static bool is_upper(char character) {
    return character >= 'A' && character <= 'Z';
}

static bool is_code(struct slice text) {
    return text.len == 2 && is_upper(text.ptr[0]) && is_upper(text.ptr[1]);
}

/* The part of an ISO 3166-2 code behind the country: 1 to 3 letters or digits. */
static bool is_subdivision(struct slice text) {
    for (size_t index = 0; index < text.len; index++) {
        if (!is_upper(text.ptr[index]) && !(text.ptr[index] >= '0' && text.ptr[index] <= '9')) {
            return false;
        }
    }
    return text.len >= 1 && text.len <= 3;
}

static void take_text(const struct geo_row *row, const MMDB_entry_data_s *data, struct place *place) {
    struct slice text;
    if (!geo_value_text(data, &text)) {
        return;
    }
    bool code = is_code(text);
    if (row->kind == GEO_SUBDIVISION && text.len > 3 && text.ptr[2] == '-') {
        text = (struct slice){.ptr = text.ptr + 3, .len = text.len - 3};
    }
    if ((row->kind == GEO_CODE && !code) || (row->kind == GEO_NAME && code) ||
        (row->kind == GEO_SUBDIVISION && !is_subdivision(text))) {
        return;
    }
    place->texts[row->target] = text;
}

static void take_value(const struct geo_row *row, const MMDB_entry_data_s *data, struct place *place) {
    double latitude, longitude;
    switch (row->kind) {
    case GEO_TEXT:
    case GEO_CODE:
    case GEO_NAME:
    case GEO_SUBDIVISION: take_text(row, data, place); break;
    case GEO_AS_NUMBER:
        if (!geo_value_as_number(data, &place->as_number)) {
            place->as_number = 0;
        }
        break;
    case GEO_LATITUDE:
        if (geo_value_decimal(data, &latitude)) {
            place->latitude = latitude;
        }
        break;
    case GEO_LONGITUDE:
        if (geo_value_decimal(data, &longitude)) {
            place->longitude = longitude;
        }
        break;
    case GEO_POINT:
        if (geo_value_point(data, &latitude, &longitude)) {
            place->latitude = latitude;
            place->longitude = longitude;
        }
        break;
    case GEO_MARK:
        if (geo_value_true(data)) {
            place->marks |= 1u << row->target;
        }
        break;
    }
}

/* Decodes one record; the region code is still without its country. */
static void decode_record(MMDB_entry_s entry, const struct geo_layout *layout, struct place *place) {
    *place = (struct place){.longitude = NAN, .latitude = NAN};
    struct geo_record record;
    geo_record_read(entry, &record);
    for (size_t index = 0; index < layout->rows_count; index++) {
        const struct geo_row *row = &layout->rows[index];
        MMDB_entry_data_s data;
        if (!value_known(row, place) && geo_record_value(&record, row->path, &data)) {
            take_value(row, &data, place);
        }
    }
    place->has_location = fabs(place->latitude) <= 90 && fabs(place->longitude) <= 180; /* false for NaN */
    if (place->has_location) {
        bool city = place->texts[PLACE_CITY_NAME].len != 0;
        place->accuracy = city ? PLACE_ACCURACY_CITY : PLACE_ACCURACY_COUNTRY;
    } else {
        place->latitude = place->longitude = 0;
    }
}

static size_t count_facts(const struct place *place) {
    size_t facts = (size_t)place->has_location + (place->as_number != 0) + (place->marks != 0);
    for (size_t index = 0; index < PLACE_TEXTS; index++) {
        facts += place->texts[index].len != 0;
    }
    return facts;
}

/* --- answers ---------------------------------------------------------------------------------- */

/* Adds to `place` what a later database says, as far as the two speak of the same country and AS. */
static void merge_place(struct place *place, const struct place *later) {
    const struct slice *countries[2] = {&place->texts[PLACE_COUNTRY_ISO_CODE], &later->texts[PLACE_COUNTRY_ISO_CODE]};
    bool same_country = countries[0]->len == 0 || countries[1]->len == 0 || slice_equal(*countries[0], *countries[1]);
    bool same_as = place->as_number == 0 || later->as_number == 0 || place->as_number == later->as_number;
    for (int index = 0; index < PLACE_TEXTS; index++) {
        bool wanted = index < PLACE_AS_ORGANIZATION ? same_country : same_as || index != PLACE_AS_ORGANIZATION;
        if (place->texts[index].len == 0 && wanted) {
            place->texts[index] = later->texts[index];
        }
    }
    if (!place->has_location && later->has_location && same_country) {
        place->has_location = true;
        place->latitude = later->latitude;
        place->longitude = later->longitude;
        place->accuracy = later->accuracy;
    }
    if (place->as_number == 0) {
        place->as_number = later->as_number;
    }
    place->marks |= later->marks;
}

/* "ENG" of "GB" becomes "GB-ENG"; without a country it means nothing. */
static void complete_region(struct place *place, struct geo_scratch *scratch) {
    struct slice country = place->texts[PLACE_COUNTRY_ISO_CODE], *region = &place->texts[PLACE_REGION_ISO_CODE];
    if (country.len == 0 || region->len == 0) {
        region->len = 0;
        return;
    }
    ASSERT(country.len + 1 + region->len <= sizeof scratch->region_iso_code);
    memcpy(scratch->region_iso_code, country.ptr, country.len);
    scratch->region_iso_code[country.len] = '-';
    memcpy(scratch->region_iso_code + country.len + 1, region->ptr, region->len);
    *region = (struct slice){.ptr = scratch->region_iso_code, .len = country.len + 1 + region->len};
}

void geo_decode(const struct geo *geo, const struct geo_answer *answer, struct place *place,
                struct geo_scratch *scratch) {
    *place = (struct place){0};
    for (size_t index = 0; index < geo->databases_count; index++) {
        if (answer->offsets[index] == 0) {
            continue;
        }
        const struct geo_database *database = &geo->databases[index];
        struct place found;
        decode_record((MMDB_entry_s){.mmdb = &database->mmdb, .offset = answer->offsets[index] - 1}, database->layout,
                      &found);
        merge_place(place, &found);
    }
    complete_region(place, scratch);
}

static const uint8_t nat64_prefix[12] = {0x00, 0x64, 0xff, 0x9b};

bool geo_lookup(const struct geo *geo, const struct ip *ip, struct geo_answer *answer, uint64_t *damaged) {
    bool is_v4 = ip_is_v4(ip) || memcmp(ip->bytes, nat64_prefix, sizeof nat64_prefix) == 0;
    *answer = (struct geo_answer){0};
    uint32_t known = 0;
    for (size_t index = 0; index < geo->databases_count; index++) {
        const struct geo_database *database = &geo->databases[index];
        const uint32_t *first = is_v4 ? database->tree.v4 : database->tree.v6;
        if (first == NULL) {
            continue; /* IPv6 in a tree of IPv4 only */
        }
        uint32_t offset;
        switch (geo_tree_find(&database->tree, first, is_v4 ? ip->bytes + 12 : ip->bytes, is_v4 ? 32 : 128, &offset)) {
        case GEO_TREE_FOUND:
            answer->offsets[index] = offset + 1;
            known = 1;
            break;
        case GEO_TREE_DAMAGED: *damaged += 1; break;
        case GEO_TREE_UNKNOWN: break;
        }
    }
    return known != 0;
}

/* --- opening ---------------------------------------------------------------------------------- */

/* The layout that finds most facts in the record; NULL if none finds any. */
static const struct geo_layout *layout_of_record(MMDB_entry_s entry) {
    const struct geo_layout *best = NULL;
    size_t most = 0;
    for (size_t index = 0; index < geo_layouts_count; index++) {
        struct place place;
        decode_record(entry, &geo_layouts[index], &place);
        size_t facts = count_facts(&place);
        if (facts > most) {
            most = facts;
            best = &geo_layouts[index];
        }
    }
    return best;
}

/* Asked of one record; true ends the walk. */
typedef bool visit_function(void *context, MMDB_entry_s entry);

/* Tries the first records of the tree, from the left: IPv4 stands there. */
static void try_records(const MMDB_s *mmdb, visit_function *visit, void *context) {
    uint64_t pending[TREE_DEPTH_MAX + 1] = {0};
    size_t pending_count = 1, tried = 0;
    /* a damaged tree may have loops: visit no more nodes than there are */
    for (uint32_t visited = 0; pending_count != 0 && visited < mmdb->metadata.node_count; visited++) {
        MMDB_search_node_s node;
        if (MMDB_read_node(mmdb, (uint32_t)pending[--pending_count], &node) != MMDB_SUCCESS) {
            continue;
        }
        const uint8_t types[2] = {node.left_record_type, node.right_record_type};
        const uint64_t children[2] = {node.left_record, node.right_record};
        const MMDB_entry_s entries[2] = {node.left_record_entry, node.right_record_entry};
        for (size_t side = 0; side < 2 && tried < RECORDS_TRIED_MAX; side++) {
            if (types[side] == MMDB_RECORD_TYPE_DATA) {
                if (visit(context, entries[side])) {
                    return;
                }
                tried++;
            }
        }
        for (size_t side = 2; side-- > 0;) { /* the left child is looked at next */
            if (types[side] == MMDB_RECORD_TYPE_SEARCH_NODE && pending_count <= TREE_DEPTH_MAX) {
                pending[pending_count++] = children[side];
            }
        }
    }
}

static bool finds_layout(void *context, MMDB_entry_s entry) {
    const struct geo_layout **layout = context;
    *layout = layout_of_record(entry);
    return *layout != NULL;
}

static bool finds_country(void *context, MMDB_entry_s entry) {
    struct geo_database *database = context;
    struct place place;
    decode_record(entry, database->layout, &place);
    database->knows_countries = place.texts[PLACE_COUNTRY_ISO_CODE].len != 0;
    return database->knows_countries;
}

static const struct geo_layout *find_layout(const MMDB_s *mmdb) {
    struct slice type = slice_from(mmdb->metadata.database_type);
    for (size_t index = 0; index < geo_layouts_count; index++) {
        for (const char *const *prefix = geo_layouts[index].types; *prefix != NULL; prefix++) {
            if (slice_starts_with(type, slice_from(*prefix))) {
                return &geo_layouts[index];
            }
        }
    }
    const struct geo_layout *layout = NULL;
    try_records(mmdb, finds_layout, &layout);
    return layout;
}

/* Copies all of `from`; false with errno set if reading or writing fails. */
static bool copy_file(int from, int to, uint64_t *bytes) {
    char buffer[65536];
    *bytes = 0;
    for (;;) {
        ssize_t got = read(from, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return got == 0;
        }
        *bytes += (uint64_t)got;
        for (ssize_t written = 0; written < got;) {
            ssize_t part = write(to, buffer + written, (size_t)(got - written));
            if (part < 0 && errno != EINTR) {
                return false;
            }
            written += part > 0 ? part : 0;
        }
    }
}

/* Its size is fixed, so that no read of the mapping can fail. When the kernel holds a page of it for a moment, which happens when memory
 * is short, its contents can't be sealed; then they are not, since nobody else has the descriptor. */
static bool seal(int copy) {
    const int size = F_SEAL_SHRINK | F_SEAL_GROW;
    return fcntl(copy, F_ADD_SEALS, size | F_SEAL_WRITE | F_SEAL_SEAL) == 0 ||
           (errno == EBUSY && fcntl(copy, F_ADD_SEALS, size) == 0);
}

/* A sealed private copy of the file at `path`. */
static enum status load_file(const char *path, int *copy, struct error *error) {
    int original = open(path, O_RDONLY | O_CLOEXEC);
    if (original < 0) {
        return error_set_errno(error, errno, "geo: %s: can't be opened", path);
    }
    *copy = memfd_create("wherefrom-geo", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    uint64_t bytes = 0;
    enum status status = STATUS_OK;
    if (*copy < 0) {
        status = error_set_errno(error, errno, "geo: %s: no memory file for a private copy", path);
    } else if (!copy_file(original, *copy, &bytes)) {
        status = error_set_errno(error, errno, "geo: %s: can't be read into memory", path);
    } else if (bytes == 0) {
        status = error_set(error, STATUS_FAILED, "geo: %s: is empty; expected a MaxMind DB (.mmdb) file", path);
    } else if (!seal(*copy)) {
        status = error_set_errno(error, errno, "geo: %s: the private copy can't be sealed", path);
    }
    close(original);
    return status;
}

static enum status open_mmdb(const char *path, MMDB_s *mmdb, struct error *error) {
    int copy = -1;
    enum status status = load_file(path, &copy, error);
    if (status == STATUS_OK) {
        char name[32];
        snprintf(name, sizeof name, "/proc/self/fd/%d", copy);
        int outcome = MMDB_open(name, MMDB_MODE_MMAP, mmdb);
        if (outcome == MMDB_FILE_OPEN_ERROR || outcome == MMDB_IO_ERROR) {
            status = error_set_errno(error, errno, "geo: %s: its private copy %s can't be mapped; is /proc mounted?",
                                     path, name);
        } else if (outcome != MMDB_SUCCESS) {
            status = error_set(error, STATUS_FAILED,
                               "geo: %s: not a MaxMind DB, or a damaged one (%s); download it again", path,
                               MMDB_strerror(outcome));
        }
    }
    if (copy >= 0) {
        close(copy);
    }
    return status;
}

static enum status refuse_layout(const struct geo_database *database, struct error *error) {
    char type[64];
    snprintf(type, sizeof type, "%s", database->mmdb.metadata.database_type);
    for (char *character = type; *character != 0; character++) {
        *character = *character < ' ' || *character > '~' ? '?' : *character; /* the file's word, shown to a person */
    }
    return error_set(error, STATUS_FAILED,
                     "geo: %s: database_type \"%s\" is not known, nor are the keys of its records; known are %s",
                     database->path, type, geo_layouts_known);
}

static enum status open_database(struct geo_database *database, const char *path, struct error *error) {
    database->path = strdup(path);
    if (database->path == NULL) {
        return error_set(error, STATUS_FAILED, "geo: %s: out of memory", path);
    }
    enum status status = open_mmdb(path, &database->mmdb, error);
    if (status != STATUS_OK) {
        return status;
    }
    database->opened = true;
    database->build_epoch = database->mmdb.metadata.build_epoch;
    database->layout = find_layout(&database->mmdb);
    if (database->layout == NULL) {
        return refuse_layout(database, error);
    }
    if (!geo_tree_init(&database->tree, &database->mmdb)) {
        return error_set(error, STATUS_FAILED, "geo: %s: out of memory", path);
    }
    try_records(&database->mmdb, finds_country, database);
    return STATUS_OK;
}

enum status geo_open(struct geo *geo, const char *const *paths, size_t paths_count, struct error *error) {
    memset(geo, 0, sizeof *geo);
    if (paths_count > DATABASES_MAX) {
        return error_set(error, STATUS_USAGE, "geo: %zu databases are given, %u at most are possible", paths_count,
                         DATABASES_MAX);
    }
    enum status status = STATUS_OK;
    while (status == STATUS_OK && geo->databases_count < paths_count) {
        struct geo_database *database = &geo->databases[geo->databases_count];
        status = open_database(database, paths[geo->databases_count++], error);
    }
    return status;
}

uint64_t geo_country_build(const struct geo *geo) {
    uint64_t oldest = 0;
    for (size_t index = 0; index < geo->databases_count; index++) {
        const struct geo_database *database = &geo->databases[index];
        if (database->knows_countries && (oldest == 0 || database->build_epoch < oldest)) {
            oldest = database->build_epoch;
        }
    }
    return oldest;
}

void geo_close(struct geo *geo) {
    for (size_t index = 0; index < geo->databases_count; index++) {
        struct geo_database *database = &geo->databases[index];
        free(database->path);
        geo_tree_destroy(&database->tree);
        if (database->opened) {
            MMDB_close(&database->mmdb);
        }
    }
    memset(geo, 0, sizeof *geo);
}
