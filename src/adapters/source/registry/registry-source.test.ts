import assert from 'node:assert/strict';
import { describe } from 'node:test';
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

  withRegistry(
    'with a vague type are left to speak for themselves',
    { manifestType: 'application/json; charset=utf-8' },
    async (source) => {
      assert.equal((await source.root()).mediaType, undefined);
    },
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
