import { SignpostError } from '../oci/errors.ts';
import { quote } from '../oci/digest.ts';

/** Whether a whole text is of a pattern's form. */
export type Glob = (text: string) => boolean;

const lengthLimit = 255;

/**
 * Reads a pattern that is always compared with the whole text: `*` stands for any number of characters but "/", `**`
 * for any number of any characters, `?` for one character but "/"; everything else stands for itself.
 * @throws SignpostError CONFIG_INVALID
 */
export function parseGlob(pattern: string): Glob {
  const tokens = pattern.match(/\*\*|[\s\S]/g) ?? [];
  if (tokens.length === 0 || pattern.length > lengthLimit) {
    throw new SignpostError(
      'CONFIG_INVALID',
      `${quote(pattern)} is not a pattern: expected 1 to ${lengthLimit} characters`,
    );
  }
  return (text) => matches(tokens, text);
}

// Follows all ways through the pattern at once, so that no pattern and no text can make it slow.
function matches(tokens: readonly string[], text: string): boolean {
  let states = skipStars(tokens, new Set([0]));
  for (const character of text) {
    const next = new Set<number>();
    for (const state of states) {
      const token = tokens[state];
      if (token === '**' || (token === '*' && character !== '/')) next.add(state);
      else if (token === character || (token === '?' && character !== '/')) next.add(state + 1);
    }
    states = skipStars(tokens, next);
  }
  return states.has(tokens.length);
}

/** A star may also stand for nothing. */
function skipStars(tokens: readonly string[], states: Set<number>): Set<number> {
  // A set that grows while it is walked is walked to its new end.
  for (const state of states) {
    if (tokens[state] === '*' || tokens[state] === '**') states.add(state + 1);
  }
  return states;
}
