// @peculiar/x509 builds on tsyringe, which wants this polyfill before it is loaded.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createPublicKey, sign } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { KeyUsageFlags } from '@peculiar/x509';
import { digestOf, parseDigest } from '../../src/oci/digest.ts';
import type { SignatureArtifact } from '../../src/trust/artifact-format.ts';
import { judgeSignature } from '../../src/trust/judge-signature.ts';
import { formatJws, jwsSigningInput } from '../../src/trust/notation/jws.ts';
import { formatNotationPayload } from '../../src/trust/notation/notation-payload.ts';
import { formatProtectedHeader } from '../../src/trust/notation/protected-header.ts';
import { readNotation } from '../../src/trust/notation/read-notation.ts';
import { parseTrustedRoot } from '../../src/trust/notation/trusted-root.ts';
import { composeReferrer } from '../../src/trust/referrer-artifact.ts';
import { chainToPem } from '../fakes/certificate-pem.ts';
import { buildFourPlatforms, writeLayout } from '../fakes/image-builder.ts';
import { type CertificateChanges, type TestChain, createTestChain } from '../fakes/signing-certificates.ts';
import {
  type NotationClient,
  createNotationClient,
  needsNotation,
} from './harness/clients/notation-client.ts';
import { describeResult } from './harness/command.ts';
import { eventually } from './harness/eventually.ts';
import { findFreePort } from './harness/ports.ts';
import { type Serving, type Signpost, createSignpost } from './harness/signpost.ts';
import { createWorkFolder } from './harness/work-folder.ts';

const day = 86_400_000;

describe('notation, with a strict policy', needsNotation, () => {
  const work = createWorkFolder();
  const four = buildFourPlatforms();
  let client: NotationClient;
  let origin: Signpost;
  let serving: Serving | undefined;
  let registry: string;
  let repository: string;
  let otherRoot: string;
  let root: string;
  let otherKey: readonly string[];

  before(async () => {
    client = createNotationClient(work, 'notation');
    const chain = writeChain('own', await createTestChain(Date.now(), {}, {}, {}));
    const other = writeChain('other', await createTestChain(Date.now(), {}, {}));
    root = chain.root;
    otherRoot = other.root;
    otherKey = other.options;
    const port = await findFreePort();
    registry = `localhost:${port}`;
    repository = `${registry}/demo/tool`;
    origin = createSignpost(work, 'origin', {
      registry: { name: registry, listen: [{ address: '127.0.0.1', port }] },
      repositories: [{ match: '*', formats: ['notation'], notationRoots: [root, otherRoot] }],
    });
    await writeLayout(work.folder('layout'), four);
    await publish('demo/tool:1.0', chain.options);
    serving = await origin.serve();
  });
  after(async () => {
    await serving?.[Symbol.asyncDispose]();
    work.remove();
  });

  it('accepts the tag, the list and every manifest', async () => {
    client.trust(root);
    await accepts(`${repository}:1.0`);
    for (const digest of four.manifests.keys()) await accepts(`${repository}@${digest}`);
    const listed = await client.list(`${repository}:1.0`);
    assert.match(listed.stdout, /application\/vnd\.cncf\.notary\.signature/, describeResult(listed));
  });

  it('can demand the tag and the serial, which are signed as its user metadata', async () => {
    client.trust(root);
    await accepts(`${repository}:1.0`, '-m', `reference=${repository}:1.0`, '-m', 'serial=1');
    await refuses(
      /unable to find specified metadata/,
      `${repository}:1.0`,
      '-m',
      `reference=${repository}:2.0`,
    );
  });

  it('refuses what another root signed', async () => {
    client.trust(otherRoot);
    await refuses(/not trusted|authenticity|trust store/i, `${repository}:1.0`);
  });

  it('accepts what a command signed', async () => {
    const [, key = '', , chain = ''] = otherKey;
    const publicKey = work.file('other.pub');
    writeFileSync(publicKey, createPublicKey(readFileSync(key)).export({ type: 'spki', format: 'pem' }));
    const command = work.file('command.json');
    writeFileSync(
      command,
      JSON.stringify({ command: ['openssl', 'dgst', '-sha256', '-sign', key], publicKey: 'other.pub' }),
    );
    await publish('demo/command:1.0', ['--notation-key', `command:${command}`, '--notation-chain', chain]);
    client.trust(otherRoot);
    await eventually('the image is served', 10_000, async () => {
      const { status } = await client.verify(`${registry}/demo/command:1.0`);
      return status === 0;
    });
  });

  it('refuses what has not been signed for it', async () => {
    client.trust(root);
    await refuses(/./, `${registry}/demo/command:1.0`);
  });

  /** Files of a chain, and the options that sign with it. */
  function writeChain(name: string, made: TestChain) {
    const pem = chainToPem(made);
    const [key, chain, root] = (['key', 'chain', 'root'] as const).map((part) => {
      writeFileSync(work.file(`${name}-${part}.pem`), pem[part], { mode: 0o600 });
      return work.file(`${name}-${part}.pem`);
    });
    return { root: root ?? '', options: ['--notation-key', key ?? '', '--notation-chain', chain ?? ''] };
  }

  async function publish(image: string, keys: readonly string[]) {
    await origin.publish(`oci:${work.folder('layout')}`, image);
    const name = image.replaceAll(/[/:]/g, '-');
    const [request, bundle] = [work.file(`${name}.request`), work.file(`${name}.bundle`)];
    await origin.must('request', '-o', request);
    const record = ['--record', work.file('signer.db')];
    await origin.must('sign', request, '-o', bundle, '--yes', ...record, ...keys);
    await origin.must('accept', bundle);
  }

  async function accepts(reference: string, ...options: readonly string[]) {
    const result = await client.verify(reference, ...options);
    assert.equal(result.status, 0, describeResult(result));
  }

  async function refuses(reason: RegExp, reference: string, ...options: readonly string[]) {
    const result = await client.verify(reference, '--verbose', ...options);
    assert.notEqual(result.status, 0, describeResult(result));
    assert.match(result.stderr, reason);
  }
});

describe('notation and Signpost judge alike', needsNotation, () => {
  const work = createWorkFolder();
  const client = createNotationClient(work, 'notation');
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const list = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests: [] }));
  const subject = { mediaType, digest: digestOf(list), size: list.length };
  after(() => work.remove());

  it('a good signature', async () => {
    await judge(true, [{}, {}, {}]);
  });
  it('a good signature by a single certificate', async () => {
    await judge(true, [{}]);
  });

  const damages: Readonly<Record<string, (document: Jws) => void>> = {
    'another payload': (jws) => {
      jws.payload = replaceIn(jws.payload, '"serial":"7"', '"serial":"8"');
    },
    'another expiry': (jws) => {
      jws.protected = replaceIn(jws.protected, 'expiry":"2', 'expiry":"3');
    },
    'no protected header': (jws) => {
      jws.protected = replaceIn(jws.protected, /.*/s, '{}');
    },
    'another signature': (jws) => {
      jws.signature = `${jws.signature.startsWith('A') ? 'B' : 'A'}${jws.signature.slice(1)}`;
    },
    'a chain from root to leaf': (jws) => {
      jws.header.x5c.reverse();
    },
    'a chain without its root': (jws) => {
      jws.header.x5c.pop();
    },
    'a chain without its middle': (jws) => {
      jws.header.x5c.splice(1, 1);
    },
    'no certificates': (jws) => {
      jws.header.x5c = [];
    },
  };
  for (const [name, change] of Object.entries(damages)) {
    it(`a signature with ${name}`, async () => {
      await judge(false, [{}, {}, {}], {}, change);
    });
  }

  const headers: Readonly<Record<string, object>> = {
    'an unknown critical header': { crit: ['io.cncf.notary.signingScheme', 'io.cncf.notary.expiry', 'exp'] },
    'an expiry that is not critical': { crit: ['io.cncf.notary.signingScheme'] },
    'an expiry in the past': {
      'io.cncf.notary.signingTime': '2026-01-01T00:00:00Z',
      'io.cncf.notary.expiry': '2026-01-02T00:00:00Z',
    },
    'another scheme': { 'io.cncf.notary.signingScheme': 'x509' },
    'another type of payload': { cty: 'application/json' },
    'another algorithm': { alg: 'ES384' },
    'no algorithm': { alg: 'none' },
  };
  for (const [name, header] of Object.entries(headers)) {
    it(`a signature with ${name}`, async () => {
      await judge(false, [{ notBefore: 0 }, { notBefore: 0 }], header);
    });
  }

  const chains: Readonly<Record<string, readonly CertificateChanges[]>> = {
    'an expired leaf': [{ notAfter: Date.now() - day / 2 }, {}],
    'an expired root': [{}, { notAfter: Date.now() - day / 2 }],
    'a leaf without key usage': [{ uses: undefined }, {}],
    'a leaf that is an authority': [{ authority: true }, {}],
    'a leaf for web servers': [{ extendedUses: ['1.3.6.1.5.5.7.3.1'] }, {}],
    'an issuer that is no authority': [{}, { authority: false }],
    'an issuer that may not sign certificates': [{}, { uses: KeyUsageFlags.cRLSign }],
    'too long a path': [{}, {}, {}, { pathLength: 0 }],
    'SHA-1 in it': [{ hash: 'SHA-1' }, { key: 'rsa2048' }],
  };
  for (const [name, changes] of Object.entries(chains)) {
    it(`a chain with ${name}`, async () => {
      await judge(false, changes);
    });
  }

  /** Signs, damages what was signed, and asks both. */
  async function judge(
    good: boolean,
    changes: readonly CertificateChanges[],
    header: object = {},
    damage: (jws: Jws) => void = () => undefined,
  ) {
    const now = Date.now();
    const chain = await createTestChain(now, ...changes);
    const jws = JSON.parse(Buffer.from(signJws(chain, now, header)).toString('utf8')) as Jws;
    damage(jws);
    const envelope = Buffer.from(JSON.stringify(jws));
    const pem = chainToPem(chain);
    writeFileSync(work.file('root.pem'), pem.root);
    client.trust(work.file('root.pem'));

    const thumbprints = { 'io.cncf.notary.x509chain.thumbprint#S256': '[]' };
    const layer = { mediaType: 'application/jose+json', bytes: envelope };
    const artifact = composeReferrer(subject, artifactType, layer, now, thumbprints);
    await using registry = await serveSignature({ mediaType, bytes: list, blobs: [] }, artifact);
    const theirs = await client.verify(`localhost:${registry.port}/demo/tool@${subject.digest}`);
    assert.equal(theirs.status === 0, good, describeResult(theirs));
    // It looked at the signature, and did not fail for something else.
    assert.ok(registry.asked.includes(digestOf(envelope)), describeResult(theirs));

    const [root] = chain.certificates.slice(-1);
    const roots = root === undefined ? [] : [parseTrustedRoot(root, 'root.pem')];
    const evidence = readNotation(envelope, roots, now);
    const policy = {
      fingerprints: new Set(roots.map(({ fingerprint }) => fingerprint)),
      maximumValidity: 400 * day,
    };
    const judgement = judgeSignature(evidence, policy, { ...subject, reference, serial: 7 }, now);
    assert.equal(judgement.accepted, good, JSON.stringify(judgement));
  }

  /** An envelope by a chain of any quality, which the signer itself would refuse. */
  function signJws({ certificates, key }: TestChain, now: number, header: object): Uint8Array {
    const life = { algorithm: 'ES256', created: now, expires: now + day };
    const usual = JSON.parse(Buffer.from(formatProtectedHeader(life)).toString('utf8')) as object;
    const bytes = Buffer.from(JSON.stringify({ ...usual, ...header }));
    const payload = formatNotationPayload({ ...subject, reference, serial: 7, creator: 'test' });
    const signature = sign('sha256', jwsSigningInput(bytes, payload), { key, dsaEncoding: 'ieee-p1363' });
    return formatJws({ header: bytes, payload, signature, certificates, agent: 'test' });
  }
});

const artifactType = 'application/vnd.cncf.notary.signature';
const reference = 'localhost/demo/tool:1.0';

/** What is changed in an envelope. */
interface Jws {
  payload: string;
  protected: string;
  signature: string;
  header: { x5c: string[] };
}

function replaceIn(encoded: string, from: string | RegExp, to: string): string {
  const text = Buffer.from(encoded, 'base64url').toString('utf8');
  return Buffer.from(text.replace(from, to)).toString('base64url');
}

/** A registry with an image and the one signature that refers to it, whatever that is. */
async function serveSignature(
  image: SignatureArtifact,
  signature: SignatureArtifact,
): Promise<AsyncDisposable & { readonly port: number; readonly asked: readonly string[] }> {
  const manifests = new Map([image, signature].map((item) => [digestOf(item.bytes), item]));
  const blobs = new Map(signature.blobs.map((bytes) => [digestOf(bytes), bytes]));
  const referrer = {
    mediaType: signature.mediaType,
    digest: digestOf(signature.bytes),
    size: signature.bytes.length,
    artifactType,
  };
  const index = { schemaVersion: 2, mediaType: image.mediaType, manifests: [referrer] };
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const [, kind = '', digest = ''] =
      /^\/v2\/demo\/tool\/(manifests|blobs|referrers)\/([^?]+)/.exec(request.url ?? '') ?? [];
    asked.push(digest);
    const manifest = kind === 'manifests' ? manifests.get(parseDigest(digest)) : undefined;
    const body =
      kind === 'referrers'
        ? Buffer.from(JSON.stringify(index))
        : (manifest?.bytes ?? blobs.get(parseDigest(digest)));
    if (body === undefined) return response.writeHead(404).end();
    const type = kind === 'referrers' ? image.mediaType : (manifest?.mediaType ?? 'application/octet-stream');
    response.writeHead(200, {
      'Content-Type': type,
      'Content-Length': body.length,
      'Docker-Content-Digest': digest,
    });
    return response.end(request.method === 'HEAD' ? undefined : body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
