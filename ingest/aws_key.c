/* The grammar of AWS log file names, read from both ends.
 *
 *   [conn_log_ | conn_log. | health_check_log_ | health_check_log.]
 *   <account>_elasticloadbalancing_<region>_<balancer>_<time>[_<node address>]_<random>.log
 *   <account>_globalaccelerator_<accelerator>_<time>_<hash>.log
 *   <account>_vpcflowlogs_<region>_<flow log>_<time>_<hash>.log
 *   <account>_waflogs_<region or cloudfront>_<web acl>_<time>_<hash>.log
 *   <distribution>.<yyyy-mm-dd-hh>.<unique>                                   CloudFront
 *
 * A web ACL's name may hold `_`, so what stands behind it is taken from the end and the name is what is
 * left. The grammar is strict where a file of somebody else could look alike: an object name that is
 * none would become an origin name that is not unique.
 *
 * Threads: pure functions. */
#define _GNU_SOURCE /* memrchr */
#include "ingest/aws_key.h"

#include <stdint.h>
#include <string.h>

#define NAME_BYTES_MAX 255u /* of one file name: NAME_MAX */

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_alphanumeric(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Whether `text` has the shape of `pattern`, where 9 stands for a digit and all else for itself. */
static bool has_shape(struct slice text, struct slice pattern) {
    if (text.len != pattern.len) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (pattern.ptr[i] == '9' ? !is_digit(text.ptr[i]) : text.ptr[i] != pattern.ptr[i]) {
            return false;
        }
    }
    return true;
}

static bool is_account(struct slice text) {
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.ptr[i])) {
            return false;
        }
    }
    return text.len >= 1 && text.len <= 20;
}

/* Letters, digits and what is in `also`. */
static bool is_word(struct slice text, const char *also) {
    for (size_t i = 0; i < text.len; i++) {
        if (!is_alphanumeric(text.ptr[i]) && (text.ptr[i] == '\0' || strchr(also, text.ptr[i]) == NULL)) {
            return false;
        }
    }
    return text.len > 0;
}

/* "us-east-2", "us-gov-west-1"; not "cloudfront", which stands in a region's place in WAF names. */
static bool is_region(struct slice text) {
    return text.len <= 32 && is_word(text, "-") && memchr(text.ptr, '-', text.len) != NULL;
}

/* Cuts the text up to the first `separator` off the front of `rest`. False if there is none. */
static bool cut_first(struct slice *rest, char separator, struct slice *first) {
    const char *found = rest->len == 0 ? NULL : memchr(rest->ptr, separator, rest->len);
    if (found == NULL) {
        return false;
    }
    *first = (struct slice){.ptr = rest->ptr, .len = (size_t)(found - rest->ptr)};
    rest->len -= first->len + 1;
    rest->ptr = found + 1;
    return true;
}

static bool cut_last(struct slice *rest, char separator, struct slice *last) {
    const char *found = rest->len == 0 ? NULL : memrchr(rest->ptr, separator, rest->len);
    if (found == NULL) {
        return false;
    }
    size_t head_bytes = (size_t)(found - rest->ptr);
    *last = (struct slice){.ptr = found + 1, .len = rest->len - head_bytes - 1};
    rest->len = head_bytes;
    return true;
}

static bool cut_prefix(struct slice *text, struct slice prefix) {
    if (!slice_starts_with(*text, prefix)) {
        return false;
    }
    text->ptr += prefix.len;
    text->len -= prefix.len;
    return true;
}

static bool cut_suffix(struct slice *text, struct slice suffix) {
    if (!slice_ends_with(*text, suffix)) {
        return false;
    }
    text->len -= suffix.len;
    return true;
}

struct slice aws_key_without_compression(struct slice name) {
    struct slice shorter = name;
    while (cut_suffix(&shorter, SLICE(".gz")) || cut_suffix(&shorter, SLICE(".zst"))) {
        if (shorter.len == 0 || shorter.ptr[shorter.len - 1] == '/') {
            break;
        }
        name = shorter;
    }
    return name;
}

/* Four decimal octets, leading zeros allowed: AWS pads some names ("172.160.001.192"), and base/ip.h
 * rightly refuses that everywhere else. */
static bool parse_padded_ipv4(struct slice text, struct ip_parsed *out) {
    struct ip_parsed parsed = {.family = IP_V4};
    parsed.ip.bytes[10] = parsed.ip.bytes[11] = 0xff;
    size_t position = 0;
    for (size_t octet = 0; octet < 4; octet++) {
        unsigned value = 0;
        size_t digits = 0;
        while (position < text.len && is_digit(text.ptr[position]) && digits < 3) {
            value = value * 10 + (unsigned)(text.ptr[position++] - '0');
            digits++;
        }
        bool ends_well = octet == 3 ? position == text.len : position < text.len && text.ptr[position++] == '.';
        if (digits == 0 || value > 255 || !ends_well) {
            return false;
        }
        parsed.ip.bytes[12 + octet] = (uint8_t)value;
    }
    *out = parsed;
    return true;
}

/* "app.web.50dc6c495c0c9188" becomes "app/web/50dc6c495c0c9188"; a classic balancer has no dots. */
static bool take_balancer(struct slice text, struct aws_key *key) {
    if (text.len >= sizeof key->balancer) {
        return false;
    }
    struct slice rest = text, kind, name;
    bool classic = memchr(text.ptr, '.', text.len) == NULL;
    if (classic ? !is_word(text, "-")
                : !(cut_first(&rest, '.', &kind) && cut_first(&rest, '.', &name) && is_word(name, "-") &&
                    is_word(rest, ""))) {
        return false;
    }
    if (classic) {
        key->format = SLICE("clb_access");
    } else if (slice_equal(kind, SLICE("app"))) {
        key->format = SLICE("alb_access");
    } else if (slice_equal(kind, SLICE("net"))) {
        key->format = SLICE("nlb_access");
    } else if (!slice_equal(kind, SLICE("gwy"))) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        key->balancer[i] = text.ptr[i];
        if (text.ptr[i] == '.') {
            key->balancer[i] = '/';
        }
    }
    key->balancer[text.len] = '\0';
    return true;
}

/* <region>_<balancer>_<time>[_<node address>]_<random> */
static bool parse_balancer_file(struct slice rest, struct slice alb_log, struct aws_key *key) {
    struct slice random, time, node, balancer;
    if (!cut_last(&rest, '_', &random) || !is_word(random, "") || !cut_last(&rest, '_', &time)) {
        return false;
    }
    if (!has_shape(time, SLICE("99999999T9999Z"))) {
        node = time;
        if (!is_word(node, ".:-") || !cut_last(&rest, '_', &time) || !has_shape(time, SLICE("99999999T9999Z"))) {
            return false;
        }
        if (!parse_padded_ipv4(node, &key->node) && !ip_parse(node, &key->node)) {
            key->node = (struct ip_parsed){.family = IP_NONE};
        }
    }
    if (!cut_last(&rest, '_', &balancer) || !is_region(rest) || !take_balancer(balancer, key)) {
        return false;
    }
    key->region = rest;
    if (alb_log.len > 0) { /* these two logs exist for application balancers only */
        bool alb = slice_equal(key->format, SLICE("alb_access"));
        key->format = alb_log;
        return alb;
    }
    return true;
}

/* [<region>_]<resource>_<time>_<hash> */
static bool parse_flow_file(struct slice rest, bool with_region, struct aws_key *key) {
    struct slice hash, time, region;
    if (!cut_last(&rest, '_', &hash) || !is_word(hash, "") || !cut_last(&rest, '_', &time) ||
        !has_shape(time, SLICE("99999999T9999Z"))) {
        return false;
    }
    if (with_region) {
        if (!cut_first(&rest, '_', &region)) {
            return false;
        }
        if (is_region(region)) {
            key->region = region;
        } else if (!slice_equal(region, SLICE("cloudfront"))) {
            return false;
        }
    }
    return is_word(rest, "-_");
}

/* <account>_<service>_... */
static bool parse_regional(struct slice name, struct aws_key *key) {
    struct slice service, alb_log = {0};
    if (cut_prefix(&name, SLICE("conn_log_")) || cut_prefix(&name, SLICE("conn_log."))) {
        alb_log = SLICE("alb_connection");
    } else if (cut_prefix(&name, SLICE("health_check_log_")) || cut_prefix(&name, SLICE("health_check_log."))) {
        alb_log = SLICE("alb_health_check");
    }
    if (!cut_suffix(&name, SLICE(".log")) || !cut_first(&name, '_', &key->account) || !is_account(key->account) ||
        !cut_first(&name, '_', &service)) {
        return false;
    }
    if (slice_equal(service, SLICE("elasticloadbalancing"))) {
        return parse_balancer_file(name, alb_log, key);
    }
    if (alb_log.len > 0) {
        return false;
    }
    if (slice_equal(service, SLICE("globalaccelerator"))) {
        key->format = SLICE("ga_flow");
        return parse_flow_file(name, false, key);
    }
    if (slice_equal(service, SLICE("vpcflowlogs"))) {
        key->format = SLICE("vpc_flow");
        return parse_flow_file(name, true, key);
    }
    key->format = SLICE("waf");
    return slice_equal(service, SLICE("waflogs")) && parse_flow_file(name, true, key);
}

/* Distributions are called E and ten or more capitals and digits. */
static bool parse_cloudfront(struct slice name, struct aws_key *key) {
    struct slice distribution, hour;
    if (!cut_first(&name, '.', &distribution) || !cut_first(&name, '.', &hour)) {
        return false;
    }
    for (size_t i = 0; i < distribution.len; i++) {
        if (distribution.ptr[i] >= 'a' && distribution.ptr[i] <= 'z') {
            return false;
        }
    }
    key->format = SLICE("cloudfront");
    return distribution.len >= 10 && distribution.len <= 32 && distribution.ptr[0] == 'E' &&
           is_word(distribution, "") && has_shape(hour, SLICE("9999-99-99-99")) && name.len >= 6 && name.len <= 64 &&
           is_word(name, "");
}

/* The folder right below the last folder called `parent`; empty if there is none. */
static struct slice folder_below(struct slice folders, struct slice parent) {
    struct slice folder, below = {0}, previous = {0};
    while (cut_first(&folders, '/', &folder)) {
        if (slice_equal(previous, parent)) {
            below = folder;
        }
        previous = folder;
    }
    return below;
}

static void learn_from_folders(struct slice folders, struct aws_key *key) {
    struct slice account = folder_below(folders, SLICE("AWSLogs"));
    if (key->account.len == 0 && is_account(account)) {
        key->account = account;
    }
    struct slice region = folder_below(folders, SLICE("globalaccelerator"));
    if (slice_equal(key->format, SLICE("ga_flow")) && is_region(region)) {
        key->region = region;
    }
}

bool aws_key_parse(struct slice path, struct aws_key *out) {
    const char *slash = path.len == 0 ? NULL : memrchr(path.ptr, '/', path.len);
    size_t folders_bytes = slash == NULL ? 0 : (size_t)(slash - path.ptr) + 1;
    struct slice folders = {.ptr = path.ptr, .len = folders_bytes};
    struct slice name = {.ptr = path.ptr + folders_bytes, .len = path.len - folders_bytes};
    name = aws_key_without_compression(name);
    *out = (struct aws_key){0};
    if (slice_starts_with(name, SLICE("ELB")) && slice_ends_with(name, SLICE("LogTestFile"))) {
        out->format = SLICE("elb_test");
        learn_from_folders(folders, out);
        return true;
    }
    if (name.len > NAME_BYTES_MAX || !(parse_regional(name, out) || parse_cloudfront(name, out))) {
        *out = (struct aws_key){0};
        return false;
    }
    out->object_name = name;
    learn_from_folders(folders, out);
    return true;
}
