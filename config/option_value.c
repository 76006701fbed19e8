/* Strict readers for each kind of option, and the slots that hold who set what.
 *
 * Numbers are read by hand: strtoull takes "-1", " 7" and "0x", and depends on errno. Memory is a list of blocks
 * that is freed at once: texts and lists are small, few, and all live as long as the program.
 *
 * Threads: main thread only, before others start. */
#define _GNU_SOURCE
#include "config/option_value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "config/nearest.h"
#include "schemas/limits.h"

#define SHOWN_BYTES_MAX 64u
#define OPTIONS_MAX 256u
#define YEAR_MIN 1970
#define YEAR_MAX 2261 /* the last full year that 64-bit nanoseconds reach */

struct option_memory {
    struct option_memory *next;
    char bytes[];
};

/* ---- one text, one value ---- */

struct option_shown option_value_shown(const char *text) {
    struct option_shown shown;
    size_t bytes = strnlen(text, SHOWN_BYTES_MAX + 1);
    bool cut = bytes > SHOWN_BYTES_MAX;
    if (cut) {
        bytes = SHOWN_BYTES_MAX;
        /* not inside a UTF-8 character: step back over its continuation bytes */
        while (bytes > SHOWN_BYTES_MAX - 3 && ((unsigned char)text[bytes] & 0xC0u) == 0x80u) {
            bytes--;
        }
    }
    size_t used = 0;
    shown.text[used++] = '"';
    for (size_t i = 0; i < bytes; i++) {
        bool control = (unsigned char)text[i] < 0x20 || text[i] == 0x7F;
        shown.text[used++] = (char)(control ? '?' : text[i]);
    }
    snprintf(shown.text + used, sizeof shown.text - used, "%s\"", cut ? "..." : "");
    return shown;
}

/* Digits up to the first other byte; `*end` is that byte. */
static bool parse_number(const char *text, uint64_t *number, const char **end) {
    const char *at = text;
    uint64_t value = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (__builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value)) {
            return false;
        }
    }
    *number = value;
    *end = at;
    /* 010 is eight in YAML 1.1 and ten to people: neither is guessed */
    return at > text && (text[0] != '0' || at == text + 1);
}

static bool parse_size(const char *text, uint64_t *bytes) {
    const char *unit;
    if (!parse_number(text, bytes, &unit)) {
        return false;
    }
    if (*unit == '\0') {
        return true;
    }
    static const char units[] = "KkMmGgTt";
    const char *found = strchr(units, *unit);
    if (found == NULL || unit[1] != '\0') {
        return false;
    }
    unsigned shift = 10u * ((unsigned)(found - units) / 2u + 1u);
    return !__builtin_mul_overflow(*bytes, UINT64_C(1) << shift, bytes);
}

static bool take(const char **at, char expected) {
    if (**at != expected) {
        return false;
    }
    (*at)++;
    return true;
}

/* Exactly `digits` digits with a value within min..max. */
static bool take_number(const char **at, int digits, int min, int max, int *number) {
    *number = 0;
    for (int i = 0; i < digits; i++, (*at)++) {
        if (**at < '0' || **at > '9') {
            return false;
        }
        *number = *number * 10 + (**at - '0');
    }
    return *number >= min && *number <= max;
}

static bool is_leap_year(int year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static bool take_date(const char **at, int64_t *days) {
    static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day;
    if (!take_number(at, 4, YEAR_MIN, YEAR_MAX, &year) || !take(at, '-') || !take_number(at, 2, 1, 12, &month) ||
        !take(at, '-')) {
        return false;
    }
    bool leap = is_leap_year(year);
    if (!take_number(at, 2, 1, month_days[month - 1] + (leap && month == 2), &day)) {
        return false;
    }
    *days = day - 1 + (leap && month > 2);
    for (int i = 0; i < month - 1; i++) {
        *days += month_days[i];
    }
    for (int i = YEAR_MIN; i < year; i++) {
        *days += 365 + is_leap_year(i);
    }
    return true;
}

static bool take_fraction(const char **at, int64_t *nanoseconds) {
    int64_t weight = 100000000;
    const char *first = *at;
    for (; **at >= '0' && **at <= '9' && weight > 0; (*at)++, weight /= 10) {
        *nanoseconds += (**at - '0') * weight;
    }
    return *at > first;
}

static bool parse_time(const char *text, int64_t *time_ns) {
    const char *at = text;
    int64_t days, nanoseconds = 0;
    int hour = 0, minute = 0, second = 0;
    if (!take_date(&at, &days)) {
        return false;
    }
    if (*at != '\0') {
        if (!take(&at, 'T') || !take_number(&at, 2, 0, 23, &hour) || !take(&at, ':') ||
            !take_number(&at, 2, 0, 59, &minute)) {
            return false;
        }
        if (take(&at, ':') &&
            (!take_number(&at, 2, 0, 59, &second) || (take(&at, '.') && !take_fraction(&at, &nanoseconds)))) {
            return false;
        }
        (void)take(&at, 'Z'); /* UTC with and without it */
    }
    *time_ns = (((days * 24 + hour) * 60 + minute) * 60 + second) * INT64_C(1000000000) + nanoseconds;
    return *at == '\0';
}

static bool parse_share(const char *text, double *share) {
    int64_t billionths = 0;
    int whole;
    if (!take_number(&text, 1, 0, 1, &whole) || (take(&text, '.') && !take_fraction(&text, &billionths))) {
        return false;
    }
    *share = whole + (double)billionths / 1e9;
    return *text == '\0' && *share <= 1;
}

static bool parse_flag(const char *text, bool *flag) {
    *flag = strcmp(text, "true") == 0 || strcmp(text, "True") == 0 || strcmp(text, "TRUE") == 0;
    return *flag || strcmp(text, "false") == 0 || strcmp(text, "False") == 0 || strcmp(text, "FALSE") == 0;
}

static size_t choices_count(const struct option_spec *spec) {
    size_t count = 0;
    while (spec->choices[count] != NULL) {
        count++;
    }
    return count;
}

static bool parse_choice(const struct option_spec *spec, const char *text, int *choice) {
    for (int i = 0; spec->choices[i] != NULL; i++) {
        if (strcmp(spec->choices[i], text) == 0) {
            *choice = i;
            return true;
        }
    }
    return false;
}

/* ---- what was expected ---- */

/* A size as a person would write it: the largest unit that divides it. */
static void print_bound(char *out, size_t out_bytes, enum option_kind kind, uint64_t bound) {
    static const char *const units[] = {"", "K", "M", "G", "T"};
    size_t unit = 0;
    while (kind == OPTION_SIZE && bound != 0 && bound % 1024 == 0 && unit < 4) {
        bound /= 1024;
        unit++;
    }
    snprintf(out, out_bytes, "%llu%s", (unsigned long long)bound, units[unit]);
}

static enum status fail_range(const struct option_spec *spec, const char *text, struct error *error) {
    char min[24], max[24], range[64] = "";
    print_bound(min, sizeof min, spec->kind, spec->min);
    print_bound(max, sizeof max, spec->kind, spec->max);
    if (spec->max != 0) {
        snprintf(range, sizeof range, " from %s to %s", min, max);
    } else if (spec->min != 0) {
        snprintf(range, sizeof range, " of at least %s", min);
    }
    return error_set(error, STATUS_USAGE, "expected %s%s, got %s",
                     spec->kind == OPTION_SIZE ? "a size (512, 64K, 256M, 2G)" : "a whole number", range,
                     option_value_shown(text).text);
}

static enum status fail_choice(const struct option_spec *spec, const char *text, struct error *error) {
    size_t count = choices_count(spec), used = 0;
    char known[512] = "";
    for (size_t i = 0; i < count && used < sizeof known; i++) {
        const char *separator = i == 0 ? "" : i + 1 < count ? ", " : " or ";
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", separator, spec->choices[i]);
    }
    const char *nearest = nearest_word(text, spec->choices, count);
    return error_set(error, STATUS_USAGE, "expected %s, got %s%s%s%s", known, option_value_shown(text).text,
                     nearest != NULL ? ", did you mean \"" : "", nearest != NULL ? nearest : "",
                     nearest != NULL ? "\"?" : "");
}

enum status option_value_parse(const struct option_spec *spec, const char *text, union option_value *value,
                               struct error *error) {
    const char *end = "";
    switch (spec->kind) {
    case OPTION_FLAG:
        if (!parse_flag(text, &value->flag)) {
            return error_set(error, STATUS_USAGE, "expected true or false, got %s", option_value_shown(text).text);
        }
        break;
    case OPTION_TEXT:
    case OPTION_LIST:
        if (text[0] == '\0') {
            return error_set(error, STATUS_USAGE, "expected %s, got an empty text", spec->placeholder);
        }
        value->text = text;
        break;
    case OPTION_COUNT:
    case OPTION_SIZE:
        if (!(spec->kind == OPTION_SIZE ? parse_size(text, &value->number)
                                        : parse_number(text, &value->number, &end) && *end == '\0') ||
            value->number < spec->min || (spec->max != 0 && value->number > spec->max)) {
            return fail_range(spec, text, error);
        }
        break;
    case OPTION_TIME:
        if (!parse_time(text, &value->time_ns)) {
            return error_set(error, STATUS_USAGE,
                             "expected a UTC time such as 2025-12-01 or 2025-12-01T10:00:00Z, got %s",
                             option_value_shown(text).text);
        }
        break;
    case OPTION_SHARE:
        if (!parse_share(text, &value->share)) {
            return error_set(error, STATUS_USAGE, "expected a share from 0 to 1, such as 0.25, got %s",
                             option_value_shown(text).text);
        }
        break;
    case OPTION_CHOICE:
        if (!parse_choice(spec, text, &value->choice)) {
            return fail_choice(spec, text, error);
        }
        break;
    }
    return STATUS_OK;
}

/* ---- slots ---- */

static const struct option_spec inputs_spec = {
    .name = "inputs", .kind = OPTION_LIST, .placeholder = "a file, a directory, a glob or -", .max = INPUTS_MAX};

static void *allocate(struct option_values *values, size_t bytes) {
    struct option_memory *memory = malloc(sizeof *memory + bytes);
    if (memory == NULL) {
        return NULL;
    }
    memory->next = values->memory;
    values->memory = memory;
    return memory->bytes;
}

const char *option_values_copy(struct option_values *values, const char *text, size_t text_bytes) {
    char *copy = allocate(values, text_bytes + 1);
    if (copy != NULL) {
        memcpy(copy, text, text_bytes);
        copy[text_bytes] = '\0';
    }
    return copy;
}

static enum status append(struct option_values *values, struct option_slot *slot, const char *text,
                          struct error *error) {
    struct option_list *list = slot->target;
    uint64_t count_max = slot->spec->max != 0 ? slot->spec->max : LIST_ITEMS_MAX;
    if (list->count >= count_max) {
        return error_set(error, STATUS_USAGE, "expected at most %llu values, got more", (unsigned long long)count_max);
    }
    /* the room is the power of two that holds `count`, so a full list shows by its count alone */
    if ((list->count & (list->count - 1)) == 0) {
        size_t room = list->count == 0 ? 1 : list->count * 2;
        const char **items = allocate(values, room * sizeof *items);
        if (items == NULL) {
            return error_set(error, STATUS_FAILED, "out of memory");
        }
        if (list->count != 0) {
            memcpy(items, list->items, list->count * sizeof *items);
        }
        list->items = items;
    }
    /* the array is ours; only readers see it as constant */
    ((const char **)(uintptr_t)list->items)[list->count++] = text;
    return STATUS_OK;
}

void option_values_start_list(struct option_slot *slot, enum option_origin origin) {
    ASSERT(slot->spec->kind == OPTION_LIST);
    if (slot->origin < origin) {
        *(struct option_list *)slot->target = (struct option_list){0};
        slot->origin = origin;
    }
}

enum status option_values_set(struct option_values *values, struct option_slot *slot, enum option_origin origin,
                              const char *text, struct error *error) {
    union option_value value = {0};
    enum status status = option_value_parse(slot->spec, text, &value, error);
    if (status != STATUS_OK || slot->origin > origin) {
        return status;
    }
    switch (slot->spec->kind) {
    case OPTION_FLAG: *(bool *)slot->target = value.flag; break;
    case OPTION_TEXT: *(const char **)slot->target = value.text; break;
    case OPTION_LIST:
        option_values_start_list(slot, origin);
        status = append(values, slot, value.text, error);
        break;
    case OPTION_COUNT:
    case OPTION_SIZE: *(uint64_t *)slot->target = value.number; break;
    case OPTION_TIME: *(int64_t *)slot->target = value.time_ns; break;
    case OPTION_SHARE: *(double *)slot->target = value.share; break;
    case OPTION_CHOICE: *(int *)slot->target = value.choice; break;
    }
    slot->origin = origin;
    return status;
}

static void set_zero(const struct option_slot *slot) {
    static const size_t kind_bytes[] = {
        [OPTION_FLAG] = sizeof(bool),
        [OPTION_TEXT] = sizeof(const char *),
        [OPTION_LIST] = sizeof(struct option_list),
        [OPTION_COUNT] = sizeof(uint64_t),
        [OPTION_SIZE] = sizeof(uint64_t),
        [OPTION_TIME] = sizeof(int64_t),
        [OPTION_SHARE] = sizeof(double),
        [OPTION_CHOICE] = sizeof(int),
    };
    memset(slot->target, 0, kind_bytes[slot->spec->kind]);
}

static bool same_name(const char *known, const char *name, size_t name_bytes, bool in_file) {
    for (size_t i = 0; i < name_bytes; i++) {
        char c = (char)(in_file && name[i] == '_' ? '-' : name[i]);
        if (known[i] != c || c == '\0') {
            return false;
        }
    }
    return known[name_bytes] == '\0';
}

struct option_slot *option_values_find(struct option_values *values, const char *name, size_t name_bytes,
                                       bool in_file) {
    if (in_file && same_name(values->inputs.spec->name, name, name_bytes, true)) {
        return &values->inputs;
    }
    for (size_t i = 0; i < values->slots_count; i++) {
        if (same_name(values->slots[i].spec->name, name, name_bytes, in_file)) {
            return &values->slots[i];
        }
    }
    return NULL;
}

struct option_slot *option_values_find_letter(struct option_values *values, char letter) {
    for (size_t i = 0; i < values->slots_count && letter != 0; i++) {
        if (values->slots[i].spec->letter == letter) {
            return &values->slots[i];
        }
    }
    return NULL;
}

const char *option_values_nearest(struct option_values *values, const char *word, bool in_file) {
    const char *known[OPTIONS_MAX + 1];
    size_t known_count = 0;
    for (size_t i = 0; i < values->slots_count; i++) {
        if (!in_file || !values->slots[i].spec->cli_only) {
            known[known_count++] = values->slots[i].spec->name;
        }
    }
    if (in_file) {
        known[known_count++] = values->inputs.spec->name;
    }
    return nearest_word(word, known, known_count);
}

static void add_slot(struct option_values *values, const struct option_spec *spec, void *settings) {
    ASSERT(spec->name != NULL && spec->name[0] != '\0' && strcmp(spec->name, inputs_spec.name) != 0);
    ASSERT(option_values_find(values, spec->name, strlen(spec->name), false) == NULL);
    ASSERT(option_values_find_letter(values, spec->letter) == NULL);
    ASSERT(spec->letter != 'h' || strcmp(spec->name, "help") == 0);
    ASSERT(spec->placeholder != NULL || spec->kind == OPTION_FLAG || spec->kind == OPTION_CHOICE);
    ASSERT(spec->kind != OPTION_CHOICE || (spec->choices != NULL && spec->choices[0] != NULL));
    ASSERT(spec->max == 0 || spec->min <= spec->max);
    ASSERT(settings != NULL && values->slots_count < OPTIONS_MAX);
    struct option_slot *slot = &values->slots[values->slots_count++];
    *slot = (struct option_slot){.spec = spec, .target = (char *)settings + spec->offset};
}

struct option_values *option_values_new(const struct option_group *groups, size_t groups_count,
                                        struct option_list *inputs) {
    struct option_values *values = calloc(1, sizeof *values);
    struct option_slot *slots = calloc(OPTIONS_MAX, sizeof *slots);
    if (values == NULL || slots == NULL) {
        free(values);
        free(slots);
        return NULL;
    }
    values->slots = slots;
    values->inputs = (struct option_slot){.spec = &inputs_spec, .target = inputs};
    set_zero(&values->inputs);
    for (size_t i = 0; i < groups_count; i++) {
        for (size_t j = 0; j < groups[i].specs_count; j++) {
            add_slot(values, &groups[i].specs[j], groups[i].settings);
        }
    }
    for (size_t i = 0; i < values->slots_count; i++) {
        struct option_slot *slot = &values->slots[i];
        set_zero(slot);
        if (slot->spec->default_text != NULL) {
            enum status status = option_values_set(values, slot, OPTION_FROM_DEFAULT, slot->spec->default_text, NULL);
            if (status == STATUS_FAILED) {
                option_values_free(values);
                return NULL;
            }
            ASSERT(status == STATUS_OK);
        }
    }
    return values;
}

void option_values_free(struct option_values *values) {
    if (values == NULL) {
        return;
    }
    while (values->memory != NULL) {
        struct option_memory *next = values->memory->next;
        free(values->memory);
        values->memory = next;
    }
    free(values->slots);
    free(values);
}
