/* A sentence is "what is wrong; what to do next" everywhere in the program, so both parts of it are found by the first "; ".
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "app/findings.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"

#define TEXT_BYTES 2048u

static const char *const levels[] = {[FINDING_INFO] = "info", [FINDING_WARNING] = "warning", [FINDING_ERROR] = "error"};

/* `next`: what can be done where a sentence does not say it. */
static const struct {
    const char *name, *next;
} subjects[ABOUT_SUBJECTS] = {
    [ABOUT_CONFIG] = {"config", "put it right there, and check again"},
    [ABOUT_CHAINS] = {"chains", "put the chain right there, and check again"},
    [ABOUT_INPUTS] = {"inputs", "name a file, a directory or a quoted glob that can be read"},
    [ABOUT_DATABASE] = {"database",
                        "name a MaxMind-format file with --geo, or leave it out for the one that comes along"},
    [ABOUT_RESIDENCY] = {"residency", "put it right there, and check again"},
    [ABOUT_RATE] = {"rate", "put it right there, and check again"},
    [ABOUT_FILTER] = {"filter", "put it right there, and check again"},
    [ABOUT_KAFKA] = {"kafka", "look whether the brokers run and let this user in"},
    [ABOUT_OPENSEARCH] = {"opensearch", "look whether the cluster runs and lets this user in"},
    [ABOUT_MAPPING] = {"mapping", "run `wherefrom setup`"},
    [ABOUT_OUTPUT] = {"output", "write somewhere else"},
    [ABOUT_REJECTS] = {"rejects", "write them somewhere else"},
    [ABOUT_ROLLUPS] = {"rollups", "write them somewhere else"},
    [ABOUT_SUMMARY] = {"summary", "write it somewhere else"},
    [ABOUT_STATE] = {"state", "give another directory with --state"},
    [ABOUT_METRICS] = {"metrics", "give another address with --metrics"},
    [ABOUT_UI] = {"ui", "give another address with --ui"},
};

/* What a problem of the config is about, by how it begins; the first that fits. */
static const struct {
    const char *start;
    enum finding_subject subject;
} starts[] = {{"chains", ABOUT_CHAINS},
              {"select", ABOUT_CHAINS},
              {"--chain", ABOUT_CHAINS},
              {"residency", ABOUT_RESIDENCY},
              {"rate", ABOUT_RATE},
              {"filter", ABOUT_FILTER},
              {"input: kafka", ABOUT_KAFKA},
              {"inputs", ABOUT_INPUTS},
              {"kafka", ABOUT_KAFKA},
              {"librdkafka", ABOUT_KAFKA},
              {"--librdkafka", ABOUT_KAFKA},
              {"output: opensearch", ABOUT_OPENSEARCH},
              {"--opensearch", ABOUT_OPENSEARCH},
              {"opensearch", ABOUT_OPENSEARCH},
              {"documents", ABOUT_REJECTS},
              {"output: kafka", ABOUT_KAFKA},
              {"output", ABOUT_OUTPUT},
              {"--output", ABOUT_OUTPUT},
              {"rejects", ABOUT_REJECTS},
              {"rollups", ABOUT_ROLLUPS},
              {"append", ABOUT_OUTPUT}};

static enum finding_subject subject_of(const char *text) {
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
        if (strncmp(text, starts[i].start, strlen(starts[i].start)) == 0) return starts[i].subject;
    return ABOUT_CONFIG;
}

void findings_write_text(FILE *out, const char *text) {
    bool lossy = false;
    char *quoted = malloc(JSON_EXPANSION * strlen(text) + 2);
    ASSERT(quoted != NULL);
    char *end = json_quote(quoted, slice_from(text), JSON_VERBATIM, &lossy);
    fwrite(quoted, 1, (size_t)(end - quoted), out);
    free(quoted);
}

bool findings_begin(struct findings *findings, bool json) {
    *findings = (struct findings){.json = json, .facts = stdout};
    if (!json) return true;
    findings->list = open_memstream(&findings->list_text, &findings->list_bytes);
    findings->facts = open_memstream(&findings->facts_text, &findings->facts_bytes);
    return findings->list != NULL && findings->facts != NULL;
}

static void add_object(const struct findings *findings, enum finding_level level, enum finding_subject subject,
                       const char *place, const char *text) {
    FILE *out = findings->list;
    const char *cut = strstr(text, "; ");
    char *message = cut != NULL ? strndup(text, (size_t)(cut - text)) : strdup(text);
    ASSERT(message != NULL);
    fprintf(out, "%s{\"level\":\"%s\",\"subject\":\"%s\",\"place\":", ftell(out) > 0 ? "," : "", levels[level],
            subjects[subject].name);
    findings_write_text(out, place);
    fputs(",\"message\":", out);
    findings_write_text(out, message);
    fputs(",\"next\":", out);
    findings_write_text(out, cut != NULL ? cut + 2 : subjects[subject].next);
    fputc('}', out);
    free(message);
}

static void count(struct findings *findings, enum finding_level level) {
    findings->errors_count += level == FINDING_ERROR;
    findings->warnings_count += level == FINDING_WARNING;
}

void findings_add(struct findings *findings, enum finding_level level, enum finding_subject subject, const char *object,
                  const char *format, ...) {
    char text[TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    count(findings, level);
    if (findings->list != NULL) {
        add_object(findings, level, subject, object, text);
        return;
    }
    bool says_next = strstr(text, "; ") != NULL;
    printf("%s: %s%s%s\n", levels[level], text, says_next ? "" : "; ", says_next ? "" : subjects[subject].next);
}

static void add_problem(struct findings *findings, const struct problem *problem) {
    enum finding_level level = problem->severity == PROBLEM_ERROR ? FINDING_ERROR : FINDING_WARNING;
    struct problem_place place = problem_place(problem);
    count(findings, level);
    if (findings->list == NULL) {
        printf("%s%s: %s\n", place.text, levels[level], problem->text);
        return;
    }
    size_t bytes = strlen(place.text);
    if (bytes >= 2) place.text[bytes - 2] = '\0'; /* without what stands between it and the text */
    add_object(findings, level, subject_of(problem->text), place.text[0] != '\0' ? place.text : "command line",
               problem->text);
}

void findings_add_problems(struct findings *findings, const struct problems *problems) {
    const struct problem *problem = findings->last != NULL ? findings->last->next : problems->first;
    for (; problem != NULL; problem = problem->next) {
        add_problem(findings, problem);
        findings->last = problem;
    }
}

/* Lines as a list of texts. */
static void write_facts(char *text) {
    bool first = true;
    for (char *line, *rest = text; (line = strsep(&rest, "\n")) != NULL;) {
        if (line[0] == '\0') continue;
        if (!first) putchar(',');
        findings_write_text(stdout, line);
        first = false;
    }
}

void findings_end(struct findings *findings, void (*more)(FILE *out, void *context), void *context) {
    if (findings->list == NULL || findings->facts == NULL) {
        if (findings->json) return;
        printf("%zu error%s, %zu warning%s\n", findings->errors_count, findings->errors_count == 1 ? "" : "s",
               findings->warnings_count, findings->warnings_count == 1 ? "" : "s");
        return;
    }
    ASSERT(fclose(findings->list) == 0 && fclose(findings->facts) == 0);
    printf("{\"errors\":%zu,\"warnings\":%zu,\"findings\":[%s],\"facts\":[", findings->errors_count,
           findings->warnings_count, findings->list_text);
    write_facts(findings->facts_text);
    putchar(']');
    if (more != NULL) more(stdout, context);
    printf("}\n");
    free(findings->list_text);
    free(findings->facts_text);
}

void findings_print_form(FILE *out) {
    fprintf(out, "--json prints one object, on one line:\n"
                 "  {\"errors\":N,\"warnings\":N,\"findings\":[{\"level\":\"error|warning|info\",\"subject\":WHAT,"
                 "\"place\":WHERE,\n"
                 "   \"message\":TEXT,\"next\":TEXT}, ..],\"facts\":[LINE, ..],\"memory\":{PART:BYTES, ..}}\n"
                 "WHERE is FILE:LINE:COLUMN of the config, the name of a file, directory or server, or \"command "
                 "line\"; `next` says what\n"
                 "to do; facts are the lines that are printed without --json of what is there. WHAT is one of\n");
    for (size_t i = 0; i < ABOUT_SUBJECTS; i++) fprintf(out, "%s%s", i == 0 ? "  " : ", ", subjects[i].name);
    fputs(".\n", out);
}
