/* Compiles output tables into the encoder's ops. Runs once at start; a table that cannot nest stops the program there.
 *
 * Threads: main thread at start. */
#include "sinks/emit.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

#define PATH_MAX_BYTES 128

/* The compiler's state: the objects that are open at this point, as the path of the innermost one. */
struct compiler {
    struct plan *plan;
    const struct option_list *rules;
    bool *rule_used;
    char open[PATH_MAX_BYTES]; /* "http.request", "" at the top */
    uint32_t depth;
};

/* Adds a text to the pool; 32 bytes behind it stay readable. */
static uint16_t add_text(struct plan *plan, uint8_t *bytes_count, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    uint32_t room = PLAN_KEYS_BYTES - 32u - plan->keys_bytes;
    int bytes = vsnprintf(plan->keys + plan->keys_bytes, room, format, arguments);
    va_end(arguments);
    ASSERT(bytes >= 0 && bytes <= UINT8_MAX && (uint32_t)bytes < room);
    uint16_t offset = plan->keys_bytes;
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
    case OP_COLUMN + FIELD_REQUEST: return text;
    case OP_COLUMN + FIELD_TIME:
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
    case VALUE_LOG_PATH: return text;
    case VALUE_RAW: return (struct wrapping){"{", "},"};
    default: return bare; /* numbers, integer and seconds columns, a place's members */
    }
}

/* Closes and opens objects until the innermost one is `parent`. */
static void enter(struct compiler *compiler, const char *parent, size_t parent_bytes) {
    for (;;) {
        size_t open_bytes = strlen(compiler->open);
        if (open_bytes == 0 || (open_bytes <= parent_bytes && memcmp(compiler->open, parent, open_bytes) == 0 &&
                                (open_bytes == parent_bytes || parent[open_bytes] == '.')))
            break;
        char *dot = strrchr(compiler->open, '.');
        *(dot != NULL ? dot : compiler->open) = '\0';
        compiler->depth--;
        add_op(compiler->plan, OP_CLOSE);
    }
    for (;;) {
        size_t open_bytes = strlen(compiler->open);
        if (open_bytes == parent_bytes) break;
        size_t from = open_bytes == 0 ? 0 : open_bytes + 1;
        const char *dot = memchr(parent + from, '.', parent_bytes - from);
        size_t to = dot != NULL ? (size_t)(dot - parent) : parent_bytes;
        struct op *op = add_op(compiler->plan, OP_OPEN);
        op->key = add_text(compiler->plan, &op->key_bytes, "\"%.*s\":{", (int)(to - from), parent + from);
        compiler->depth++;
        ASSERT(to < PATH_MAX_BYTES && compiler->depth <= OUTPUT_DEPTH_MAX);
        memcpy(compiler->open, parent, to);
        compiler->open[to] = '\0';
    }
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

static void add_leaf(struct compiler *compiler, const char *path, unsigned code, uint32_t index, const char *constant) {
    struct slice text = slice_from(path);
    ASSERT(text.len < PATH_MAX_BYTES);
    if (code == VALUE_CLIENT_PLACE) {
        /* its members stand in the parent; whether they are wanted is asked when they are compiled */
    } else if (!wanted(compiler, text)) {
        return;
    }
    const char *dot = strrchr(path, '.');
    size_t parent_bytes = dot != NULL ? (size_t)(dot - path) : 0;
    enter(compiler, path, parent_bytes);
    const char *name = dot != NULL ? dot + 1 : path;
    struct plan *plan = compiler->plan;
    struct op *op = add_op(plan, constant != NULL ? OP_LITERAL : code);
    op->index = (uint8_t)index;
    if (constant != NULL) {
        op->key = add_text(plan, &op->key_bytes, "\"%s\":%s,", name, constant);
        return;
    }
    struct wrapping wrapping = wrapping_of(code);
    bool named = code != VALUE_CLIENT_PLACE;
    op->key = add_text(plan, &op->key_bytes, named ? "\"%s\":%s" : "", name, wrapping.before);
    op->suffix = add_text(plan, &op->suffix_bytes, "%s", wrapping.after);
    op->number = (uint8_t)(code < VALUES ? PLAN_SLOT_VALUES + code : index);
    if (code < VALUES) plan->values |= (uint64_t)1 << code;
}

/* The next path of a column. Several are separated by spaces; `:` cannot stand in a field name. */
static bool next_path(const char **paths, char path[PATH_MAX_BYTES]) {
    while (**paths == ' ') (*paths)++;
    size_t bytes = strcspn(*paths, " ");
    if (bytes == 0) return false;
    ASSERT(bytes < PATH_MAX_BYTES);
    for (size_t i = 0; i < bytes; i++) path[i] = (*paths)[i] == ':' ? '_' : (*paths)[i];
    path[bytes] = '\0';
    *paths += bytes;
    return true;
}

/* The path of a row, with the format's own space for a leading `*`. */
static void row_path(const struct output_field *field, const struct schema *schema, char path[PATH_MAX_BYTES]) {
    bool own = field->path[0] == '*';
    snprintf(path, PATH_MAX_BYTES, "%s%s", own ? schema->space : "", field->path + own);
}

static bool has_row(const struct output_schema *output, const struct schema *schema, const char *path) {
    char row[PATH_MAX_BYTES];
    for (uint16_t i = 0; i < output->fields_count; i++) {
        row_path(&output->fields[i], schema, row);
        if (output->fields[i].value == VALUE_COLUMN && strcmp(row, path) == 0) return true;
    }
    return false;
}

/* Adds the columns that go to `only`, or (NULL) all that have no row of their own. */
static void add_columns(struct compiler *compiler, const struct output_schema *output, const char *only) {
    const struct schema *schema = compiler->plan->schema;
    for (uint16_t i = 0; i < schema->fields_count; i++) {
        const char *paths = output->column_paths(&schema->fields[i]);
        char path[PATH_MAX_BYTES];
        while (paths != NULL && next_path(&paths, path)) {
            bool here = only != NULL ? strcmp(path, only) == 0 : !has_row(output, schema, path);
            if (here) add_leaf(compiler, path, OP_COLUMN + schema->fields[i].kind, i, NULL);
        }
    }
}

/* Roles without which a value can never be known; ROLE_NONE: always possible. */
static enum field_role role_of(enum value value) {
    switch (value) {
    case VALUE_START: return ROLE_TIME_START;
    case VALUE_REASON: return ROLE_RESULT;
    case VALUE_NOT_BEFORE:
    case VALUE_NOT_AFTER: return ROLE_VALIDITY;
    case VALUE_NETWORK_TRANSPORT:
    case VALUE_NETWORK_NUMBER:
    case VALUE_NETWORK_TYPE: return ROLE_PROTOCOL;
    case VALUE_NETWORK_DIRECTION: return ROLE_DIRECTION;
    case VALUE_TCP_FLAGS: return ROLE_TCP_FLAGS;
    case VALUE_METHOD:
    case VALUE_URL:
    case VALUE_URL_SCHEME:
    case VALUE_URL_DOMAIN:
    case VALUE_URL_PORT:
    case VALUE_URL_PATH:
    case VALUE_URL_QUERY:
    case VALUE_HTTP_VERSION: return ROLE_REQUEST;
    case VALUE_TLS_VERSION:
    case VALUE_TLS_PROTOCOL: return ROLE_TLS_VERSION;
    case VALUE_BLOCKED_BY: return ROLE_ACTIONS;
    case VALUE_TRANSPORT: return ROLE_PROCESSING_3;
    default: return ROLE_NONE;
    }
}

/* Values that follow from a peer. */
static bool needs_peer(enum value value) {
    switch (value) {
    case VALUE_CLIENT_IP:
    case VALUE_CLIENT_PORT:
    case VALUE_CLIENT_PLACE:
    case VALUE_PEER_IP:
    case VALUE_PEER_PORT:
    case VALUE_HOP_VERDICT:
    case VALUE_HOP_PROVENANCE:
    case VALUE_HOP_TRUST:
    case VALUE_HOP_DEPTH:
    case VALUE_HOP_FLAGS: return true;
    default: return false;
    }
}

static void compile_record(struct compiler *compiler, const struct output_schema *output, bool keep_original) {
    const struct schema *schema = compiler->plan->schema;
    for (uint16_t i = 0; i < output->fields_count; i++) {
        const struct output_field *field = &output->fields[i];
        char path[PATH_MAX_BYTES];
        row_path(field, schema, path);
        enum field_role role = role_of(field->value);
        if (role != ROLE_NONE && schema_column(schema, role) < 0) continue;
        if (needs_peer(field->value) && schema_peer_column(schema) < 0) continue;
        if ((field->value == VALUE_DESTINATION_IP || field->value == VALUE_DESTINATION_PORT) &&
            schema_column(schema, ROLE_DESTINATION) < 0 && schema_column(schema, ROLE_DESTINATION_IP) < 0)
            continue;
        if (field->value == VALUE_ORIGINAL && !keep_original) continue;
        if (field->value == VALUE_COLUMN) {
            add_columns(compiler, output, path);
        } else if (field->value == VALUE_COLUMNS) {
            add_columns(compiler, output, NULL);
        } else {
            add_leaf(compiler, path, field->value, 0, field->constant);
        }
    }
    enter(compiler, "", 0);
    add_op(compiler->plan, OP_END);
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
    }
}

/* The place's paths count from the object of the client; for --fields they get its path in front. */
static void compile_place(struct compiler *compiler, const struct output_schema *output) {
    const char *around = "";
    for (uint16_t i = 0; i < output->fields_count; i++)
        if (output->fields[i].value == VALUE_CLIENT_PLACE) around = output->fields[i].path;
    const char *dot = strrchr(around, '.');
    int around_bytes = dot != NULL ? (int)(dot - around) + 1 : 0;
    const struct option_list *rules = compiler->rules;
    const struct option_list none = {0};
    for (uint16_t i = 0; i < *output->place_count; i++) {
        const struct output_field *field = &output->place[i];
        char path[PATH_MAX_BYTES];
        snprintf(path, sizeof path, "%.*s%s", around_bytes, around, field->path);
        compiler->rules = rules;
        if (!wanted(compiler, slice_from(path))) continue;
        compiler->rules = &none;
        add_leaf(compiler, field->path, field->value, (uint32_t)field->place_index, NULL);
    }
    compiler->rules = rules;
    enter(compiler, "", 0);
    add_op(compiler->plan, OP_END);
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
    compile_place(&compiler, request->schema);
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

void encoder_free(struct encoder *encoder) {
    free(encoder);
}
