/* A URL becomes a mapping first (config/opensearch_url.h) and each pair a member, so every check stands here once.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "config/opensearch_settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ip.h"
#include "config/config_text.h"
#include "config/index_name.h"
#include "config/opensearch_url.h"
#include "schemas/limits.h"

#define PASSWORD_VARIABLE "OPENSEARCH_PASSWORD"

enum key {
    URL,
    DATA_STREAM,
    INDEX,
    USER, /* from here on also for --opensearch */
    PASSWORD_ENV,
    PASSWORD_FILE,
    CA,
    CERTIFICATE,
    KEY,
    AWS_SIGV4,
    PIPELINE,
    GZIP,
    IDS,
    CHECK_MAPPING,
    CONNECTIONS,
    TIMEOUT,
    KEYS
};
static const char *const keys[KEYS] = {
    [URL] = "url",
    [DATA_STREAM] = "data_stream",
    [INDEX] = "index",
    [USER] = "user",
    [PASSWORD_ENV] = "password_env",
    [PASSWORD_FILE] = "password_file",
    [CA] = "ca",
    [CERTIFICATE] = "certificate",
    [KEY] = "key",
    [AWS_SIGV4] = "aws_sigv4",
    [PIPELINE] = "pipeline",
    [GZIP] = "gzip",
    [IDS] = "ids",
    [CHECK_MAPPING] = "check_mapping",
    [CONNECTIONS] = "connections",
    [TIMEOUT] = "timeout",
};

struct loader {
    struct arena *arena;
    struct problem_scope scope, pairs_scope; /* of the output, and of --opensearch */
    const struct config_node *mapping;       /* the output's */
    const struct config_node *members[KEYS]; /* NULL: not given */
    struct opensearch_server server;
    struct opensearch_output *output;
};

static const struct problem_scope *scope_of(const struct loader *loader, const struct config_node *node) {
    while (node->parent != NULL && node != loader->mapping) node = node->parent;
    return node == loader->mapping ? &loader->scope : &loader->pairs_scope;
}

#define REPORT(loader, node, ...) problem_report(scope_of(loader, node), node, __VA_ARGS__)

/* --- texts ---------------------------------------------------------------------------------------- */

/* Printable ASCII, so that it can stand in a header; 1 to `bytes_max` of it. */
static bool is_plain(const struct config_node *node, size_t bytes_max) {
    if (!config_text_is(node) || node->text.len > bytes_max) return false;
    for (size_t i = 0; i < node->text.len; i++)
        if (node->text.ptr[i] < 0x20 || node->text.ptr[i] > 0x7E) return false;
    return true;
}

static bool load_plain(const struct loader *loader, enum key key, const char **text) {
    const struct config_node *node = loader->members[key];
    if (node == NULL) return true;
    *text = node->text.ptr;
    return is_plain(node, OPENSEARCH_TEXT_BYTES_MAX) ||
           REPORT(loader, node, "%s: expected a name in printable ASCII of at most %u bytes, got %s", keys[key],
                  OPENSEARCH_TEXT_BYTES_MAX, config_text_shown(node).text);
}

/* As the option table would read it; *value stays where nothing is given. */
static bool load_value(const struct loader *loader, enum key key, const struct option_spec *spec,
                       union option_value *value) {
    const struct config_node *node = loader->members[key];
    struct error error;
    if (node == NULL) return true;
    if (!config_text_is(node))
        return REPORT(loader, node, "%s: expected one value, got %s", keys[key], config_text_shown(node).text);
    return option_value_parse(spec, node->text.ptr, value, &error) == STATUS_OK ||
           REPORT(loader, node, "%s: %s", keys[key], error.message);
}

/* --- where to ------------------------------------------------------------------------------------- */

static bool load_server(struct loader *loader) {
    const struct config_node *node = loader->members[URL];
    if (node == NULL)
        return problem_report(&loader->scope, loader->mapping, "no \"url\": write url: https://HOST:PORT");
    if (config_text_is(node) && opensearch_url_is(node->text.ptr))
        return REPORT(loader, node, "url: write it without %s, and the name under data_stream", OPENSEARCH_URL_PREFIX);
    if (config_text_is(node) && strchr(node->text.ptr, '@') != NULL)
        return REPORT(loader, node, "url: write it without a user, who stands under user");
    enum status status = config_text_is(node) ? opensearch_url_server(loader->arena, node->text.ptr,
                                                                      OPENSEARCH_HTTP_PORT, &loader->server)
                                              : STATUS_USAGE;
    loader->output->url = loader->server.url;
    if (status == STATUS_FAILED) return problem_no_memory(&loader->scope);
    return status == STATUS_OK ||
           REPORT(loader, node, "url: expected http[s]://HOST[:PORT][/BASE], with an IPv6 address in brackets, got %s",
                  config_text_is(node) ? opensearch_url_shown(node->text.ptr).text : config_text_shown(node).text);
}

static bool check_name(const struct loader *loader, const struct config_node *node, struct slice name,
                       const char *example) {
    return index_name_is(name) || REPORT(loader, node, "%s: expected %s " INDEX_NAME_RULES ", got %s", node->key.ptr,
                                         example, OPENSEARCH_NAME_BYTES_MAX, config_text_shown(node).text);
}

static bool load_name(const struct loader *loader) {
    const struct config_node *stream = loader->members[DATA_STREAM], *index = loader->members[INDEX],
                             *node = index != NULL ? index : stream;
    if (node == NULL)
        return problem_report(&loader->scope, loader->mapping,
                              "no \"data_stream\": write data_stream: NAME, or index: NAME" INDEX_NAME_DATE);
    if (stream != NULL && index != NULL)
        return REPORT(loader, index, "index: there is a data_stream, too; records go to one of the two");
    struct slice name = config_text_is(node) ? node->text : SLICE("");
    loader->output->dated = index != NULL;
    if (stream != NULL && memchr(name.ptr, '{', name.len) != NULL)
        return REPORT(loader, node,
                      "data_stream: has no date in its name; write index: NAME" INDEX_NAME_DATE
                      " for an index per day");
    if (index != NULL && name.len > 0) {
        if (!index_name_cut_date(&name))
            return REPORT(loader, node,
                          "index: expected NAME" INDEX_NAME_DATE
                          ", an index per day, got %s; a data stream stands under data_stream",
                          config_text_shown(node).text);
        name = arena_copy(loader->arena, name);
        if (name.ptr == NULL) return problem_no_memory(&loader->scope);
    }
    loader->output->name = name.ptr;
    return check_name(loader, node, name, index != NULL ? "NAME" INDEX_NAME_DATE " with a NAME" : "a name");
}

/* --- who writes ----------------------------------------------------------------------------------- */

static bool load_password(const struct loader *loader) {
    const struct config_node *variable = loader->members[PASSWORD_ENV], *file = loader->members[PASSWORD_FILE],
                             *node = file != NULL ? file : variable, *user = loader->members[USER];
    if (variable != NULL && file != NULL)
        return REPORT(loader, file, "password_file: there is a password_env, too; write one of the two");
    if (node != NULL && user == NULL)
        return REPORT(loader, node, "%s: there is no user; write user: NAME", node->key.ptr);
    if (user == NULL) return true;
    if (node == NULL) {
        const char *password = getenv(PASSWORD_VARIABLE);
        if (password == NULL || *password == '\0')
            return REPORT(loader, user,
                          "user: no password; write password_env: NAME of an environment variable or password_file: "
                          "FILE, or set " PASSWORD_VARIABLE);
        loader->output->password = arena_copy(loader->arena, slice_from(password)).ptr;
        return loader->output->password != NULL || problem_no_memory(&loader->scope);
    }
    return config_text_read(loader->arena, scope_of(loader, node), node,
                            file != NULL ? TEXT_FROM_FILE : TEXT_FROM_ENVIRONMENT, &loader->output->password);
}

static bool is_loopback(struct slice host) {
    static const uint8_t loopback[16] = {[15] = 1};
    struct ip_parsed address;
    if (slice_equal(host, SLICE("localhost"))) return true;
    if (host.ptr[0] == '[') host = (struct slice){host.ptr + 1, host.len - 2};
    return ip_parse(host, &address) &&
           (ip_is_v4(&address.ip) ? address.ip.bytes[12] == 127 : memcmp(address.ip.bytes, loopback, 16) == 0);
}

static bool load_user(const struct loader *loader) {
    const struct config_node *node = loader->members[USER];
    bool good = load_plain(loader, USER, &loader->output->user);
    if (node != NULL && good && strchr(node->text.ptr, ':') != NULL)
        good = REPORT(loader, node, "user: has no : in it, and a password does not stand here");
    if (node != NULL && loader->server.url != NULL && !loader->server.tls && !is_loopback(loader->server.host))
        problem_warn(scope_of(loader, node), node, "user: the password goes over the network as it is; use https");
    return load_password(loader) && good;
}

static bool load_file(const struct loader *loader, enum key key, const char **path) {
    const struct config_node *node = loader->members[key];
    char reason[128];
    if (node == NULL) return true;
    if (!config_text_is(node))
        return REPORT(loader, node, "%s: expected the path of a PEM file, got %s", keys[key],
                      config_text_shown(node).text);
    *path = node->text.ptr;
    if (access(*path, R_OK) != 0)
        return REPORT(loader, node, "%s: %s: %s", keys[key], config_text_shown(node).text,
                      strerror_r(errno, reason, sizeof reason));
    return loader->server.tls || loader->server.url == NULL ||
           REPORT(loader, node, "%s: means nothing to http; use https", keys[key]);
}

static bool load_tls(const struct loader *loader) {
    struct opensearch_output *output = loader->output;
    bool good = load_file(loader, CA, &output->ca_file);
    good = load_file(loader, CERTIFICATE, &output->certificate) && good;
    good = load_file(loader, KEY, &output->key) && good;
    if (output->key != NULL)
        config_text_warn_of_readers(scope_of(loader, loader->members[KEY]), loader->members[KEY], output->key);
    if (loader->members[CERTIFICATE] == NULL && loader->members[KEY] != NULL)
        return REPORT(loader, loader->members[KEY], "key: there is no certificate; write certificate: FILE");
    if (output->key == NULL) output->key = output->certificate;
    return good;
}

/* --- AWS ------------------------------------------------------------------------------------------ */

/* What a managed host's name says: NAME.REGION.es.amazonaws.com, ID.REGION.aoss.amazonaws.com, and NAME.aos.REGION.on.aws of both
 * address families. */
struct managed {
    struct slice region;
    const char *service; /* NULL: it is none */
};

static struct slice label_before(struct slice *host) {
    const char *dot = memrchr(host->ptr, '.', host->len);
    struct slice label = dot != NULL ? (struct slice){dot + 1, host->len - (size_t)(dot + 1 - host->ptr)} : *host;
    host->len -= label.len + (dot != NULL);
    return label;
}

static struct managed managed_of(struct slice host) {
    static const struct {
        struct slice ending;
        const char *service;
    } kinds[] = {
        {{".es.amazonaws.com", 17}, "es"}, {{".es.amazonaws.com.cn", 20}, "es"}, {{".aoss.amazonaws.com", 19}, "aoss"}};
    struct managed managed = {.service = NULL};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (!slice_ends_with(host, kinds[i].ending)) continue;
        host.len -= kinds[i].ending.len;
        return (struct managed){label_before(&host), kinds[i].service};
    }
    if (!slice_ends_with(host, SLICE(".on.aws"))) return managed;
    host.len -= strlen(".on.aws");
    managed.region = label_before(&host);
    struct slice kind = label_before(&host);
    managed.service = slice_equal(kind, SLICE("aos")) ? "es" : slice_equal(kind, SLICE("aoss")) ? "aoss" : NULL;
    return managed;
}

static bool is_region(struct slice region) {
    return region.len > 0 && region.len <= 32 && memchr(region.ptr, '-', region.len) != NULL && /* "yes" is none */
           strspn(region.ptr, "abcdefghijklmnopqrstuvwxyz0123456789-") >= region.len;
}

/* What is given of it, as texts; false after a report. */
static bool read_sigv4(const struct loader *loader, const struct config_node *node, struct slice *region,
                       struct slice *service) {
    static const char *const known[] = {"region", "service"};
    *region = *service = (struct slice){0};
    if (config_text_is(node)) {
        struct slice rest = node->text;
        if (!config_node_is(node, "true")) *region = slice_cut(&rest, '/'), *service = rest;
        return true;
    }
    if (node->kind != CONFIG_MAPPING)
        return REPORT(loader, node, "aws_sigv4: expected true, REGION/es or REGION/aoss, got %s",
                      config_text_shown(node).text);
    bool good = problem_check_keys(scope_of(loader, node), node, known, 2);
    for (const struct config_node *member = node->first; member != NULL; member = member->next) {
        *(slice_equal(member->key, SLICE("region")) ? region : service) = member->text;
        if (!config_text_is(member))
            good = REPORT(loader, member, "aws_sigv4: %s: expected one value, got %s", member->key.ptr,
                          config_text_shown(member).text);
    }
    return good;
}

/* Whether its path has one form to sign: other bytes are encoded once by some and twice by others (sinks/http_client.h). An index with a
 * date is in the body. */
static bool is_signable(const struct opensearch_output *output) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789._~-";
    return output->dated || output->name == NULL || output->name[strspn(output->name, plain)] == '\0';
}

static bool load_sigv4(const struct loader *loader) {
    const struct config_node *node = loader->members[AWS_SIGV4];
    const struct managed managed = managed_of(loader->server.host);
    struct slice region, service;
    bool collection = managed.service != NULL && strcmp(managed.service, "aoss") == 0;
    if (node == NULL || config_node_is(node, "false"))
        return !collection ||
               problem_report(&loader->scope, loader->mapping,
                              "a serverless collection takes signed requests only; write aws_sigv4: true");
    if (!read_sigv4(loader, node, &region, &service)) return false;
    if (loader->members[USER] != NULL)
        return REPORT(loader, node, "aws_sigv4: there is a user, too; a request is signed or has a password");
    if (!is_signable(loader->output))
        return REPORT(loader, node,
                      "aws_sigv4: expected a data stream of letters, digits and . _ ~ - in signed requests, got %s",
                      option_value_shown(loader->output->name).text);
    if (region.len == 0 && managed.service == NULL)
        return loader->server.url == NULL ||
               REPORT(loader, node, "aws_sigv4: the host's name says no region; write REGION/es or REGION/aoss");
    if (region.len == 0) region = managed.region;
    if (service.len == 0) service = slice_from(managed.service != NULL ? managed.service : "es");
    loader->output->aws_region = arena_copy(loader->arena, region).ptr;
    loader->output->aws_service = arena_copy(loader->arena, service).ptr;
    if (loader->output->aws_region == NULL || loader->output->aws_service == NULL)
        return problem_no_memory(&loader->scope);
    if (!is_region(region))
        return REPORT(loader, node, "aws_sigv4: expected a region such as eu-west-1, got %s",
                      option_value_shown(loader->output->aws_region).text);
    if (!slice_equal(service, SLICE("es")) && !slice_equal(service, SLICE("aoss")))
        return REPORT(loader, node,
                      "aws_sigv4: service: expected es (a domain) or aoss (a serverless collection), got %s",
                      option_value_shown(loader->output->aws_service).text);
    if (managed.service != NULL &&
        (!slice_equal(region, managed.region) || !slice_equal(service, slice_from(managed.service))))
        return REPORT(loader, node, "aws_sigv4: expected %.*s/%s, as the host's name has it, got %s/%s; write true",
                      (int)managed.region.len, managed.region.ptr, managed.service, loader->output->aws_region,
                      loader->output->aws_service);
    return true;
}

/* --- how ------------------------------------------------------------------------------------------ */

static bool load_rest(const struct loader *loader) {
    static const struct option_spec flag = {.kind = OPTION_FLAG},
                                    count = {.kind = OPTION_COUNT, .min = 1, .max = OPENSEARCH_CONNECTIONS_MAX},
                                    seconds = {.kind = OPTION_COUNT, .min = 1, .max = OPENSEARCH_TIMEOUT_SECONDS_MAX};
    struct opensearch_output *output = loader->output;
    union option_value gzip = {.flag = loader->server.url != NULL && !is_loopback(loader->server.host)},
                       ids = {.flag = true}, check_mapping = {.flag = true},
                       connections = {.number = OPENSEARCH_CONNECTIONS},
                       timeout = {.number = OPENSEARCH_TIMEOUT_SECONDS};
    bool good = load_plain(loader, PIPELINE, &output->pipeline);
    good = load_value(loader, GZIP, &flag, &gzip) && good;
    good = load_value(loader, IDS, &flag, &ids) && good;
    good = load_value(loader, CHECK_MAPPING, &flag, &check_mapping) && good;
    good = load_value(loader, CONNECTIONS, &count, &connections) && good;
    good = load_value(loader, TIMEOUT, &seconds, &timeout) && good;
    output->gzip = gzip.flag;
    output->without_ids = !ids.flag;
    output->any_mapping = !check_mapping.flag;
    output->connections_max = (uint32_t)connections.number;
    output->timeout_s = (uint32_t)timeout.number;
    return good;
}

/* --- all of it ------------------------------------------------------------------------------------ */

/* The members from `first` on, over those that were taken before. */
static bool take_members(struct loader *loader, const struct config_node *mapping, enum key first) {
    bool good = true;
    for (const struct config_node *member = mapping->first; member != NULL; member = member->next) {
        size_t key = first;
        while (key < KEYS && !slice_equal(member->key, slice_from(keys[key]))) key++;
        if (key < KEYS) {
            if (first == USER && key == PASSWORD_ENV) loader->members[PASSWORD_FILE] = NULL;
            if (first == USER && key == PASSWORD_FILE) loader->members[PASSWORD_ENV] = NULL;
            loader->members[key] = member;
        } else if (slice_equal(member->key, SLICE("password"))) {
            good = REPORT(loader, member,
                          "password: a secret must not stand here; write password_env and the name of an environment "
                          "variable, or password_file and the path of a file");
        } else {
            good = problem_unknown_key(scope_of(loader, member), member, keys + first, KEYS - first);
        }
    }
    return good;
}

/* The mapping of the output, under its key or made of the URL; NULL after a report. */
static const struct config_node *tree_of(struct loader *loader, const struct opensearch_request *request) {
    const struct config_node *mapping = request->node != NULL ? config_node_member(request->node, "opensearch") : NULL;
    loader->scope.file = request->node != NULL ? request->file : NULL;
    if (mapping == NULL) {
        problem_scope_set(&loader->scope, "%s %s", request->option, opensearch_url_shown(request->text).text);
        return opensearch_url_tree(loader->arena, &loader->scope, request->node, request->text);
    }
    problem_scope_set(&loader->scope, "%s: opensearch", request->option);
    if (mapping->kind == CONFIG_MAPPING) return mapping;
    (void)problem_report(&loader->scope, mapping, "expected a mapping with url and data_stream, got %s",
                         config_node_kind_name(mapping));
    return NULL;
}

/* --opensearch KEY=VALUE as a mapping, in which a later member replaces an earlier one; NULL after a report. */
static const struct config_node *pairs_tree(const struct loader *loader, const struct option_list *pairs) {
    const struct config_place nowhere = {0};
    struct config_node *mapping = config_node_new(loader->arena, CONFIG_MAPPING, (struct slice){0}, nowhere);
    for (size_t i = 0; i < pairs->count && mapping != NULL; i++) {
        struct slice value = slice_from(pairs->items[i]), key = slice_cut(&value, '=');
        if (value.ptr == NULL) {
            (void)problem_report(&loader->pairs_scope, NULL, "expected KEY=VALUE");
            return NULL;
        }
        struct config_node *member = config_node_new(loader->arena, CONFIG_TEXT, value, nowhere);
        if (member != NULL) member->key = arena_copy(loader->arena, key);
        if (member == NULL || member->key.ptr == NULL)
            mapping = NULL;
        else
            config_node_append(mapping, member);
    }
    if (mapping == NULL) (void)problem_no_memory(&loader->pairs_scope);
    return mapping;
}

bool opensearch_settings_resolve(struct opensearch_settings *settings, const struct opensearch_request *request,
                                 struct problems *problems) {
    *settings = (struct opensearch_settings){.has_output = request->text != NULL && opensearch_url_is(request->text)};
    struct loader loader = {.arena = &settings->arena,
                            .scope = {.problems = problems},
                            .pairs_scope = {.problems = problems, .where = "--opensearch"},
                            .output = &settings->output};
    if (!settings->has_output)
        return request->pairs.count == 0 ||
               problem_report(&loader.pairs_scope, NULL, "the output is no opensearch+http[s]://HOST[:PORT]/NAME");
    loader.mapping = tree_of(&loader, request);
    const struct config_node *pairs = pairs_tree(&loader, &request->pairs);
    if (loader.mapping == NULL || pairs == NULL) return false;
    bool good = take_members(&loader, loader.mapping, URL);
    good = take_members(&loader, pairs, USER) && good;
    good = load_server(&loader) && good;
    good = load_name(&loader) && good;
    good = load_user(&loader) && good;
    good = load_tls(&loader) && good;
    good = load_sigv4(&loader) && good;
    return load_rest(&loader) && good;
}

void opensearch_settings_destroy(struct opensearch_settings *settings) {
    char *password = (char *)(uintptr_t)settings->output.password;
    if (password != NULL) explicit_bzero(password, strlen(password));
    arena_destroy(&settings->arena);
    *settings = (struct opensearch_settings){0};
}

const char *opensearch_settings_name(struct arena *arena, const struct config_node *mapping) {
    const struct config_node *url = config_node_member(mapping, keys[URL]);
    const struct config_node *name = config_node_member(mapping, keys[DATA_STREAM]);
    if (name == NULL) name = config_node_member(mapping, keys[INDEX]);
    const char *url_text = url != NULL && config_text_is(url) ? url->text.ptr : "";
    const char *name_text = name != NULL && config_text_is(name) ? name->text.ptr : "";
    size_t bytes = strlen(OPENSEARCH_URL_PREFIX) + strlen(url_text) + 1 + strlen(name_text) + 1;
    char *text = arena_take(arena, bytes);
    if (text != NULL) snprintf(text, bytes, "%s%s/%s", OPENSEARCH_URL_PREFIX, url_text, name_text);
    return text;
}
