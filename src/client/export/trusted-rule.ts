import type { MetadataFormat } from '../../trust/metadata-file.ts';
import type { SignatureFormat } from '../../trust/signature-format.ts';

/** The keys of one rule of the configuration. */
export interface TrustedRule {
  /** A repository name, or a prefix ending in "/*", or "*" for all. */
  readonly match: string;
  readonly formats: readonly SignatureFormat[];
  /** What has to name each tag beside its signatures. */
  readonly metadata: readonly MetadataFormat[];
  readonly threshold: number;
  /** All OpenPGP keys in one ring: clients of before 2022 read one file alone. */
  readonly openpgp: Uint8Array;
  /** Keys in PEM, one each: clients read the first of a file alone. */
  readonly cosign: readonly string[];
  /** Bytes of the certificate files, as they are. */
  readonly notation: readonly Uint8Array[];
}

/** A rule with the name that its files have. */
export type NamedRule = TrustedRule & { readonly name: string };

/** The first rule that matches counts; clients take the most particular one. What an earlier rule covers is left out. */
export function nameRules(rules: readonly TrustedRule[]): readonly NamedRule[] {
  return rules
    .filter(({ match }, index) => !rules.slice(0, index).some((earlier) => covers(earlier.match, match)))
    .map((rule, index) => ({ ...rule, name: nameOf(rule.match, index) }));
}

/** The scope of policy.json for a rule's pattern: a namespace stands for everything below it. */
export function scopeOf(registry: string, match: string): string {
  return match === '*' ? registry : `${registry}/${match.replace(/\/\*$/, '')}`;
}

function covers(earlier: string, later: string): boolean {
  if (earlier === '*' || earlier === later) return true;
  return earlier.endsWith('/*') && later.startsWith(earlier.slice(0, -1));
}

function nameOf(match: string, index: number): string {
  const words = match.replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-|-$/g, '');
  return `signpost-${index + 1}${words === '' ? '' : `-${words}`}`;
}
