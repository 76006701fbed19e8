/* Tables of what two kinds of clients send: programs, and browsers of two families.
 *
 * Threads: one struct, one thread. */
#include "bench/generate_headers.h"

struct header {
    const char *name, *value;
};

static const struct header browser[] = {
    {"accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"},
    {"accept-encoding", "gzip, deflate, br, zstd"},
    {"sec-fetch-site", "same-origin"},
    {"sec-fetch-mode", "navigate"},
    {"sec-fetch-dest", "document"},
};

static const struct header chromium[] = {
    {"sec-ch-ua", "\"Chromium\";v=\"141\", \"Google Chrome\";v=\"141\", \"Not?A_Brand\";v=\"24\""},
    {"sec-ch-ua-mobile", "?0"},
    {"sec-ch-ua-platform", "\"Windows\""},
};

static const struct header program[] = {
    {"accept", "*/*"},
    {"accept-encoding", "gzip"},
    {"connection", "keep-alive"},
    {"content-type", "application/json"},
    {"x-client-version", "6.2.1"},
    {"authorization", "REDACTED"},
};

static const char *const languages[] = {"en-US,en;q=0.9", "de-DE,de;q=0.9,en;q=0.7", "zh-CN,zh;q=0.9",
                                        "ja,en-US;q=0.8", "pt-BR,pt;q=0.9,en;q=0.5", "fr-FR,fr;q=0.9"};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void put_all(const struct header *table, size_t count, struct put *out, generate_header_put *put) {
    for (size_t i = 0; i < count; i++) put(out, table[i].name, table[i].value, false);
}

void generate_headers(struct generate_line *line, const struct generate_request *request, struct put *out,
                      generate_header_put *put) {
    uint64_t identity = request->visit.identity;
    put(out, "host", request->domain, true);
    if (request->agent[0] != '\0') put(out, "user-agent", request->agent, false);
    if (strncmp(request->agent, "Mozilla", 7) != 0) {
        put_all(program, COUNT(program), out, put);
        return;
    }
    put_all(browser, COUNT(browser), out, put);
    put(out, "accept-language", languages[(identity >> 20) % COUNT(languages)], false);
    if (strstr(request->agent, "Chrome") != NULL) put_all(chromium, COUNT(chromium), out, put);
    if (request->referer[0] != '\0') put(out, "referer", request->referer, false);
    if (request->status == 304) put(out, "if-none-match", "W/\"5f3c-9a1be07\"", false);
    if (dice_percent(&line->dice, 30)) put(out, "cookie", "consent=1; locale=en-GB; theme=dark", false);
}
