/* What residency says of a record as JSON: the longest there can be, what is left out, and that nothing is mixed up.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>

#include "sinks/encoder.h"
#include "sinks/residency_memory.h"

static const struct origin origin = {.path = {"web.log", 7}, .name = {"web.log", 7}};
static struct encoder_context context;
static struct record record;
static char out[RECORD_FIXED_BYTES + OUT_PADDING_BYTES];
static char names[RESIDENCY_ZONES_MAX][RESIDENCY_NAME_BYTES_MAX + 1];

static struct encoder *new_encoder(const struct output_schema *schema, const char *fields) {
    struct encoder_request request = {.schema = schema, .fields = {&fields, fields != NULL}};
    struct encoder *encoder = NULL;
    struct error error;
    if (encoder_new(&request, &encoder, &error) != STATUS_OK) fail_msg("%s", error.message);
    return encoder;
}

/* A record without columns, with that said of it; the caller frees it. */
static json_t *written(const struct encoder *encoder, const struct residency *residency) {
    record.residency = residency;
    size_t bytes = encoder_write(encoder, &context, &record, out);
    json_error_t error;
    json_t *json = json_loadb(out, bytes, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL) fail_msg("%s: %.*s", error.text, (int)bytes, out);
    return json;
}

/* As long as it can be: names, regions, digests, all reasons, all lists. */
static struct residency_policy *longest_policy(void) {
    struct residency_policy *policy = calloc(1, sizeof *policy);
    assert_non_null(policy);
    policy->zones_count = policy->places_count = policy->rules_count = RESIDENCY_ZONES_MAX;
    for (int i = 0; i < (int)RESIDENCY_ZONES_MAX; i++) {
        memset(names[i], 'a' + i % 26, RESIDENCY_NAME_BYTES_MAX);
        policy->zones[i].name = policy->places[i] = policy->rules[i].name = names[i];
    }
    policy->lists_count = RESIDENCY_LISTS_MAX;
    for (uint32_t i = 0; i < RESIDENCY_LISTS_MAX; i++)
        snprintf(policy->lists[i].digest.text, sizeof policy->lists[i].digest.text, "sha256:%064u", i);
    snprintf(policy->digest.text, sizeof policy->digest.text, "sha256:%064u", 99);
    policy->geo_build = UINT64_MAX / 2;
    return policy;
}

static void writes_the_longest(void **state) {
    (void)state;
    struct residency_policy *policy = longest_policy();
    struct residency said = {.verdict = RESIDENCY_INDETERMINATE,
                             .zone = 1,
                             .place = 2,
                             .rule = 3,
                             .reasons = (1u << RESIDENCY_REASONS) - 1,
                             .id = 1,
                             .policy = policy};
    for (int i = 0; i < 2; i++) said.regions[i] = (struct slice){names[4 + i], RESIDENCY_NAME_BYTES_MAX};
    said.edge = (struct slice){names[6], RESIDENCY_NAME_BYTES_MAX};
    for (int s = 0; output_schemas[s] != NULL; s++) {
        struct encoder *encoder = new_encoder(output_schemas[s], NULL);
        memset(context.residencies, 0, sizeof *context.residencies);
        json_t *json = written(encoder, &said);
        json_t *residency = output_schemas[s]->flat ? json : json_object_get(json, "residency");
        static const char *const keys[][2] = {
            {"zone", "residency_zone"},     {"verdict", "residency_verdict"},
            {"rule", "residency_rule"},     {"jurisdiction", "residency_jurisdiction"},
            {"policy", "residency_policy"}, {"edge", "residency_edge"}};
        for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
            assert_true(json_is_string(json_object_get(residency, keys[i][output_schemas[s]->flat])));
        bool flat = output_schemas[s]->flat;
        assert_int_equal(json_array_size(json_object_get(residency, flat ? "residency_reason" : "reason")),
                         RESIDENCY_REASONS);
        assert_int_equal(json_array_size(json_object_get(residency, flat ? "residency_place" : "place")), 2);
        assert_int_equal(json_array_size(json_object_get(residency, flat ? "residency_lists" : "lists")),
                         RESIDENCY_LISTS_MAX);
        assert_true(json_integer_value(json_object_get(residency, flat ? "residency_geo_build" : "geo_build")) ==
                    (json_int_t)(UINT64_MAX / 2));
        assert_string_equal(json_string_value(json_object_get(residency, flat ? "residency_zone" : "zone")), names[1]);
        assert_string_equal(json_string_value(json_object_get(residency, flat ? "residency_rule" : "rule")), names[3]);
        assert_true(context.residencies->entries[1].json_bytes <= RESIDENCY_JSON_BYTES_MAX);
        json_decref(json);
        encoder_free(encoder);
    }
    free(policy);
}

/* More of them than are known at a time, again and again, each with its own. */
static void mixes_nothing_up(void **state) {
    (void)state;
    struct residency_policy *policy = longest_policy();
    struct encoder *encoder = new_encoder(&output_ecs, NULL);
    memset(context.residencies, 0, sizeof *context.residencies);
    for (int round = 0; round < 3; round++)
        for (uint32_t i = 0; i < 3 * RESIDENCIES_KNOWN; i++) {
            struct residency said = {.verdict = RESIDENCY_OK,
                                     .zone = (uint8_t)(i % RESIDENCY_ZONES_MAX),
                                     .place = (uint8_t)(i / RESIDENCY_ZONES_MAX),
                                     .rule = RESIDENCY_INDEX_NONE,
                                     .id = i + 1,
                                     .policy = policy};
            json_t *json = written(encoder, &said), *residency = json_object_get(json, "residency");
            assert_string_equal(json_string_value(json_object_get(residency, "zone")), names[said.zone]);
            assert_string_equal(json_string_value(json_object_get(residency, "jurisdiction")), names[said.place]);
            assert_string_equal(json_string_value(json_object_get(residency, "verdict")), "ok");
            assert_null(json_object_get(residency, "rule"));
            assert_null(json_object_get(residency, "reason"));
            assert_null(json_object_get(residency, "place"));
            json_decref(json);
        }
    encoder_free(encoder);
    free(policy);
}

/* --fields, and no policy. */
static void leaves_out(void **state) {
    (void)state;
    struct residency_policy *policy = longest_policy();
    const struct residency said = {.verdict = RESIDENCY_OK, .id = 1, .policy = policy},
                           nothing = {.verdict = RESIDENCY_NONE};
    static const struct {
        const char *fields;
        size_t members; /* 0: no residency */
    } cases[] = {{NULL, 7}, {"-residency", 0}, {"-residency.lists", 6}, {"+residency.verdict", 1}, {"+client", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct encoder *encoder = new_encoder(&output_ecs, cases[i].fields);
        memset(context.residencies, 0, sizeof *context.residencies);
        json_t *json = written(encoder, &said);
        assert_int_equal(json_object_size(json_object_get(json, "residency")), cases[i].members);
        json_decref(json);
        json = written(encoder, &nothing);
        assert_null(json_object_get(json, "residency"));
        json_decref(json);
        encoder_free(encoder);
    }
    free(policy);
}

static int set_up(void **state) {
    (void)state;
    static char text[TEXT_PADDING_BYTES];
    schemas_init();
    assert_true(encoder_context_init(&context));
    encoder_context_set(&context, &origin);
    record.schema = schema_find(SLICE("alb_access"));
    record.text = text;
    record.plain = true;
    record.fields_count = record.schema->fields_count;
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    encoder_context_destroy(&context);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_the_longest),
        cmocka_unit_test(mixes_nothing_up),
        cmocka_unit_test(leaves_out),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
