/* `wherefrom formats`: the tables, printed.
 *
 * Threads: main thread. */
#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "base/json.h"
#include "config/nearest.h"
#include "schemas/schema.h"

static const char *const kind_names[FIELD_KINDS] = {
    [FIELD_TEXT] = "text",
    [FIELD_NAME] = "text",
    [FIELD_INTEGER] = "integer",
    [FIELD_SIGNED] = "integer",
    [FIELD_SECONDS] = "seconds",
    [FIELD_TIME] = "time",
    [FIELD_MILLISECONDS] = "milliseconds",
    [FIELD_TIME_LOCAL] = "time",
    [FIELD_TIME_ANY] = "time",
    [FIELD_UNIX_TIME] = "unix time",
    [FIELD_UNIX_MS] = "unix time",
    [FIELD_PERCENT] = "text",
    [FIELD_PERCENT_TWICE] = "text",
    [FIELD_BOOLEAN] = "boolean",
    [FIELD_JSON] = "json",
    [FIELD_ENDPOINT] = "ip:port",
    [FIELD_IP] = "ip",
    [FIELD_REQUEST] = "request line",
    [FIELD_TEXTS_COMMA] = "texts",
    [FIELD_TEXTS_SPACE] = "texts",
    [FIELD_INTEGERS_SPACE] = "integers",
    [FIELD_TEXTS_QUOTED] = "texts",
};

/* Where a column goes that is written through what it means. */
static const char *const role_paths[ROLES] = {
    [ROLE_TIME] = "@timestamp",
    [ROLE_TIME_END] = "@timestamp event.end",
    [ROLE_TIME_END_2] = "@timestamp event.end",
    [ROLE_TIME_END_3] = "@timestamp event.end",
    [ROLE_TIME_END_DATE] = "@timestamp event.end",
    [ROLE_TIME_END_CLOCK] = "@timestamp event.end",
    [ROLE_TIME_START] = "event.start",
    [ROLE_PEER] = "client.* source.*",
    [ROLE_PEER_IP] = "client.ip source.ip",
    [ROLE_PEER_PORT] = "client.port source.port",
    [ROLE_PEER_IP_REAL] = "client.ip source.ip",
    [ROLE_DESTINATION] = "destination.*",
    [ROLE_DESTINATION_IP] = "destination.ip",
    [ROLE_DESTINATION_PORT] = "destination.port",
    [ROLE_DESTINATION_IP_REAL] = "destination.ip",
    [ROLE_ACCOUNT] = "cloud.account.id",
    [ROLE_REGION] = "cloud.region",
    [ROLE_PROTOCOL] = "network.transport network.iana_number",
    [ROLE_DIRECTION] = "network.direction",
    [ROLE_TCP_FLAGS] = "aws.vpcflow.tcp_flags_array",
    [ROLE_RESULT] = "event.outcome",
    [ROLE_REASON] = "event.reason",
    [ROLE_VALIDITY] = "tls.client.not_before tls.client.not_after",
    [ROLE_FORWARDED_FOR] = "network.forwarded_ip",
    [ROLE_PROCESSING_1] = "event.duration",
    [ROLE_METHOD] = "http.request.method",
    [ROLE_URL] = "url.*",
    [ROLE_SCHEME] = "url.scheme",
    [ROLE_HOST] = "url.domain url.port",
    [ROLE_PATH] = "url.path",
    [ROLE_QUERY] = "url.query",
    [ROLE_HTTP_VERSION] = "http.version",
    [ROLE_REQUEST] = "http.request.method url.* http.version",
    [ROLE_TLS_VERSION] = "tls.version tls.version_protocol",
    [ROLE_NODE] = "observer.ip",
};

/* What a column is to whoever works out the client; NULL: nothing. */
static const char *const evidence_names[ROLES] = {
    [ROLE_PEER] = "peer",
    [ROLE_PEER_IP] = "peer",
    [ROLE_PEER_PORT] = "peer",
    [ROLE_PEER_IP_REAL] = "peer",
    [ROLE_FORWARDED_FOR] = "x-forwarded-for",
    [ROLE_FORWARDED] = "forwarded",
    [ROLE_REAL_IP] = "real-ip",
    [ROLE_PROXY_IP] = "proxy-protocol",
    [ROLE_PROXY_PORT] = "proxy-protocol",
    [ROLE_VIEWER] = "viewer-address",
    [ROLE_TRACE] = "trace-id",
    [ROLE_ACCELERATOR_IP] = "accelerator",
};

/* How lines are written; JSON comes on top where a format has keys for it. */
static const char *const layout_names[] = {
    [LAYOUT_SPACE_QUOTED] = "spaces and quotes",
    [LAYOUT_SPACE] = "spaces",
    [LAYOUT_HEADER] = "spaces, header line",
    [LAYOUT_W3C] = "tabs, `#Fields` line",
    [LAYOUT_LOG_FORMAT] = "log_format",
    [LAYOUT_HAPROXY] = "syslog",
    [LAYOUT_ENVOY] = "text",
    [LAYOUT_JSON] = "",
};

static void print_layout(const struct schema *schema) {
    const char *text = layout_names[schema->layout];
    printf("%s%s%s", text, text[0] != '\0' && schema->json_keys != NULL ? ", " : "",
           schema->json_keys != NULL ? "JSON" : "");
}

/* Room for the paths of a column. */
#define PATHS_BYTES 160

static const char *ecs_paths(const struct field_spec *field, char paths[PATHS_BYTES]) {
    const char *role = role_paths[field->role] != NULL ? role_paths[field->role] : "";
    const char *own = field->ecs != NULL ? field->ecs : "";
    snprintf(paths, PATHS_BYTES, "%s%s%s", role, role[0] != '\0' && own[0] != '\0' ? " " : "", own);
    return paths;
}

static void print_format(const struct schema *schema) {
    printf("%s: %s\nfollows: %s\nlines: ", schema->name, schema->help, schema->spec);
    print_layout(schema);
    if (schema->layout <= LAYOUT_W3C)
        printf("\nshortest line: %u of %u columns", (unsigned)schema->fields_count_min, (unsigned)schema->fields_count);
    for (const char *const *pattern = schema->patterns; pattern != NULL && *pattern != NULL; pattern++)
        printf("%s%s", pattern == schema->patterns ? "\nfound without being told:\n  " : "\n  ", *pattern);
    printf("\n\n");
    printf("%3s  %-30s %-13s %-42s %-36s %s\n", "#", "column", "kind", "ecs", "ss4o", "meaning");
    for (unsigned i = 0; i < schema->fields_count; i++) {
        const struct field_spec *field = &schema->fields[i];
        char paths[PATHS_BYTES];
        printf("%3u  %-30s %-13s %-42s %-36s %s\n", i + 1, field->name, kind_names[field->kind],
               ecs_paths(field, paths), field->ss4o != NULL ? field->ss4o : "", field->help);
    }
}

static void print_json_text(const char *name, const char *text) {
    char quoted[JSON_EXPANSION * 512 + 2];
    bool lossy = false;
    struct slice slice = slice_from(text);
    if (slice.len > 512) slice.len = 512;
    char *end = json_quote(quoted, slice, JSON_VERBATIM, &lossy);
    printf("\"%s\":%.*s", name, (int)(end - quoted), quoted);
}

static void print_format_json(const struct schema *schema) {
    putchar('{');
    print_json_text("name", schema->name);
    putchar(',');
    print_json_text("help", schema->help);
    printf(",\"columns_min\":%u,\"columns\":[", (unsigned)schema->fields_count_min);
    for (unsigned i = 0; i < schema->fields_count; i++) {
        const struct field_spec *field = &schema->fields[i];
        printf("%s{", i == 0 ? "" : ",");
        print_json_text("name", field->name);
        putchar(',');
        print_json_text("kind", kind_names[field->kind]);
        putchar(',');
        char paths[PATHS_BYTES];
        print_json_text("ecs", ecs_paths(field, paths));
        putchar(',');
        print_json_text("ss4o", field->ss4o != NULL ? field->ss4o : "");
        putchar(',');
        if (evidence_names[field->role] != NULL) {
            print_json_text("evidence", evidence_names[field->role]);
            putchar(',');
        }
        print_json_text("help", field->help);
        putchar('}');
    }
    puts("]}");
}

static int unknown_format(const char *name) {
    const char *names[64];
    size_t count = 0;
    for (uint32_t i = 0; i < schemas_count && i < 64; i++) names[count++] = schemas_all[i]->name;
    const char *near = nearest_word(name, names, count);
    fprintf(stderr, "wherefrom: error: formats: %s: no such format%s%s\n", name, near != NULL ? ", did you mean " : "",
            near != NULL ? near : "");
    return EXIT_USAGE;
}

void command_formats_print_markdown(void) {
    puts("| name | what | columns | lines |\n|---|---|---|---|");
    for (uint32_t i = 0; i < schemas_count; i++) {
        printf("| `%s` | %s | %u | ", schemas_all[i]->name, schemas_all[i]->help,
               (unsigned)schemas_all[i]->fields_count);
        print_layout(schemas_all[i]);
        puts(" |");
    }
}

int command_formats(int argc, char **argv) {
    bool json = false;
    const char *name = NULL;
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            json = true;
        } else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            puts("usage: wherefrom formats [NAME] [--json]\n\nLists the log formats, or the columns of one.");
            return EXIT_DONE;
        } else if (argv[i][0] == '-' || name != NULL) {
            fprintf(stderr, "wherefrom: error: formats: unexpected %s; usage: wherefrom formats [NAME] [--json]\n",
                    argv[i]);
            return EXIT_USAGE;
        } else {
            name = argv[i];
        }
    }
    const struct schema *only = name != NULL ? schema_find(slice_from(name)) : NULL;
    if (name != NULL && only == NULL) return unknown_format(name);
    for (uint32_t i = 0; i < schemas_count; i++) {
        const struct schema *schema = schemas_all[i];
        if (only != NULL && schema != only) continue;
        if (json)
            print_format_json(schema);
        else if (only != NULL)
            print_format(schema);
        else
            printf("%-18s %3u columns  %s\n", schema->name, (unsigned)schema->fields_count, schema->help);
    }
    return EXIT_DONE;
}
