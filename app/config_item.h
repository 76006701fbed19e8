/* Inputs and outputs that are mappings in the config, as the texts that the command line has for them:
 *
 *   {path: TEXT}   {tcp: {listen: ADDRESS:PORT, proxy: off|v1|v2|auto}}   {kafka: {..}}     an input, with chain: and format: or without
 *   {path: TEXT}   {kafka: {..}}   {opensearch: {..}}                                       an output
 *
 * What is in `kafka` and `opensearch` is looked at later (config/kafka_settings.h, opensearch_settings.h): its text is a name for
 * messages.
 *
 * Threads: main thread only, before others start. */
#ifndef WHEREFROM_CONFIG_ITEM_H
#define WHEREFROM_CONFIG_ITEM_H

#include "base/error.h"
#include "config/config_tree.h"

/* What is wrong: where, and one sentence. */
struct config_item_fault {
    struct config_place place;
    struct error reason;
};

/* The INPUT that a mapping stands for; `arena` holds the text. STATUS_USAGE fills `fault`, STATUS_FAILED is lack of memory. */
enum status config_item_input(struct arena *arena, const struct config_node *mapping, const char **text,
                              struct config_item_fault *fault) WARN_UNUSED;

/* The same for `output`, each of `outputs`, `rejects` and `rollups`. */
enum status config_item_output(struct arena *arena, const struct config_node *mapping, const char **text,
                               struct config_item_fault *fault) WARN_UNUSED;

#endif
