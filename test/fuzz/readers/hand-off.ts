import { digestOf } from '../../../src/oci/digest.ts';
import { parseRegistryHost, parseRepositoryName, parseTagName } from '../../../src/oci/reference.ts';
import { readBundle } from '../../../src/origin/accept/read-bundle.ts';
import { readRequest } from '../../../src/signer/read-request.ts';
import {
  formatSnapshot,
  openSnapshot,
  sealSnapshot,
  snapshotMessage,
} from '../../../src/server/front-end/origin-snapshot.ts';
import { createBundleFormatter } from '../../../src/trust/hand-off/signature-bundle.ts';
import { splitLines } from '../../../src/adapters/files/read-lines.ts';
import { withChecksum } from '../../fakes/bad-lines.ts';
import { buildFourPlatforms } from '../../fakes/image-builder.ts';
import { createSealPair } from '../../fakes/seal-pair.ts';
import { createSigningWorld } from '../../fakes/signing-world.ts';
import type { FuzzReader } from '../reader.ts';

const registry = parseRegistryHost('images.example.org');
const lineLimit = 64 * 1024 * 1024;

/** What goes between the origin, its signers and its front ends. */
export async function createHandOffReaders(): Promise<readonly FuzzReader[]> {
  const world = await createSigningWorld();
  await world.stage('fedora/base:41', buildFourPlatforms());
  const pair = await createSealPair();
  const part = { digest: digestOf('part'), size: 9 };
  const body = formatSnapshot({ sequence: 1, created: 1, serial: 1, mirrors: part, contents: part });
  const now = 1_767_225_600_000;
  return [
    { name: 'request', seeds: [await world.request()], read: (bytes) => readRequest(linesOf(bytes)) },
    {
      name: 'bundle',
      seeds: [formatBundle()],
      read: (bytes) => readBundle(linesOf(bytes), registry, { signers: [], now }),
    },
    {
      name: 'origin-snapshot',
      seeds: [sealSnapshot(body, await pair.signer.seal(snapshotMessage(body)))],
      read: (bytes) => openSnapshot(bytes, pair.key),
    },
  ];
}

/**
 * The lines, the last one anew for what is before it, as somebody makes it who tampers: otherwise nothing that was changed
 * would be read any further than the checksum.
 */
async function* linesOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  const lines = bytes
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
  const changed = lines.length > 1 ? withChecksum(lines.slice(0, -1)) : bytes;
  yield* splitLines(chunksOf(changed), lineLimit, 'the file');
}

async function* chunksOf(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

function formatBundle(): string {
  const formatter = createBundleFormatter();
  const header = {
    request: digestOf('request'),
    registry,
    serial: 7,
    created: 1,
    expires: 2,
    signers: [{ format: 'simple', fingerprint: 'A'.repeat(40) }],
  } as const;
  const image = {
    repository: parseRepositoryName('fedora/base'),
    tag: parseTagName('41'),
    list: digestOf('list'),
    signatures: [{ format: 'simple', digest: digestOf('list'), signature: Buffer.from('signature') }],
  } as const;
  const file = { format: 'tuf', path: '1.root.json', bytes: Buffer.from('{}') } as const;
  return formatter.header(header) + formatter.image(image) + formatter.file(file) + formatter.end();
}
