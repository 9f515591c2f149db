declare const brand: unique symbol;
/** An IP address in canonical text. IPv4-mapped IPv6 has become IPv4. Only {@link parseIpAddress} makes one. */
export type IpAddress = string & { readonly [brand]: 'IpAddress' };

/** A range of addresses in canonical form: the host bits are zero. */
export interface Netblock {
  readonly family: 4 | 6;
  readonly address: IpAddress;
  readonly length: number;
}
