import { readFileSync } from 'node:fs';
import { createFileSigner } from '../../../../src/adapters/keys/openpgp-file-signer.ts';
import { mediaTypes } from '../../../../src/oci/media-types.ts';
import { formatSimpleSigning } from '../../../../src/trust/simple-signing.ts';
import { type BuiltManifest, buildList } from '../../../fakes/image-builder.ts';
import type { AttackName } from './attacks.ts';
import { type StateName, attacked } from './attack-states.ts';
import type { AttackWorld } from './attack-world.ts';
import { type Answer, type Lie, serveFiles } from './lying-mirror-list.ts';
import type { Column } from './outcomes.ts';
import { readSigned, resignNotary, resignTuf } from './resign.ts';
import {
  keyOf,
  keysOf,
  makeOwnRoot,
  makeSnapshot,
  makeTimestamp,
  nameOwnImage,
  oldRole,
  readOfState,
  versionOf,
} from './stolen-keys.ts';
import { nameOwnTag, notaryFolder, putOldTags, sayNewest } from './stolen-notary-keys.ts';

/** An attack as it is played. */
export interface Play {
  readonly lie: Lie;
  /** Whether clients that remember have seen the newest state. Default: they have. */
  readonly seen?: boolean;
  /** Who is concerned; default: everybody. */
  readonly columns?: readonly Column[];
  /** What the clients have for the OpenPGP key. Default: the public key as it was made. */
  readonly openPgp?: 'revoked';
  /** Of policy.json. */
  readonly identity?: 'matchRepository';
  /** Milliseconds by which the clock of tuf-js is wrong. */
  readonly clock?: number;
  /** It matters who of the clients reads what. Default: those that share nothing are lied to at the same time. */
  readonly inTurn?: true;
}

const hour = 3_600_000;
const day = 24 * hour;
const tag = `/v2/${attacked}/manifests/1.0`;
const signatures = /^\/extensions\/|\.sig$|\/referrers\//;
const timestamps = /\/timestamp\.json$/;
const metadataClients = ['docker, content trust', 'notary', 'tuf-js'] as const;
const openPgpClients = ['podman', 'skopeo', 'skopeo --all', 'signpost verify'] as const;

/** Every attack of the page, ready to be played. */
export async function makeLies(world: AttackWorld): Promise<Readonly<Record<AttackName, Play>>> {
  const { images } = world;
  const tuf = (state: StateName, name: string) => readOfState(world, state, `tuf/${name}`);
  const notaryPath = notaryFolder(world);
  const leadTagTo =
    (from: StateName, path = tag): Lie =>
    (asked) =>
      asked === tag ? { from, path } : undefined;
  const freeze =
    (from: StateName): Lie =>
    () => ({ from });
  const madeUp = (list: BuiltManifest): Lie => serveList(list);
  const expired = { expires: new Date(Date.now() - 60_000).toISOString().replace(/\.\d+Z$/, 'Z') };
  const expiredTimestamps = {
    '/tuf/timestamp.json': resignTuf(
      tuf('brief', 'timestamp.json'),
      keysOf(world, 'timestamp'),
      (signed) => ({ ...signed, ...expired }),
    ),
    [`/${notaryPath}/timestamp.json`]: resignNotary(
      readOfState(world, 'brief', `${notaryPath}/timestamp.json`),
      keyOf(world, 'timestamp'),
      (signed) => ({ ...signed, ...expired }),
    ),
  };
  const frozenExpired = serveFiles(expiredTimestamps, freeze('brief'));
  const stolenTimestamp = serveFiles(
    {
      ...sayNewest(world, 'brief'),
      '/tuf/timestamp.json': makeTimestamp(world, tuf('brief', `${versionOf(world, 'brief')}.snapshot.json`)),
    },
    freeze('brief'),
  );
  const stolenSnapshot = serveFiles(
    putOldTags(world),
    makeSnapshot(world, readSigned(oldRole(world)).signed.version, oldRole(world)),
  );
  const amd64 = images.old.images[0] ?? images.old;
  const future = await signInTheFuture(world);
  return {
    mirrorBytes: {
      lie: spoilBlobs(images.current.images[0] ?? images.current),
      columns: ['docker', 'docker, content trust', 'podman', 'skopeo', 'skopeo --all', 'signpost verify'],
    },
    unsigned: { lie: (path) => (signatures.test(path) ? nothing(path) : leadTagTo('thief')(path)) },
    stranger: { lie: freeze('thief') },
    strangerNew: { lie: freeze('thief'), seen: false },
    older: { lie: leadTagTo('old') },
    otherRepository: { lie: leadTagTo('current', '/v2/demo/other/manifests/1.0') },
    otherTag: { lie: leadTagTo('current', `/v2/${attacked}/manifests/0.9`) },
    otherTagLoosely: {
      lie: leadTagTo('current', `/v2/${attacked}/manifests/0.9`),
      columns: ['podman', 'skopeo', 'skopeo --all'],
      identity: 'matchRepository',
    },
    frozenSeen: { lie: freeze('old') },
    frozenNew: { lie: freeze('old'), seen: false },
    frozenExpired: { lie: frozenExpired, seen: false },
    clockBehind: {
      lie: (path) => future(path) ?? (path.startsWith('/tuf/') ? frozenExpired(path) : undefined),
      seen: false,
      columns: [...openPgpClients, 'tuf-js'],
      clock: -2 * hour,
    },
    mix: { lie: mixPublications(world), seen: false },
    endless: {
      lie: (path) => {
        if (timestamps.test(path)) return { status: 200, type: 'application/json', body: 'endless' };
        const { digest } = images.current;
        return path === tag ? { status: 200, type: mediaTypes.ociIndex, digest, body: 'endless' } : undefined;
      },
      inTurn: true,
    },
    endlessSignatures: {
      lie: (path) => {
        if (path.startsWith('/extensions/'))
          return { status: 200, type: 'application/json', body: 'endless' };
        const type = path.endsWith('.sig') ? mediaTypes.ociManifest : mediaTypes.ociIndex;
        return signatures.test(path) ? { status: 200, type, body: 'endless' } : undefined;
      },
      columns: [...openPgpClients, 'cosign', 'notation'],
      inTurn: true,
    },
    foreignManifest: { lie: madeUp(buildList([images.thief.images[0] ?? images.thief])) },
    foreignSigned: { lie: madeUp(buildList([amd64], { annotations: { made: 'up' } })) },
    stolenTimestamp: { lie: stolenTimestamp, seen: false, columns: metadataClients },
    stolenTimestampSeen: { lie: stolenTimestamp, columns: metadataClients },
    stolenSnapshot: { lie: stolenSnapshot, seen: false, columns: metadataClients },
    stolenSnapshotSeen: { lie: stolenSnapshot, columns: metadataClients },
    stolenSnapshotName: {
      lie: serveFiles(nameOwnTag(world), nameOwnImage(world)),
      seen: false,
      columns: metadataClients,
    },
    stolenRoot: { lie: makeOwnRoot(world), columns: ['tuf-js'] },
    stolenOpenPgp: { lie: freezeImages('stolen'), seen: false, columns: openPgpClients },
    revokedOpenPgp: { lie: freezeImages('stolen'), seen: false, columns: openPgpClients, openPgp: 'revoked' },
  };

  /** Images of another state, and honest metadata. */
  function freezeImages(from: StateName): Lie {
    return (path) => (path.startsWith('/tuf/') || path.includes('/_trust/') ? undefined : { from });
  }
}

/** A list that nobody published, under the tag and its digest. */
function serveList(list: BuiltManifest): Lie {
  return (path) =>
    path === tag || path === `/v2/${attacked}/manifests/${list.digest}`
      ? { status: 200, type: list.mediaType, digest: list.digest, body: list.manifest }
      : undefined;
}

/** Every blob is redirected to a mirror, where one bit of it is another one. */
function spoilBlobs(image: BuiltManifest): Lie {
  const blobs = new Map(
    [...image.blobs].map(([digest, bytes]) => [`/v2/${attacked}/blobs/${digest}`, bytes]),
  );
  return (path) => {
    if (blobs.has(path)) return { status: 307, location: `/mirror${path}` };
    const bytes = blobs.get(path.replace(/^\/mirror/, ''));
    if (bytes === undefined) return undefined;
    const body = Buffer.from(bytes);
    body.writeUInt8(body.readUInt8(20) ^ 1, 20);
    return { status: 200, type: 'application/octet-stream', body };
  };
}

/** As a registry answers that has no signature of something. */
function nothing(path: string): Answer {
  if (path.endsWith('.sig')) {
    const errors = [{ code: 'MANIFEST_UNKNOWN', message: 'unknown' }];
    return { status: 404, type: 'application/json', body: Buffer.from(JSON.stringify({ errors })) };
  }
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] };
  return path.startsWith('/extensions/')
    ? { status: 200, type: 'application/json', body: Buffer.from('{"signatures":[]}') }
    : { status: 200, type: mediaTypes.ociIndex, body: Buffer.from(JSON.stringify(index)) };
}

/** What is signed of the old image is said to belong to the newest one; the newest timestamps lead to old metadata. */
function mixPublications(world: AttackWorld): Lie {
  const { current, old } = world.images;
  const pairs = [
    [current.digest, old.digest],
    ...current.images.map(({ digest }, index) => [digest, old.images[index]?.digest ?? '']),
  ].map((pair) => pair.map((digest) => digest.slice('sha256:'.length)));
  const snapshot = (state: StateName) => `/tuf/${versionOf(world, state)}.snapshot.json`;
  const [newest, before] = [snapshot('current'), snapshot('old')];
  return (path) => {
    if (path === newest) return { from: 'old', path: before };
    if (path.includes('/_trust/') && !timestamps.test(path)) return { from: 'old', path };
    if (!signatures.test(path)) return undefined;
    const [, other] = pairs.find(([hex = '']) => path.includes(hex)) ?? [];
    return other === undefined ? undefined : { from: 'old', path: path.replace(/[0-9a-f]{64}/, other) };
  };
}

/** Signatures by the real key over the newest image, made ten days from now. */
async function signInTheFuture({ release, images: { current }, registry }: AttackWorld): Promise<Lie> {
  const now = Date.now();
  const file = { name: 'release', bytes: readFileSync(release.secretKey) };
  const signer = await createFileSigner(file, () => Promise.reject(new Error('it has no passphrase')), {
    now: () => now,
  });
  const made: Record<string, Buffer> = {};
  const [created, expires] = [now + 10 * day, now + 20 * day];
  for (const digest of current.manifests.keys()) {
    const reference = `${registry}/${attacked}:1.0`;
    const statement = {
      reference,
      digest,
      creator: 'test',
      timestamp: Math.floor(created / 1000),
      serial: 99,
    };
    const content = Buffer.from(await signer.sign(formatSimpleSigning(statement), created, expires));
    const one = {
      schemaVersion: 2,
      name: `${digest}@one`,
      type: 'atomic',
      content: content.toString('base64'),
    };
    made[`/extensions/v2/${attacked}/signatures/${digest}`] = Buffer.from(
      JSON.stringify({ signatures: [one] }),
    );
  }
  return serveFiles(made, () => undefined);
}
