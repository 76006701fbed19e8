/* Keys for AWS and how long they hold, out of the forms in which AWS hands them over.
 *
 * No message shows a value of what was parsed.
 *
 * Threads: plain values. */
#ifndef WHEREFROM_AWS_LEASE_H
#define WHEREFROM_AWS_LEASE_H

#include "base/error.h"
#include "base/slice.h"
#include "schemas/limits.h"

struct aws_lease {
    char access_key_id[AWS_KEY_BYTES_MAX + 1], secret_access_key[AWS_KEY_BYTES_MAX + 1];
    char session_token[AWS_TOKEN_BYTES_MAX + 1]; /* "": none */
    int64_t expires_s;                           /* since 1970; 0: never */
};

/* Takes the three of them (`token` may be empty); each consists of visible ASCII, for it goes into a header. STATUS_USAGE says which one is
 * at fault. */
enum status aws_lease_set(struct aws_lease *lease, struct slice key_id, struct slice secret, struct slice token,
                          struct error *error) WARN_UNUSED;

/* The answer of a container's endpoint and of instance metadata: {"AccessKeyId","SecretAccessKey","Token","Expiration"}, and in the latter
 * "Code":"Success". STATUS_FAILED when it is something else. */
enum status aws_lease_from_json(struct slice text, struct aws_lease *lease, struct error *error) WARN_UNUSED;

/* The answer of STS: <Credentials> with <AccessKeyId>, <SecretAccessKey>, <SessionToken>, <Expiration>. */
enum status aws_lease_from_xml(struct slice text, struct aws_lease *lease, struct error *error) WARN_UNUSED;

/* The text between <name> and </name>, the first in `text`, without whitespace around it; ptr NULL: there is none. For XML whose elements
 * have neither attributes nor entities. */
struct slice aws_xml_element(struct slice text, const char *name);

#endif
