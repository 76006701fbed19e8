/* Keys from the endpoints that hand them out: a container's, EC2 instance metadata (version 2), STS for a web identity.
 *
 * Each call asks once and waits for the answer, a few seconds at the most; addresses of the machine itself answer within a millisecond or
 * are not there. Where they are says the environment, in the variables that AWS's own programs read.
 *
 * Threads: one at a time, for the environment. */
#ifndef WHEREFROM_AWS_ENDPOINTS_H
#define WHEREFROM_AWS_ENDPOINTS_H

#include "sinks/aws_lease.h"

/* AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI, with AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE or _TOKEN. Over plain HTTP only from this
 * machine and from the addresses that ECS and EKS have for it, else STATUS_USAGE. */
enum status aws_container_fetch(struct aws_lease *lease, struct error *error) WARN_UNUSED;

/* The role of this instance; AWS_EC2_METADATA_SERVICE_ENDPOINT and _MODE say where its metadata is. */
enum status aws_instance_fetch(struct aws_lease *lease, struct error *error) WARN_UNUSED;

/* AssumeRoleWithWebIdentity with AWS_WEB_IDENTITY_TOKEN_FILE (read anew each time), AWS_ROLE_ARN and AWS_ROLE_SESSION_NAME, at the STS of
 * `region` or AWS_ENDPOINT_URL_STS. */
enum status aws_web_identity_fetch(const char *region, struct aws_lease *lease, struct error *error) WARN_UNUSED;

/* Whether keys may come from this URL: https, or this machine's own and link-local addresses of containers. */
bool aws_container_url_allowed(const char *url);

#endif
