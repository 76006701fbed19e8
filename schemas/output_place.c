/* Where a client is, in the nested output schemas: ECS names below the object that stands for the client.
 *
 * Threads: constants. */
#include "schemas/output.h"
#include "schemas/place.h"

const struct output_field output_place_nested[] = {
    {"geo.country_iso_code", VALUE_PLACE_TEXT, TYPE_KEYWORD, NULL, PLACE_COUNTRY_ISO_CODE},
    {"geo.country_name", VALUE_PLACE_TEXT, TYPE_KEYWORD, NULL, PLACE_COUNTRY_NAME},
    {"geo.continent_code", VALUE_PLACE_TEXT, TYPE_KEYWORD, NULL, PLACE_CONTINENT_CODE},
    {"geo.continent_name", VALUE_PLACE_TEXT, TYPE_KEYWORD, NULL, PLACE_CONTINENT_NAME},
    {"geo.region_iso_code", VALUE_PLACE_TEXT, TYPE_KEYWORD, NULL, PLACE_REGION_ISO_CODE},
    {"geo.region_name", VALUE_PLACE_TEXT, TYPE_KEYWORD, NULL, PLACE_REGION_NAME},
    {"geo.city_name", VALUE_PLACE_TEXT, TYPE_KEYWORD, NULL, PLACE_CITY_NAME},
    {"geo.postal_code", VALUE_PLACE_TEXT, TYPE_KEYWORD, NULL, PLACE_POSTAL_CODE},
    {"geo.timezone", VALUE_PLACE_TEXT, TYPE_KEYWORD, NULL, PLACE_TIMEZONE},
    {"geo.location", VALUE_PLACE_LOCATION, TYPE_GEO_POINT, NULL, 0},
    {"geo.accuracy", VALUE_PLACE_ACCURACY, TYPE_KEYWORD, NULL, 0},
    {"as.number", VALUE_PLACE_AS_NUMBER, TYPE_LONG, NULL, 0},
    {"as.organization.name", VALUE_PLACE_TEXT, TYPE_KEYWORD, NULL, PLACE_AS_ORGANIZATION},
    {"as.isp", VALUE_PLACE_TEXT, TYPE_KEYWORD, NULL, PLACE_ISP},
    {"as.isp_organization", VALUE_PLACE_TEXT, TYPE_KEYWORD, NULL, PLACE_ISP_ORGANIZATION},
    {"anonymous.any", VALUE_PLACE_MARK, TYPE_BOOLEAN, NULL, PLACE_ANONYMOUS},
    {"anonymous.vpn", VALUE_PLACE_MARK, TYPE_BOOLEAN, NULL, PLACE_ANONYMOUS_VPN},
    {"anonymous.hosting_provider", VALUE_PLACE_MARK, TYPE_BOOLEAN, NULL, PLACE_HOSTING_PROVIDER},
    {"anonymous.public_proxy", VALUE_PLACE_MARK, TYPE_BOOLEAN, NULL, PLACE_PUBLIC_PROXY},
    {"anonymous.residential_proxy", VALUE_PLACE_MARK, TYPE_BOOLEAN, NULL, PLACE_RESIDENTIAL_PROXY},
    {"anonymous.tor_exit_node", VALUE_PLACE_MARK, TYPE_BOOLEAN, NULL, PLACE_TOR_EXIT_NODE},
};

const uint16_t output_place_nested_count = sizeof output_place_nested / sizeof output_place_nested[0];
