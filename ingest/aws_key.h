/* What an S3 object key of AWS logs says: account, region, balancer, node, and the format of the lines.
 *
 * The key grammar is AWS's ("Access log files" in the ELB user guides; FORMATS.md section 12). Only the file
 * name decides; the folders above it may be cut off or renamed by a download, so they only help:
 * they give the account of a test object and of a CloudFront file, and Global Accelerator's region.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_AWS_KEY_H
#define WHEREFROM_AWS_KEY_H

#include <stdbool.h>

#include "base/ip.h"
#include "base/slice.h"

/* Room for a balancer's name: AWS allows 32 characters, "app/" in front, "/" and 16 digits behind. */
#define AWS_BALANCER_BYTES_MAX 64u

/* Slices point into the path given, except `format`; empty when the key does not say. */
struct aws_key {
    struct slice object_name; /* the file name without .gz or .zst; the origin name. Empty: no AWS object name, or
                                 that of a test object, which is the same in every account */
    struct slice format;      /* static text: name of the log format: "alb_access" "nlb_access" "clb_access"
                                 "alb_connection" "alb_health_check" "ga_flow" "vpc_flow" "cloudfront" "waf"; or
                                 "elb_test" for an ELBAccessLogTestFile. Empty for a balancer of another kind (gwy.) */
    struct slice account;     /* 12 digits (11 occur in samples of others: 1 to 20 digits taken) */
    struct slice region;      /* "us-east-2" */
    char balancer[AWS_BALANCER_BYTES_MAX]; /* with its slashes back: "app/web/50dc6c495c0c9188", "net/x/y",
                                 "my-clb"; "" if none */
    struct ip_parsed node; /* node address; family IP_NONE when absent or unreadable. Zero-padded octets are
                                 decimal */
};

/* Parses the last component of `path` (any directory in front). False, and an empty key, when it is not
 * the name of an AWS log object. `out` slices live as long as `path`. */
bool aws_key_parse(struct slice path, struct aws_key *out);

/* `name` without the endings .gz and .zst (a file called just ".gz" keeps its name). */
struct slice aws_key_without_compression(struct slice name);

#endif
