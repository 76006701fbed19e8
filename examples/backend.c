/* A backend that tells everybody who they are, as far as it can be known.
 *
 *     cc backend.c $(pkg-config --cflags --libs wherefrom) -o backend
 *     ./backend 8080 alb               behind an ALB; instead of its name, a list of hops
 *     ./backend 8080 nlb-pp2 proxy     behind an NLB with the PROXY protocol
 *
 * One connection after the other and one request each: it shows the library, not how to write a server.
 *
 * Threads: one. */
#define _POSIX_C_SOURCE 200809L
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
#include <wherefrom.h>

#define HEAD_BYTES_MAX (WHEREFROM_PROXY_BYTES_MAX + 32 * 1024)
#define LINES_MAX 100

static char head[HEAD_BYTES_MAX + 1]; /* of the connection: a PROXY header if there is one, and the request's */
static size_t head_bytes;

static int read_more(int connection) {
    ssize_t got = recv(connection, head + head_bytes, HEAD_BYTES_MAX - head_bytes, 0);
    if (got > 0) head_bytes += (size_t)got;
    head[head_bytes] = '\0';
    return got > 0;
}

/* Where the request begins; -1: the connection is to be closed. */
static long read_proxy(int connection, struct wherefrom_proxy *proxy) {
    do {
        struct wherefrom_text bytes = {head, head_bytes};
        size_t consumed;
        const char *reason;
        enum wherefrom_parsed parsed = wherefrom_proxy_parse(bytes, WHEREFROM_PROXY_EITHER, proxy, &consumed, &reason);
        if (parsed == WHEREFROM_DONE) return (long)consumed;
        if (parsed == WHEREFROM_BAD) return -1;
    } while (read_more(connection));
    return -1;
}

#define IS_NAME(name, known) ((name).len == sizeof known - 1 && strncasecmp((name).ptr, known, (name).len) == 0)

/* All header lines behind the request line; 0: too many, and none may be left out. A folded line is left as it came. */
static int take_lines(const char *at, const char *end, struct wherefrom_request *request) {
    static struct wherefrom_text forwarded_for[LINES_MAX], forwarded[LINES_MAX];
    static struct wherefrom_header headers[LINES_MAX];
    request->forwarded_for = forwarded_for, request->forwarded = forwarded, request->headers = headers;
    for (at = strstr(at, "\r\n"); at < end;) {
        const char *line = at += 2;
        while (!(at[0] == '\r' && at[1] == '\n' && at[2] != ' ' && at[2] != '\t')) at++;
        const char *colon = (const char *)memchr(line, ':', (size_t)(at - line));
        if (colon == NULL) continue;
        struct wherefrom_text name = {line, (size_t)(colon - line)}, value = {colon + 1, (size_t)(at - colon - 1)};
        struct wherefrom_header header = {name, value};
        if (request->headers_count == LINES_MAX) return 0;
        headers[request->headers_count++] = header;
        if (IS_NAME(name, "X-Forwarded-For")) forwarded_for[request->forwarded_for_count++] = value;
        if (IS_NAME(name, "Forwarded")) forwarded[request->forwarded_count++] = value;
    }
    return 1;
}

static void answer(int connection, const struct wherefrom_client *client) {
    char flags[512], text[1024];
    wherefrom_client_flags(client, flags, sizeof flags);
    int bytes = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\n\r\n%s %s port=%u %s trust=%u [%s]\n",
                         client->resolved ? client->ip_text : "nobody", client->verdict, (unsigned)client->port,
                         client->provenance, (unsigned)client->trust, flags);
    if (send(connection, text, (size_t)bytes, MSG_NOSIGNAL) != bytes) perror("send");
}

static void serve(int connection, struct wherefrom_request *request, const struct wherefrom_chain *chain, int proxied) {
    struct wherefrom_proxy proxy;
    struct wherefrom_client client;
    head_bytes = 0;
    head[0] = '\0';
    long begin = proxied ? read_proxy(connection, &proxy) : 0;
    if (begin < 0) return;
    request->proxies = &proxy, request->proxies_count = (size_t)proxied;
    const char *end; /* of the header lines; none is found behind a NUL, which no good request has */
    while ((end = strstr(head + begin, "\r\n\r\n")) == NULL)
        if (!read_more(connection)) return;
    if (!take_lines(head + begin, end, request)) return;
    wherefrom_resolve(chain, request, &client);
    answer(connection, &client);
}

int main(int count, char **arguments) {
    char error[512] = "usage: backend PORT CHAIN [proxy]";
    struct wherefrom_chain *chain = count < 3 ? NULL : wherefrom_chain_new(arguments[2], error, sizeof error);
    if (chain == NULL) return fprintf(stderr, "%s\n", error), 2;
    struct sockaddr_in address;
    socklen_t address_bytes = sizeof address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons((uint16_t)strtoul(arguments[1], NULL, 10));
    int listener = socket(AF_INET, SOCK_STREAM, 0), connection;
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, address_bytes) != 0 || listen(listener, 16) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &address_bytes) != 0)
        return perror("listen"), 1;
    fprintf(stderr, "listening on port %u\n", (unsigned)ntohs(address.sin_port));
    struct sockaddr_storage peer;
    socklen_t peer_bytes = sizeof peer;
    while ((connection = accept(listener, (struct sockaddr *)&peer, &peer_bytes)) >= 0) {
        struct wherefrom_request request;
        memset(&request, 0, sizeof request);
        wherefrom_token_from_sockaddr((struct sockaddr *)&peer, peer_bytes, &request.peer);
        serve(connection, &request, chain, count > 3);
        close(connection);
        peer_bytes = sizeof peer;
    }
    wherefrom_chain_free(chain);
    return 0;
}
