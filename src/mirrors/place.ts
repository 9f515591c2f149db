/** Where an address is, as far as is known. */
export interface Place {
  /** ISO 3166-1 alpha-2, upper case. */
  readonly country?: string;
  /** AF, AN, AS, EU, NA, OC or SA. */
  readonly continent?: string;
  readonly asn?: number;
  /** Degrees. */
  readonly latitude?: number;
  readonly longitude?: number;
  /** What said so, for people: "pinned netblock 192.0.2.0/24", "country database". */
  readonly source: string;
}
