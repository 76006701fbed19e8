/* Verdicts: errors as servers send them, and what holds for any status and type.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "sinks/bulk_verdict.h"
#include "tests/unit/guard.h"

struct verdict_case {
    uint32_t status;
    const char *type, *reason;
    enum bulk_verdict verdict;
    const char *advice; /* a part of it; NULL: there is none */
};

/* clang-format off */
static const struct verdict_case items[] = {
    {200, "", "", BULK_DONE, NULL},
    {201, "", "", BULK_DONE, NULL},
    {409, "version_conflict_engine_exception", "[ab]: version conflict, document already exists (current version [1])", BULK_DUPLICATE, NULL},
    {409, "some_conflict_exception", "", BULK_TROUBLE, "look it up"},

    {429, "rejected_execution_exception", "rejected execution of a task on a pool", BULK_AGAIN, NULL},
    {429, "es_rejected_execution_exception", "queue capacity = 200", BULK_AGAIN, NULL},
    {429, "circuit_breaking_exception", "[parent] Data too large", BULK_AGAIN, NULL},
    {429, "", "", BULK_AGAIN, NULL},
    {502, "", "", BULK_AGAIN, NULL},
    {503, "unavailable_shards_exception", "[flows-2][0] primary shard is not active Timeout: [1s]", BULK_AGAIN, NULL},
    {503, "cluster_block_exception", "blocked by: [SERVICE_UNAVAILABLE/2/no master];", BULK_AGAIN, NULL},
    {503, "process_cluster_event_timeout_exception", "failed to process cluster event within 30s", BULK_AGAIN, NULL},
    {504, "anything", "", BULK_AGAIN, NULL},
    {500, "es_rejected_execution_exception", "", BULK_AGAIN, NULL},
    {500, "circuit_breaking_exception", "", BULK_AGAIN, NULL},
    {500, "node_not_connected_exception", "", BULK_AGAIN, NULL},
    {404, "shard_not_found_exception", "no such shard", BULK_AGAIN, NULL},
    {400, "resource_already_exists_exception", "index [flows-2] already exists", BULK_AGAIN, NULL},

    {400, "mapper_parsing_exception", "failed to parse field [client.ip] of type [ip] in document with id 'd'", BULK_REFUSED, NULL},
    {400, "document_parsing_exception", "[1:17] failed to parse field [client.ip] of type [ip]", BULK_REFUSED, NULL},
    {400, "strict_dynamic_mapping_exception", "mapping set to strict, dynamic introduction of [x] within [_doc] is not allowed", BULK_REFUSED, NULL},
    {400, "illegal_argument_exception", "Document contains at least one immense term in field=\"url.original\"", BULK_REFUSED, NULL},
    {400, "illegal_argument_exception", "mapper [a.b] cannot be changed from type [long] to [text]", BULK_REFUSED, NULL},
    {400, "illegal_argument_exception", "data stream timestamp field [@timestamp] is missing", BULK_REFUSED, NULL},
    {413, "", "", BULK_REFUSED, NULL},

    {400, "illegal_argument_exception", "only write ops with an op_type of create are allowed in data streams", BULK_TROUBLE, "data stream"},
    {400, "illegal_argument_exception", "no matching index template found for data stream [flows]", BULK_TROUBLE, "wherefrom setup"},
    {400, "illegal_argument_exception", "no write index is defined for alias [flows].", BULK_TROUBLE, "is_write_index"},
    {400, "illegal_argument_exception", "pipeline with id [clean] does not exist", BULK_TROUBLE, "create it"},
    {400, "illegal_argument_exception", "Document ID is not supported in create/index operation request", BULK_TROUBLE, "search"},
    {400, "illegal_argument_exception", "Validation Failed: 1: this action would add [2] total shards, but this cluster has", BULK_TROUBLE, "max_shards_per_node"},
    {400, "validation_exception", "Validation Failed: 1: this action would add [2] shards, but", BULK_TROUBLE, "max_shards_per_node"},
    {400, "mapper_parsing_exception", "Failed to parse mapping [_doc]: analyzer [a] has not been configured", BULK_TROUBLE, "template"},
    {400, "index_closed_exception", "closed", BULK_TROUBLE, "_open"},
    {400, "invalid_index_name_exception", "Invalid index name [Flows], must be lowercase", BULK_TROUBLE, "lower case"},
    {429, "cluster_block_exception", "index [f] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark", BULK_TROUBLE, "disk"},
    {403, "cluster_block_exception", "index [f] blocked by: [FORBIDDEN/8/index write (api)];", BULK_TROUBLE, "index.blocks.write"},
    {403, "security_exception", "no permissions for [indices:data/write/bulk[s]]", BULK_TROUBLE, "privileges"},
    {401, "security_exception", "missing authentication credentials", BULK_TROUBLE, "password"},
    {404, "index_not_found_exception", "no such index [f] and [action.auto_create_index] doesn't match", BULK_TROUBLE, "auto_create_index"},
    {500, "i_o_exception", "No space left on device", BULK_TROUBLE, "disk"},
    {404, "unheard_of_exception", "", BULK_TROUBLE, "look it up"},
    {418, "", "", BULK_TROUBLE, "look it up"},
    {0, "", "", BULK_TROUBLE, "look it up"},
    {301, "", "", BULK_TROUBLE, "look it up"},

    {400, "illegal_argument_exception", "Limit of total fields [1000] has been exceeded while adding new fields [1]", BULK_UNCLEAR, "dynamic: false"},
    {400, "illegal_argument_exception", "something new", BULK_UNCLEAR, "look it up"},
    {400, "illegal_argument_exception", "", BULK_UNCLEAR, "look it up"},
    {400, "unheard_of_exception", "", BULK_UNCLEAR, "look it up"},
    {400, "illegal_argument_exception", "field [a] doesn't exist", BULK_UNCLEAR, "look it up"}, /* of a pipeline */
    {400, "script_exception", "runtime error", BULK_UNCLEAR, "pipeline"},
    {500, "fail_processor_exception", "no", BULK_UNCLEAR, "pipeline"},
    {500, "null_pointer_exception", "", BULK_UNCLEAR, "look it up"},
    {500, "exception", "java.lang.IllegalArgumentException: field [x] not present", BULK_UNCLEAR, "pipeline"},
    {400, "ingest_processor_exception", "", BULK_UNCLEAR, "pipeline"},

    /* what a document says is no reason to stop: beginnings count, and whole types */
    {400, "mapper_parsing_exception", "failed to parse field [a]. Preview of field's value: 'Failed to parse mapping'", BULK_REFUSED, NULL},
    {400, "illegal_argument_exception", "mapper [only write ops with an op_type of create are allowed] cannot be changed", BULK_REFUSED, NULL},
    {400, "illegal_argument_exceptions", "mapper [a]", BULK_UNCLEAR, "look it up"},
    {400, "mapper_parsing", "", BULK_UNCLEAR, "look it up"},
    {401, "mapper_parsing_exception", "", BULK_TROUBLE, "password"},
};

static const struct verdict_case wholes[] = {
    {429, "rejected_execution_exception", "rejected execution of coordinating operation", BULK_AGAIN, NULL},
    {429, "circuit_breaking_exception", "Data too large", BULK_AGAIN, NULL},
    {429, "", "", BULK_AGAIN, NULL},
    {408, "", "", BULK_AGAIN, NULL},
    {502, "", "", BULK_AGAIN, NULL},
    {503, "cluster_block_exception", "blocked by: [SERVICE_UNAVAILABLE/1/state not recovered / initialized];", BULK_AGAIN, NULL},
    {503, "", "", BULK_AGAIN, NULL},
    {504, "", "", BULK_AGAIN, NULL},
    {500, "circuit_breaking_exception", "", BULK_AGAIN, NULL},
    {429, "cluster_block_exception", "blocked", BULK_TROUBLE, "disk"},

    {413, "", "", BULK_TOO_LARGE, NULL},
    {413, "", "Request size exceeded 10485760 bytes", BULK_TOO_LARGE, NULL},

    {401, "security_exception", "missing authentication credentials", BULK_TROUBLE, "password"},
    {401, "", "", BULK_TROUBLE, "password"},
    {403, "security_exception", "no permissions for [indices:data/write/bulk]", BULK_TROUBLE, "privileges"},
    {403, "Forbidden", "403 Forbidden", BULK_TROUBLE, "privileges"},
    {403, "", "User: anonymous is not authorized to perform: es:ESHttpPost", BULK_TROUBLE, "privileges"},
    {403, "", "The security token included in the request is expired", BULK_TROUBLE, "credentials"},
    {403, "", "Signature expired: 20240101T000000Z is now earlier than", BULK_TROUBLE, "clock"},
    {403, "cluster_block_exception", "blocked by: [FORBIDDEN/10/cluster create-index blocked (api)];", BULK_TROUBLE, "cluster.blocks"},
    {404, "", "", BULK_TROUBLE, "address"},
    {405, "", "Incorrect HTTP method", BULK_TROUBLE, "address"},
    {200, "", "", BULK_TROUBLE, "address"},
    {302, "", "", BULK_TROUBLE, "address"},
    {400, "", "no handler found for uri [/x/y/_bulk] and method [POST]", BULK_TROUBLE, "address"},
    {400, "parse_exception", "request body is required", BULK_TROUBLE, "request"},
    {400, "illegal_argument_exception", "Malformed action/metadata line [1]", BULK_TROUBLE, "request"},
    {406, "", "Content-Type header [] is not supported", BULK_TROUBLE, "request"},
    {500, "null_pointer_exception", "", BULK_TROUBLE, "log"},
    {0, "", "", BULK_TROUBLE, "request"},

    /* an item's types say nothing about a request */
    {400, "mapper_parsing_exception", "", BULK_TROUBLE, "request"},
    {409, "version_conflict_engine_exception", "", BULK_TROUBLE, "request"},
};
/* clang-format on */

static struct bulk_judgement judge(enum bulk_scope scope, uint32_t status, const char *type, const char *reason) {
    struct bulk_item item = {.status = status, .type = slice_from(type), .reason = guard_copy(slice_from(reason))};
    return bulk_verdict(scope, &item);
}

static void check(enum bulk_scope scope, const struct verdict_case *c) {
    struct bulk_judgement got = judge(scope, c->status, c->type, c->reason);
    if (got.verdict != c->verdict)
        fail_msg("%u %s: %s: %s", c->status, c->type, c->reason, bulk_verdict_name(got.verdict));
    if ((got.advice == NULL) != (c->advice == NULL) || (c->advice != NULL && strstr(got.advice, c->advice) == NULL))
        fail_msg("%u %s: %s: advice %s", c->status, c->type, c->reason, got.advice != NULL ? got.advice : "none");
}

static void test_items(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) check(BULK_SCOPE_ITEM, &items[i]);
}

static void test_whole_replies(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof wholes / sizeof wholes[0]; i++) check(BULK_SCOPE_WHOLE, &wholes[i]);
}

/* Whatever a server comes to say: what it did not take is neither lost nor counted as done, and whoever is to do something is told what. */
static void test_any_status(void **state) {
    (void)state;
    for (uint32_t status = 0; status < 1000; status++) {
        struct bulk_judgement item = judge(BULK_SCOPE_ITEM, status, "unheard_of_exception", "");
        struct bulk_judgement whole = judge(BULK_SCOPE_WHOLE, status, "unheard_of_exception", "");
        bool taken = status >= 200 && status < 300;
        assert_int_equal(item.verdict == BULK_DONE, taken);
        assert_true(item.verdict != BULK_DUPLICATE && item.verdict != BULK_TOO_LARGE);
        assert_true(item.verdict != BULK_REFUSED || status == 413);
        assert_true(whole.verdict == BULK_AGAIN || whole.verdict == BULK_TROUBLE || status == 413);
        assert_int_equal(item.advice != NULL, item.verdict == BULK_TROUBLE || item.verdict == BULK_UNCLEAR);
        assert_int_equal(whole.advice != NULL, whole.verdict == BULK_TROUBLE);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_items), cmocka_unit_test(test_whole_replies),
                                       cmocka_unit_test(test_any_status)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
