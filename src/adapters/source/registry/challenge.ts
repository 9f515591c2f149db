/** One challenge of a WWW-Authenticate header (RFC 9110, section 11.6.1). Names are in lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const headerLimit = 8192;
const token = "[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}";
const parameterPattern = new RegExp(
  `^(${token})[ \\t]{0,8}=[ \\t]{0,8}(?:"((?:[^"\\\\]|\\\\.){0,4096})"|(${token}))`,
);
const schemePattern = new RegExp(`^(${token})(?:[ \\t]{1,8}|(?=,)|$)`);
const separatorPattern = /^[ \t]*(?:,[ \t]*){0,8}/;

/**
 * Reads the challenges of a WWW-Authenticate header. What cannot be read ends the list: a registry that sends it is
 * treated as one that offers nothing more.
 */
export function parseChallenges(header: string | undefined): readonly Challenge[] {
  const challenges: Challenge[] = [];
  let rest = (header ?? '').slice(0, headerLimit);
  while (rest !== '') {
    rest = rest.replace(separatorPattern, '');
    const scheme = schemePattern.exec(rest);
    if (scheme?.[1] === undefined) break;
    rest = rest.slice(scheme[0].length);
    const parameters = new Map<string, string>();
    for (let match = nextParameter(rest); match !== undefined; match = nextParameter(rest)) {
      // The first of several parameters with one name counts; the RFC forbids repeating them.
      if (!parameters.has(match.name)) parameters.set(match.name, match.value);
      rest = rest.slice(match.length);
    }
    challenges.push({ scheme: scheme[1].toLowerCase(), parameters });
  }
  return challenges;
}

function nextParameter(rest: string): { name: string; value: string; length: number } | undefined {
  const separator = separatorPattern.exec(rest)?.[0].length ?? 0;
  const match = parameterPattern.exec(rest.slice(separator));
  if (match?.[1] === undefined) return undefined;
  const value = match[2] === undefined ? (match[3] ?? '') : match[2].replaceAll(/\\(.)/g, '$1');
  return { name: match[1].toLowerCase(), value, length: separator + match[0].length };
}
