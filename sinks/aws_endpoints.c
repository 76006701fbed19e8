/* Clients of these endpoints live for one answer: it is wanted a few times a day.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "sinks/aws_endpoints.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "base/ip.h"
#include "base/whole_file.h"
#include "sinks/http_client.h"

#define URL_BYTES 2048u
#define HEADER_BYTES (AWS_TOKEN_BYTES_MAX + 64u)
#define ROLE_BYTES_MAX 128u

/* Room for an answer, wiped when it goes. */
struct answer {
    struct http_text text;
    struct http_outcome outcome;
    char bytes[AWS_ANSWER_BYTES_MAX];
};

static struct slice text_of(const struct answer *answer) {
    return (struct slice){answer->text.bytes, answer->text.count};
}

static void drop_answer(struct answer *answer) {
    if (answer != NULL) explicit_bzero(answer, sizeof *answer);
    free(answer);
}

/* Asks `url`; success is status 200. `what` is for messages. */
static enum status ask(const struct http_settings *settings, const struct http_request *request, const char *what,
                       struct answer *answer, struct error *error) {
    struct http_client *client;
    struct error detail;
    enum status status = http_client_new(settings, &client, &detail);
    if (status != STATUS_OK) {
        http_client_free(client);
        return error_set(error, status, "%s: %s", what, detail.message);
    }
    answer->text = (struct http_text){.bytes = answer->bytes, .room = sizeof answer->bytes};
    http_client_ask(client, request, &answer->text, &answer->outcome);
    http_client_free(client);
    if (answer->outcome.trouble != HTTP_REPLIED)
        return error_set(error, STATUS_FAILED, "%s: %s", what, answer->outcome.reason);
    if (answer->outcome.status != 200)
        return error_set(error, STATUS_FAILED, "%s: status %d", what, answer->outcome.status);
    return STATUS_OK;
}

/* The same with memory for the answer, which is parsed. */
static enum status ask_for_lease(const struct http_settings *settings, const struct http_request *request,
                                 const char *what, struct aws_lease *lease, struct error *error) {
    struct answer *answer = calloc(1, sizeof *answer);
    if (answer == NULL) return error_set(error, STATUS_FAILED, "out of memory");
    enum status status = ask(settings, request, what, answer, error);
    if (status == STATUS_OK) {
        struct error detail;
        status = request->body != NULL ? aws_lease_from_xml(text_of(answer), lease, &detail)
                                       : aws_lease_from_json(text_of(answer), lease, &detail);
        if (status != STATUS_OK) error_set(error, status, "%s: %s", what, detail.message);
    } else if (request->body != NULL && answer->outcome.trouble == HTTP_REPLIED) {
        struct slice code = aws_xml_element(text_of(answer), "Code");
        bool plain = code.len > 0 && code.len <= 64;
        for (size_t i = 0; plain && i < code.len; i++) plain = code.ptr[i] >= '0' && code.ptr[i] <= 'z';
        if (plain)
            error_set(error, status, "%s: status %d, %.*s", what, answer->outcome.status, (int)code.len, code.ptr);
    }
    drop_answer(answer);
    return status;
}

/* A file with a token: its text without the whitespace around it. The caller wipes and frees `file`. */
static enum status read_token(const char *path, struct slice *file, struct slice *token, struct error *error) {
    struct error detail;
    enum status status = whole_file_read(path, AWS_TOKEN_BYTES_MAX, file, &detail);
    if (status != STATUS_OK) {
        *file = (struct slice){NULL, 0};
        return error_set(error, STATUS_FAILED, "%s: %s", path, detail.message);
    }
    *token = *file;
    while (token->len > 0 && (unsigned char)token->ptr[token->len - 1] <= ' ') token->len--;
    while (token->len > 0 && (unsigned char)token->ptr[0] <= ' ') token->ptr++, token->len--;
    for (size_t i = 0; i < token->len; i++)
        if (token->ptr[i] <= ' ' || token->ptr[i] > '~')
            return error_set(error, STATUS_FAILED, "%s: expected one token of visible ASCII", path);
    return STATUS_OK;
}

static void drop_file(struct slice file) {
    if (file.ptr == NULL) return;
    explicit_bzero((void *)(uintptr_t)file.ptr, file.len);
    whole_file_free(file);
}

/* --- containers ----------------------------------------------------------------------------------- */

bool aws_container_url_allowed(const char *url) {
    static const char *const own[] = {"169.254.170.2", "169.254.170.23", "fd00:ec2::23", "localhost"};
    struct slice rest = slice_from(url);
    if (slice_starts_with(rest, SLICE("https://"))) return true;
    if (!slice_starts_with(rest, SLICE("http://"))) return false;
    rest = (struct slice){rest.ptr + 7, rest.len - 7};
    struct slice host = {rest.ptr, strcspn(rest.ptr, "/?#")};
    if (memchr(host.ptr, '@', host.len) != NULL) return false;
    if (host.len > 0 && host.ptr[0] == '[') {
        host.ptr++, host.len--;
        host = slice_cut(&host, ']');
    } else {
        host = slice_cut(&host, ':');
    }
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (slice_equal(host, slice_from(own[i]))) return true;
    struct ip_parsed address;
    static const uint8_t loopback_4[13] = {[10] = 0xff, [11] = 0xff, [12] = 127};
    static const uint8_t loopback_6[16] = {[15] = 1};
    return ip_parse(host, &address) && (memcmp(address.ip.bytes, loopback_4, sizeof loopback_4) == 0 ||
                                        memcmp(address.ip.bytes, loopback_6, sizeof loopback_6) == 0);
}

static enum status fetch_from_container(const char *url, struct slice token, struct aws_lease *lease,
                                        struct error *error) {
    char header[HEADER_BYTES];
    const char *headers[] = {header, NULL};
    snprintf(header, sizeof header, "Authorization: %.*s", (int)token.len, token.ptr);
    struct http_settings settings = {.url = url,
                                     .requests_max = 1,
                                     .connect_ms_max = 2000,
                                     .silence_s_max = 5,
                                     .total_ms_max = 5000,
                                     .direct = true};
    struct http_request request = {.method = "GET", .path = "", .headers = token.len > 0 ? headers : NULL};
    enum status status = ask_for_lease(&settings, &request, "the container's endpoint of credentials", lease, error);
    explicit_bzero(header, sizeof header);
    return status;
}

enum status aws_container_fetch(struct aws_lease *lease, struct error *error) {
    const char *relative = getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    char url[URL_BYTES];
    int bytes = relative != NULL
                    ? snprintf(url, sizeof url, "http://169.254.170.2%s%s", relative[0] == '/' ? "" : "/", relative)
                    : snprintf(url, sizeof url, "%s", full);
    if (bytes < 0 || (size_t)bytes >= sizeof url || !aws_container_url_allowed(url))
        return error_set(error, STATUS_USAGE,
                         "AWS_CONTAINER_CREDENTIALS_FULL_URI: expected https://, or http:// with an address of this "
                         "machine, 169.254.170.2, 169.254.170.23 or [fd00:ec2::23]");
    const char *path = getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *given = getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    struct slice file = {NULL, 0}, token = {NULL, 0};
    if (path == NULL && given != NULL) {
        token = slice_from(given);
        if (token.len > AWS_TOKEN_BYTES_MAX || strpbrk(given, "\r\n") != NULL)
            return error_set(error, STATUS_USAGE, "AWS_CONTAINER_AUTHORIZATION_TOKEN cannot be a header's value");
    }
    enum status status = STATUS_OK;
    if (path != NULL) status = read_token(path, &file, &token, error);
    if (status == STATUS_OK) status = fetch_from_container(url, token, lease, error);
    drop_file(file);
    return status;
}

/* --- instances ------------------------------------------------------------------------------------ */

static const char *metadata_url(void) {
    const char *url = getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    if (url != NULL && url[0] != '\0') return url;
    const char *mode = getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
    return mode != NULL && strcasecmp(mode, "IPv6") == 0 ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
}

/* A role's name can stand in a path as it is: IAM allows letters, digits and +=,.@-_ */
static bool role_path(struct slice role, char *path, size_t room) {
    role = slice_cut(&role, '\n');
    if (role.len > 0 && role.ptr[role.len - 1] == '\r') role.len--;
    if (role.len == 0 || role.len > ROLE_BYTES_MAX) return false;
    for (size_t i = 0; i < role.len; i++) {
        char c = role.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && strchr("+=,.@-_", c) == NULL) return false;
    }
    snprintf(path, room, "/latest/meta-data/iam/security-credentials/%.*s", (int)role.len, role.ptr);
    return true;
}

static enum status fetch_from_instance(struct answer *answer, struct aws_lease *lease, struct error *error) {
    const char *what = "EC2 instance metadata";
    char url[URL_BYTES], path[ROLE_BYTES_MAX + 64], header[AWS_KEY_BYTES_MAX + 64];
    const char *headers[] = {"X-aws-ec2-metadata-token-ttl-seconds: 21600", NULL};
    snprintf(url, sizeof url, "%s", metadata_url());
    size_t length = strlen(url);
    if (length > 0 && url[length - 1] == '/') url[length - 1] = '\0';
    struct http_settings settings = {.url = url,
                                     .requests_max = 1,
                                     .connect_ms_max = 1000,
                                     .silence_s_max = 3,
                                     .total_ms_max = 3000,
                                     .direct = true};
    struct http_request request = {.method = "PUT", .path = "/latest/api/token", .headers = headers};
    enum status status = ask(&settings, &request, what, answer, error);
    if (status != STATUS_OK) return status;
    if (answer->text.count > AWS_KEY_BYTES_MAX || strpbrk(answer->bytes, "\r\n") != NULL)
        return error_set(error, STATUS_FAILED, "%s: its token is none", what);
    snprintf(header, sizeof header, "X-aws-ec2-metadata-token: %.*s", (int)AWS_KEY_BYTES_MAX, answer->bytes);
    headers[0] = header;
    request = (struct http_request){
        .method = "GET", .path = "/latest/meta-data/iam/security-credentials/", .headers = headers};
    status = ask(&settings, &request, what, answer, error);
    if (status != STATUS_OK && answer->outcome.status == 404)
        return error_set(error, STATUS_FAILED, "%s: this instance has no role; attach one", what);
    if (status != STATUS_OK) return status;
    if (!role_path(text_of(answer), path, sizeof path))
        return error_set(error, STATUS_FAILED, "%s: its role's name is none", what);
    request.path = path;
    status = ask_for_lease(&settings, &request, what, lease, error);
    explicit_bzero(header, sizeof header);
    return status;
}

enum status aws_instance_fetch(struct aws_lease *lease, struct error *error) {
    struct answer *answer = calloc(1, sizeof *answer);
    if (answer == NULL) return error_set(error, STATUS_FAILED, "out of memory");
    enum status status = fetch_from_instance(answer, lease, error);
    drop_answer(answer);
    return status;
}

/* --- web identities ------------------------------------------------------------------------------- */

/* Writes `text` for a form, percent-encoded but for unreserved characters (RFC 3986 2.3); at most three bytes for each. */
static char *encode(char *out, struct slice text) {
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (letter || (c != '\0' && strchr("-._~", c) != NULL))
            *out++ = (char)c;
        else
            out += sprintf(out, "%%%02X", c);
    }
    return out;
}

/* The form; the caller frees it. NULL: out of memory. */
static char *make_form(const char *role, const char *session, struct slice token, size_t *form_bytes) {
    const char *head = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15";
    char *form = malloc(strlen(head) + 64 + 3 * (strlen(role) + strlen(session) + token.len));
    if (form == NULL) return NULL;
    char *out = encode(stpcpy(stpcpy(form, head), "&RoleArn="), slice_from(role));
    out = encode(stpcpy(out, "&RoleSessionName="), slice_from(session));
    out = encode(stpcpy(out, "&WebIdentityToken="), token);
    *form_bytes = (size_t)(out - form);
    return form;
}

static void make_sts_url(const char *region, char url[URL_BYTES]) {
    const char *given = getenv("AWS_ENDPOINT_URL_STS");
    const char *china = strncmp(region, "cn-", 3) == 0 ? ".cn" : "";
    if (given != NULL && given[0] != '\0')
        snprintf(url, URL_BYTES, "%s", given);
    else
        snprintf(url, URL_BYTES, "https://sts.%s.amazonaws.com%s", region, china);
    size_t length = strlen(url);
    if (url[length - 1] == '/') url[length - 1] = '\0';
}

enum status aws_web_identity_fetch(const char *region, struct aws_lease *lease, struct error *error) {
    const char *role = getenv("AWS_ROLE_ARN"), *session = getenv("AWS_ROLE_SESSION_NAME");
    if (role == NULL)
        return error_set(error, STATUS_USAGE, "AWS_WEB_IDENTITY_TOKEN_FILE is set, AWS_ROLE_ARN is not; set both");
    struct slice file = {NULL, 0}, token = {NULL, 0};
    enum status status = read_token(getenv("AWS_WEB_IDENTITY_TOKEN_FILE"), &file, &token, error);
    if (status != STATUS_OK) {
        drop_file(file);
        return status;
    }
    char url[URL_BYTES];
    make_sts_url(region, url);
    size_t form_bytes = 0;
    char *form = make_form(role, session != NULL ? session : "wherefrom", token, &form_bytes);
    drop_file(file);
    if (form == NULL) return error_set(error, STATUS_FAILED, "out of memory");
    const struct slice body = {form, form_bytes};
    struct http_settings settings = {
        .url = url, .requests_max = 1, .connect_ms_max = 5000, .silence_s_max = 10, .total_ms_max = 10000};
    struct http_request request = {.method = "POST",
                                   .path = "/",
                                   .content_type = "application/x-www-form-urlencoded",
                                   .body = &body,
                                   .body_parts = 1};
    status = ask_for_lease(&settings, &request, "AWS STS", lease, error);
    explicit_bzero(form, form_bytes);
    free(form);
    return status;
}
