/* The last @ ends the user and the last / begins the name: whatever a password has in it is on the side that no message shows.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "config/opensearch_url.h"

#include <stdio.h>
#include <string.h>

#include "config/host_port.h"
#include "config/url_tree.h"

static const struct slice schemes[] = {{"http://", 7}, {"https://", 8}};

bool opensearch_url_is(const char *text) {
    return strncmp(text, OPENSEARCH_URL_PREFIX, strlen(OPENSEARCH_URL_PREFIX)) == 0;
}

struct option_shown opensearch_url_shown(const char *text) {
    char shown[256];
    const char *end = text + strcspn(text, "?"), *user = strrchr(text, '@'), *slashes = strstr(text, "://");
    int scheme_bytes = slashes != NULL ? (int)(slashes + 3 - text) : 0;
    if (user == NULL) {
        snprintf(shown, sizeof shown, "%.*s%s", (int)(end - text), text, *end != '\0' ? "?..." : "");
    } else if (user > end || scheme_bytes > user - text) { /* what is whose is not clear */
        snprintf(shown, sizeof shown, "...");
    } else {
        snprintf(shown, sizeof shown, "%.*s...%.*s%s", scheme_bytes, text, (int)(end - user), user,
                 *end != '\0' ? "?..." : "");
    }
    return option_value_shown(shown);
}

static bool add_user(const struct url_tree *tree, struct config_node *mapping, struct slice user) {
    struct config_node *node = url_tree_decoded(tree, user);
    if (node != NULL && memchr(node->text.ptr, ':', node->text.len) != NULL)
        return problem_report(
            tree->scope, tree->at,
            "a password does not belong into the URL; write USER@, and give it by --opensearch "
            "password_env=NAME or password_file=FILE, in the config by password_env or password_file");
    return url_tree_add(tree, mapping, SLICE("user"), node);
}

static bool add_query(const struct url_tree *tree, struct config_node *mapping, struct slice query) {
    struct slice rest = query;
    while (rest.ptr != NULL) {
        struct slice pair = slice_cut(&rest, '&');
        if (!slice_equal(slice_cut(&pair, '='), SLICE("pipeline")))
            return problem_report(tree->scope, tree->at,
                                  "expected pipeline=NAME behind the ?; all else is said by --opensearch KEY=VALUE, in "
                                  "the config by keys of `output: {opensearch: {..}}`");
    }
    return url_tree_add_query(tree, mapping, query);
}

/* Takes off what is in front of the last `separator`, and it; ptr NULL: there is none. */
static struct slice cut_before_last(struct slice *text, char separator) {
    const char *last = memrchr(text->ptr, separator, text->len);
    if (last == NULL) return (struct slice){NULL, 0};
    struct slice before = {text->ptr, (size_t)(last - text->ptr)};
    *text = (struct slice){last + 1, text->len - before.len - 1};
    return before;
}

static bool add_server(const struct url_tree *tree, struct config_node *mapping, struct slice scheme,
                       struct slice server) {
    char *text = arena_take(tree->arena, scheme.len + server.len + 1);
    if (text == NULL) return problem_no_memory(tree->scope);
    memcpy(text, scheme.ptr, scheme.len);
    memcpy(text + scheme.len, server.ptr, server.len);
    return url_tree_add(tree, mapping, SLICE("url"), url_tree_node(tree, CONFIG_TEXT, slice_from(text)));
}

static bool add_name(const struct url_tree *tree, struct config_node *mapping, struct slice name) {
    struct config_node *node = url_tree_decoded(tree, name);
    bool dated = node != NULL && memchr(node->text.ptr, '{', node->text.len) != NULL;
    return url_tree_add(tree, mapping, dated ? SLICE("index") : SLICE("data_stream"), node);
}

const struct config_node *opensearch_url_tree(struct arena *arena, const struct problem_scope *scope,
                                              const struct config_node *at, const char *url) {
    const struct url_tree tree = {arena, scope, at};
    struct slice query = slice_from(url + strlen(OPENSEARCH_URL_PREFIX)), rest = slice_cut(&query, '?');
    const char *slashes = memmem(rest.ptr, rest.len, "://", 3);
    struct slice scheme = {rest.ptr, slashes != NULL ? (size_t)(slashes + 3 - rest.ptr) : 0};
    rest = (struct slice){rest.ptr + scheme.len, rest.len - scheme.len};
    struct slice user = cut_before_last(&rest, '@'), server = cut_before_last(&rest, '/');
    if (scheme.len == 0 || server.len == 0 || rest.len == 0) {
        (void)problem_report(scope, at, "expected opensearch+http[s]://[USER@]HOST[:PORT][/BASE]/NAME");
        return NULL;
    }
    struct config_node *mapping = url_tree_node(&tree, CONFIG_MAPPING, (struct slice){0});
    bool good = mapping != NULL && (user.ptr == NULL || add_user(&tree, mapping, user)) &&
                add_server(&tree, mapping, scheme, server) && add_name(&tree, mapping, rest) &&
                add_query(&tree, mapping, query);
    return good ? mapping : NULL;
}

static bool is_base(const char *base) {
    static const char bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~-";
    struct slice rest = slice_from(base);
    while (rest.ptr != NULL) {
        struct slice segment = slice_cut(&rest, '/');
        if (segment.len == 0 || slice_equal(segment, SLICE(".")) || slice_equal(segment, SLICE("..")) ||
            strspn(segment.ptr, bytes) < segment.len)
            return false;
    }
    return true;
}

enum status opensearch_url_server(struct arena *arena, const char *text, const char *http_port,
                                  struct opensearch_server *server) {
    struct slice all = slice_from(text), host, port;
    bool tls = slice_starts_with(all, schemes[true]);
    if (!tls && !slice_starts_with(all, schemes[false])) return STATUS_USAGE;
    struct slice base = {all.ptr + schemes[tls].len, all.len - schemes[tls].len};
    if (slice_ends_with(base, SLICE("/"))) base.len--;
    base = arena_copy(arena, base);
    if (base.ptr == NULL) return STATUS_FAILED;
    struct slice authority = slice_cut(&base, '/');
    if (!host_port_read(authority, &host, &port) || (base.ptr != NULL && !is_base(base.ptr))) return STATUS_USAGE;
    if (port.len == 0) port = slice_from(tls ? "443" : http_port);
    char *url = arena_take(arena, all.len + sizeof ":65535");
    if (url == NULL) return STATUS_FAILED;
    sprintf(url, "%s%.*s:%.*s%s%s", schemes[tls].ptr, (int)host.len, host.ptr, (int)port.len, port.ptr,
            base.ptr != NULL ? "/" : "", base.ptr != NULL ? base.ptr : "");
    for (char *at = url + schemes[tls].len, *end = at + host.len; at < end; at++)
        if (*at >= 'A' && *at <= 'Z') *at = (char)(*at - 'A' + 'a');
    *server = (struct opensearch_server){url, {url + schemes[tls].len, host.len}, tls};
    return STATUS_OK;
}
