import { type ErrorCode, SignpostError } from './errors.ts';
import { escapeActing } from './show-value.ts';

export interface JsonLimits {
  /** Objects and arrays inside each other. */
  readonly depth: number;
  /** Values in all, those inside others among them. */
  readonly values: number;
}

/** Deeper and larger than any document of a registry, of a signature or of a setting. */
const usualLimits: JsonLimits = { depth: 64, values: 250_000 };

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads JSON that a stranger may have written. How deep and how long it is, is found before anything is made of it: an
 * array of one byte takes more than thirty in memory, and whoever walks through a value walks through all of its depth.
 * How many bytes there may be, the caller has seen to. `where` names the document in messages, `code` is the error's.
 * @throws SignpostError `code`
 */
export function parseJson(
  input: Uint8Array | string,
  where: string,
  code: ErrorCode,
  { depth, values }: Partial<JsonLimits> = {},
): unknown {
  const limits = { depth: depth ?? usualLimits.depth, values: values ?? usualLimits.values };
  let problem: string;
  try {
    const text = typeof input === 'string' ? input : utf8.decode(input);
    const excess = findExcess(text, limits);
    if (excess === undefined) return JSON.parse(text) as unknown;
    problem = excess;
  } catch (cause) {
    // What the parser says has a part of the text in it.
    const said = escapeActing((cause as Error).message);
    throw new SignpostError(code, `${where} is not JSON in UTF-8: ${said}`, { cause });
  }
  throw new SignpostError(code, `${where} ${problem}`);
}

/**
 * What is too much in `text`, which need not be JSON yet: outside of strings, brackets say how deep it goes, and brackets
 * and commas how many values there are.
 */
function findExcess(text: string, limits: JsonLimits): string | undefined {
  let depth = 0;
  let values = 1;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case 0x22: // "
        at = endOfString(text, at + 1) - 1;
        break;
      case 0x5b: // [
      case 0x7b: // {
        depth += 1;
        values += 1;
        if (depth > limits.depth) return `is nested deeper than ${limits.depth} levels`;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth -= 1;
        break;
      case 0x2c: // ,
        values += 1;
        break;
    }
    if (values > limits.values) return `has more than ${limits.values} values`;
  }
  return undefined;
}

/** The index after the closing quote of the string whose first character is at `start`; the text's end without one. */
export function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = at;
    while (slashes > start && text[slashes - 1] === '\\') slashes -= 1;
    if ((at - slashes) % 2 === 0) return at + 1;
  }
  return text.length;
}
