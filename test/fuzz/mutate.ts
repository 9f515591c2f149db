import { mutateJson } from './mutate-json.ts';
import type { Random } from './random.ts';

const lengthLimit = 256 * 1024;

/** What readers have stumbled over: brackets, separators, numbers at the edge of types, names with a meaning of their own. */
const tokens = [
  '{', '}', '[', ']', '"', ':', ',', '{"0":', '[[[[', '\\', '\\u0000', '\\ud800', 'null', 'true', '-1', '0', '1e999',
  '9007199254740993', '18446744073709551616', '-0', '0x10', '__proto__', 'constructor', 'toString', '\n', '\r\n', '\0',
  '\t', ' ', '/', '//', '..', '../', '%2e', '%00', '%', '@', '#', '?', '*', '**', ';', '=', '&', '-', '~', 'sha256:',
  'sha512:', 'bytes=', '::', '::ffff:', '/0', '/129', '\u009b31m', '\u202e', '\u2028', '\ufeff', '-----BEGIN ',
  '-----END ', '=====', 'a'.repeat(300),
] as const; // prettier-ignore

type Mutation = (input: Buffer, random: Random, others: readonly Buffer[]) => Buffer;

const mutations: readonly [Mutation, ...Mutation[]] = [
  (input, random) => changeByte(input, random, (byte) => byte ^ (1 << random.below(8))),
  (input, random) =>
    changeByte(input, random, () => random.pick([0, 1, 0x0a, 0x20, 0x22, 0x7f, 0x80, 0xfe, 0xff])),
  (input, random) => changeByte(input, random, () => random.below(256)),
  (input, random) => splice(input, random.below(input.length + 1), 0, Buffer.from(random.pick(tokens))),
  (input, random) => {
    const token = Buffer.from(random.pick(tokens));
    const times = random.pick([2, 16, 300, 4000]);
    const repeated = Buffer.concat(Array.from({ length: times }, () => token));
    return splice(input, random.below(input.length + 1), 0, repeated);
  },
  (input, random) => splice(input, ...rangeOf(input, random), Buffer.alloc(0)),
  (input, random) => {
    const [start, length] = rangeOf(input, random);
    return splice(input, start, 0, input.subarray(start, start + length));
  },
  (input, random) => {
    const [start, length] = rangeOf(input, random);
    return splice(input, random.below(input.length + 1), 0, input.subarray(start, start + length));
  },
  (input, random, others) => {
    const other = others[random.below(others.length)] ?? input;
    const [start, length] = rangeOf(other, random);
    return splice(input, ...rangeOf(input, random), other.subarray(start, start + length));
  },
  (input, random) => input.subarray(0, random.below(input.length + 1)),
  changeNumber,
  mutateJson,
  mutateJson,
];

/** An input of one to four changes. The same numbers give the same input. */
export function mutate(seed: Buffer, random: Random, others: readonly Buffer[]): Buffer {
  let input = seed;
  for (let changes = 1 + random.below(4); changes > 0; changes -= 1) {
    input = random.pick(mutations)(input, random, others).subarray(0, lengthLimit);
  }
  return input;
}

function changeByte(input: Buffer, random: Random, change: (byte: number) => number): Buffer {
  const copy = Buffer.from(input);
  const at = random.below(copy.length);
  if (copy.length > 0) copy[at] = change(copy[at] ?? 0);
  return copy;
}

function changeNumber(input: Buffer, random: Random): Buffer {
  const numbers = [...input.toString('latin1').matchAll(/\d{1,20}/g)];
  const found = numbers[random.below(numbers.length)];
  if (found === undefined) return input;
  const value = random.pick([
    '0',
    '-1',
    '1.5',
    '1e30',
    '4294967296',
    '9007199254740992',
    '00',
    '99999999999999999999',
  ]);
  return splice(input, found.index, found[0].length, Buffer.from(value));
}

function rangeOf(input: Buffer, random: Random): [start: number, length: number] {
  const start = random.below(input.length + 1);
  const most = random.pick([1, 4, 64, input.length]);
  return [start, random.below(Math.min(most, input.length - start) + 1)];
}

function splice(input: Buffer, start: number, length: number, inserted: Uint8Array): Buffer {
  return Buffer.concat([input.subarray(0, start), inserted, input.subarray(start + length)]);
}
