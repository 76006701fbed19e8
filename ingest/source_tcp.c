/* Connections -> batches.
 *
 * One epoll for all, level-triggered: what is not read now is told again. Connections with something to do stand in a list, the
 * `ready` ones: wait() fills it without a batch in hand, and fill() works it off, 64 KiB of each in turn, and looks for more until
 * nothing more is there at once. So a batch holds lines of many connections, and nothing is read while there is no batch: then
 * senders wait, by TCP's own window. A connection that is to be closed is only marked and made ready, since the start of its last
 * line needs a batch, too.
 *
 * Threads: an instance belongs to one thread. */
#define _GNU_SOURCE
#include "ingest/source_tcp.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/endpoint.h"
#include "base/monotonic.h"
#include "ingest/listen_url.h"
#include "ingest/tcp_connection.h"

#define EVENTS_MAX 1024
#define SWEEP_MS 1000         /* timeouts are whole seconds */
#define LINGER_MS 50          /* a batch with lines waits no longer for connections that always have a little more */
#define DESCRIPTORS_SPARE 64u /* beside those of connections */
#define BACKLOG 4096          /* the system's own bound is lower or equal */

#define AT(member) .offset = offsetof(struct source_tcp_settings, member)

/* clang-format off */
const struct option_spec source_tcp_options[] = {
    {.name = "proxy-from", .kind = OPTION_LIST, AT(proxy_from), .placeholder = "CIDR",
     .help = "network of proxies that may send a PROXY header; where tcp:// wants one, connections from elsewhere are closed; none: "
             "from anywhere"},
    {.name = "connections-max", .kind = OPTION_COUNT, AT(connections_max), .placeholder = "N", .default_text = "10000", .min = 1,
     .max = 1000000, .help = "connections of a listener at a time; more are closed at once"},
    {.name = "header-timeout", .kind = OPTION_COUNT, AT(header_timeout_s), .placeholder = "SECONDS", .default_text = "10", .min = 1,
     .max = 86400, .help = "time in which a PROXY header must have come"},
    {.name = "idle-timeout", .kind = OPTION_COUNT, AT(idle_timeout_s), .placeholder = "SECONDS", .default_text = "0", .max = 31536000,
     .help = "close a connection that sent nothing for so long; 0: never, since who logs seldom would lose what it sends next"},
};
/* clang-format on */
const size_t source_tcp_options_count = sizeof source_tcp_options / sizeof source_tcp_options[0];

/* Connections in a row, linked by `next`. */
struct list {
    struct tcp_connection *first, *last;
};

struct source_tcp {
    struct source_tcp_request request;
    const struct origin *origin;
    struct listen_url url;
    char name[IP_TEXT_BYTES_MAX + 16]; /* the address it listens on */
    int listen_fd, epoll_fd;
    bool stopping;                        /* the run shall end */
    bool draining;                        /* and what came so far is read: no waiting any more */
    bool accepting;                       /* not while descriptors are short */
    struct tcp_connection *connections;   /* connections_max of them */
    uint32_t connections_count, used_max; /* open; those behind were never used */
    struct list ready, unused;
    size_t held_sum;
    uint64_t now_ms, next_sweep_ms;
    struct connection_counts counts;
    char *bytes; /* CONNECTION_READ_BYTES */
};

struct source_tcp *source_tcp_new(const struct source_tcp_request *request) {
    struct source_tcp *source = calloc(1, sizeof *source);
    if (source == NULL) return NULL;
    source->request = *request;
    source->listen_fd = source->epoll_fd = -1;
    return source;
}

enum status source_tcp_proxy_set(const struct source_tcp_settings *settings, struct cidr_set **set,
                                 struct error *error) {
    *set = NULL;
    if (settings->proxy_from.count == 0) return STATUS_OK;
    *set = cidr_set_new();
    if (*set == NULL) return error_set(error, STATUS_FAILED, "--proxy-from: out of memory");
    for (size_t i = 0; i < settings->proxy_from.count; i++) {
        const char *text = settings->proxy_from.items[i], *problem;
        struct cidr cidr;
        if (!cidr_parse(slice_from(text), &cidr, &problem))
            return error_set(error, STATUS_USAGE, "--proxy-from %s: %s", text, problem);
        if (cidr_set_add(*set, &cidr) == CIDR_NO_MEMORY)
            return error_set(error, STATUS_FAILED, "--proxy-from: out of memory");
    }
    return STATUS_OK;
}

/* --- lists -------------------------------------------------------------------------------------- */

static void append(struct list *list, struct tcp_connection *connection) {
    connection->next = NULL;
    *(list->first == NULL ? &list->first : &list->last->next) = connection;
    list->last = connection;
}

static void prepend(struct list *list, struct tcp_connection *connection) {
    connection->next = list->first;
    if (list->first == NULL) list->last = connection;
    list->first = connection;
}

static struct tcp_connection *take_first(struct list *list) {
    struct tcp_connection *connection = list->first;
    if (connection != NULL) list->first = connection->next;
    return connection;
}

static void make_ready(struct source_tcp *source, struct tcp_connection *connection) {
    if (!connection->ready) append(&source->ready, connection);
    connection->ready = true;
}

/* --- opening and closing ------------------------------------------------------------------------ */

static void close_input(void *instance) {
    struct source_tcp *source = instance;
    for (uint32_t i = 0; i < source->used_max; i++) {
        tcp_connection_drop(&source->connections[i], &source->held_sum);
        if (source->connections[i].fd >= 0) close(source->connections[i].fd);
    }
    if (source->listen_fd >= 0) close(source->listen_fd);
    if (source->epoll_fd >= 0) close(source->epoll_fd);
    free(source->connections);
    free(source->bytes);
    source->listen_fd = source->epoll_fd = -1;
    source->connections = NULL;
    source->bytes = NULL;
    source->connections_count = source->used_max = 0;
    source->ready = source->unused = (struct list){NULL, NULL};
}

void source_tcp_free(struct source_tcp *source, struct connection_counts *counts) {
    if (source == NULL) return;
    close_input(source);
    counts->accepted += source->counts.accepted;
    for (int i = 0; i < CLOSED_REASONS; i++) counts->closed[i] += source->counts.closed[i];
    free(source);
}

/* As many descriptors as connections may want, if the system allows it. */
static void raise_descriptors(struct source_tcp *source) {
    struct rlimit limit;
    rlim_t wanted = source->request.settings->connections_max + DESCRIPTORS_SPARE;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == wanted) return;
    char message[160];
    snprintf(message, sizeof message,
             "tcp: the system allows %llu open files, so not all of --connections-max can be open; raise `ulimit -n`",
             (unsigned long long)limit.rlim_max);
    source->request.report(true, message);
}

static bool watch(struct source_tcp *source, int operation, int fd, uint32_t events, void *what) {
    struct epoll_event event = {.events = events, .data.ptr = what};
    return epoll_ctl(source->epoll_fd, operation, fd, &event) == 0;
}

/* The socket itself. False with errno. */
static bool start_listening(struct source_tcp *source) {
    struct sockaddr_storage address;
    socklen_t address_bytes = endpoint_to_socket(&source->url.at, &address);
    const int yes = 1, no = 0;
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    source->listen_fd = fd;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes) != 0) /* connections inherit it */
        return false;
    if (address.ss_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no) != 0) return false;
    if (bind(fd, (struct sockaddr *)&address, address_bytes) != 0 || listen(fd, BACKLOG) != 0) return false;
    address_bytes = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &address_bytes) != 0) return false;
    struct endpoint bound = endpoint_of_socket(&address);
    endpoint_format(&bound, source->name, sizeof source->name);
    source->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    return source->epoll_fd >= 0 && watch(source, EPOLL_CTL_ADD, fd, EPOLLIN, &source->listen_fd) &&
           (source->request.stop_fd < 0 ||
            watch(source, EPOLL_CTL_ADD, source->request.stop_fd, EPOLLIN, &source->request.stop_fd));
}

static enum status open_input(void *instance, const struct origin *origin, struct error *error) {
    struct source_tcp *source = instance;
    enum status status = listen_url_parse(origin->path.ptr, &source->url, error);
    if (status != STATUS_OK) return status;
    source->origin = origin;
    source->stopping = source->draining = false;
    source->accepting = true;
    source->next_sweep_ms = 0;
    raise_descriptors(source);
    source->bytes = malloc(CONNECTION_READ_BYTES);
    source->connections = calloc(source->request.settings->connections_max, sizeof *source->connections);
    if (source->bytes == NULL || source->connections == NULL)
        status = error_set(error, STATUS_FAILED, "input: %s: out of memory", origin->path.ptr);
    else if (!start_listening(source))
        status = error_set_errno(error, errno, "input: %s: can't listen there", origin->path.ptr);
    if (status != STATUS_OK) {
        close_input(source);
        return status;
    }
    char message[sizeof source->name + 16];
    snprintf(message, sizeof message, "listening on %s", source->name);
    source->request.report(false, message);
    return STATUS_OK;
}

/* --- connections -------------------------------------------------------------------------------- */

static void warn_closed(const struct source_tcp *source, const struct endpoint *peer, const char *why) {
    char message[512], address[IP_TEXT_BYTES_MAX + 16];
    endpoint_format(peer, address, sizeof address);
    snprintf(message, sizeof message, "tcp: %s: closed the connection of %s: %s", source->name, address, why);
    source->request.report(true, message);
}

/* Closes one that was never taken in. */
static void refuse(struct source_tcp *source, int fd, const struct endpoint *peer, enum connection_closed reason) {
    close(fd);
    source->counts.closed[reason]++;
    warn_closed(source, peer,
                reason == CLOSED_LIMIT ? "as many as --connections-max are open" : "it is not of --proxy-from");
}

static void admit(struct source_tcp *source, int fd, const struct endpoint *peer) {
    const struct source_tcp_request *request = &source->request;
    source->counts.accepted++;
    if (source->url.proxy != LISTEN_PROXY_OFF && request->proxy_from != NULL &&
        !cidr_set_has(request->proxy_from, &peer->address.ip)) {
        refuse(source, fd, peer, CLOSED_NOT_ALLOWED);
        return;
    }
    if (source->connections_count == request->settings->connections_max) {
        refuse(source, fd, peer, CLOSED_LIMIT);
        return;
    }
    struct tcp_connection *connection = take_first(&source->unused);
    if (connection == NULL) connection = &source->connections[source->used_max++];
    *connection = (struct tcp_connection){.fd = fd,
                                          .header_wanted = source->url.proxy != LISTEN_PROXY_OFF,
                                          .since_ms = source->now_ms,
                                          .frames = {.line_bytes_max = LINE_BYTES_MAX},
                                          .line_number = 1,
                                          .facts.peer = *peer};
    if (!uuid_random(connection->facts.uuid) || !watch(source, EPOLL_CTL_ADD, fd, EPOLLIN, connection)) {
        close(fd);
        connection->fd = -1;
        prepend(&source->unused, connection);
        return;
    }
    source->connections_count++;
}

static void set_accepting(struct source_tcp *source, bool accepting) {
    if (source->accepting == accepting || source->listen_fd < 0) return;
    source->accepting = accepting;
    (void)watch(source, EPOLL_CTL_MOD, source->listen_fd, accepting ? EPOLLIN : 0, &source->listen_fd);
}

static void accept_all(struct source_tcp *source) {
    for (int i = 0; i < EVENTS_MAX; i++) {
        struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
        socklen_t address_bytes = sizeof address;
        int fd = accept4(source->listen_fd, (struct sockaddr *)&address, &address_bytes, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            struct endpoint peer = endpoint_of_socket(&address);
            admit(source, fd, &peer);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            set_accepting(source, false); /* until the next sweep: it would be told again and again */
            source->request.report(true, "tcp: no descriptors left; connections wait");
            return;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        } /* else that connection is gone already */
    }
}

/* Counts why, and forgets it. Its last lines are in a batch. */
static void close_connection(struct source_tcp *source, struct tcp_connection *connection) {
    static const struct {
        int reason; /* -1: the sender closed it */
        const char *why;
    } ends[] = {
        [TCP_OPEN] = {-1, NULL},
        [TCP_ENDED] = {-1, NULL},
        [TCP_RESET] = {-1, NULL},
        [TCP_STOPPED] = {-1, NULL},
        [TCP_BAD_PROXY_HEADER] = {CLOSED_BAD_PROXY_HEADER, "no good PROXY header"},
        [TCP_HEADER_TIMEOUT] = {CLOSED_TIMEOUT, "its PROXY header did not come within --header-timeout"},
        [TCP_IDLE_TIMEOUT] = {CLOSED_TIMEOUT, "it sent nothing for --idle-timeout"},
        [TCP_NO_MEMORY] = {CLOSED_MEMORY, "it held most of too many unfinished lines"},
        [TCP_BAD_FRAMING] = {CLOSED_BAD_FRAMING, "no length where octet counting wants one"},
    };
    enum tcp_end end = connection->end;
    bool cut_header = connection->header_wanted && connection->held_bytes > 0 && (end == TCP_ENDED || end == TCP_RESET);
    if (cut_header) end = TCP_BAD_PROXY_HEADER;
    if (ends[end].reason >= 0) {
        char why[128];
        const char *more = cut_header ? "cut off" : end == TCP_BAD_PROXY_HEADER ? connection->why : NULL;
        snprintf(why, sizeof why, "%s%s%s", ends[end].why, more != NULL ? ": " : "", more != NULL ? more : "");
        source->counts.closed[ends[end].reason]++;
        warn_closed(source, &connection->facts.peer, why);
    }
    tcp_connection_drop(connection, &source->held_sum);
    close(connection->fd); /* which takes it out of the epoll, too */
    connection->fd = -1;
    prepend(&source->unused, connection);
    source->connections_count--;
    set_accepting(source, true);
}

/* Marks whoever holds most until what the others hold is little enough. */
static void keep_account(struct source_tcp *source) {
    if (source->held_sum <= CONNECTIONS_HELD_BYTES_MAX) return;
    struct tcp_connection *most = NULL;
    for (uint32_t i = 0; i < source->used_max; i++) {
        struct tcp_connection *connection = &source->connections[i];
        if (connection->fd < 0 || connection->end != TCP_OPEN) continue;
        if (most == NULL || connection->held_room > most->held_room) most = connection;
    }
    if (most == NULL) return;
    most->end = TCP_NO_MEMORY;
    if (!most->ready) prepend(&source->ready, most);
    most->ready = true;
}

static void take_bytes(struct source_tcp *source, struct tcp_connection *connection, struct slice bytes,
                       struct batch *batch, bool *done) {
    static const enum proxy_accept accepts[] = {[LISTEN_PROXY_V1] = PROXY_ACCEPT_V1,
                                                [LISTEN_PROXY_V2] = PROXY_ACCEPT_V2,
                                                [LISTEN_PROXY_AUTO] = PROXY_ACCEPT_EITHER};
    *done = tcp_connection_take(connection, bytes, accepts[source->url.proxy], batch, &source->held_sum);
    keep_account(source);
}

/* Reads once, or when the run ends until nothing is there. False: the batch is full. */
static bool read_connection(struct source_tcp *source, struct tcp_connection *connection, struct batch *batch) {
    bool done = true, again = true;
    while (done && again && connection->end == TCP_OPEN) {
        ssize_t bytes = recv(connection->fd, source->bytes, CONNECTION_READ_BYTES, 0);
        again = source->draining;
        if (bytes > 0) {
            take_bytes(source, connection, (struct slice){source->bytes, (size_t)bytes}, batch, &done);
            if (!connection->header_wanted) connection->since_ms = source->now_ms;
            connection->last_bytes += source->draining ? (uint64_t)bytes : 0;
            if (connection->last_bytes >= CONNECTION_LAST_BYTES_MAX && connection->end == TCP_OPEN)
                connection->end = TCP_STOPPED;
        } else if (bytes == 0) {
            connection->end = TCP_ENDED;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
            if (source->draining && errno != EINTR) connection->end = TCP_STOPPED;
        } else {
            connection->end = TCP_RESET;
        }
    }
    return done;
}

/* Does what there is to do for a connection. False: the batch is full, and it has to be done with another one. */
static bool serve(struct source_tcp *source, struct tcp_connection *connection, struct batch *batch) {
    bool done = true;
    if (connection->held_bytes > 0 && connection->end != TCP_BAD_PROXY_HEADER && connection->end != TCP_BAD_FRAMING)
        take_bytes(source, connection, (struct slice){NULL, 0}, batch, &done);
    if (done && connection->end == TCP_OPEN) done = read_connection(source, connection, batch);
    if (!done) return false;
    uint64_t header_ms = 1000 * source->request.settings->header_timeout_s;
    if (connection->end == TCP_OPEN && connection->header_wanted && source->now_ms - connection->since_ms > header_ms)
        connection->end = TCP_HEADER_TIMEOUT;
    if (connection->end == TCP_OPEN) return true;
    if (!tcp_connection_finish(connection, batch)) return false;
    close_connection(source, connection);
    return true;
}

/* --- waiting ------------------------------------------------------------------------------------ */

/* Ends connections that were silent for too long. Those that are ready have something to say, and were not asked. */
static void sweep(struct source_tcp *source) {
    const struct source_tcp_settings *settings = source->request.settings;
    source->next_sweep_ms = source->now_ms + SWEEP_MS;
    set_accepting(source, true);
    for (uint32_t i = 0; i < source->used_max; i++) {
        struct tcp_connection *connection = &source->connections[i];
        if (connection->fd < 0 || connection->ready || connection->end != TCP_OPEN) continue;
        uint64_t limit_ms = 1000 * (connection->header_wanted ? settings->header_timeout_s : settings->idle_timeout_s);
        if (limit_ms == 0 || source->now_ms - connection->since_ms <= limit_ms) continue;
        connection->end = connection->header_wanted ? TCP_HEADER_TIMEOUT : TCP_IDLE_TIMEOUT;
        make_ready(source, connection);
    }
}

/* Takes up what happened, after waiting for it up to `wait_ms` (-1: as long as it takes). */
static void look(struct source_tcp *source, int wait_ms) {
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(source->epoll_fd, events, EVENTS_MAX, wait_ms);
    source->now_ms = monotonic_ms();
    for (int i = 0; i < count; i++) {
        void *what = events[i].data.ptr;
        if (what == &source->listen_fd) {
            accept_all(source);
        } else if (what == &source->request.stop_fd) {
            source->stopping = true;
            (void)watch(source, EPOLL_CTL_DEL, source->request.stop_fd, 0, NULL);
        } else {
            make_ready(source, what);
        }
    }
    /* of fewer events than fit it is known that all others are silent */
    if (count < EVENTS_MAX && source->now_ms >= source->next_sweep_ms) sweep(source);
}

static void wait_for_work(void *instance) {
    struct source_tcp *source = instance;
    while (source->ready.first == NULL && !source->stopping && !source->draining) {
        uint64_t now = monotonic_ms(), next = source->next_sweep_ms;
        bool nothing_to_time = source->connections_count == 0 && source->accepting;
        look(source, nothing_to_time ? -1 : next > now ? (int)(next - now) : 0);
    }
}

/* --- batches ------------------------------------------------------------------------------------ */

static enum status fill(void *instance, struct batch *batch, struct error *error) {
    struct source_tcp *source = instance;
    (void)error; /* what goes wrong is one connection's */
    batch->origin = source->origin;
    if (source->origin->header != NULL) batch->header = *source->origin->header;
    uint64_t deadline_ms = monotonic_ms() + LINGER_MS;
    while (!tcp_batch_is_full(batch)) {
        if (source->ready.first == NULL && !source->draining && source->now_ms < deadline_ms) look(source, 0);
        struct tcp_connection *connection = take_first(&source->ready);
        if (connection == NULL) break;
        /* `ready` stays set meanwhile: it is not put into the list again, whatever happens to it */
        bool done = serve(source, connection, batch);
        connection->ready = !done;
        if (done) continue;
        prepend(&source->ready, connection);
        break;
    }
    batch->last = source->draining && source->connections_count == 0;
    return STATUS_OK;
}

static void give_up(void *instance) {
    struct source_tcp *source = instance;
    source->now_ms = monotonic_ms();
    accept_all(source); /* what the system accepted in our name has been given, too */
    close(source->listen_fd);
    source->listen_fd = -1;
    source->stopping = source->draining = true;
    for (uint32_t i = 0; i < source->used_max; i++)
        if (source->connections[i].fd >= 0) make_ready(source, &source->connections[i]);
}

static bool is_live(const void *instance) {
    (void)instance;
    return true;
}

const struct source_ops source_tcp_ops = {
    .name = "tcp",
    .open = open_input,
    .is_live = is_live,
    .wait = wait_for_work,
    .fill = fill,
    .give_up = give_up,
    .close = close_input,
};
