/* A second reading of HOPS.md 4.3 and 4.3a on lists of addresses: all lines in one buffer, split as a whole, into an array. Written
 * from the rules and not from enrich/address_list.c.
 *
 * Threads: one; a list owns what it is made of. */
#ifndef WHEREFROM_LIST_MODEL_H
#define WHEREFROM_LIST_MODEL_H

#include <stdlib.h>

#include "tests/fuzz/token_model.h"

#define MODEL_WINDOW_BYTES 8192u
#define MODEL_EMPTIES_MAX 16u
#define MODEL_CLAIM_BYTES_MAX 64u

/* Loops over whole headers: what libFuzzer learns from them is not worth half of its time. */
#ifdef __clang__
#pragma clang attribute push(__attribute__((no_sanitize("coverage"))), apply_to = function)
#endif

struct model_list {
    char *joined;
    struct slice window;
    bool *hidden; /* of the window's bytes: inside of quotes */
    bool forwarded, truncated;
    struct slice *elements;
    size_t count; /* those that no hop has used */
};

/* RFC 9112 section 5.2: OWS CRLF RWS is one space. */
static inline size_t model_unfold(struct slice line, char *out) {
    size_t bytes = 0;
    for (size_t i = 0; i < line.len;) {
        size_t j = i;
        while (j < line.len && model_blank(line.ptr[j])) j++;
        if (j + 2 < line.len && line.ptr[j] == '\r' && line.ptr[j + 1] == '\n' && model_blank(line.ptr[j + 2])) {
            for (i = j + 2; i < line.len && model_blank(line.ptr[i]);) i++;
            out[bytes++] = ' ';
        } else {
            out[bytes++] = line.ptr[i++];
        }
    }
    return bytes;
}

static inline bool model_escaped(struct slice text, size_t at) {
    size_t backslashes = 0;
    while (backslashes < at && text.ptr[at - 1 - backslashes] == '\\') backslashes++;
    return backslashes % 2 == 1;
}

/* Going left, a quote pairs with the nearest unescaped one on its left. */
static inline void model_hide(struct model_list *list) {
    struct slice text = list->window;
    for (size_t right = text.len; right-- > 0;) {
        if (text.ptr[right] != '"') continue;
        size_t left = right;
        while (left > 0 && (text.ptr[left - 1] != '"' || model_escaped(text, left - 1))) left--;
        if (left == 0) continue;
        for (size_t i = --left; i <= right; i++) list->hidden[i] = true;
        right = left;
    }
}

/* The part of the text up to the first such byte that is not inside of quotes; takes it off, with the byte. */
static inline struct slice model_cut(const struct model_list *list, struct slice *text, char byte) {
    size_t at = 0;
    while (at < text->len && (text->ptr[at] != byte || list->hidden[text->ptr + at - list->window.ptr])) at++;
    struct slice part = model_part(*text, 0, at);
    *text = at == text->len ? (struct slice){NULL, 0} : model_part(*text, at + 1, text->len);
    return part;
}

static inline void model_list_make(struct model_list *list, const struct slice *lines, size_t lines_count,
                                   bool forwarded) {
    size_t room = lines_count + 1, bytes = 0;
    for (size_t i = 0; i < lines_count; i++) room += lines[i].len;
    *list = (struct model_list){.joined = malloc(room), .forwarded = forwarded};
    ASSERT(list->joined != NULL);
    for (size_t i = 0; i < lines_count; i++) {
        if (i > 0) list->joined[bytes++] = ',';
        bytes += model_unfold(lines[i], list->joined + bytes);
    }
    list->truncated = bytes > MODEL_WINDOW_BYTES;
    size_t outside = list->truncated ? bytes - MODEL_WINDOW_BYTES : 0;
    list->window = (struct slice){list->joined + outside, bytes - outside};
    list->hidden = calloc(list->window.len + 1, sizeof *list->hidden);
    size_t commas = 0;
    for (size_t i = 0; i < list->window.len; i++) commas += list->window.ptr[i] == ',';
    list->elements = calloc(commas + 1, sizeof *list->elements);
    ASSERT(list->hidden != NULL && list->elements != NULL);
    if (forwarded) model_hide(list);
    for (struct slice left = list->window; left.ptr != NULL && lines_count > 0;)
        list->elements[list->count++] = model_cut(list, &left, ',');
    if (outside > 0 && list->joined[outside - 1] != ',') { /* its first element began outside */
        list->count--;
        memmove(list->elements, list->elements + 1, list->count * sizeof *list->elements);
    }
}

static inline void model_list_free(struct model_list *list) {
    free(list->joined);
    free(list->hidden);
    free(list->elements);
}

/* What an element says; `shown` is the part of it that people see as a claim. */
static inline struct model_token model_element(const struct model_list *list, struct slice element,
                                               struct slice *shown) {
    element = *shown = model_trim(element);
    if (!list->forwarded || element.len == 0) return model_token(element, TOKEN_XFF);
    size_t found = 0;
    struct slice value = {NULL, 0};
    for (struct slice left = element; left.ptr != NULL;) {
        struct slice part = model_trim(model_cut(list, &left, ';'));
        if (part.len < 4 || strncasecmp(part.ptr, "for=", 4) != 0) continue;
        found++;
        value = model_trim(model_part(part, 4, part.len));
    }
    if (found == 0) return (struct model_token){.kind = TOKEN_UNKNOWN};
    if (found > 1) return (struct model_token){.kind = TOKEN_BAD};
    if (value.len == 0) return (struct model_token){.kind = TOKEN_OBFUSCATED};
    *shown = value;
    return model_token(value, TOKEN_XFF);
}

/* The next one from the right; TOKEN_EMPTY: there is none. */
static inline struct model_token model_pop(struct model_list *list) {
    struct slice shown;
    for (size_t empties = 0; list->count > 0;) {
        struct model_token token = model_element(list, list->elements[--list->count], &shown);
        if (token.kind != TOKEN_EMPTY) return token;
        if (++empties > MODEL_EMPTIES_MAX) return (struct model_token){.kind = TOKEN_BAD};
    }
    return (struct model_token){.kind = list->truncated ? TOKEN_BAD : TOKEN_EMPTY};
}

/* The leftmost one that is not empty; TOKEN_EMPTY: nothing is left. */
static inline struct model_token model_claim(const struct model_list *list, struct slice *shown) {
    struct model_token token = {.kind = TOKEN_EMPTY};
    *shown = (struct slice){NULL, 0};
    for (size_t i = 0; i < list->count && token.kind == TOKEN_EMPTY; i++)
        token = model_element(list, list->elements[i], shown);
    return token;
}

#ifdef __clang__
#pragma clang attribute pop
#endif

#endif
