/* Feeds chains and what records say to the walk.
 *
 * Looks for: another answer than the model's (walk_model.h: HOPS.md 4.3, read a second time), reads outside of the texts, an answer that
 * contradicts itself, the address of a hop given for a client's, an observer that changes the answer or is told nonsense.
 * Does not look for: what a list logged inside of the chain means (evidence.begins, .writer): no model but what is true of any answer.
 *
 * Threads: one. */
#include "tests/fuzz/walk_case.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct witness {
    const struct walk_case *walk_case;
    size_t steps_count;
    struct walk_step last;
};

static void witness_step(void *context, const struct walk_step *step) {
    struct witness *witness = context;
    ASSERT(step->event <= WALK_END && witness->last.event != WALK_END);
    bool usual = witness->walk_case->usual;
    if (usual) ASSERT((step->event == WALK_PEER) == (witness->steps_count == 0));
    if (step->event > WALK_PEER && step->event <= WALK_MISMATCH)
        ASSERT(step->hop < witness->walk_case->chain.hops_count || (!usual && step->hop == HOP_INDEX_NONE));
    witness->steps_count++;
    witness->last = *step;
}

static bool same_slice(struct slice a, struct slice b) {
    return a.ptr == b.ptr && a.len == b.len;
}

static bool same(const struct client *a, const struct client *b) {
    bool good = a->verdict == b->verdict && a->provenance == b->provenance && a->trust == b->trust &&
                a->depth == b->depth && a->flags == b->flags && a->skipped == b->skipped && a->passed == b->passed &&
                a->chain == b->chain && a->resolved == b->resolved && a->has_via == b->has_via &&
                a->claim_bytes == b->claim_bytes;
    if (a->resolved && b->resolved)
        good = good && memcmp(&a->ip, &b->ip, sizeof a->ip) == 0 && a->port == b->port && a->global == b->global;
    if (a->has_via && b->has_via) good = good && memcmp(&a->via, &b->via, sizeof a->via) == 0;
    if ((a->flags & b->flags & MODEL_FLAG(HOP_BASE)) != 0) good = good && a->base == b->base;
    if ((a->flags & b->flags & MODEL_FLAG(HOP_VPCE)) != 0) good = good && same_slice(a->vpce, b->vpce);
    return good && memcmp(a->claim, b->claim, a->claim_bytes) == 0;
}

static void print_client(const char *who, const struct client *client) {
    char ip[IP_TEXT_BYTES_MAX + 1] = "-", via[IP_TEXT_BYTES_MAX + 1] = "-";
    if (client->resolved) ip[ip_format(&client->ip, ip)] = '\0';
    if (client->has_via) via[ip_format(&client->via, via)] = '\0';
    fprintf(stderr, "%s: %s port %u, %s (%s), %s, trust %u, depth %u, via %s, claim \"%.*s\", flags", who, ip,
            (unsigned)client->port, verdict_names[client->verdict], verdict_names[client->base],
            provenance_names[client->provenance], (unsigned)client->trust, (unsigned)client->depth, via,
            (int)client->claim_bytes, client->claim);
    for (size_t i = 0; i < HOP_FLAGS; i++)
        if ((client->flags >> i & 1) != 0) fprintf(stderr, " %s", hop_flag_names[i]);
    fprintf(stderr, " %x %x\n", (unsigned)client->skipped, (unsigned)client->passed);
}

/* What is true of every answer. */
static void check_answer(const struct walk_case *walk_case, const struct client *client) {
    ASSERT(client->verdict < VERDICTS_BUILT_IN && client->resolved == verdict_is_resolved(client->verdict));
    ASSERT(client->resolved == (client->trust > 0) && client->trust <= 3);
    ASSERT(client->resolved == (client->provenance != PROVENANCE_NONE) && client->provenance < PROVENANCES);
    ASSERT(client->claim_bytes <= CLAIM_BYTES_MAX && client->flags < MODEL_FLAG(HOP_FLAGS));
    bool based = client->verdict >= VERDICT_SPOOFED_LEFTMOST && client->verdict <= VERDICT_CLAIM_GARBLED;
    ASSERT(based == ((client->flags & MODEL_FLAG(HOP_BASE)) != 0));
    ASSERT(((client->flags & MODEL_FLAG(HOP_SKIPPED)) != 0) == (client->skipped != 0));
    ASSERT(((client->flags & MODEL_FLAG(HOP_VIA)) != 0) == (client->passed != 0));
    if (!client->resolved) return;
    uint32_t base = based ? client->base : client->verdict;
    ASSERT(base <= VERDICT_OK_PRIVATELINK || base == VERDICT_BYPASS || base == VERDICT_ALL_TRUSTED);
    ASSERT(client->global == ((client->flags & MODEL_FLAG(HOP_NON_GLOBAL)) == 0));
    if (base == VERDICT_OK_PRIVATELINK || base == VERDICT_ALL_TRUSTED) return;
    ASSERT(!model_own(&walk_case->chain, walk_case->peers, client->ip.bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct walk_case walk_case;
    case_make(&walk_case, (struct slice){(const char *)data, size});
    struct client client, told, expected;
    struct witness witness = {.walk_case = &walk_case};
    client_walk(&walk_case.chain, &walk_case.evidence, &client, (struct walk_observer){NULL, NULL});
    client_walk(&walk_case.chain, &walk_case.evidence, &told, (struct walk_observer){witness_step, &witness});
    ASSERT(same(&client, &told) && witness.last.event == WALK_END && witness.last.verdict == client.verdict);
    check_answer(&walk_case, &client);
    if (walk_case.usual) {
        expected = model_walk(&walk_case.chain, &walk_case.evidence, walk_case.peers);
        if (!same(&client, &expected)) {
            print_client("the walk ", &client);
            print_client("the model", &expected);
            ASSERT(false);
        }
    }
    case_free(&walk_case);
    return 0;
}
