/* Timestamps. The calendar arithmetic counts days from March, so that a leap day is the last of its year.
 *
 * Threads: pure functions but for the caller's cache. */
#include "base/timestamp.h"

#include "base/lanes.h"
#include "base/number.h"

#define NS_PER_SECOND 1000000000ll
#define DAY_NS (86400 * NS_PER_SECOND)
#define TIME 11 /* behind the T */
#define UNIX_SECONDS_MIN 1000000000u
#define UNIX_SECONDS_MAX 9214646399u
#define UNIX_DIGITS 10 /* of all seconds between them */
#define NS_MAX ((int64_t)UNIX_SECONDS_MAX * NS_PER_SECOND + (NS_PER_SECOND - 1))

static bool two_digits(const char *text, int *value) {
    unsigned tens = (unsigned)(unsigned char)text[0] - '0', ones = (unsigned)(unsigned char)text[1] - '0';
    *value = (int)(tens * 10 + ones);
    return tens <= 9 && ones <= 9;
}

int64_t timestamp_days(int year, int month, int day) {
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return 365 * y + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

static bool parse_year(const char *text, int *year) {
    int century, rest;
    if (!two_digits(text, &century) || !two_digits(text + 2, &rest)) return false;
    *year = century * 100 + rest;
    return true;
}

/* False for days that are in no calendar or out of range. */
static bool day_begin(int year, int month, int day, int64_t *ns) {
    static const int month_days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (year < 1970 || year > 2261 || month < 1 || month > 12 || day < 1) return false;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (day > month_days[month - 1] + (month == 2 && leap)) return false;
    *ns = timestamp_days(year, month, day) * 86400 * NS_PER_SECOND;
    return true;
}

/* "2025-12-01" */
static bool parse_day(const char *text, int64_t *ns) {
    int year, month, day;
    return parse_year(text, &year) && text[4] == '-' && two_digits(text + 5, &month) && text[7] == '-' &&
           two_digits(text + 8, &day) && day_begin(year, month, day, ns);
}

/* "01/Dec/2025" */
static bool parse_day_local(const char *text, int64_t *ns) {
    static const char names[] = "Jan/Feb/Mar/Apr/May/Jun/Jul/Aug/Sep/Oct/Nov/Dec/";
    int year, month = 1, day;
    while (month <= 12 && memcmp(text + 3, names + 4 * (month - 1), 4) != 0) month++;
    return two_digits(text, &day) && text[2] == '/' && parse_year(text + 7, &year) && day_begin(year, month, day, ns);
}

/* "HH:MM:SS", all eight bytes at once. */
static bool parse_clock(const char *text, int64_t *seconds) {
    const uint64_t colons = 0x0000ff0000ff0000u;
    uint64_t word;
    memcpy(&word, text, sizeof word);
    if ((word & colons) != (0x3a3a3a3a3a3a3a3au & colons)) return false;
    word = (word & ~colons) | (0x3030303030303030u & colons);
    if (number_word_others(word) != 0) return false;
    word -= 0x3030303030303030u;
    uint64_t numbers = word * 10 + (word >> 8); /* hour in byte 0, minute in byte 3, second in byte 6 */
    uint64_t hour = numbers & 255, minute = numbers >> 24 & 255, second = numbers >> 48 & 255;
    *seconds = (int64_t)(hour * 3600 + minute * 60 + second);
    return hour < 24 && minute < 60 && second < 60;
}

/* "HH:MM:SS.DDDDDDZ", sixteen bytes at once: what application and classic balancers write. */
static inline bool parse_micros(const char *text, int64_t *ns) {
    bytes16 above = lanes_load(text) - lanes_load("00:00:00.000000Z"); /* a byte below its lowest one wraps around */
    bytes16 highest = {2, 9, 0, 5, 9, 0, 5, 9, 0, 9, 9, 9, 9, 9, 9, 0};
    words2 words = (words2)above;
    uint64_t clock = words[0] * 10 + (words[0] >> 8);  /* hour in byte 0, minute in byte 3, second in byte 6 */
    uint64_t micros = words[1] * 10 + (words[1] >> 8); /* pairs in bytes 1, 3, 5 */
    uint64_t hour = clock & 255, seconds = hour * 3600 + (clock >> 24 & 255) * 60 + (clock >> 48 & 255);
    uint64_t fraction = (micros >> 8 & 255) * 10000 + (micros >> 24 & 255) * 100 + (micros >> 40 & 255);
    *ns = (int64_t)(seconds * 1000000 + fraction) * 1000;
    return lanes_bits((bytes16)(above <= highest)) == 0xffff && hour < 24;
}

/* A dot with one to nine digits behind it at `*at`, which is moved behind them, or nothing. */
static inline bool parse_fraction(struct slice text, size_t *at, int64_t *ns) {
    size_t i = *at;
    *ns = 0;
    if (i == text.len || text.ptr[i] != '.') return true;
    int64_t scale = NS_PER_SECOND;
    for (i++; i < text.len && scale > 1; i++) {
        unsigned digit = (unsigned)(unsigned char)text.ptr[i] - '0';
        if (digit > 9) break;
        scale /= 10;
        *ns += scale * digit;
    }
    bool good = i > *at + 1;
    *at = i;
    return good;
}

/* "HH:MM:SS" at `*at`, of which all eight bytes can be read, and a fraction or none. */
static inline bool parse_time_of_day(struct slice text, size_t *at, int64_t *ns) {
    int64_t seconds, fraction;
    if (!parse_clock(text.ptr + *at, &seconds)) return false;
    *at += 8;
    if (!parse_fraction(text, at, &fraction)) return false;
    *ns = seconds * NS_PER_SECOND + fraction;
    return true;
}

/* The same behind a day, and a Z or none. */
static bool parse_time(struct slice text, int64_t *ns, uint32_t *digits_len) {
    size_t at = TIME;
    if (!parse_time_of_day(text, &at, ns)) return false;
    *digits_len = (uint32_t)at;
    if (at < text.len && text.ptr[at] == 'Z') at++;
    return at == text.len;
}

/* Whether `text` (19 bytes or more) begins with the day that is remembered and a T. */
static inline bool same_day(const struct timestamp_cache *cache, const char *text) {
    return cache->known && memcmp(text, cache->day, 8) == 0 && memcmp(text + 7, cache->day + 7, 4) == 0;
}

/* A day for the first time, or another form. */
static __attribute__((noinline)) bool parse_any(struct slice text, struct timestamp_cache *cache, int64_t *ns,
                                                uint32_t *digits_len) {
    if (text.len < 19 || text.len > TIMESTAMP_TEXT_BYTES) return false;
    if (!same_day(cache, text.ptr)) {
        cache->known = text.ptr[10] == 'T' && parse_day(text.ptr, &cache->day_ns);
        if (!cache->known) return false;
        memcpy(cache->day, text.ptr, sizeof cache->day);
    }
    if (!parse_time(text, ns, digits_len)) return false;
    *ns += cache->day_ns;
    return true;
}

bool timestamp_parse(struct slice text, struct timestamp_cache *cache, int64_t *ns, uint32_t *digits_len) {
    if (text.len != 27 || !same_day(cache, text.ptr) || !parse_micros(text.ptr + TIME, ns))
        return parse_any(text, cache, ns, digits_len);
    *ns += cache->day_ns;
    *digits_len = 26;
    return true;
}

/* "+01:00" or "+0100": what local clocks are ahead of UTC. */
static bool parse_offset(struct slice text, int64_t *ns) {
    int hours, minutes;
    bool colon = text.len == 6 && text.ptr[3] == ':';
    if ((text.len != 5 && !colon) || (text.ptr[0] != '+' && text.ptr[0] != '-') || !two_digits(text.ptr + 1, &hours) ||
        !two_digits(text.ptr + 3 + colon, &minutes) || hours > 23 || minutes > 59)
        return false;
    int64_t ahead = (hours * 60 + minutes) * 60 * NS_PER_SECOND;
    *ns = text.ptr[0] == '-' ? -ahead : ahead;
    return true;
}

/* Day, time of day and offset put together. The day is in range: no sum of the three overflows. */
static inline bool sum_up(int64_t day, int64_t time_of_day, int64_t offset, int64_t *ns) {
    *ns = day + time_of_day - offset;
    return *ns >= 0 && *ns <= NS_MAX;
}

/* "2025-12-01", remembered as the day of a text with a T. */
static inline bool find_day(const char *text, struct timestamp_cache *cache) {
    if (cache->known && memcmp(text, cache->day, 8) == 0 && memcmp(text + 8, cache->day + 8, 2) == 0) return true;
    cache->known = parse_day(text, &cache->day_ns);
    memcpy(cache->day, text, 10);
    cache->day[10] = 'T';
    return cache->known;
}

bool timestamp_parse_zoned(struct slice text, struct timestamp_cache *cache, int64_t *ns) {
    int64_t time_of_day, offset = 0;
    size_t at = TIME;
    if (text.len < 19 || (text.ptr[10] != 'T' && text.ptr[10] != ' ') || !find_day(text.ptr, cache) ||
        !parse_time_of_day(text, &at, &time_of_day))
        return false;
    struct slice zone = {text.ptr + at, text.len - at};
    if (zone.len > 1 ? !parse_offset(zone, &offset) : zone.len == 1 && zone.ptr[0] != 'Z') return false;
    return sum_up(cache->day_ns, time_of_day, offset, ns);
}

bool timestamp_parse_local(struct slice text, struct timestamp_cache *cache, int64_t *ns) {
    int64_t time_of_day, offset = 0;
    size_t at = 12;
    if (text.len < 20 || text.ptr[11] != ':') return false;
    if (!same_day(cache, text.ptr)) {
        cache->known = parse_day_local(text.ptr, &cache->day_ns);
        if (!cache->known) return false;
        memcpy(cache->day, text.ptr, sizeof cache->day);
    }
    if (!parse_time_of_day(text, &at, &time_of_day)) return false;
    if (at < text.len &&
        (text.ptr[at] != ' ' || !parse_offset((struct slice){text.ptr + at + 1, text.len - at - 1}, &offset)))
        return false;
    return sum_up(cache->day_ns, time_of_day, offset, ns);
}

bool timestamp_parse_date_clock(struct slice date, struct slice clock, struct timestamp_cache *cache, int64_t *ns) {
    int64_t time_of_day;
    size_t at = 0;
    if (date.len != 10 || clock.len < 8 || !find_day(date.ptr, cache) || !parse_time_of_day(clock, &at, &time_of_day) ||
        at != clock.len)
        return false;
    return sum_up(cache->day_ns, time_of_day, 0, ns);
}

bool timestamp_from_unix(uint64_t seconds, int64_t *ns) {
    if (seconds < UNIX_SECONDS_MIN || seconds > UNIX_SECONDS_MAX) return false;
    *ns = (int64_t)seconds * NS_PER_SECOND;
    return true;
}

bool timestamp_parse_unix(struct slice text, int64_t *ns) {
    uint64_t seconds;
    int64_t fraction = 0;
    if (text.len > UNIX_DIGITS && text.ptr[UNIX_DIGITS] == '.') {
        size_t at = UNIX_DIGITS;
        if (!parse_fraction(text, &at, &fraction) || at != text.len) return false;
        text.len = UNIX_DIGITS;
    }
    if (!number_parse(text, &seconds) || !timestamp_from_unix(seconds, ns)) return false;
    *ns += fraction;
    return true;
}

bool timestamp_parse_unix_ms(struct slice text, int64_t *ns) {
    uint64_t ms;
    if (!number_parse(text, &ms) || !timestamp_from_unix(ms / 1000, ns)) return false;
    *ns += (int64_t)(ms % 1000) * 1000000;
    return true;
}

/* "2025-12-01T", of a day that is not remembered. */
static __attribute__((noinline)) void write_day(int64_t days, struct timestamp_cache *cache) {
    int64_t z = days + 719468, era = z / 146097, day_of_era = z - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted_month = (5 * day_of_year + 2) / 153, day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    int64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
    int64_t year = year_of_era + era * 400 + (month <= 2);
    uint64_t digits = number_eight_digits((uint32_t)(year * 10000 + month * 100 + day)) | NUMBER_ZEROS;
    char text[sizeof digits];
    memcpy(text, &digits, sizeof digits);
    memcpy(cache->day, "0000-00-00T", sizeof cache->day);
    memcpy(cache->day, text, 4);
    memcpy(cache->day + 5, text + 4, 2);
    memcpy(cache->day + 8, text + 6, 2);
    cache->day_ns = days * DAY_NS;
    cache->known = true;
}

/* "HH:MM:SS": hours in byte 0, minutes in byte 3, seconds in byte 6, each then two digits. */
static inline uint64_t clock_text(uint32_t seconds) {
    uint64_t numbers = seconds / 3600 | (uint64_t)(seconds / 60 % 60) << 24 | (uint64_t)(seconds % 60) << 48;
    uint64_t tens = (numbers * 103 >> 10) & 0x000f00000f00000fu; /* 2^10 / 10, rounded up: exact below 100 */
    return (tens + ((numbers - 10 * tens) << 8)) | 0x30303a30303a3030u;
}

uint32_t timestamp_format(int64_t ns, struct timestamp_cache *cache, char out[TIMESTAMP_TEXT_BYTES]) {
    uint64_t of_day = (uint64_t)(ns - cache->day_ns);
    if (!cache->known || of_day >= DAY_NS || cache->day[10] != 'T') {
        write_day(ns / DAY_NS, cache);
        of_day = (uint64_t)(ns - cache->day_ns);
    }
    uint32_t seconds = (uint32_t)(of_day / NS_PER_SECOND), fraction = (uint32_t)(of_day % NS_PER_SECOND);
    uint64_t digits = clock_text(seconds);
    memcpy(out, cache->day, sizeof cache->day);
    memcpy(out + TIME, &digits, sizeof digits);
    out[19] = '.';
    if (fraction % 1000 == 0) {
        digits = (number_eight_digits(fraction / 1000) | NUMBER_ZEROS) >> 16;
        memcpy(out + 20, &digits, 6);
        out[26] = 'Z';
        return 27;
    }
    digits = number_eight_digits(fraction % 100000000) | NUMBER_ZEROS;
    out[20] = (char)('0' + fraction / 100000000);
    memcpy(out + 21, &digits, sizeof digits);
    out[29] = 'Z';
    return 30;
}
