/* The one pass over the text: where a line ends, where its columns end, and whether any byte needs care.
 *
 * A byte-wise split costs 310 ns for an ALB line of 600 bytes, an escape scan 160 more and a UTF-8 check 171;
 * one pass over 64-byte blocks that makes masks of spaces, quotes, newlines and odd bytes serves all of
 * them (figures: `./dev bench --only scan`). Compiled once per instruction set from scan_kernel.h; all
 * variants give the same result, which a test checks.
 *
 * Threads: pure functions; scan_choose is called once at start. */
#ifndef WHEREFROM_SCAN_H
#define WHEREFROM_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The caller provides this many bytes behind the text that may be read, and this much room behind
 * `ends_max` that may be written. */
#define SCAN_PADDING_BYTES 64u
#define SCAN_ENDS_SLACK 64u

struct scan_line {
    uint32_t length;       /* bytes of the line without LF, and without one CR before it */
    uint32_t consumed;     /* bytes up to the next line */
    uint32_t ends_count;   /* columns; more than `ends_max` when the line has too many (then not all are stored) */
    uint32_t quotes_count; /* raw quotes that are not escaped by a backslash */
    bool odd;              /* has a control byte, a backslash or a byte >= 0x80 */
    bool quote_open;       /* the line ends inside quotes */
};

/* What separates columns. */
enum scan_columns {
    SCAN_SPACES,
    SCAN_SPACES_QUOTED, /* but those inside quotes */
    SCAN_TABS,          /* a tab is then no odd byte */
    SCAN_WHOLE,         /* nothing: all of the line is one */
};

/* Scans one line that starts at text[0]; ends at the first LF or after `text_bytes` (>= 1). Writes the offset of every
 * column's end to `ends`: each separator, and last the line's length. A quote behind a backslash counts as an ordinary byte. */
typedef void scan_line_function(const char *text, uint32_t text_bytes, enum scan_columns columns, uint32_t *ends,
                                uint32_t ends_max, struct scan_line *line);

/* Counts LFs up to `lines_max`; `*end` is the offset behind the last one counted (0 when there is none). */
typedef uint32_t scan_newlines_function(const char *text, size_t text_bytes, uint32_t lines_max, size_t *end);

struct scan_kernel {
    const char *name; /* "baseline", "avx2", "avx512" */
    scan_line_function *line;
    scan_newlines_function *newlines;
};

extern const struct scan_kernel scan_kernel_baseline;
#if defined(__x86_64__)
extern const struct scan_kernel scan_kernel_avx2, scan_kernel_avx512;
#endif

/* The kernels this processor can run, best last; returns how many. */
uint32_t scan_kernels(const struct scan_kernel *kernels[3]);

/* The best kernel, or the one that the environment variable WHEREFROM_CPU names (for tests and benches). */
const struct scan_kernel *scan_choose(void);

#endif
