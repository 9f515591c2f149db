import type { Digest } from '../oci/digest.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { IpAddress } from '../net/address.ts';
import { type CompiledMirror, carries } from './compiled-mirror.ts';
import type { Mirror, MirrorId } from './mirror.ts';
import type { MirrorState } from './mirror-state.ts';
import { formatNetblock } from '../net/netblock.ts';
import type { Place } from './place.ts';
import { speaksScheme, usableUrl } from './usable-url.ts';

/** Who asks. */
export interface Client {
  readonly address: IpAddress;
  /** Whether it came over https: it is then sent to https mirrors only. */
  readonly secure: boolean;
  readonly place: Place;
  /** Mirrors that it said it does not want. */
  readonly avoided?: readonly MirrorId[];
}

/** What is asked for. */
export interface WantedBlob {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  /** The publication that brought the blob. */
  readonly serial: number;
  /** Whether several parts of it are wanted at once: not every web server can send them. */
  readonly severalParts?: boolean;
}

export type RejectionReason =
  | 'disabled'
  | 'not-approved'
  | 'repository-not-carried'
  | 'unhealthy'
  | 'behind'
  | 'private'
  | 'country-not-served'
  | 'scheme'
  | 'address-family'
  | 'several-parts'
  | 'just-tried'
  | 'avoided';

/** A mirror that the request is not sent to, and why. */
export interface RejectedMirror {
  readonly mirror: Mirror;
  readonly reason: RejectionReason;
  /** The reason in a sentence, for people. Made when it is asked for. */
  detail(): string;
}

/** What eligibility is judged by. */
export interface Request {
  readonly client: Client;
  readonly family: 4 | 6;
  readonly blob: WantedBlob;
  readonly tried: readonly MirrorId[];
}

/**
 * Why the mirror cannot be had for this request; undefined when it can.
 * @param ownNetblock whether the client is in one of the mirror's netblocks
 */
export function rejectionOf(
  mirror: CompiledMirror,
  state: MirrorState | undefined,
  request: Request,
  ownNetblock: boolean,
): RejectionReason | undefined {
  const { client, family, blob, tried } = request;
  const { enabled, approved, kind, id } = mirror.mirror;
  if (!enabled) return 'disabled';
  if (!approved) return 'not-approved';
  if (!carries(mirror, blob.repository)) return 'repository-not-carried';
  if (state?.healthy !== true) return 'unhealthy';
  if (kind !== 'always-current' && state.serial < blob.serial) return 'behind';
  if (kind === 'private' && !ownNetblock) return 'private';
  if (!servesCountry(mirror, client.place.country)) return 'country-not-served';
  if (usableUrl(mirror, state, { family, secure: client.secure }) === undefined) {
    return speaksScheme(mirror, state, client.secure) ? 'address-family' : 'scheme';
  }
  if (blob.severalParts === true && state.severalParts !== true) return 'several-parts';
  if (tried.includes(id)) return 'just-tried';
  if (client.avoided?.includes(id) === true) return 'avoided';
  return undefined;
}

/** A country that is not known is not one of those that a mirror with a country limit serves, nor one excepted. */
function servesCountry(
  { onlyCountries, exceptCountries }: CompiledMirror,
  country: string | undefined,
): boolean {
  if (country === undefined) return onlyCountries === undefined;
  return onlyCountries?.has(country) !== false && exceptCountries?.has(country) !== true;
}

/** Makes the record of a rejection. One small object: its sentence is made only when somebody reads it. */
export function reject(
  reason: RejectionReason,
  { mirror }: CompiledMirror,
  state: MirrorState | undefined,
  request: Request,
): RejectedMirror {
  return new Rejection(reason, mirror, state, request);
}

class Rejection implements RejectedMirror {
  readonly mirror: Mirror;
  readonly reason: RejectionReason;
  readonly #state: MirrorState | undefined;
  readonly #request: Request;

  constructor(reason: RejectionReason, mirror: Mirror, state: MirrorState | undefined, request: Request) {
    this.mirror = mirror;
    this.reason = reason;
    this.#state = state;
    this.#request = request;
  }

  detail(): string {
    return describe(this.reason, this.mirror, this.#state, this.#request);
  }
}

function describe(
  reason: RejectionReason,
  mirror: Mirror,
  state: MirrorState | undefined,
  { client, family, blob }: Request,
): string {
  switch (reason) {
    case 'disabled':
      return 'the operator has disabled it';
    case 'not-approved':
      return 'no operator has approved it yet';
    case 'repository-not-carried':
      return `it does not carry ${blob.repository}, only ${mirror.repositories.join(', ')}`;
    case 'unhealthy':
      return state === undefined ? 'it has not been probed yet' : (state.reason ?? 'its last probe failed');
    case 'behind':
      return state?.serial === 0
        ? 'it is not known what it holds: its publication.json has not been read'
        : `it holds publications up to ${state?.serial ?? 0}, and the blob came with ${blob.serial}`;
    case 'private':
      return `it is private, and ${client.address} is not in ${mirror.netblocks.map(formatNetblock).join(', ')}`;
    case 'country-not-served':
      return `it serves ${describeCountries(mirror)}, and the client is in ${client.place.country ?? 'an unknown country'}`;
    case 'scheme':
      return mirror.urls.some((url) => url.startsWith('https:'))
        ? 'the client came over https, and the mirror does not answer over it'
        : 'the client came over https, and the mirror is http only';
    case 'address-family':
      return `the client came over IPv${family}, and the mirror cannot be reached over it`;
    case 'several-parts':
      return 'several parts are asked for at once, and it is not known to send them (multipart/byteranges)';
    case 'just-tried':
      return 'the client was sent there a moment ago and is asking again';
    case 'avoided':
      return 'the client said that it does not want it';
  }
}

function describeCountries({ onlyCountries, exceptCountries }: Mirror): string {
  const only = onlyCountries.length === 0 ? 'every country' : `${onlyCountries.join(', ')} only`;
  return exceptCountries.length === 0 ? only : `${only} and never ${exceptCountries.join(', ')}`;
}
