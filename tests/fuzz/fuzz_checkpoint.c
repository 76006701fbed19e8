/* Fuzz target: any bytes as a checkpoint.
 *
 * Input: a byte (bit 0: the rest is blocks of lines with a NUL between them, which get their checksums here; bits 1-7: how much of the end
 * is cut off then), and the rest. Oracle: what was read, written again by the program's own functions and read once more, says the
 * same; of a checkpoint that is cut, the whole blocks in front say all that it says; nothing is read without a checksum that is right.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>

#include "app/checkpoint_text.h"
#include "base/check.h"
#include "base/checksum.h"

#define INPUT_BYTES_MAX 8192u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* On the heap, and nothing behind it. */
static struct slice copy_of(const char *bytes, size_t count) {
    char *copy = malloc(count > 0 ? count : 1);
    ASSERT(copy != NULL);
    if (count > 0) memcpy(copy, bytes, count);
    return (struct slice){copy, count};
}

static struct slice text_of(FILE *out, char **bytes, const size_t *count) {
    ASSERT(fclose(out) == 0);
    struct slice copy = copy_of(*bytes, *count);
    free(*bytes);
    return copy;
}

/* Blocks with their checksums. */
static struct slice seal(const char *bytes, size_t count) {
    char *text = NULL;
    size_t text_bytes = 0;
    uint64_t hash = 0;
    FILE *out = open_memstream(&text, &text_bytes);
    ASSERT(out != NULL);
    for (size_t at = 0; at < count;) {
        const char *zero = memchr(bytes + at, 0, count - at);
        struct slice lines = {bytes + at, zero != NULL ? (size_t)(zero - bytes) - at : count - at};
        fwrite(lines.ptr, 1, lines.len, out);
        hash = checkpoint_write_end(out, lines, hash);
        at += lines.len + 1;
    }
    return text_of(out, &text, &text_bytes);
}

static struct slice write_again(const struct checkpoint_text *text) {
    char *lines = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&lines, &bytes);
    ASSERT(out != NULL);
    checkpoint_write_version(out);
    for (size_t i = 0; i < text->options_count; i++)
        checkpoint_write_option(out, text->options[i].name, text->options[i].value);
    for (size_t i = 0; i < text->files.count; i++) checkpoint_write_file(out, &text->files.places[i]);
    for (size_t i = 0; i < CHECKPOINT_OUTPUTS; i++)
        if (text->has_length[i]) checkpoint_write_length(out, i, text->lengths[i]);
    for (size_t i = 0; i < CHECKPOINT_OUTPUTS; i++)
        if (text->inodes[i] != 0) checkpoint_write_inode(out, i, text->inodes[i]);
    ASSERT(fflush(out) == 0);
    (void)checkpoint_write_end(out, (struct slice){lines, bytes}, 0);
    return text_of(out, &lines, &bytes);
}

static void check_same_place(const struct file_place *a, const struct file_place *b) {
    const struct file_identity *left = &a->identity, *right = &b->identity;
    ASSERT(left->device == right->device && left->inode == right->inode && left->size_bytes == right->size_bytes);
    ASSERT(left->mtime_ns == right->mtime_ns && left->head_bytes == right->head_bytes);
    ASSERT(left->head_hash == right->head_hash && slice_equal(a->name, b->name) && slice_equal(a->columns, b->columns));
    ASSERT(a->position == b->position && a->line_number == b->line_number && a->tail_bytes == b->tail_bytes);
    ASSERT(a->inside_line == b->inside_line && a->done == b->done && a->day == b->day);
}

static void check_same(const struct checkpoint_text *a, const struct checkpoint_text *b) {
    ASSERT(a->options_count == b->options_count && a->files.count == b->files.count);
    for (size_t i = 0; i < a->options_count; i++)
        ASSERT(slice_equal(a->options[i].name, b->options[i].name) &&
               slice_equal(a->options[i].value, b->options[i].value));
    for (size_t i = 0; i < a->files.count; i++) check_same_place(&a->files.places[i], &b->files.places[i]);
    for (size_t i = 0; i < CHECKPOINT_OUTPUTS; i++)
        ASSERT(a->has_length[i] == b->has_length[i] && a->lengths[i] == b->lengths[i] && a->inodes[i] == b->inodes[i]);
}

/* That these bytes are read, and say the same. */
static void check_says(struct slice bytes, const struct checkpoint_text *expected) {
    struct checkpoint_text text;
    struct error error;
    ASSERT(checkpoint_text_read(bytes, &text, &error) == STATUS_OK && text.good_bytes == bytes.len);
    check_same(&text, expected);
    checkpoint_text_destroy(&text);
}

static void check_findable(const struct known_files *files) {
    for (size_t i = 0; i < files->count; i++) {
        const struct file_place *place = &files->places[i];
        size_t count, found = 0;
        struct file_place *const *same = known_files_by_inode(files, place->identity.device, place->identity.inode,
                                                              &count);
        for (size_t j = 0; j < count; j++) {
            ASSERT(same[j]->identity.inode == place->identity.inode && (j == 0 || same[j] < same[j - 1]));
            found += slice_equal(same[j]->name, place->name);
        }
        ASSERT(found == 1);
        const struct file_place *named = known_files_by_name(files, place->name);
        ASSERT(named >= place && slice_equal(named->name, place->name));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct checkpoint_text text;
    struct error error;
    if (size < 1 || size > INPUT_BYTES_MAX) return 0;
    struct slice bytes = (data[0] & 1) != 0 ? seal((const char *)data + 1, size - 1)
                                            : copy_of((const char *)data + 1, size - 1);
    size_t cut = data[0] >> 1 < bytes.len ? data[0] >> 1 : 0;
    struct slice input = copy_of(bytes.ptr, bytes.len - cut);
    if (checkpoint_text_read(input, &text, &error) == STATUS_OK) {
        ASSERT(text.good_bytes > 0 && text.good_bytes <= input.len && text.files.count <= text.files_said);
        ASSERT(input.ptr[text.good_bytes - 1] == '\n');
        check_findable(&text.files);
        struct slice whole = copy_of(input.ptr, text.good_bytes), again = write_again(&text);
        check_says(whole, &text);
        check_says(again, &text);
        free((char *)(uintptr_t)whole.ptr);
        free((char *)(uintptr_t)again.ptr);
    } else {
        ASSERT(error.message[0] != '\0');
    }
    checkpoint_text_destroy(&text);
    free((char *)(uintptr_t)input.ptr);
    free((char *)(uintptr_t)bytes.ptr);
    return 0;
}
