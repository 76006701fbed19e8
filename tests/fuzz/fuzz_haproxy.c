/* Fuzz target: any bytes as a line of HAProxy.
 *
 * Input: one byte (bit 0: hardly any room for extras), then the line; bytes 1 to 14 stand for whole pieces of lines. Oracle: regular
 * expressions. What stands before a client is a syslog prefix, and behind it a date; a line of httplog without cookies that
 * an expression of its own takes is taken with the same client and request; where cookies were captured, an exhaustive search for
 * blocks finds exactly one, or there is no request; decoded texts are what the model decodes.
 *
 * Threads: one. */
#include <regex.h>

#include "ingest/haproxy_line.h"
#include "schemas/haproxy.h"
#include "tests/fuzz/cut_input.h"

#define LINE_BYTES 700u
#define ISO "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[0-9.:+Z-]*"
#define MONTH "[A-Za-z]{3} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9.:+Z-]*)?"
#define TIME "(" ISO "|" MONTH ")"
#define TAG "[^ ]+: "
#define DATE "\\[[0-9]{2}/[A-Za-z]{3}/[0-9]{4}:[0-9]{2}:[0-9]{2}:[0-9]{2}[^]]*]"
#define NUMBER "[-+]?[0-9]+"
#define COUNTERS " [A-Za-z-]{2,4} (" NUMBER "/){4}" NUMBER " " NUMBER "/" NUMBER
#define CAPTURE " \\{[^{}\"]*"

extern const struct schema schema_haproxy;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const fragments[] = {
    "81.2.69.142:33317 [01/Mar/2026:10:00:00.123] ",
    "web~ static/srv1 10/0/30/69/109 200 2750 ",
    "web static/srv1 0/1/5007 212 ",
    "- - ",
    "S=a - ",
    "---- 1/2/3/4/0 5/6",
    " {a|b}",
    " \"GET / HTTP/1.1\"",
    " 0/0/0/0/0 example.com/TLSv1.3/TLS_AES_128_GCM_SHA256",
    "Mar  1 10:00:00 lb1 ",
    "haproxy[1]: ",
    "<134>1 2026-03-01T10:00:00+01:00 lb1 haproxy 1 - - ",
    "web/in: SSL handshake failure",
    "#22#7C#23",
};

static regex_t prefix, after_client, plain_line, block;

static void compile(regex_t *regex, const char *pattern) {
    ASSERT(regcomp(regex, pattern, REG_EXTENDED) == 0);
}

static void compile_all(void) {
    compile(&prefix, "^(<[0-9]{1,3}>)?(" TAG "|" TIME " (([^ ]+ )?" TAG ")?)?$|"
                     "^<[0-9]{1,3}>1 (" TIME "|-) [^ ]+ [^ ]+ [^ ]+ [^ ]+ (-|\\[.*]) (\xef\xbb\xbf)?$");
    compile(&after_client, "^:[0-9]+ " DATE " ");
    compile(&plain_line,
            "^([0-9.]+):[0-9]+ \\[[0-9]{2}/[A-Za-z]{3}/[0-9]{4}:[0-9]{2}:[0-9]{2}:[0-9]{2}] [^ /:]+ "
            "[^ /:]+/[^ ]+ (" NUMBER "/){4}" NUMBER " [0-9]+ [0-9]+ - -" COUNTERS "(" CAPTURE "}){0,2} \"([^\"]*)\"$");
    compile(&block, "^" COUNTERS "((" CAPTURE "}){0,2}( \"| ?$)|(" CAPTURE "})?" CAPTURE "$)");
}

static struct slice column(const struct cut_answer *answer, enum haproxy_column which) {
    return record_text(&answer->record, answer->record.fields[which]);
}

static void check_client(const struct cut_answer *answer, const char *line) {
    struct slice client = column(answer, HAPROXY_CLIENT_IP);
    if (client.len == 0) return;
    static char before[LINE_BYTES + 1];
    size_t bytes = (size_t)(client.ptr - answer->line.ptr);
    memcpy(before, line, bytes);
    before[bytes] = '\0';
    ASSERT(regexec(&prefix, before, 0, NULL, 0) == 0);
    ASSERT(regexec(&after_client, line + bytes + client.len, 0, NULL, 0) == 0);
    ASSERT(memchr(client.ptr, ' ', client.len) == NULL);
}

static uint32_t count_blocks(const char *rest) {
    uint32_t count = 0;
    for (; *rest != '\0'; rest++) count += *rest == ' ' && regexec(&block, rest, 0, NULL, 0) == 0;
    return count;
}

/* Where cookies may hold anything. */
static void check_blocks(const struct cut_answer *answer, const char *line) {
    struct slice bytes = column(answer, HAPROXY_BYTES_READ);
    if (bytes.len == 0 || column(answer, HAPROXY_TIME_TA).len == 0) return;
    const char *rest = line + (bytes.ptr + bytes.len - answer->line.ptr) + 1;
    bool dashes = strncmp(rest, "- - ", 4) == 0, ambiguous = (answer->record.flags >> RECORD_AMBIGUOUS & 1) != 0;
    bool has_block = column(answer, HAPROXY_TERMINATION_STATE).len > 0;
    uint32_t count = count_blocks(rest);
    ASSERT(has_block || ambiguous);
    if (has_block) ASSERT(count >= 1);
    if (count > 1 && !dashes) ASSERT(ambiguous && !has_block);
    if (ambiguous && has_block) ASSERT(column(answer, HAPROXY_REQUEST_COOKIE).len == 0);
    if (!has_block)
        for (int i = HAPROXY_REQUEST_COOKIE; i < HAPROXY_COLUMNS; i++)
            ASSERT(column(answer, (enum haproxy_column)i).len == 0);
}

/* `text` as the manual's section 8.6 says, into `out`. */
static size_t decode(const char *text, size_t bytes, char *out) {
    size_t length = 0;
    for (size_t i = 0; i < bytes;) {
        static const char digits[] = "0123456789ABCDEF";
        const char *high = i + 2 < bytes && text[i] == '#' ? strchr(digits, text[i + 1]) : NULL;
        const char *low = high != NULL ? strchr(digits, text[i + 2]) : NULL;
        out[length++] = low != NULL ? (char)((high - digits) * 16 + (low - digits)) : text[i];
        i += low != NULL ? 3 : 1;
    }
    return length;
}

static void check_plain_line(const struct cut_answer *answer, const char *line, bool roomy) {
    regmatch_t found[6];
    static char decoded[LINE_BYTES];
    if (regexec(&plain_line, line, 6, found, 0) != 0) return;
    ASSERT(answer->good && answer->cut.quotes == 2);
    struct slice client = column(answer, HAPROXY_CLIENT_IP), request = column(answer, HAPROXY_HTTP_REQUEST);
    ASSERT(client.ptr == answer->line.ptr + found[1].rm_so && client.len == (size_t)(found[1].rm_eo - found[1].rm_so));
    const char *from = line + found[5].rm_so;
    size_t bytes = (size_t)(found[5].rm_eo - found[5].rm_so);
    if (!roomy || (bytes == 8 && memcmp(from, "<BADREQ>", 8) == 0)) return;
    size_t length = decode(from, bytes, decoded);
    ASSERT(request.len == length && memcmp(request.ptr, decoded, length) == 0);
    ASSERT((answer->record.flags) == 0);
    if (length != bytes) ASSERT(!answer->record.plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bool ready;
    if (!ready) compile_all();
    ready = true;
    if (size < 1) return 0;
    static struct cut_answer answer;
    bool roomy = (data[0] & 1) == 0;
    char *line = cut_expand(data + 1, size - 1, fragments, sizeof fragments / sizeof fragments[0], LINE_BYTES);
    cut_answer(&answer, &schema_haproxy, line, roomy ? 3 * LINE_BYTES : 40, haproxy_line_cut);
    check_plain_line(&answer, line, roomy);
    if (answer.good) {
        check_client(&answer, line);
        check_blocks(&answer, line);
    }
    cut_answer_free(&answer);
    free(line);
    return 0;
}
