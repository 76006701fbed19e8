/* The panels, in order of their places on the dashboard.
 *
 * What records cannot say is said to be so in the last one: how many were rejected or met twice, and how far delivery is behind, only the
 * program knows (summary, rejects file, metrics). There is no event.ingested; a record's own time against the clock is what there is of lag,
 * and so "newest record" is shown.
 *
 * Threads: constants. */
#include "sinks/dashboard_panels.h"

#define COUNT .kind = AGGREGATION_COUNT, .label = "Records"
#define TIME .kind = AGGREGATION_TIME, .field = DASHBOARD_TIME, .label = "Time"
#define CLIENTS .kind = AGGREGATION_DISTINCT, .field = DASHBOARD_CLIENT, .label = "Clients"
#define NEWEST .kind = AGGREGATION_NEWEST, .field = DASHBOARD_TIME, .label = "Newest record"
#define TERMS .kind = AGGREGATION_TERMS

static const struct panel_filter status_classes[] = {
    {"1xx", DASHBOARD_STATUS, "[100 TO 199]", false},
    {"2xx", DASHBOARD_STATUS, "[200 TO 299]", false},
    {"3xx", DASHBOARD_STATUS, "[300 TO 399]", false},
    {"4xx", DASHBOARD_STATUS, "[400 TO 499]", false},
    {"5xx", DASHBOARD_STATUS, "[500 TO 599]", false},
    {"without", DASHBOARD_STATUS, "[100 TO 599]", true},
    {NULL, DASHBOARD_FIELDS, NULL, false},
};

static const struct panel_filter errors[] = {
    {"4xx", DASHBOARD_STATUS, "[400 TO 499]", false},
    {"5xx", DASHBOARD_STATUS, "[500 TO 599]", false},
    {NULL, DASHBOARD_FIELDS, NULL, false},
};

static const struct panel_filter gaps[] = {
    {"all", DASHBOARD_FIELDS, NULL, false},
    {"client not resolved", DASHBOARD_CLIENT, NULL, true},
    {"client without a place", DASHBOARD_LOCATION, NULL, true},
    {"with flags", DASHBOARD_LOG_FLAGS, NULL, false},
    {NULL, DASHBOARD_FIELDS, NULL, false},
};

static const struct panel_filter unresolved = {"client not resolved", DASHBOARD_CLIENT, NULL, true};
static const struct panel_filter flagged = {"with flags", DASHBOARD_LOG_FLAGS, NULL, false};

static const char notes[] =
    "**Nothing to see?** The dashboard opens with the last 30 days; set the time range (top right) to that of the "
    "logs.\n\n"
    "**Not in records**, and so not here:\n\n"
    "- *rejected lines*: the file of `--rejects`, and the summary at the end of a run;\n"
    "- *duplicates* (the same line sent again): the summary;\n"
    "- *lag* of delivery: metrics of the program. A record has its own time and not that of its arrival; "
    "how old the newest one is says how fresh this data is, be it that nothing was asked for or that nothing "
    "arrived.\n\n"
    "Both maps need the browser to reach the maps server that Dashboards is set to. Territories without a shape of "
    "their own count "
    "for the country that they belong to. Until zones of residency are set up, the matrix has countries instead.";

/* clang-format off */
const struct panel dashboard_panels[] = {
    {.id = "heat-map", .title = "Where clients are", .look = LOOK_COORDINATE_MAP, .width = 24, .height = 20,
     .about = "Records by place of the resolved client",
     .aggregations = {{COUNT}, {.kind = AGGREGATION_TILES, .field = DASHBOARD_LOCATION}}},
    {.id = "countries", .title = "Countries", .look = LOOK_REGION_MAP, .width = 24, .height = 20,
     .about = "Records by country of the resolved client; territories that the map has no shape for count for their country",
     .aggregations = {{COUNT}, {TERMS, .field = DASHBOARD_MAP_CODE, .label = "Country", .size = 300}}},
    {.id = "requests", .title = "Requests by class of status", .look = LOOK_BARS, .width = 24, .height = 13,
     .about = "Records over time; without: flows, and requests that had no response",
     .aggregations = {{COUNT}, {TIME}, {.kind = AGGREGATION_FILTERS, .across = true, .filters = status_classes}}},
    {.id = "errors", .title = "Errors", .look = LOOK_LINES, .width = 24, .height = 13,
     .about = "Responses with 4xx and 5xx over time",
     .aggregations = {{COUNT}, {TIME}, {.kind = AGGREGATION_FILTERS, .across = true, .filters = errors}}},
    {.id = "networks", .title = "Top networks", .look = LOOK_TABLE, .width = 24, .height = 16,
     .about = "Autonomous systems of the resolved clients",
     .aggregations = {{COUNT}, {CLIENTS}, {TERMS, .field = DASHBOARD_AS_NUMBER, .label = "AS", .size = 50},
                      {TERMS, .field = DASHBOARD_AS_NAME, .label = "Organization", .size = 1, .missing = true}}},
    {.id = "talkers", .title = "Top talkers", .look = LOOK_TABLE, .width = 24, .height = 16,
     .about = "Resolved clients with the most records",
     .aggregations = {{COUNT}, {NEWEST}, {TERMS, .field = DASHBOARD_CLIENT, .label = "Client", .size = 50},
                      {TERMS, .field = DASHBOARD_COUNTRY, .label = "Country", .size = 1, .missing = true},
                      {TERMS, .field = DASHBOARD_AS_NAME, .label = "Organization", .size = 1, .missing = true}}},
    {.id = "verdicts", .title = "Hop verdicts", .look = LOOK_AREAS, .width = 24, .height = 13,
     .about = "How the client was found, or why not, over time",
     .aggregations = {{COUNT}, {TIME}, {TERMS, .across = true, .field = DASHBOARD_VERDICT, .label = "Verdict", .size = 30}}},
    {.id = "residency", .title = "Residency: country of the client by region of the balancer (no zones set up)", .look = LOOK_MATRIX,
     .width = 24, .height = 26, .about = "Where clients are against where they were served; countries instead of zones",
     .aggregations = {{COUNT}, {TERMS, .field = DASHBOARD_REGION, .label = "Region", .size = 30},
                      {TERMS, .across = true, .field = DASHBOARD_COUNTRY, .label = "Country", .size = 40}}},
    {.id = "unresolved", .title = "Clients not resolved, by verdict", .look = LOOK_TABLE, .width = 24, .height = 13, .only = &unresolved,
     .about = "Records without client, and when the last one was",
     .aggregations = {{COUNT}, {NEWEST}, {TERMS, .field = DASHBOARD_VERDICT, .label = "Verdict", .size = 30}}},
    {.id = "newest", .title = "Newest record", .look = LOOK_NUMBERS, .width = 12, .height = 8,
     .about = "The time of the newest record, as logged",
     .aggregations = {{NEWEST}}},
    {.id = "clients", .title = "Distinct clients", .look = LOOK_NUMBERS, .width = 12, .height = 8,
     .about = "Resolved addresses, an estimate",
     .aggregations = {{CLIENTS}}},
    {.id = "gaps", .title = "What records lack", .look = LOOK_TABLE, .width = 24, .height = 13,
     .about = "Records without client, without place, and with flags such as lossy",
     .aggregations = {{COUNT}, {NEWEST}, {.kind = AGGREGATION_FILTERS, .filters = gaps}}},
    {.id = "flags", .title = "Flags", .look = LOOK_BARS, .width = 24, .height = 13, .only = &flagged,
     .about = "Records with log.flags over time: bytes that are no UTF-8, and the like",
     .aggregations = {{COUNT}, {TIME}, {TERMS, .across = true, .field = DASHBOARD_LOG_FLAGS, .label = "Flag", .size = 20}}},
    {.id = "notes", .title = "What is not here", .look = LOOK_TEXT, .width = 24, .height = 13, .text = notes,
     .about = "What only the program knows"},
};
/* clang-format on */

const uint32_t dashboard_panels_count = sizeof dashboard_panels / sizeof dashboard_panels[0];
