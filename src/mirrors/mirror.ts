import type { Netblock } from '../net/address.ts';

/** The host of a mirror's URL, without a port. */
export function hostOf(url: string): string {
  return URL.parse(url)?.hostname ?? url;
}

declare const brand: unique symbol;
/** A mirror's number in the registry. */
export type MirrorId = number & { readonly [brand]: 'MirrorId' };

/**
 * What kind of mirror it is. `public` serves everybody. `private` serves its own netblocks only and is not crawled from
 * outside. `always-current` has what the origin has at once (a CDN, a bucket): its serial is not asked for.
 */
export const mirrorKinds = ['public', 'private', 'always-current'] as const;
export type MirrorKind = (typeof mirrorKinds)[number];

/** A mirror as its operator describes it. */
export interface NewMirror {
  /** Short, unique, for people: `uni-example`. */
  readonly name: string;
  /** Who runs it, for the public list: `University of Example`. */
  readonly site?: string;
  readonly kind: MirrorKind;
  /**
   * Where its copy of the tree is, without a slash at the end: `https://mirror.example.org/images`. A client is sent to
   * the first that it can use; all of them lead to the same copy.
   */
  readonly urls: readonly [string, ...string[]];
  /** ISO 3166-1 alpha-2, upper case. */
  readonly country: string;
  /** Degrees. Without it, the country's middle is taken. */
  readonly coordinates?: { readonly latitude: number; readonly longitude: number };
  readonly asns: readonly number[];
  /** A mirror is preferred for these; a private mirror serves nobody else. */
  readonly netblocks: readonly Netblock[];
  /** Its share against others of its tier; in Mbit/s by habit. 1 to 1,000,000. */
  readonly weight: number;
  /** Repositories that it carries: names, or prefixes ending in `/*`. Empty means all. */
  readonly repositories: readonly string[];
  /** Countries that it serves, in every tier. Empty means all. */
  readonly onlyCountries: readonly string[];
  /** Countries that it does not serve, in any tier. */
  readonly exceptCountries: readonly string[];
  readonly enabled: boolean;
  /** Nobody is sent to a mirror before an operator has approved it. */
  readonly approved: boolean;
  /** Whom to ask about it: an e-mail address or a URL. For operators' eyes only. */
  readonly contact?: string;
  /** Where its contact is told that it went out or came back. For operators' eyes only: it may hold a secret. */
  readonly webhook?: string;
}

export interface Mirror extends NewMirror {
  readonly id: MirrorId;
}
