/* A slot for each request that may be on its way: an easy handle that is set up once and told what differs from request to request, and the
 * room for a compressed body, which stays for the next one. What libcurl does itself is left to it: connections, Retry-After,
 * silence, signatures. What it says is put into the few kinds that a caller acts upon.
 *
 * libcurl sends again what a kept connection swallowed, but not when it notices while sending, and it counts how often over all requests of
 * a handle. So such a request gets a second life here, over a connection that is new for sure.
 *
 * HTTP/2 streams do not share a connection (CURLPIPE_NOTHING). A signature covers the body by x-amz-content-sha256, which is made here: the
 * collections of OpenSearch Serverless ask for that header, and libcurl would sign without it.
 *
 * Threads: see the header. libcurl's global state is made once; its own locks guard it. */
#define _GNU_SOURCE
#include "sinks/http_client.h"

#include <curl/curl.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nettle/sha2.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "schemas/limits.h"
#include "sinks/gzip_write.h"

#define GZIP_ROOM_BYTES_MIN (64u * 1024)

struct slot {
    CURL *easy;
    struct curl_slist *headers;
    unsigned char *gzip; /* the compressed body */
    size_t gzip_room;
    struct slice gzip_body;
    const struct slice *body;  /* what is sent: the caller's, or the compressed one */
    uint32_t body_parts, part; /* `part` is next, */
    size_t part_sent;          /* so much of it was sent */
    uint64_t reply_bytes, reply_bytes_max;
    void (*receive)(void *context, const char *bytes, size_t bytes_count);
    void (*done)(void *context, const struct http_outcome *outcome);
    void *context;
    bool busy, again; /* sent for the second time */
    char why[CURL_ERROR_SIZE];
};

struct http_client {
    CURLM *multi;
    struct gzip_writer *gzip; /* one body at a time */
    char *url;
    char *signer;          /* "aws:amz:REGION:SERVICE"; NULL: cannot sign */
    char *user, *password; /* NULL: none */
    uint32_t slots_count, in_flight;
    struct slot slots[];
};

/* --- settings ------------------------------------------------------------------------------------- */

static void init_curl(void) {
    ASSERT(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
}

static enum status check_url(const char *text, struct error *error) {
    CURLU *url = curl_url();
    if (url == NULL) return error_set(error, STATUS_FAILED, "out of memory");
    char *part = NULL;
    bool good = curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
                curl_url_get(url, CURLUPART_SCHEME, &part, 0) == CURLUE_OK &&
                (strcmp(part, "http") == 0 || strcmp(part, "https") == 0);
    curl_free(part);
    part = NULL;
    good = good && curl_url_get(url, CURLUPART_USER, &part, 0) == CURLUE_NO_USER;
    curl_free(part);
    curl_url_cleanup(url);
    if (good) return STATUS_OK;
    /* the text may be a secret's */
    return error_set(error, STATUS_USAGE,
                     "the URL of the server is none; expected http:// or https://, a host, and no user");
}

static enum status check_file(const char *what, const char *path, struct error *error) {
    if (path == NULL || access(path, R_OK) == 0) return STATUS_OK;
    (void)error_set_errno(error, errno, "%s %s cannot be read", what, path);
    return STATUS_USAGE;
}

static enum status check_settings(const struct http_settings *settings, struct error *error) {
    ASSERT(settings->requests_max >= 1 && settings->requests_max <= HTTP_REQUESTS_MAX);
    enum status status = check_url(settings->url, error);
    if (status == STATUS_OK) status = check_file("the file of CA certificates", settings->ca_file, error);
    if (status == STATUS_OK) status = check_file("the client's certificate", settings->certificate, error);
    if (status == STATUS_OK) status = check_file("the key of the client's certificate", settings->key, error);
    return status;
}

static size_t on_reply(char *bytes, size_t size, size_t count, void *opaque) {
    struct slot *slot = opaque;
    size_t bytes_count = size * count;
    if (bytes_count > slot->reply_bytes_max - slot->reply_bytes) {
        slot->reply_bytes_max = 0; /* what finish() looks at */
        return CURL_WRITEFUNC_ERROR;
    }
    slot->reply_bytes += bytes_count;
    if (slot->receive != NULL) slot->receive(slot->context, bytes, bytes_count);
    return bytes_count;
}

static size_t on_send(char *room, size_t size, size_t count, void *opaque) {
    struct slot *slot = opaque;
    size_t left = size * count, sent = 0;
    while (left > 0 && slot->part < slot->body_parts) {
        const struct slice *part = &slot->body[slot->part];
        size_t bytes = part->len - slot->part_sent < left ? part->len - slot->part_sent : left;
        memcpy(room + sent, part->ptr + slot->part_sent, bytes);
        sent += bytes, left -= bytes, slot->part_sent += bytes;
        if (slot->part_sent == part->len) slot->part++, slot->part_sent = 0;
    }
    return sent;
}

static void rewind_body(struct slot *slot) {
    slot->part = 0;
    slot->part_sent = 0;
}

/* libcurl begins anew. */
static int on_seek(void *opaque, curl_off_t offset, int origin) {
    struct slot *slot = opaque;
    if (offset != 0 || origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
    rewind_body(slot);
    return CURL_SEEKFUNC_OK;
}

/* Else the system takes megabytes of a body at once, and then nothing for as long as a slow network needs for these: silence. */
static int on_socket(void *opaque, curl_socket_t fd, curlsocktype purpose) {
    const int bytes = HTTP_SEND_BYTES;
    (void)opaque, (void)purpose;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof bytes); /* it goes without */
    return CURL_SOCKOPT_OK;
}

/* What is the same for all requests; 0 when all of it was taken. */
static unsigned set_up(struct slot *slot, const struct http_settings *settings) {
    CURL *easy = slot->easy = curl_easy_init();
    if (easy == NULL) return 1;
    unsigned refused = 0;
    refused |= curl_easy_setopt(easy, CURLOPT_PRIVATE, slot);
    refused |= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, slot->why);
    refused |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_reply);
    refused |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot);
    refused |= curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_send);
    refused |= curl_easy_setopt(easy, CURLOPT_READDATA, slot);
    refused |= curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
    refused |= curl_easy_setopt(easy, CURLOPT_SEEKDATA, slot);
    refused |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    refused |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    refused |= curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    refused |= curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    refused |= curl_easy_setopt(easy, CURLOPT_USERAGENT, "wherefrom");
    refused |= curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    refused |= curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_socket);
    refused |= curl_easy_setopt(easy, CURLOPT_EXPECT_100_TIMEOUT_MS, (long)HTTP_EXPECT_MS_MAX);
    refused |= curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)HTTP_SEND_BYTES);
    refused |= curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)HTTP_RECEIVE_BYTES);
    refused |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)settings->connect_ms_max);
    refused |= curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    refused |= curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)settings->silence_s_max);
    refused |= curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)settings->total_ms_max);
    refused |= curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (settings->ca_file != NULL) refused |= curl_easy_setopt(easy, CURLOPT_CAINFO, settings->ca_file);
    if (settings->certificate != NULL) refused |= curl_easy_setopt(easy, CURLOPT_SSLCERT, settings->certificate);
    if (settings->key != NULL) refused |= curl_easy_setopt(easy, CURLOPT_SSLKEY, settings->key);
    refused |= curl_easy_setopt(easy, CURLOPT_KEYPASSWD, ""); /* or OpenSSL would ask the terminal for it */
    if (settings->direct) refused |= curl_easy_setopt(easy, CURLOPT_PROXY, "");
    return refused;
}

/* --- life ----------------------------------------------------------------------------------------- */

static bool copy_settings(struct http_client *client, const struct http_settings *settings) {
    client->url = strdup(settings->url);
    if (client->url == NULL) return false;
    if (settings->aws_region != NULL &&
        asprintf(&client->signer, "aws:amz:%s:%s", settings->aws_region, settings->aws_service) < 0) {
        client->signer = NULL;
        return false;
    }
    if (settings->user == NULL) return true;
    client->user = strdup(settings->user);
    client->password = strdup(settings->password != NULL ? settings->password : "");
    return client->user != NULL && client->password != NULL;
}

enum status http_client_new(const struct http_settings *settings, struct http_client **client, struct error *error) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init_curl);
    *client = NULL;
    enum status status = check_settings(settings, error);
    if (status != STATUS_OK) return status;
    struct http_client *made = calloc(1, sizeof *made + settings->requests_max * sizeof made->slots[0]);
    if (made == NULL) return error_set(error, STATUS_FAILED, "out of memory");
    *client = made;
    made->slots_count = settings->requests_max;
    made->multi = curl_multi_init();
    made->gzip = gzip_writer_new();
    unsigned refused = made->multi == NULL || made->gzip == NULL || !copy_settings(made, settings);
    for (uint32_t i = 0; i < made->slots_count && !refused; i++) refused = set_up(&made->slots[i], settings);
    if (refused) return error_set(error, STATUS_FAILED, "out of memory");
    long connections_max = (long)settings->requests_max;
    ASSERT(curl_multi_setopt(made->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING) == CURLM_OK);
    ASSERT(curl_multi_setopt(made->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections_max) == CURLM_OK);
    ASSERT(curl_multi_setopt(made->multi, CURLMOPT_MAXCONNECTS, connections_max) == CURLM_OK);
    return STATUS_OK;
}

static void wipe(char *secret) {
    if (secret != NULL) explicit_bzero(secret, strlen(secret));
}

static void drop_headers(struct slot *slot) {
    for (struct curl_slist *header = slot->headers; header != NULL; header = header->next) wipe(header->data);
    curl_slist_free_all(slot->headers);
    slot->headers = NULL;
}

void http_client_free(struct http_client *client) {
    if (client == NULL) return;
    if (client->in_flight > 0) http_client_cancel_all(client);
    for (uint32_t i = 0; i < client->slots_count; i++) {
        curl_easy_cleanup(client->slots[i].easy);
        free(client->slots[i].gzip);
    }
    curl_multi_cleanup(client->multi);
    gzip_writer_free(client->gzip);
    wipe(client->password);
    free(client->password);
    free(client->user);
    free(client->signer);
    free(client->url);
    free(client);
}

/* --- a request ------------------------------------------------------------------------------------ */

/* Room for more of a compressed body; false: out of memory. */
static bool make_room(struct slot *slot) {
    size_t room = slot->gzip_room == 0 ? GZIP_ROOM_BYTES_MIN : 2 * slot->gzip_room;
    unsigned char *larger = realloc(slot->gzip, room);
    if (larger == NULL) return false;
    slot->gzip = larger;
    slot->gzip_room = room;
    return true;
}

/* The body into the slot's room; false: out of memory. */
static bool compress_body(struct http_client *client, struct slot *slot, const struct http_request *request) {
    size_t used = 0;
    bool ended = false;
    gzip_writer_reset(client->gzip);
    for (uint32_t i = 0; i < request->body_parts; i++) {
        bool last = i + 1 == request->body_parts;
        struct gzip_io io = {.in = request->body[i].ptr, .in_bytes = request->body[i].len};
        do {
            if (used == slot->gzip_room && !make_room(slot)) return false;
            io.out = (char *)slot->gzip + used;
            io.out_bytes = slot->gzip_room - used;
            ended = gzip_writer_step(client->gzip, &io, last);
            used = slot->gzip_room - io.out_bytes;
        } while (io.out_bytes == 0 || io.in_bytes > 0 || (last && !ended));
    }
    slot->gzip_body = (struct slice){(const char *)slot->gzip, used};
    return true;
}

static bool add_header(struct slot *slot, const char *name, const char *value) {
    char *line;
    if (asprintf(&line, "%s%s", name, value) < 0) return false;
    struct curl_slist *longer = curl_slist_append(slot->headers, line);
    wipe(line);
    free(line);
    if (longer != NULL) slot->headers = longer;
    return longer != NULL;
}

static bool add_hash(struct slot *slot) {
    struct sha256_ctx hash;
    uint8_t digest[SHA256_DIGEST_SIZE];
    char digits[2 * SHA256_DIGEST_SIZE + 1];
    sha256_init(&hash);
    for (uint32_t i = 0; i < slot->body_parts; i++)
        sha256_update(&hash, slot->body[i].len, (const uint8_t *)slot->body[i].ptr);
    sha256_digest(&hash, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++) sprintf(digits + 2 * i, "%02x", digest[i]);
    return add_header(slot, "x-amz-content-sha256: ", digits);
}

static bool make_headers(struct slot *slot, const struct http_request *request) {
    /* without a value: not sent. libcurl 7.88 would sign it all the same */
    if (request->keys == NULL && !add_header(slot, "Expect:", "")) return false;
    if (request->content_type != NULL && !add_header(slot, "Content-Type: ", request->content_type)) return false;
    if (request->gzip && !add_header(slot, "Content-Encoding: ", "gzip")) return false;
    for (const char *const *line = request->headers; line != NULL && *line != NULL; line++)
        if (!add_header(slot, *line, "")) return false;
    const struct aws_keys *keys = request->keys;
    if (keys == NULL) return true;
    if (keys->session_token != NULL && !add_header(slot, "x-amz-security-token: ", keys->session_token)) return false;
    return add_hash(slot);
}

static unsigned set_method(const struct slot *slot, const char *method) {
    CURL *easy = slot->easy;
    unsigned refused = curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L); /* undoes NOBODY and POST */
    curl_off_t body_bytes = 0;
    for (uint32_t i = 0; i < slot->body_parts; i++) body_bytes += (curl_off_t)slot->body[i].len;
    if (slot->body != NULL) {
        refused |= curl_easy_setopt(easy, CURLOPT_POST, 1L);
        refused |= curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, body_bytes);
    } else if (strcmp(method, "HEAD") == 0) {
        refused |= curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    }
    return refused | curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
}

static unsigned set_login(const struct http_client *client, CURL *easy, const struct aws_keys *keys) {
    const char *user = keys != NULL ? keys->access_key_id : client->user;
    unsigned refused = curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, keys != NULL ? client->signer : NULL);
    if (keys == NULL) refused |= curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
    refused |= curl_easy_setopt(easy, CURLOPT_USERNAME, user);
    refused |= curl_easy_setopt(easy, CURLOPT_PASSWORD, keys != NULL ? keys->secret_access_key : client->password);
    return refused;
}

static unsigned set_url(const struct http_client *client, CURL *easy, const char *path) {
    char *url;
    if (asprintf(&url, "%s%s", client->url, path) < 0) return 1;
    unsigned refused = curl_easy_setopt(easy, CURLOPT_URL, url);
    free(url);
    return refused;
}

static bool prepare(struct http_client *client, struct slot *slot, const struct http_request *request) {
    slot->body = request->body;
    slot->body_parts = request->body_parts;
    if (request->gzip) {
        if (!compress_body(client, slot, request)) return false;
        slot->body = &slot->gzip_body;
        slot->body_parts = 1;
    }
    if (!make_headers(slot, request)) return false;
    slot->receive = request->receive;
    slot->done = request->done;
    slot->context = request->context;
    slot->reply_bytes = 0;
    slot->reply_bytes_max = request->reply_bytes_max;
    slot->again = false;
    rewind_body(slot);
    slot->why[0] = '\0';
    unsigned refused = curl_easy_setopt(slot->easy, CURLOPT_HTTPHEADER, slot->headers);
    refused |= set_url(client, slot->easy, request->path);
    refused |= curl_easy_setopt(slot->easy, CURLOPT_FRESH_CONNECT, 0L);
    refused |= set_method(slot, request->method);
    refused |= set_login(client, slot->easy, request->keys);
    return refused == 0;
}

enum status http_client_start(struct http_client *client, const struct http_request *request, struct error *error) {
    ASSERT(client->in_flight < client->slots_count);
    ASSERT((request->body != NULL) == (request->content_type != NULL) && (request->body != NULL || !request->gzip));
    ASSERT((request->body != NULL) == (request->body_parts > 0));
    ASSERT(request->keys == NULL || client->signer != NULL);
    struct slot *slot = client->slots;
    while (slot->busy) slot++;
    if (!prepare(client, slot, request) || curl_multi_add_handle(client->multi, slot->easy) != CURLM_OK) {
        drop_headers(slot);
        return error_set(error, STATUS_FAILED, "out of memory");
    }
    slot->busy = true;
    client->in_flight++;
    return STATUS_OK;
}

uint32_t http_client_in_flight(const struct http_client *client) {
    return client->in_flight;
}

/* --- its end -------------------------------------------------------------------------------------- */

static enum http_trouble kind_of(const struct slot *slot, CURLcode code) {
    curl_off_t connected_us = 0;
    switch (code) {
    case CURLE_OK: return HTTP_REPLIED;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_PROXY: return HTTP_NOT_CONNECTED;
    case CURLE_OPERATION_TIMEDOUT:
        curl_easy_getinfo(slot->easy, CURLINFO_PRETRANSFER_TIME_T, &connected_us);
        return connected_us == 0 ? HTTP_NOT_CONNECTED : HTTP_TIMED_OUT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CLIENTCERT: return HTTP_TLS_FAILED;
    case CURLE_WRITE_ERROR: return HTTP_TOO_LARGE;
    default: return HTTP_CUT_OFF;
    }
}

static void explain(struct http_outcome *outcome, const char *text) {
    size_t length = 0;
    for (; text[length] != '\0' && text[length] != '\n' && length + 1 < sizeof outcome->reason; length++)
        outcome->reason[length] = text[length] >= ' ' && text[length] <= '~' ? text[length] : '?';
    outcome->reason[length] = '\0';
}

static void judge(const struct slot *slot, CURLcode code, struct http_outcome *outcome) {
    long status = 0;
    curl_off_t sent = 0, retry_after_s = 0;
    curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(slot->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
    curl_easy_getinfo(slot->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
    outcome->sent_bytes = (uint64_t)sent;
    outcome->reply_bytes = slot->reply_bytes;
    outcome->trouble = status >= 400 ? HTTP_REPLIED : kind_of(slot, code);
    if (outcome->trouble != HTTP_REPLIED) {
        explain(outcome, outcome->trouble == HTTP_TOO_LARGE ? "the reply is too large"
                         : slot->why[0] != '\0'             ? slot->why
                                                            : curl_easy_strerror(code));
        return;
    }
    outcome->status = (int)status;
    if (retry_after_s > HTTP_RETRY_AFTER_MS_MAX / 1000) retry_after_s = HTTP_RETRY_AFTER_MS_MAX / 1000;
    if (retry_after_s > 0) outcome->retry_after_ms = (uint64_t)retry_after_s * 1000;
}

static void finish(struct http_client *client, struct slot *slot, const struct http_outcome *outcome) {
    ASSERT(curl_multi_remove_handle(client->multi, slot->easy) == CURLM_OK);
    drop_headers(slot);
    slot->busy = false;
    client->in_flight--;
    if (slot->done != NULL) slot->done(slot->context, outcome);
}

/* Whether the request met a kept connection that was closed at the other end, without a byte of a reply; then it is sent once more. */
static bool send_again(struct http_client *client, struct slot *slot, CURLcode code) {
    long connects = 0, head_bytes = 0;
    curl_easy_getinfo(slot->easy, CURLINFO_NUM_CONNECTS, &connects);
    curl_easy_getinfo(slot->easy, CURLINFO_HEADER_SIZE, &head_bytes);
    if (slot->again || connects > 0 || head_bytes > 0 || slot->reply_bytes > 0 || kind_of(slot, code) != HTTP_CUT_OFF)
        return false;
    slot->again = true;
    slot->why[0] = '\0';
    rewind_body(slot);
    ASSERT(curl_multi_remove_handle(client->multi, slot->easy) == CURLM_OK);
    curl_easy_setopt(slot->easy, CURLOPT_FRESH_CONNECT, 1L);
    ASSERT(curl_multi_add_handle(client->multi, slot->easy) == CURLM_OK);
    return true;
}

/* Whether a request ended. */
static bool perform(struct http_client *client) {
    int running, left;
    bool ended = false;
    ASSERT(curl_multi_perform(client->multi, &running) == CURLM_OK);
    for (CURLMsg *message; (message = curl_multi_info_read(client->multi, &left)) != NULL;) {
        struct slot *slot = NULL;
        ASSERT(message->msg == CURLMSG_DONE);
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&slot);
        CURLcode code = message->data.result; /* the message goes when the handle is removed */
        if (send_again(client, slot, code)) continue;
        struct http_outcome outcome = {.trouble = HTTP_REPLIED};
        judge(slot, code, &outcome);
        finish(client, slot, &outcome);
        ended = true;
    }
    return ended;
}

void http_client_serve(struct http_client *client, uint32_t wait_ms) {
    if (perform(client) || wait_ms == 0) return;
    ASSERT(curl_multi_poll(client->multi, NULL, 0, (int)wait_ms, NULL) == CURLM_OK);
    perform(client);
}

void http_client_wake(struct http_client *client) {
    curl_multi_wakeup(client->multi);
}

void http_client_cancel_all(struct http_client *client) {
    for (uint32_t i = 0; i < client->slots_count; i++) {
        if (!client->slots[i].busy) continue;
        struct http_outcome outcome = {.trouble = HTTP_CANCELLED, .reply_bytes = client->slots[i].reply_bytes};
        explain(&outcome, "given up");
        finish(client, &client->slots[i], &outcome);
    }
}

/* --- one at a time -------------------------------------------------------------------------------- */

struct question {
    struct http_text *reply;
    struct http_outcome *outcome;
    bool answered;
};

static void keep_reply(void *context, const char *bytes, size_t bytes_count) {
    struct http_text *reply = ((struct question *)context)->reply;
    if (reply == NULL) return;
    memcpy(reply->bytes + reply->count, bytes, bytes_count); /* reply_bytes_max is its room */
    reply->count += bytes_count;
}

static void keep_outcome(void *context, const struct http_outcome *outcome) {
    struct question *question = context;
    *question->outcome = *outcome;
    question->answered = true;
}

void http_client_ask(struct http_client *client, const struct http_request *request, struct http_text *reply,
                     struct http_outcome *outcome) {
    ASSERT(client->in_flight == 0 && (reply == NULL || reply->room > 0));
    struct question question = {.reply = reply, .outcome = outcome};
    struct http_request own = *request;
    own.reply_bytes_max = reply != NULL ? reply->room - 1 : UINT64_MAX;
    own.receive = keep_reply;
    own.done = keep_outcome;
    own.context = &question;
    if (reply != NULL) reply->count = 0;
    struct error error;
    if (http_client_start(client, &own, &error) != STATUS_OK) {
        *outcome = (struct http_outcome){.trouble = HTTP_CANCELLED};
        explain(outcome, error.message);
        question.answered = true;
    }
    while (!question.answered) http_client_serve(client, 1000);
    if (reply != NULL) reply->bytes[reply->count] = '\0';
}
