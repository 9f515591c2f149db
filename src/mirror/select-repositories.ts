import { quote } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';
import { type RepositoryName, isRepositoryName } from '../oci/reference.ts';

/** The repositories that a mirror carries. */
export interface RepositoryChoice {
  readonly carries: (name: RepositoryName) => boolean;
  /** What was wanted and is none of the repositories that were asked about so far: most likely it is misspelt. */
  readonly unmatched: () => readonly string[];
}

/**
 * Which repositories a mirror carries: names, and prefixes such as `fedora/*`, which stand for everything below. None
 * at all stands for everything.
 * @throws SignpostError USAGE
 */
export function selectRepositories(wanted: readonly string[]): RepositoryChoice {
  if (wanted.length === 0) return { carries: () => true, unmatched: () => [] };
  const matched = new Set<string>();
  const patterns = wanted.map((text) => [text, readPattern(text)] as const);
  return {
    carries: (name) => {
      const found = patterns.filter(([, matches]) => matches(name));
      for (const [text] of found) matched.add(text);
      return found.length > 0;
    },
    unmatched: () => wanted.filter((text) => !matched.has(text)),
  };
}

function readPattern(text: string): (name: RepositoryName) => boolean {
  const isPrefix = text.endsWith('/*');
  const wanted = isPrefix ? text.slice(0, -2) : text;
  if (isRepositoryName(wanted)) return (name) => (isPrefix ? name.startsWith(`${wanted}/`) : name === wanted);
  throw new SignpostError(
    'USAGE',
    `--repository ${quote(text)} is neither a repository such as "fedora/base" nor a prefix such as "fedora/*"`,
  );
}
