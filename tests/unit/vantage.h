/* Lines of one format, a chain, and who the client is then: from the text of a log to its record, with everything in between as it runs.
 *
 * Threads: one. */
#ifndef WHEREFROM_VANTAGE_H
#define WHEREFROM_VANTAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <nettle/sha2.h>
#include <stdio.h>

#include "app/format_choice.h"
#include "schemas/output.h"
#include "tests/unit/encode_line.h"
#include "tests/unit/guard.h"

#define VANTAGE_HOPS_MAX 4u

/* A hop in short; the chain's networks: VPC 10.0.0.0/16 for all but CloudFront, which has 130.176.0.0/16 and 2600:9000:5200::/40. */
struct vantage_hop {
    const char *type;
    enum carrier carrier;
    const char *secret, *secret_value; /* header that must be there; NULL: none, any value */
    const char *header;                /* CARRIER_HEADER */
    const char *peers;                 /* NULL: as above */
    bool optional, appends, last_colon;
    enum verdict hides_as;
};

struct vantage_case {
    const char *what;
    const char *format; /* as behind --format */
    const char *ndjson; /* as behind --ndjson; NULL: nothing */
    const char *line;
    const char *expected;    /* see vantage_show() */
    const char *has, *lacks; /* texts of the written record; NULL: anything */
};

/* What is missing is anything. */
#define VANTAGE(what_, format_, ndjson_, line_, ...) \
    { .what = (what_), .format = (format_), .ndjson = (ndjson_), .line = (line_), .expected = __VA_ARGS__ }

struct vantage_bench {
    struct chain chain;
    struct cidr_set *sets[VANTAGE_HOPS_MAX];
    struct chain_rules rules;
    struct encoder *encoder;
};

static inline void vantage_chain(struct vantage_bench *bench, const struct vantage_hop *hops) {
    struct chain *chain = &bench->chain;
    for (uint32_t i = 0; i < VANTAGE_HOPS_MAX && hops[i].type != NULL; i++) {
        struct hop *hop = &chain->hops[chain->hops_count];
        *hop = (struct hop){.type = hops[i].type,
                            .carrier = (uint8_t)hops[i].carrier,
                            .optional = hops[i].optional,
                            .appends = hops[i].appends,
                            .token_mode = hops[i].last_colon ? TOKEN_LAST_COLON : TOKEN_XFF,
                            .hides_as = (uint8_t)hops[i].hides_as,
                            .secret = HEADER_NONE};
        if (hops[i].header != NULL) {
            hop->header = chain->headers_count;
            chain->headers[chain->headers_count++] = hops[i].header;
        }
        if (hops[i].secret != NULL) {
            hop->secret = chain->headers_count;
            chain->headers[chain->headers_count++] = hops[i].secret;
        }
        if (hops[i].secret_value != NULL) {
            hop->has_digest = true;
            struct sha256_ctx context;
            sha256_init(&context);
            sha256_update(&context, strlen(hops[i].secret_value), (const uint8_t *)hops[i].secret_value);
            sha256_digest(&context, sizeof hop->digest, hop->digest);
        }
        const char *peers[] = {hops[i].peers, NULL};
        bool edge = strcmp(hop->type, "cloudfront") == 0;
        if (peers[0] == NULL) peers[0] = edge ? "130.176.0.0/16" : "10.0.0.0/16";
        if (hops[i].peers == NULL && edge) peers[1] = "2600:9000:5200::/40";
        bench->sets[i] = cidr_set_new();
        for (size_t j = 0; j < 2 && peers[j] != NULL; j++) {
            struct cidr cidr;
            const char *problem;
            ASSERT(cidr_parse(slice_from(peers[j]), &cidr, &problem));
            ASSERT(cidr_set_add(bench->sets[i], &cidr) == CIDR_ADDED);
        }
        if (hop->carrier != CARRIER_TRANSPARENT) hop->peers = bench->sets[i];
        chain->by_type[chain->hops_count] = chain->hops_count; /* flags of types are asked of one hop only */
        chain->hops_count++;
    }
    chain->name = "site";
}

/* `hops` NULL: no chain is declared. */
static inline void vantage_init(struct vantage_bench *bench, const struct vantage_hop *hops) {
    struct error error;
    *bench = (struct vantage_bench){.chain = {.name = "site"}};
    if (hops != NULL) {
        vantage_chain(bench, hops);
        bench->rules.always = &bench->chain;
    }
    ASSERT(chain_rules_collect_headers(&bench->rules, &error) == STATUS_OK);
    struct encoder_request request = {.schema = &output_ecs};
    ASSERT(encoder_new(&request, &bench->encoder, &error) == STATUS_OK);
}

static inline void vantage_destroy(struct vantage_bench *bench) {
    for (uint32_t i = 0; i < VANTAGE_HOPS_MAX; i++) cidr_set_free(bench->sets[i]);
    encoder_free(bench->encoder);
}

/* "81.2.69.142:80 xff ok trust=2 depth=1 via=10.0.3.7 claim=192.0.2.1 waf=192.0.2.1 flag,flag"; "-" for an address that is not known. */
static inline const char *vantage_show(const struct record *record) {
    static char text[1024];
    char address[IP_TEXT_BYTES_MAX];
    const struct client *client = &record->client;
    char *out = text, *end = text + sizeof text;
    *out = '\0';
    address[client->resolved ? ip_format(&client->ip, address) : 0] = '\0';
    out += snprintf(out, (size_t)(end - out), "%s", client->resolved ? address : "-");
    if (client->resolved && client->port != 0) out += snprintf(out, (size_t)(end - out), ":%u", client->port);
    out += snprintf(out, (size_t)(end - out), " %s %s trust=%u depth=%u", provenance_names[client->provenance],
                    verdict_names[client->verdict], client->trust, client->depth);
    if (client->has_via) {
        address[ip_format(&client->via, address)] = '\0';
        out += snprintf(out, (size_t)(end - out), " via=%s", address);
    }
    if (client->claim_bytes > 0)
        out += snprintf(out, (size_t)(end - out), " claim=%.*s", (int)client->claim_bytes, client->claim);
    if (record->has_waf_view) {
        address[ip_format(&record->waf_view, address)] = '\0';
        out += snprintf(out, (size_t)(end - out), " waf=%s", address);
    }
    const char *separator = " ";
    for (uint32_t flag = 0; flag < HOP_FLAGS; flag++) {
        if ((client->flags >> flag & 1) == 0) continue;
        out += snprintf(out, (size_t)(end - out), "%s%s%s", separator, hop_flag_names[flag],
                        flag == HOP_BASE ? verdict_names[client->base] : "");
        separator = ",";
    }
    return text;
}

/* A text of the line that stands for an address is how that is written. */
static inline void vantage_check_text(const struct record *record, struct span span, struct slice expected) {
    if (span.length > 0) assert_true(slice_equal(record_text(record, span), expected));
}

static inline void vantage_check_texts(const struct record *record) {
    const struct client *client = &record->client;
    char text[IP_TEXT_BYTES_MAX];
    if (client->resolved)
        vantage_check_text(record, client->text.address, (struct slice){text, ip_format(&client->ip, text)});
    if (client->has_via)
        vantage_check_text(record, client->via_text, (struct slice){text, ip_format(&client->via, text)});
    if (client->claim_bytes > 0)
        vantage_check_text(record, client->claim_text, (struct slice){client->claim, client->claim_bytes});
}

/* Reads the line. */
static inline void vantage_check(const struct vantage_bench *bench, const struct vantage_case *c) {
    struct format_choice choice;
    struct error error;
    const struct option_list ndjson = {.items = (const char **)(uintptr_t)&c->ndjson, .count = c->ndjson != NULL};
    if (format_choice_init(&choice, c->format, &ndjson, &bench->rules.headers, &error) != STATUS_OK)
        fail_msg("%s: %s", c->what, error.message);
    struct origin origin = {.path = SLICE("a.log"),
                            .name = SLICE("a.log"),
                            .schema = choice.schema,
                            .schema_fixed = true,
                            .header = choice.has_header ? &choice.header : NULL,
                            .log_format = choice.has_log_format ? &choice.log_format : NULL,
                            .captures = choice.has_captures ? &choice.captures : NULL};
    struct encode_line encode;
    encode_line_init(&encode, scan_choose());
    encode.rules = bench->rules.always != NULL ? &bench->rules : NULL;
    encode.splitter.tables = choice.tables;
    if (choice.has_header) encode.splitter.header = choice.header;
    (void)encode_line(&encode, bench->encoder, &origin, slice_from(c->line), (struct slice){0});
    if (encode.reading.kind != READING_RECORD) fail_msg("%s: no record: %s", c->what, encode.reading.expected);
    const char *got = vantage_show(&encode.record);
    if (strcmp(got, c->expected) != 0)
        fail_msg("%s:\n    %s\ninstead of\n    %s\nof %s", c->what, got, c->expected, c->line);
    vantage_check_texts(&encode.record);
    encode.out[encode.out_bytes] = '\0';
    if (c->has != NULL && strstr(encode.out, c->has) == NULL) fail_msg("%s: no %s in %s", c->what, c->has, encode.out);
    if (c->lacks != NULL && strstr(encode.out, c->lacks) != NULL)
        fail_msg("%s: %s is in %s", c->what, c->lacks, encode.out);
    encode_line_destroy(&encode);
    format_choice_destroy(&choice);
}

#define VANTAGE_CHECK(hops, cases)                                                                               \
    do {                                                                                                         \
        struct vantage_bench bench_;                                                                             \
        vantage_init(&bench_, hops);                                                                             \
        for (size_t i_ = 0; i_ < sizeof(cases) / sizeof((cases)[0]); i_++) vantage_check(&bench_, &(cases)[i_]); \
        vantage_destroy(&bench_);                                                                                \
    } while (0)

#endif
