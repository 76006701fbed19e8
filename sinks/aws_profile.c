/* The files are read as the AWS CLI reads them: `name = value`, # and ; begin a line of comment, an indented line belongs to the setting
 * above it and is none of ours.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "sinks/aws_profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/whole_file.h"

#define PATH_BYTES_MAX 4096u

static struct slice trim(struct slice text) {
    while (text.len > 0 && (unsigned char)text.ptr[0] <= ' ') text.ptr++, text.len--;
    while (text.len > 0 && (unsigned char)text.ptr[text.len - 1] <= ' ') text.len--;
    return text;
}

/* Whether a line, which begins with [, is the heading of the section. */
static bool is_heading(struct slice line, bool is_config, struct slice name) {
    struct slice rest = {line.ptr + 1, line.len - 1};
    struct slice heading = trim(slice_cut(&rest, ']'));
    if (is_config && !slice_equal(name, SLICE("default"))) {
        if (!slice_starts_with(heading, SLICE("profile")) || heading.len < 8 || (unsigned char)heading.ptr[7] > ' ')
            return false;
        heading = trim((struct slice){heading.ptr + 7, heading.len - 7});
    }
    return slice_equal(heading, name);
}

static void take_setting(struct slice line, struct aws_profile *profile) {
    static const char *const elsewhere[] = {"credential_process",      "sso_session", "sso_start_url",
                                            "web_identity_token_file", "role_arn",    "source_profile"};
    const struct {
        const char *name;
        struct slice *value;
    } ours[] = {{"aws_access_key_id", &profile->key_id},
                {"aws_secret_access_key", &profile->secret},
                {"aws_session_token", &profile->token}};
    struct slice value = line;
    struct slice name = trim(slice_cut(&value, '='));
    value = trim(value);
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (slice_equal(name, slice_from(ours[i].name)) && ours[i].value->len == 0) *ours[i].value = value;
    for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++)
        if (slice_equal(name, slice_from(elsewhere[i])) && profile->unsupported.len == 0) profile->unsupported = name;
}

void aws_profile_find(struct slice text, bool is_config, const char *name, struct aws_profile *profile) {
    bool inside = false;
    while (text.ptr != NULL) {
        struct slice line = slice_cut(&text, '\n');
        if (line.len == 0 || (unsigned char)line.ptr[0] <= ' ' || line.ptr[0] == '#' || line.ptr[0] == ';') continue;
        if (line.ptr[0] == '[') {
            inside = is_heading(line, is_config, slice_from(name));
            profile->found |= inside;
        } else if (inside) {
            take_setting(line, profile);
        }
    }
}

/* Reads a file that may be missing: `text` is empty then. */
static enum status read_file(const char *variable, const char *usual, struct slice *text, struct error *error) {
    char path[PATH_BYTES_MAX];
    const char *given = getenv(variable), *home = getenv("HOME");
    *text = (struct slice){NULL, 0};
    if (given == NULL && home == NULL) return STATUS_OK;
    int bytes = given != NULL ? snprintf(path, sizeof path, "%s", given)
                              : snprintf(path, sizeof path, "%s/.aws/%s", home, usual);
    if (bytes < 0 || (size_t)bytes >= sizeof path)
        return error_set(error, STATUS_USAGE, "the path of the file %s is too long", usual);
    if (given == NULL && access(path, F_OK) != 0) return STATUS_OK;
    struct error detail;
    enum status status = whole_file_read(path, AWS_FILE_BYTES_MAX, text, &detail);
    if (status == STATUS_OK) return STATUS_OK;
    *text = (struct slice){NULL, 0};
    return error_set(error, status, "%s: %s", path, detail.message);
}

static void drop_text(struct slice text) {
    if (text.ptr == NULL) return;
    explicit_bzero((void *)(uintptr_t)text.ptr, text.len);
    whole_file_free(text);
}

/* What is to be said of a profile that was looked for in both files. */
static enum status judge(const struct aws_profile *profile, const char *name, struct aws_lease *lease,
                         struct error *error) {
    struct error detail;
    if (profile->key_id.len == 0 && profile->unsupported.len > 0)
        return error_set(error, STATUS_USAGE,
                         "profile %s: %.*s is not supported; expected aws_access_key_id and aws_secret_access_key, "
                         "or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
                         name, (int)profile->unsupported.len, profile->unsupported.ptr);
    if (aws_lease_set(lease, profile->key_id, profile->secret, profile->token, &detail) != STATUS_OK)
        return error_set(error, STATUS_USAGE, "profile %s: %s", name, detail.message);
    return STATUS_OK;
}

enum status aws_profile_load(struct aws_lease *lease, bool *found, struct error *error) {
    const char *asked = getenv("AWS_PROFILE");
    if (asked != NULL && asked[0] == '\0') asked = NULL;
    const char *name = asked != NULL ? asked : "default";
    struct slice credentials, config = {NULL, 0};
    *found = false;
    enum status status = read_file("AWS_SHARED_CREDENTIALS_FILE", "credentials", &credentials, error);
    if (status == STATUS_OK) status = read_file("AWS_CONFIG_FILE", "config", &config, error);
    if (status == STATUS_OK) {
        struct aws_profile profile = {.found = false};
        aws_profile_find(credentials, false, name, &profile);
        if (profile.key_id.len == 0) aws_profile_find(config, true, name, &profile); /* never keys of both */
        /* [default] with a region alone is usual and says nothing of keys */
        *found = profile.found && (asked != NULL || profile.key_id.len > 0 || profile.unsupported.len > 0);
        if (*found)
            status = judge(&profile, name, lease, error);
        else if (asked != NULL)
            status = error_set(error, STATUS_USAGE, "profile %s of AWS_PROFILE is in neither file", name);
    }
    drop_text(credentials);
    drop_text(config);
    return status;
}
