/* The printing half of app/arguments.h: the option tables as --help and as the README's table. Both come
 * from the rows alone, so an option cannot be missing in one of them.
 *
 * Threads: main thread only. */
#include <stdarg.h>
#include <string.h>

#include "app/arguments.h"
#include "base/check.h"

#define COLUMNS_MAX 100u
#define HELP_COLUMN 32u /* where the meaning starts */

struct text {
    char bytes[2048];
    size_t used;
};

/* Adds to the end; what has no room is cut, which a table row of sane length never meets. */
__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int bytes = vsnprintf(text->bytes + text->used, sizeof text->bytes - text->used, format, arguments);
    va_end(arguments);
    ASSERT(bytes >= 0 && (size_t)bytes < sizeof text->bytes - text->used);
    text->used += (size_t)bytes;
}

/* "--schema ecs|ss4o|flat": with choices they say more than a placeholder. */
static void add_name(struct text *text, const struct option_spec *spec) {
    add(text, "--%s", spec->name);
    if (spec->kind == OPTION_CHOICE) {
        for (size_t i = 0; spec->choices[i] != NULL; i++) {
            add(text, "%s%s", i == 0 ? " " : "|", spec->choices[i]);
        }
    } else if (spec->placeholder != NULL) {
        add(text, " %s", spec->placeholder);
    }
}

static void add_meaning(struct text *text, const struct option_spec *spec) {
    add(text, "%s", spec->help);
    if (spec->kind == OPTION_LIST) {
        add(text, " (may be repeated)");
    }
}

/* Prints words from column HELP_COLUMN on, with line breaks before COLUMNS_MAX. */
static void print_wrapped(FILE *out, const char *words) {
    size_t column = HELP_COLUMN;
    for (const char *word = words; *word != '\0';) {
        size_t bytes = strcspn(word, " ");
        if (column > HELP_COLUMN && column + 1 + bytes > COLUMNS_MAX) {
            fprintf(out, "\n%*s", (int)HELP_COLUMN, "");
            column = HELP_COLUMN;
        }
        bool first = column == HELP_COLUMN;
        fprintf(out, "%s%.*s", first ? "" : " ", (int)bytes, word);
        column += bytes + !first;
        word += bytes + strspn(word + bytes, " ");
    }
    fputc('\n', out);
}

static void print_option(FILE *out, const struct option_spec *spec) {
    struct text name = {.used = 0}, meaning = {.used = 0};
    if (spec->letter != 0) {
        add(&name, "  -%c, ", spec->letter);
    } else {
        add(&name, "      ");
    }
    add_name(&name, spec);
    add_meaning(&meaning, spec);
    if (spec->default_text != NULL) {
        add(&meaning, " (default: %s)", spec->default_text);
    }
    if (name.used + 2 > HELP_COLUMN) {
        fprintf(out, "%s\n%*s", name.bytes, (int)HELP_COLUMN, "");
    } else {
        fprintf(out, "%-*s", (int)HELP_COLUMN, name.bytes);
    }
    print_wrapped(out, meaning.bytes);
}

void arguments_print_options(FILE *out, const struct option_group *groups, size_t groups_count) {
    for (size_t i = 0; i < groups_count; i++) {
        fprintf(out, "%s%s:\n", i == 0 ? "" : "\n", groups[i].title);
        for (size_t j = 0; j < groups[i].specs_count; j++) {
            print_option(out, &groups[i].specs[j]);
        }
    }
}

/* A bar would end the cell, inside of `code` too. */
static void print_cell(FILE *out, const char *text) {
    for (; *text != '\0'; text++) {
        fprintf(out, "%s%c", *text == '|' ? "\\" : "", *text);
    }
}

void arguments_print_markdown(FILE *out, const struct option_group *groups, size_t groups_count) {
    fputs("| Option | Meaning | Default |\n|---|---|---|\n", out);
    for (size_t i = 0; i < groups_count; i++) {
        fprintf(out, "| **%s** | | |\n", groups[i].title);
        for (size_t j = 0; j < groups[i].specs_count; j++) {
            const struct option_spec *spec = &groups[i].specs[j];
            struct text name = {.used = 0}, meaning = {.used = 0};
            if (spec->letter != 0) {
                add(&name, "`-%c`, ", spec->letter);
            }
            add(&name, "`");
            add_name(&name, spec);
            add(&name, "`");
            add_meaning(&meaning, spec);
            fputs("| ", out);
            print_cell(out, name.bytes);
            fputs(" | ", out);
            print_cell(out, meaning.bytes);
            if (spec->default_text != NULL) {
                fputs(" | `", out);
                print_cell(out, spec->default_text);
                fputs("` |\n", out);
            } else {
                fputs(" | |\n", out);
            }
        }
    }
}
