/* The template is put in as it is by the assembler; CMakeLists.txt says where it looks.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "app/report_page.h"

#include "base/check.h"

__asm__(".section .rodata\n"
        ".global wherefrom_page_begin, wherefrom_page_end\n"
        "wherefrom_page_begin:\n"
        ".incbin \"page/report.html\"\n"
        "wherefrom_page_end:\n"
        ".byte 0\n"
        ".previous\n");

extern const char wherefrom_page_begin[], wherefrom_page_end[];

static struct slice template(void) {
    return (struct slice){wherefrom_page_begin, (size_t)(wherefrom_page_end - wherefrom_page_begin)};
}

/* What stands between two marks of the template; both are there, for it is checked in. */
static struct slice between(const char *before, const char *behind) {
    struct slice whole = template();
    const char *begin = memmem(whole.ptr, whole.len, before, strlen(before));
    ASSERT(begin != NULL);
    begin += strlen(before);
    const char *end = memmem(begin, (size_t)(wherefrom_page_end - begin), behind, strlen(behind));
    ASSERT(end != NULL);
    return (struct slice){begin, (size_t)(end - begin)};
}

void report_page_write(struct report *report, const struct report_facts *facts, FILE *out) {
    const struct slice data = between("<script type=\"application/json\" id=\"data\">", "</script>");
    const char *end = data.ptr + data.len;
    fwrite(wherefrom_page_begin, 1, (size_t)(data.ptr - wherefrom_page_begin), out);
    report_data_write(report, facts, out);
    fwrite(end, 1, (size_t)(wherefrom_page_end - end), out);
}

struct slice report_page_policy(void) {
    return between("http-equiv=\"Content-Security-Policy\" content=\"", "\"");
}
