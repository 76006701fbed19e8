/* Runs a fuzz target over its corpus, in place of libFuzzer: what was once found stays found, in every build.
 *
 *     fuzz_NAME FILE_OR_DIRECTORY...
 *
 * Each input ends at an unreadable page. A target aborts when its oracle is not content.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/guard.h"

#define INPUT_BYTES_MAX (4u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void replay_file(const char *path) {
    FILE *file = fopen(path, "rb");
    char *bytes = malloc(INPUT_BYTES_MAX);
    ASSERT(file != NULL && bytes != NULL);
    size_t size = fread(bytes, 1, INPUT_BYTES_MAX, file);
    ASSERT(feof(file) && !ferror(file));
    fclose(file);
    fprintf(stderr, "%s: %zu bytes\n", path, size); /* the last one named is the one that failed */
    struct slice input = guard_copy((struct slice){bytes, size});
    free(bytes);
    (void)LLVMFuzzerTestOneInput((const uint8_t *)input.ptr, size);
}

static int is_visible(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

static int replay_directory(const char *path) {
    struct dirent **entries;
    int count = scandir(path, &entries, is_visible, alphasort);
    for (int i = 0; i < count; i++) {
        char *name = NULL;
        ASSERT(asprintf(&name, "%s/%s", path, entries[i]->d_name) > 0);
        replay_file(name);
        free(name);
        free(entries[i]);
    }
    if (count >= 0) free(entries);
    return count;
}

int main(int argc, char **argv) {
    int inputs = 0;
    for (int i = 1; i < argc; i++) {
        int count = replay_directory(argv[i]);
        if (count < 0) replay_file(argv[i]);
        inputs += count < 0 ? 1 : count;
    }
    printf("%d inputs\n", inputs);
    return inputs > 0 ? 0 : 1;
}
