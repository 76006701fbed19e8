/* Every limit of the program, with its reason and what happens when it is hit.
 *
 * Threads: constants. */
#ifndef WHEREFROM_LIMITS_H
#define WHEREFROM_LIMITS_H

/* --- batches ---------------------------------------------------------------------------------- */
/* Text a batch is filled with. Small enough that text and output stay in the L2/L3 caches while one
 * worker walks them, large enough that handing it over hardly shows. */
#define BATCH_TEXT_BYTES (256u * 1024)
/* Lines of a batch; a batch with more is cut there and the rest goes into the next one. Bounds the
 * output of very short lines. */
#define BATCH_LINES_MAX 4096u
/* The longest line. A longer one is rejected (`line-too-long`) and the stream goes on behind it. */
#define LINE_BYTES_MAX (1024u * 1024)
/* Room for text: the longest line with CR LF behind it. */
#define BATCH_TEXT_ROOM (LINE_BYTES_MAX + 2u)
/* Bytes behind a batch's text that may be read (never used): the scanner loads 64 bytes at a time. */
#define TEXT_PADDING_BYTES 64u
/* Room behind that for texts in another form (schemas/spare.h). A JSON line of L bytes may need 3 L when its bytes are repaired to
 * U+FFFD, again as much for strings without their escapes, 4 L for joined headers, whose room doubles, and L each for extras, JSON
 * without what is null, and JSON in one line. Address space, as the rest. */
#define SPARE_EXPANSION 13u
/* And each line besides: names of a header line's columns, padding. What a line may take depends on the line alone, so that what
 * becomes of it does not depend on its batch. */
#define SPARE_LINE_BYTES 4096u
/* Room for output. A byte of text may become six (\u001f) and is written four times at the most:
 * url.original, one of its parts, aws.elb.raw, event.original. What else a record has (keys,
 * numbers, place, path) fits RECORD_FIXED_BYTES. */
#define ENCODE_EXPANSION 24u
#define RECORD_FIXED_BYTES \
    17152u /* with RESIDENCY_JSON_BYTES_MAX, and the action line of a _bulk body (384), without the path: its room comes from fewer lines, see source_file.c */
/* Bytes a written record may end beyond its exact length: the encoder copies 32 bytes at a time. */
#define OUT_PADDING_BYTES 64u
/* Batches: for each thread one that it has and one that waits, and these for the order of the output. More only cost: a run that
 * cycles through less memory stays in the caches (4 instead of 8 for one worker took 10 % less CPU time). */
#define BATCHES_PER_WORKER 2u
#define BATCHES_EXTRA 2u
/* And for a Kafka output: what is on its way to the broker or waits for a commit. (OpenSearch: see BULK_BATCHES.) */
#define BATCHES_KAFKA 16u
/* But no more than --memory-max has room for, each with what usual lines make of it: text, spare room, 4096 records of a kilobyte, and
 * what librdkafka has of each of them. At least as many as a ring needs; then threads wait for one another. */
#define BATCH_MEMORY_BYTES (6u * 1024 * 1024)
/* Records before --max-reject-ratio judges. */
#define REJECT_RATIO_RECORDS_MIN 10000u
#define BATCHES_MIN 4u
/* What each of several outputs may keep of a batch besides: the usual records of one that all go there, and their marks. */
#define SHARE_MEMORY_BYTES (2u * 1024 * 1024)
#define WORKERS_MAX 64u
/* Outputs of one run, by name. Each has room of its own in every batch, and one that takes its time a thread. More are refused. */
#define OUTPUTS_MAX 8u
/* Of --metrics. Connections at a time: a server, somebody who looks, and some that hang; one more costs the oldest its own. */
#define METRICS_CONNECTIONS_MAX 16u
/* A connection that says nothing for so long is closed, */
#define METRICS_SILENT_SECONDS_MAX 5u
/* and any after so long, whatever it says: one is good for one request. */
#define METRICS_CONNECTION_MS_MAX 15000u
/* What libmicrohttpd has for one connection: request line, headers, and the head of the answer. More is answered with 431. */
#define METRICS_REQUEST_BYTES_MAX 8192u
/* Partitions whose lag is shown; of more only the first ones are. */
#define METRICS_PARTITIONS_MAX 8192u
/* The main thread looks around four times a second, but opens databases and lists at a reload; beyond this it counts as stuck. */
#define METRICS_TICK_MS_MAX 60000u
/* An output that has records and takes none for so long is named. */
#define OUTPUT_STALLED_MS 5000u
/* Of names that a config gives: outputs. Longer ones are refused. */
#define OUTPUT_NAME_BYTES_MAX 64u
/* The least that --memory-max takes: five batches for Kafka, a message of 64 MiB, and the program itself. */
#define MEMORY_MAX_BYTES_MIN (128u * 1024 * 1024)
/* The longest --shutdown-timeout: a day. */
#define SHUTDOWN_SECONDS_MAX 86400u
/* Segments of a batch: pieces of different streams. A batch with more is handed on as it is. As many as lines: messages of a hundred
 * quiet partitions come one by one. */
#define SEGMENTS_MAX BATCH_LINES_MAX

/* --- records ---------------------------------------------------------------------------------- */
/* Columns of one line; the longest AWS format has 54. A line with more is rejected
 * (`too-many-fields`). */
#define FIELDS_MAX 128u
/* Formats, each with sums of its own in every batch. One more table stops the program at its start. */
#define SCHEMAS_MAX 31u
/* Columns that a format's table may have: a bit each in the encoder's masks. */
#define SCHEMA_FIELDS_MAX 64u
/* Name of a column in a table. Longer ones stop the program at its start. */
#define FIELD_NAME_BYTES 48u
/* Names of columns that a header line has and no table: all of them together. Those beyond are kept without their names. */
#define HEADER_NAMES_BYTES 2048u
/* A log_format: its text, and the variables in it. A longer one is refused at start. */
#define LOG_FORMAT_BYTES_MAX 4096u
#define LOG_FORMAT_PARTS_MAX 64u
/* Built-in log_formats of one format. */
#define LOG_FORMATS_MAX 24u
/* Places where one variable of a line can end. A line with more is rejected: it was made to confuse. */
#define LOG_FORMAT_WAYS_MAX 32u
/* The longest value of a variable that is a word or a list of words, such as $upstream_addr, and stands without quotes. */
#define LOG_FORMAT_WORD_BYTES_MAX 4096u
/* Text of the offending column that a reject's detail shows. */
#define DETAIL_TEXT_BYTES_MAX 64u
/* Longest original kept in a rejects line; longer ones are cut and marked `truncated`. */
#define REJECT_ORIGINAL_BYTES_MAX (64u * 1024)
/* What a reject says of the line's origin beside its path: the name, escaped, a header line's columns, chain, PROXY header. */
#define REJECT_ORIGIN_BYTES (6u * ORIGIN_NAME_BYTES_MAX + 8192u)
/* Objects and arrays within one another in a line of JSON, the outermost one counted; AWS's deepest has 7. Deeper ones are
 * rejected: whoever reads the output may have a limit, too. */
#define JSON_DEPTH_MAX 64u
/* Values of one line of JSON that are looked at one by one. A WAF line with 30 headers has about 150. Beyond that, insides of
 * objects and arrays are known as a whole only, the largest first (ingest/json_tree.h). */
#define JSON_NODES_MAX 1024u
/* Addresses of X-Forwarded-For that are written; RFC-sized headers hold hundreds, and ALB refuses more than 30. */
#define FORWARDED_MAX 32u
/* JSON inside JSON: how often a line is unwrapped before it counts as text. */
#define JSON_WRAPS_MAX 4
/* Depth of nested output objects. */
#define OUTPUT_DEPTH_MAX 8u

/* --- hops ------------------------------------------------------------------------------------- */
/* Hops of a chain: a bit each in struct client. A longer chain is refused at load; the deepest set-ups have five. */
#define CHAIN_HOPS_MAX 16u
/* Headers that the hops of a chain look at by name. More are refused at load. */
#define CHAIN_HEADERS_MAX 8u
/* Headers that all chains together look at by name: a bit each in struct record. More are refused at load. */
#define HEADERS_WANTED_MAX 16u
/* The longest name of a header that is known by name; a chain with a longer one is refused at load, in logs it is none of ours. */
#define HEADER_NAME_BYTES_MAX 64u
/* Captured headers of HAProxy whose names are said. More are refused. */
#define HAPROXY_CAPTURES_MAX 32u
/* The longest value of a header by name whose escapes are undone, a secret for instance; of a longer one they stay. */
#define HEADER_VALUE_BYTES_MAX 512u
/* Type of a hop, and name of a verdict. The longest built-in verdict has 17 bytes; longer ones are refused at load. */
#define HOP_NAME_BYTES_MAX 32u
/* Name of a chain. A longer one is refused. */
#define CHAIN_NAME_BYTES_MAX 64u
/* A file of peers: AWS's ip-ranges.json has 2 MB. A larger one is refused. */
#define PEERS_FILE_BYTES_MAX (64u * 1024 * 1024)
/* Rules of `select`, which are asked one after the other. More are refused. */
#define CHAIN_RULES_MAX 1024u
/* Rules of `filter`, and values of a condition. */
#define FILTER_RULES_MAX 64u
#define FILTER_VALUES_MAX 32u
/* Problems of a config that are kept; the others are counted. */
#define PROBLEMS_MAX 100u
/* Right end of a list of addresses that is looked at. Servers take headers of 8 to 64 KiB, and what matters stands right. What is
 * left of it is not read, flag `xff-truncated`. */
#define LIST_WINDOW_BYTES 8192u
/* Empty members of a list that are passed over when an address is looked for (RFC 9110 section 5.6.1); one more is `xff-garbled`. */
#define LIST_EMPTIES_MAX 16u
/* The longest address with a port and quotes has 49 bytes without its zone; what is longer is none. */
#define TOKEN_BYTES_MAX 64u
/* What hop.claim shows of the leftmost text; the rest is cut off. */
#define CLAIM_BYTES_MAX 64u

/* --- inputs ----------------------------------------------------------------------------------- */
#define PATH_BYTES_MAX 4096u
/* Directory levels below an INPUT; deeper ones are an error that names the place. */
#define DIRECTORY_DEPTH_MAX 64u
/* Inputs of one run, after directories and globs are expanded. */
#define INPUTS_MAX 10000000u
/* Endless inputs of one run, such as tcp://: each has a thread of its own. More are refused. */
#define STREAMS_MAX 16u
/* Origin name that enters event.id. */
#define ORIGIN_NAME_BYTES_MAX 4096u
/* Options, config. */
#define CONFIG_BYTES_MAX (1024u * 1024)
#define LIST_ITEMS_MAX 1024u
/* Lists and mappings inside one another, in a config or a JSON text; peers of a preset are four deep. Deeper ones are refused. */
#define CONFIG_DEPTH_MAX 16u
/* Members of a mapping of the config, so that looking for those that come twice stays cheap. More are refused. */
#define CONFIG_MEMBERS_MAX 1024u

/* Files that a run with --follow knows: those that are there and, for STATE_KEPT_DAYS, those that were. What is beyond is not read, and that
 * is said. */
#define FOLLOW_FILES_MAX 2000000u
/* Pieces that are made ready for readers ahead. */
#define FOLLOW_PIECES_AHEAD 64u
/* After something has happened to a followed file so much is waited for more to happen: a file that gets a line at a time is not opened for
 * each. */
#define FOLLOW_LINGER_MS 50u
/* The longest interval or wait of a run with --follow: a day. */
#define FOLLOW_SECONDS_MAX 86400u
/* Names with news that are kept; with more everything is looked at. */
#define FOLLOW_CHANGES_MAX 16384u

/* First bytes of a file by which --state knows it again: a handful of lines, each with a time in it. */
#define FILE_HEAD_BYTES 4096u
/* What --state knows of a file that no run has met for so long is forgotten. */
#define STATE_KEPT_DAYS 90u
/* A checkpoint is written so often; what came behind it is done again after a kill. */
#define CHECKPOINT_MS 1000u
/* A checkpoint that has grown to so much more than what it says is written anew, as is one that has grown to twice its size. */
#define CHECKPOINT_GARBAGE_BYTES (4u * 1024 * 1024)
/* The largest checkpoint that is read: INPUTS_MAX files with names of 200 bytes have room in it. A larger one is refused. */
#define CHECKPOINT_BYTES_MAX (4ull * 1024 * 1024 * 1024)

/* --- messages --------------------------------------------------------------------------------- */
/* Text of one message of a queue when it is unpacked; a broker's usual bound is 1 MB packed, and an object of a balancer of 10 MB holds
 * 100 to 200 MB. What is beyond is rejected with the message's place. */
#define MESSAGE_TEXT_BYTES_MAX (256u * 1024 * 1024)
/* And how many times the message that may be once it is more than this many bytes: logs shrink 10 to 30 times, the same line over and over
 * 200 times, deflate's bound is 1032. Lines of events repeat what the events have in common, and are under the same limits. */
#define MESSAGE_EXPANSION_MAX 300u
#define MESSAGE_EXPANSION_FREE_BYTES (1024u * 1024)
/* Topics of one input, and rules for their formats. More are refused. */
#define KAFKA_TOPICS_MAX 256u
/* Brokers to ask for the others, three in most clusters. More are refused. */
#define KAFKA_BROKERS_MAX 64u
/* Names of topics and groups, as Kafka has it for topics; regular expressions for topics. Longer ones are refused. */
#define KAFKA_NAME_BYTES_MAX 249u
#define KAFKA_REGEX_BYTES_MAX 512u
/* Properties of librdkafka that a user may give for one client. More are refused. */
#define KAFKA_PROPERTIES_MAX 128u
/* transactional.id: "wherefrom-", a group's name (Kafka's bound for names of topics, 249) and an instance's of that length at most. */
#define TRANSACTIONAL_ID_BYTES 512u
/* A setting's value that stands in a file: a password, a key in PEM. A larger file is refused. */
#define SECRET_BYTES_MAX (64u * 1024)
/* Records too large for their topic that are known while a transaction is tried again without them. With more the run ends: the topic's
 * limit is wrong, not the records. */
#define KAFKA_REFUSED_MAX 4096u
/* Values of the header `format` that are told apart in one partition: each has an origin that stays. Messages with further ones count as
 * without. */
#define KAFKA_HEADER_FORMATS_MAX 16u
/* Partitions that one process reads. Those beyond are an error: start more processes. */
#define KAFKA_PARTITIONS_MAX 65536u
/* A member that has joined its group and hears nothing of it commits all the same after so long, as behind a revoke that takes long. */
#define KAFKA_JOINING_MS_MAX 10000u

/* A name of a data stream, or what stands in front of a date: OpenSearch's bound for names of indices, 255, less the 11 bytes of
 * .ds-NAME-000001 or NAME-2025.12.01. Longer ones are refused. */
#define OPENSEARCH_NAME_BYTES_MAX 244u
/* Users, and names of pipelines: what goes into every request. Longer ones are refused. */
#define OPENSEARCH_TEXT_BYTES_MAX 512u
/* Bulk requests on their way at a time, each on a connection of its own: what a small cluster takes well, and at most. */
#define OPENSEARCH_CONNECTIONS 4u
#define OPENSEARCH_CONNECTIONS_MAX 64u
/* Batches in the body of one request, as usual (what 256 KiB of text become has 0.8 MB, a body 5 to 10) and at most: small ones of quiet
 * streams. What waits beyond that goes into the next one. */
#define BULK_BATCHES 8u
#define BULK_PARTS_MAX 64u
/* Seconds to wait for an answer before the same is sent again: a busy cluster takes a body in some seconds. */
#define OPENSEARCH_TIMEOUT_SECONDS 60u
#define OPENSEARCH_TIMEOUT_SECONDS_MAX 3600u
/* A reply of a cluster to a question about mappings or templates: some 200 bytes for each index behind a name, 40 KB for our template. What
 * a longer one says stays unknown, and that is said. */
#define CLUSTER_REPLY_BYTES_MAX (4u * 1024 * 1024)

/* A transaction ends when it is that old or that large, at the end of a message: what is read committed shall be fresh, and a commit
 * takes some 10 ms. Brokers end one after 10 s (transaction.timeout.ms). */
#define TRANSACTION_MS_MAX 100u
#define TRANSACTION_BYTES_MAX (16u * 1024 * 1024)

/* --- replies of OpenSearch ---------------------------------------------------------------------- */
/* Objects and arrays within one another; errors hold their causes, a level each, and seldom more than five. What is deeper is no reply. */
#define BULK_DEPTH_MAX 64u
/* Type and reason of an error as they are kept; what is longer is cut at a character. Types are names, the longest known has 50 bytes; a
 * reason tells what it is about in its first words and may then quote all of a document. */
#define BULK_TYPE_BYTES_MAX 96u
#define BULK_REASON_BYTES_MAX 512u
/* How often a document is sent whose error is unknown before it counts as the document's own, provided that others were accepted
 * meanwhile (sinks/bulk_verdict.h). That takes some three seconds; half a minute when its first request had none that was. */
#define BULK_UNCLEAR_TRIES 5u

/* --- HTTP servers ----------------------------------------------------------------------------- */
/* Requests on their way to one server; more connections than that help no server. */
#define HTTP_REQUESTS_MAX 64u
/* The longest wait that a server may ask for. A longer Retry-After counts as that much: it is asked again then, and may say the same. */
#define HTTP_RETRY_AFTER_MS_MAX (15u * 60 * 1000)
/* What is sent of a body, or read of a reply, by one call of the system: bodies have megabytes. */
#define HTTP_SEND_BYTES (256u * 1024)
#define HTTP_RECEIVE_BYTES (64u * 1024)
/* How long a signed body waits for the server's "100 Continue" over HTTP/1.1 (sinks/http_client.h). Servers that know it answer within a
 * round trip; the body goes out to the others then. */
#define HTTP_EXPECT_MS_MAX 200u
/* AWS keys: ids have 20 characters and up to 128, secrets 40. A session token has no bound by AWS; those of a kilobyte or two are usual,
 * and servers take no larger headers. Longer ones are refused. */
#define AWS_KEY_BYTES_MAX 128u
#define AWS_REGION_BYTES_MAX 64u
#define AWS_TOKEN_BYTES_MAX (16u * 1024)
/* A file of profiles or with a token, and an answer with keys. Larger ones are refused. */
#define AWS_FILE_BYTES_MAX (1024u * 1024)
#define AWS_ANSWER_BYTES_MAX (64u * 1024)
/* Keys are renewed that long before they expire; when that fails, or they are handed out with less, so often. */
#define AWS_RENEW_MS (5u * 60 * 1000)
#define AWS_RENEW_AGAIN_MS (30u * 1000)

/* --- connections ------------------------------------------------------------------------------ */
/* Bytes read of a connection at a time, before it is the next one's turn. */
#define CONNECTION_READ_BYTES (64u * 1024)
/* Bytes that all connections of a listener may hold together: starts of lines and of PROXY headers. When it is more, whoever holds
 * most is closed (`closed_memory`), and the start of its line is rejected as `cut-short`. Five thousand clients that stop within a
 * line of 4 KiB are a third of it. */
#define CONNECTIONS_HELD_BYTES_MAX (64u * 1024 * 1024)
/* What is still read of each open connection when the run shall end: as much as a receive buffer usually has. */
#define CONNECTION_LAST_BYTES_MAX (1024u * 1024)
/* A PROXY protocol header: version 1 as the spec says, with CR LF; version 2 what its length can say. A longer line of version 1 is no
 * header; version 2 has no longer ones. */
#define PROXY_V1_BYTES_MAX 107u
#define PROXY_HEADER_BYTES_MAX (16u + 65535u)
/* The spec's bound of a unique id, and room for AWS's ids of VPC endpoints, which have 22 characters. With longer ones a header is
 * none. */
#define PROXY_UNIQUE_ID_BYTES_MAX 128u
#define PROXY_VPCE_BYTES_MAX 64u

/* --- roll-ups --------------------------------------------------------------------------------- */
/* Eighths of --memory-max for slots and sketches of roll-ups. Of the default, 1 GiB, that is room for 1.8 million slots, or for 65,000 with
 * more than 768 clients each: a year of days that are run one by one, or a month at once. When it is used up the smallest slots are folded
 * (enrich/heat.h), and the run says how many. */
#define ROLLUPS_MEMORY_EIGHTHS 3u
/* And of a run that reads streams, which need room for what is open: it is taken from what a large message may have. */
#define ROLLUPS_STREAM_MEMORY_EIGHTHS 1u
/* Records of streams whose time is so much ahead of the clock count in no roll-up (`ahead`): by them all that is open would be over. */
#define ROLLUPS_AHEAD_S 3600u
/* The longest that a stream may keep what is open: with a longer one restarts would read a day again. */
#define ROLLUPS_LATENESS_SECONDS_MAX 86400u
#define ROLLUPS_EVERY_SECONDS_MAX 86400u
/* And for counting rates, where the config's `rate: {mem: SIZE}` says nothing else. When that is used up rows become approximate, and say so
 * (enrich/rate_count.h). What `mem` takes more than that, slots of heat have less, down to HEAT_BYTES_MIN. */
#define RATES_MEMORY_EIGHTHS 2u

/* And for what a report's page shows (app/report.h). Of the default that is room for all 16,384 networks and as many clients, of whom those with
 * the most requests are kept; of 128 MiB for 2,500 each. */
#define REPORT_MEMORY_EIGHTHS 2u
#define REPORT_STREAM_MEMORY_EIGHTHS 1u

/* Windows, dimensions, what-if rules and classes of paths of one config. More are refused: each dimension is a table of its own. */
#define RATE_WINDOWS_MAX 8u
#define RATE_DIMS_MAX 16u
#define RATE_LIMITS_MAX 32u
#define RATE_CLASSES_MAX 32u
/* A balancer's name in a key; of longer ones that much counts. AWS's have 32 characters, names of hosts 253. */
#define RATE_TEXT_BYTES_MAX 256u
/* Patterns of paths of one config: each record's path is held against all of them up to the first that matches. More are refused. */
#define RATE_PATHS_MAX 256u
/* Bytes of a dimension's name ("client+path_class+method+lb" and prefixes), and of those of what-if rules and classes of paths: texts of the
 * config, that stand in every document. */
#define RATE_NAME_BYTES_MAX 64u
/* A window is a day at most, and what comes a week late is late. */
#define RATE_WINDOW_S_MAX 86400u
#define RATE_LATENESS_S_MAX (7u * 86400)
#define RATE_SLOT_S_MAX 3600u
/* Counters of a sketch: with fewer the largest keys are missed (recall of the true top 100: 0.9 at 512, 0.98 at 2048), more cost memory that
 * nothing is won by. */
#define RATE_TOPK_MIN 2048u
#define RATE_TOPK_MAX (1u << 20)
#define RATE_ROWS_MAX 10000u
/* The least that counting is given. */
#define RATE_MEMORY_MIN (16u * 1024 * 1024)
/* Networks and countries that the row of a what-if rule lists, those with the most blocked requests. */
#define RATE_BLOCKED_MAX 10u
/* Regions that one request may have been served in: a balancer's and a target's. */
#define RESIDENCY_REGIONS_MAX 2u
/* Zones of a policy (and rules, one for each), and places: a bit each in a rule. Lists of countries. More are refused. */
#define RESIDENCY_ZONES_MAX 64u
#define RESIDENCY_PLACES_MAX 64u
#define RESIDENCY_LISTS_MAX 8u
/* Regions and edge locations in all places; AWS has some 40 regions and 100 cities with edge locations. More are refused. */
#define RESIDENCY_REGIONS_KNOWN_MAX 512u
/* Regions and edge locations that one worker meets in a run; CloudFront has some 700 of the latter. Further ones are not known: unknown-place. */
#define RESIDENCY_REGIONS_MET_MAX 4096u
/* The longest name of a zone, place or rule, and of a region. */
#define RESIDENCY_NAME_BYTES_MAX 64u
/* What it says of a record: names, the digests of the policy and of all lists, keys. Regions are as long as a name at the most. */
#define RESIDENCY_JSON_BYTES_MAX 2304u
/* A file of lists; ours have some 2 KB. A larger one is refused. */
#define RESIDENCY_LIST_BYTES_MAX (256u * 1024)

/* --- places ----------------------------------------------------------------------------------- */
#define DATABASES_MAX 8u
/* Networks move between countries and companies: from this age on it is said that there may be a newer one. */
#define DATABASE_AGE_DAYS 25u
/* One text of a database (city, organisation); longer ones are cut at a character. */
#define PLACE_TEXT_BYTES_MAX 256u
/* A rendered place: all texts escaped and all keys. */
#define PLACE_JSON_BYTES_MAX 4096u

#endif
