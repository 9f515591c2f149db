import { unarmor } from 'openpgp';
import { waitForAll } from '../../parallel/wait-for-all.ts';

const beginning = /^-----BEGIN (PGP [A-Z ]{1,40})-----$/;

/**
 * The binary content of text with one or more armoured blocks, as `cat a.asc b.asc` makes it; other lines between the
 * blocks are comments. What could be a block and is none is never passed over: it could be the one that revokes a key.
 */
export async function readArmour(text: string): Promise<readonly Uint8Array[]> {
  const blocks = splitBlocks(text);
  if (blocks.length === 0) throw new Error('there is no armoured block');
  return waitForAll(blocks.map(async (block) => (await unarmor(block)).data as Uint8Array));
}

function splitBlocks(text: string): readonly string[] {
  const blocks: string[] = [];
  let open: { readonly end: string; readonly lines: string[] } | undefined;
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (open === undefined) {
      const kind = beginning.exec(line)?.[1];
      if (kind === undefined) checkComment(line);
      else open = { end: `-----END ${kind}-----`, lines: [line] };
      continue;
    }
    open.lines.push(line);
    if (line !== open.end) {
      // No base64 has dashes: this is another block, or the end of another.
      if (line.includes('-----')) break;
      continue;
    }
    blocks.push(`${open.lines.join('\n')}\n`);
    open = undefined;
  }
  if (open !== undefined) throw new Error(`armoured block ${blocks.length + 1} does not end`);
  return blocks;
}

function checkComment(line: string): void {
  // GnuPG writes revocation certificates like this, so that nobody imports one by accident.
  if (/^:-+BEGIN PGP/.test(line)) {
    throw new Error(
      'a revocation certificate is switched off by the colon before its first line: remove the colon so that it counts, or remove the certificate',
    );
  }
  if (line.includes('-----BEGIN PGP'))
    throw new Error('an armoured block does not start on a line of its own');
  const binary = Buffer.from(line, 'latin1').some((byte) => byte < 0x20 && byte !== 0x09);
  if (binary) throw new Error('there is something binary beside the armoured blocks');
}
