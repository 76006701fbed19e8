/* Makes the objects. Much of them is JSON in a text in JSON, so each is put together as a tree and then printed.
 *
 * Threads: main thread. */
#include "sinks/dashboards.h"

#include <jansson.h>
#include <string.h>

#include "base/check.h"
#include "sinks/dashboard_panels.h"

#define ID_BYTES 300
#define PANEL_ID_BYTES 340
#define LOOK_TEXT_BYTES 2048

/* With which an export of Dashboards 2 marks its objects: what it would change in older ones is done. */
#define INDEX_PATTERN_VERSION "7.6.0"
#define VISUALIZATION_VERSION "7.10.0"
#define DASHBOARD_VERSION "7.9.3"

#define SEARCH_SOURCE_REFERENCE "kibanaSavedObjectMeta.searchSourceJSON.index"

struct dashboards {
    struct dashboard_fields fields;
    const char *name;
    char pattern_id[ID_BYTES];
    FILE *out;
};

/* --- looks ---------------------------------------------------------------------------------------------------------- */

/* clang-format off */
#define MAP \
    "'addTooltip':true,'legendPosition':'bottomright','mapZoom':2,'mapCenter':[20,0]," \
    "'wms':{'enabled':false,'options':{'format':'image/png','transparent':true}}"

/* Of a chart along time: its type, and whether series are stacked. */
#define CHART(type, mode) \
    "{'type':'" type "','grid':{'categoryLines':false}," \
    "'categoryAxes':[{'id':'CategoryAxis-1','type':'category','position':'bottom','show':true,'style':{}," \
    "'scale':{'type':'linear'},'labels':{'show':true,'filter':true,'truncate':100},'title':{}}]," \
    "'valueAxes':[{'id':'ValueAxis-1','name':'LeftAxis-1','type':'value','position':'left','show':true,'style':{}," \
    "'scale':{'type':'linear','mode':'normal'},'labels':{'show':true,'rotate':0,'filter':false,'truncate':100}," \
    "'title':{'text':'Records'}}]," \
    "'seriesParams':[{'show':true,'type':'" type "','mode':'" mode "','data':{'label':'Records','id':'1'}," \
    "'valueAxis':'ValueAxis-1','drawLinesBetweenPoints':true,'lineWidth':2,'showCircles':true,'interpolate':'linear'}]," \
    "'addTooltip':true,'addLegend':true,'legendPosition':'right','times':[],'addTimeMarker':false,'labels':{'show':false}," \
    "'thresholdLine':{'show':false,'value':10,'width':1,'style':'full','color':'#E7664C'}}"

#define ISO2 "{'type':'id','name':'iso2','description':'ISO 3166-1 alpha-2 code'}"

/* By enum panel_look: the type of visualization, what it calls the buckets that go along and those that go across, and its parameters
 * (quotes are ' here). The layer of the region map is found by its id; what else stands there is what an export has. */
static const struct look {
    const char *type, *along, *across, *parameters;
} looks[PANEL_LOOKS] = {
    /* its buckets are geohashes: it does not open with tiles */
    [LOOK_COORDINATE_MAP] = {"tile_map", "segment", NULL,
        "{'mapType':'Heatmap','colorSchema':'Yellow to Red','isDesaturated':true,'heatClusterSize':1.5," MAP "}"},
    [LOOK_REGION_MAP] = {"region_map", "segment", NULL,
        "{'colorSchema':'Yellow to Red','emsHotLink':'','isDisplayWarning':true,'outlineWeight':1,'showAllShapes':true,"
        "'layerChosenByUser':'default','selectedLayer':{'name':'World Countries','origin':'elastic_maps_service',"
        "'id':'world_countries','layerId':'elastic_maps_service.World Countries','isEMS':true,'format':{'type':'geojson'},"
        "'fields':[" ISO2 ",{'type':'id','name':'iso3','description':'ISO 3166-1 alpha-3 code'},"
        "{'type':'property','name':'name','description':'name'}]},'selectedJoinField':" ISO2 "," MAP "}"},
    [LOOK_BARS] = {"histogram", "segment", "group", CHART("histogram", "stacked")},
    [LOOK_LINES] = {"line", "segment", "group", CHART("line", "normal")},
    [LOOK_AREAS] = {"area", "segment", "group", CHART("area", "stacked")},
    [LOOK_TABLE] = {"table", "bucket", NULL,
        "{'perPage':10,'showPartialRows':false,'showMetricsAtAllLevels':false,'sort':{'columnIndex':null,'direction':null},"
        "'showTotal':false,'totalFunc':'sum','percentageCol':''}"},
    [LOOK_MATRIX] = {"heatmap", "segment", "group",
        "{'type':'heatmap','addTooltip':true,'addLegend':true,'enableHover':false,'legendPosition':'right','times':[],"
        "'colorsNumber':8,'colorSchema':'Blues','setColorRange':false,'colorsRange':[],'invertColors':false,"
        "'percentageMode':false,'valueAxes':[{'show':false,'id':'ValueAxis-1','type':'value',"
        "'scale':{'type':'linear','defaultYExtents':false},"
        "'labels':{'show':true,'rotate':0,'overwriteColor':false,'color':'#555'}}]}"},
    [LOOK_NUMBERS] = {"metric", NULL, NULL,
        "{'addTooltip':true,'addLegend':false,'type':'metric','metric':{'percentageMode':false,'useRanges':false,"
        "'colorSchema':'Green to Red','metricColorMode':'None','colorsRange':[{'from':0,'to':10000}],"
        "'labels':{'show':true},'invertColors':false,'style':{'bgFill':'#000','bgColor':false,'labelColor':false,"
        "'subText':'','fontSize':24}}}"},
    [LOOK_TEXT] = {"markdown", NULL, NULL, "{'fontSize':12,'openLinksInNewTab':true}"},
};
/* clang-format on */

static json_t *parameters_of(const struct panel *panel) {
    char text[LOOK_TEXT_BYTES];
    size_t bytes = strlen(looks[panel->look].parameters);
    ASSERT(bytes < sizeof text);
    for (size_t i = 0; i <= bytes; i++) {
        char character = looks[panel->look].parameters[i];
        text[i] = character == '\'' ? '"' : character;
    }
    json_t *parameters = json_loads(text, 0, NULL);
    ASSERT(parameters != NULL);
    if (panel->text != NULL) json_object_set_new(parameters, "markdown", json_string(panel->text));
    return parameters;
}

/* --- aggregations --------------------------------------------------------------------------------------------------- */

static json_t *query_of(const struct dashboards *dashboards, const struct panel_filter *filter) {
    json_t *query = filter == NULL || filter->field == DASHBOARD_FIELDS
                        ? json_string(filter == NULL ? "" : "*")
                        : dashboard_fields_query(&dashboards->fields, filter->field, filter->condition);
    if (filter != NULL && filter->not ) {
        json_t *without = json_sprintf("NOT (%s)", json_string_value(query));
        json_decref(query);
        query = without;
    }
    return json_pack("{s:o,s:s}", "query", query, "language", "lucene");
}

static json_t *filters_of(const struct dashboards *dashboards, const struct panel_filter *filter) {
    json_t *filters = json_array();
    for (; filter->label != NULL; filter++)
        json_array_append_new(filters,
                              json_pack("{s:o,s:s}", "input", query_of(dashboards, filter), "label", filter->label));
    return filters;
}

/* What an aggregation is called, and its own parameters but for field and label. */
static json_t *aggregation_parameters(const struct dashboards *dashboards, const struct aggregation *aggregation,
                                      const char **type) {
    switch (aggregation->kind) {
    case AGGREGATION_NONE: break;
    case AGGREGATION_COUNT: *type = "count"; return json_object();
    case AGGREGATION_DISTINCT: *type = "cardinality"; return json_object();
    case AGGREGATION_NEWEST: *type = "max"; return json_object();
    case AGGREGATION_TERMS:
        *type = "terms";
        return json_pack("{s:s,s:s,s:i,s:b,s:s,s:b,s:s}", "orderBy", "1", "order", "desc", "size", aggregation->size,
                         "otherBucket", 0, "otherBucketLabel", "other", "missingBucket", aggregation->missing,
                         "missingBucketLabel", "unknown");
    case AGGREGATION_TIME:
        *type = "date_histogram";
        return json_pack("{s:b,s:b,s:s,s:b,s:i,s:{}}", "useNormalizedOpenSearchInterval", 1, "scaleMetricValues", 0,
                         "interval", "auto", "drop_partials", 0, "min_doc_count", 1, "extended_bounds");
    case AGGREGATION_TILES:
        *type = "geohash_grid";
        return json_pack("{s:b,s:i,s:b,s:b}", "autoPrecision", 1, "precision", 3, "useGeocentroid", 1,
                         "isFilteredByCollar", 1);
    case AGGREGATION_FILTERS:
        *type = "filters";
        return json_pack("{s:o}", "filters", filters_of(dashboards, aggregation->filters));
    }
    ASSERT(!"an aggregation without a kind");
    return NULL;
}

static json_t *aggregations_of(const struct dashboards *dashboards, const struct panel *panel) {
    const struct look *look = &looks[panel->look];
    json_t *aggregations = json_array();
    const struct aggregation *aggregation = panel->aggregations;
    for (int number = 1; aggregation->kind != AGGREGATION_NONE; aggregation++, number++) {
        bool value = aggregation->kind < AGGREGATION_TERMS;
        const char *type = NULL, *place = value ? "metric" : aggregation->across ? look->across : look->along;
        json_t *parameters = aggregation_parameters(dashboards, aggregation, &type);
        if (aggregation->kind != AGGREGATION_COUNT && aggregation->kind != AGGREGATION_FILTERS) {
            const char *field = dashboards->fields.names[aggregation->field];
            ASSERT(field != NULL); /* it has several paths and no script */
            json_object_set_new(parameters, "field", json_string(field));
        }
        if (aggregation->label != NULL) json_object_set_new(parameters, "customLabel", json_string(aggregation->label));
        ASSERT(place != NULL && (number > 1 || value)); /* terms are ordered by the first */
        json_t *one = json_pack("{s:o,s:b,s:s,s:s,s:o}", "id", json_sprintf("%d", number), "enabled", 1, "type", type,
                                "schema", place, "params", parameters);
        ASSERT(one != NULL && json_array_append_new(aggregations, one) == 0);
    }
    return aggregations;
}

/* --- objects -------------------------------------------------------------------------------------------------------- */

/* The text of a tree, which is given away. */
static json_t *as_text(json_t *tree) {
    char *text = json_dumps(tree, JSON_COMPACT);
    ASSERT(text != NULL);
    json_t *string = json_string(text);
    free(text);
    json_decref(tree);
    return string;
}

/* Attributes and references are given away. */
static void write_object(const struct dashboards *dashboards, const char *type, const char *id, const char *version,
                         json_t *attributes, json_t *references) {
    json_t *object = json_pack("{s:o,s:s,s:{s:s},s:o,s:s}", "attributes", attributes, "id", id, "migrationVersion",
                               type, version, "references", references, "type", type);
    ASSERT(object != NULL);
    json_dumpf(object, dashboards->out, JSON_COMPACT);
    fputc('\n', dashboards->out);
    json_decref(object);
}

static json_t *reference(const char *name, const char *type, const char *id) {
    return json_pack("{s:s,s:s,s:s}", "id", id, "name", name, "type", type);
}

static void write_index_pattern(const struct dashboards *dashboards, const char *title) {
    const struct dashboard_fields *fields = &dashboards->fields;
    json_t *formats = json_object(); /* numbers that are names: without commas */
    json_object_set_new(formats, fields->names[DASHBOARD_AS_NUMBER],
                        json_pack("{s:s,s:{s:s}}", "id", "number", "params", "pattern", "0"));
    json_t *attributes = json_pack("{s:s,s:s,s:o,s:o}", "title", title, "timeFieldName", fields->names[DASHBOARD_TIME],
                                   "fields", as_text(json_incref(fields->specs)), "fieldFormatMap", as_text(formats));
    write_object(dashboards, "index-pattern", dashboards->pattern_id, INDEX_PATTERN_VERSION, attributes, json_array());
}

static void panel_id(const struct dashboards *dashboards, const struct panel *panel, char id[PANEL_ID_BYTES]) {
    snprintf(id, PANEL_ID_BYTES, "%s-%s", dashboards->pattern_id, panel->id);
}

static void write_panel(const struct dashboards *dashboards, const struct panel *panel) {
    char id[PANEL_ID_BYTES];
    panel_id(dashboards, panel, id);
    json_t *title = json_sprintf("[%s] %s", dashboards->name, panel->title), *references = json_array();
    json_t *search = json_pack("{s:o,s:[]}", "query", query_of(dashboards, panel->only), "filter");
    if (panel->look != LOOK_TEXT) {
        json_object_set_new(search, "indexRefName", json_string(SEARCH_SOURCE_REFERENCE));
        json_array_append_new(references, reference(SEARCH_SOURCE_REFERENCE, "index-pattern", dashboards->pattern_id));
    }
    json_t *state = json_pack("{s:O,s:s,s:o,s:o}", "title", title, "type", looks[panel->look].type, "aggs",
                              aggregations_of(dashboards, panel), "params", parameters_of(panel));
    json_t *attributes = json_pack("{s:o,s:s,s:{s:o},s:s,s:i,s:o}", "title", title, "description", panel->about,
                                   "kibanaSavedObjectMeta", "searchSourceJSON", as_text(search), "uiStateJSON", "{}",
                                   "version", 1, "visState", as_text(state));
    write_object(dashboards, "visualization", id, VISUALIZATION_VERSION, attributes, references);
}

/* The first row that is free in all of these columns. */
static int free_row(const int below[DASHBOARD_WIDTH], int x, int width) {
    int row = 0;
    for (int at = x; at < x + width; at++) row = below[at] > row ? below[at] : row;
    return row;
}

/* As high as it can stand, and there as far to the left. `below`: the first free row, by column. */
static json_t *place_of(const struct panel *panel, int below[DASHBOARD_WIDTH]) {
    int x = 0, width = panel->width;
    for (int at = width; at + width <= DASHBOARD_WIDTH; at += width)
        if (free_row(below, at, width) < free_row(below, x, width)) x = at;
    int y = free_row(below, x, width);
    for (int at = x; at < x + width; at++) below[at] = y + panel->height;
    return json_pack("{s:i,s:i,s:i,s:i}", "x", x, "y", y, "w", width, "h", panel->height);
}

static void write_dashboard(const struct dashboards *dashboards) {
    json_t *panels = json_array(), *references = json_array();
    int below[DASHBOARD_WIDTH] = {0};
    for (uint32_t i = 0; i < dashboard_panels_count; i++) {
        const struct panel *panel = &dashboard_panels[i];
        char id[PANEL_ID_BYTES], name[32], index[16];
        panel_id(dashboards, panel, id);
        snprintf(name, sizeof name, "panel_%u", i);
        snprintf(index, sizeof index, "%u", i + 1);
        json_t *place = place_of(panel, below);
        json_object_set_new(place, "i", json_string(index));
        json_array_append_new(panels, json_pack("{s:s,s:o,s:s,s:{},s:s,s:s}", "version", "2.0.0", "gridData", place,
                                                "panelIndex", index, "embeddableConfig", "panelRefName", name, "title",
                                                panel->title));
        json_array_append_new(references, reference(name, "visualization", id));
    }
    json_t *search = json_pack("{s:{s:s,s:s},s:[]}", "query", "query", "", "language", "lucene", "filter");
    json_t *title = json_sprintf("[%s] Where clients come from", dashboards->name);
    json_t *attributes = json_pack(
        "{s:o,s:i,s:s,s:o,s:o,s:i,s:b,s:s,s:s,s:{s:o}}", "title", title, "hits", 0, "description",
        "Made by wherefrom template --dashboards", "panelsJSON", as_text(panels), "optionsJSON",
        as_text(json_pack("{s:b,s:b}", "useMargins", 1, "hidePanelTitles", 0)), "version", 1, "timeRestore", 1,
        "timeFrom", "now-30d", "timeTo", "now", "kibanaSavedObjectMeta", "searchSourceJSON", as_text(search));
    write_object(dashboards, "dashboard", dashboards->pattern_id, DASHBOARD_VERSION, attributes, references);
}

void dashboards_write(const struct index_template_request *request, FILE *out) {
    struct dashboards dashboards = {.name = request->name, .out = out};
    char title[INDEX_PATTERN_BYTES];
    index_template_pattern(request, title);
    snprintf(dashboards.pattern_id, sizeof dashboards.pattern_id, "wherefrom-%s", request->name);
    dashboard_fields_init(&dashboards.fields, request->schema);
    write_index_pattern(&dashboards, title);
    for (uint32_t i = 0; i < dashboard_panels_count; i++) write_panel(&dashboards, &dashboard_panels[i]);
    write_dashboard(&dashboards);
    dashboard_fields_destroy(&dashboards.fields);
}
