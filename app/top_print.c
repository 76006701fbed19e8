/* Columns are as wide as what is in them, those that nobody has something in are left out.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include "app/top_print.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "base/country.h"
#include "base/json.h"
#include "base/number.h"
#include "schemas/rate.h"

#define KEY_SHOWN_BYTES 64u /* of a key in the table */
#define CELL_BYTES 128u
#define LINE_BYTES 1024u

enum column {
    COLUMN_RANK,
    COLUMN_KEY,
    COLUMN_REQUESTS,
    COLUMN_ERROR,
    COLUMN_SHARE,
    COLUMN_RATE,
    COLUMN_BYTES,
    COLUMN_4XX,
    COLUMN_5XX,
    COLUMN_WINDOW,
    COLUMN_COUNTRY,
    COLUMN_AS,
    COLUMNS
};
static const char *const titles[COLUMNS] = {"#",     "",    "REQUESTS", "+-ERR",      "SHARE",   "REQ/S",
                                            "BYTES", "4XX", "5XX",      "WINDOW END", "COUNTRY", "NETWORK"};
static const bool is_text[COLUMNS] = {
    [COLUMN_KEY] = true, [COLUMN_WINDOW] = true, [COLUMN_COUNTRY] = true, [COLUMN_AS] = true};

struct line {
    char cells[COLUMNS][CELL_BYTES]; /* with a NUL; no control characters */
};

/* --- cells ------------------------------------------------------------------------------------------ */

/* Text of a log as a terminal may have it: no control characters (also those of two bytes, U+0080 to U+009F), and UTF-8 only. */
static void show(char out[CELL_BYTES], struct slice text, size_t bytes_max) {
    size_t used = 0;
    bool cut = text.len > bytes_max;
    if (cut) text.len = bytes_max;
    while (text.len > 0) {
        uint32_t bytes = json_utf8_sequence(text);
        unsigned char first = (unsigned char)text.ptr[0];
        bool odd = bytes == 0 || first < 0x20 || first == 0x7f || (first == 0xc2 && (unsigned char)text.ptr[1] < 0xa0);
        if (bytes == 0) bytes = 1;
        if (odd)
            out[used++] = '?';
        else
            memcpy(out + used, text.ptr, bytes), used += bytes;
        text.ptr += bytes;
        text.len -= bytes;
    }
    snprintf(out + used, CELL_BYTES - used, "%s", cut ? "..." : "");
}

/* 1234567 -> "1,234,567" */
static void show_number(char out[CELL_BYTES], uint64_t value) {
    char digits[NUMBER_BYTES_MAX];
    uint32_t count = number_write(value, digits), used = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0 && (count - i) % 3 == 0) out[used++] = ',';
        out[used++] = digits[i];
    }
    out[used] = '\0';
}

static void show_bytes(char out[CELL_BYTES], uint64_t bytes) {
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    double value = (double)bytes;
    size_t unit = 0;
    for (; value >= 999.95 && unit + 1 < sizeof units / sizeof units[0]; unit++) value /= 1000;
    snprintf(out, CELL_BYTES, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
}

static void show_time(char out[CELL_BYTES], int64_t time_s) {
    time_t time = (time_t)time_s;
    struct tm parts;
    if (gmtime_r(&time, &parts) == NULL || strftime(out, CELL_BYTES, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0) out[0] = '\0';
}

static double rate_of(const struct top_print *print, const struct top_entry *entry) {
    return print->seconds > 0 ? (double)entry->requests / print->seconds : 0;
}

static void fill(const struct top_print *print, const struct top_entry *entry, size_t rank, struct line *line) {
    char room[64];
    for (int i = 0; i < COLUMNS; i++) line->cells[i][0] = '\0';
    snprintf(line->cells[COLUMN_RANK], CELL_BYTES, "%zu", rank);
    show(line->cells[COLUMN_KEY], entry->key, KEY_SHOWN_BYTES);
    show_number(line->cells[COLUMN_REQUESTS], entry->requests);
    if (print->approximate) show_number(line->cells[COLUMN_ERROR], entry->error);
    if (print->total > 0)
        snprintf(line->cells[COLUMN_SHARE], CELL_BYTES, "%.1f %%",
                 100 * (double)entry->requests / (double)print->total);
    if (print->seconds > 0) snprintf(line->cells[COLUMN_RATE], CELL_BYTES, "%.2f", rate_of(print, entry));
    show_bytes(line->cells[COLUMN_BYTES], entry->bytes);
    show_number(line->cells[COLUMN_4XX], entry->status_4xx);
    show_number(line->cells[COLUMN_5XX], entry->status_5xx);
    if (print->window_s > 0) show_time(line->cells[COLUMN_WINDOW], entry->end_s);
    if (entry->country != COUNTRY_NONE)
        snprintf(line->cells[COLUMN_COUNTRY], CELL_BYTES, "%s", country_code(entry->country).text);
    if (entry->as_number == 0) return;
    int bytes = snprintf(line->cells[COLUMN_AS], CELL_BYTES, "AS%u ", entry->as_number);
    show(line->cells[COLUMN_AS] + bytes, slice_from(print->as_name(print->context, entry->as_number, room)), 40);
}

/* --- the table -------------------------------------------------------------------------------------- */

/* Characters, where most take one place. */
static size_t width_of(const char *text) {
    size_t width = 0;
    for (; *text != '\0'; text++) width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static void pad(char *line, size_t *used, size_t count) {
    if (count > LINE_BYTES - 1 - *used) count = LINE_BYTES - 1 - *used;
    memset(line + *used, ' ', count);
    *used += count;
}

/* One line, texts on the left and numbers on the right of their columns, none longer than the screen. */
static void print_line(const struct top_print *print, const struct line *cells, const size_t widths[COLUMNS],
                       FILE *out) {
    char line[LINE_BYTES];
    size_t used = 0;
    for (int i = 0; i < COLUMNS; i++) {
        const char *cell = cells->cells[i];
        size_t bytes = strlen(cell), width = width_of(cell);
        if (widths[i] == 0 || used + bytes + 2 >= LINE_BYTES) continue;
        if (i > 0) pad(line, &used, 2);
        if (!is_text[i]) pad(line, &used, widths[i] - width);
        memcpy(line + used, cell, bytes);
        used += bytes;
        if (is_text[i]) pad(line, &used, widths[i] - width);
    }
    while (used > 0 && line[used - 1] == ' ') used--;
    line[used] = '\0';
    for (size_t width = width_of(line); print->columns > 0 && width > print->columns; width--) do
            used--;
        while (((unsigned char)line[used] & 0xc0) == 0x80);
    fwrite(line, 1, used, out);
    fputs(print->columns > 0 ? "\033[K\n" : "\n", out);
}

void top_print_table(const struct top_print *print, const struct top_table *table, FILE *out) {
    size_t widths[COLUMNS] = {0}, count = table->entries_count + 1;
    struct line *lines = malloc(count * sizeof *lines);
    ASSERT(lines != NULL);
    for (size_t i = 0; i < table->entries_count; i++) fill(print, &table->entries[i], i + 1, &lines[i + 1]);
    for (size_t i = 1; i < count; i++)
        for (int column = 0; column < COLUMNS; column++) {
            size_t width = width_of(lines[i].cells[column]);
            if (width > widths[column]) widths[column] = width;
        }
    for (int column = 0; column < COLUMNS; column++) {
        char *title = lines[0].cells[column];
        snprintf(title, CELL_BYTES, "%s", column == COLUMN_KEY ? print->dim : titles[column]);
        for (; column == COLUMN_KEY && *title != '\0'; title++)
            if (*title >= 'a' && *title <= 'z') *title = (char)(*title - 'a' + 'A');
        size_t width = width_of(lines[0].cells[column]);
        if (widths[column] > 0 && width > widths[column]) widths[column] = width;
    }
    for (size_t i = 0; i < count && count > 1; i++) print_line(print, &lines[i], widths, out);
    free(lines);
}

/* --- JSON --------------------------------------------------------------------------------------------- */

static void json_text(FILE *out, const char *member, struct slice text) {
    char *quoted = malloc(JSON_EXPANSION * text.len + 16);
    ASSERT(quoted != NULL);
    bool lossy = false;
    char *end = json_quote(quoted, text, JSON_VERBATIM, &lossy);
    fprintf(out, "\"%s\":%.*s", member, (int)(end - quoted), quoted);
    free(quoted);
}

static void json_place(const struct top_print *print, const struct top_entry *entry, FILE *out) {
    char room[64];
    if (entry->country != COUNTRY_NONE)
        fprintf(out, ",\"geo\":{\"country_iso_code\":\"%s\"}", country_code(entry->country).text);
    if (entry->as_number == 0) return;
    const char *name = print->as_name(print->context, entry->as_number, room);
    fprintf(out, ",\"as\":{\"number\":%u", entry->as_number);
    if (name[0] != '\0') {
        fputs(",\"organization\":{", out);
        json_text(out, "name", slice_from(name));
        fputc('}', out);
    }
    fputc('}', out);
}

void top_print_json(const struct top_print *print, const struct top_table *table, FILE *out) {
    for (size_t i = 0; i < table->entries_count; i++) {
        const struct top_entry *entry = &table->entries[i];
        char time[CELL_BYTES];
        fprintf(out, "{\"rank\":%zu,", i + 1);
        json_text(out, "dim", slice_from(print->dim));
        fputc(',', out);
        json_text(out, "key", entry->key);
        fprintf(out, ",\"n\":%llu,\"err\":%llu,\"guaranteed\":%s", (unsigned long long)entry->requests,
                (unsigned long long)entry->error, entry->guaranteed ? "true" : "false");
        if (print->total > 0) fprintf(out, ",\"share\":%.6f", (double)entry->requests / (double)print->total);
        if (print->seconds > 0) fprintf(out, ",\"rps\":%.2f", rate_of(print, entry));
        fprintf(out, ",\"bytes\":%llu,\"s4xx\":%llu,\"s5xx\":%llu", (unsigned long long)entry->bytes,
                (unsigned long long)entry->status_4xx, (unsigned long long)entry->status_5xx);
        show_time(time, entry->end_s);
        if (print->window_s > 0) fprintf(out, ",\"win\":%u,\"end\":\"%s\"", print->window_s, time);
        json_place(print, entry, out);
        fputs(print->approximate ? ",\"approx\":true}\n" : "}\n", out);
    }
}
