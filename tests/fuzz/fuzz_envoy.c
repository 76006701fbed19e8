/* Fuzz target: any bytes as a line of Envoy.
 *
 * Input: one byte (bit 0: hardly any room for extras), then the line; bytes 1 to 12 stand for whole pieces of lines. Oracle: a model
 * that goes over the line byte by byte with regular expressions, finds every place where each separator can stand, and so
 * says which columns are certain; the columns must be exactly those.
 *
 * Threads: one. */
#include <regex.h>

#include "ingest/envoy_line.h"
#include "schemas/envoy.h"
#include "tests/fuzz/cut_input.h"

#define LINE_BYTES 700u
#define NUMBER "([0-9]+|-) "

extern const struct schema schema_envoy;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const fragments[] = {
    "[2026-03-01T10:00:00.123Z] \"GET ",
    "/ HTTP/2\" 200 - 0 92 6 5 \"",
    "/ HTTP/2\" 200 - via_upstream - \"-\" 0 92 6 5 \"",
    "\" \"",
    "\" \"10.0.2.1:80\"",
    "\" \"10.0.2.1:80\" c 10.0.0.7:1 10.0.0.7:2 81.2.69.142:4711 ",
    "x default",
    "81.2.69.142",
    " HTTP/2\"",
    " 192.0.2.66:1 ",
    "\" \"-\" \"-\" \"-\" \"-\"",
    "\" 404 - 1 1 1 1 \"",
};

enum { STAGES = 5 };

/* Where each separator can stand: how many places, and the last of them. */
struct places {
    size_t count[STAGES], start[STAGES], end[STAGES];
};

static regex_t begin, stage_of[2][STAGES], tail;

static void compile(regex_t *regex, const char *pattern) {
    ASSERT(regcomp(regex, pattern, REG_EXTENDED) == 0);
}

static void compile_all(void) {
    compile(&begin, "^\\[[^]]+] \"[^\" ]+ ");
    compile(&stage_of[0][0], "^ [^\" ]+\" " NUMBER "[^\" ]+ " NUMBER NUMBER NUMBER "[^\"]+ \"");
    compile(&stage_of[1][0],
            "^ [^\" ]+\" " NUMBER "[^\" ]+ [^\" ]+ [^\"]+ \"[^\"]*\" " NUMBER NUMBER NUMBER "[^\"]+ \"");
    for (int istio = 0; istio < 2; istio++)
        for (int stage = 1; stage < 4; stage++) compile(&stage_of[istio][stage], "^\" \"");
    compile(&stage_of[0][4], "^\" \"[^\"]+\"$");
    compile(&stage_of[1][4], "^\" \"[^\"]+\" .");
    compile(&tail, "^[^\" ]+( [^\" ]+){5}$");
}

/* Length of what matches at the start of `text`, 0 when nothing does. */
static size_t match(const regex_t *regex, const char *text) {
    regmatch_t found;
    return regexec(regex, text, 1, &found, 0) == 0 ? (size_t)found.rm_eo : 0;
}

static void find_places(const char *line, size_t from, bool istio, struct places *places) {
    static size_t ends[STAGES][LINE_BYTES + 1];
    size_t bytes = strlen(line), earliest = from, latest = bytes;
    *places = (struct places){.count = {0}};
    for (int stage = 0; stage < STAGES; stage++) {
        size_t earliest_end = SIZE_MAX;
        for (size_t i = 0; i < bytes; i++) {
            size_t length = i >= earliest ? match(&stage_of[istio][stage], line + i) : 0;
            if (length > 0 && istio && stage == STAGES - 1) length--; /* the byte that must follow */
            ends[stage][i] = length > 0 ? i + length : 0;
            if (length > 0 && i + length < earliest_end) earliest_end = i + length;
        }
        earliest = earliest_end;
    }
    for (int stage = STAGES - 1; stage >= 0; stage--) {
        size_t latest_start = 0;
        for (size_t i = 0; i < bytes; i++)
            if (ends[stage][i] != 0 && ends[stage][i] <= latest) {
                places->count[stage]++;
                places->start[stage] = latest_start = i;
                places->end[stage] = ends[stage][i];
            }
        latest = latest_start;
    }
}

static void check_between(const struct cut_answer *answer, int column, bool certain, size_t from, size_t to) {
    struct slice text = record_text(&answer->record, answer->record.fields[column]);
    if (!certain) {
        ASSERT(text.len == 0);
    } else {
        ASSERT(text.len == to - from && (text.len == 0 || text.ptr == answer->line.ptr + from));
    }
}

static void check(const struct cut_answer *answer, const char *line) {
    size_t bytes = strlen(line), from = match(&begin, line);
    bool istio = bytes > 0 && line[bytes - 1] != '"', all = true;
    struct places places = {.count = {0}};
    if (from > 0) find_places(line, from, istio, &places);
    ASSERT(answer->good == (places.count[0] > 0));
    if (!answer->good) return;
    for (int stage = 0; stage < STAGES; stage++) all = all && places.count[stage] == 1;
    check_between(answer, ENVOY_PATH, places.count[0] == 1, from, places.start[0]);
    for (int stage = 0; stage + 1 < STAGES; stage++)
        check_between(answer, ENVOY_X_FORWARDED_FOR + stage, places.count[stage] == 1 && places.count[stage + 1] == 1,
                      places.end[stage], places.start[stage + 1]);
    const struct record *record = &answer->record;
    struct slice peer = record_text(record, record->fields[ENVOY_DOWNSTREAM_REMOTE_ADDRESS]);
    if (istio) {
        bool tail_certain = places.count[STAGES - 1] == 1 && match(&tail, line + places.end[STAGES - 1]) > 0;
        all = all && tail_certain;
        ASSERT((record->fields[ENVOY_ROUTE_NAME].length > 0) == tail_certain);
        if (!tail_certain) ASSERT(peer.len == 0);
    } else {
        ASSERT(peer.len == 0);
    }
    ASSERT((record->flags != 0) == !all && (record->flags & ~(1u << RECORD_AMBIGUOUS)) == 0);
    ASSERT(answer->cut.quotes == (!all ? 0u : istio ? 14u : 12u));
    ASSERT((record->fields[ENVOY_RESPONSE_FLAGS].length > 0) == (places.count[0] == 1));
    ASSERT((record->fields[ENVOY_UPSTREAM_HOST].length > 0) <= (places.count[STAGES - 1] == 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bool ready;
    if (!ready) compile_all();
    ready = true;
    if (size < 1) return 0;
    static struct cut_answer answer;
    char *line = cut_expand(data + 1, size - 1, fragments, sizeof fragments / sizeof fragments[0], LINE_BYTES);
    cut_answer(&answer, &schema_envoy, line, (data[0] & 1) != 0 ? 40 : 2 * LINE_BYTES, envoy_line_cut);
    check(&answer, line);
    cut_answer_free(&answer);
    free(line);
    return 0;
}
