/* The table of formats.
 *
 * Threads: const table, pure functions. */
#include "bench/generate_format.h"

#include <string.h>

/* clang-format off */
const struct generate_format generate_formats[] = {
    {"alb", "alb_access", SITE_ALB, true, NULL, generate_alb_put, "Application Load Balancer, 34 columns"},
    {"nlb", "nlb_access", SITE_NLB, true, NULL, generate_nlb_put, "Network Load Balancer (TLS), 22 columns"},
    {"clb", "clb_access", SITE_CLB, true, NULL, generate_clb_put, "Classic Load Balancer, 15 columns"},
    {"alb_connection", "alb_connection", SITE_ALB, true, NULL, generate_alb_connection_put, "ALB connections, 15 columns"},
    {"alb_health_check", "alb_health_check", SITE_ALB, true, NULL, generate_alb_health_check_put, "ALB health checks, 10 columns"},
    {"vpc_flow", "vpc_flow", SITE_ALB, true, generate_vpc_header, generate_vpc_put, "VPC flows, the default 14 columns"},
    {"vpc_flow_custom", "vpc_flow", SITE_ALB, false, generate_vpc_custom_header, generate_vpc_custom_put, "VPC flows, 29 columns in an order of their own"},
    {"tgw_flow", "tgw_flow", SITE_ALB, true, generate_tgw_header, generate_tgw_put, "Transit Gateway flows, 36 columns"},
    {"ga_flow", "ga_flow", SITE_ALB, true, generate_ga_header, generate_ga_put, "Global Accelerator flows, 23 columns"},
    {"cloudfront", "cloudfront", SITE_ALB, true, generate_cloudfront_header, generate_cloudfront_put, "CloudFront standard log, 33 columns"},
    {"nginx", "nginx", SITE_ALB, true, NULL, generate_nginx_put, "NGINX combined and \"$http_x_forwarded_for\""},
    {"haproxy", "haproxy", SITE_ALB, true, NULL, generate_haproxy_put, "HAProxy httplog behind a syslog prefix"},
    {"envoy", "envoy", SITE_ALB, true, NULL, generate_envoy_put, "Envoy's default text"},
    {"cloudfront_json", "cloudfront", SITE_ALB, true, NULL, generate_cloudfront_json_put, "CloudFront v2 as JSON"},
    {"waf", "waf", SITE_ALB, true, NULL, generate_waf_put, "WAF web ACL traffic"},
    {"alb_lambda_event", "alb_lambda_event", SITE_ALB, true, NULL, generate_alb_lambda_put, "what ALB sends a Lambda function"},
    {"alb_json", "alb_access", SITE_ALB, true, NULL, generate_alb_json_put, "vended ALB access log as JSON"},
    {"envoy_json", "envoy", SITE_ALB, true, NULL, generate_envoy_json_put, "Envoy as Istio sets it up, JSON"},
    {"vpc_flow_json", "vpc_flow", SITE_ALB, true, NULL, generate_vpc_json_put, "VPC flows as Firehose wraps them"},
};
/* clang-format on */

const uint32_t generate_formats_count = sizeof generate_formats / sizeof generate_formats[0];

const struct generate_format *generate_format_find(const char *name) {
    for (uint32_t i = 0; i < generate_formats_count; i++)
        if (strcmp(generate_formats[i].name, name) == 0) return &generate_formats[i];
    return NULL;
}
