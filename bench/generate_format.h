/* The formats that can be made: one table, one row each, one function each.
 *
 * They follow the pages of AWS, NGINX, HAProxy, Envoy and Istio as of 2026; values by the quirks that real lines show
 * (IPv6 without brackets, -1 times, "-" targets, \xHH escapes).
 *
 * Threads: const tables, pure functions. */
#ifndef WHEREFROM_GENERATE_FORMAT_H
#define WHEREFROM_GENERATE_FORMAT_H

#include "bench/generate_line.h"

struct generate_format {
    const char *name;    /* the word of the command line */
    const char *schema;  /* what wherefrom calls it; several shapes may have one name */
    enum site_kind site; /* whose names and ids are in the lines */
    bool told_alone;     /* a line is known for what it is without a header line before it: for `mixed` */
    const char *header;  /* what a file begins with, with its LFs; NULL: nothing */
    void (*put)(struct generate_line *line, struct put *out); /* one line with its LF */
    const char *help;
};

extern const struct generate_format generate_formats[];
extern const uint32_t generate_formats_count;

/* NULL when there is none of that name. */
const struct generate_format *generate_format_find(const char *name);

/* The header lines of those that have one, each in the file of its format. */
extern const char generate_cloudfront_header[], generate_ga_header[], generate_tgw_header[], generate_vpc_header[],
    generate_vpc_custom_header[];

/* The formats themselves, each in a file of its name or its family's. */
void generate_alb_put(struct generate_line *line, struct put *out);
void generate_alb_json_put(struct generate_line *line, struct put *out);
void generate_alb_connection_put(struct generate_line *line, struct put *out);
void generate_alb_health_check_put(struct generate_line *line, struct put *out);
void generate_alb_lambda_put(struct generate_line *line, struct put *out);
void generate_clb_put(struct generate_line *line, struct put *out);
void generate_cloudfront_put(struct generate_line *line, struct put *out);
void generate_cloudfront_json_put(struct generate_line *line, struct put *out);
void generate_envoy_put(struct generate_line *line, struct put *out);
void generate_envoy_json_put(struct generate_line *line, struct put *out);
void generate_ga_put(struct generate_line *line, struct put *out);
void generate_haproxy_put(struct generate_line *line, struct put *out);
void generate_nginx_put(struct generate_line *line, struct put *out);
void generate_nlb_put(struct generate_line *line, struct put *out);
void generate_tgw_put(struct generate_line *line, struct put *out);
void generate_vpc_put(struct generate_line *line, struct put *out);
void generate_vpc_custom_put(struct generate_line *line, struct put *out);
void generate_vpc_json_put(struct generate_line *line, struct put *out);
void generate_waf_put(struct generate_line *line, struct put *out);

#endif
