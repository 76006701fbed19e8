/* The option tables of `run`; those of a stage stand in the stage's own file.
 *
 * Threads: constants. */
#include "app/run_settings.h"

#include "schemas/limits.h"

#define AT(member) .offset = offsetof(struct run_settings, member)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const schema_choices[] = {"ecs", "ss4o", "flat", NULL}; /* as output_schemas */
static const char *const progress_choices[] = {"auto", "always", "never", NULL};
static const char *const links_choices[] = {"inside", "all", NULL};
static const char *const transactions_choices[] = {"auto", "never", NULL};
static const char *const log_choices[] = {"text", "json", NULL};

/* clang-format off */
static const struct option_spec input_options[] = {
    {.name = "config", .letter = 'c', .kind = OPTION_TEXT, AT(config), .placeholder = "FILE", .cli_only = true,
     .help = "YAML file with the same options as keys (- as _) and `inputs:`; the command line wins"},
    {.name = "format", .letter = 'f', .kind = OPTION_TEXT, AT(format), .placeholder = "NAME|auto", .default_text = "auto",
     .help = "format of every line; auto finds it by object name and by content, line by line; see `wherefrom formats`. "
             "What a format leaves open stands behind a colon: 'vpc_flow:srcaddr dstaddr start', 'cloudfront:timestamp c-ip', "
             "'nginx:$remote_addr [$time_local] ...' (your log_format)"},
    {.name = "ndjson", .kind = OPTION_LIST, AT(ndjson), .placeholder = "COLUMN=PATH", .pairs = true,
     .help = "where --format ndjson finds a column in your JSON, such as peer=request.remote_ip; see `wherefrom formats ndjson`"},
    {.name = "origin", .kind = OPTION_TEXT, AT(origin), .placeholder = "NAME",
     .help = "name of the input in event.id, instead of its file name or stdin's random one; in front of a connection's random one"},
    {.name = "links", .kind = OPTION_CHOICE, AT(links), .default_text = "inside", .choices = links_choices,
     .help = "symbolic links that are met in a directory: inside reads files that they lead to within it, all any file; directories behind "
             "links are read only when they are named"},
    {.name = "since", .kind = OPTION_TIME, AT(since_ns), .placeholder = "TIME",
     .help = "skip records before this time (UTC, 2025-12-01 or 2025-12-01T10:00)"},
    {.name = "until", .kind = OPTION_TIME, AT(until_ns), .placeholder = "TIME", .help = "skip records at or after this time"},
};

static const struct option_spec kafka_options[] = {
    {.name = "librdkafka", .kind = OPTION_LIST, AT(librdkafka), .placeholder = "KEY=VALUE", .pairs = true, .max = KAFKA_PROPERTIES_MAX,
     .help = "property of librdkafka for every Kafka client of the run, such as security.protocol=ssl; KEY_env=NAME takes the value "
             "from an environment variable, KEY_file=FILE from a file, and secrets come in no other way"},
    {.name = "instance", .kind = OPTION_TEXT, AT(instance), .placeholder = "NAME",
     .help = "name of this process among those of its consumer group, the same after a restart; transactions are told apart by it, "
             "so of two processes with one name the older one ends"},
    {.name = "transactions", .kind = OPTION_CHOICE, AT(transactions), .default_text = "auto", .choices = transactions_choices,
     .help = "auto: from Kafka to Kafka in one cluster, records, rejects and positions become visible together or not at all; "
             "never: at least once, and sooner"},
};

static const struct option_spec client_options[] = {
    {.name = "chain", .kind = OPTION_TEXT, AT(chain), .placeholder = "NAME",
     .help = "who stands between the writer of every line and the client: a chain of the config, or a preset that needs no "
             "more than its name, such as alb, ranges, count:2, direct; `wherefrom check --help` lists them"},
};

static const struct option_spec geo_options[] = {
    {.name = "geo", .kind = OPTION_LIST, AT(geo), .placeholder = "FILE",
     .help = "MaxMind-format database (MaxMind, DB-IP, IPinfo, ip-location-db) instead of the one that comes with "
             "wherefrom; of several, the first that knows wins"},
    {.name = "no-geo", .kind = OPTION_FLAG, AT(no_geo), .help = "look nothing up"},
};

static const struct option_spec output_options[] = {
    {.name = "output", .letter = 'o', .kind = OPTION_TEXT, AT(output), .placeholder = "OUT", .default_text = "-",
     .help = "where records go: a file (an ending .gz compresses), - for stdout, kafka://HOST:PORT[,HOST:PORT]/TOPIC, or "
             "opensearch+http[s]://[USER@]HOST[:PORT][/BASE]/NAME[?pipeline=NAME] (port 9200, with https 443) with the NAME of a "
             "data stream, or NAME-{yyyy.MM.dd} for an index per UTC day of @timestamp; in the config `outputs: {NAME: OUT, ..}` are "
             "several, each for the zones that `residency: {route: {ZONE: NAME, ..}}` says"},
    {.name = "opensearch", .kind = OPTION_LIST, AT(opensearch), .placeholder = "KEY=VALUE", .cli_only = true,
     .help = "setting of OpenSearch outputs (--output and --rollups), as in the config under `output: {opensearch: {..}}`: user, password_env=NAME of a "
             "variable (else OPENSEARCH_PASSWORD) or password_file=FILE; ca, certificate and key (PEM files); aws_sigv4=true, or "
             "REGION/es or REGION/aoss where the host's name does not say it; pipeline; gzip=true|false (bodies; true but for this "
             "machine); ids=false for collections that take none (then records may be there twice); check_mapping=false where a pipeline "
             "makes other fields of the client's address and place, so that how these are mapped is not looked at before anything is "
             "written; connections=N (4); timeout=SECONDS (60)"},
    {.name = "schema", .kind = OPTION_CHOICE, AT(schema), .default_text = "ecs", .choices = schema_choices,
     .help = "names of the output fields"},
    {.name = "fields", .kind = OPTION_LIST, AT(fields), .placeholder = "+PATH|-PATH",
     .help = "include (+) or drop (-) an output field and all below it, several separated by commas; the last match wins, "
             "and when the first is a + all else is dropped"},
    {.name = "keep-original", .kind = OPTION_FLAG, AT(keep_original), .help = "write the line as it was, too (event.original)"},
    {.name = "rejects", .kind = OPTION_TEXT, AT(rejects), .placeholder = "OUT",
     .help = "where lines go that are no records, as NDJSON with reason and place: a file, or kafka://HOST:PORT/TOPIC in the "
             "output's cluster"},
    {.name = "rollups", .kind = OPTION_TEXT, AT(rollups), .placeholder = "OUT",
     .help = "where sums go, one document for each 5 minutes, map tile (zoom 7) and zone (the client's country): requests, bytes, 4xx, "
             "5xx, distinct clients; with `residency:` in the config also evidence, one for each hour, zone, place, verdict and balancer, with `rate:` who sent the most and whom limits "
             "would have stopped. A file, opensearch+http[s]://.../NAME with the NAME of an ordinary index, as --output has it, or "
             "kafka://HOST:PORT/TOPIC; a document written again replaces the earlier one. Of files they are written when the run is "
             "over; of streams as time goes on, of each partition its own"},
    {.name = "rollups-lateness", .kind = OPTION_COUNT, AT(rollups_lateness_s), .placeholder = "SECONDS", .default_text = "900",
     .max = ROLLUPS_LATENESS_SECONDS_MAX,
     .help = "of streams: how long after an interval's end, by the latest event of its partition, records for it may come; what "
             "is later counts in no roll-up (`late`); of rates `lateness` of `rate:` where that is given. A restart reads that much again, for counting"},
    {.name = "rollups-every", .kind = OPTION_COUNT, AT(rollups_every_s), .placeholder = "SECONDS", .default_text = "60", .min = 1,
     .max = ROLLUPS_EVERY_SECONDS_MAX, .help = "of streams: how often roll-ups of intervals that are still open are written"},
    {.name = "append", .kind = OPTION_FLAG, AT(append), .help = "add to output, rejects and rollups instead of writing them anew"},
    {.name = "limit", .kind = OPTION_COUNT, AT(limit), .placeholder = "N", .default_text = "0",
     .help = "stop after N records; 0 means all"},
    {.name = "dry-run", .kind = OPTION_FLAG, AT(dry_run), .help = "do all but write records, rejects and rollups"},
};

static const struct option_spec running_options[] = {
    {.name = "workers", .letter = 'j', .kind = OPTION_COUNT, AT(workers), .placeholder = "N", .default_text = "0",
     .max = WORKERS_MAX, .help = "worker threads and inputs read at a time; 0 means one per core; a tcp:// input has one for itself where there are others"},
    {.name = "memory-max", .kind = OPTION_SIZE, AT(memory_max_bytes), .placeholder = "SIZE", .default_text = "1G",
     .min = MEMORY_MAX_BYTES_MIN, .help = "what all that the run allocates may take, divided as `wherefrom check` says; copies of databases, which are as large as their files, "
             "and twice that while they are replaced, come on top"},
    {.name = "shutdown-timeout", .kind = OPTION_COUNT, AT(shutdown_timeout_s), .placeholder = "SECONDS", .default_text = "30",
     .min = 1, .max = SHUTDOWN_SECONDS_MAX,
     .help = "after a signal, wait so long for what was read to be written; what is not by then stays uncommitted"},
    {.name = "max-reject-ratio", .kind = OPTION_SHARE, AT(max_reject_ratio), .placeholder = "SHARE", .default_text = "0.5",
     .help = "stop with exit status 1, and commit nothing more, once more than this share of records was rejected, of 10,000 at the least: "
             "a wrong format or mapping is to be noticed; 1: never"},
    {.name = "state", .kind = OPTION_TEXT, AT(state), .placeholder = "DIR",
     .help = "keep checkpoints of files there: after a kill, or when files were added or have grown, the same command goes on, output and "
             "rejects cut back to what was confirmed; for files into files, which are then as if nothing had happened, and for files into "
             "Kafka. stdin, tcp:// and kafka:// have no checkpoints, and go only where no file is written"},
    {.name = "summary", .kind = OPTION_TEXT, AT(summary), .placeholder = "FILE|-",
     .help = "write the sums as JSON, too; - is stdout"},
    {.name = "metrics", .kind = OPTION_TEXT, AT(metrics), .placeholder = "[ADDRESS:]PORT",
     .help = "listen for HTTP there, on 127.0.0.1 where no address is given, port 0: on a free one, which is said: /metrics for Prometheus, "
             "/healthz, and /readyz, which is 503 while an input is not open or an output takes nothing"},
    {.name = "ui", .kind = OPTION_TEXT, AT(ui), .placeholder = "[ADDRESS:]PORT",
     .help = "listen for browsers there, likewise: the page of `wherefrom report`, of what has come since the start; whoever reaches it sees it"},
    {.name = "progress", .kind = OPTION_CHOICE, AT(progress), .default_text = "auto", .choices = progress_choices,
     .help = "progress line on stderr; auto shows it on a terminal"},
    {.name = "quiet", .kind = OPTION_FLAG, AT(quiet), .help = "only errors on stderr"},
    {.name = "log-format", .kind = OPTION_CHOICE, AT(log_format), .default_text = "text", .choices = log_choices,
     .help = "form of messages on stderr"},
};
/* clang-format on */

void run_settings_groups(struct run_settings *settings, struct option_group groups[RUN_GROUPS]) {
    groups[0] = (struct option_group){"Input", input_options, COUNT(input_options), settings};
    groups[1] = (struct option_group){"Reading", source_file_options, source_file_options_count, &settings->source};
    groups[2] = (struct option_group){"Following", follow_options, follow_options_count, &settings->follow};
    groups[3] = (struct option_group){"Listening", source_tcp_options, source_tcp_options_count, &settings->tcp};
    groups[4] = (struct option_group){"Kafka", kafka_options, COUNT(kafka_options), settings};
    groups[5] = (struct option_group){"Polling", source_kafka_options, source_kafka_options_count,
                                      &settings->kafka_source};
    groups[6] = (struct option_group){"Client", client_options, COUNT(client_options), settings};
    groups[7] = (struct option_group){"Where", geo_options, COUNT(geo_options), settings};
    groups[8] = (struct option_group){"Output", output_options, COUNT(output_options), settings};
    groups[9] = (struct option_group){"Running", running_options, COUNT(running_options), settings};
}
