import { quote } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';
import { type RepositoryName, isRepositoryName } from '../oci/reference.ts';

/**
 * Which repositories a mirror carries: names, and prefixes such as `fedora/*`, which stand for everything below. None
 * at all stands for everything.
 * @throws SignpostError USAGE
 */
export function selectRepositories(wanted: readonly string[]): (name: RepositoryName) => boolean {
  if (wanted.length === 0) return () => true;
  const names = new Set<string>();
  const prefixes: string[] = [];
  for (const text of wanted) {
    const isPrefix = text.endsWith('/*');
    const name = isPrefix ? text.slice(0, -2) : text;
    if (!isRepositoryName(name)) {
      throw new SignpostError(
        'USAGE',
        `--repository ${quote(text)} is neither a repository such as "fedora/base" nor a prefix such as "fedora/*"`,
      );
    }
    if (isPrefix) prefixes.push(`${name}/`);
    else names.add(name);
  }
  return (name) => names.has(name) || prefixes.some((prefix) => name.startsWith(prefix));
}
