import type { Netblock } from './address.ts';

declare const brand: unique symbol;
/** A mirror's number in the registry. */
export type MirrorId = number & { readonly [brand]: 'MirrorId' };

/** A mirror as its operator describes it. */
export interface NewMirror {
  /** Short, unique, for people: `uni-example`. */
  readonly name: string;
  /** Where its copy of the tree is, without a slash at the end: `https://mirror.example.org/images`. */
  readonly url: string;
  /** ISO 3166-1 alpha-2, upper case. */
  readonly country: string;
  /** Degrees. Without it, the country's middle is taken. */
  readonly coordinates?: { readonly latitude: number; readonly longitude: number };
  readonly asns: readonly number[];
  /** A public mirror is preferred for these; a private mirror serves nobody else. */
  readonly netblocks: readonly Netblock[];
  /** Its share against others of its tier; in Mbit/s by habit. 1 to 1,000,000. */
  readonly weight: number;
  readonly private: boolean;
  /** Repositories that it carries: names, or prefixes ending in `/*`. Empty means all. */
  readonly repositories: readonly string[];
  /** Countries that it serves, in every tier. Empty means all. */
  readonly onlyCountries: readonly string[];
  readonly enabled: boolean;
}

export interface Mirror extends NewMirror {
  readonly id: MirrorId;
}
