import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { writeLayout } from '../../../demo/layout-writer.ts';
import { NpmPackages } from '../../../demo/npm-packages.ts';
import { readPackageFiles } from '../../../demo/package-files.ts';
import { buildProgramImage } from '../../../demo/program-image.ts';
import { documentPackage, programPackages, programVersion } from '../../../demo/program-packages.ts';
import type { Digest } from '../../../src/oci/digest.ts';
import { formatPlatform } from '../../../src/oci/platform.ts';
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

const cache = join(import.meta.dirname, '../../../.cache');

/** Builds the demo's image: esbuild, a static program, for amd64, arm64, ppc64le and s390x. */
export async function buildFourPlatforms(work: WorkFolder, name = 'layout'): Promise<FourPlatforms> {
  const names = ['LICENSE.md', 'README.md'];
  const pinned = [documentPackage, ...programPackages.map((entry) => entry.package)];
  const [documentTarball, ...tarballs] = await new NpmPackages(cache).fetch(
    pinned,
    AbortSignal.timeout(180_000),
  );
  const documents = await readPackageFiles(documentTarball ?? Buffer.alloc(0), names);
  const programs = await Promise.all(
    programPackages.map(async ({ platform }, index) => {
      const [bytes] = await readPackageFiles(tarballs[index] ?? Buffer.alloc(0), ['bin/esbuild']);
      return { platform, bytes: bytes ?? Buffer.alloc(0) };
    }),
  );
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
  await writeLayout(layout, image.list, image.blobs);
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
