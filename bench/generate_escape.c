/* One byte at a time: a corpus is made once and measured often.
 *
 * Threads: pure functions. */
#include "bench/generate_escape.h"

static const char hex_upper[] = "0123456789ABCDEF";

static uint32_t hex_value(char digit) {
    return (uint32_t)(strchr(hex_upper, digit) - hex_upper);
}

size_t generate_escape_undo(char *text, size_t bytes) {
    size_t from = 0, to = 0;
    while (from < bytes) {
        if (bytes - from < 4 || text[from] != '\\') {
            text[to++] = text[from++];
            continue;
        }
        from += bytes - from >= 10 && memcmp(text + from, "\\x000000", 8) == 0 ? 8 : 2;
        text[to++] = (char)(hex_value(text[from]) * 16 + hex_value(text[from + 1]));
        from += 2;
    }
    text[to] = '\0';
    return to;
}

/* A mark and two digits. */
static void put_byte(struct put *out, const char *mark, char byte) {
    put_text(out, mark);
    put_char(out, hex_upper[(unsigned char)byte >> 4]);
    put_char(out, hex_upper[byte & 15]);
}

static bool printable(char byte) {
    return byte >= ' ' && byte <= '~';
}

void generate_put_json(struct put *out, const char *text) {
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\') {
            put_char(out, '\\');
            put_char(out, *text);
        } else if (byte < ' ') {
            put_byte(out, "\\u00", *text);
        } else if (byte >= 0xfe) {
            put_text(out, "\\ufffd");
        } else {
            put_char(out, *text);
        }
    }
}

void generate_put_percent(struct put *out, const char *text) {
    for (; *text != '\0'; text++) {
        if (printable(*text) && strchr(" \"#<>[\\]^`{|}~", *text) == NULL)
            put_char(out, *text);
        else
            put_byte(out, "%", *text);
    }
}

void generate_put_nginx(struct put *out, const char *text) {
    for (; *text != '\0'; text++) {
        if (printable(*text) && *text != '"' && *text != '\\')
            put_char(out, *text);
        else
            put_byte(out, "\\x", *text);
    }
}

void generate_put_haproxy(struct put *out, const char *text, bool capture) {
    const char *special = capture ? "\"#{|}" : "\"#";
    for (; *text != '\0'; text++) {
        if (printable(*text) && strchr(special, *text) == NULL)
            put_char(out, *text);
        else
            put_byte(out, "#", *text);
    }
}

void generate_put_envoy(struct put *out, const char *text) {
    for (; *text != '\0'; text++) put_char(out, *text == '"' ? '\'' : *text);
}

/* yyyy-mm-ddThh:mm:ss and a NUL. */
static const char *write_time(char room[20], int64_t time_us) {
    struct put put = {room, room + 19};
    put_time(&put, time_us);
    *put.next = '\0';
    return room;
}

static void put_month(struct put *out, const char *time) {
    int month = (time[5] - '0') * 10 + time[6] - '0';
    put_bytes(out, "JanFebMarAprMayJunJulAugSepOctNovDec" + 3 * (month - 1), 3);
}

void generate_put_time_local(struct put *out, int64_t time_us) {
    char room[20];
    const char *time = write_time(room, time_us);
    put_bytes(out, time + 8, 2);
    put_char(out, '/');
    put_month(out, time);
    put_char(out, '/');
    put_bytes(out, time, 4);
    put_char(out, ':');
    put_bytes(out, time + 11, 8);
}

void generate_put_time_syslog(struct put *out, int64_t time_us) {
    char room[20];
    const char *time = write_time(room, time_us);
    put_month(out, time);
    put_char(out, ' ');
    put_char(out, time[8] == '0' ? ' ' : time[8]);
    put_char(out, time[9]);
    put_char(out, ' ');
    put_bytes(out, time + 11, 8);
}

void generate_put_time_ms(struct put *out, int64_t time_us) {
    put_time(out, time_us);
    put_char(out, '.');
    put_digits(out, (uint64_t)(time_us / 1000 % 1000), 3);
    put_char(out, 'Z');
}
