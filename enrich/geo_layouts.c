/* The layouts of the databases that people have, one row per place value and path.
 *
 * Two suffice: MaxMind's nested records, which DB-IP and our own database follow, and flat records of texts
 * (IPinfo, ip-location-db), whose keys do not contradict each other. A product with another key for a known
 * value needs one row here. `registered_country` says who has an address, not where it is: a doubt, if they differ.
 * Of `represented_country`, whose embassy has it, nothing is taken.
 *
 * Threads: constants. */
#include "enrich/geo_layouts.h"

#include "schemas/place.h"

/* The GeoIP products' documentation at dev.maxmind.com, "Database binary schemas" */
static const struct geo_row maxmind_rows[] = {
    {GEO_CODE, PLACE_COUNTRY_ISO_CODE, {"country", "iso_code"}},
    {GEO_TEXT, PLACE_COUNTRY_NAME, {"country", "names", "en"}},
    {GEO_CODE, PLACE_CONTINENT_CODE, {"continent", "code"}},
    {GEO_TEXT, PLACE_CONTINENT_NAME, {"continent", "names", "en"}},
    {GEO_SUBDIVISION, PLACE_REGION_ISO_CODE, {"subdivisions", "0", "iso_code"}},
    {GEO_TEXT, PLACE_REGION_NAME, {"subdivisions", "0", "names", "en"}},
    {GEO_TEXT, PLACE_CITY_NAME, {"city", "names", "en"}},
    {GEO_TEXT, PLACE_POSTAL_CODE, {"postal", "code"}},
    {GEO_TEXT, PLACE_TIMEZONE, {"location", "time_zone"}},
    {GEO_CODE, PLACE_REGISTERED_COUNTRY, {"registered_country", "iso_code"}},
    {GEO_LATITUDE, 0, {"location", "latitude"}},
    {GEO_LONGITUDE, 0, {"location", "longitude"}},
    {GEO_AS_NUMBER, 0, {"autonomous_system_number"}},
    {GEO_AS_NUMBER, 0, {"traits", "autonomous_system_number"}},
    {GEO_TEXT, PLACE_AS_ORGANIZATION, {"autonomous_system_organization"}},
    {GEO_TEXT, PLACE_AS_ORGANIZATION, {"traits", "autonomous_system_organization"}},
    {GEO_TEXT, PLACE_ISP, {"isp"}},
    {GEO_TEXT, PLACE_ISP, {"traits", "isp"}},
    {GEO_TEXT, PLACE_ISP_ORGANIZATION, {"organization"}},
    {GEO_TEXT, PLACE_ISP_ORGANIZATION, {"traits", "organization"}},
    {GEO_MARK, PLACE_ANONYMOUS, {"is_anonymous"}},
    {GEO_MARK, PLACE_ANONYMOUS, {"traits", "is_anonymous"}},
    {GEO_MARK, PLACE_ANONYMOUS_VPN, {"is_anonymous_vpn"}},
    {GEO_MARK, PLACE_ANONYMOUS_VPN, {"traits", "is_anonymous_vpn"}},
    {GEO_MARK, PLACE_HOSTING_PROVIDER, {"is_hosting_provider"}},
    {GEO_MARK, PLACE_HOSTING_PROVIDER, {"traits", "is_hosting_provider"}},
    {GEO_MARK, PLACE_PUBLIC_PROXY, {"is_public_proxy"}},
    {GEO_MARK, PLACE_PUBLIC_PROXY, {"traits", "is_public_proxy"}},
    {GEO_MARK, PLACE_RESIDENTIAL_PROXY, {"is_residential_proxy"}},
    {GEO_MARK, PLACE_RESIDENTIAL_PROXY, {"traits", "is_residential_proxy"}},
    {GEO_MARK, PLACE_TOR_EXIT_NODE, {"is_tor_exit_node"}},
    {GEO_MARK, PLACE_TOR_EXIT_NODE, {"traits", "is_tor_exit_node"}},
    {GEO_MARK, PLACE_ANYCAST_NETWORK, {"traits", "is_anycast"}},
};

/* clang-format off */
static const char *const maxmind_types[] = {
    "GeoLite2-", "GeoIP2-City", "GeoIP2-Country", "GeoIP2-Enterprise", "GeoIP2-Precision", "GeoIP2-ISP",
    "GeoIP2-Anonymous", "GeoIP-Anonymous", "DBIP-", "wherefrom-", NULL};
/* clang-format on */

/* IPinfo's schemas per download, and the column names that ip-location-db gives its .mmdb files */
static const struct geo_row flat_rows[] = {
    {GEO_CODE, PLACE_COUNTRY_ISO_CODE, {"country_code"}},
    {GEO_CODE, PLACE_COUNTRY_ISO_CODE, {"country"}},
    {GEO_NAME, PLACE_COUNTRY_NAME, {"country_name"}},
    {GEO_NAME, PLACE_COUNTRY_NAME, {"country"}},
    {GEO_CODE, PLACE_CONTINENT_CODE, {"continent_code"}},
    {GEO_CODE, PLACE_CONTINENT_CODE, {"continent"}},
    {GEO_NAME, PLACE_CONTINENT_NAME, {"continent_name"}},
    {GEO_NAME, PLACE_CONTINENT_NAME, {"continent"}},
    {GEO_SUBDIVISION, PLACE_REGION_ISO_CODE, {"region_code"}},
    {GEO_TEXT, PLACE_REGION_NAME, {"region"}},
    {GEO_TEXT, PLACE_REGION_NAME, {"state1"}},
    {GEO_TEXT, PLACE_REGION_NAME, {"state2"}},
    {GEO_TEXT, PLACE_CITY_NAME, {"city"}},
    {GEO_TEXT, PLACE_POSTAL_CODE, {"postal_code"}},
    {GEO_TEXT, PLACE_POSTAL_CODE, {"postal"}},
    {GEO_TEXT, PLACE_POSTAL_CODE, {"postcode"}},
    {GEO_TEXT, PLACE_TIMEZONE, {"timezone"}},
    {GEO_LATITUDE, 0, {"latitude"}},
    {GEO_LATITUDE, 0, {"lat"}},
    {GEO_LONGITUDE, 0, {"longitude"}},
    {GEO_LONGITUDE, 0, {"lng"}},
    {GEO_POINT, 0, {"loc"}},
    {GEO_AS_NUMBER, 0, {"autonomous_system_number"}},
    {GEO_AS_NUMBER, 0, {"asn"}},
    {GEO_TEXT, PLACE_AS_ORGANIZATION, {"autonomous_system_organization"}},
    {GEO_TEXT, PLACE_AS_ORGANIZATION, {"as_name"}},
    {GEO_TEXT, PLACE_AS_ORGANIZATION, {"name"}},
    {GEO_MARK, PLACE_ANONYMOUS, {"is_anonymous"}},
    {GEO_MARK, PLACE_ANONYMOUS_VPN, {"vpn"}},
    {GEO_MARK, PLACE_HOSTING_PROVIDER, {"hosting"}},
    {GEO_MARK, PLACE_PUBLIC_PROXY, {"proxy"}},
    {GEO_MARK, PLACE_TOR_EXIT_NODE, {"tor"}},
    {GEO_MARK, PLACE_ANYCAST_NETWORK, {"anycast"}},
    {GEO_MARK, PLACE_ANYCAST_NETWORK, {"is_anycast"}},
};

static const char *const flat_types[] = {"ipinfo ", "country ipv", "asn ipv", "city ipv", NULL};

#define ROWS(table) .rows = (table), .rows_count = sizeof(table) / sizeof(table)[0]

const struct geo_layout geo_layouts[] = {
    {.name = "MaxMind", .types = maxmind_types, ROWS(maxmind_rows)},
    {.name = "flat", .types = flat_types, ROWS(flat_rows)},
};
const size_t geo_layouts_count = sizeof geo_layouts / sizeof geo_layouts[0];

const char geo_layouts_known[] = "MaxMind GeoLite2 and GeoIP2 (City, Country, Enterprise, ASN, ISP, Anonymous-IP), "
                                 "DB-IP, IPinfo, ip-location-db and wherefrom's own";
