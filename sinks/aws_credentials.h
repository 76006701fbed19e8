/* The keys that requests to AWS are signed with: where they come from, and that they are fresh.
 *
 * The places, the first one that the environment names is the one: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (AWS_SESSION_TOKEN); a web
 * identity (AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN); a profile of the shared files (sinks/aws_profile.h); a container's endpoint; EC2
 * instance metadata unless AWS_EC2_METADATA_DISABLED is true. Keys that expire are renewed five minutes before; when that fails, the old
 * ones go on until they expire. A profile is read again as often, so that whoever writes new keys there need not restart anything.
 *
 * Threads: one thread at a time. */
#ifndef WHEREFROM_AWS_CREDENTIALS_H
#define WHEREFROM_AWS_CREDENTIALS_H

#include "sinks/http_client.h"

struct aws_credentials;

/* Looks where keys are to come from; asks nobody yet. `region` is for the STS of a web identity. STATUS_USAGE: what the environment or a
 * profile says cannot be. aws_credentials_free is safe after any outcome. */
enum status aws_credentials_new(const char *region, struct aws_credentials **credentials,
                                struct error *error) WARN_UNUSED;

/* The keys, valid until the next call. Asks for them when it is time, and waits for that: milliseconds, and up to ten seconds when whoever
 * has them does not answer. STATUS_FAILED: there are none now; there may be later. STATUS_USAGE: not before somebody changes something. */
enum status aws_credentials_get(struct aws_credentials *credentials, struct aws_keys *keys,
                                struct error *error) WARN_UNUSED;

/* Why the last attempt to renew keys failed that still hold, once; NULL: it did not, or it was said. Valid until the next call of _get. */
const char *aws_credentials_complaint(struct aws_credentials *credentials);

/* Wipes the keys. */
void aws_credentials_free(struct aws_credentials *credentials);

#endif
