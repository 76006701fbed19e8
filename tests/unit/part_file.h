/* A file of roll-ups for tests of parts, with the writer that fills it, and where and when what they count came from.
 *
 * Threads: one. */
#ifndef WHEREFROM_PART_FILE_H
#define WHEREFROM_PART_FILE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <unistd.h>

#include "app/rollup_part.h"
#include "schemas/batch.h"

#define SECOND_NS INT64_C(1000000000)
#define BEGIN_S INT64_C(1772359200) /* of an interval */
#define NOW_NS ((BEGIN_S + 86400) * SECOND_NS)

static char path[64];
static struct rollup_writer *writer;
static struct sink_file *file;
static const struct origin origin = {.stream = true, .topic = "edge", .partition = 3, .name = {"cluster/edge/3", 14}};

static inline int open_part_file(void **state) {
    struct error error;
    (void)state;
    snprintf(path, sizeof path, "rollup-part-%ld", (long)getpid());
    assert_int_equal(sink_file_open(path, SINK_FILE_ANEW, &file, &error), STATUS_OK);
    const struct rollup_writer_request request = {.file = file};
    assert_int_equal(rollup_writer_open(&request, &writer, &error), STATUS_OK);
    return 0;
}

static inline int close_part_file(void **state) {
    (void)state;
    rollup_writer_free(writer);
    sink_file_free(file);
    return unlink(path);
}

/* To be read from there on: all that was written so far is in it. */
static inline FILE *written_documents(void) {
    struct error error;
    assert_int_equal(rollup_writer_finish(writer, &error), STATUS_OK);
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    return in;
}

#endif
