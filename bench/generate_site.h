/* A balancer of the made world: its account, region, names, certificates and the servers behind it.
 *
 * Threads: plain values. */
#ifndef WHEREFROM_GENERATE_SITE_H
#define WHEREFROM_GENERATE_SITE_H

#include <stdint.h>

enum site_kind { SITE_ALB, SITE_NLB, SITE_CLB };

enum { SITE_GROUPS = 4, SITE_DOMAINS = 3, SITE_CERTIFICATES = 2 };

struct site {
    enum site_kind kind;
    const char *account; /* 12 digits, those that documentation uses */
    const char *region;
    const char *name;  /* as the owner named it: no slash, dot or underscore */
    char id[17];       /* 16 hex digits; a Classic balancer has none */
    char elb[64];      /* as the logs write it: app/NAME/ID, net/NAME/ID, or the bare name of a Classic one */
    char listener[17]; /* NLB */
    char node_ip[16];
    const char *domains[SITE_DOMAINS];
    char groups[SITE_GROUPS][128];             /* ARNs of the target groups */
    char certificates[SITE_CERTIFICATES][128]; /* ARNs */
};

/* Fills `site`: the same kind, seed and index give the same balancer. Eight indexes differ in name and region. */
void generate_site_init(struct site *site, enum site_kind kind, uint64_t seed, uint32_t index);

/* Other nodes of the same balancer have other addresses: sets node_ip to that of node `node`. */
void generate_site_node(struct site *site, uint64_t seed, uint32_t node);

#endif
