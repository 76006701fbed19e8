/* What command line and config say of Kafka, resolved and tried out.
 *
 * Threads: main thread. */
#ifndef WHEREFROM_KAFKA_CHOICE_H
#define WHEREFROM_KAFKA_CHOICE_H

#include "app/arguments.h"
#include "app/findings.h"
#include "app/run_settings.h"
#include "config/kafka_settings.h"

/* As kafka_settings_resolve, of a run's INPUTs, the `output` that matters, --rejects and Kafka options. */
bool kafka_choice_resolve(struct kafka_settings *kafka, struct kafka_place output, const struct arguments *arguments,
                          const struct run_settings *settings, struct problems *problems) WARN_UNUSED;

/* Asks the clusters for the topics, for `wherefrom check`. */
void kafka_choice_probe(const struct kafka_settings *kafka, struct findings *findings);

#endif
