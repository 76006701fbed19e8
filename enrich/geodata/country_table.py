"""The countries the default database may name: code, number, continent, and where a shape must be sought.

Codes and numbers are those of ISO 3166-1 (the numbers are the United Nations' M49 codes); continents are the
seven that GeoNames and MaxMind use, so that a record reads the same whichever database gave it: RU and CY are in
EU, TR and KZ in AS, EG in AF. One table by hand, since a package for 250 facts that rarely change would be one
more thing to pin and to trust. XK (Kosovo) is no ISO code; the registries' data and MaxMind use it all the same.
"""

_BY_CONTINENT = {
    "AF": """
        AO024 BF854 BI108 BJ204 BW072 CD180 CF140 CG178 CI384 CM120 CV132 DJ262 DZ012 EG818
        EH732 ER232 ET231 GA266 GH288 GM270 GN324 GQ226 GW624 KE404 KM174 LR430 LS426 LY434
        MA504 MG450 ML466 MR478 MU480 MW454 MZ508 NA516 NE562 NG566 RE638 RW646 SC690 SD729
        SH654 SL694 SN686 SO706 SS728 ST678 SZ748 TD148 TG768 TN788 TZ834 UG800 YT175 ZA710
        ZM894 ZW716
        """,
    "AN": """
        AQ010 BV074 GS239 HM334 TF260
        """,
    "AS": """
        AE784 AF004 AM051 AZ031 BD050 BH048 BN096 BT064 CC166 CN156 GE268 HK344 ID360 IL376
        IN356 IO086 IQ368 IR364 JO400 JP392 KG417 KH116 KP408 KR410 KW414 KZ398 LA418 LB422
        LK144 MM104 MN496 MO446 MV462 MY458 NP524 OM512 PH608 PK586 PS275 QA634 SA682 SG702
        SY760 TH764 TJ762 TM795 TR792 TW158 UZ860 VN704 YE887
        """,
    "EU": """
        AD020 AL008 AT040 AX248 BA070 BE056 BG100 BY112 CH756 CY196 CZ203 DE276 DK208 EE233
        ES724 FI246 FO234 FR250 GB826 GG831 GI292 GR300 HR191 HU348 IE372 IM833 IS352 IT380
        JE832 LI438 LT440 LU442 LV428 MC492 MD498 ME499 MK807 MT470 NL528 NO578 PL616 PT620
        RO642 RS688 RU643 SE752 SI705 SJ744 SK703 SM674 UA804 VA336 XK
        """,
    "NA": """
        AG028 AI660 AW533 BB052 BL652 BM060 BQ535 BS044 BZ084 CA124 CR188 CU192 CW531 DM212
        DO214 GD308 GL304 GP312 GT320 HN340 HT332 JM388 KN659 KY136 LC662 MF663 MQ474 MS500
        MX484 NI558 PA591 PM666 PR630 SV222 SX534 TC796 TT780 US840 VC670 VG092 VI850
        """,
    "OC": """
        AS016 AU036 CK184 CX162 FJ242 FM583 GU316 KI296 MH584 MP580 NC540 NF574 NR520 NU570
        NZ554 PF258 PG598 PN612 PW585 SB090 TK772 TL626 TO776 TV798 UM581 VU548 WF876 WS882
        """,
    "SA": """
        AR032 BO068 BR076 CL152 CO170 EC218 FK238 GF254 GY328 PE604 PY600 SR740 UY858 VE862
        """,
}

# {"GB": ("826", "EU"), ...}; the number is "" where ISO gave none.
COUNTRIES = {row[:2]: (row[2:], continent) for continent, rows in _BY_CONTINENT.items() for row in rows.split()}

# Natural Earth draws these without the ISO number.
SHAPE_NAMES = {"XK": "Kosovo"}

# Too small for Natural Earth: the Vatican's shape is a line of 200 m. This is a point of that line.
POINTS = {"VA": (41.903, 12.454)}

# Natural Earth draws these as pieces of the state they belong to. The place (latitude, longitude) finds the piece: the
# polygon around it, or else the one whose shore is nearest. Places: The World Factbook (public domain; GF, GP, MQ, RE
# and YT: its editions before 2007), "Geographic coordinates"; SJ and CC are their capitals there, as the mean of their
# islands is at sea; BQ, which has no entry, is Bonaire.
PLACES = {
    "BQ": (12.18, -68.25),
    "BV": (-54.43, 3.40),
    "CC": (-12.17, 96.83),
    "CX": (-10.50, 105.67),
    "GF": (4.00, -53.00),
    "GP": (16.25, -61.58),
    "MQ": (14.67, -61.00),
    "RE": (-21.10, 55.60),
    "SJ": (78.22, 15.63),
    "TK": (-9.00, -172.00),
    "YT": (-12.83, 45.17),
}
