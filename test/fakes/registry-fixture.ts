import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createRegistrySource } from '../../src/adapters/source/registry/registry-source.ts';
import type { ImageSourceOptions, SourceTls } from '../../src/adapters/source/source-options.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { parseImageSource } from '../../src/oci/image-source-name.ts';
import type { ImageSource } from '../../src/ports/image-source.ts';
import { readBlob } from '../contracts/image-source.ts';
import { buildFourPlatforms, buildImage } from './image-builder.ts';
import { createLoopbackCertificate } from './loopback-certificate.ts';
import { type RegistryKnobs, type RegistryServer, startRegistryServer } from './registry-server.ts';

type Options = Omit<ImageSourceOptions, 'temporaryFolder'>;

/** An image whose first layer does not compress, so that its blob is long enough to break. */
export const noise = buildImage({ layers: [{ noise: pseudoRandom(400_000) }, { other: 'x' }] });
const layer = noise.blobs.get([...noise.blobs.keys()][1] ?? digestOf('')) ?? Buffer.alloc(0);
export const noiseLayer = { mediaType: 'x/y', digest: digestOf(layer), size: layer.length };

export const registryImages = {
  'a/list:1': buildFourPlatforms(),
  'a/image:1': buildImage({ layers: [{ big: Buffer.alloc(300_000, 'text') }], docker: true }),
  'a/noise:latest': noise,
};
export const quickRetry = { attempts: 4, pause: 1, longestPause: 50 };

/** The first layer of the image above, from `offset` on. */
export function readLayer(source: ImageSource, offset = 0): Promise<Buffer> {
  return readBlob(source, noiseLayer, offset);
}

/** A registry on plain HTTP and a source of one of its images. */
export async function startRegistry(
  knobs: RegistryKnobs = {},
  options: Options = {},
  image = 'a/noise',
): Promise<{ server: RegistryServer; source: ImageSource; end: () => Promise<void> }> {
  const server = await startRegistryServer(registryImages, { knobs: { ...knobs } });
  const source = await openSource(server, { tls: { plainHttp: true }, ...options }, image);
  const end = async () => {
    await source.close();
    await server.close();
  };
  return { server, source, end };
}

/** A test with such a registry. */
export function withRegistry(
  title: string,
  knobs: RegistryKnobs,
  work: (source: ImageSource, server: RegistryServer) => Promise<void>,
  options?: Options,
): void {
  test(title, async () => {
    const { server, source, end } = await startRegistry(knobs, options);
    try {
      await work(source, server);
    } finally {
      await end();
    }
  });
}

/**
 * A test with a registry that speaks TLS. `open` makes a source of its image; `trusted` are the settings with which
 * its certificate is good.
 */
export function withTlsRegistry(
  title: string,
  knobs: RegistryKnobs,
  work: (
    open: (tls: SourceTls) => Promise<ImageSource>,
    trusted: SourceTls,
    server: RegistryServer,
  ) => Promise<void>,
): void {
  test(title, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'signpost-registry-'));
    const { authority, certificate, key } = await createLoopbackCertificate();
    await writeFile(join(folder, 'ca.pem'), authority);
    const server = await startRegistryServer(registryImages, { knobs, tls: { cert: certificate, key } });
    const sources: ImageSource[] = [];
    const open = async (tls: SourceTls) => {
      const source = await openSource(server, { tls }, 'a/noise');
      sources.push(source);
      return source;
    };
    try {
      await work(open, { certificateAuthorities: [join(folder, 'ca.pem')] }, server);
    } finally {
      await Promise.all(sources.map((source) => source.close()));
      await server.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
}

function openSource(server: RegistryServer, options: Options, image: string): Promise<ImageSource> {
  const name = parseImageSource(`docker://${server.host}/${image}`);
  assert.ok(name.kind === 'registry');
  return createRegistrySource(name, { retry: quickRetry, ...options });
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
