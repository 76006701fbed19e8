/* What is wrong with the settings alone is said in config/opensearch_settings.c.
 *
 * Threads: see the header. */
#include "app/opensearch_choice.h"

#include <stdio.h>

#include "sinks/cluster.h"

void opensearch_choice_print(const struct opensearch_settings *opensearch, const char *what, bool rollups) {
    const struct opensearch_output *output = &opensearch->output;
    if (!opensearch->has_output) return;
    printf("%s %s: %s %s%s", what, output->url, output->dated || rollups ? "index" : "data stream", output->name,
           output->dated ? "-{yyyy.MM.dd}" : "");
    if (output->pipeline != NULL) printf(", pipeline %s", output->pipeline);
    if (output->user != NULL) printf(", user %s", output->user);
    if (output->aws_region != NULL) printf(", signed for %s/%s", output->aws_region, output->aws_service);
    printf("%s%s\n", output->gzip ? ", gzip" : "", output->without_ids ? ", without ids: at least once" : "");
}

size_t opensearch_choice_probe(const struct opensearch_settings *opensearch, const struct mapping_wanted *wanted) {
    const struct opensearch_output *output = &opensearch->output;
    struct cluster cluster = {NULL, NULL};
    struct error error;
    enum mapping_verdict verdict = MAPPING_NOT_LET_IN;
    if (!opensearch->has_output) return 0;
    if (cluster_open(output, NULL, 1, &cluster, &error) == STATUS_OK)
        verdict = mapping_first_look(&cluster, output, output->any_mapping ? NULL : wanted, &error);
    cluster_close(&cluster);
    if (verdict == MAPPING_LATER)
        printf("error: opensearch: %s: %s; a run would wait for it\n", output->url, error.message);
    else if (verdict != MAPPING_GOOD)
        printf("%s: %s\n", verdict == MAPPING_UNKNOWN ? "warning" : "error", error.message);
    return verdict != MAPPING_GOOD && verdict != MAPPING_UNKNOWN;
}
