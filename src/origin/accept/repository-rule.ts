import type { RepositoryName } from '../../oci/reference.ts';
import type { FormatReader } from '../../trust/signing.ts';
import type { MetadataFormat } from '../../trust/metadata-file.ts';
import type { SignatureFormat } from '../../trust/signature-format.ts';
import type { SignaturePolicy } from '../../trust/judge-signature.ts';

/** What the operator demands of the signatures in one format, with the keys at hand. */
export interface FormatRule {
  readonly reader: FormatReader;
  readonly policy: SignaturePolicy;
}

/** What the operator demands of a repository: every format of the rule, for every digest. */
export interface RepositoryRule {
  /** One or more, each format once. */
  readonly formats: readonly FormatRule[];
  /** Metadata of whole repositories that has to name what is published. */
  readonly metadata: readonly MetadataFormat[];
  /** Signatures that expire sooner than this are warned of, in milliseconds. */
  readonly warnBefore: number;
}

/** Whether a rule's `match` is the repository's name, or a prefix of it that ends in "/*". */
export function ruleMatches(match: string, repository: RepositoryName): boolean {
  if (match === '*') return true;
  return match.endsWith('/*') ? repository.startsWith(match.slice(0, -1)) : match === repository;
}

export function findFormat({ formats }: RepositoryRule, wanted: SignatureFormat): FormatRule | undefined {
  return formats.find(({ reader }) => reader.format === wanted);
}
