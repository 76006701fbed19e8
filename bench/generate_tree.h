/* A bucket of logs on disk, for demonstrations: keys as AWS names them, several accounts, regions and formats.
 *
 * Threads: one caller. */
#ifndef WHEREFROM_GENERATE_TREE_H
#define WHEREFROM_GENERATE_TREE_H

#include <stdint.h>

struct generate_tree {
    const char *directory; /* made if missing; files of the same names are written anew, others stay */
    uint64_t seed;
    uint32_t files;          /* log objects; the test object comes on top */
    uint32_t lines_per_file; /* at least 16 */
    int64_t start_us;        /* since 1970, the first window begins here */
};

/* Writes the tree. ALB and NLB objects are .log.gz (every third ALB one of several gzip members that end inside
 * lines), Classic ones plain .log, and there is one ELBAccessLogTestFile. About 1 % of the ALB lines have another
 * number of columns, as older and newer balancers write; four lines in all are broken, if there are six files.
 * Returns 0, or -1 after a message on stderr that names the path. */
int generate_tree_write(const struct generate_tree *tree);

#endif
