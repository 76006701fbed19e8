/* Messages on stderr. Written with one write(2) each, so that lines of several threads never mix.
 *
 * Threads: any; counters are atomic. */
#define _GNU_SOURCE
#include "app/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"

#define MESSAGE_BYTES 2048
#define PRINTED_PER_KIND 5 /* a minute: runs that never end have news, too */

static enum log_form log_format;
static bool log_quiet;
static atomic_bool progress_shown;
static struct {
    atomic_long since; /* what `printed` counts */
    atomic_uint printed;
    atomic_uint_fast64_t left_out;
} kinds[LOG_KINDS];

static const char *const kind_names[LOG_KINDS] = {[LOG_KIND_INPUT] = "input errors",
                                                  [LOG_KIND_CONNECTION] = "closed connections",
                                                  [LOG_KIND_KAFKA] = "messages about Kafka",
                                                  [LOG_KIND_OPENSEARCH] = "messages about OpenSearch"};
static const char *const level_names[] = {[LOG_INFO] = "info", [LOG_WARNING] = "warning", [LOG_ERROR] = "error"};

void log_init(enum log_form format, bool quiet) {
    log_format = format;
    log_quiet = quiet;
}

static void write_message(enum log_level level, const char *format, va_list arguments) {
    if (log_quiet && level != LOG_ERROR) return;
    char text[MESSAGE_BYTES], line[6 * MESSAGE_BYTES + 128], *out = line;
    vsnprintf(text, sizeof text, format, arguments);
    if (log_format == LOG_JSON) {
        bool lossy = false;
        out += snprintf(out, 64, "{\"level\":\"%s\",\"message\":", level_names[level]);
        out = json_quote(out, slice_from(text), JSON_VERBATIM, &lossy);
        *out++ = '}';
    } else {
        out += snprintf(out, sizeof line - 1, "%swherefrom: %s%s",
                        atomic_exchange(&progress_shown, false) ? "\r\033[K" : "",
                        level == LOG_WARNING ? "warning: "
                        : level == LOG_ERROR ? "error: "
                                             : "",
                        text);
    }
    *out++ = '\n';
    ssize_t ignored = write(STDERR_FILENO, line, (size_t)(out - line));
    (void)ignored; /* nobody is left to be told */
}

void log_message(enum log_level level, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    write_message(level, format, arguments);
    va_end(arguments);
}

void log_limited(enum log_kind kind, enum log_level level, const char *format, ...) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec - atomic_load(&kinds[kind].since) >= 60) {
        atomic_store(&kinds[kind].since, now.tv_sec);
        atomic_store(&kinds[kind].printed, 0);
    }
    if (atomic_fetch_add(&kinds[kind].printed, 1) >= PRINTED_PER_KIND) {
        atomic_fetch_add(&kinds[kind].left_out, 1);
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    write_message(level, format, arguments);
    va_end(arguments);
}

void log_limits_report(void) {
    for (int kind = 0; kind < LOG_KINDS; kind++) {
        uint64_t count = atomic_load(&kinds[kind].left_out);
        if (count > 0)
            log_message(LOG_WARNING, "%llu more %s like these were not printed", (unsigned long long)count,
                        kind_names[kind]);
    }
}

void log_set_progress_shown(bool shown) {
    atomic_store(&progress_shown, shown);
}
