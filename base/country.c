/* The codes that ISO 3166-1 assigns, 249 of them as of 2026, and XK, which the standard leaves to its users and databases use for Kosovo.
 *
 * Threads: pure functions. */
#include "base/country.h"

#define STEP 3u /* bytes from one code to the next */

static const char codes[] = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE "
                            "BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD "
                            "CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM "
                            "DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF "
                            "GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU "
                            "ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN "
                            "KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME "
                            "MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA "
                            "NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM "
                            "PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI "
                            "SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK "
                            "TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI "
                            "VN VU WF WS YE YT ZA ZM ZW ";
static const struct slice all = {codes, sizeof codes - 1};

uint16_t country_iso(uint32_t index) {
    return index < all.len / STEP ? country_number((struct slice){codes + (size_t)STEP * index, 2}) : COUNTRY_NONE;
}

bool country_is_known(uint16_t number) {
    uint32_t first = 0, behind = (uint32_t)all.len / STEP;
    while (first < behind) {
        uint32_t middle = (first + behind) / 2;
        uint16_t found = country_iso(middle);
        if (found == number) return true;
        if (found < number)
            first = middle + 1;
        else
            behind = middle;
    }
    return number == COUNTRY_KOSOVO;
}
