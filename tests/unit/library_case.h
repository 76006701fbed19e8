/* One request through libwherefrom, and all that it says as one text.
 *
 * Threads: any; the text belongs to the caller. */
#ifndef WHEREFROM_LIBRARY_CASE_H
#define WHEREFROM_LIBRARY_CASE_H

#include <stdio.h>
#include <string.h>

#include "library/wherefrom.h"

#define CASE_LINES_MAX 4
#define CASE_HEADERS_MAX 3

struct library_case {
    const char *what, *chain; /* chain NULL: none is declared */
    const char *peer;
    const char *lines[CASE_LINES_MAX];        /* of X-Forwarded-For, or of Forwarded where `forwarded` is set */
    const char *headers[CASE_HEADERS_MAX][2]; /* names and values */
    const char *proxy;                        /* version 1 */
    bool forwarded;
    const char *expected; /* as library_case_say writes it */
};

struct library_said {
    char text[1024];
};

static inline struct wherefrom_text library_text(const char *text) {
    struct wherefrom_text out = {text, text != NULL ? strlen(text) : 0};
    return out;
}

/* "ADDRESS PORT VERDICT PROVENANCE trust DEPTH [FLAGS] claim=.. via=..", the last two where there are some. */
static inline struct library_said library_say(const struct wherefrom_client *client) {
    struct library_said said;
    char flags[512], via[WHEREFROM_IP_TEXT_BYTES] = "";
    wherefrom_client_flags(client, flags, sizeof flags);
    if (client->has_via) wherefrom_ip_text(&client->via, via);
    snprintf(said.text, sizeof said.text, "%s%s%u %s %s %u %u [%s]%s%s%s%s", client->ip_text,
             client->ip_text[0] != '\0' ? " " : "", client->port, client->verdict, client->provenance, client->trust,
             client->depth, flags, client->claim_bytes > 0 ? " claim=" : "", client->claim,
             via[0] != '\0' ? " via=" : "", via);
    return said;
}

/* Resolves a case with a chain that was made of it. */
static inline void library_case_resolve(const struct library_case *given, const struct wherefrom_chain *chain,
                                        struct wherefrom_client *client) {
    struct wherefrom_text lines[CASE_LINES_MAX];
    struct wherefrom_header headers[CASE_HEADERS_MAX];
    struct wherefrom_request request = {.headers = headers};
    struct wherefrom_proxy proxy;
    size_t lines_count = 0, consumed;
    const char *reason;
    wherefrom_token_parse(library_text(given->peer), WHEREFROM_TOKEN_XFF, &request.peer);
    for (; lines_count < CASE_LINES_MAX && given->lines[lines_count] != NULL; lines_count++)
        lines[lines_count] = library_text(given->lines[lines_count]);
    *(given->forwarded ? &request.forwarded : &request.forwarded_for) = lines;
    *(given->forwarded ? &request.forwarded_count : &request.forwarded_for_count) = lines_count;
    for (; request.headers_count < CASE_HEADERS_MAX && given->headers[request.headers_count][0] != NULL;
         request.headers_count++) {
        headers[request.headers_count].name = library_text(given->headers[request.headers_count][0]);
        headers[request.headers_count].value = library_text(given->headers[request.headers_count][1]);
    }
    if (given->proxy != NULL) {
        wherefrom_proxy_parse(library_text(given->proxy), WHEREFROM_PROXY_V1, &proxy, &consumed, &reason);
        request.proxies = &proxy;
        request.proxies_count = 1;
    }
    wherefrom_resolve(chain, &request, client);
}

#endif
