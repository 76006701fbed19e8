/* Documents of evidence: their text, their names, and the longest there can be.
 *
 * Threads: one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "sinks/evidence_document.h"

#define HOUR_NS 3600000000000

static void test_document(void **state) {
    static const struct evidence_basis basis = {"sha256:aa", {"sha256:bb", "sha256:cc"}, 2, 1761000000, 1761000000};
    struct evidence_row row = {.time_ns = 1761000000ll * 1000000000 / HOUR_NS * HOUR_NS,
                               .interval_s = 3600,
                               .basis = &basis,
                               .zone = "eea",
                               .place = "us",
                               .verdict = RESIDENCY_VIOLATION,
                               .lb = SLICE("app/\"web\"\\/1"),
                               .requests = 812,
                               .bytes = 99,
                               .first_ns = 1761000000000000001,
                               .last_ns = 1761000001500000000,
                               .has_clients = true,
                               .clients = 77,
                               .inputs = {3, "00112233445566778899aabbccddeeff", false, 4, 5}};
    const struct rollup_part_name part = {"topic/3", SLICE("cluster/topic/3"), 9};
    struct timestamp_cache days = {0};
    char id[HASH_ID_DIGITS], other[HASH_ID_DIGITS], out[ROLLUP_DOCUMENT_BYTES_MAX];
    (void)state;
    row.reasons[RESIDENCY_LOW_TRUST] = 2;
    row.reasons[RESIDENCY_STALE_DB] = 812;
    memcpy(id, "0123456789abcdef0123456789abcdef", sizeof id);
    size_t bytes = evidence_document_write(&row, NULL, id, &days, out);
    out[bytes] = '\0';
    assert_string_equal(
        out,
        "{\"@timestamp\":\"2025-10-20T22:00:00.000000Z\",\"kind\":\"residency\",\"event\":{\"id\":"
        "\"0123456789abcdef0123456789abcdef\"},\"interval_s\":3600,\"zone\":\"eea\",\"place\":\"us\",\"verdict\":"
        "\"violation\",\"lb\":\"app/\\\"web\\\"\\\\/1\",\"requests\":812,\"bytes\":99,\"clients\":{\"estimate\":77,"
        "\"error\":0.016},\"reasons\":{\"low-trust\":2,\"stale-db\":812},\"first\":\"2025-10-20T22:40:00."
        "000000001Z\",\"last\":\"2025-10-20T22:40:01.500000Z\",\"policy\":\"sha256:aa\",\"lists\":[\"sha256:bb\","
        "\"sha256:cc\"],\"geo_build\":1761000000,\"inputs\":{\"count\":3,\"digest\":"
        "\"xxh128:00112233445566778899aabbccddeeff\"}}\n");
    evidence_document_id(&row, NULL, id);
    row.requests++, row.last_ns++, row.inputs.count = 0; /* how much is no part of its name */
    evidence_document_id(&row, NULL, other);
    assert_memory_equal(id, other, sizeof id);
    evidence_document_id(&row, &part, other);
    assert_memory_not_equal(id, other, sizeof id);
    bytes = evidence_document_write(&row, &part, other, &days, out);
    out[bytes] = '\0';
    assert_non_null(strstr(out, ",\"part\":\"topic/3\",\"revision\":9}\n"));
}

/* The longest one there can be, and one of which nothing is known. */
static void test_document_bounds(void **state) {
    char name[RESIDENCY_NAME_BYTES_MAX + 1], lb[256], digest[72], out[ROLLUP_DOCUMENT_BYTES_MAX], id[HASH_ID_DIGITS];
    struct timestamp_cache days = {0};
    struct evidence_basis basis = {digest, {NULL}, RESIDENCY_LISTS_MAX, 1, INT64_MAX};
    (void)state;
    memset(digest, 'd', sizeof digest - 1);
    digest[sizeof digest - 1] = '\0';
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    memset(lb, 1, sizeof lb);
    for (uint32_t i = 0; i < RESIDENCY_LISTS_MAX; i++) basis.lists[i] = digest;
    struct evidence_row row = {.time_ns = INT64_MAX,
                               .interval_s = UINT32_MAX,
                               .basis = &basis,
                               .zone = name,
                               .place = name,
                               .verdict = RESIDENCY_INDETERMINATE,
                               .folded = true,
                               .approximate = true,
                               .lb = {lb, sizeof lb},
                               .requests = INT64_MAX,
                               .bytes = INT64_MAX,
                               .first_ns = INT64_MAX,
                               .last_ns = INT64_MAX,
                               .has_clients = true,
                               .clients = INT64_MAX,
                               .inputs = {.count = UINT32_MAX, .has_offsets = true, .offset_last = INT64_MAX}};
    memset(row.inputs.digest, 'a', sizeof row.inputs.digest);
    for (uint32_t i = 0; i < RESIDENCY_REASONS; i++) row.reasons[i] = INT64_MAX;
    for (int i = 0; i < 2; i++) {
        evidence_document_id(&row, NULL, id);
        size_t bytes = evidence_document_write(&row, NULL, id, &days, out);
        json_t *document = json_loadb(out, bytes, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(document);
        json_decref(document);
        row = (struct evidence_row){.basis = &basis, .verdict = RESIDENCY_OK};
        basis = (struct evidence_basis){.policy = ""};
    }
}

/* Every member of a document has its type in the template. */
static void test_fields(void **state) {
    (void)state;
    for (uint32_t i = 0; i < RESIDENCY_REASONS; i++) {
        char path[64];
        bool known = false;
        snprintf(path, sizeof path, "reasons.%s", residency_reason_names[i]);
        for (size_t j = 0; j < rollup_fields_count; j++) known = known || strcmp(rollup_fields[j].path, path) == 0;
        assert_true(known);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_document),
        cmocka_unit_test(test_document_bounds),
        cmocka_unit_test(test_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
