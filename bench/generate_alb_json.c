/* Vended ALB access logs: the columns of a line under the names that AWS gives them there. Made from the line itself, so that both
 * corpora say the same. Numbers are numbers; a null is the text "-", as in the line.
 *
 * Threads: one struct, one thread. */
#include "bench/generate_escape.h"
#include "bench/generate_format.h"

static const struct {
    const char *name;
    bool number;
} columns[] = {
    {"type", false},
    {"time", false},
    {"elb", false},
    {"client_port", false},
    {"target_port", false},
    {"request_processing_time", true},
    {"target_processing_time", true},
    {"response_processing_time", true},
    {"elb_status_code", true},
    {"target_status_code", true},
    {"received_bytes", true},
    {"sent_bytes", true},
    {"request_line", false},
    {"user_agent", false},
    {"ssl_cipher", false},
    {"ssl_protocol", false},
    {"target_group_arn", false},
    {"trace_id", false},
    {"domain_name", false},
    {"chosen_cert_arn", false},
    {"matched_rule_priority", true},
    {"request_creation_time", false},
    {"actions_executed", false},
    {"redirect_url", false},
    {"error_reason", false},
    {"target_port_list", false},
    {"target_status_code_list", false},
    {"classification", false},
    {"classification_reason", false},
    {"conn_trace_id", false},
    {"transformed_host", false},
    {"transformed_uri", false},
    {"request_transform_status", false},
    {"ip_address", false},
};

void generate_alb_json_put(struct generate_line *line, struct put *out) {
    char text[PUT_LINE_BYTES_MAX];
    struct put text_put = {text, text + sizeof text};
    generate_alb_put(line, &text_put);
    text_put.next[-1] = '\0';
    char *next = text;
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        bool quoted = *next == '"';
        char *value = next + quoted;
        next = value + strcspn(value, quoted ? "\"" : " ");
        if (*next != '\0') *next++ = '\0';
        if (quoted && *next == ' ') next++;
        bool bare = columns[i].number && strcmp(value, "-") != 0;
        put_text(out, i == 0 ? "{\"" : ",\"");
        put_text(out, columns[i].name);
        put_text(out, bare ? "\":" : "\":\"");
        generate_put_json(out, value);
        if (!bare) put_char(out, '"');
    }
    put_text(out, "}\n");
}
