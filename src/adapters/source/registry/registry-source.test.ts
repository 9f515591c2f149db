import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { imageSourceContract } from '../../../../test/contracts/image-source.ts';
import { fails } from '../../../../test/fakes/expect-error.ts';
import {
  noise,
  registryImages,
  startRegistry,
  withRegistry,
  withTlsRegistry,
} from '../../../../test/fakes/registry-fixture.ts';
import { digestOf } from '../../../oci/digest.ts';

for (const [name, built] of Object.entries(registryImages)) {
  imageSourceContract(`registry, ${name}`, () => startRegistry({}, {}, name), built);
}
imageSourceContract('registry that wants tokens', () => startRegistry({ bearer: {} }), noise);
imageSourceContract(
  'registry that cannot start in the middle',
  () => startRegistry({ ignoreRange: true }),
  noise,
);

describe('manifests', () => {
  withRegistry(
    'what says that it is Docker schema 1, and is not, is refused by name',
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

  for (const manifestType of [
    'application/json; charset=utf-8',
    'binary/octet-stream',
    'text/html',
    '',
    'x',
  ]) {
    withRegistry(
      `of type "${manifestType}" are left to speak for themselves`,
      { manifestType },
      async (source) => {
        assert.equal((await source.root()).mediaType, undefined);
      },
    );
  }

  const encoders = {
    gzip: gzipSync,
    'x-gzip': gzipSync,
    deflate: deflateSync,
    br: brotliCompressSync,
    zstd: zstdCompressSync,
  };
  for (const [encoding, encode] of Object.entries(encoders)) {
    withRegistry(
      `that come compressed as ${encoding} are what they are without it`,
      { headers: { 'Content-Encoding': encoding }, damage: (bytes) => encode(bytes) },
      async (source) => {
        assert.equal(digestOf((await source.root()).bytes), noise.digest);
      },
    );
  }

  withRegistry(
    'that come compressed in a way that nobody knows are refused by that name',
    { headers: { 'Content-Encoding': 'gzip, br' } },
    async (source, server) => {
      await assert.rejects(source.root(), fails('SOURCE_INVALID', 'Content-Encoding "gzip, br"'));
      server.knobs.headers = { 'Content-Encoding': 'gzip' };
      await assert.rejects(
        source.root(),
        fails('SOURCE_INVALID', 'does not have the Content-Encoding "gzip"'),
      );
      server.knobs.damage = () => gzipSync(Buffer.alloc(8 * 1024 * 1024));
      await assert.rejects(source.root(), fails('LIMIT_EXCEEDED', 'undone'));
    },
  );

  withRegistry('are asked for again when the connection drops', {}, async (source, server) => {
    let drops = 2;
    server.knobs.instead = (_request, response) => {
      if (drops === 0) return false;
      drops -= 1;
      response.writeHead(200, { 'Content-Length': 1000 }).write('{', () => response.destroy());
      return true;
    };
    assert.equal(digestOf((await source.root()).bytes), noise.digest);
  });

  withRegistry(
    'and all else that is small have a time together',
    {
      instead: (_request, response) => {
        response.write('x'.repeat(10_000));
        const timer = setInterval(() => response.write('x'.repeat(10_000)), 20);
        response.on('close', () => clearInterval(timer));
        return true;
      },
    },
    async (source) => {
      await assert.rejects(source.root(), fails('UNAVAILABLE', 'too slow'));
      await assert.rejects(source.root(), fails('UNAVAILABLE', 'too slow'));
    },
    { patience: { smallAnswers: 200 } },
  );
});

describe('TLS', () => {
  withTlsRegistry('a certificate is checked, unless told otherwise', {}, async (open, trusted, server) => {
    const strict = await open({});
    await assert.rejects(strict.root(), fails('UNAVAILABLE', 'certificate'));
    assert.equal(server.seen.length, 0);
    for (const settings of [trusted, { insecure: true }]) {
      const source = await open(settings);
      assert.equal(digestOf((await source.root()).bytes), noise.digest);
    }
  });

  withRegistry(
    'plain HTTP is never spoken unless asked for',
    {},
    async (source, server) => {
      await assert.rejects(source.root(), fails('UNAVAILABLE', 'plain HTTP has to be asked for'));
      assert.equal(server.seen.length, 0);
    },
    { tls: { insecure: true } },
  );

  withTlsRegistry('a file that holds no authority is named', {}, async (open) => {
    const noPem = new URL(import.meta.url).pathname;
    await assert.rejects(
      open({ certificateAuthorities: [noPem] }),
      fails('CONFIG_INVALID', 'no certificate'),
    );
    const absent = { certificateAuthorities: ['/nonexistent'] };
    await assert.rejects(open(absent), fails('CONFIG_INVALID', '/nonexistent'));
  });
});
