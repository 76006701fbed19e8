/* A request waits for its answer: who asks has nothing else to do.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "sinks/cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/percent.h"
#include "schemas/limits.h"
#include "sinks/aws_credentials.h"

#define CONNECT_MS_MAX 10000u

enum status cluster_open(const struct opensearch_output *output, const char *url, uint32_t requests_max,
                         struct cluster *cluster, struct error *error) {
    const struct http_settings settings = {.url = url != NULL ? url : output->url,
                                           .user = output->user,
                                           .password = output->password,
                                           .ca_file = output->ca_file,
                                           .certificate = output->certificate,
                                           .key = output->key,
                                           .aws_region = output->aws_region,
                                           .aws_service = output->aws_service,
                                           .requests_max = requests_max,
                                           .connect_ms_max = CONNECT_MS_MAX,
                                           .silence_s_max = output->timeout_s,
                                           .total_ms_max = 10 * 1000 * output->timeout_s};
    *cluster = (struct cluster){0};
    enum status status = http_client_new(&settings, &cluster->client, error);
    if (status == STATUS_OK && output->aws_region != NULL)
        status = aws_credentials_new(output->aws_region, &cluster->credentials, error);
    return status;
}

void cluster_close(struct cluster *cluster) {
    http_client_free(cluster->client);
    aws_credentials_free(cluster->credentials);
    *cluster = (struct cluster){0};
}

enum status cluster_keys(const struct cluster *cluster, struct aws_keys *room, const struct aws_keys **keys,
                         struct error *error) {
    *keys = cluster->credentials != NULL ? room : NULL;
    return *keys != NULL ? aws_credentials_get(cluster->credentials, room, error) : STATUS_OK;
}

/* Whatever stands in it (NULL: nothing), one line of it, cut to the room. */
static void copy_line(char *out, size_t room, const char *text) {
    for (; text != NULL && *text != '\0' && room > 1; text++, room--)
        *out++ = (unsigned char)*text < ' ' || *text == 0x7f ? ' ' : *text;
    *out = '\0';
}

/* {"error":{"type":..,"reason":..}}, {"error":".."}, {"message":".."} of clouds and Dashboards. */
static void take_error(struct cluster_reply *reply) {
    const json_t *error = json_object_get(reply->body, "error");
    const char *reason = json_string_value(json_object_get(error, "reason"));
    if (reason == NULL) reason = json_string_value(json_object_get(reply->body, "message"));
    if (reason == NULL) reason = json_string_value(error);
    copy_line(reply->type, sizeof reply->type, json_string_value(json_object_get(error, "type")));
    char line[CLUSTER_TEXT_BYTES_MAX];
    copy_line(line, sizeof line, reason);
    snprintf(reply->text, sizeof reply->text, "%d%s%s%s%.400s", reply->status, reply->type[0] != '\0' ? " " : "",
             reply->type, line[0] != '\0' ? ": " : "", line);
}

void cluster_ask(const struct cluster *cluster, const struct http_request *request, struct cluster_reply *reply) {
    struct aws_keys keys;
    struct error error;
    struct http_outcome outcome;
    struct http_request signed_request = *request;
    struct http_text text = {.bytes = malloc(CLUSTER_REPLY_BYTES_MAX), .room = CLUSTER_REPLY_BYTES_MAX};
    ASSERT(text.bytes != NULL);
    *reply = (struct cluster_reply){0};
    if (cluster_keys(cluster, &keys, &signed_request.keys, &error) != STATUS_OK) {
        copy_line(reply->text, sizeof reply->text, error.message);
        free(text.bytes);
        return;
    }
    http_client_ask(cluster->client, &signed_request, &text, &outcome);
    reply->status = outcome.trouble == HTTP_TOO_LARGE ? 200 : outcome.status;
    reply->tls_failed = outcome.trouble == HTTP_TLS_FAILED;
    if (outcome.trouble != HTTP_REPLIED)
        copy_line(reply->text, sizeof reply->text, outcome.reason);
    else
        reply->body = json_loadb(text.bytes, text.count, JSON_REJECT_DUPLICATES, NULL);
    if (outcome.trouble == HTTP_REPLIED && outcome.status / 100 != 2) take_error(reply);
    free(text.bytes);
}

void cluster_ask_json(const struct cluster *cluster, const char *method, const char *path, const json_t *body,
                      struct cluster_reply *reply) {
    char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
    ASSERT(body == NULL || text != NULL);
    const struct slice part = {text, text != NULL ? strlen(text) : 0};
    const struct http_request request = {.method = method,
                                         .path = path,
                                         .content_type = text != NULL ? "application/json" : NULL,
                                         .body = text != NULL ? &part : NULL,
                                         .body_parts = text != NULL};
    cluster_ask(cluster, &request, reply);
    free(text);
}

void cluster_reply_clear(struct cluster_reply *reply) {
    json_decref(reply->body);
    reply->body = NULL;
}

const char *cluster_path(char path[CLUSTER_PATH_BYTES_MAX], const char *before, const char *name, const char *behind) {
    ASSERT(strlen(before) + 3 * strlen(name) + strlen(behind) < CLUSTER_PATH_BYTES_MAX);
    char *out = stpcpy(path, before);
    out = percent_encode(out, slice_from(name));
    stpcpy(out, behind);
    return path;
}
