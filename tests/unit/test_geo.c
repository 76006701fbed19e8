/* Places out of databases of every layout, several at once, and damaged ones.
 *
 * The databases stand in tests/databases (make.py there says what is in them).
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "enrich/geo.h"
#include "enrich/geo_value.h"
#include "tests/unit/guard.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

#define GB "81.2.69.142"
#define US "216.160.83.56"
#define SE "89.160.20.112"
#define JP "2001:218::1"

/* libmaxminddb 1.7 forgets a list when it refuses metadata whose languages or description are of another type.
 * That we close what we open is checked by what stays mapped. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
    return "leak:libmaxminddb";
}

static bool is_anything_mapped(void) {
    static char line[1024];
    FILE *maps = fopen("/proc/self/maps", "r");
    assert_non_null(maps);
    bool mapped = false;
    while (fgets(line, sizeof line, maps) != NULL) {
        mapped = mapped || strstr(line, "memfd:wherefrom-geo") != NULL;
    }
    assert_int_equal(fclose(maps), 0);
    return mapped;
}

static struct ip ip_of(const char *text) {
    struct ip_parsed parsed;
    assert_true(ip_parse(slice_from(text), &parsed));
    return parsed.ip;
}

/* Everything that a place says, in one line; fields that are absent do not appear. */
static const char *described(const struct place *place) {
    static const char *const names[PLACE_TEXTS] = {
        "country", "country-name", "continent",  "continent-name", "region", "region-name",     "city",
        "postal",  "timezone",     "registered", "as-name",        "isp",    "isp-organization"};
    static char line[PLACE_TEXTS * (PLACE_TEXT_BYTES_MAX + 32)];
    size_t used = 0;
    line[0] = '\0';
    for (size_t index = 0; index < PLACE_TEXTS; index++) {
        struct slice text = place->texts[index];
        assert_true(text.len <= PLACE_TEXT_BYTES_MAX);
        if (text.len != 0) {
            used += (size_t)snprintf(line + used, sizeof line - used, "%s=%.*s ", names[index], (int)text.len,
                                     text.ptr);
        }
    }
    if (place->has_location) {
        static const char *const accuracies[] = {"none", "country", "city"};
        used += (size_t)snprintf(line + used, sizeof line - used, "at=%.4f,%.4f(%s) ", place->latitude,
                                 place->longitude, accuracies[place->accuracy]);
    } else {
        assert_int_equal(place->accuracy, PLACE_ACCURACY_NONE);
    }
    if (place->as_number != 0) {
        used += (size_t)snprintf(line + used, sizeof line - used, "as=%u ", place->as_number);
    }
    if (place->marks != 0) {
        used += (size_t)snprintf(line + used, sizeof line - used, "marks=%02x ", place->marks);
    }
    line[used == 0 ? 0 : used - 1] = '\0';
    return line;
}

/* The paths of databases by name; they live until the next call. */
static const char *const *paths_of(const char *const *names, size_t *count) {
    static char paths[DATABASES_MAX][512];
    static const char *pointers[DATABASES_MAX];
    for (*count = 0; *count < DATABASES_MAX && names[*count] != NULL; ++*count) {
        snprintf(paths[*count], sizeof paths[*count], "%s/databases/%s.mmdb", TESTS_DIR, names[*count]);
        pointers[*count] = paths[*count];
    }
    return pointers;
}

/* --- layouts ---------------------------------------------------------------------------------- */

struct place_case {
    const char *what, *databases[4], *address, *expected; /* NULL: not known */
};

#define BRITAIN "country=GB country-name=United Kingdom continent=EU continent-name=Europe"
#define LONDON BRITAIN " region=GB-ENG region-name=England city=London postal=SW1A timezone=Europe/London"
#define LONDON_AT "at=51.5000,-0.1250(city)"
#define X16 "xxxxxxxxxxxxxxxx"
#define X64 X16 X16 X16 X16
#define X256 X64 X64 X64 X64
#define AE16 "ääääääääääääääää"
#define AE128 AE16 AE16 AE16 AE16 AE16 AE16 AE16 AE16
#define AE127 AE16 AE16 AE16 AE16 AE16 AE16 AE16 "äääääääääääääää"
#define ARNOLD "as-name=Andrews & Arnold Ltd"

/* clang-format off */
static const struct place_case place_cases[] = {
    {"GeoLite2-City", {"city"}, GB, LONDON " " LONDON_AT},
    {"a name that is not ASCII", {"city"}, SE,
     "country=SE country-name=Sweden continent=EU continent-name=Europe region=SE-E region-name=Östergötland County "
     "city=Linköping timezone=Europe/Stockholm at=58.4167,15.6167(city)"},
    {"a city database without the city", {"city"}, JP,
     "country=JP country-name=Japan continent=AS continent-name=Asia timezone=Asia/Tokyo at=36.2000,138.6000(country)"},
    {"GeoLite2-Country", {"country"}, GB, BRITAIN},
    {"registered_country is not where it is", {"country"}, SE, "registered=SE"},
    {"registered elsewhere", {"doubts"}, GB, BRITAIN " registered=SE"},
    {"anycast", {"doubts"}, US,
     "country=US country-name=United States continent=NA continent-name=North America registered=US marks=40"},
    {"anycast in a flat record", {"doubts-flat"}, GB, "country=GB marks=40"},
    {"anycast by its other name", {"doubts-flat"}, US, "country=US marks=40"},
    {"GeoLite2-ASN", {"asn"}, GB, ARNOLD " as=20712"},
    {"an AS number of 16 bits", {"asn"}, US, "as-name=Example Backbone as=209"},
    {"GeoIP2-ISP", {"isp"}, US,
     "as-name=Example Backbone isp=Example Broadband isp-organization=Example Library as=209"},
    {"GeoIP2-Anonymous-IP", {"anonymous"}, US, "marks=03"},
    {"all other marks", {"anonymous"}, GB, "marks=3d"},
    {"GeoIP2-Enterprise", {"enterprise"}, GB,
     LONDON " " ARNOLD " isp=Andrews & Arnold isp-organization=Example School " LONDON_AT " as=20712 marks=02"},
    {"DB-IP city lite, floats and no region code", {"dbip-city"}, GB,
     BRITAIN " region-name=England city=London " LONDON_AT},
    {"DB-IP ASN lite", {"dbip-asn"}, GB, ARNOLD " as=20712"},
    {"our own", {"wherefrom"}, GB, "country=GB continent=EU " ARNOLD " at=54.0000,-2.0000(country) as=20712"},
    {"our own, IPv6", {"wherefrom"}, JP, "country=JP continent=AS at=36.2000,138.6000(country)"},
    {"our own, IPv4 behind a NAT64", {"wherefrom"}, "64:ff9b::81.2.69.142",
     "country=GB continent=EU " ARNOLD " at=54.0000,-2.0000(country) as=20712"},
    {"our own, IPv4 written as IPv6", {"wherefrom"}, "::ffff:81.2.69.142",
     "country=GB continent=EU " ARNOLD " at=54.0000,-2.0000(country) as=20712"},
    {"IPinfo lite: `country` is a name", {"ipinfo-lite"}, GB, BRITAIN " " ARNOLD " as=20712"},
    {"IPinfo country+ASN: `country` is a code", {"ipinfo-country-asn"}, GB, BRITAIN " " ARNOLD " as=20712"},
    {"IPinfo location, coordinates as texts", {"ipinfo-location"}, GB,
     "country=GB region=GB-ENG region-name=England city=London postal=SW1A timezone=Europe/London " LONDON_AT},
    {"IPinfo location, coordinates as one text", {"ipinfo-location"}, US,
     "country=US region=US-WA region-name=Washington city=Milton postal=98354 at=47.2500,-122.3125(city)"},
    {"IPinfo privacy", {"ipinfo-privacy"}, US, "marks=22"},
    {"ip-location-db city", {"ip-location-city"}, GB,
     "country=GB region-name=England city=London postal=SW1A timezone=Europe/London " LONDON_AT},
    {"ip-location-db ASN", {"ip-location-asn"}, GB, ARNOLD " as=20712"},
    {"ip-location-db country, an IPv4 tree", {"ip-location-country-v4"}, GB, "country=GB"},
    {"an IPv6 address in an IPv4 tree", {"ip-location-country-v4"}, JP, NULL},
    {"by contents: most facts count", {"by-contents-flat"}, GB, "country=GB as=20712"},
    {"by contents: not the first record", {"by-contents-nested"}, US,
     "country=US country-name=United States continent=NA continent-name=North America"},
    {"an address that is not there", {"city"}, "81.2.68.1", NULL},
    {"an IPv6 address that is not there", {"city"}, "2001:219::1", NULL},
    {"no records at all", {"empty"}, GB, NULL},
    {"a record without values, at offset 0", {"bare"}, GB, ""},
    {"no databases", {NULL}, GB, NULL},
    /* several */
    {"country and ASN", {"country", "asn"}, GB, BRITAIN " " ARNOLD " as=20712"},
    {"the second one only", {"country", "asn", "isp"}, "2001:218::2",
     "country=JP country-name=Japan continent=AS continent-name=Asia as-name=Example Transit as=2914"},
    {"one does not know the address", {"city", "asn"}, US, "as-name=Example Backbone as=209"},
    {"the first one's point wins, and says how exact it is", {"wherefrom", "city"}, GB,
     LONDON " " ARNOLD " at=54.0000,-2.0000(country) as=20712"},
    {"the other way round", {"city", "wherefrom"}, GB, LONDON " " ARNOLD " " LONDON_AT " as=20712"},
    {"a later one of another country adds no geography, one of another AS no name", {"wherefrom", "elsewhere"}, GB,
     "country=GB continent=EU " ARNOLD " isp=Example ISP at=54.0000,-2.0000(country) as=20712"},
    {"a later one of another country adds its AS", {"country", "elsewhere"}, GB,
     BRITAIN " as-name=Example Elsewhere isp=Example ISP as=64496"},
    {"a later one of the same country adds its names", {"odd", "city"}, SE,
     "country=SE country-name=Sweden continent=EU continent-name=Europe region=SE-E region-name=Östergötland County "
     "city=Linköping timezone=Europe/Stockholm isp=" X256 " at=58.4167,15.6167(country) as=64496 marks=01"},
    {"marks of all", {"anonymous", "enterprise"}, GB,
     LONDON " " ARNOLD " isp=Andrews & Arnold isp-organization=Example School " LONDON_AT " as=20712 marks=3f"},
    /* values that do not fit */
    {"wrong code, bad UTF-8, latitude beyond the pole, AS 0, long text", {"odd"}, GB, "as-name=" AE128},
    {"wrong types, NaN, a region without a country, AS number beyond 32 bits", {"odd"}, US,
     "continent=NA as-name=x" AE127},
    {"numbers as texts, region code too long, text of the greatest length", {"odd"}, SE,
     "country=SE isp=" X256 " at=58.4167,15.6167(country) as=64496 marks=01"},
    {"texts that are no numbers", {"odd"}, JP, "country=JP"},
};
/* clang-format on */

static void finds_places_in_every_layout(void **state) {
    (void)state;
    for (size_t index = 0; index < COUNT(place_cases); index++) {
        const struct place_case *expected = &place_cases[index];
        size_t count;
        const char *const *paths = paths_of(expected->databases, &count);
        struct geo geo;
        struct error error;
        if (geo_open(&geo, paths, count, &error) != STATUS_OK) {
            fail_msg("%s: %s", expected->what, error.message);
        }
        struct ip ip = ip_of(expected->address);
        struct geo_answer answer;
        struct geo_scratch scratch;
        struct place place;
        uint64_t damaged = 0;
        bool known = geo_lookup(&geo, &ip, &answer, &damaged);
        geo_decode(&geo, &answer, &place, &scratch);
        const char *line = described(&place);
        if (known != (expected->expected != NULL) || strcmp(line, known ? expected->expected : "") != 0) {
            fail_msg("%s:\n  %s, expected\n  %s", expected->what, line, expected->expected);
        }
        assert_int_equal(damaged, 0);
        geo_close(&geo);
    }
}

/* Of databases that know countries alone. */
static void tells_when_countries_were_built(void **state) {
    (void)state;
    static const struct {
        const char *databases[4];
        uint64_t build;
    } cases[] = {{{NULL}, 0},
                 {{"asn", "anonymous", "isp"}, 0},
                 {{"asn", "country"}, 1764547200},
                 {{"ip-location-country-v4"}, 1764547200},
                 {{"wherefrom"}, 1764547200}};
    for (size_t index = 0; index < COUNT(cases); index++) {
        size_t count;
        const char *const *paths = paths_of(cases[index].databases, &count);
        struct geo geo;
        assert_int_equal(geo_open(&geo, paths, count, NULL), STATUS_OK);
        assert_int_equal(geo_country_build(&geo), cases[index].build);
        if (count == 2) geo.databases[0].build_epoch = 1; /* that of the networks */
        assert_int_equal(geo_country_build(&geo), cases[index].build);
        geo_close(&geo);
    }
}

static void tells_answers_apart(void **state) {
    (void)state;
    size_t count;
    const char *const *paths = paths_of((const char *const[]){"country", "asn", NULL}, &count);
    struct geo geo;
    assert_int_equal(geo_open(&geo, paths, count, NULL), STATUS_OK);
    assert_int_equal(geo.databases_count, 2);
    assert_string_equal(geo.databases[1].path, paths[1]);
    assert_int_equal(geo.databases[0].build_epoch, 1764547200);
    static const char *const addresses[] = {GB, "81.2.69.150", US, SE, JP, "8.8.8.8"};
    struct geo_answer answers[COUNT(addresses)];
    uint64_t damaged = 0;
    for (size_t index = 0; index < COUNT(addresses); index++) {
        struct ip ip = ip_of(addresses[index]);
        memset(&answers[index], 0xff, sizeof answers[index]);
        assert_int_equal(geo_lookup(&geo, &ip, &answers[index], &damaged), index != 5);
    }
    for (size_t a = 0; a < COUNT(addresses); a++) {
        for (size_t b = 0; b < a; b++) {
            assert_int_equal(memcmp(&answers[a], &answers[b], sizeof answers[a]) == 0, a == 1 && b == 0);
        }
    }
    static const struct geo_answer unknown;
    assert_memory_equal(&answers[5], &unknown, sizeof unknown);
    geo_close(&geo);
}

/* --- values ----------------------------------------------------------------------------------- */

static MMDB_entry_data_s text_value(const char *text) {
    struct slice copy = guard_copy(slice_from(text));
    return (MMDB_entry_data_s){
        .has_data = true, .type = MMDB_DATA_TYPE_UTF8_STRING, .utf8_string = copy.ptr, .data_size = (uint32_t)copy.len};
}

static void takes_only_valid_texts(void **state) {
    (void)state;
    static const struct {
        const char *what, *text;
        bool good;
    } cases[] = {
        {"ASCII", "London", true},
        {"empty", "", false},
        {"first of two bytes", "\xc2\x80", true},
        {"overlong of two bytes", "\xc1\xbf", false},
        {"first of three bytes", "\xe0\xa0\x80", true},
        {"overlong of three bytes", "\xe0\x9f\xbf", false},
        {"before the surrogates", "\xed\x9f\xbf", true},
        {"surrogate", "\xed\xa0\x80", false},
        {"first of four bytes", "\xf0\x90\x80\x80", true},
        {"overlong of four bytes", "\xf0\x8f\xbf\xbf", false},
        {"last character", "\xf4\x8f\xbf\xbf", true},
        {"behind the last character", "\xf4\x90\x80\x80", false},
        {"no first byte", "\xf5\x80\x80\x80", false},
        {"continuation byte alone", "a\x80", false},
        {"cut in the middle", "a\xe2\x82", false},
        {"interrupted", "\xe2\x82z", false},
    };
    for (size_t index = 0; index < COUNT(cases); index++) {
        MMDB_entry_data_s value = text_value(cases[index].text);
        struct slice text;
        if (geo_value_text(&value, &text) != cases[index].good) {
            fail_msg("%s", cases[index].what);
        }
        assert_true(!cases[index].good || slice_equal(text, slice_from(cases[index].text)));
    }
}

static void takes_numbers_in_texts(void **state) {
    (void)state;
    /* clang-format off */
    static const char *const good[] = {"0", "-0.1278", "51.5074", "180", "-179.999999", "37.405992000000001",
                                       "0.1", "007.5", "99999999999999", "0.000000000000001"};
    /* clang-format on */
    for (size_t index = 0; index < COUNT(good); index++) {
        MMDB_entry_data_s value = text_value(good[index]);
        double number = NAN;
        assert_true(geo_value_decimal(&value, &number));
        assert_true(fabs(number - strtod(good[index], NULL)) < 1e-13);
    }
    /* clang-format off */
    static const char *const bad[] = {"", "-", ".5", "5.", "-.5", "1.2.3", "1e3", "+1", " 1", "1 ", "nan", "inf",
                                      "0x10", "1,5", "9999999999999999999999", "--1"};
    /* clang-format on */
    for (size_t index = 0; index < COUNT(bad); index++) {
        MMDB_entry_data_s value = text_value(bad[index]);
        double number;
        if (geo_value_decimal(&value, &number)) {
            fail_msg("\"%s\" is taken", bad[index]);
        }
    }
    /* clang-format off */
    static const struct { const char *text; uint32_t number; } as_numbers[] = {
        {"AS15169", 15169}, {"15169", 15169}, {"AS4294967295", 4294967295}, {"AS4294967296", 0},
        {"99999999999999999999999999", 0}, {"18446744073709551617", 0}, {"AS0", 0}, {"AS", 0}, {"", 0}, {"ASX", 0},
        {"AS-1", 0}, {"as1", 0},
    };
    /* clang-format on */
    for (size_t index = 0; index < COUNT(as_numbers); index++) {
        MMDB_entry_data_s value = text_value(as_numbers[index].text);
        uint32_t number = 0;
        bool taken = geo_value_as_number(&value, &number);
        if (taken != (as_numbers[index].number != 0) || (taken && number != as_numbers[index].number)) {
            fail_msg("\"%s\" gives %u", as_numbers[index].text, number);
        }
    }
    MMDB_entry_data_s wide = {.has_data = true, .type = MMDB_DATA_TYPE_UINT64, .uint64 = 1ull << 32 | 5};
    uint32_t number;
    assert_false(geo_value_as_number(&wide, &number));
}

static void takes_points_in_texts(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        {"51.5,-0.125", true}, {"51.5", false}, {"51.5,", false}, {",1", false}, {"1,2,3", false}, {"51.5, 1", false},
    };
    for (size_t index = 0; index < COUNT(cases); index++) {
        MMDB_entry_data_s value = text_value(cases[index].text);
        double latitude = 0, longitude = 0;
        assert_int_equal(geo_value_point(&value, &latitude, &longitude), cases[index].good);
        assert_true(!cases[index].good || (latitude == 51.5 && longitude == -0.125));
    }
}

/* --- files that are no databases, or damaged ones ----------------------------------------------- */

static char temporary[] = "/tmp/wherefrom-test-geo-XXXXXX";

static int make_temporary(void **state) {
    (void)state;
    int file = mkstemp(temporary);
    return file < 0 ? -1 : close(file);
}

static int remove_temporary(void **state) {
    (void)state;
    return unlink(temporary);
}

static void write_temporary(const char *content, size_t bytes) {
    FILE *file = fopen(temporary, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, bytes, file), bytes);
    assert_int_equal(fclose(file), 0);
}

static char *read_database(const char *name, size_t *bytes) {
    size_t count;
    const char *const *paths = paths_of((const char *const[]){name, NULL}, &count);
    static char content[16384];
    FILE *file = fopen(paths[0], "rb");
    assert_non_null(file);
    *bytes = fread(content, 1, sizeof content, file);
    assert_true(*bytes > 0 && *bytes < sizeof content);
    assert_int_equal(fclose(file), 0);
    return content;
}

/* The message names the file and, in it, `expected`. */
static void assert_refused(const char *path, const char *expected) {
    struct geo geo;
    struct error error = {.message = ""};
    assert_int_equal(geo_open(&geo, &path, 1, &error), STATUS_FAILED);
    if (strstr(error.message, path) == NULL || strstr(error.message, expected) == NULL ||
        strchr(error.message, '\n') != NULL || strchr(error.message, '\x1b') != NULL) {
        fail_msg("\"%s\" does not name %s and \"%s\"", error.message, path, expected);
    }
    geo_close(&geo);
    assert_int_equal(geo_open(&geo, &path, 1, NULL), STATUS_FAILED); /* the message may be unwanted */
    geo_close(&geo);
}

static void refuses_what_is_no_database(void **state) {
    (void)state;
    assert_refused("/nonexistent/x.mmdb", "can't be opened: No such file");
    assert_refused("/tmp", "can't be read into memory: Is a directory");
    write_temporary("", 0);
    assert_refused(temporary, "is empty");
    static const char text[] = "country,GB\n";
    write_temporary(text, sizeof text - 1);
    assert_refused(temporary, "not a MaxMind DB");
    static const char magic[] = "\xab\xcd\xefMaxMind.com";
    write_temporary(magic, sizeof magic - 1);
    assert_refused(temporary, "not a MaxMind DB");
    size_t count;
    const char *const *paths = paths_of((const char *const[]){"domain", NULL}, &count);
    assert_refused(paths[0], "database_type \"GeoIP2-Domain??[31m\" is not known");
    assert_refused(paths[0], "GeoLite2");
}

static void refuses_too_many_and_closes_after_a_failure(void **state) {
    (void)state;
    const char *many[DATABASES_MAX + 1];
    for (size_t index = 0; index < COUNT(many); index++) {
        many[index] = "x.mmdb";
    }
    struct geo geo;
    struct error error;
    assert_int_equal(geo_open(&geo, many, COUNT(many), &error), STATUS_USAGE);
    assert_non_null(strstr(error.message, "8"));
    geo_close(&geo);
    size_t count;
    const char *const *good = paths_of((const char *const[]){"city", NULL}, &count);
    const char *const paths[] = {good[0], "/nonexistent/x.mmdb", good[0]};
    assert_int_equal(geo_open(&geo, paths, 3, &error), STATUS_FAILED);
    assert_non_null(strstr(error.message, "/nonexistent/x.mmdb"));
    geo_close(&geo);
    geo_close(&geo); /* closing twice is harmless */
    assert_false(is_anything_mapped());
}

/* The file may be cut or rewritten while it is in use. */
static void keeps_a_copy_of_its_own(void **state) {
    (void)state;
    size_t bytes;
    char *content = read_database("city", &bytes);
    write_temporary(content, bytes);
    const char *path = temporary;
    struct geo geo;
    assert_int_equal(geo_open(&geo, &path, 1, NULL), STATUS_OK);
    write_temporary("", 0);
    struct ip ip = ip_of(GB);
    struct geo_answer answer;
    struct geo_scratch scratch;
    struct place place;
    uint64_t damaged = 0;
    assert_true(geo_lookup(&geo, &ip, &answer, &damaged));
    geo_decode(&geo, &answer, &place, &scratch);
    assert_string_equal(described(&place), LONDON " " LONDON_AT);
    assert_true(is_anything_mapped());
    geo_close(&geo);
    assert_false(is_anything_mapped());
}

static void assert_sane(const struct place *place) {
    assert_true(fabs(place->latitude) <= 90 && fabs(place->longitude) <= 180);
    size_t length = strlen(described(place)); /* checks lengths and accuracy */
    const char *line = described(place);
    for (size_t index = 0; index < length; index++) { /* UTF-8: no stray first or continuation byte */
        uint8_t first = (uint8_t)line[index];
        for (size_t more = first < 0x80 ? 0 : first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1; more > 0; more--) {
            assert_int_equal((uint8_t)line[++index] & 0xc0, 0x80);
        }
        assert_true(first < 0x80 || first >= 0xc2);
    }
}

/* Opens the temporary file and asks for all addresses; returns whether it opened. */
static bool try_damaged(uint64_t *damaged) {
    const char *path = temporary;
    struct geo geo;
    struct error error = {.message = ""};
    bool opened = geo_open(&geo, &path, 1, &error) == STATUS_OK;
    if (!opened && strstr(error.message, temporary) == NULL) {
        fail_msg("\"%s\" does not name the file", error.message);
    }
    static const char *const addresses[] = {GB, US, SE, JP};
    for (size_t index = 0; opened && index < COUNT(addresses); index++) {
        struct ip ip = ip_of(addresses[index]);
        struct geo_answer answer;
        struct geo_scratch scratch;
        struct place place;
        geo_lookup(&geo, &ip, &answer, damaged);
        geo_decode(&geo, &answer, &place, &scratch);
        assert_sane(&place);
    }
    geo_close(&geo);
    return opened;
}

static void survives_every_truncation(void **state) {
    (void)state;
    size_t bytes;
    char *content = read_database("wherefrom", &bytes);
    for (size_t length = 1; length < bytes; length++) {
        write_temporary(content, length);
        uint64_t damaged = 0;
        assert_false(try_damaged(&damaged));
    }
}

static void survives_damage_to_every_byte(void **state) {
    (void)state;
    static const uint8_t damages[] = {0xff, 0x80, 0x01}; /* flipped bits */
    size_t opened = 0, refused = 0;
    uint64_t damaged = 0;
    static const char *const names[] = {"wherefrom", "ipinfo-location"};
    for (size_t name = 0; name < COUNT(names); name++) {
        size_t bytes;
        char *content = read_database(names[name], &bytes);
        for (size_t at = 0; at < bytes * COUNT(damages); at++) {
            content[at / COUNT(damages)] = (char)(content[at / COUNT(damages)] ^ damages[at % COUNT(damages)]);
            write_temporary(content, bytes);
            bool good = try_damaged(&damaged);
            opened += good;
            refused += !good;
            content[at / COUNT(damages)] = (char)(content[at / COUNT(damages)] ^ damages[at % COUNT(damages)]);
        }
    }
    assert_true(opened > 1000 && refused > 100 && damaged > 100); /* all three happen */
}

/* A record that is damaged in the middle keeps what can be decoded. */
static void keeps_what_can_be_decoded(void **state) {
    (void)state;
    size_t bytes;
    char *content = read_database("wherefrom", &bytes);
    char *key = memmem(content, bytes, "\x48location", 9);
    assert_non_null(key);
    memcpy(key, "\x48lacation", 9);
    write_temporary(content, bytes);
    const char *path = temporary;
    struct geo geo;
    assert_int_equal(geo_open(&geo, &path, 1, NULL), STATUS_OK);
    struct ip ip = ip_of(GB);
    struct geo_answer answer;
    struct geo_scratch scratch;
    struct place place;
    uint64_t damaged = 0;
    assert_true(geo_lookup(&geo, &ip, &answer, &damaged));
    geo_decode(&geo, &answer, &place, &scratch);
    assert_string_equal(described(&place), "country=GB continent=EU " ARNOLD " as=20712");
    geo_close(&geo);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_places_in_every_layout),  cmocka_unit_test(tells_when_countries_were_built),
        cmocka_unit_test(tells_answers_apart),           cmocka_unit_test(takes_only_valid_texts),
        cmocka_unit_test(takes_numbers_in_texts),        cmocka_unit_test(takes_points_in_texts),
        cmocka_unit_test(refuses_what_is_no_database),   cmocka_unit_test(refuses_too_many_and_closes_after_a_failure),
        cmocka_unit_test(keeps_a_copy_of_its_own),       cmocka_unit_test(survives_every_truncation),
        cmocka_unit_test(survives_damage_to_every_byte), cmocka_unit_test(keeps_what_can_be_decoded),
    };
    return cmocka_run_group_tests(tests, make_temporary, remove_temporary);
}
