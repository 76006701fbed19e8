/* Keys in AWS's shared credentials and config files: INI text, a section for each profile.
 *
 * Only keys that stand there are taken. What makes them elsewhere (credential_process, IAM Identity Center, roles) is refused by its name.
 *
 * Threads: pure functions; aws_profile_load reads the environment. */
#ifndef WHEREFROM_AWS_PROFILE_H
#define WHEREFROM_AWS_PROFILE_H

#include "sinks/aws_lease.h"

/* What a section says, by the names that its settings have. Empty: nothing. */
struct aws_profile {
    bool found;
    struct slice key_id, secret, token;
    struct slice unsupported; /* the name of a setting that makes keys elsewhere */
};

/* Adds to `profile` what `text` says of it; a setting that is there already stays. In a config file sections are called "profile NAME", but
 * for "default". */
void aws_profile_find(struct slice text, bool is_config, const char *name, struct aws_profile *profile);

/* The keys of $AWS_PROFILE (default: "default") out of $AWS_SHARED_CREDENTIALS_FILE (~/.aws/credentials), then $AWS_CONFIG_FILE
 * (~/.aws/config). `*found` false: there is no such profile, and nobody asked for one by name. STATUS_USAGE: there is one without keys, none
 * of the name that was asked for, or a file that cannot be read. */
enum status aws_profile_load(struct aws_lease *lease, bool *found, struct error *error) WARN_UNUSED;

#endif
