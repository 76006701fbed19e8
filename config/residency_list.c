/* One list file: comments that say what it is, then sets of countries.
 *
 *   # name: EU and EEA
 *   # source: where the facts are from
 *   # date: 2026-02-01
 *   @eu: AT BE BG ...
 *   @adequacy: AD CA=conditional ...
 *
 * Threads: see the header. */
#include <stdio.h>

#include "base/whole_file.h"
#include "config/option_value.h"
#include "config/residency_parts.h"

#define CONDITIONAL "=conditional"

/* A file on the way. */
struct reading {
    struct residency_loading *loading;
    const char *path;
    struct residency_list *list;
    struct config_place place; /* of the line */
    bool good;
};

static void report(struct reading *reading, const char *before, struct slice text, const char *after) {
    char shown[65];
    snprintf(shown, sizeof shown, "%.*s", text.len < 64 ? (int)text.len : 64, text.ptr);
    reading->good = problem_report_in(&reading->loading->scope, reading->path, reading->place, "%s%s%s", before,
                                      option_value_shown(shown).text, after);
}

static struct slice trimmed(struct slice text) {
    while (text.len > 0 && strchr(" \t\r", text.ptr[0]) != NULL) text = (struct slice){text.ptr + 1, text.len - 1};
    while (text.len > 0 && strchr(" \t\r", text.ptr[text.len - 1]) != NULL) text.len--;
    return text;
}

/* --- what the file is ------------------------------------------------------------------------------- */

static bool is_date(struct slice text) {
    static const struct option_spec spec = {.kind = OPTION_TIME};
    char copy[11];
    union option_value value;
    struct error reason;
    if (text.len != sizeof copy - 1 || memchr(text.ptr, '\0', text.len) != NULL) return false;
    snprintf(copy, sizeof copy, "%.*s", (int)text.len, text.ptr);
    return option_value_parse(&spec, copy, &value, &reason) == STATUS_OK;
}

/* Takes "# KEY: TEXT" in; other comments are the author's. */
static void read_comment(struct reading *reading, struct slice comment) {
    struct residency_list *list = reading->list;
    const struct {
        struct slice key;
        const char **value;
    } keys[] = {{SLICE("name:"), &list->name}, {SLICE("source:"), &list->source}, {SLICE("date:"), &list->date}};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (!slice_starts_with(comment, keys[i].key) || *keys[i].value != NULL) continue;
        struct slice text = trimmed((struct slice){comment.ptr + keys[i].key.len, comment.len - keys[i].key.len});
        if (text.len == 0) return;
        if (keys[i].value == &list->date && !is_date(text)) {
            report(reading, "date: expected a day such as 2026-02-01, got ", text, "");
            list->date = "";
            return;
        }
        *keys[i].value = residency_keep(reading->loading, text);
        reading->good = reading->good && *keys[i].value != NULL;
    }
}

static void check_facts(struct reading *reading) {
    const struct {
        const char *key, *value, *example;
    } facts[] = {{"name", reading->list->name, "# name: EU and EEA"},
                 {"source", reading->list->source, "# source: https://example.eu/members"},
                 {"date", reading->list->date, "# date: 2026-02-01, the day that it was right"}};
    reading->place = (struct config_place){0};
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++)
        if (facts[i].value == NULL)
            reading->good = problem_report_in(&reading->loading->scope, reading->path, reading->place,
                                              "says no %s: write a line such as %s", facts[i].key, facts[i].example);
}

/* --- sets ------------------------------------------------------------------------------------------- */

static void read_code(struct reading *reading, struct residency_set *set, struct slice word) {
    bool conditional = slice_ends_with(word, SLICE(CONDITIONAL));
    struct slice code = {word.ptr, conditional ? word.len - strlen(CONDITIONAL) : word.len};
    uint32_t index = residency_code_index(code);
    if (index == RESIDENCY_CODES) {
        report(reading, "", word, " is no ISO 3166-1 code of two letters, nor one with " CONDITIONAL);
    } else if (set->members[index] != MEMBER_NOT) {
        report(reading, "", word, " stands twice in its set");
    } else {
        set->members[index] = conditional ? MEMBER_CONDITIONAL : MEMBER_PLAIN;
    }
}

static void read_set(struct reading *reading, struct slice name, struct slice codes) {
    struct residency_loading *loading = reading->loading;
    if (!residency_is_name(name)) {
        report(reading, "expected a name of letters, digits and _ . - behind the @, got ", name, "");
        return;
    }
    for (uint32_t i = 0; i < loading->sets_count; i++)
        if (slice_equal(slice_from(loading->sets[i].name), name)) {
            report(reading, "the set ", name, " is there already; sets of all lists need names of their own");
            return;
        }
    if (loading->sets_count == RESIDENCY_SETS_MAX) {
        report(reading, "", name, ": expected at most 64 sets in all lists, got more");
        return;
    }
    struct residency_set *set = &loading->sets[loading->sets_count];
    *set = (struct residency_set){.name = residency_keep(loading, name), .file = reading->list->path};
    reading->good = reading->good && set->name != NULL;
    if (set->name == NULL) return;
    loading->sets_count++;
    bool any = false;
    for (struct slice rest = trimmed(codes); rest.len > 0; rest = trimmed(rest)) {
        struct slice word = slice_cut(&rest, ' ');
        read_code(reading, set, trimmed(word));
        any = true;
    }
    if (!any) report(reading, "the set ", name, " is empty");
}

static void read_line(struct reading *reading, struct slice line) {
    if (line.len == 0) return;
    if (line.ptr[0] == '#') {
        read_comment(reading, trimmed((struct slice){line.ptr + 1, line.len - 1}));
        return;
    }
    struct slice codes = line, name = slice_cut(&codes, ':');
    if (line.ptr[0] == '@' && codes.ptr != NULL)
        read_set(reading, trimmed((struct slice){name.ptr + 1, name.len - 1}), codes);
    else
        report(reading, "expected a set such as @eu: AT BE, or a comment with #, got ", line, "");
}

bool residency_list_read(struct residency_loading *loading, const struct config_node *node, const char *path,
                         struct residency_list *list) {
    struct slice text;
    struct error reason;
    enum status status = whole_file_read(path, RESIDENCY_LIST_BYTES_MAX, &text, &reason);
    if (status == STATUS_FAILED) return problem_no_memory(&loading->scope);
    if (status != STATUS_OK) return problem_report(&loading->scope, node, "%.400s: %s", path, reason.message);
    *list = (struct residency_list){.path = residency_keep(loading, slice_from(path)),
                                    .digest = residency_digest_of(text)};
    struct reading reading = {
        .loading = loading, .path = path, .list = list, .place = {1, 1}, .good = list->path != NULL};
    for (struct slice rest = text; rest.ptr != NULL; reading.place.line++)
        read_line(&reading, trimmed(slice_cut(&rest, '\n')));
    check_facts(&reading);
    whole_file_free(text);
    return reading.good;
}
