/* The HTTP client on a string: does what the lines on stdin say, and answers each with lines of JSON. tests/http/run.py pulls it.
 *
 *   drive_http URL [NAME=VALUE]...     settings: requests, ca, certificate, key, region, service, connect_ms, silence_s, total_ms, direct
 *
 * A user and its password are HTTP_USER and HTTP_PASSWORD of the environment; with `region` requests are signed with what aws_credentials
 * finds there.
 *
 *   send COUNT METHOD PATH BYTES [gzip]   so many requests at once, with a body of so many bytes (0: none). One line for each, as they end
 *   chain COUNT METHOD PATH BYTES   so many, each started by the end of the one before
 *   ask METHOD PATH BYTES ROOM   one request; its reply, of which there is so much room, is shown
 *   begin METHOD PATH BYTES      a request that is not waited for; `cancel` gives it up
 *   cancel
 *   wake MS                      serves that long, and is woken after 50 ms by another thread: the milliseconds it took
 *   keys                         what aws_credentials_get says: the id of the key, and what failed
 *
 * Threads: one, and the one that wakes. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/json.h"
#include "base/monotonic.h"
#include "sinks/aws_credentials.h"
#include "sinks/http_client.h"

#define BODY_BYTES_MAX (32u * 1024 * 1024)
#define REPLY_BYTES_MAX (1024u * 1024)

struct driver {
    struct http_client *client;
    struct aws_credentials *credentials;
    char *body, *reply;
    struct slice parts[3]; /* the body's */
    uint32_t left;         /* of a chain */
    struct http_request request;
    uint64_t received; /* by `receive` */
};

static void say(const struct http_outcome *outcome, struct slice reply) {
    static const char *const troubles[] = {"replied", "not_connected", "tls_failed", "timed_out",
                                           "cut_off", "too_large",     "cancelled"};
    char reason[JSON_EXPANSION * HTTP_REASON_BYTES_MAX + 64];
    char *text = malloc(JSON_EXPANSION * reply.len + 64);
    ASSERT(text != NULL);
    bool lossy = false;
    *json_quote(reason, slice_from(outcome->reason), JSON_VERBATIM, &lossy) = '\0';
    *json_quote(text, reply, JSON_VERBATIM, &lossy) = '\0';
    printf("{\"trouble\":\"%s\",\"status\":%d,\"retry_after_ms\":%" PRIu64 ",\"reply_bytes\":%" PRIu64
           ",\"sent_bytes\":%" PRIu64 ",\"reason\":%s,\"reply\":%s}\n",
           troubles[outcome->trouble], outcome->status, outcome->retry_after_ms, outcome->reply_bytes,
           outcome->sent_bytes, reason, text);
    free(text);
}

static void say_fault(const struct error *error) {
    struct http_outcome outcome = {.trouble = HTTP_CANCELLED};
    snprintf(outcome.reason, sizeof outcome.reason, "%.300s", error->message);
    say(&outcome, SLICE(""));
}

/* --- requests ------------------------------------------------------------------------------------- */

static void receive(void *context, const char *bytes, size_t bytes_count) {
    struct driver *driver = context;
    for (size_t i = 0; i < bytes_count; i++) driver->reply[0] = bytes[i]; /* all of it can be read */
    driver->received += bytes_count;
}

static void start(struct driver *driver) {
    struct error error;
    ASSERT(http_client_start(driver->client, &driver->request, &error) == STATUS_OK);
}

static void done(void *context, const struct http_outcome *outcome) {
    struct driver *driver = context;
    say(outcome, SLICE(""));
    if (driver->left == 0) return;
    driver->left--;
    start(driver);
}

/* False when there are no keys, which was said. */
static bool prepare(struct driver *driver, char **words, struct aws_keys *keys) {
    size_t bytes = strtoul(words[2], NULL, 10);
    ASSERT(bytes <= BODY_BYTES_MAX);
    driver->request = (struct http_request){.method = words[0],
                                            .path = words[1],
                                            .gzip = words[3] != NULL && strcmp(words[3], "gzip") == 0,
                                            .reply_bytes_max = REPLY_BYTES_MAX,
                                            .receive = receive,
                                            .done = done,
                                            .context = driver};
    if (bytes > 0) {
        driver->request.content_type = "application/x-ndjson";
        size_t first = bytes / 3, second = bytes / 2; /* one may be empty */
        driver->parts[0] = (struct slice){driver->body, first};
        driver->parts[1] = (struct slice){driver->body + first, second - first};
        driver->parts[2] = (struct slice){driver->body + second, bytes - second};
        driver->request.body = driver->parts;
        driver->request.body_parts = 3;
    }
    if (driver->credentials == NULL) return true;
    struct error error;
    if (aws_credentials_get(driver->credentials, keys, &error) != STATUS_OK) {
        say_fault(&error);
        return false;
    }
    driver->request.keys = keys;
    return true;
}

static void serve_all(struct driver *driver) {
    while (http_client_in_flight(driver->client) > 0) http_client_serve(driver->client, 1000);
}

static void send_many(struct driver *driver, char **words, bool chained) {
    struct aws_keys keys;
    uint32_t count = (uint32_t)strtoul(words[1], NULL, 10);
    if (!prepare(driver, words + 2, &keys)) return;
    driver->left = chained ? count - 1 : 0;
    for (uint32_t i = 0; i < (chained ? 1 : count); i++) start(driver);
    serve_all(driver);
}

static void ask(struct driver *driver, char **words) {
    struct aws_keys keys;
    struct http_text reply = {.bytes = driver->reply, .room = strtoul(words[4], NULL, 10)};
    struct http_outcome outcome;
    ASSERT(reply.room <= REPLY_BYTES_MAX);
    if (!prepare(driver, words + 1, &keys)) return;
    http_client_ask(driver->client, &driver->request, reply.room > 0 ? &reply : NULL, &outcome);
    say(&outcome, (struct slice){reply.bytes, reply.count});
}

/* --- the rest ------------------------------------------------------------------------------------- */

static void *wake(void *client) {
    usleep(50000);
    http_client_wake(client);
    return NULL;
}

static void serve_woken(struct driver *driver, uint32_t wait_ms) {
    pthread_t thread;
    ASSERT(pthread_create(&thread, NULL, wake, driver->client) == 0);
    uint64_t began_ms = monotonic_ms();
    http_client_serve(driver->client, wait_ms);
    uint64_t took_ms = monotonic_ms() - began_ms;
    pthread_join(thread, NULL);
    printf("{\"took_ms\":%" PRIu64 "}\n", took_ms);
}

static void say_keys(struct driver *driver) {
    struct aws_keys keys;
    struct error error;
    if (aws_credentials_get(driver->credentials, &keys, &error) != STATUS_OK) {
        say_fault(&error);
        return;
    }
    const char *complaint = aws_credentials_complaint(driver->credentials);
    char text[JSON_EXPANSION * ERROR_MESSAGE_BYTES_MAX + 64];
    bool lossy = false;
    *json_quote(text, slice_from(complaint != NULL ? complaint : ""), JSON_VERBATIM, &lossy) = '\0';
    printf("{\"id\":\"%s\",\"token\":%s,\"complaint\":%s}\n", keys.access_key_id,
           keys.session_token != NULL ? "true" : "false", text);
}

static void obey(struct driver *driver, char **words) {
    struct error error;
    const char *command = words[0];
    if (strcmp(command, "send") == 0) {
        send_many(driver, words, false);
    } else if (strcmp(command, "chain") == 0) {
        send_many(driver, words, true);
    } else if (strcmp(command, "ask") == 0) {
        ask(driver, words);
    } else if (strcmp(command, "begin") == 0) {
        if (prepare(driver, words + 1, &(struct aws_keys){NULL, NULL, NULL}))
            ASSERT(http_client_start(driver->client, &driver->request, &error) == STATUS_OK);
        for (int i = 0; i < 20; i++) http_client_serve(driver->client, 10);
        printf("{\"in_flight\":%" PRIu32 "}\n", http_client_in_flight(driver->client));
    } else if (strcmp(command, "cancel") == 0) {
        http_client_cancel_all(driver->client);
        printf("{\"in_flight\":%" PRIu32 "}\n", http_client_in_flight(driver->client));
    } else if (strcmp(command, "wake") == 0) {
        serve_woken(driver, (uint32_t)strtoul(words[1], NULL, 10));
    } else {
        ASSERT(strcmp(command, "keys") == 0);
        say_keys(driver);
    }
    fflush(stdout);
}

static const char *setting(char **words, const char *name) {
    size_t length = strlen(name);
    for (; *words != NULL; words++)
        if (strncmp(*words, name, length) == 0 && (*words)[length] == '=') return *words + length + 1;
    return NULL;
}

static uint32_t number_setting(char **words, const char *name, uint32_t usual) {
    const char *text = setting(words, name);
    return text != NULL ? (uint32_t)strtoul(text, NULL, 10) : usual;
}

/* Lines that shrink as logs do. */
static void fill_body(char *body) {
    uint64_t state = 88172645463325252u;
    for (size_t used = 0; used + 64 < BODY_BYTES_MAX;) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        used += (size_t)sprintf(body + used, "{\"number\":%zu,\"client\":\"%08" PRIx32 "\"}\n", used, (uint32_t)state);
    }
}

int main(int count, char **words) {
    ASSERT(count >= 2);
    signal(SIGPIPE, SIG_IGN);
    struct driver driver = {.body = calloc(1, BODY_BYTES_MAX), .reply = malloc(REPLY_BYTES_MAX)};
    ASSERT(driver.body != NULL && driver.reply != NULL);
    fill_body(driver.body);
    struct http_settings settings = {.url = words[1],
                                     .user = getenv("HTTP_USER"),
                                     .password = getenv("HTTP_PASSWORD"),
                                     .ca_file = setting(words, "ca"),
                                     .certificate = setting(words, "certificate"),
                                     .key = setting(words, "key"),
                                     .aws_region = setting(words, "region"),
                                     .aws_service = setting(words, "service"),
                                     .requests_max = number_setting(words, "requests", 4),
                                     .connect_ms_max = number_setting(words, "connect_ms", 20000),
                                     .silence_s_max = number_setting(words, "silence_s", 60),
                                     .total_ms_max = number_setting(words, "total_ms", 120000),
                                     .direct = setting(words, "direct") != NULL};
    struct error error;
    enum status status = http_client_new(&settings, &driver.client, &error);
    if (status == STATUS_OK && settings.aws_region != NULL)
        status = aws_credentials_new(settings.aws_region, &driver.credentials, &error);
    if (status != STATUS_OK) fprintf(stderr, "%s\n", error.message);
    char *line = NULL;
    size_t room = 0;
    while (status == STATUS_OK && getline(&line, &room, stdin) > 0) {
        char *parts[8] = {NULL};
        size_t parts_count = 0;
        for (char *part = strtok(line, " \n"); part != NULL && parts_count < 7; part = strtok(NULL, " \n"))
            parts[parts_count++] = part;
        obey(&driver, parts);
    }
    free(line);
    http_client_free(driver.client);
    aws_credentials_free(driver.credentials);
    free(driver.body);
    free(driver.reply);
    return (int)status;
}
