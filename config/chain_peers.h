/* `peers` of a hop: the networks that it connects from, inline, from a file, or from the list that AWS publishes.
 *
 * Threads: main thread. */
#ifndef WHEREFROM_CHAIN_PEERS_H
#define WHEREFROM_CHAIN_PEERS_H

#include "base/cidr_set.h"
#include "config/problems.h"

/* Makes the set that `node` describes, a list or one of:
 *
 *   10.0.0.0/16                               a network or an address; not inside another one of the same hop
 *   {file: PATH}                              one a line, # begins a comment
 *   {aws: SERVICE, file: PATH, region: R}     the networks of a service in AWS's ip-ranges.json; region, one or a list, may be left out
 *                                             (docs.aws.amazon.com/vpc/latest/userguide/aws-ip-syntax.html)
 *
 * Relative paths start at the folder of scope->file. Without such a file (a case of `resolve`) files are refused, and overlapping is
 * fine. Files have at most PEERS_FILE_BYTES_MAX. NULL: problems were added. */
struct cidr_set *chain_peers_load(const struct problem_scope *scope, const struct config_node *node);

#endif
