/** A country as routing sees it. */
export interface Country {
  /** ISO 3166-1 alpha-2, upper case. */
  readonly code: string;
  /** AF, AN, AS, EU, NA, OC or SA. */
  readonly continent: string;
  /** Of its middle, in degrees. */
  readonly latitude: number;
  readonly longitude: number;
}

/** The country with this ISO 3166-1 alpha-2 code in upper case, if there is one. */
export function findCountry(code: string): Country | undefined {
  return countries.get(code);
}

/** All codes, in alphabetical order. */
export function countryCodes(): readonly string[] {
  return [...countries.keys()].toSorted();
}

/**
 * ISO 3166-1 alpha-2 codes with the latitude and longitude of each country's middle, to about a degree, by continent.
 * Countries in two continents are where GeoNames and the usual address databases put them: Russia and Cyprus in
 * Europe, Turkey and the Caucasus in Asia, Egypt in Africa. Where one number cannot do justice (Russia, the United
 * States, Canada), the middle is moved towards where the people are. XK is not in ISO 3166-1 (it is one of the codes
 * left free for users), but the databases give it to Kosovo's addresses.
 */
const byContinent = {
  AF: `
    AO -12.3 17.5  BF 12.3 -1.6   BI -3.4 29.9   BJ 9.5 2.3     BW -22.3 24.7  CD -2.9 23.6   CF 6.6 20.9
    CG -0.7 15.2   CI 7.5 -5.5    CM 5.7 12.7    CV 15.9 -24.0  DJ 11.8 42.6   DZ 28.2 2.6    EG 26.8 30.8
    EH 24.2 -12.9  ER 15.2 39.8   ET 9.1 40.5    GA -0.8 11.6   GH 8.0 -1.0    GM 13.4 -15.3  GN 10.4 -10.9
    GQ 1.6 10.4    GW 11.8 -15.2  KE 0.5 37.9    KM -11.9 43.9  LR 6.4 -9.4    LS -29.6 28.2  LY 26.9 17.8
    MA 31.8 -7.1   MG -18.9 46.9  ML 17.6 -4.0   MR 20.3 -10.3  MU -20.3 57.6  MW -13.3 34.3  MZ -18.3 35.0
    NA -22.6 17.1  NE 17.6 8.1    NG 9.1 8.1     RE -21.1 55.5  RW -1.9 29.9   SC -4.7 55.5   SD 15.6 30.2
    SH -15.9 -5.7  SL 8.5 -11.8   SN 14.5 -14.5  SO 5.2 46.2    SS 7.3 30.3    ST 0.2 6.6     SZ -26.5 31.5
    TD 15.5 18.7   TG 8.6 0.8     TN 34.1 9.6    TZ -6.4 34.9   UG 1.4 32.3    YT -12.8 45.2  ZA -29.0 25.1
    ZM -13.1 27.8  ZW -19.0 29.2`,
  AN: `
    AQ -82.9 0.0   BV -54.4 3.4   GS -54.4 -36.6 HM -53.1 73.5  TF -49.3 69.3`,
  AS: `
    AE 23.9 54.3   AF 33.9 67.7   AM 40.3 45.0   AZ 40.3 47.7   BD 23.8 90.2   BH 26.0 50.5   BN 4.5 114.7
    BT 27.4 90.4   CC -12.2 96.8  CN 35.0 108.0  CX -10.5 105.7 GE 42.2 43.5   HK 22.3 114.2  ID -2.2 117.3
    IL 31.4 35.0   IN 22.9 79.6   IO -6.3 71.9   IQ 33.0 43.8   IR 32.6 54.3   JO 31.3 36.8   JP 36.6 138.0
    KG 41.5 74.6   KH 12.7 104.9  KP 40.2 127.2  KR 36.4 127.8  KW 29.3 47.6   KZ 48.2 67.3   LA 18.5 103.8
    LB 33.9 35.9   LK 7.6 80.7    MM 21.2 96.5   MN 46.8 103.1  MO 22.2 113.5  MV 3.7 73.2    MY 3.8 109.7
    NP 28.2 83.9   OM 20.6 56.1   PH 11.8 122.9  PK 29.9 69.3   PS 31.9 35.2   QA 25.3 51.2   SA 24.1 44.5
    SG 1.35 103.8  SY 35.0 38.5   TH 15.1 101.0  TJ 38.5 71.0   TM 39.1 59.4   TR 39.1 35.2   TW 23.8 121.0
    UZ 41.8 63.1   VN 16.6 106.3  YE 15.9 47.6`,
  EU: `
    AD 42.5 1.6    AL 41.1 20.1   AT 47.6 14.1   AX 60.2 20.0   BA 44.2 17.8   BE 50.6 4.6    BG 42.8 25.2
    BY 53.5 28.0   CH 46.8 8.2    CY 35.0 33.2   CZ 49.7 15.3   DE 51.1 10.4   DK 56.0 10.0   EE 58.7 25.5
    ES 40.2 -3.6   FI 63.0 26.0   FO 62.1 -6.9   FR 46.6 2.5    GB 53.0 -1.8   GG 49.5 -2.6   GI 36.1 -5.3
    GR 39.1 22.9   HR 45.1 16.4   HU 47.2 19.4   IE 53.2 -8.1   IM 54.2 -4.5   IS 65.0 -18.6  IT 42.8 12.1
    JE 49.2 -2.1   LI 47.1 9.5    LT 55.3 23.9   LU 49.8 6.1    LV 56.9 24.9   MC 43.7 7.4    MD 47.2 28.5
    ME 42.8 19.2   MK 41.6 21.7   MT 35.9 14.4   NL 52.2 5.5    NO 62.0 9.5    PL 52.1 19.4   PT 39.6 -8.5
    RO 45.9 25.0   RS 44.2 20.8   RU 55.5 45.0   SE 60.5 15.5   SI 46.1 14.8   SJ 78.2 16.0   SK 48.7 19.5
    SM 43.9 12.5   UA 49.0 31.4   VA 41.9 12.5   XK 42.6 20.9`,
  NA: `
    AG 17.1 -61.8  AI 18.2 -63.1  AW 12.5 -70.0  BB 13.2 -59.6  BL 17.9 -62.8  BM 32.3 -64.8  BQ 12.2 -68.3
    BS 24.3 -76.6  BZ 17.2 -88.7  CA 47.0 -85.0  CR 10.0 -84.2  CU 21.6 -79.0  CW 12.2 -69.0  DM 15.4 -61.4
    DO 18.9 -70.5  GD 12.1 -61.7  GL 68.0 -45.0  GP 16.2 -61.5  GT 15.7 -90.4  HN 14.8 -86.6  HT 19.0 -72.7
    JM 18.2 -77.3  KN 17.3 -62.7  KY 19.3 -81.2  LC 13.9 -61.0  MF 18.1 -63.1  MQ 14.7 -61.0  MS 16.7 -62.2
    MX 22.5 -101.0 NI 12.8 -85.0  PA 8.5 -80.1   PM 46.9 -56.3  PR 18.2 -66.5  SV 13.7 -88.9  SX 18.0 -63.1
    TC 21.8 -71.8  TT 10.5 -61.3  US 39.0 -95.0  VC 13.2 -61.2  VG 18.5 -64.5  VI 18.0 -64.8`,
  OC: `
    AS -14.3 -170.7 AU -29.0 143.0 CK -21.2 -159.8 FJ -17.8 178.0 FM 6.9 158.2   GU 13.4 144.8  KI 1.4 173.0
    MH 7.1 171.2   MP 15.2 145.7  NC -21.3 165.7 NF -29.0 168.0 NR -0.5 166.9  NU -19.1 -169.9 NZ -40.5 174.0
    PF -17.6 -149.5 PG -6.5 145.2 PN -24.4 -128.3 PW 7.5 134.6  SB -9.3 160.0  TK -9.2 -171.8 TL -8.8 125.9
    TO -21.2 -175.2 TV -8.5 179.2 UM 19.3 166.6  VU -16.2 167.7 WF -13.8 -177.2 WS -13.8 -172.1`,
  SA: `
    AR -34.5 -63.0 BO -16.7 -64.7 BR -14.2 -48.0 CL -34.5 -71.0 CO 4.0 -73.5   EC -1.4 -78.8  FK -51.7 -59.4
    GF 4.0 -53.1   GY 4.8 -58.9   PE -9.2 -75.6  PY -23.4 -58.4 SR 4.1 -55.9   UY -32.8 -56.0 VE 7.1 -66.2`,
};

const countries: ReadonlyMap<string, Country> = new Map(
  Object.entries(byContinent).flatMap(
    ([continent, rows]) =>
      rows
        .match(/\S+/g)
        ?.flatMap((code, at, words) =>
          at % 3 === 0
            ? [
                [
                  code,
                  { code, continent, latitude: Number(words[at + 1]), longitude: Number(words[at + 2]) },
                ] as const,
              ]
            : [],
        ) ?? [],
  ),
);
