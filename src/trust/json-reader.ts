import { isDigest, quote } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';

/**
 * Makes a typed value of what JSON.parse has returned. `where` says in messages which value it is: the document, and
 * the way to the value in it. Throws SignpostError REQUEST_INVALID.
 */
export type Reader<T> = (value: unknown, where: string) => T;

/** What a reader returns. Types are derived from their readers: a field stands in one place. */
export type Read<R extends Reader<unknown>> = ReturnType<R>;

type Shape = Readonly<Record<string, Reader<unknown>>>;

/** What a reader of an object returns. */
export type Fields<R extends Shape, O extends Shape = None> = { readonly [K in keyof R]: Read<R[K]> } & {
  readonly [K in keyof O]?: Read<O[K]> | undefined;
};

// oxlint-disable-next-line typescript/no-empty-object-type -- no optional fields
type None = {};

/** An object with all of `required`, any of `optional`, and nothing else. */
export function objectOf<R extends Shape, O extends Shape = None>(
  required: R,
  optional?: O,
): Reader<Fields<R, O>> {
  const known: ReadonlySet<string> = new Set(Object.keys({ ...required, ...optional }));
  const read = partOf(required, optional);
  return (value, where) => {
    for (const key of Object.keys(readObject(value, where))) {
      if (!known.has(key)) throw invalid(`${where} has an unknown field ${quote(key)}`);
    }
    return read(value, where);
  };
}

/** The same of an object that may have other fields too: they are passed over. */
export function partOf<R extends Shape, O extends Shape = None>(
  required: R,
  optional?: O,
): Reader<Fields<R, O>> {
  const needed = Object.keys(required);
  const readers = Object.entries({ ...required, ...optional });
  return (value, where) => {
    const object = readObject(value, where);
    for (const key of needed) {
      if (!Object.hasOwn(object, key)) throw invalid(`${where} has no ${quote(key)}`);
    }
    const fields: Record<string, unknown> = {};
    for (const [key, read] of readers) {
      if (Object.hasOwn(object, key)) fields[key] = read(object[key], `${where} ${key}`);
    }
    return fields as Fields<R, O>;
  };
}

/** An object with `least` to `most` keys, whatever they are, and values of one kind. */
export function mapOf<T>(read: Reader<T>, least = 0, most = Infinity): Reader<Readonly<Record<string, T>>> {
  return (value, where) => {
    const entries = Object.entries(readObject(value, where));
    if (entries.length < least || entries.length > most) {
      throw invalid(`${where} has ${entries.length} entries: expected ${least} to ${most}`);
    }
    // Unlike an assignment, this makes "__proto__" a key like any other.
    return Object.fromEntries(entries.map(([key, item]) => [key, read(item, `${where} ${quote(key)}`)]));
  };
}

/** An object of one of several kinds: which one it is, the text in its field `key` says. */
export function variantOf<V extends Shape>(key: string, variants: V): Reader<Read<V[keyof V]>> {
  const expected = Object.keys(variants)
    .map((name) => quote(name))
    .join(' or ');
  return (value, where) => {
    const name = readObject(value, where)[key];
    const read = typeof name === 'string' && Object.hasOwn(variants, name) ? variants[name] : undefined;
    if (read === undefined) throw unexpected(name, expected, `${where} ${key}`);
    return read(value, where) as Read<V[keyof V]>;
  };
}

/** An array of `least` to `most` values of one kind. */
export function listOf<T>(read: Reader<T>, least = 0, most = Infinity): Reader<readonly T[]> {
  const expected = most === Infinity ? 'a list' : `a list of ${least} to ${most}`;
  return (value, where) => {
    if (!Array.isArray(value) || value.length < least || value.length > most) {
      throw unexpected(value, expected, where);
    }
    return value.map((item, index) => read(item, `${where}[${index}]`));
  };
}

/** The value in an array of one. */
export function onlyOf<T>(read: Reader<T>): Reader<T> {
  return (value, where) => {
    if (Array.isArray(value) && value.length === 1) return read(value[0], `${where}[0]`);
    throw unexpected(value, 'a list of one', where);
  };
}

/** A value that `accepts` knows, as it is. */
export function valueOf<T>(accepts: (value: unknown) => value is T, expected: string): Reader<T> {
  return (value, where) => {
    if (accepts(value)) return value;
    throw unexpected(value, expected, where);
  };
}

/** One value and no other. */
export function constantOf<const T extends string | number | boolean | null>(
  constant: T,
  expected: string = JSON.stringify(constant),
): Reader<T> {
  return valueOf((value): value is T => value === constant, expected);
}

/** A string that `pattern` matches. The pattern is anchored and says how long it may be. */
export function textOf(pattern: RegExp, expected: string): Reader<string> {
  return valueOf((value): value is string => typeof value === 'string' && pattern.test(value), expected);
}

/** A string of `least` to `most` UTF-16 code units. */
export function textUpTo(most: number, expected = `at most ${most} characters`, least = 0): Reader<string> {
  return valueOf(
    (value): value is string => typeof value === 'string' && value.length >= least && value.length <= most,
    expected,
  );
}

/** A whole number from `least` on that a double holds exactly. */
export function countOf(expected: string, least = 0, most: number = Number.MAX_SAFE_INTEGER): Reader<number> {
  return valueOf((value): value is number => isCount(value) && value >= least && value <= most, expected);
}

/** A whole number from 0 on that a double holds exactly. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0);
}

export const readBoolean: Reader<boolean> = valueOf((value) => typeof value === 'boolean', 'true or false');
export const readDigest = valueOf(isDigest, 'a digest');

/** A value that is for others to read. */
export const readAnything: Reader<unknown> = (value) => value;

/** An object whose fields nothing is known of. */
export function readObject(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw unexpected(value, 'an object', where);
}

/** Bytes from base64 in the one spelling that RFC 4648, section 4 gives them. */
export const readBase64 = encodedIn('base64');
/** Bytes from base64url without padding (RFC 7515, section 2), in the one spelling that encoders give them. */
export const readBase64Url = encodedIn('base64url');

/** The text that `read` can read, as it is. */
export function spellingOf(read: Reader<unknown>): Reader<string> {
  return (value, where) => {
    read(value, where);
    return value as string;
  };
}

/** At most `most` bytes of what `read` has read. */
export function sizedBytes(read: Reader<Uint8Array>, most: number): Reader<Uint8Array> {
  return (value, where) => {
    const bytes = read(value, where);
    if (bytes.length <= most) return bytes;
    throw invalid(`${where} has ${bytes.length} bytes: expected at most ${most}`);
  };
}

function encodedIn(encoding: 'base64' | 'base64url'): Reader<Uint8Array> {
  return (value, where) => {
    const bytes = typeof value === 'string' ? Buffer.from(value, encoding) : Buffer.alloc(0);
    if (bytes.length > 0 && bytes.toString(encoding) === value) return bytes;
    throw unexpected(value, `bytes in ${encoding}`, where);
  };
}

function unexpected(value: unknown, expected: string, where: string): SignpostError {
  return invalid(`${where} is ${quote(value)}: expected ${expected}`);
}

function invalid(message: string): SignpostError {
  return new SignpostError('REQUEST_INVALID', message);
}
