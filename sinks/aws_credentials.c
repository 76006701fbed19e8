/* A lease and two moments: when to renew it and when it ends.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "sinks/aws_credentials.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/monotonic.h"
#include "sinks/aws_endpoints.h"
#include "sinks/aws_lease.h"
#include "sinks/aws_profile.h"

enum source { SOURCE_ENVIRONMENT, SOURCE_WEB_IDENTITY, SOURCE_PROFILE, SOURCE_CONTAINER, SOURCE_INSTANCE };

struct aws_credentials {
    enum source source;
    char region[AWS_REGION_BYTES_MAX + 1];
    struct aws_lease lease;
    bool leased;
    uint64_t renew_ms, end_ms; /* monotonic */
    bool complains;
    struct error complaint;
};

static const char *variable(const char *name) {
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* --- where from ----------------------------------------------------------------------------------- */

static enum status load_environment(struct aws_lease *lease, struct error *error) {
    const char *key_id = variable("AWS_ACCESS_KEY_ID"), *secret = variable("AWS_SECRET_ACCESS_KEY");
    const char *token = variable("AWS_SESSION_TOKEN");
    struct error detail;
    if (key_id == NULL || secret == NULL)
        return error_set(error, STATUS_USAGE,
                         "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY belong together, one of them is not set");
    if (aws_lease_set(lease, slice_from(key_id), slice_from(secret), slice_from(token != NULL ? token : ""), &detail) !=
        STATUS_OK)
        return error_set(error, STATUS_USAGE, "in the environment %s", detail.message);
    return STATUS_OK;
}

static enum status load_profile(struct aws_lease *lease, struct error *error) {
    bool found;
    enum status status = aws_profile_load(lease, &found, error);
    if (status != STATUS_OK || found) return status;
    return error_set(error, STATUS_FAILED, "the profile that keys came from is gone");
}

static enum status choose(struct aws_credentials *credentials, struct error *error) {
    const char *disabled = variable("AWS_EC2_METADATA_DISABLED");
    bool found = false;
    if (variable("AWS_ACCESS_KEY_ID") != NULL || variable("AWS_SECRET_ACCESS_KEY") != NULL) {
        credentials->source = SOURCE_ENVIRONMENT;
        return load_environment(&credentials->lease, error);
    }
    if (variable("AWS_WEB_IDENTITY_TOKEN_FILE") != NULL) {
        credentials->source = SOURCE_WEB_IDENTITY;
        return STATUS_OK;
    }
    enum status status = aws_profile_load(&credentials->lease, &found, error);
    if (status != STATUS_OK) return status;
    if (found) {
        credentials->source = SOURCE_PROFILE;
    } else if (variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") != NULL ||
               variable("AWS_CONTAINER_CREDENTIALS_FULL_URI") != NULL) {
        credentials->source = SOURCE_CONTAINER;
    } else if (disabled == NULL || strcasecmp(disabled, "true") != 0) {
        credentials->source = SOURCE_INSTANCE;
    } else {
        return error_set(error, STATUS_USAGE,
                         "there are none; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE");
    }
    return STATUS_OK;
}

static enum status fetch(const struct aws_credentials *credentials, struct aws_lease *lease, struct error *error) {
    switch (credentials->source) {
    case SOURCE_ENVIRONMENT: return load_environment(lease, error);
    case SOURCE_WEB_IDENTITY: return aws_web_identity_fetch(credentials->region, lease, error);
    case SOURCE_PROFILE: return load_profile(lease, error);
    case SOURCE_CONTAINER: return aws_container_fetch(lease, error);
    case SOURCE_INSTANCE: break;
    }
    return aws_instance_fetch(lease, error);
}

/* --- how long ------------------------------------------------------------------------------------- */

/* Five minutes before the end; sooner, again and again, when there are no five minutes. */
static uint64_t next_ms(uint64_t now_ms, uint64_t end_ms) {
    uint64_t left_ms = end_ms - now_ms;
    uint64_t again_ms = left_ms / 2 < AWS_RENEW_AGAIN_MS ? left_ms / 2 : AWS_RENEW_AGAIN_MS;
    return now_ms + (left_ms > AWS_RENEW_MS + again_ms ? left_ms - AWS_RENEW_MS : again_ms);
}

static enum status take(struct aws_credentials *credentials, const struct aws_lease *lease, struct error *error) {
    uint64_t now_ms = monotonic_ms();
    int64_t left_s = lease->expires_s - (int64_t)time(NULL);
    if (lease->expires_s == 0) {
        credentials->end_ms = UINT64_MAX;
        credentials->renew_ms = now_ms + AWS_RENEW_MS;
    } else if (left_s <= 0) {
        return error_set(error, STATUS_FAILED, "the keys that were handed out have expired; is the clock right?");
    } else {
        credentials->end_ms = now_ms + (uint64_t)left_s * 1000;
        credentials->renew_ms = next_ms(now_ms, credentials->end_ms);
    }
    credentials->lease = *lease;
    credentials->leased = true;
    return STATUS_OK;
}

static enum status renew(struct aws_credentials *credentials, struct error *error) {
    struct aws_lease lease = {.expires_s = 0};
    struct error detail;
    enum status status = fetch(credentials, &lease, &detail);
    if (status == STATUS_OK) status = take(credentials, &lease, &detail);
    explicit_bzero(&lease, sizeof lease);
    credentials->complains = false;
    if (status == STATUS_OK) return STATUS_OK;
    uint64_t now_ms = monotonic_ms();
    if (!credentials->leased || now_ms >= credentials->end_ms)
        return error_set(error, status, "AWS credentials: %s", detail.message);
    (void)error_set(&credentials->complaint, status, "AWS credentials: %s; the old ones still hold", detail.message);
    credentials->complains = true;
    credentials->renew_ms = credentials->end_ms == UINT64_MAX ? now_ms + AWS_RENEW_AGAIN_MS
                                                              : next_ms(now_ms, credentials->end_ms);
    return STATUS_OK;
}

/* --- the outside ---------------------------------------------------------------------------------- */

enum status aws_credentials_new(const char *region, struct aws_credentials **credentials, struct error *error) {
    *credentials = calloc(1, sizeof **credentials);
    if (*credentials == NULL) return error_set(error, STATUS_FAILED, "out of memory");
    struct slice name = slice_from(region);
    if (name.len == 0 || name.len > AWS_REGION_BYTES_MAX ||
        strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") != name.len)
        return error_set(error, STATUS_USAGE, "AWS region %s: expected one like eu-central-1", region);
    memcpy((*credentials)->region, region, name.len);
    struct error detail;
    enum status status = choose(*credentials, &detail);
    if (status != STATUS_OK) return error_set(error, status, "AWS credentials: %s", detail.message);
    return STATUS_OK;
}

enum status aws_credentials_get(struct aws_credentials *credentials, struct aws_keys *keys, struct error *error) {
    if (!credentials->leased || monotonic_ms() >= credentials->renew_ms) {
        enum status status = renew(credentials, error);
        if (status != STATUS_OK) return status;
    }
    const struct aws_lease *lease = &credentials->lease;
    *keys = (struct aws_keys){.access_key_id = lease->access_key_id,
                              .secret_access_key = lease->secret_access_key,
                              .session_token = lease->session_token[0] != '\0' ? lease->session_token : NULL};
    return STATUS_OK;
}

const char *aws_credentials_complaint(struct aws_credentials *credentials) {
    if (!credentials->complains) return NULL;
    credentials->complains = false;
    return credentials->complaint.message;
}

void aws_credentials_free(struct aws_credentials *credentials) {
    if (credentials != NULL) explicit_bzero(credentials, sizeof *credentials);
    free(credentials);
}
