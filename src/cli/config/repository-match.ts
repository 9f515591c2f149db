import { isRepositoryName } from '../../oci/reference.ts';

/** A name of which another one is the beginning has at least "/" and a letter more. */
const shortestRest = 2;
const longestName = 200;

const expected = 'expected a repository name such as "fedora/base", a prefix such as "fedora/*", or "*"';

/** Why no repository can be of this form, and what to write instead; undefined when one can. */
export function describeWrongMatch(match: string): string | undefined {
  if (isMatch(match)) return undefined;
  const bare = match.replace(/[/*]+$/, '').replace(/^\/+/, '');
  const proposals = [bare, bare.toLowerCase()].map((name) => (match.includes('*') ? `${name}/*` : name));
  const proposal = proposals.find(isMatch);
  return proposal === undefined ? expected : `${expected}; did you mean "${proposal}"?`;
}

function isMatch(match: string): boolean {
  if (!match.endsWith('/*')) return match === '*' || isRepositoryName(match);
  const prefix = match.slice(0, -2);
  return isRepositoryName(prefix) && prefix.length + shortestRest <= longestName;
}

/**
 * The rules that can never count, since the first rule that matches a repository does: each with the one before it that
 * matches all that it would.
 */
export function findShadowed(
  matches: readonly string[],
): readonly { readonly index: number; readonly by: number }[] {
  const seen = new Map<string, number>();
  const shadowed: { index: number; by: number }[] = [];
  for (const [index, match] of matches.entries()) {
    const by = formsOf(match).flatMap((form) => seen.get(form) ?? []);
    if (by.length > 0) shadowed.push({ index, by: Math.min(...by) });
    else seen.set(match, index);
  }
  return shadowed;
}

/** What matches all that `match` does: itself, the prefixes above it, and "*". */
function formsOf(match: string): readonly string[] {
  const parts = match.split('/').slice(0, -1);
  return ['*', match, ...parts.map((_, at) => `${parts.slice(0, at + 1).join('/')}/*`)];
}
