/* The page of `run --ui`: that of a report, of what has been written since the start. It asks for new data every other second.
 *
 * Read only; what it shows is what a report would, so whoever reaches the address sees it. The data are made at most once a second, whoever
 * asks.
 *
 * Threads: opened, swept and closed by the main thread; a page is made by the listener's own. */
#ifndef WHEREFROM_LIVE_PAGE_H
#define WHEREFROM_LIVE_PAGE_H

#include "app/databases.h"
#include "app/report.h"
#include "ingest/inputs.h"

struct live_page_request {
    const char *at; /* --ui */
    struct report *report;
    const struct inputs *inputs;
    struct databases *databases; /* until others are used */
};

struct live_page;

/* Answers from here on. The request's pointers stay valid until live_page_close; NULL is allowed there and below. */
enum status live_page_open(const struct live_page_request *request, struct live_page **page,
                           struct error *error) WARN_UNUSED;
void live_page_close(struct live_page *page);
void live_page_sweep(struct live_page *page);

/* Names of networks are looked up in these from now on. */
void live_page_use_databases(struct live_page *page, struct databases *databases);

/* STATUS_USAGE: that is no address to listen on; NULL is fine. */
enum status live_page_check(const char *at, struct error *error) WARN_UNUSED;

#endif
