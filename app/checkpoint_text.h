/* A checkpoint as text: blocks of lines, each with a checksum, the newest one last.
 *
 *   wherefrom checkpoint 1                   only the first block
 *   option output=/var/log/records.ndjson    likewise: what the run was asked for, as far as its outputs depend on it
 *   file DEVICE INODE SIZE MTIME HEAD HASH POSITION LINE TAIL FLAGS DAY NAME     see struct file_place; FLAGS: `-`, or `d` done, `i` inside
 *   columns vpc_flow version srcaddr ...     header in force in the file above
 *   length output 123456                     of a file that the run writes
 *   inode output 131074                      of the same, while a run writes there; 0: it has ended in order
 *   end 0123456789abcdef                     XXH3 of the block's lines, with the checksum of the block before as its seed
 *
 * A block is one checkpoint: what it does not say is as before. It is added to the file in one write, so that a crash can only leave a
 * last block that is not whole; then the one before counts. Anything else that does not fit is damage. Names and values are
 * percent-encoded where they are not plain.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_CHECKPOINT_TEXT_H
#define WHEREFROM_CHECKPOINT_TEXT_H

#include <stdio.h>

#include "app/known_files.h"
#include "base/arena.h"
#include "schemas/limits.h"

#define CHECKPOINT_OPTIONS_MAX 16u
#define CHECKPOINT_OUTPUTS (OUTPUTS_MAX + 1)

/* Names of the files that a run writes: its first output, rejects, and further outputs in the order of the config. */
extern const char *const checkpoint_outputs[CHECKPOINT_OUTPUTS];
#define CHECKPOINT_REJECTS 1u
static inline size_t checkpoint_output(uint32_t index) {
    return index == 0 ? 0 : index + CHECKPOINT_REJECTS;
}

struct checkpoint_option {
    struct slice name, value;
};

/* All that the blocks say together. */
struct checkpoint_text {
    struct arena texts;
    struct checkpoint_option options[CHECKPOINT_OPTIONS_MAX];
    size_t options_count;
    bool has_length[CHECKPOINT_OUTPUTS];
    uint64_t lengths[CHECKPOINT_OUTPUTS];
    uint64_t inodes[CHECKPOINT_OUTPUTS]; /* 0: any file will do */
    struct known_files files;            /* sorted */
    size_t files_said;                   /* lines of files, also those that no longer count */
    size_t good_bytes;                   /* of whole blocks; the rest was torn */
    uint64_t checksum;                   /* of the last one: the seed of the next */
};

/* Reads any bytes. STATUS_FAILED says what is wrong and at which byte, without the file's name; checkpoint_text_destroy is safe after any
 * outcome. */
enum status checkpoint_text_read(struct slice bytes, struct checkpoint_text *text, struct error *error) WARN_UNUSED;
void checkpoint_text_destroy(struct checkpoint_text *text);

/* Lines of a block. */
void checkpoint_write_version(FILE *out);
void checkpoint_write_option(FILE *out, struct slice name, struct slice value);
void checkpoint_write_file(FILE *out, const struct file_place *place);
void checkpoint_write_length(FILE *out, size_t output, uint64_t bytes);
void checkpoint_write_inode(FILE *out, size_t output, uint64_t inode);
/* The last line of a block, whose lines so far are `lines`. Returns its checksum. */
uint64_t checkpoint_write_end(FILE *out, struct slice lines, uint64_t seed);

#endif
