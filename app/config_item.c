/* One table of keys for inputs and one for outputs.
 *
 * Threads: see the header. */
#include "app/config_item.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "config/kafka_settings.h"
#include "config/nearest.h"
#include "config/opensearch_settings.h"
#include "config/option_value.h"
#include "ingest/listen_url.h"

#define KEYS_MAX 8u
#define LISTEN_URL_BYTES_MAX 128u

__attribute__((format(printf, 3, 4))) static enum status fail(struct config_item_fault *fault,
                                                              struct config_place place, const char *format, ...) {
    char text[ERROR_MESSAGE_BYTES_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fault->place = place;
    return error_set(&fault->reason, STATUS_USAGE, "%s", text);
}

/* The members of a mapping by their place in `known`; NULL: not given. */
static enum status read_members(const struct config_node *mapping, const char *const *known, size_t known_count,
                                const struct config_node **members, struct config_item_fault *fault) {
    ASSERT(known_count <= KEYS_MAX);
    for (const struct config_node *member = mapping->first; member != NULL; member = member->next) {
        size_t i = 0;
        while (i < known_count && !slice_equal(member->key, slice_from(known[i]))) i++;
        if (i < known_count) {
            members[i] = member;
            continue;
        }
        const char *near = nearest_word(member->key.ptr, known, known_count);
        return fail(fault, member->key_place, "unknown key %s%s%s%s", option_value_shown(member->key.ptr).text,
                    near != NULL ? ", did you mean \"" : "", near != NULL ? near : "", near != NULL ? "\"?" : "");
    }
    return STATUS_OK;
}

static enum status check_text(const struct config_node *node, const char *expected, struct config_item_fault *fault) {
    if (node == NULL || (node->kind == CONFIG_TEXT && node->text.len > 0)) return STATUS_OK;
    return fail(fault, node->place, "%s: expected %s, got %s", node->key.ptr, expected,
                node->kind == CONFIG_TEXT ? "an empty text" : config_node_kind_name(node));
}

static enum status copy_text(struct arena *arena, const char *text, const char **copy) {
    *copy = arena_copy(arena, slice_from(text)).ptr;
    return *copy != NULL ? STATUS_OK : STATUS_FAILED;
}

/* {listen: ADDRESS:PORT, proxy: WORD} as a URL. */
static enum status read_tcp(struct arena *arena, const struct config_node *node, const char **text,
                            struct config_item_fault *fault) {
    static const char *const known[] = {"listen", "proxy"};
    const struct config_node *members[2] = {NULL, NULL};
    if (node->kind != CONFIG_MAPPING)
        return fail(fault, node->place, "expected tcp: {listen: ADDRESS:PORT, proxy: off|v1|v2|auto}");
    enum status status = read_members(node, known, 2, members, fault);
    for (size_t i = 0; i < 2 && status == STATUS_OK; i++) status = check_text(members[i], "one value", fault);
    if (status != STATUS_OK) return status;
    if (members[0] == NULL) return fail(fault, node->place, "expected {listen: ADDRESS:PORT}");
    char url[LISTEN_URL_BYTES_MAX];
    int bytes = snprintf(url, sizeof url, "tcp://%s%s%s", members[0]->text.ptr, members[1] != NULL ? "?proxy=" : "",
                         members[1] != NULL ? members[1]->text.ptr : "");
    if (bytes >= (int)sizeof url) return fail(fault, node->place, "no such address");
    struct listen_url parsed;
    struct error reason;
    status = listen_url_parse(url, &parsed, &reason);
    for (char *at = reason.message; status != STATUS_OK && *at != '\0'; at++) /* a message is one line */
        if ((unsigned char)*at < 0x20) *at = '?';
    return status == STATUS_OK ? copy_text(arena, url, text) : fail(fault, node->place, "%s", reason.message);
}

static enum status name_kafka(struct arena *arena, const struct config_node *node, const char **text) {
    *text = kafka_settings_name(arena, node);
    return *text != NULL ? STATUS_OK : STATUS_FAILED;
}

enum status config_item_input(struct arena *arena, const struct config_node *mapping, const char **text,
                              struct config_item_fault *fault) {
    enum { PATH, TCP, KAFKA, KINDS, CHAIN = KINDS, FORMAT, FOLLOW, KNOWN };
    static const char *const known[KNOWN] = {"path", "tcp", "kafka", "chain", "format", "follow"};
    const struct config_node *members[KNOWN] = {NULL}, *kind = NULL;
    enum status status = read_members(mapping, known, KNOWN, members, fault);
    if (status == STATUS_OK) status = check_text(members[PATH], "one value", fault);
    if (status == STATUS_OK) status = check_text(members[CHAIN], "the name of a chain", fault);
    if (status == STATUS_OK) status = check_text(members[FORMAT], "the name of a format", fault);
    if (status == STATUS_OK) status = check_text(members[FOLLOW], "true or false", fault);
    if (status != STATUS_OK) return status;
    for (unsigned i = 0; i < KINDS; i++) {
        if (members[i] == NULL) continue;
        if (kind != NULL)
            return fail(fault, members[i]->key_place, "a %s and a %s are two items of the list", kind->key.ptr,
                        members[i]->key.ptr);
        kind = members[i];
    }
    if (kind == NULL)
        return fail(fault, mapping->place, "expected {path: TEXT}, {tcp: {listen: ADDRESS:PORT}} or {kafka: {..}}");
    const struct config_node *follow = members[FOLLOW];
    if (follow != NULL && strcmp(follow->text.ptr, "true") != 0 && strcmp(follow->text.ptr, "false") != 0)
        return fail(fault, follow->place, "follow: expected true or false, got %s",
                    option_value_shown(follow->text.ptr).text);
    if (follow != NULL && kind != members[PATH])
        return fail(fault, follow->key_place, "follow: only a path is followed; a %s has no end in any case",
                    kind->key.ptr);
    if (kind == members[PATH]) return copy_text(arena, kind->text.ptr, text);
    return kind == members[TCP] ? read_tcp(arena, kind, text, fault) : name_kafka(arena, kind, text);
}

enum status config_item_output(struct arena *arena, const struct config_node *mapping, const char **text,
                               struct config_item_fault *fault) {
    enum { PATH, KAFKA, OPENSEARCH, KINDS };
    static const char *const known[KINDS] = {"path", "kafka", "opensearch"};
    const struct config_node *members[KINDS] = {NULL};
    enum status status = read_members(mapping, known, KINDS, members, fault);
    if (status == STATUS_OK) status = check_text(members[PATH], "a file, or - for stdout", fault);
    if (status != STATUS_OK) return status;
    if (mapping->count != 1)
        return fail(
            fault, mapping->place,
            "expected {path: FILE}, {kafka: {brokers: [..], topic: NAME}} or {opensearch: {url: .., data_stream: "
            "NAME}}");
    if (members[PATH] != NULL && strstr(members[PATH]->text.ptr, "://") != NULL)
        return fail(fault, members[PATH]->place, "path: expected a file, or - for stdout");
    if (members[PATH] != NULL) return copy_text(arena, members[PATH]->text.ptr, text);
    if (members[KAFKA] != NULL) return name_kafka(arena, members[KAFKA], text);
    *text = opensearch_settings_name(arena, members[OPENSEARCH]);
    return *text != NULL ? STATUS_OK : STATUS_FAILED;
}
