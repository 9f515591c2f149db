import { createHash } from 'node:crypto';

/** What is wrong with a file of the hand-off, and how somebody is told. */
export interface BadLines {
  readonly what: string;
  readonly bytes: Uint8Array;
  readonly code: 'REQUEST_INVALID' | 'LIMIT_EXCEEDED' | 'MANIFEST_INVALID';
  readonly message: RegExp;
}

/** The lines of a file as they are in it, each with its line feed. */
export async function* linesOfBytes(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  let start = 0;
  for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, start)) {
    yield bytes.subarray(start, end + 1);
    start = end + 1;
  }
  if (start < bytes.length) yield bytes.subarray(start);
}

/** A request or bundle of these lines with a checksum that is right, as somebody makes it who tampers. */
export function withChecksum(lines: readonly string[]): Buffer {
  const text = lines.map((line) => `${line}\n`).join('');
  const sha256 = createHash('sha256').update(text).digest('hex');
  return Buffer.from(`${text}${JSON.stringify({ end: true, images: lines.length - 1, sha256 })}\n`);
}

/**
 * Everything that any file of the hand-off may have wrong with it, whatever it is for: made out of a good one with a
 * header and one image.
 */
export function badLinesOf(text: string): readonly BadLines[] {
  const [header = '', image = '', end = ''] = text.split('\n');
  const whole = withChecksum([header, image]);
  const changed = (from: string | RegExp, to: string) => withChecksum([header, image.replace(from, to)]);
  const inHeader = (from: string | RegExp, to: string) => withChecksum([header.replace(from, to), image]);
  const bad = (what: string, bytes: Uint8Array | string, message: RegExp): BadLines => {
    return { what, bytes: Buffer.from(bytes), code: 'REQUEST_INVALID', message };
  };
  return [
    bad('nothing at all', '', /not whole/),
    bad('no end line', `${header}\n${image}\n`, /not whole/),
    bad('no last line feed', whole.subarray(0, -1), /not whole/),
    bad('an end line alone', `${end}\n`, /says that it holds|header/),
    bad('something after the end', Buffer.concat([whole, Buffer.from('{}\n')]), /goes on after its end line/),
    bad('an end line that counts wrongly', text.replace('"images":1', '"images":2'), /says that it holds 2/),
    bad('a wrong checksum', text.replace(/"sha256":"./, '"sha256":"x'), /does not match its own checksum/),
    bad(
      'an end line with more in it',
      text.replace('{"end":true', '{"more":1,"end":true'),
      /unknown field "more"/,
    ),
    bad('UTF-16', Buffer.from(text, 'utf16le'), /not JSON in UTF-8/),
    bad('a byte-order mark', `\u{feff}${text}`, /not JSON in UTF-8/),
    bad(
      'bytes that are not UTF-8',
      Buffer.from(text.replace('"tag":"41"', '"tag":"\xff"'), 'latin1'),
      /not JSON in UTF-8/,
    ),
    bad(
      'deep nesting',
      changed('{', `{"a":${'['.repeat(5000)}${']'.repeat(5000)},`),
      /nested deeper than 8 levels/,
    ),
    bad('a key twice', changed('{', '{"tag":"40",'), /has the key "tag" twice/),
    bad(
      'a key twice, once in other letters',
      changed('{', String.raw`{"t\u0061g":"40",`),
      /has the key "tag" twice/,
    ),
    bad('a key twice in the header', inHeader('{', '{"serial":1,'), /has the key "serial" twice/),
    bad('an unknown field', changed('{', '{"more":1,'), /unknown field "more"/),
    bad('an unknown field in the header', inHeader('"serial"', '"more":1,"serial"'), /unknown field "more"/),
    bad('a field that is missing', changed(/"tag":"41",/, ''), /has no "tag"/),
    bad('an unknown version', inHeader('"version":1', '"version":2'), /use a newer Signpost/),
    bad(
      'another kind of file',
      inHeader(/"type":"[a-z-]+"/, '"type":"signpost-approval"'),
      /type is "signpost-approval"/,
    ),
    ...['-1', '1.5', '1e400', '"1"', '9007199254740993', 'null'].map((serial) =>
      bad(`the serial ${serial}`, inHeader(/"serial":\d+/, `"serial":${serial}`), /serial is/),
    ),
    bad('a tag that is none', changed('"tag":"41"', '"tag":"../41"'), /"\.\.\/41"/),
    bad(
      'a repository that is none',
      changed('"repository":"fedora/base"', '"repository":"../base"'),
      /"\.\.\/base"/,
    ),
    bad('a list where an object is expected', withChecksum([header, `[${image}]`]), /expected an object/),
  ];
}
