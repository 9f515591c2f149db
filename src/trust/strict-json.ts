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

/**
 * The fields of an object that has exactly these keys.
 * @throws SignpostError REQUEST_INVALID
 */
export function readFields<K extends string>(
  value: unknown,
  keys: readonly K[],
  where: string,
): Readonly<Record<K, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(`${where} is ${quote(value)}: expected an object`);
  }
  const unknown = Object.keys(value).find((key) => !(keys as readonly string[]).includes(key));
  if (unknown !== undefined) throw invalid(`${where} has an unknown field ${quote(unknown)}`);
  const missing = keys.find((key) => !Object.hasOwn(value, key));
  if (missing !== undefined) throw invalid(`${where} has no ${quote(missing)}`);
  return value as Record<K, unknown>;
}

/**
 * One field, of a type that `accepts` knows.
 * @throws SignpostError REQUEST_INVALID
 */
export function readField<T>(
  value: unknown,
  accepts: (value: unknown) => value is T,
  expected: string,
  where: string,
): T {
  if (accepts(value)) return value;
  throw invalid(`${where} is ${quote(value)}: expected ${expected}`);
}

/** A whole number from 0 on that a double holds exactly. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0);
}

export function isArray(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

/**
 * Bytes from base64 in the one spelling that RFC 4648, section 4 gives them.
 * @throws SignpostError REQUEST_INVALID
 */
export function readBase64(value: unknown, where: string): Uint8Array {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'base64') : Buffer.alloc(0);
  if (bytes.length > 0 && bytes.toString('base64') === value) return bytes;
  throw invalid(`${where} is ${quote(value)}: expected bytes in base64`);
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
