/* Every second the count that is shown is replaced by an empty one: what the old one has becomes a table, and those of the last seconds are
 * put together. So nothing has to be looked at while it is counted, and a table can be as large as memory allows.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "app/top.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "app/progress.h"
#include "app/top_print.h"
#include "base/check.h"
#include "enrich/rate_count.h"

#define SECONDS_MAX 3600u  /* of tables that are put together */
#define SECOND_ROWS 1000u  /* of one of them */
#define TOTAL_ROWS 10000u  /* of all that came, while it comes */
#define WINDOW_USUAL_S 60u /* of what has no end */
#define WHOLE_S UINT32_MAX /* a slot until 2106, and another one until 2242 */
#define NS_PER_S 1000000000

/* Addresses of networks, to find their names by: the lowest of each that was met. */
#define SAMPLES (1u << 14) /* more networks than that have no name */
#define SAMPLES_TRIED 16u
struct sample {
    uint32_t as_number;
    struct ip ip;
};

struct top {
    struct top_request request;
    struct rate_dim dim;
    struct rate_settings all_settings, second_settings;
    bool sliding; /* the last seconds are shown, and printed */
    pthread_mutex_t lock;
    /* behind the lock: */
    struct rate *all, *second; /* NULL: not wanted */
    uint64_t second_total;
    int64_t first_ns, last_ns; /* of events */
    struct sample samples[SAMPLES];
    /* the main thread's: */
    struct top_table seconds[SECONDS_MAX]; /* a ring; one that sums all up has one */
    uint64_t totals[SECONDS_MAX];
    uint32_t seconds_count, at;
    struct top_table shown;
    double started, next;
    bool on_screen, approximate;
};

/* --- counting --------------------------------------------------------------------------------------- */

static struct sample *sample_of(struct top *top, uint32_t as_number) {
    uint32_t at = as_number * 2654435769u >> 18;
    for (uint32_t i = 0; i < SAMPLES_TRIED; i++) {
        struct sample *sample = &top->samples[(at + i) % SAMPLES];
        if (sample->as_number == as_number || sample->as_number == 0) return sample;
    }
    return NULL;
}

static void look_at(struct top *top, const struct rollup_note *note) {
    uint32_t as_number = note->place.as_number;
    if (note->start_ns < top->first_ns) top->first_ns = note->start_ns;
    if (note->start_ns > top->last_ns) top->last_ns = note->start_ns;
    if (as_number == 0 || !note->resolved) return;
    struct sample *sample = sample_of(top, as_number);
    if (sample == NULL || (sample->as_number != 0 && memcmp(&sample->ip, &note->client, sizeof sample->ip) <= 0))
        return;
    *sample = (struct sample){as_number, note->client};
}

void top_count(struct top *top, const struct batch *batch) {
    ASSERT(pthread_mutex_lock(&top->lock) == 0);
    for (uint32_t i = 0; i < batch->notes_count; i++) look_at(top, &batch->notes[i]);
    if (top->all != NULL) rate_add(top->all, batch->notes, batch->notes_count);
    if (top->second != NULL) rate_add(top->second, batch->notes, batch->notes_count);
    ASSERT(pthread_mutex_unlock(&top->lock) == 0);
}

/* --- tables ------------------------------------------------------------------------------------------- */

struct taking {
    struct top_table *table;
    const struct rate_settings *settings;
};

static void take_row(void *context, const struct rate_row *row) {
    const struct taking *taking = context;
    top_table_add_row(taking->table, taking->settings, row);
}

/* All that was counted, as rows. */
static void take(const struct rate_settings *settings, struct rate *rate, struct top_table *table) {
    struct taking taking = {table, settings};
    rate_report(rate, INT64_MAX, take_row, &taking);
}

/* Replaces the count of this second. False: out of memory; it goes on then. */
static bool take_second(struct top *top) {
    struct rate *next = rate_new(&top->second_settings, top->request.bytes_max / 2);
    if (next == NULL) return false;
    ASSERT(pthread_mutex_lock(&top->lock) == 0);
    struct rate *rate = top->second;
    top->second = next;
    ASSERT(pthread_mutex_unlock(&top->lock) == 0);
    struct rate_totals totals = rate_totals(rate);
    top->approximate = top->approximate || totals.approximate;
    top->at = (top->at + 1) % top->seconds_count;
    struct top_table *table = &top->seconds[top->at];
    if (top->sliding) top_table_reset(table);
    if (top->sliding) top->totals[top->at] = 0;
    top->totals[top->at] += totals.requests;
    take(&top->second_settings, rate, table);
    if (!top->sliding) top_table_finish(table, false, TOTAL_ROWS);
    rate_free(rate);
    return true;
}

/* Puts what is shown together; returns all of its requests. */
static uint64_t sum_up(struct top *top, uint32_t rows) {
    uint64_t total = 0;
    top_table_reset(&top->shown);
    for (uint32_t i = 0; i < top->seconds_count; i++) {
        total += top->totals[i];
        top_table_add(&top->shown, &top->seconds[i]);
    }
    top_table_finish(&top->shown, false, rows);
    return total;
}

/* --- the screen ----------------------------------------------------------------------------------------- */

static const char *as_name(void *context, uint32_t number, char room[64]) {
    struct top *top = context;
    ASSERT(pthread_mutex_lock(&top->lock) == 0);
    struct sample *found = sample_of(top, number), sample = {0};
    if (found != NULL) sample = *found;
    ASSERT(pthread_mutex_unlock(&top->lock) == 0);
    struct geo_answer answer;
    struct geo_scratch scratch;
    struct place place;
    uint64_t damaged = 0;
    room[0] = '\0';
    if (sample.as_number == 0 || !geo_lookup(top->request.geo, &sample.ip, &answer, &damaged)) return room;
    geo_decode(top->request.geo, &answer, &place, &scratch);
    struct slice name = place.texts[PLACE_AS_ORGANIZATION];
    if (name.len > 63) name.len = 63;
    if (name.len > 0) memcpy(room, name.ptr, name.len);
    room[name.len] = '\0';
    return room;
}

static double shown_seconds(const struct top *top) {
    double seconds = progress_now() - top->started;
    return top->sliding && seconds > (double)top->seconds_count ? (double)top->seconds_count : seconds;
}

static void draw(struct top *top) {
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    (void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    if (size.ws_row < 4 || size.ws_col < 20) return;
    uint32_t rows = size.ws_row - 3u;
    uint64_t total = sum_up(top, rows < top->request.rows ? rows : top->request.rows);
    struct top_print print = {.dim = top->dim.name,
                              .total = total,
                              .seconds = shown_seconds(top),
                              .approximate = top->approximate,
                              .columns = size.ws_col,
                              .as_name = as_name,
                              .context = top};
    if (!top->on_screen) fputs("\033[?1049h\033[?25l", stdout);
    top->on_screen = true;
    char head[160];
    if (top->sliding)
        snprintf(head, sizeof head, "wherefrom top: %llu requests in the last %.0f s", (unsigned long long)total,
                 print.seconds);
    else
        snprintf(head, sizeof head, "wherefrom top: %llu requests so far", (unsigned long long)total);
    printf("\033[H%.*s\033[K\n", (int)size.ws_col, head);
    top_print_table(&print, &top->shown, stdout);
    fputs("\033[J", stdout);
    fflush(stdout);
}

void top_tick(struct top *top) {
    double now = progress_now();
    if (top->second == NULL || now < top->next) return;
    top->next = now - top->next < 1 ? top->next + 1 : now + 1; /* a second, though ticks come in steps */
    if (take_second(top)) draw(top);
}

void top_leave_screen(struct top *top) {
    top->next = 1e300;
    if (top->on_screen) fputs("\033[?25h\033[?1049l", stdout);
    top->on_screen = false;
    fflush(stdout);
}

enum status top_print(struct top *top, struct error *error) {
    const struct top_request *request = &top->request;
    struct top_print print = {.dim = top->dim.name, .as_name = as_name, .context = top};
    bool approximate = top->approximate;
    if (top->sliding) {
        (void)take_second(top);
        print.seconds = shown_seconds(top);
        print.total = sum_up(top, request->rows);
        approximate = top->approximate;
    } else {
        struct rate_totals totals = rate_totals(top->all);
        top_table_reset(&top->shown);
        take(&top->all_settings, top->all, &top->shown);
        top_table_finish(&top->shown, request->window_s != 0, request->rows);
        print.window_s = request->window_s;
        if (request->window_s == 0) print.total = totals.requests;
        print.seconds = request->window_s != 0         ? request->window_s
                        : top->last_ns > top->first_ns ? (double)(top->last_ns - top->first_ns) / NS_PER_S
                                                       : 0;
        approximate = totals.approximate;
    }
    print.approximate = approximate;
    request->json ? top_print_json(&print, &top->shown, stdout) : top_print_table(&print, &top->shown, stdout);
    return fflush(stdout) == 0 || errno == EPIPE ? STATUS_OK
                                                 : error_set_errno(error, errno, "top: stdout cannot be written");
}

/* --- life ----------------------------------------------------------------------------------------------- */

static struct rate_settings settings_of(const struct top_request *request, uint32_t rows, uint32_t window_s) {
    struct rate_settings settings = request->config->settings;
    settings.slot_s = settings.windows_s[0] = window_s;
    settings.windows_count = settings.dims_count = 1;
    settings.limits_count = 0;
    settings.dims[0] = *request->dim;
    settings.rows = rows;
    return settings;
}

struct top *top_new(const struct top_request *request) {
    struct top *top = calloc(1, sizeof *top);
    if (top == NULL) return NULL;
    top->request = *request;
    top->dim = *request->dim;
    top->sliding = request->live && (request->endless || request->window_s != 0);
    top->seconds_count = !top->sliding                     ? 1
                         : request->window_s == 0          ? WINDOW_USUAL_S
                         : request->window_s < SECONDS_MAX ? request->window_s
                                                           : SECONDS_MAX;
    top->first_ns = INT64_MAX;
    top->last_ns = INT64_MIN;
    top->started = progress_now();
    top->next = top->started + 0.5;
    ASSERT(pthread_mutex_init(&top->lock, NULL) == 0);
    top->all_settings = settings_of(request, request->rows, request->window_s != 0 ? request->window_s : WHOLE_S);
    top->second_settings = settings_of(request, SECOND_ROWS, WHOLE_S);
    if (!top->sliding) top->all = rate_new(&top->all_settings, request->bytes_max / (request->live ? 2 : 1));
    if (request->live) top->second = rate_new(&top->second_settings, request->bytes_max / 2);
    if ((top->all != NULL) != top->sliding && (top->second != NULL) == request->live) return top;
    top_free(top);
    return NULL;
}

void top_free(struct top *top) {
    if (top == NULL) return;
    for (uint32_t i = 0; i < top->seconds_count; i++) top_table_destroy(&top->seconds[i]);
    top_table_destroy(&top->shown);
    rate_free(top->all);
    rate_free(top->second);
    ASSERT(pthread_mutex_destroy(&top->lock) == 0);
    free(top);
}
