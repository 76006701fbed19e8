/* One whole line of every format, columns apart, as tests need them. Made up; addresses as in INTERFACE.md.
 *
 * Threads: constants. */
#ifndef WHEREFROM_SAMPLE_LINES_H
#define WHEREFROM_SAMPLE_LINES_H

#include <stddef.h>

#include "schemas/schema.h"

#define SAMPLE_COLUMNS_MAX 40

struct sample_line {
    const struct schema *schema;
    const char *columns[SAMPLE_COLUMNS_MAX]; /* as logged, quotes included; ends with NULL */
};

extern const struct schema schema_alb_access, schema_nlb_access, schema_clb_access, schema_alb_connection,
    schema_alb_health_check;

/* clang-format off */
static const struct sample_line sample_lines[] = {
    {&schema_alb_access,
     {"https", "2025-12-01T00:00:01.500000Z", "app/web/50dc6c495c0c9188", "81.2.69.142:42173", "10.0.0.80:8080", "0.001", "0.048",
      "0.000", "200", "201", "814", "57", "\"GET https://www.example.com:443/a/b?x=1&y= z HTTP/1.1\"", "\"curl/7.78.0 (x)\"",
      "ECDHE-RSA-AES128-GCM-SHA256", "TLSv1.2",
      "arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/t/73e2d6bc24d8a067", "\"Root=1-5-6\"",
      "\" www.example.com\"", "\"session-reused\"", "-1", "2025-12-01T00:00:01.451000Z", "\"waf,forward\"",
      "\"https://example.com/a b\"", "\"LambdaUnhandled\"", "\"10.0.0.80:8080 10.0.0.81:8080\"", "\"500 201\"", "\"Ambiguous\"",
      "\"EmptyHeader\"", "TID_0123456789abcdef0123456789abcdef", "\"new.example.com\"", "\"/new\"", "\"TransformSuccess\"",
      "192.0.2.7", NULL}},
    {&schema_clb_access,
     {"2025-12-01T00:00:01.500000Z", "my-loadbalancer", "81.2.69.142:2817", "10.0.0.1:80", "0.000073", "0.001048", "0.000057",
      "404", "405", "10", "29", "\"GET http://www.example.com:80/ HTTP/1.1\"", "\"curl/7.38.0 y\"", "DHE-RSA-AES128-SHA",
      "TLSv1.2", NULL}},
    {&schema_nlb_access,
     {"tls", "2.0", "2025-12-01T00:00:01", "net/my-network-loadbalancer/c6e77e28c25b2234", "g3d4b5e8bb8464cd",
      "2001:218::1:51341", "172.100.100.185:443", "5", "2", "98", "246", "40",
      "arn:aws:acm:us-east-2:671290407336:certificate/2a108f19-aded-46b0-8493-c63eb1ef4a99", "serial",
      "ECDHE-RSA-AES128-SHA", "tlsv12", "x25519", "www.example.com", "h2", "http/1.1", "\"h2\",\"http/1.1\",\"ht",
      "2025-12-01T00:00:00", NULL}},
    {&schema_alb_connection,
     {"2025-12-01T00:00:01.500000Z", "81.2.69.142", "42173", "443", "TLSv1.3", "TLS_AES_128_GCM_SHA256", "0.004", "\"CN=a b,O=c\"",
      "NotBefore=2023-09-21T22:43:21Z;NotAfter=2026-06-17T22:43:21Z", "FEF257372D5C14D4", "Failed:ClientCertUntrusted",
      "TID_0123456789abcdef0123456789abcdef", "x25519", "app/web/50dc6c495c0c9188", "192.0.2.7", NULL}},
    {&schema_alb_health_check,
     {"http", "2025-12-01T00:00:01.500000Z", "0.019584011", "10.0.0.80:8080", "web", "FAIL", "502", "TargetError",
      "app/web/50dc6c495c0c9188", "192.0.2.7", NULL}},
};
/* clang-format on */

#define SAMPLE_LINES_COUNT (sizeof sample_lines / sizeof sample_lines[0])

/* Writes the first `count` columns, with `instead` for column `replaced` (-1: none); returns the length. */
static inline size_t sample_line_write(const struct sample_line *sample, size_t count, int replaced,
                                       struct slice instead, char *out) {
    size_t bytes = 0;
    for (size_t i = 0; i < count && sample->columns[i] != NULL; i++) {
        struct slice column = (int)i == replaced ? instead : slice_from(sample->columns[i]);
        if (i > 0) out[bytes++] = ' ';
        if (column.len > 0) memcpy(out + bytes, column.ptr, column.len);
        bytes += column.len;
    }
    return bytes;
}

/* A column without the quotes around it. */
static inline struct slice sample_line_bare(const struct sample_line *sample, size_t column) {
    struct slice text = slice_from(sample->columns[column]);
    bool quoted = sample->schema->layout == LAYOUT_SPACE_QUOTED && text.ptr[0] == '"';
    return quoted ? (struct slice){text.ptr + 1, text.len - 2} : text;
}

#endif
