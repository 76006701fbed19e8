/* Fuzzes chains and rules: bytes -> a config in YAML, or hops in JSON as cases of `resolve` have them.
 *
 * Oracle: either problems, each one printable line with a place inside the file, or a table whose numbers are in bounds, whose hops have
 * what their carriers need, and which is the same when the text is loaded again.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <stdint.h>
#include <sys/mman.h>

#include "config/chain_load.h"
#include "tests/unit/chain_config.h"

static uint32_t lines_of(const uint8_t *data, size_t size) {
    uint32_t lines = 2;
    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n' || data[i] == '\r' || data[i] == 0x85 || data[i] == 0xa8 || data[i] == 0xa9;
    return lines;
}

static void check_text(const char *text) {
    ASSERT(text[0] != '\0');
    for (; *text != '\0'; text++) ASSERT((unsigned char)*text >= 0x20);
}

static void check_problems(const struct problems *problems, uint32_t lines, size_t size) {
    size_t count = 0;
    for (const struct problem *problem = problems->first; problem != NULL; problem = problem->next, count++) {
        check_text(problem->text);
        ASSERT(problem->place.line <= lines && problem->place.column <= size + 1);
    }
    ASSERT(count == problems->errors_count + problems->warnings_count || count == PROBLEMS_MAX);
    ASSERT(!problems->no_memory);
}

static void check_hop(const struct chain *chain, const struct hop *hop, bool in_case) {
    check_text(hop->type);
    ASSERT(strlen(hop->type) <= HOP_NAME_BYTES_MAX && hop->carrier < CARRIERS);
    ASSERT((hop->peers == NULL) == (hop->carrier == CARRIER_TRANSPARENT));
    ASSERT((hop->header != HEADER_NONE) == (hop->carrier == CARRIER_HEADER));
    ASSERT(hop->header == HEADER_NONE || hop->header < chain->headers_count);
    ASSERT(hop->secret == HEADER_NONE || hop->secret < chain->headers_count);
    ASSERT(hop->secret == HEADER_NONE || in_case || chain->headers[hop->secret][0] != '\0');
    ASSERT(!hop->has_digest || hop->secret != HEADER_NONE);
    ASSERT(!hop->repeat || hop->carrier == CARRIER_APPEND);
    ASSERT(!hop->appends || hop->carrier == CARRIER_HEADER);
    if (hop->carrier == CARRIER_NONE) ASSERT(hop->hides_as >= VERDICT_CF_EDGE_ONLY && hop->hides_as < verdicts_count());
}

static void check_chain(const struct chain *chain, bool in_case) {
    ASSERT(chain->hops_count <= CHAIN_HOPS_MAX && chain->headers_count <= CHAIN_HEADERS_MAX);
    uint32_t met = 0;
    for (uint32_t i = 0; i < chain->hops_count; i++) {
        check_hop(chain, &chain->hops[i], in_case);
        bool last = i + 1u == chain->hops_count;
        if (chain->hops[i].carrier == CARRIER_PRESERVE)
            ASSERT(last ? in_case : chain->hops[i + 1].carrier == CARRIER_APPEND);
        met |= 1u << chain->by_type[i];
        if (i > 0) ASSERT(strcmp(chain->hops[chain->by_type[i - 1]].type, chain->hops[chain->by_type[i]].type) <= 0);
    }
    ASSERT(met == (1u << chain->hops_count) - 1);
    for (uint32_t i = 0; i < chain->headers_count; i++)
        for (uint32_t j = 0; j < i; j++) ASSERT(strcmp(chain->headers[i], chain->headers[j]) != 0);
}

/* Equal in what is written, and in which of some addresses their peers hold. */
static void check_equal(const struct chain *a, const struct chain *b) {
    char hops[2048];
    snprintf(hops, sizeof hops, "%s", chain_config_hops(a));
    ASSERT(strcmp(hops, chain_config_hops(b)) == 0 && strcmp(a->name, b->name) == 0);
    for (uint32_t i = 0; i < a->hops_count; i++) {
        ASSERT(memcmp(a->hops[i].digest, b->hops[i].digest, sizeof a->hops[i].digest) == 0);
        for (uint32_t probe = 0; a->hops[i].peers != NULL && probe < 512; probe++) {
            struct ip ip = {{0}};
            if (probe >= 256) memcpy(ip.bytes, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
            ip.bytes[probe >= 256 ? 12 : 0] = (uint8_t)probe;
            ASSERT(cidr_set_has(a->hops[i].peers, &ip) == cidr_set_has(b->hops[i].peers, &ip));
        }
    }
}

static void check_table(const struct chains *chains) {
    const struct chain_rules *rules = &chains->rules;
    ASSERT(chains->own_count <= rules->chains_count && rules->rules_count <= CHAIN_RULES_MAX);
    for (uint32_t i = 0; i < chains->own_count; i++) check_chain(rules->chains[i], false);
    for (uint32_t i = 0; i < rules->rules_count; i++) {
        bool any = false;
        for (uint32_t j = 0; j < SELECTORS; j++) any = any || rules->rules[i].globs[j] != NULL;
        ASSERT(any && chain_rules_named(rules, rules->rules[i].chain->name) == rules->rules[i].chain);
    }
}

/* --- configs ---------------------------------------------------------------------------------------- */

static void load(struct chain_config *config) {
    config->values = option_values_new(NULL, 0, &config->inputs);
    ASSERT(config->values != NULL);
    if (config_file_read(config->path, config->values, &config->sections, &config->error) != STATUS_OK) return;
    struct chains_request request = {.file = config->path, .sections = &config->sections};
    config->chains = chains_new(&request, &config->problems);
    ASSERT(config->chains != NULL);
}

static void fuzz_config(const uint8_t *data, size_t size) {
    int file = memfd_create("config", MFD_CLOEXEC);
    ASSERT(file >= 0 && write(file, data, size) == (ssize_t)size);
    struct chain_config first = {.folder = ""}, second = {.folder = ""};
    snprintf(first.path, sizeof first.path, "/proc/self/fd/%d", file);
    snprintf(second.path, sizeof second.path, "%s", first.path);
    load(&first);
    load(&second);
    ASSERT(strcmp(first.error.message, second.error.message) == 0);
    ASSERT((first.chains == NULL) == (second.chains == NULL));
    if (first.chains == NULL) check_text(first.error.message);
    check_problems(&first.problems, lines_of(data, size), size);
    ASSERT(first.problems.errors_count == second.problems.errors_count);
    ASSERT(first.problems.warnings_count == second.problems.warnings_count);
    if (first.chains != NULL && first.problems.errors_count == 0) {
        check_table(first.chains);
        ASSERT(first.chains->own_count == second.chains->own_count);
        for (uint32_t i = 0; i < first.chains->own_count; i++)
            check_equal(first.chains->rules.chains[i], second.chains->rules.chains[i]);
    }
    chain_config_unload(&first);
    chain_config_unload(&second);
    close(file);
}

/* --- cases ------------------------------------------------------------------------------------------ */

static void fuzz_case(const uint8_t *data, size_t size) {
    static struct arena arenas[2]; /* used again as `resolve` does */
    struct chain *chains[2] = {NULL};
    struct problems problems[2] = {{.errors_count = 0}};
    for (size_t i = 0; i < 2; i++) {
        struct problem_scope scope = {.problems = &problems[i], .where = "chain"};
        const struct config_node *root;
        struct error error;
        enum status status = config_tree_from_json(&arenas[i], (struct slice){(const char *)data, size}, &root, &error);
        if (status == STATUS_OK) {
            chains[i] = chain_load(&arenas[i], &scope, "case", root);
            ASSERT((chains[i] == NULL) == (problems[i].errors_count > 0));
            check_problems(&problems[i], 0, 0);
        } else {
            ASSERT(status == STATUS_USAGE);
            check_text(error.message);
        }
    }
    ASSERT((chains[0] == NULL) == (chains[1] == NULL) && problems[0].errors_count == problems[1].errors_count);
    if (chains[0] != NULL) {
        check_chain(chains[0], true);
        check_equal(chains[0], chains[1]);
    }
    for (size_t i = 0; i < 2; i++) {
        chain_unload(chains[i]);
        arena_reset(&arenas[i]);
        problems_destroy(&problems[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 0 && data[0] == '[') {
        fuzz_case(data, size);
    } else {
        fuzz_config(data, size);
    }
    return 0;
}
