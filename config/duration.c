/* A number and at most one letter.
 *
 * Threads: pure functions. */
#include "config/duration.h"

#include "base/number.h"

static const struct {
    char letter;
    uint32_t seconds;
} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};

bool duration_parse(struct slice text, uint32_t *seconds) {
    uint64_t value, factor = 1;
    for (size_t i = 0; text.len > 0 && i < sizeof units / sizeof units[0]; i++) {
        if (text.ptr[text.len - 1] != units[i].letter) continue;
        factor = units[i].seconds;
        text.len--;
        break;
    }
    bool octal = text.len > 1 && text.ptr[0] == '0'; /* 010 is eight in YAML 1.1: not guessed */
    if (octal || !number_parse(text, &value) || value > UINT32_MAX / factor) return false;
    *seconds = (uint32_t)(value * factor);
    return true;
}
