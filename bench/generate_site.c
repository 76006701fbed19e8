/* Names are of the domains that RFC 2606 keeps for examples, accounts those of documentation: nothing made here can
 * be mistaken for somebody's log.
 *
 * Threads: pure functions. */
#include "bench/generate_site.h"

#include <stdio.h>
#include <string.h>

#include "bench/generate_client.h"

static const struct {
    const char *account, *region, *name;
    const char *domains[SITE_DOMAINS];
} places[] = {
    {"123456789012", "us-east-1", "web-prod", {"www.example.com", "example.com", "static.example.com"}},
    {"111122223333", "eu-central-1", "shop-eu", {"shop.example.org", "www.example.org", "img.example.org"}},
    {"123456789012", "us-east-2", "api-public", {"api.example.com", "auth.example.com", "hooks.example.com"}},
    {"444455556666", "ap-southeast-1", "edge-apac", {"apac.example.net", "cdn.example.net", "m.example.net"}},
    {"111122223333", "eu-west-2", "portal", {"portal.example.org", "login.example.org", "help.example.org"}},
    {"444455556666", "sa-east-1", "loja", {"loja.example.net", "www.example.net", "app.example.net"}},
    {"123456789012", "us-west-2", "stream", {"live.example.com", "vod.example.com", "media.example.com"}},
    {"111122223333", "eu-west-1", "partner-gw", {"partner.example.org", "b2b.example.org", "edi.example.org"}},
};

static const char *const group_names[SITE_GROUPS] = {"web", "api-v2", "checkout", "media"};

void generate_site_node(struct site *site, uint64_t seed, uint32_t node) {
    char *room = site->node_ip;
    struct put out = {room, room + sizeof site->node_ip - 1};
    generate_client_put_ipv4(&out, dice_hash(seed ^ 0x6e6f6465, node));
    *out.next = '\0';
}

void generate_site_init(struct site *site, enum site_kind kind, uint64_t seed, uint32_t index) {
    memset(site, 0, sizeof *site);
    struct dice dice = {dice_hash(seed ^ 0x73697465, index * 4 + (uint32_t)kind)};
    uint32_t place = index % (uint32_t)(sizeof places / sizeof places[0]);
    site->kind = kind;
    site->account = places[place].account;
    site->region = places[place].region;
    site->name = places[place].name;
    memcpy(site->domains, places[place].domains, sizeof site->domains);
    snprintf(site->id, sizeof site->id, "%016llx", (unsigned long long)dice_next(&dice));
    snprintf(site->listener, sizeof site->listener, "%016llx", (unsigned long long)dice_next(&dice));
    if (kind == SITE_CLB)
        snprintf(site->elb, sizeof site->elb, "%s-classic", site->name);
    else
        snprintf(site->elb, sizeof site->elb, "%s/%s/%s", kind == SITE_ALB ? "app" : "net", site->name, site->id);
    for (uint32_t i = 0; i < SITE_GROUPS; i++)
        snprintf(site->groups[i], sizeof site->groups[i], "arn:aws:elasticloadbalancing:%s:%s:targetgroup/%s/%016llx",
                 site->region, site->account, group_names[i], (unsigned long long)dice_next(&dice));
    for (uint32_t i = 0; i < SITE_CERTIFICATES; i++) {
        unsigned long long high = dice_next(&dice), low = dice_next(&dice);
        snprintf(site->certificates[i], sizeof site->certificates[i],
                 "arn:aws:acm:%s:%s:certificate/%08llx-%04llx-4%03llx-a%03llx-%012llx", site->region, site->account,
                 high >> 32, high >> 16 & 0xffff, high & 0xfff, low >> 52, low & 0xffffffffffff);
    }
    generate_site_node(site, seed, index);
}
