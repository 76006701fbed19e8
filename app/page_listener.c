/* libmicrohttpd with one thread for all connections. Its time limit is one of silence; whoever sends a byte now and then is cut off by
 * page_listener_sweep, or when others want its place.
 *
 * Threads: see the header; the list of connections is used by both, under its lock. */
#define _GNU_SOURCE
#include "app/page_listener.h"

#include <errno.h>
#include <limits.h>
#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/endpoint.h"
#include "base/monotonic.h"
#include "schemas/limits.h"

/* While one of too many is being cut off, a new one has its place already. */
#define PLACES (2 * METRICS_CONNECTIONS_MAX)

struct connection {
    int fd; /* -1: none */
    bool cut;
    uint64_t begun_ms;
};

struct page_listener {
    struct page_listener_request request;
    struct MHD_Daemon *daemon;
    pthread_mutex_t lock; /* guards the connections: one in the list is not closed yet */
    struct connection connections[PLACES];
};

enum status page_listener_parse(const char *option, const char *text, struct endpoint *at, struct error *error) {
    static const char loopback[] = "127.0.0.1:";
    char whole[sizeof loopback + 8];
    if (text[0] != '\0' && strspn(text, "0123456789") == strlen(text) && strlen(text) <= 5) {
        stpcpy(stpcpy(whole, loopback), text);
        text = whole;
    }
    if (ip_parse_endpoint(slice_from(text), at) && (at->address.family == IP_V4 || text[0] == '[')) return STATUS_OK;
    return error_set(error, STATUS_USAGE,
                     "%s: expected PORT or ADDRESS:PORT with an IP address, such as 9464, 0.0.0.0:9464 or "
                     "[::1]:9464, got %.80s",
                     option, text);
}

/* --- answers -------------------------------------------------------------------------------------- */

static bool add_headers(struct MHD_Response *response, const struct page_listener_request *request,
                        const struct page_answer *answer) {
    bool good = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type) == MHD_YES;
    for (size_t i = 0; i < request->headers_count && good; i++)
        good = MHD_add_response_header(response, request->headers[i].name, request->headers[i].value) == MHD_YES;
    return good && (answer->status != MHD_HTTP_METHOD_NOT_ALLOWED ||
                    MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD") == MHD_YES);
}

static enum MHD_Result send_answer(struct MHD_Connection *connection, const struct page_listener_request *request,
                                   const struct page_answer *answer) {
    struct MHD_Response *response = MHD_create_response_from_buffer(answer->bytes, answer->text, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        free(answer->text);
        return MHD_NO;
    }
    enum MHD_Result result = MHD_NO;
    if (add_headers(response, request, answer)) result = MHD_queue_response(connection, answer->status, response);
    MHD_destroy_response(response);
    return result;
}

static struct page_answer refusal(unsigned status, const char *text) {
    struct page_answer answer = {.status = status, .type = "text/plain; charset=utf-8", .text = strdup(text)};
    if (answer.text != NULL) answer.bytes = strlen(text);
    return answer;
}

/* Without a port, and of an IPv6 address without its brackets; empty: it is none. */
static struct slice host_of(struct slice text) {
    const char *close = text.len > 0 && text.ptr[0] == '[' ? memchr(text.ptr, ']', text.len) : NULL;
    if (close == NULL) return slice_cut(&text, ':');
    bool ends = close + 1 == text.ptr + text.len || close[1] == ':';
    return ends ? (struct slice){text.ptr + 1, (size_t)(close - text.ptr - 1)} : (struct slice){0};
}

static bool is_own_host(struct MHD_Connection *connection) {
    const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);
    char own[HOST_NAME_MAX + 1] = "";
    struct ip_parsed address;
    if (value == NULL) return false;
    struct slice host = host_of(slice_from(value));
    (void)gethostname(own, sizeof own - 1);
    return ip_parse(host, &address) || slice_equal(host, SLICE("localhost")) ||
           (own[0] != '\0' && slice_equal(host, slice_from(own)));
}

static struct page_answer answer_to(const struct page_listener_request *request, const char *url, const char *method) {
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return refusal(MHD_HTTP_METHOD_NOT_ALLOWED, "expected GET or HEAD\n");
    for (size_t i = 0; i < request->paths_count; i++)
        if (strcmp(url, request->paths[i].path) == 0) return request->paths[i].answer(request->context);
    return refusal(MHD_HTTP_NOT_FOUND, request->paths_help);
}

/* Once when the headers are there, and again for a body: which is not read, for the answer to the first call ends the connection. */
static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *body, size_t *body_bytes, void **state) {
    const struct page_listener *listener = context;
    (void)version;
    (void)body;
    (void)body_bytes;
    (void)state;
    const struct page_listener_request *request = &listener->request;
    const struct page_answer answer = !request->checks_host || is_own_host(connection)
                                          ? answer_to(request, url, method)
                                          : refusal(MHD_HTTP_MISDIRECTED_REQUEST,
                                                    "expected an address, localhost or this machine's name as Host\n");
    return answer.text != NULL ? send_answer(connection, request, &answer) : MHD_NO;
}

/* --- connections ---------------------------------------------------------------------------------- */

static void lock(struct page_listener *listener) {
    ASSERT(pthread_mutex_lock(&listener->lock) == 0);
}

static void unlock(struct page_listener *listener) {
    ASSERT(pthread_mutex_unlock(&listener->lock) == 0);
}

/* The place of a descriptor; of -1 one that is free. NULL: none. */
static struct connection *find(struct page_listener *listener, int fd) {
    for (size_t i = 0; i < PLACES; i++)
        if (listener->connections[i].fd == fd) return &listener->connections[i];
    return NULL;
}

/* Its owner closes it. */
static void cut(struct connection *connection) {
    (void)shutdown(connection->fd, SHUT_RDWR);
    connection->cut = true;
}

/* Whoever asks for a page has it at once, so who has been there for longest is hardly one of those. */
static void cut_one_of_too_many(struct page_listener *listener) {
    struct connection *oldest = NULL;
    size_t count = 0;
    for (size_t i = 0; i < PLACES; i++) {
        struct connection *connection = &listener->connections[i];
        if (connection->fd < 0 || connection->cut) continue;
        count++;
        if (oldest == NULL || connection->begun_ms < oldest->begun_ms) oldest = connection;
    }
    if (count > METRICS_CONNECTIONS_MAX) cut(oldest);
}

static void notify(void *context, struct MHD_Connection *connection, void **state,
                   enum MHD_ConnectionNotificationCode code) {
    struct page_listener *listener = context;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    bool begins = code == MHD_CONNECTION_NOTIFY_STARTED;
    (void)state;
    lock(listener);
    struct connection *place = info != NULL ? find(listener, begins ? -1 : info->connect_fd) : NULL;
    if (place != NULL)
        *place = begins ? (struct connection){.fd = info->connect_fd, .begun_ms = monotonic_ms()}
                        : (struct connection){.fd = -1};
    if (begins) cut_one_of_too_many(listener);
    unlock(listener);
}

void page_listener_sweep(struct page_listener *listener) {
    uint64_t now = monotonic_ms();
    lock(listener);
    for (size_t i = 0; i < PLACES; i++) {
        struct connection *connection = &listener->connections[i];
        bool open = connection->fd >= 0 && !connection->cut;
        if (open && now - connection->begun_ms > METRICS_CONNECTION_MS_MAX) cut(connection);
    }
    unlock(listener);
}

/* --- life ----------------------------------------------------------------------------------------- */

/* -1: the error says why. */
static int open_socket(const struct page_listener_request *request, struct endpoint *bound, struct error *error) {
    const struct endpoint *at = &request->at;
    struct sockaddr_storage address;
    socklen_t bytes = endpoint_to_socket(at, &address);
    int one = 1, fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0) (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, bytes) != 0 || listen(fd, METRICS_CONNECTIONS_MAX) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &bytes) != 0) {
        char text[ENDPOINT_TEXT_BYTES];
        int reason = errno;
        endpoint_format(at, text, sizeof text);
        error_set_errno(error, reason, "%s: cannot listen on %s; give another address with --%s", request->option, text,
                        request->option);
        if (fd >= 0) close(fd);
        return -1;
    }
    *bound = endpoint_of_socket(&address);
    return fd;
}

/* What clients do wrong is no news. */
static void say_nothing(void *context, const char *format, va_list arguments) {
    (void)context;
    (void)format;
    (void)arguments;
}

enum status page_listener_open(const struct page_listener_request *request, struct page_listener **result,
                               struct endpoint *bound, struct error *error) {
    struct page_listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL) return error_set(error, STATUS_FAILED, "%s: out of memory", request->option);
    listener->request = *request;
    for (size_t i = 0; i < PLACES; i++) listener->connections[i].fd = -1;
    ASSERT(pthread_mutex_init(&listener->lock, NULL) == 0);
    int fd = open_socket(request, bound, error);
    if (fd >= 0) {
        /* its thread must not be the one that gets a signal */
        sigset_t all, before;
        sigfillset(&all);
        ASSERT(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
        listener->daemon = MHD_start_daemon(
            MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG, 0, NULL, NULL, handle, listener,
            MHD_OPTION_EXTERNAL_LOGGER, say_nothing, NULL, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
            PLACES, MHD_OPTION_CONNECTION_TIMEOUT, METRICS_SILENT_SECONDS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
            (size_t)METRICS_REQUEST_BYTES_MAX, MHD_OPTION_NOTIFY_CONNECTION, notify, listener, MHD_OPTION_END);
        ASSERT(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
        if (listener->daemon == NULL) {
            close(fd);
            (void)error_set(error, STATUS_FAILED, "%s: the listener cannot be started; is there memory left?",
                            request->option);
        }
    }
    *result = listener;
    if (listener->daemon != NULL) return STATUS_OK;
    page_listener_close(listener);
    *result = NULL;
    return STATUS_FAILED;
}

void page_listener_close(struct page_listener *listener) {
    if (listener == NULL) return;
    if (listener->daemon != NULL) MHD_stop_daemon(listener->daemon);
    ASSERT(pthread_mutex_destroy(&listener->lock) == 0);
    free(listener);
}
