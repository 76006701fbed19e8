/* The config's residency.privacy: what may leave of the addresses of each zone's clients.
 *
 *   privacy:
 *     key_file: /etc/wherefrom/privacy.key     # or key_env; of event.id, and of addresses where a zone has no key of its own
 *     eea:   {ip: truncate, v4: 24, v6: 48, ua: keep, keep_raw: false}
 *     other: {ip: hmac, key_file: /etc/wherefrom/other.key, rotate: 24h}
 *     "*":   {ip: drop, ua: drop}               # zones that are not named, and clients without a zone
 *
 * Without "*" zones that are not named keep their addresses, and of clients without a zone networks are left: the shortest of any zone that says how long,
 * and no more than /24 and /48.
 *
 * Keys that are used: HMAC-SHA-256 of the text that was given over "wherefrom event.id" and "wherefrom address".
 *
 * Threads: main thread. */
#ifndef WHEREFROM_PRIVACY_LOAD_H
#define WHEREFROM_PRIVACY_LOAD_H

#include "config/problems.h"
#include "schemas/privacy.h"

/* Makes policy->privacy of `section` (NULL: not given), for the policy's zones; NULL when all zones keep everything. False: problems were added, as many
 * as there are. */
bool privacy_load(const struct problem_scope *scope, const struct config_node *section,
                  struct residency_policy *policy) WARN_UNUSED;
void privacy_unload(struct privacy *privacy); /* NULL is fine; wipes the keys */

#endif
