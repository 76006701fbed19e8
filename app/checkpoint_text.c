/* Lines of words: a person can read what a run thinks it has done, and nothing is there but what is checked.
 *
 * Threads: pure functions. */
#define _GNU_SOURCE
#include "app/checkpoint_text.h"

#include <inttypes.h>

#include "base/checksum.h"
#include "base/number.h"
#include "base/percent.h"
#include "ingest/header_line.h"
#include "schemas/limits.h"

#define VERSION_LINE "wherefrom checkpoint "
#define FILE_NUMBERS 9u

const char *const checkpoint_outputs[CHECKPOINT_OUTPUTS] = {"output",   "rejects",  "output-2", "output-3", "output-4",
                                                            "output-5", "output-6", "output-7", "output-8"};
_Static_assert(OUTPUTS_MAX == 8, "each has a name");

/* --- written ---------------------------------------------------------------------------------------- */

static void write_encoded(FILE *out, struct slice text) {
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        if (byte > ' ' && byte < 0x7f && byte != '%')
            putc(byte, out);
        else
            fprintf(out, "%%%02x", byte);
    }
    putc('\n', out);
}

void checkpoint_write_version(FILE *out) {
    fprintf(out, VERSION_LINE "1\n");
}

void checkpoint_write_option(FILE *out, struct slice name, struct slice value) {
    fprintf(out, "option %.*s=", (int)name.len, name.ptr);
    write_encoded(out, value);
}

void checkpoint_write_file(FILE *out, const struct file_place *place) {
    const struct file_identity *identity = &place->identity;
    fprintf(out,
            "file %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRIu64 " %016" PRIx64 " %" PRIu64 " %" PRIu64
            " %" PRIu64 " %s %" PRIu64 " ",
            identity->device, identity->inode, identity->size_bytes, identity->mtime_ns, identity->head_bytes,
            identity->head_hash, place->position, place->line_number, place->tail_bytes,
            place->done          ? (place->inside_line ? "di" : "d")
            : place->inside_line ? "i"
                                 : "-",
            place->day);
    write_encoded(out, place->name);
    if (place->columns.len > 0) fprintf(out, "columns %.*s\n", (int)place->columns.len, place->columns.ptr);
}

void checkpoint_write_length(FILE *out, size_t output, uint64_t bytes) {
    fprintf(out, "length %s %" PRIu64 "\n", checkpoint_outputs[output], bytes);
}

void checkpoint_write_inode(FILE *out, size_t output, uint64_t inode) {
    fprintf(out, "inode %s %" PRIu64 "\n", checkpoint_outputs[output], inode);
}

uint64_t checkpoint_write_end(FILE *out, struct slice lines, uint64_t seed) {
    uint64_t hash = checksum(lines.ptr, lines.len, seed);
    fprintf(out, "end %016" PRIx64 "\n", hash);
    return hash;
}

/* --- read ------------------------------------------------------------------------------------------- */

/* Up to the next blank, which is taken, too. */
static struct slice next_word(struct slice *rest) {
    const char *blank = memchr(rest->ptr, ' ', rest->len);
    struct slice word = {rest->ptr, blank != NULL ? (size_t)(blank - rest->ptr) : rest->len};
    size_t taken = word.len + (blank != NULL);
    rest->ptr += taken;
    rest->len -= taken;
    return word;
}

static bool read_hash(struct slice word, uint64_t *hash) {
    *hash = 0;
    for (size_t i = 0; i < word.len; i++) {
        int digit = number_hex_digit(word.ptr[i]);
        if (digit < 0 || (word.ptr[i] >= 'A' && word.ptr[i] <= 'F')) return false;
        *hash = *hash << 4 | (uint64_t)digit;
    }
    return word.len == 16;
}

/* All 64 bits: inodes of some file systems are hashes. */
static bool read_number(struct slice *rest, uint64_t *number) {
    struct slice word = next_word(rest);
    *number = 0;
    for (size_t i = 0; i < word.len; i++) {
        unsigned digit = (unsigned)(unsigned char)word.ptr[i] - '0';
        if (digit > 9 || __builtin_mul_overflow(*number, 10u, number) || __builtin_add_overflow(*number, digit, number))
            return false;
    }
    return word.len == 1 || (word.len > 1 && word.ptr[0] != '0');
}

/* With a NUL behind it. NULL ptr: out of memory. */
static struct slice decoded(struct checkpoint_text *text, struct slice word) {
    struct slice room = arena_copy(&text->texts, word);
    if (room.ptr == NULL) return room;
    char *end = percent_decode((char *)(uintptr_t)room.ptr, word);
    *end = '\0';
    return (struct slice){room.ptr, (size_t)(end - room.ptr)};
}

static bool read_signed(struct slice *rest, int64_t *number) {
    uint64_t magnitude;
    bool minus = rest->len > 0 && rest->ptr[0] == '-';
    if (minus) rest->ptr++, rest->len--;
    if (!read_number(rest, &magnitude) || magnitude > INT64_MAX || (minus && magnitude == 0)) return false;
    *number = minus ? -(int64_t)magnitude : (int64_t)magnitude;
    return true;
}

static bool read_flags(struct slice word, struct file_place *place) {
    place->done = word.len > 0 && word.ptr[0] == 'd';
    place->inside_line = word.len > 0 && word.ptr[word.len - 1] == 'i';
    return slice_equal(word, SLICE("-")) || slice_equal(word, SLICE("d")) || slice_equal(word, SLICE("i")) ||
           slice_equal(word, SLICE("di"));
}

static bool read_file(struct checkpoint_text *text, struct slice rest) {
    struct file_place place = {.done = false};
    struct file_identity *identity = &place.identity;
    bool good = read_number(&rest, &identity->device) && read_number(&rest, &identity->inode) &&
                read_number(&rest, &identity->size_bytes) && read_signed(&rest, &identity->mtime_ns) &&
                read_number(&rest, &identity->head_bytes) && read_hash(next_word(&rest), &identity->head_hash) &&
                read_number(&rest, &place.position) && read_number(&rest, &place.line_number) &&
                read_number(&rest, &place.tail_bytes) && read_flags(next_word(&rest), &place) &&
                read_number(&rest, &place.day);
    if (!good || identity->head_bytes > FILE_HEAD_BYTES || place.tail_bytes > LINE_BYTES_MAX ||
        place.line_number == 0 || rest.len == 0 || memchr(rest.ptr, ' ', rest.len) != NULL)
        return false;
    place.name = decoded(text, rest);
    text->files_said++;
    return place.name.ptr != NULL && known_files_add(&text->files, &place);
}

static bool read_columns(struct checkpoint_text *text, struct slice rest) {
    struct header header;
    struct file_place *last = text->files.count > 0 ? &text->files.places[text->files.count - 1] : NULL;
    if (last == NULL || last->columns.len > 0 || rest.len > HEADER_TEXT_BYTES || !header_text_read(rest, &header))
        return false;
    last->columns = arena_copy(&text->texts, rest);
    return last->columns.ptr != NULL;
}

static bool read_option(struct checkpoint_text *text, struct slice rest) {
    const char *equals = memchr(rest.ptr, '=', rest.len);
    if (equals == NULL || text->options_count == CHECKPOINT_OPTIONS_MAX) return false;
    struct slice name = {rest.ptr, (size_t)(equals - rest.ptr)};
    struct slice value = {equals + 1, rest.len - name.len - 1};
    struct checkpoint_option *option = &text->options[text->options_count++];
    *option = (struct checkpoint_option){arena_copy(&text->texts, name), decoded(text, value)};
    return option->name.ptr != NULL && option->value.ptr != NULL;
}

static bool read_length(struct checkpoint_text *text, struct slice rest) {
    struct slice name = next_word(&rest);
    for (size_t i = 0; i < CHECKPOINT_OUTPUTS; i++) {
        if (!slice_equal(name, slice_from(checkpoint_outputs[i]))) continue;
        text->has_length[i] = true;
        return read_number(&rest, &text->lengths[i]) && rest.len == 0;
    }
    return false;
}

static bool read_inode(struct checkpoint_text *text, struct slice rest) {
    struct slice name = next_word(&rest);
    for (size_t i = 0; i < CHECKPOINT_OUTPUTS; i++)
        if (slice_equal(name, slice_from(checkpoint_outputs[i])))
            return read_number(&rest, &text->inodes[i]) && rest.len == 0;
    return false;
}

static bool read_line(struct checkpoint_text *text, struct slice line) {
    static const struct {
        const char *name;
        bool (*read)(struct checkpoint_text *, struct slice);
    } kinds[] = {{"file", read_file},
                 {"columns", read_columns},
                 {"option", read_option},
                 {"length", read_length},
                 {"inode", read_inode}};
    struct slice name = next_word(&line);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (slice_equal(name, slice_from(kinds[i].name))) return kinds[i].read(text, line);
    return false;
}

/* Cuts the next line off, without its LF. False when there is none with an LF. */
static bool next_line(struct slice *rest, struct slice *line) {
    const char *newline = rest->len > 0 ? memchr(rest->ptr, '\n', rest->len) : NULL;
    if (newline == NULL) return false;
    *line = (struct slice){rest->ptr, (size_t)(newline - rest->ptr)};
    rest->len -= line->len + 1;
    rest->ptr = newline + 1;
    return true;
}

/* Cuts the next block off, up to its line of the checksum. False when it is not whole. */
static bool next_block(struct slice *rest, struct slice *lines, struct slice *end) {
    struct slice left = *rest, line;
    while (next_line(&left, &line)) {
        if (!slice_starts_with(line, SLICE("end "))) continue;
        *lines = (struct slice){rest->ptr, (size_t)(line.ptr - rest->ptr)};
        *end = (struct slice){line.ptr + 4, line.len - 4};
        *rest = left;
        return true;
    }
    return false;
}

static enum status read_block(struct checkpoint_text *text, struct slice lines, struct error *error) {
    struct slice line;
    const char *from = lines.ptr;
    if (text->good_bytes == 0) {
        if (!next_line(&lines, &line) || !slice_starts_with(line, SLICE(VERSION_LINE)))
            return error_set(error, STATUS_FAILED, "this is no checkpoint of wherefrom");
        if (!slice_equal(line, SLICE(VERSION_LINE "1")))
            return error_set(error, STATUS_FAILED, "it was written by another version of wherefrom (%.*s)",
                             (int)(line.len < 60 ? line.len : 60), line.ptr);
    }
    while (next_line(&lines, &line))
        if (!read_line(text, line))
            return error_set(error, STATUS_FAILED, "it cannot be read at byte %zu",
                             text->good_bytes + (size_t)(line.ptr - from));
    return STATUS_OK;
}

enum status checkpoint_text_read(struct slice bytes, struct checkpoint_text *text, struct error *error) {
    *text = (struct checkpoint_text){.good_bytes = 0};
    struct slice rest = bytes, lines, end;
    while (next_block(&rest, &lines, &end)) {
        uint64_t hash, expected = checksum(lines.ptr, lines.len, text->checksum);
        bool good = read_hash(end, &hash) && hash == expected;
        if (!good && rest.len == 0) break; /* the last one: torn */
        if (!good) return error_set(error, STATUS_FAILED, "it is damaged behind byte %zu", text->good_bytes);
        enum status status = read_block(text, lines, error);
        if (status != STATUS_OK) return status;
        text->checksum = hash;
        text->good_bytes = bytes.len - rest.len;
    }
    if (text->good_bytes == 0) return error_set(error, STATUS_FAILED, "it is damaged from its start");
    if (!known_files_sort(&text->files)) return error_set(error, STATUS_FAILED, "out of memory");
    return STATUS_OK;
}

void checkpoint_text_destroy(struct checkpoint_text *text) {
    known_files_destroy(&text->files);
    arena_destroy(&text->texts);
    *text = (struct checkpoint_text){.good_bytes = 0};
}
