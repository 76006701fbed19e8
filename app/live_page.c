/* Pages are made by the listener while records are counted: for a moment the counting waits (app/report.h).
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "app/live_page.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/log.h"
#include "app/page_listener.h"
#include "app/report_page.h"
#include "base/check.h"
#include "base/endpoint.h"
#include "base/monotonic.h"

#define DATA_MS 1000u /* so old what is told may be */
#define HEADERS_COUNT 5u
#define JSON_TYPE "application/json; charset=utf-8"
#define HTML_TYPE "text/html; charset=utf-8"

struct live_page {
    struct live_page_request request;
    struct page_listener *listener;
    struct page_header headers[HEADERS_COUNT];
    char *policy; /* what the page says of itself, and that it is in no frame */
    pthread_mutex_t lock;
    struct databases *databases; /* behind the lock; it is one of their users */
    /* the listener's: */
    char *data;
    size_t data_bytes;
    uint64_t made_ms; /* 0: never */
};

/* --- pages ------------------------------------------------------------------------------------------ */

/* As a text from malloc; NULL: there is no memory. */
static char *write_text(struct live_page *page, void (*write)(struct report *, const struct report_facts *, FILE *),
                        size_t *bytes) {
    char *text = NULL;
    FILE *out = open_memstream(&text, bytes);
    if (out == NULL) return NULL;
    ASSERT(pthread_mutex_lock(&page->lock) == 0);
    struct databases *databases = databases_keep(page->databases);
    ASSERT(pthread_mutex_unlock(&page->lock) == 0);
    const struct report_facts facts = {.live = true, .inputs = page->request.inputs, .geo = &databases->geo};
    write(page->request.report, &facts, out);
    databases_release(databases);
    if (fclose(out) == 0) return text;
    free(text);
    return NULL;
}

static struct page_answer show_page(void *context) {
    struct page_answer answer = {.status = 200, .type = HTML_TYPE};
    answer.text = write_text(context, report_page_write, &answer.bytes);
    return answer;
}

static struct page_answer show_data(void *context) {
    struct live_page *page = context;
    struct page_answer answer = {.status = 200, .type = JSON_TYPE};
    if (page->made_ms == 0 || monotonic_ms() - page->made_ms >= DATA_MS) {
        free(page->data);
        page->data = write_text(page, report_data_write, &page->data_bytes);
        page->made_ms = page->data != NULL ? monotonic_ms() : 0;
    }
    if (page->data == NULL || (answer.text = malloc(page->data_bytes + 1)) == NULL) return answer;
    memcpy(answer.text, page->data, page->data_bytes);
    answer.bytes = page->data_bytes;
    return answer;
}

/* --- life ------------------------------------------------------------------------------------------- */

enum status live_page_check(const char *at, struct error *error) {
    struct endpoint endpoint;
    return at != NULL ? page_listener_parse("ui", at, &endpoint, error) : STATUS_OK;
}

static bool is_loopback(const struct ip *ip) {
    static const struct ip v6 = {{[15] = 1}};
    return ip_is_v4(ip) ? ip->bytes[12] == 127 : memcmp(ip, &v6, sizeof v6) == 0;
}

static enum status listen_at(struct live_page *page, const struct endpoint *at, struct error *error) {
    static const struct page_path paths[] = {{"/", show_page}, {"/data.json", show_data}};
    const struct page_header headers[HEADERS_COUNT] = {{"Content-Security-Policy", page->policy},
                                                       {"X-Content-Type-Options", "nosniff"},
                                                       {"Cross-Origin-Resource-Policy", "same-origin"},
                                                       {"Referrer-Policy", "no-referrer"},
                                                       {"Cache-Control", "no-store"}};
    memcpy(page->headers, headers, sizeof headers);
    const struct page_listener_request request = {.option = "ui",
                                                  .at = *at,
                                                  .paths = paths,
                                                  .paths_count = sizeof paths / sizeof paths[0],
                                                  .paths_help = "there are / and /data.json\n",
                                                  .headers = page->headers,
                                                  .headers_count = HEADERS_COUNT,
                                                  .checks_host = true,
                                                  .context = page};
    struct endpoint bound;
    char text[ENDPOINT_TEXT_BYTES];
    enum status status = page_listener_open(&request, &page->listener, &bound, error);
    if (status != STATUS_OK) return status;
    endpoint_format(&bound, text, sizeof text);
    log_message(LOG_INFO, "ui: http://%s/", text);
    if (!is_loopback(&bound.address.ip))
        log_message(LOG_WARNING, "ui: everybody who reaches %s sees clients' addresses; there is no password", text);
    return STATUS_OK;
}

enum status live_page_open(const struct live_page_request *request, struct live_page **result, struct error *error) {
    struct endpoint at;
    enum status status = page_listener_parse("ui", request->at, &at, error);
    if (status != STATUS_OK) return status;
    struct live_page *page = calloc(1, sizeof *page);
    if (page == NULL) return error_set(error, STATUS_FAILED, "ui: out of memory");
    page->request = *request;
    page->databases = databases_keep(request->databases);
    ASSERT(pthread_mutex_init(&page->lock, NULL) == 0);
    const struct slice policy = report_page_policy();
    bool good = asprintf(&page->policy, "%.*s; frame-ancestors 'none'", (int)policy.len, policy.ptr) >= 0;
    status = good ? listen_at(page, &at, error) : error_set(error, STATUS_FAILED, "ui: out of memory");
    *result = page;
    if (status == STATUS_OK) return status;
    if (!good) page->policy = NULL;
    live_page_close(page);
    *result = NULL;
    return status;
}

void live_page_close(struct live_page *page) {
    if (page == NULL) return;
    page_listener_close(page->listener); /* from here on no page is made */
    databases_release(page->databases);
    ASSERT(pthread_mutex_destroy(&page->lock) == 0);
    free(page->policy);
    free(page->data);
    free(page);
}

void live_page_sweep(struct live_page *page) {
    if (page != NULL) page_listener_sweep(page->listener);
}

void live_page_use_databases(struct live_page *page, struct databases *databases) {
    if (page == NULL) return;
    ASSERT(pthread_mutex_lock(&page->lock) == 0);
    struct databases *before = page->databases;
    page->databases = databases_keep(databases);
    ASSERT(pthread_mutex_unlock(&page->lock) == 0);
    databases_release(before);
}
