import { quote } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';
import { type JsonLimits, endOfString, parseJson } from '../oci/parse-json.ts';

/** Deeper than any document that Signpost has made a format for. */
const depthLimit = 8;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads JSON that somebody may have made to be read in two ways: refuses duplicate keys, deep nesting, anything that
 * is not UTF-8, and anything after the value. `where` names the document in messages.
 * @throws SignpostError REQUEST_INVALID
 */
export function parseStrictJson(bytes: Uint8Array, where: string, limits: Partial<JsonLimits> = {}): unknown {
  const value = parseJson(bytes, where, 'REQUEST_INVALID', { depth: depthLimit, ...limits });
  refuseAmbiguity(utf8.decode(bytes), where);
  return value;
}

// `text` is known to be JSON, so following its structure needs no grammar: strings, brackets and nothing else.
function refuseAmbiguity(text: string, where: string): void {
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case 0x22: {
        // "
        const end = endOfString(text, at + 1);
        if (isKey(text, end)) addKey(open.at(-1), text.slice(at, end), where);
        at = end - 1;
        break;
      }
      case 0x7b: // {
        open.push(new Set());
        break;
      case 0x5b: // [
        open.push(undefined);
        break;
      case 0x5d: // ]
      case 0x7d: // }
        open.pop();
        break;
    }
  }
}

function addKey(keys: Set<string> | undefined, literal: string, where: string): void {
  // Escapes are resolved first: "a" and "\u0061" are one key.
  const key = literal.includes('\\') ? (JSON.parse(literal) as string) : literal.slice(1, -1);
  if (keys?.has(key) === true) throw invalid(`${where} has the key ${quote(key)} twice`);
  keys?.add(key);
}

/** Whether what ended at `end` is a key: in JSON only a key is followed by a colon. */
function isKey(text: string, end: number): boolean {
  let at = end;
  while (text[at] === ' ' || text[at] === '\t' || text[at] === '\n' || text[at] === '\r') at += 1;
  return text[at] === ':';
}

function invalid(message: string): SignpostError {
  return new SignpostError('REQUEST_INVALID', message);
}
