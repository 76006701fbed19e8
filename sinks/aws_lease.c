/* The XML of STS is three elements with names of their own, so they are looked for and nothing else is parsed: a value with a character
 * that XML would escape is none that AWS makes.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "sinks/aws_lease.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/timestamp.h"

static bool take(char *out, size_t bytes_max, struct slice value) {
    if (value.len == 0 || value.len > bytes_max) return false;
    for (size_t i = 0; i < value.len; i++)
        if (value.ptr[i] <= ' ' || value.ptr[i] > '~') return false;
    memcpy(out, value.ptr, value.len);
    out[value.len] = '\0';
    return true;
}

enum status aws_lease_set(struct aws_lease *lease, struct slice key_id, struct slice secret, struct slice token,
                          struct error *error) {
    *lease = (struct aws_lease){.expires_s = 0};
    const char *fault = NULL;
    if (!take(lease->access_key_id, AWS_KEY_BYTES_MAX, key_id))
        fault = "access key id";
    else if (!take(lease->secret_access_key, AWS_KEY_BYTES_MAX, secret))
        fault = "secret access key";
    else if (token.len > 0 && !take(lease->session_token, AWS_TOKEN_BYTES_MAX, token))
        fault = "session token";
    if (fault == NULL) return STATUS_OK;
    return error_set(error, STATUS_USAGE, "the %s is missing, too long, or has characters that none has", fault);
}

/* Fills `lease` from what an answer says. */
static enum status set_with_expiry(struct aws_lease *lease, const struct slice values[3], struct slice expiry,
                                   struct error *error) {
    struct error detail;
    if (aws_lease_set(lease, values[0], values[1], values[2], &detail) != STATUS_OK)
        return error_set(error, STATUS_FAILED, "in the answer %s", detail.message);
    struct timestamp_cache cache = {.known = false};
    int64_t ns;
    if (!timestamp_parse_zoned(expiry, &cache, &ns))
        return error_set(error, STATUS_FAILED, "the answer does not say when the keys expire");
    lease->expires_s = ns / 1000000000;
    return STATUS_OK;
}

static struct slice text_of(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    return (struct slice){json_string_value(value), json_string_length(value)};
}

enum status aws_lease_from_json(struct slice text, struct aws_lease *lease, struct error *error) {
    json_t *answer = json_loadb(text.ptr, text.len, 0, NULL);
    enum status status;
    struct slice code = text_of(answer, "Code");
    if (!json_is_object(answer)) {
        status = error_set(error, STATUS_FAILED, "the answer is no JSON object");
    } else if (code.ptr != NULL && !slice_equal(code, SLICE("Success"))) {
        status = error_set(error, STATUS_FAILED, "the answer's Code is not Success");
    } else {
        const struct slice values[3] = {text_of(answer, "AccessKeyId"), text_of(answer, "SecretAccessKey"),
                                        text_of(answer, "Token")};
        status = set_with_expiry(lease, values, text_of(answer, "Expiration"), error);
    }
    json_decref(answer);
    return status;
}

struct slice aws_xml_element(struct slice text, const char *name) {
    char mark[64];
    size_t mark_bytes = (size_t)snprintf(mark, sizeof mark, "<%s>", name);
    const char *begin = memmem(text.ptr, text.len, mark, mark_bytes);
    if (begin == NULL) return (struct slice){NULL, 0};
    begin += mark_bytes;
    size_t left = text.len - (size_t)(begin - text.ptr);
    mark_bytes = (size_t)snprintf(mark, sizeof mark, "</%s>", name);
    const char *end = memmem(begin, left, mark, mark_bytes);
    if (end == NULL) return (struct slice){NULL, 0};
    while (begin < end && (unsigned char)*begin <= ' ') begin++;
    while (begin < end && (unsigned char)end[-1] <= ' ') end--;
    return (struct slice){begin, (size_t)(end - begin)};
}

enum status aws_lease_from_xml(struct slice text, struct aws_lease *lease, struct error *error) {
    struct slice inside = aws_xml_element(text, "Credentials");
    if (inside.ptr == NULL) return error_set(error, STATUS_FAILED, "the answer has no element Credentials");
    const struct slice values[3] = {aws_xml_element(inside, "AccessKeyId"), aws_xml_element(inside, "SecretAccessKey"),
                                    aws_xml_element(inside, "SessionToken")};
    return set_with_expiry(lease, values, aws_xml_element(inside, "Expiration"), error);
}
