import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildProgramImage } from '../../../src/demo/program-image.ts';
import {
  documentPackage,
  type PinnedPackage,
  programPackages,
  programVersion,
} from '../../../src/demo/program-packages.ts';
import type { Digest } from '../../../src/oci/digest.ts';
import { formatPlatform } from '../../../src/oci/platform.ts';
import { mustRun } from './command.ts';
import { addBlob, writeLayoutIndex } from './image-layout.ts';
import type { WorkFolder } from './work-folder.ts';

/** A real image for four platforms, on disk as an OCI image layout. */
export interface FourPlatforms {
  readonly layout: string;
  readonly list: Digest;
  /** For each platform: what a client that pulled it must have. */
  readonly platforms: readonly {
    readonly platform: string;
    readonly manifest: Digest;
    readonly config: Digest;
    readonly layers: readonly { readonly digest: Digest; readonly size: number }[];
    /** SHA-256 of the program in it, in hexadecimal. */
    readonly program: string;
  }[];
}

/** Where the program is in the image, without the first slash. */
export const programPath = 'usr/bin/esbuild';
export { programVersion };

const cache = join(import.meta.dirname, '../../../.cache/e2e-packages');

/** Builds the demo's image: esbuild, a static program, for amd64, arm64, ppc64le and s390x. */
export async function buildFourPlatforms(work: WorkFolder, name = 'layout'): Promise<FourPlatforms> {
  const programs = await Promise.all(
    programPackages.map(async ({ platform, package: pinned }) => {
      const [bytes] = await readPackage(work, pinned, ['bin/esbuild']);
      return { platform, bytes: bytes ?? Buffer.alloc(0) };
    }),
  );
  const names = ['LICENSE.md', 'README.md'];
  const documents = await readPackage(work, documentPackage, names);
  const image = await buildProgramImage({
    name: 'esbuild',
    version: programVersion,
    license: 'MIT',
    source: 'https://github.com/evanw/esbuild',
    programs,
    documents: names.map((file, index) => ({
      path: `usr/share/doc/esbuild/${file}`,
      mode: 0o644,
      bytes: documents[index] ?? Buffer.alloc(0),
    })),
  });
  const layout = work.folder(name);
  writeLayoutIndex(layout, image.list);
  for (const [digest, bytes] of image.blobs) addBlob(layout, digest, bytes);
  const parse = (digest: Digest) =>
    JSON.parse(Buffer.from(image.blobs.get(digest) ?? []).toString('utf8')) as {
      manifests: { digest: Digest }[];
      config: { digest: Digest };
      layers: { digest: Digest; size: number }[];
    };
  return {
    layout,
    list: image.list.digest,
    platforms: parse(image.list.digest).manifests.map((manifest, index) => {
      const { config, layers } = parse(manifest.digest);
      const { platform, bytes } = programs[index] ?? { platform: { os: '', architecture: '' }, bytes: '' };
      return {
        platform: formatPlatform(platform),
        manifest: manifest.digest,
        config: config.digest,
        layers: layers.map(({ digest, size }) => ({ digest, size })),
        program: createHash('sha256').update(bytes).digest('hex'),
      };
    }),
  };
}

/** Reads files out of a package, fetched by npm once and kept in the checkout's cache. */
async function readPackage(
  work: WorkFolder,
  pinned: PinnedPackage,
  files: readonly string[],
): Promise<readonly Buffer[]> {
  const tarball = join(
    cache,
    `${pinned.name.replaceAll(/[@/]+/g, '-')}-${pinned.version}.tgz`.replace(/^-/, ''),
  );
  mkdirSync(cache, { recursive: true });
  if (!existsSync(tarball) || !isRight(tarball, pinned)) {
    rmSync(tarball, { force: true });
    await mustRun(
      'npm',
      ['pack', '--silent', '--pack-destination', cache, `${pinned.name}@${pinned.version}`],
      { env: { HOME: process.env.HOME ?? '/root', ...npmSettings() }, timeout: 180_000 },
    );
    if (!isRight(tarball, pinned)) throw new Error(`${tarball} is not ${pinned.integrity}`);
  }
  const target = work.folder('packages', pinned.name);
  await mustRun('tar', ['-xzf', tarball, '-C', target, ...files.map((file) => `package/${file}`)]);
  return files.map((file) => readFileSync(join(target, 'package', file)));
}

function isRight(tarball: string, pinned: PinnedPackage): boolean {
  return (
    existsSync(tarball) &&
    `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}` === pinned.integrity
  );
}

/** npm goes to the registry that this machine has set up for it. */
function npmSettings(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      /^npm_config_|_proxy$|^SSL_CERT_|^NODE_EXTRA_CA_CERTS$/i.test(name) && value !== undefined
        ? [[name, value]]
        : [],
    ),
  );
}
