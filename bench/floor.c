/* wherefrom-floor: the least that any program has to do that reads a .gz and writes a file of some size.
 *
 * It inflates IN.gz with the library that wherefrom uses, throws the text away, and writes OUT_BYTES bytes: what
 * wherefrom takes beyond this is parsing, look-up and encoding. Same block sizes, same open flags, no threads.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <isa-l/igzip_lib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK_BYTES (1u << 20)

static unsigned char input[BLOCK_BYTES], text[BLOCK_BYTES];

static int fail(const char *path, const char *what) {
    fprintf(stderr, "wherefrom-floor: %s: %s\n", path, what);
    return 1;
}

/* Reads all members of the file and adds up their text's size. False with `what` set if it is no whole gzip file. */
static bool inflate_file(int file, unsigned long long *text_bytes, const char **what) {
    static struct inflate_state state;
    bool inside = false;
    isal_inflate_init(&state);
    state.crc_flag = ISAL_GZIP;
    state.avail_out = sizeof text;
    for (;;) {
        if (state.avail_in == 0 && state.avail_out > 0) { /* a full output may hide text that is still inside */
            ssize_t got = read(file, input, sizeof input);
            if (got < 0) {
                *what = strerror(errno);
                return false;
            }
            if (got == 0) break;
            state.next_in = input;
            state.avail_in = (uint32_t)got;
        }
        inside = true;
        state.next_out = text;
        state.avail_out = sizeof text;
        if (isal_inflate(&state) != ISAL_DECOMP_OK) {
            *what = "not gzip, or damaged";
            return false;
        }
        *text_bytes += sizeof text - state.avail_out;
        if (state.block_state == ISAL_BLOCK_FINISH) {
            isal_inflate_reset(&state);
            inside = false;
        }
    }
    *what = "ends inside a gzip member";
    return !inside;
}

static bool write_bytes(int file, unsigned long long bytes) {
    while (bytes > 0) {
        ssize_t written = write(file, text, bytes < sizeof text ? (size_t)bytes : sizeof text);
        if (written < 0) return false;
        bytes -= (unsigned long long)written;
    }
    return true;
}

int main(int count, char **arguments) {
    if (count != 4) {
        fputs("usage: wherefrom-floor IN.gz OUT_BYTES OUT\n", stderr);
        return 2;
    }
    const char *what = NULL;
    char *end;
    errno = 0;
    unsigned long long text_bytes = 0, out_bytes = strtoull(arguments[2], &end, 10);
    if (errno != 0 || *end != '\0' || end == arguments[2]) return fail(arguments[2], "not a number of bytes");
    int in = open(arguments[1], O_RDONLY | O_CLOEXEC);
    if (in < 0) return fail(arguments[1], strerror(errno));
    if (!inflate_file(in, &text_bytes, &what)) return fail(arguments[1], what);
    int out = open(arguments[3], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (out < 0 || !write_bytes(out, out_bytes) || close(out) != 0) return fail(arguments[3], strerror(errno));
    fprintf(stderr, "inflated %llu bytes, wrote %llu\n", text_bytes, out_bytes);
    return 0;
}
