/* What is wrong with the settings alone is said in config/opensearch_settings.c.
 *
 * Threads: see the header. */
#include "app/opensearch_choice.h"

#include <stdio.h>

#include "sinks/cluster.h"

void opensearch_choice_print(const struct opensearch_settings *opensearch, const char *what, bool rollups, FILE *out) {
    const struct opensearch_output *output = &opensearch->output;
    if (!opensearch->has_output) return;
    fprintf(out, "%s %s: %s %s%s", what, output->url, output->dated || rollups ? "index" : "data stream", output->name,
            output->dated ? "-{yyyy.MM.dd}" : "");
    if (output->pipeline != NULL) fprintf(out, ", pipeline %s", output->pipeline);
    if (output->user != NULL) fprintf(out, ", user %s", output->user);
    if (output->aws_region != NULL) fprintf(out, ", signed for %s/%s", output->aws_region, output->aws_service);
    fprintf(out, "%s%s\n", output->gzip ? ", gzip" : "", output->without_ids ? ", without ids: at least once" : "");
}

void opensearch_choice_probe(const struct opensearch_settings *opensearch, const struct mapping_wanted *wanted,
                             struct findings *findings) {
    const struct opensearch_output *output = &opensearch->output;
    struct cluster cluster = {NULL, NULL};
    struct error error;
    enum mapping_verdict verdict = MAPPING_NOT_LET_IN;
    if (!opensearch->has_output) return;
    if (cluster_open(output, NULL, 1, &cluster, &error) == STATUS_OK)
        verdict = mapping_first_look(&cluster, output, output->any_mapping ? NULL : wanted, &error);
    cluster_close(&cluster);
    if (verdict == MAPPING_LATER)
        findings_add(findings, FINDING_ERROR, ABOUT_OPENSEARCH, output->url,
                     "opensearch: %s: %s; a run would wait for it", output->url, error.message);
    else if (verdict != MAPPING_GOOD)
        findings_add(findings, verdict == MAPPING_UNKNOWN ? FINDING_WARNING : FINDING_ERROR,
                     verdict == MAPPING_NOT_LET_IN ? ABOUT_OPENSEARCH : ABOUT_MAPPING, output->url, "%s",
                     error.message);
}
