/* The table: the first rule that fits says it.
 *
 * A reason is compared from its start, never somewhere inside: further behind it may quote the document, that is text of whoever sent a
 * request to the user's server, and nobody shall be able to stop a run with a clever User-Agent. For the same reason rules that lead to
 * BULK_TROUBLE for an item ask for types and beginnings that no document can bring about.
 *
 * Types are those of OpenSearch 1-3 and Elasticsearch 7-9, which agree but for a few: document_parsing_exception (Elasticsearch from 8.8 on)
 * is mapper_parsing_exception elsewhere; es_ and opensearch_ stand in front of rejected_execution_exception. OpenSearch Serverless has the
 * same for items, and "Forbidden" and its like for whole replies, where the status says all that is needed.
 *
 * illegal_argument_exception, the one type that says nothing: known beginnings are the document's (a value that no index can hold, a field
 * that does not fit the ones there are) or the set-up's (write to an alias, a data stream, too many shards); others are unclear. To them
 * belongs the limit of fields: it is raised by whoever owns the index, so the document may yet be taken, but meanwhile those without new
 * fields go on.
 *
 * Threads: pure function. */
#define _GNU_SOURCE
#include "sinks/bulk_verdict.h"

#define ITEM (1u << BULK_SCOPE_ITEM)
#define WHOLE (1u << BULK_SCOPE_WHOLE)
#define BOTH (ITEM | WHOLE)

/* Advice that more than one rule gives. */
static const char unknown[] =
    "wherefrom does not know this error: look it up and put right what it says; it goes on by itself";
static const char unclear[] =
    "wherefrom does not know this error: look it up, put right what it says, and it goes on by itself; when "
    "other documents are accepted meanwhile, it is the document's, which is then rejected";
static const char flood_stage[] =
    "disks of the cluster are nearly full, so it made the index read-only: free or add disk space; the block "
    "is then lifted by itself, or by setting index.blocks.read_only_allow_delete to null";
static const char write_block[] =
    "somebody or a policy has blocked writes: see GET NAME/_settings and GET _cluster/settings, and set "
    "the block that the error names (index.blocks.write, .read_only, cluster.blocks.*) to null, or roll over";
static const char not_allowed[] =
    "the user or role may not do this: give it the privileges that `wherefrom setup` prints (in OpenSearch "
    "a role mapping, in AWS the domain's or collection's access policy as well)";
static const char not_authenticated[] =
    "the server does not know who asks: check user and password or AWS credentials, and that the "
    "clock of this machine is right";
static const char no_index[] =
    "the index or data stream does not exist and may not be made by a write: run `wherefrom setup`, or allow "
    "its name in action.auto_create_index";
static const char no_template[] = "the index template of the data stream is missing: run `wherefrom setup`";
static const char bad_mapping[] =
    "the index cannot be made because its template's mappings or settings are wrong: correct the template, "
    "or run `wherefrom setup`";
static const char only_create[] =
    "the name belongs to a data stream that the server does not treat as one for this request: check the "
    "output's name and whether it is dated";
static const char no_ids[] =
    "collections for time series and vectors take no ids: use a collection of type search, or --opensearch ids=false, "
    "and what is sent again is there twice";
static const char no_write_index[] =
    "the name is an alias without a write index: set is_write_index for one of its indices, or name a data "
    "stream or an index";
static const char shards_open[] =
    "the cluster has as many shards as it may have: remove old indices, add nodes, or raise "
    "cluster.max_shards_per_node";
static const char no_pipeline[] =
    "the ingest pipeline does not exist: create it, or leave it out of the output's settings";
static const char pipeline_fails[] =
    "the ingest pipeline fails: correct it or give it an on_failure; when other documents pass it "
    "meanwhile, the document is rejected";
static const char fields_limit[] =
    "the index has as many fields as it may have: raise the limit that the error names, or have the "
    "template not add fields (dynamic: false); meanwhile documents that need new fields are rejected";
static const char index_closed[] = "the index is closed: open it (POST NAME/_open)";
static const char bad_name[] =
    "the server refuses the index's name: it has to be lower case, without blanks and , # : \\ / * ? \" < > |";
static const char disk_full[] = "a disk of the cluster is full or broken: look at the node's log";
static const char wrong_url[] =
    "this is not the address of an OpenSearch: check scheme, host, port and path of the output, and what stands "
    "in front of the server";
static const char bad_request[] =
    "the server does not understand the request: check the output's URL and settings, and that nothing in "
    "front of the server changes requests";
static const char server_fails[] = "the server fails at this request: look at its log";

/* clang-format off */
static const struct rule {
    unsigned scopes;
    uint16_t first, last; /* statuses */
    const char *type;     /* NULL: any */
    const char *reason;   /* how it begins; NULL: any */
    enum bulk_verdict verdict;
    const char *advice;
} rules[] = {
    {ITEM,  200, 299, NULL, NULL, BULK_DONE, NULL},
    {ITEM,  409, 409, "version_conflict_engine_exception", NULL, BULK_DUPLICATE, NULL},

    /* blocks, whatever their status: 403, 429 (flood stage), 503 (no leader, state not recovered), and how they differ */
    {BOTH,  429, 429, "cluster_block_exception", NULL, BULK_TROUBLE, flood_stage},
    {BOTH,  403, 403, "cluster_block_exception", NULL, BULK_TROUBLE, write_block},
    {BOTH,  403, 403, "index_create_block_exception", NULL, BULK_TROUBLE, write_block},

    /* passes by itself */
    {BOTH,  408, 408, NULL, NULL, BULK_AGAIN, NULL},
    {BOTH,  429, 429, NULL, NULL, BULK_AGAIN, NULL},
    {BOTH,  502, 504, NULL, NULL, BULK_AGAIN, NULL},
    {BOTH,  400, 599, "rejected_execution_exception", NULL, BULK_AGAIN, NULL},
    {BOTH,  400, 599, "es_rejected_execution_exception", NULL, BULK_AGAIN, NULL},
    {BOTH,  400, 599, "opensearch_rejected_execution_exception", NULL, BULK_AGAIN, NULL},
    {BOTH,  400, 599, "circuit_breaking_exception", NULL, BULK_AGAIN, NULL},
    {BOTH,  400, 599, "unavailable_shards_exception", NULL, BULK_AGAIN, NULL},
    {BOTH,  400, 599, "no_shard_available_action_exception", NULL, BULK_AGAIN, NULL},
    {BOTH,  400, 599, "shard_not_found_exception", NULL, BULK_AGAIN, NULL},
    {BOTH,  400, 599, "shard_not_in_primary_mode_exception", NULL, BULK_AGAIN, NULL},
    {BOTH,  400, 599, "illegal_index_shard_state_exception", NULL, BULK_AGAIN, NULL},
    {BOTH,  400, 599, "index_shard_closed_exception", NULL, BULK_AGAIN, NULL},
    {BOTH,  400, 599, "index_shard_not_started_exception", NULL, BULK_AGAIN, NULL},
    {BOTH,  400, 599, "index_shard_recovering_exception", NULL, BULK_AGAIN, NULL},
    {BOTH,  400, 599, "index_shard_relocated_exception", NULL, BULK_AGAIN, NULL},
    {BOTH,  400, 599, "retry_on_primary_exception", NULL, BULK_AGAIN, NULL},
    {BOTH,  400, 599, "retry_on_replica_exception", NULL, BULK_AGAIN, NULL},
    {BOTH,  400, 599, "already_closed_exception", NULL, BULK_AGAIN, NULL},
    {BOTH,  400, 599, "alreadyclosed_exception", NULL, BULK_AGAIN, NULL},
    {BOTH,  400, 599, "engine_closed_exception", NULL, BULK_AGAIN, NULL},
    {BOTH,  400, 599, "node_closed_exception", NULL, BULK_AGAIN, NULL},
    {BOTH,  400, 599, "node_disconnected_exception", NULL, BULK_AGAIN, NULL},
    {BOTH,  400, 599, "node_not_connected_exception", NULL, BULK_AGAIN, NULL},
    {BOTH,  400, 599, "connect_transport_exception", NULL, BULK_AGAIN, NULL},
    {BOTH,  400, 599, "receive_timeout_transport_exception", NULL, BULK_AGAIN, NULL},
    {BOTH,  400, 599, "timeout_exception", NULL, BULK_AGAIN, NULL},
    {BOTH,  400, 599, "process_cluster_event_timeout_exception", NULL, BULK_AGAIN, NULL},
    {BOTH,  400, 599, "master_not_discovered_exception", NULL, BULK_AGAIN, NULL},
    {BOTH,  400, 599, "cluster_manager_not_discovered_exception", NULL, BULK_AGAIN, NULL},
    {BOTH,  400, 599, "not_master_exception", NULL, BULK_AGAIN, NULL},
    {BOTH,  400, 599, "not_cluster_manager_exception", NULL, BULK_AGAIN, NULL},
    {BOTH,  400, 599, "failed_to_commit_cluster_state_exception", NULL, BULK_AGAIN, NULL},
    {BOTH,  400, 599, "task_cancelled_exception", NULL, BULK_AGAIN, NULL},
    {BOTH,  400, 400, "resource_already_exists_exception", NULL, BULK_AGAIN, NULL}, /* two requests made one index */

    /* known to be for somebody to put right */
    {BOTH,  401, 401, NULL, NULL, BULK_TROUBLE, not_authenticated},
    {WHOLE, 403, 403, NULL, "The security token", BULK_TROUBLE, not_authenticated}, /* AWS says so with 403 */
    {WHOLE, 403, 403, NULL, "Signature expired", BULK_TROUBLE, not_authenticated},
    {WHOLE, 403, 403, NULL, "The request signature", BULK_TROUBLE, not_authenticated},
    {WHOLE, 403, 403, NULL, "Missing Authentication Token", BULK_TROUBLE, not_authenticated},
    {BOTH,  403, 403, NULL, NULL, BULK_TROUBLE, not_allowed},
    {BOTH,  404, 404, "index_not_found_exception", NULL, BULK_TROUBLE, no_index},
    {BOTH,  400, 400, "index_closed_exception", NULL, BULK_TROUBLE, index_closed},
    {BOTH,  400, 400, "invalid_index_name_exception", NULL, BULK_TROUBLE, bad_name},
    {BOTH,  400, 400, "validation_exception", "Validation Failed: 1: this action would add", BULK_TROUBLE, shards_open},
    {BOTH,  400, 400, "illegal_argument_exception", "Validation Failed: 1: this action would add", BULK_TROUBLE, shards_open},
    {BOTH,  400, 400, "illegal_argument_exception", "only write ops with an op_type of create are allowed", BULK_TROUBLE, only_create},
    {BOTH,  400, 400, "illegal_argument_exception", "no matching index template found for data stream", BULK_TROUBLE, no_template},
    {BOTH,  400, 400, "illegal_argument_exception", "no write index is defined for alias", BULK_TROUBLE, no_write_index},
    {BOTH,  400, 400, "illegal_argument_exception", "pipeline with id [", BULK_TROUBLE, no_pipeline},
    {BOTH,  400, 400, "illegal_argument_exception", "Document ID is not supported", BULK_TROUBLE, no_ids},
    {ITEM,  400, 400, "mapper_parsing_exception", "Failed to parse mapping", BULK_TROUBLE, bad_mapping},
    {ITEM,  400, 400, "index_creation_exception", NULL, BULK_TROUBLE, bad_mapping},
    {ITEM,  400, 400, "invalid_index_template_exception", NULL, BULK_TROUBLE, bad_mapping},
    {ITEM,  400, 400, "settings_exception", NULL, BULK_TROUBLE, bad_mapping},
    {ITEM,  500, 500, "i_o_exception", NULL, BULK_TROUBLE, disk_full},
    {ITEM,  500, 500, "io_exception", NULL, BULK_TROUBLE, disk_full},
    {ITEM,  500, 500, "translog_exception", NULL, BULK_TROUBLE, disk_full},

    /* the document's */
    {ITEM,  413, 413, NULL, NULL, BULK_REFUSED, NULL},
    {ITEM,  400, 400, "mapper_parsing_exception", NULL, BULK_REFUSED, NULL},
    {ITEM,  400, 400, "document_parsing_exception", NULL, BULK_REFUSED, NULL},
    {ITEM,  400, 400, "strict_dynamic_mapping_exception", NULL, BULK_REFUSED, NULL},
    {ITEM,  400, 400, "parse_exception", NULL, BULK_REFUSED, NULL},
    {ITEM,  400, 400, "parsing_exception", NULL, BULK_REFUSED, NULL},
    {ITEM,  400, 400, "x_content_parse_exception", NULL, BULK_REFUSED, NULL},
    {ITEM,  400, 400, "json_parse_exception", NULL, BULK_REFUSED, NULL},
    {ITEM,  400, 400, "number_format_exception", NULL, BULK_REFUSED, NULL},
    {ITEM,  400, 400, "timestamp_error", NULL, BULK_REFUSED, NULL}, /* outside of a time series' bounds */
    {ITEM,  400, 500, "max_bytes_length_exceeded_exception", NULL, BULK_REFUSED, NULL},
    {ITEM,  400, 400, "illegal_argument_exception", "Document contains at least one immense term", BULK_REFUSED, NULL},
    {ITEM,  400, 400, "illegal_argument_exception", "DocValuesField ", BULK_REFUSED, NULL}, /* ... is too large */
    {ITEM,  400, 400, "illegal_argument_exception", "The number of nested documents", BULK_REFUSED, NULL},
    {ITEM,  400, 400, "illegal_argument_exception", "mapper [", BULK_REFUSED, NULL}, /* ... cannot be changed from type */
    {ITEM,  400, 400, "illegal_argument_exception", "can't merge a non", BULK_REFUSED, NULL}, /* ... object mapping */
    {ITEM,  400, 400, "illegal_argument_exception", "object mapping [", BULK_REFUSED, NULL}, /* ... can't be changed */
    {ITEM,  400, 400, "illegal_argument_exception", "field name cannot ", BULK_REFUSED, NULL}, /* ... be an empty string */
    {ITEM,  400, 400, "illegal_argument_exception", "data stream timestamp field [", BULK_REFUSED, NULL}, /* ... is missing */
    {ITEM,  400, 400, "illegal_argument_exception", "the document timestamp [", BULK_REFUSED, NULL}, /* ... is outside of ranges */

    /* what cannot be told from here. The limits first: they have advice of their own */
    {ITEM,  400, 400, "illegal_argument_exception", "Limit of ", BULK_UNCLEAR, fields_limit}, /* ... total fields, mapping depth */
    {ITEM,  400, 599, "ingest_processor_exception", NULL, BULK_UNCLEAR, pipeline_fails},
    {ITEM,  400, 599, "fail_processor_exception", NULL, BULK_UNCLEAR, pipeline_fails},
    {ITEM,  400, 599, "script_exception", NULL, BULK_UNCLEAR, pipeline_fails},
    {ITEM,  500, 500, "exception", NULL, BULK_UNCLEAR, pipeline_fails}, /* how a processor's came before Elasticsearch 7.6 */
    {ITEM,  400, 400, NULL, NULL, BULK_UNCLEAR, unclear},
    {ITEM,  500, 500, NULL, NULL, BULK_UNCLEAR, unclear},
    {ITEM,    0, 999, NULL, NULL, BULK_TROUBLE, unknown},

    /* a whole request */
    {WHOLE, 413, 413, NULL, NULL, BULK_TOO_LARGE, NULL},
    {WHOLE, 200, 399, NULL, NULL, BULK_TROUBLE, wrong_url},
    {WHOLE, 404, 405, NULL, NULL, BULK_TROUBLE, wrong_url},
    {WHOLE, 400, 400, NULL, "no handler found for uri", BULK_TROUBLE, wrong_url},
    {WHOLE, 500, 599, NULL, NULL, BULK_TROUBLE, server_fails},
    {WHOLE,   0, 999, NULL, NULL, BULK_TROUBLE, bad_request},
};
/* clang-format on */

static bool fits(const struct rule *rule, unsigned scope, const struct bulk_item *item) {
    return (rule->scopes & scope) != 0 && item->status >= rule->first && item->status <= rule->last &&
           (rule->type == NULL || slice_equal(item->type, slice_from(rule->type))) &&
           (rule->reason == NULL || slice_starts_with(item->reason, slice_from(rule->reason)));
}

struct bulk_judgement bulk_verdict(enum bulk_scope scope, const struct bulk_item *item) {
    const struct rule *rule = rules, *last = rules + sizeof rules / sizeof rules[0] - 1;
    while (rule != last && !fits(rule, 1u << scope, item)) rule++;
    return (struct bulk_judgement){rule->verdict, rule->advice};
}

const char *bulk_verdict_name(enum bulk_verdict verdict) {
    static const char *const names[] = {"done", "duplicate", "again", "refused", "too-large", "trouble", "unclear"};
    _Static_assert(sizeof names / sizeof names[0] == BULK_UNCLEAR + 1, "a name for each");
    return names[verdict];
}
