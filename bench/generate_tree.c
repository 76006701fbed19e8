/* Lines come from the same generators as the corpus and are bent afterwards: what is odd about a line is then said in
 * one place, and the corpus that is measured stays free of it.
 *
 * zlib's gz functions write plain files too (mode T), so objects of both kinds take one path.
 *
 * Threads: one caller. */
#define _GNU_SOURCE
#include "bench/generate_tree.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <zlib.h>

#include "bench/generate_format.h"

#define WINDOW_US (300 * INT64_C(1000000)) /* balancers deliver every five minutes */
#define PATH_BYTES_MAX 4096

/* Which balancers deliver in a window, in this order, over and over. */
static const struct {
    const char *format;
    uint32_t place, node;
} roster[] = {
    {"alb", 0, 0}, {"alb", 1, 0}, {"nlb", 2, 0}, {"alb", 3, 0}, {"clb", 4, 0},
    {"alb", 0, 1}, {"nlb", 6, 0}, {"alb", 1, 1}, {"clb", 7, 0}, {"alb", 5, 0},
};

enum { ROSTER_COUNT = sizeof roster / sizeof roster[0] };

static int complain(const char *path) {
    fprintf(stderr, "wherefrom-generate: %s: %s\n", path, strerror(errno));
    return -1;
}

/* Makes every folder on the way to `path`. */
static int make_folders(char *path) {
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool made = mkdir(path, 0777) == 0 || errno == EEXIST;
        if (!made) return complain(path);
        *slash = '/';
    }
    return 0;
}

static int64_t window_start_us(const struct generate_tree *tree, uint32_t index) {
    return tree->start_us + index / ROSTER_COUNT * WINDOW_US;
}

/* DIRECTORY/AWSLogs/...: the time in a name is the end of its window. False if the path is too long. */
static bool format_key(const struct generate_tree *tree, const struct site *site, uint32_t index, char *path) {
    char time[20];
    struct put put = {time, time + sizeof time - 1};
    put_time(&put, window_start_us(tree, index) + WINDOW_US);
    *put.next = '\0';
    char resource[96];
    static const char *const prefixes[] = {[SITE_ALB] = "app.", [SITE_NLB] = "net."};
    if (site->kind == SITE_CLB)
        snprintf(resource, sizeof resource, "%s", site->elb);
    else
        snprintf(resource, sizeof resource, "%s%s.%s", prefixes[site->kind], site->name, site->id);
    bool has_node = site->kind != SITE_NLB;
    unsigned long long random = dice_hash(tree->seed, index) & 0xffffffff;
    int length = snprintf(path, PATH_BYTES_MAX,
                          "%s/AWSLogs/%s/elasticloadbalancing/%s/%.4s/%.2s/%.2s/"
                          "%s_elasticloadbalancing_%s_%s_%.4s%.2s%.2sT%.2s%.2sZ_%s%s%08llx%s",
                          tree->directory, site->account, site->region, time, time + 5, time + 8, site->account,
                          site->region, resource, time, time + 5, time + 8, time + 11, time + 14,
                          has_node ? site->node_ip : "", has_node ? "_" : "", random,
                          site->kind == SITE_CLB ? ".log" : ".log.gz");
    return length > 0 && length < PATH_BYTES_MAX;
}

/* Drops what follows the first 29 columns (lines until 2024) or 30 (until 2025). */
static void cut_columns(char *line, struct put *put, bool keep_trace_id) {
    char *trace_id = memmem(line, (size_t)(put->next - line), " TID_", 5);
    if (trace_id == NULL) return;
    put->next = trace_id + (keep_trace_id ? 5 + 32 : 0);
    put_char(put, '\n');
}

/* Odd but valid: lines as older or newer balancers write them. */
static void bend_line(char *line, struct put *put, uint64_t choice) {
    put->next--;
    switch (choice % 5) {
    case 0: put_text(put, " \"-\" \"-\"\n"); return; /* two columns that no page describes yet */
    case 1: put_text(put, " -\n"); return;           /* a column announced before it is filled */
    case 2: put_text(put, "\r\n"); return;           /* a file that went through another system */
    default:
        put->next++;
        cut_columns(line, put, choice % 5 == 3);
        return;
    }
}

/* Broken: what a reader has to reject. `index` is the file's, `number` the line's in it. */
static bool break_line(const struct generate_tree *tree, uint32_t index, uint32_t number, char *line, struct put *put) {
    bool last = number + 1 == tree->lines_per_file;
    if (index == 0 && last) {
        put->next = line + 90; /* the file ends inside the target's address */
        return true;
    }
    if (index == 1 && number == 5) {
        memcpy(memchr(line, ' ', 20), " 2026-13-45T99:99:99.999999Z", 28);
        return true;
    }
    if (index == 3 && number == 9) {
        put->next = line;
        put_text(put, "502 Bad Gateway <html><body>upstream gone</body></html>\n");
        return true;
    }
    if (index == 5 && number == 12) {
        put->next = line + 60;
        put_char(put, '\n');
        return true;
    }
    return false;
}

/* Where a gzip member ends inside a line, so that neither may be taken for a boundary of the other. */
static bool member_ends(const struct generate_tree *tree, uint32_t index, uint32_t number) {
    ASSERT(tree->lines_per_file >= 16);
    return strcmp(roster[index % ROSTER_COUNT].format, "alb") == 0 && index % 3 == 0 &&
           number % (tree->lines_per_file / 3) == 7;
}

static int write_lines(const struct generate_tree *tree, uint32_t index, struct generate_line *state,
                       const char *path) {
    gzFile file = gzopen(path, state->site.kind == SITE_CLB ? "wbT" : "wb6");
    char line[PUT_LINE_BYTES_MAX];
    bool good = file != NULL;
    for (uint32_t number = 0; good && number < tree->lines_per_file; number++) {
        struct put put = {line, line + sizeof line};
        generate_line_put(state, &put);
        if (!break_line(tree, index, number, line, &put) && state->site.kind == SITE_ALB && number % 97 == 50)
            bend_line(line, &put, number / 97);
        unsigned length = (unsigned)(put.next - line), head = member_ends(tree, index, number) ? length / 2 : 0;
        if (head > 0) {
            good = gzwrite(file, line, head) != 0;
            good = gzclose(file) == Z_OK && good;
            file = good ? gzopen(path, "ab6") : NULL;
            good = file != NULL;
        }
        good = good && gzwrite(file, line + head, length - head) != 0;
    }
    if (file != NULL && gzclose(file) != Z_OK) good = false;
    return good ? 0 : complain(path);
}

static int write_object(const struct generate_tree *tree, uint32_t index) {
    uint32_t row = index % ROSTER_COUNT;
    struct generate_line state = {.format = generate_format_find(roster[row].format),
                                  .dice = {dice_hash(tree->seed, 1000 + index)},
                                  .seed = tree->seed,
                                  .lines = tree->lines_per_file,
                                  .clients = tree->lines_per_file / 6 + 1,
                                  .step_us = (uint32_t)(WINDOW_US / tree->lines_per_file),
                                  .clock_us = window_start_us(tree, index)};
    generate_site_init(&state.site, state.format->site, tree->seed, roster[row].place);
    if (roster[row].node != 0) generate_site_node(&state.site, tree->seed, 100 + roster[row].place);
    char path[PATH_BYTES_MAX];
    if (!format_key(tree, &state.site, index, path)) {
        fprintf(stderr, "wherefrom-generate: %s: name too long\n", tree->directory);
        return -1;
    }
    return make_folders(path) == 0 ? write_lines(tree, index, &state, path) : -1;
}

/* What AWS writes once, when logging is switched on. */
static int write_test_object(const struct generate_tree *tree) {
    struct site site;
    generate_site_init(&site, generate_format_find(roster[0].format)->site, tree->seed, roster[0].place);
    char path[PATH_BYTES_MAX], text[128];
    struct put put = {text, text + sizeof text - 1};
    put_text(&put, "Enable AccessLog for ELB: ");
    put_text(&put, site.elb);
    put_text(&put, " at ");
    put_time(&put, tree->start_us - WINDOW_US);
    put_text(&put, ".000Z");
    *put.next = '\0';
    int length = snprintf(path, sizeof path, "%s/AWSLogs/%s/ELBAccessLogTestFile", tree->directory, site.account);
    if (length < 0 || length >= (int)sizeof path || make_folders(path) != 0) return -1;
    FILE *file = fopen(path, "w");
    if (file == NULL) return complain(path);
    bool written = fputs(text, file) >= 0;
    return fclose(file) == 0 && written ? 0 : complain(path);
}

int generate_tree_write(const struct generate_tree *tree) {
    for (uint32_t index = 0; index < tree->files; index++)
        if (write_object(tree, index) != 0) return -1;
    return write_test_object(tree);
}
