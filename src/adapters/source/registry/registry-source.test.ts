import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { imageSourceContract, readBlob } from '../../../../test/contracts/image-source.ts';
import { buildFourPlatforms, buildImage, type BuiltManifest } from '../../../../test/fakes/image-builder.ts';
import {
  createLoopbackCertificate,
  type LoopbackCertificate,
} from '../../../../test/fakes/loopback-certificate.ts';
import {
  type RegistryKnobs,
  type RegistryServer,
  startRegistryServer,
} from '../../../../test/fakes/registry-server.ts';
import { digestOf } from '../../../oci/digest.ts';
import { type ErrorCode, isSignpostError } from '../../../oci/errors.ts';
import { parseImageSource } from '../../../oci/image-source-name.ts';
import type { ImageSource } from '../../../ports/image-source.ts';
import type { ImageSourceOptions } from '../source-options.ts';
import { createRegistrySource } from './registry-source.ts';

type Options = Omit<ImageSourceOptions, 'temporaryFolder'>;

const list = buildFourPlatforms();
const image = buildImage({ layers: [{ big: Buffer.alloc(300_000, 'incompressible? no') }], docker: true });
const noise = buildImage({ layers: [{ noise: pseudoRandom(400_000) }, { other: 'x' }] });
const layer = noise.blobs.get([...noise.blobs.keys()][1] ?? digestOf(''));
const layerDescriptor = { mediaType: 'x/y', digest: digestOf(layer ?? ''), size: layer?.length ?? 0 };
const images = { 'a/list:1': list, 'a/image:1': image, 'a/noise:latest': noise };
const quick = { attempts: 4, pause: 1, longestPause: 50 };

let folder: string;
let certificate: LoopbackCertificate;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signpost-registry-'));
  certificate = await createLoopbackCertificate();
  await writeFile(join(folder, 'ca.pem'), certificate.authority);
});
after(() => rm(folder, { recursive: true, force: true }));

async function start(
  knobs: RegistryKnobs = {},
  options: Options = {},
  image = 'a/noise',
): Promise<{ server: RegistryServer; source: ImageSource; end: () => Promise<void> }> {
  const server = await startRegistryServer(images, { knobs });
  const name = parseImageSource(`docker://${server.host}/${image}`);
  assert.equal(name.kind, 'registry');
  const source = await createRegistrySource(name, { tls: { plainHttp: true }, retry: quick, ...options });
  const end = async () => {
    await source.close();
    await server.close();
  };
  return { server, source, end };
}

function withRegistry(
  title: string,
  knobs: RegistryKnobs,
  work: (source: ImageSource, server: RegistryServer) => Promise<void>,
  options?: Options,
): void {
  test(title, async () => {
    const { server, source, end } = await start({ ...knobs }, options);
    try {
      await work(source, server);
    } finally {
      await end();
    }
  });
}

const fails = (code: ErrorCode, text: string) => (error: unknown) =>
  (isSignpostError(error, code) && error.message.includes(text)) ||
  assert.fail(`expected ${code} with "${text}", got ${String(error)}`);

const readLayer = (source: ImageSource, offset = 0) => readBlob(source, layerDescriptor, offset);

async function writeCredentials(name: string, content: unknown): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, JSON.stringify(content));
  return file;
}

for (const [name, built] of Object.entries(images) as [string, BuiltManifest][]) {
  imageSourceContract(`registry, ${name}`, () => start({}, {}, name), built);
}
imageSourceContract('registry that wants tokens', () => start({ bearer: {} }), noise);
imageSourceContract('registry that cannot start in the middle', () => start({ ignoreRange: true }), noise);

describe('authorization', () => {
  const auth = Buffer.from('alice:pass:word').toString('base64');
  const user = { user: 'alice', password: 'pass:word' };

  test('Basic credentials are sent once the registry asks, and found by host', async () => {
    const { server, source, end } = await start(
      { basic: user },
      { credentialFiles: [join(folder, 'basic.json')] },
    );
    await writeCredentials('basic.json', { auths: { [`https://${server.host}/v2/`]: { auth } } });
    await source.root();
    await readLayer(source);
    assert.equal(server.seen.filter((request) => request.headers.authorization === undefined).length, 1);
    await end();
  });

  withRegistry(
    'without credentials a registry that wants Basic says DENIED',
    { basic: user },
    async (source) => {
      await assert.rejects(source.root(), fails('DENIED', 'log in first'));
    },
  );

  test('wrong credentials are tried once', async () => {
    const { server, source, end } = await start(
      { basic: user },
      { credentialFiles: [join(folder, 'wrong.json')] },
    );
    await writeCredentials('wrong.json', { auths: { [server.host]: { username: 'alice', password: 'no' } } });
    await assert.rejects(source.root(), fails('DENIED', '401'));
    assert.equal(server.seen.length, 2);
    await end();
  });

  withRegistry('a token is asked for once, to pull and no more', { bearer: {} }, async (source, server) => {
    await source.root();
    await Promise.all([readLayer(source), readLayer(source)]);
    const asked = server.seen.filter(({ path }) => path.startsWith('/token'));
    assert.equal(asked.length, 1);
    const query = new URL(asked[0]?.path ?? '', 'http://x').searchParams;
    assert.equal(query.get('scope'), 'repository:a/noise:pull');
    assert.equal(query.get('service'), 'test registry');
  });

  withRegistry(
    'a token that has ended is renewed, once for all requests',
    { bearer: {} },
    async (source, server) => {
      await source.root();
      server.revokeTokens();
      await Promise.all([readLayer(source), readLayer(source), source.root()]);
      assert.equal(server.seen.filter(({ path }) => path.startsWith('/token')).length, 2);
    },
  );

  withRegistry(
    'a token server on plain HTTP is good enough only for a registry on plain HTTP',
    {},
    async () => {
      const tls = { cert: certificate.certificate, key: certificate.key };
      const knobs = { bearer: { realm: 'http://127.0.0.1:1/token' } };
      const server = await startRegistryServer(images, { knobs, tls });
      const source = await openTls(server, { certificateAuthorities: [join(folder, 'ca.pem')] });
      await assert.rejects(source.root(), fails('DENIED', 'expected https'));
      await source.close();
      await server.close();
    },
  );
});

describe('redirects', () => {
  test('credentials never go to another host', async () => {
    const other = await startRegistryServer(images);
    const redirectBlobs = (path: string) => `http://${other.host}${path}`;
    const { source, end } = await start({ bearer: {}, redirectBlobs });
    assert.equal(digestOf(await readLayer(source)), layerDescriptor.digest);
    assert.ok(other.seen.length > 0);
    assert.ok(other.seen.every(({ headers }) => headers.authorization === undefined));
    await end();
    await other.close();
  });

  withRegistry(
    'endless ones are not followed for ever',
    { redirectBlobs: (path) => path },
    async (source, server) => {
      await assert.rejects(readLayer(source), fails('SOURCE_INVALID', 'more than 5 times'));
      assert.equal(server.seen.length, 6);
    },
  );

  for (const target of ['ftp://127.0.0.1/', 'file:///etc/passwd', 'http://user:pw@127.0.0.1/', 'http://']) {
    withRegistry(`to ${target} are refused`, { redirectBlobs: () => target }, async (source) => {
      await assert.rejects(readLayer(source), fails('SOURCE_INVALID', 'expected an http URL'));
    });
  }

  test('from https to http are refused', async () => {
    const tls = { cert: certificate.certificate, key: certificate.key };
    const knobs = { redirectBlobs: () => 'http://127.0.0.1:1/' };
    const server = await startRegistryServer(images, { knobs, tls });
    const source = await openTls(server, { certificateAuthorities: [join(folder, 'ca.pem')] });
    await source.root();
    await assert.rejects(readLayer(source), fails('SOURCE_INVALID', 'from https to http'));
    await source.close();
    await server.close();
  });
});

describe('blobs', () => {
  withRegistry(
    'a broken stream goes on where it broke',
    { truncateAfter: 100_000, faults: 3 },
    async (source, server) => {
      assert.equal(digestOf(await readLayer(source)), layerDescriptor.digest);
      const ranges = server.seen.map(({ headers }) => headers.range);
      assert.deepEqual(
        ranges.map((range) => range?.replace(/=\d+-/, '=n-')),
        [undefined, 'bytes=n-', 'bytes=n-', 'bytes=n-'],
      );
    },
  );

  withRegistry(
    'a stream that always breaks fails in the end',
    { truncateAfter: 10 },
    async (source, server) => {
      await assert.rejects(readLayer(source), fails('UNAVAILABLE', ''));
      assert.equal(server.seen.length, quick.attempts);
    },
  );

  withRegistry(
    'a stream that stands still is taken up again',
    { stallAfter: 1000, faults: 1 },
    async (source) => {
      assert.equal(digestOf(await readLayer(source)), layerDescriptor.digest);
    },
    { timeouts: { idle: 100 } },
  );

  withRegistry(
    'a slow reader is not taken for a silent peer',
    {},
    async (source) => {
      let size = 0;
      for await (const piece of await source.blob(layerDescriptor, 0, new AbortController().signal)) {
        size += piece.length;
        await new Promise((resolve) => setTimeout(resolve, 60));
      }
      assert.equal(size, layerDescriptor.size);
    },
    { timeouts: { idle: 40 } },
  );

  withRegistry(
    'a registry that ignores ranges is told from one that resumes',
    { ignoreRange: true },
    async (source) => {
      await assert.rejects(
        source.blob(layerDescriptor, 5, new AbortController().signal),
        fails('SOURCE_INVALID', 'middle'),
      );
    },
  );

  withRegistry(
    'an answer from another place than was asked for is refused',
    { wrongRange: true },
    async (source) => {
      await assert.rejects(readLayer(source, 5), fails('SOURCE_INVALID', 'from byte 5'));
    },
  );

  withRegistry('one of another length than its descriptor says is refused', {}, async (source) => {
    for (const size of [1, layerDescriptor.size + 1]) {
      await assert.rejects(
        readBlob(source, { ...layerDescriptor, size }, 0),
        fails('SOURCE_INVALID', 'descriptor says'),
      );
    }
  });

  withRegistry(
    'a compressed transfer is refused',
    { headers: { 'Content-Encoding': 'gzip' } },
    async (source) => {
      await assert.rejects(readLayer(source), fails('SOURCE_INVALID', 'Content-Encoding'));
    },
  );

  withRegistry('a signal ends one in the middle', { stallAfter: 1000 }, async (source) => {
    const stop = new AbortController();
    const pieces = await source.blob(layerDescriptor, 0, stop.signal);
    await assert.rejects(
      async () => {
        for await (const piece of pieces) {
          assert.ok(piece.length > 0);
          stop.abort();
        }
      },
      fails('CANCELLED', ''),
    );
  });

  withRegistry('closing the source ends one in the middle', { stallAfter: 1000 }, async (source) => {
    const pieces = await source.blob(layerDescriptor, 0, new AbortController().signal);
    await assert.rejects(
      async () => {
        for await (const piece of pieces) {
          assert.ok(piece.length > 0);
          await source.close();
        }
      },
      fails('CANCELLED', ''),
    );
  });
});

describe('failures', () => {
  const failures = (...statuses: number[]) => statuses.map((status) => ({ status }));

  withRegistry(
    'passing ones are tried again',
    { failures: failures(503, 429, 500) },
    async (source, server) => {
      await source.root();
      assert.equal(server.seen.length, 4);
    },
  );

  withRegistry('lasting ones are told', { failures: failures(503, 503, 503, 503) }, async (source) => {
    await assert.rejects(source.root(), fails('UNAVAILABLE', 'status 503'));
  });

  withRegistry(
    'a 403 and a 404 are not tried again',
    { failures: failures(403, 404, 400) },
    async (source, server) => {
      await assert.rejects(source.root(), fails('DENIED', '403'));
      await assert.rejects(source.root(), fails('NOT_FOUND', '404'));
      await assert.rejects(source.root(), fails('SOURCE_INVALID', '400'));
      assert.equal(server.seen.length, 3);
    },
  );

  withRegistry(
    'a registry that asks for too much patience has failed',
    { failures: [{ status: 429, headers: { 'Retry-After': '3600' } }] },
    async (source) => {
      await assert.rejects(source.root(), fails('UNAVAILABLE', 'come back in 3600000 ms'));
    },
  );

  test('nobody there', async () => {
    const { source, end, server } = await start();
    await server.close();
    await assert.rejects(source.root(), fails('UNAVAILABLE', 'ECONNREFUSED'));
    await end();
  });

  withRegistry('a registry that never answers is given up', { failures: [] }, async (_, server) => {
    const { createServer } = await import('node:net');
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    assert.ok(typeof address === 'object' && address !== null);
    const name = parseImageSource(`docker://127.0.0.1:${address.port}/a`);
    assert.equal(name.kind, 'registry');
    const source = await createRegistrySource(name, {
      tls: { plainHttp: true },
      retry: { attempts: 2, pause: 1 },
      timeouts: { headers: 50 },
    });
    await assert.rejects(source.root(), fails('UNAVAILABLE', 'within 50 ms'));
    await source.close();
    silent.close();
    assert.equal(server.seen.length, 0);
  });
});

describe('manifests', () => {
  withRegistry(
    'Docker schema 1 is refused by name',
    { manifestType: 'application/vnd.docker.distribution.manifest.v1+prettyjws' },
    async (source) => {
      await assert.rejects(source.root(), fails('SOURCE_INVALID', 'schema 1'));
    },
  );

  withRegistry(
    'over 4 MiB are refused without reading them whole',
    { damage: () => Buffer.alloc(5 * 1024 * 1024, ' ') },
    async (source) => {
      await assert.rejects(source.root(), fails('LIMIT_EXCEEDED', '4194304'));
    },
  );

  withRegistry(
    'with other bytes than the announced digest are refused',
    { damage: (bytes) => Buffer.from(bytes.toString().replace('2', '3')) },
    async (source) => {
      await assert.rejects(source.root(), fails('SOURCE_INVALID', 'does not have digest'));
    },
  );

  withRegistry(
    'with a vague type are left to speak for themselves',
    { manifestType: 'application/json; charset=utf-8' },
    async (source) => {
      assert.equal((await source.root()).mediaType, undefined);
    },
  );
});

describe('TLS', () => {
  const tls = () => ({ cert: certificate.certificate, key: certificate.key });

  test('a certificate is checked, against the given authority too, unless told otherwise', async () => {
    const server = await startRegistryServer(images, { tls: tls() });
    const strict = await openTls(server, {});
    await assert.rejects(strict.root(), fails('UNAVAILABLE', 'certificate'));
    assert.equal(server.seen.length, 0);
    for (const settings of [{ certificateAuthorities: [join(folder, 'ca.pem')] }, { insecure: true }]) {
      const source = await openTls(server, settings);
      assert.equal(digestOf((await source.root()).bytes), noise.digest);
      await source.close();
    }
    await strict.close();
    await server.close();
  });

  test('plain HTTP is never spoken unless asked for', async () => {
    const server = await startRegistryServer(images);
    const source = await openTls(server, { insecure: true });
    await assert.rejects(source.root(), fails('UNAVAILABLE', 'plain HTTP has to be asked for'));
    assert.equal(server.seen.length, 0);
    await source.close();
    await server.close();
  });

  test('a file that holds no authority is named', async () => {
    const server = await startRegistryServer(images, { tls: tls() });
    const file = new URL(import.meta.url).pathname.replace('.test', '');
    await assert.rejects(
      openTls(server, { certificateAuthorities: [file] }),
      fails('CONFIG_INVALID', 'no certificate'),
    );
    await assert.rejects(
      openTls(server, { certificateAuthorities: ['/nonexistent'] }),
      fails('CONFIG_INVALID', '/nonexistent'),
    );
    await server.close();
  });
});

async function openTls(server: RegistryServer, tls: NonNullable<Options['tls']>): Promise<ImageSource> {
  const name = parseImageSource(`docker://${server.host}/a/noise`);
  assert.equal(name.kind, 'registry');
  return createRegistrySource(name, { tls, retry: quick });
}

function pseudoRandom(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  let state = 1;
  for (let index = 0; index < size; index++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[index] = state >>> 16;
  }
  return bytes;
}
