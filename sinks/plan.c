/* Compiles output tables into the encoder's ops. Runs once at start; a table that cannot nest stops the program there.
 *
 * Threads: main thread at start. */
#include "sinks/emit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

#define PATH_MAX_BYTES 128

#define NODES_MAX 512u

/* What stands at a path; as in struct op. */
struct leaf {
    uint8_t code, index, type;
    const char *constant;
};

/* An object, or a value: the output as a tree before it becomes ops. An object stands where its first member was added, and later
 * members join it there, so that rows and columns may come in any order. */
struct node {
    char name[PATH_MAX_BYTES];
    uint16_t parent, first, last, next; /* 0: none; the root is node 0 */
    bool object;
    struct leaf leaf;
};

struct compiler {
    struct plan *plan;
    const struct option_list *rules;
    bool *rule_used;
    uint16_t nodes_count;
    struct node nodes[NODES_MAX];
};

/* Writes parts (up to NULL) one behind the other, and a NUL; returns the bytes. (snprintf took 24 million instructions more for all plans,
 * more than half of the program's start.) */
static size_t put_together(char *out, size_t room, const char *const parts[]) {
    size_t used = 0;
    for (; *parts != NULL; parts++) {
        size_t bytes = strlen(*parts);
        ASSERT(bytes < room - used);
        memcpy(out + used, *parts, bytes);
        used += bytes;
    }
    out[used] = '\0';
    return used;
}

#define PARTS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Adds a text to the pool; 32 bytes behind it stay readable. */
static uint16_t add_text(struct plan *plan, uint8_t *bytes_count, const char *const parts[]) {
    uint16_t offset = plan->keys_bytes;
    size_t bytes = put_together(plan->keys + offset, PLAN_KEYS_BYTES - 32u - offset, parts);
    ASSERT(bytes <= UINT8_MAX);
    plan->keys_bytes = (uint16_t)(offset + bytes);
    *bytes_count = (uint8_t)bytes;
    return offset;
}

static struct op *add_op(struct plan *plan, unsigned code) {
    ASSERT(plan->ops_count < PLAN_OPS_MAX);
    struct op *op = &plan->ops[plan->ops_count++];
    *op = (struct op){.code = (uint8_t)code};
    return op;
}

/* What stands around a value: the encoder's slot has the bare text. */
struct wrapping {
    const char *before, *after;
};

static struct wrapping wrapping_of(unsigned code) {
    const struct wrapping bare = {"", ","}, text = {"\"", "\","}, time = {"\"", "Z\","}, texts = {"[\"", "\"],"},
                          numbers = {"[", "],"};
    switch (code) {
    case OP_COLUMN + FIELD_TEXT:
    case OP_COLUMN + FIELD_NAME:
    case OP_COLUMN + FIELD_IP:
    case OP_COLUMN + FIELD_PERCENT:
    case OP_COLUMN + FIELD_PERCENT_TWICE:
    case OP_COLUMN + FIELD_ENDPOINT:
    case OP_COLUMN + FIELD_REQUEST: return text;
    case OP_COLUMN + FIELD_TIME:
    case OP_COLUMN + FIELD_TIME_LOCAL:
    case OP_COLUMN + FIELD_TIME_ANY:
    case OP_COLUMN + FIELD_UNIX_MS:
    case OP_COLUMN + FIELD_UNIX_TIME: return time;
    case OP_COLUMN + FIELD_TEXTS_COMMA:
    case OP_COLUMN + FIELD_TEXTS_SPACE:
    case OP_COLUMN + FIELD_TEXTS_QUOTED: return texts;
    case OP_COLUMN + FIELD_INTEGERS_SPACE: return numbers;
    case VALUE_TIMESTAMP:
    case VALUE_START:
    case VALUE_END:
    case VALUE_NOT_BEFORE:
    case VALUE_NOT_AFTER: return time;
    case VALUE_CATEGORY:
    case VALUE_TCP_FLAGS:
    case VALUE_FORWARDED_IP:
    case VALUE_HOP_FLAGS:
    case VALUE_EXTRA:
    case VALUE_LOG_FLAGS: return texts;
    case VALUE_OUTCOME:
    case VALUE_NETWORK_TRANSPORT:
    case VALUE_NETWORK_NUMBER:
    case VALUE_NETWORK_TYPE:
    case VALUE_NETWORK_DIRECTION:
    case VALUE_REASON:
    case VALUE_ID:
    case VALUE_ORIGINAL:
    case VALUE_CLIENT_IP:
    case VALUE_PEER_IP:
    case VALUE_DESTINATION_IP:
    case VALUE_NODE_IP:
    case VALUE_HOP_VERDICT:
    case VALUE_HOP_PROVENANCE:
    case VALUE_HOP_CLAIM:
    case VALUE_HOP_VIA:
    case VALUE_HOP_WAF_VIEW:
    case VALUE_METHOD:
    case VALUE_URL:
    case VALUE_URL_SCHEME:
    case VALUE_URL_DOMAIN:
    case VALUE_URL_PATH:
    case VALUE_URL_QUERY:
    case VALUE_HTTP_VERSION:
    case VALUE_TLS_VERSION:
    case VALUE_TLS_PROTOCOL:
    case VALUE_REGION:
    case VALUE_ACCOUNT:
    case VALUE_TRANSPORT:
    case VALUE_BLOCKED_BY:
    case VALUE_LOG_PATH:
    case VALUE_KAFKA_TOPIC:
    case VALUE_LOG_ADDRESS: return text;
    case VALUE_RAW: return (struct wrapping){"{", "},"};
    default: return bare; /* numbers, integer and seconds columns, members of parts */
    }
}

static struct node *add_node(struct compiler *compiler, uint16_t parent, struct slice name) {
    ASSERT(compiler->nodes_count < NODES_MAX && name.len < PATH_MAX_BYTES);
    uint16_t number = compiler->nodes_count++;
    struct node *node = &compiler->nodes[number], *around = &compiler->nodes[parent];
    *node = (struct node){.parent = parent};
    memcpy(node->name, name.ptr, name.len);
    if (number == 0) return node;
    if (around->first == 0)
        around->first = number;
    else
        compiler->nodes[around->last].next = number;
    around->last = number;
    return node;
}

/* The object at a path, made when it is new; `path` is left at its last name. */
static uint16_t find_object(struct compiler *compiler, const char **path) {
    uint16_t object = 0;
    uint32_t depth = 0;
    for (const char *dot; (dot = strchr(*path, '.')) != NULL; *path = dot + 1) {
        struct slice name = {*path, (size_t)(dot - *path)};
        uint16_t child = compiler->nodes[object].first;
        while (child != 0 &&
               !(compiler->nodes[child].object && slice_equal(slice_from(compiler->nodes[child].name), name)))
            child = compiler->nodes[child].next;
        if (child == 0) {
            child = compiler->nodes_count;
            add_node(compiler, object, name)->object = true;
        }
        object = child;
        depth++;
    }
    ASSERT(depth <= OUTPUT_DEPTH_MAX);
    return object;
}

static bool below(struct slice path, struct slice rule) {
    return slice_starts_with(path, rule) && (path.len == rule.len || path.ptr[rule.len] == '.');
}

/* --fields: the last rule that names the path or an object around it decides. */
static bool wanted(struct compiler *compiler, struct slice path) {
    const struct option_list *rules = compiler->rules;
    bool keep = rules->count == 0 || rules->items[0][0] != '+';
    for (size_t i = 0; i < rules->count; i++)
        if (below(path, slice_from(rules->items[i] + 1))) {
            keep = rules->items[i][0] == '+';
            compiler->rule_used[i] = true;
        }
    return keep;
}

static void add_leaf(struct compiler *compiler, const char *path, struct leaf leaf) {
    /* a part's members stand in the parent; whether they are wanted is asked when they are compiled */
    if (!value_is_part(leaf.code) && !wanted(compiler, slice_from(path))) return;
    uint16_t object = find_object(compiler, &path);
    for (uint16_t i = compiler->nodes[object].first; i != 0; i = compiler->nodes[i].next)
        ASSERT(strcmp(compiler->nodes[i].name, path) != 0); /* one table per fact: nothing is written twice */
    add_node(compiler, object, slice_from(path))->leaf = leaf;
}

static void add_leaf_op(struct plan *plan, const char *name, const struct leaf *leaf) {
    struct op *op = add_op(plan, leaf->constant != NULL ? OP_LITERAL : leaf->code);
    op->index = leaf->index;
    op->type = leaf->type;
    if (leaf->constant != NULL) {
        op->key = add_text(plan, &op->key_bytes, PARTS("\"", name, "\":", leaf->constant, ","));
        return;
    }
    struct wrapping wrapping = wrapping_of(leaf->code);
    if (!value_is_part(leaf->code)) /* those have names inside */
        op->key = add_text(plan, &op->key_bytes, PARTS("\"", name, "\":", wrapping.before));
    op->suffix = add_text(plan, &op->suffix_bytes, PARTS(wrapping.after));
    op->number = (uint8_t)(leaf->code < VALUES ? PLAN_SLOT_VALUES + leaf->code : leaf->index);
    if (leaf->code < RECORD_VALUES) plan->values |= (uint64_t)1 << leaf->code;
}

/* The tree, depth first, as ops. */
static void add_ops(struct compiler *compiler) {
    struct plan *plan = compiler->plan;
    const struct node *nodes = compiler->nodes, *node = &nodes[nodes[0].first];
    while (node != &nodes[0]) {
        if (node->object) {
            struct op *op = add_op(plan, OP_OPEN);
            op->key = add_text(plan, &op->key_bytes, PARTS("\"", node->name, "\":{"));
            node = &nodes[node->first]; /* an object has a member: it was made for one */
            continue;
        }
        add_leaf_op(plan, node->name, &node->leaf);
        while (node != &nodes[0] && node->next == 0) {
            node = &nodes[node->parent];
            if (node != &nodes[0]) add_op(plan, OP_CLOSE);
        }
        if (node != &nodes[0]) node = &nodes[node->next];
    }
    add_op(plan, OP_END);
}

/* The next path of a column. Several are separated by spaces; `:` cannot stand in a field name, and a dot not in a flat one. */
static bool next_path(const char **paths, bool flat, char path[PATH_MAX_BYTES]) {
    while (**paths == ' ') (*paths)++;
    size_t bytes = strcspn(*paths, " ");
    if (bytes == 0) return false;
    ASSERT(bytes < PATH_MAX_BYTES);
    for (size_t i = 0; i < bytes; i++) path[i] = (*paths)[i] == ':' || (flat && (*paths)[i] == '.') ? '_' : (*paths)[i];
    path[bytes] = '\0';
    *paths += bytes;
    return true;
}

/* The path of a row, with the format's own space for a leading `*`. */
static void row_path(const struct output_field *field, const struct schema *schema, char path[PATH_MAX_BYTES]) {
    bool own = field->path[0] == '*';
    put_together(path, PATH_MAX_BYTES, PARTS(own ? schema->space : "", field->path + own));
}

static bool has(const struct schema *schema, enum field_role role) {
    return schema_column(schema, role) >= 0;
}

/* Whether any column of the format can say anything of it. */
static bool is_possible(const struct schema *schema, enum value value) {
    bool request = has(schema, ROLE_REQUEST), url = request || has(schema, ROLE_URL);
    switch (value) {
    case VALUE_START: return has(schema, ROLE_TIME_START) || has(schema, ROLE_PROCESSING_1);
    case VALUE_REASON: return has(schema, ROLE_RESULT) || has(schema, ROLE_REASON);
    case VALUE_NOT_BEFORE:
    case VALUE_NOT_AFTER: return has(schema, ROLE_VALIDITY);
    case VALUE_DESTINATION_IP:
    case VALUE_DESTINATION_PORT: return has(schema, ROLE_DESTINATION) || has(schema, ROLE_DESTINATION_IP);
    case VALUE_NETWORK_TRANSPORT:
    case VALUE_NETWORK_NUMBER:
    case VALUE_NETWORK_TYPE: return has(schema, ROLE_PROTOCOL);
    case VALUE_NETWORK_DIRECTION: return has(schema, ROLE_DIRECTION);
    case VALUE_FORWARDED_IP: return has(schema, ROLE_FORWARDED_FOR);
    case VALUE_TCP_FLAGS: return has(schema, ROLE_TCP_FLAGS);
    case VALUE_METHOD: return request || has(schema, ROLE_METHOD);
    case VALUE_URL: return url;
    case VALUE_URL_SCHEME: return url || has(schema, ROLE_SCHEME);
    case VALUE_URL_DOMAIN:
    case VALUE_URL_PORT: return url || has(schema, ROLE_HOST);
    case VALUE_URL_PATH: return url || has(schema, ROLE_PATH);
    case VALUE_URL_QUERY: return url || has(schema, ROLE_QUERY);
    case VALUE_HTTP_VERSION: return request || has(schema, ROLE_HTTP_VERSION);
    case VALUE_TLS_VERSION:
    case VALUE_TLS_PROTOCOL: return has(schema, ROLE_TLS_VERSION);
    case VALUE_BLOCKED_BY: return has(schema, ROLE_ACTIONS);
    case VALUE_TRANSPORT: return has(schema, ROLE_PROCESSING_3);
    case VALUE_CLIENT_IP:
    case VALUE_CLIENT_PORT:
    case VALUE_CLIENT_PLACE:
    case VALUE_RESIDENCY:
    case VALUE_PEER_IP:
    case VALUE_PEER_PORT:
    case VALUE_HOP_VERDICT:
    case VALUE_HOP_PROVENANCE:
    case VALUE_HOP_TRUST:
    case VALUE_HOP_DEPTH:
    case VALUE_HOP_CLAIM:
    case VALUE_HOP_VIA:
    case VALUE_HOP_FLAGS: return schema_tells_client(schema);
    case VALUE_HOP_WAF_VIEW: return schema->takes_first;
    case VALUE_PROVIDER: return slice_starts_with(slice_from(schema->space), SLICE("aws."));
    default: return true;
    }
}

/* Whether the path has a row of its own, for a column or for what was worked out: no column is written over that. */
static bool has_row(const struct output_schema *output, const struct schema *schema, const char *path) {
    char row[PATH_MAX_BYTES];
    for (uint16_t i = 0; i < output->fields_count; i++) {
        row_path(&output->fields[i], schema, row);
        if (strcmp(row, path) == 0)
            return output->fields[i].value == VALUE_COLUMN || is_possible(schema, output->fields[i].value);
    }
    return false;
}

static const uint8_t kind_types[FIELD_KINDS] = {
    [FIELD_TEXT] = TYPE_KEYWORD,
    [FIELD_NAME] = TYPE_KEYWORD,
    [FIELD_INTEGER] = TYPE_LONG,
    [FIELD_SIGNED] = TYPE_LONG,
    [FIELD_SECONDS] = TYPE_FLOAT,
    [FIELD_MILLISECONDS] = TYPE_LONG,
    [FIELD_TIME] = TYPE_DATE,
    [FIELD_TIME_LOCAL] = TYPE_DATE,
    [FIELD_UNIX_TIME] = TYPE_DATE,
    [FIELD_TIME_ANY] = TYPE_DATE,
    [FIELD_UNIX_MS] = TYPE_DATE,
    [FIELD_PERCENT] = TYPE_KEYWORD,
    [FIELD_PERCENT_TWICE] = TYPE_KEYWORD,
    [FIELD_ENDPOINT] = TYPE_KEYWORD,
    [FIELD_IP] = TYPE_IP_UNSURE, /* columns are written as they came */
    [FIELD_REQUEST] = TYPE_TEXT_LONG,
    [FIELD_TEXTS_COMMA] = TYPE_KEYWORD,
    [FIELD_TEXTS_SPACE] = TYPE_KEYWORD,
    [FIELD_INTEGERS_SPACE] = TYPE_LONG,
    [FIELD_TEXTS_QUOTED] = TYPE_KEYWORD,
    [FIELD_BOOLEAN] = TYPE_BOOLEAN,
    [FIELD_JSON] = TYPE_JSON,
};

/* The type of a column's values where `row` (NULL: no row) says where they go. A row must take all that the kind may be. */
static uint8_t column_type(enum field_kind kind, const struct output_field *row) {
    bool text = row != NULL && (row->type == TYPE_KEYWORD || row->type == TYPE_TEXT_LONG);
    ASSERT(row == NULL || row->type == kind_types[kind] || (text && kind_types[kind] != TYPE_JSON));
    return row != NULL ? (uint8_t)row->type : kind_types[kind];
}

/* Adds the columns that go to the path `only` of `row`, or (NULL) all that have no row of their own. */
static void add_columns(struct compiler *compiler, const struct output_schema *output, const struct output_field *row,
                        const char *only) {
    const struct schema *schema = compiler->plan->schema;
    for (uint16_t i = 0; i < schema->fields_count; i++) {
        const char *paths = output->column_paths(&schema->fields[i]);
        char path[PATH_MAX_BYTES];
        while (paths != NULL && next_path(&paths, output->flat, path)) {
            bool here = only != NULL ? strcmp(path, only) == 0 : !has_row(output, schema, path);
            enum field_kind kind = schema->fields[i].kind;
            if (here)
                add_leaf(compiler, path,
                         (struct leaf){(uint8_t)(OP_COLUMN + kind), (uint8_t)i, column_type(kind, row), NULL});
        }
    }
}

static void compile_record(struct compiler *compiler, const struct output_schema *output, bool keep_original) {
    const struct schema *schema = compiler->plan->schema;
    add_node(compiler, 0, SLICE(""))->object = true;
    for (uint16_t i = 0; i < output->fields_count; i++) {
        const struct output_field *field = &output->fields[i];
        char path[PATH_MAX_BYTES];
        row_path(field, schema, path);
        if (!is_possible(schema, field->value) || (field->value == VALUE_ORIGINAL && !keep_original)) continue;
        if (field->value == VALUE_COLUMN) {
            add_columns(compiler, output, field, path);
        } else if (field->value == VALUE_COLUMNS) {
            add_columns(compiler, output, NULL, NULL);
        } else {
            add_leaf(compiler, path, (struct leaf){(uint8_t)field->value, 0, (uint8_t)field->type, field->constant});
        }
    }
    add_ops(compiler);
}

/* User agents, and columns with all headers. */
static bool tells_agent(const struct field_spec *field) {
    const struct slice name = slice_from(field->name);
    if (field->ecs != NULL && strstr(field->ecs, "user_agent") != NULL) return true;
    return slice_ends_with(name, SLICE("headers"));
}

/* Sorts the plan's columns into their groups. */
static void group_columns(struct plan *plan) {
    for (uint32_t i = 0; i < plan->ops_count; i++) {
        const struct op *op = &plan->ops[i];
        if (op->code < OP_COLUMN || op->code >= OP_OPEN) continue;
        enum field_kind kind = (enum field_kind)(op->code - OP_COLUMN);
        bool text = kind == FIELD_TEXT || kind == FIELD_REQUEST || kind == FIELD_IP;
        uint64_t *group = text                    ? &plan->texts
                          : kind == FIELD_INTEGER ? &plan->integers
                          : kind == FIELD_SECONDS ? &plan->seconds
                                                  : &plan->others;
        *group |= (uint64_t)1 << op->index;
        plan->kinds[op->index] = (uint8_t)kind;
        if (tells_agent(&plan->schema->fields[op->index])) plan->agents |= (uint64_t)1 << op->index;
    }
}

/* The paths of a part count from the object where `part` stands; for --fields they get its path in front. */
static void compile_part(struct compiler *compiler, const struct output_schema *output, enum value part) {
    const struct output_field *rows = part == VALUE_RESIDENCY ? output->residency : output->place;
    const uint16_t rows_count = part == VALUE_RESIDENCY ? output_residency_count : *output->place_count;
    const char *around = "";
    add_node(compiler, 0, SLICE(""))->object = true;
    for (uint16_t i = 0; i < output->fields_count; i++)
        if (output->fields[i].value == part) around = output->fields[i].path;
    const char *dot = strrchr(around, '.');
    int around_bytes = dot != NULL ? (int)(dot - around) + 1 : 0;
    const struct option_list *rules = compiler->rules;
    const struct option_list none = {0};
    for (uint16_t i = 0; i < rows_count; i++) {
        const struct output_field *field = &rows[i];
        char path[PATH_MAX_BYTES];
        snprintf(path, sizeof path, "%.*s%s", around_bytes, around, field->path);
        compiler->rules = rules;
        if (!wanted(compiler, slice_from(path))) continue;
        compiler->rules = &none;
        add_leaf(compiler, field->path,
                 (struct leaf){(uint8_t)field->value, (uint8_t)field->place_index, (uint8_t)field->type, NULL});
    }
    compiler->rules = rules;
    add_ops(compiler);
}

static enum status check_rules(const struct option_list *rules, struct error *error) {
    for (size_t i = 0; i < rules->count; i++)
        if ((rules->items[i][0] != '+' && rules->items[i][0] != '-') || rules->items[i][1] == '\0')
            return error_set(error, STATUS_USAGE,
                             "--fields %s: expected +PATH to include or -PATH to drop, such as -user_agent",
                             rules->items[i]);
    return STATUS_OK;
}

enum status encoder_new(const struct encoder_request *request, struct encoder **result, struct error *error) {
    enum status status = check_rules(&request->fields, error);
    if (status != STATUS_OK) return status;
    bool *rule_used = calloc(request->fields.count + 1, sizeof *rule_used);
    struct encoder *encoder = calloc(1, sizeof *encoder + schemas_count * sizeof encoder->plans[0]);
    if (encoder == NULL || rule_used == NULL) {
        free(encoder);
        free(rule_used);
        return error_set(error, STATUS_FAILED, "encoder: out of memory");
    }
    encoder->schema = request->schema;
    encoder->keep_original = request->keep_original;
    encoder->plans_count = schemas_count;
    encoder->emit = emit_choose();
    for (uint32_t i = 0; i < schemas_count; i++) {
        encoder->plans[i].schema = schemas_all[i];
        struct compiler compiler = {.plan = &encoder->plans[i], .rules = &request->fields, .rule_used = rule_used};
        compile_record(&compiler, request->schema, request->keep_original);
        group_columns(&encoder->plans[i]);
    }
    struct compiler compiler = {.plan = &encoder->place, .rules = &request->fields, .rule_used = rule_used};
    compile_part(&compiler, request->schema, VALUE_CLIENT_PLACE);
    compiler = (struct compiler){.plan = &encoder->residency, .rules = &request->fields, .rule_used = rule_used};
    compile_part(&compiler, request->schema, VALUE_RESIDENCY);
    for (size_t i = 0; i < request->fields.count && status == STATUS_OK; i++)
        if (!rule_used[i])
            status = error_set(error, STATUS_USAGE,
                               "--fields %s: schema %s has no such field; `wherefrom formats NAME` lists them",
                               request->fields.items[i], request->schema->name);
    free(rule_used);
    if (status != STATUS_OK) {
        free(encoder);
        return status;
    }
    *result = encoder;
    return STATUS_OK;
}

bool encoder_writes(const struct encoder *encoder, enum value value) {
    return (encoder->plans[0].values >> value & 1) != 0;
}

void encoder_free(struct encoder *encoder) {
    free(encoder);
}
