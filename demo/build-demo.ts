import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { copyTree } from './copy-tree.ts';
import { findFreePort } from './free-port.ts';
import { createHttpsFetch } from './https-fetch.ts';
import { writeLayout } from './layout-writer.ts';
import { NpmPackages } from './npm-packages.ts';
import { readPackageFiles } from './package-files.ts';
import { createSystemClock } from '../src/adapters/time/system-clock.ts';
import type { DemoEvent } from './demo-event.ts';
import { demoAddress, demoMirrors } from './demo-world.ts';
import { buildProgramImage } from './program-image.ts';
import { documentPackage, programPackages, programVersion } from './program-packages.ts';
import { runDemo } from './run-demo.ts';
import type { TaggedReference } from '../src/oci/reference.ts';
import { DemoStage } from './demo-stage.ts';
import { waitForAll } from '../src/parallel/wait-for-all.ts';

/** Where downloaded packages are kept between runs. */
const cache = join(import.meta.dirname, '../.cache');

export interface DemoSettings {
  /** 0 takes a free one. */
  readonly port: number;
  readonly country: string;
  readonly reference: TaggedReference;
  readonly source: string | undefined;
  readonly once: boolean;
  readonly keep: boolean;
  /** The folder in which the demo makes its own; undefined for the system's temporary one. */
  readonly parent: string | undefined;
}

/** Builds the demo, runs it until `signal` or once, and leaves nothing behind, however it ends. */
export async function buildDemo(
  settings: DemoSettings,
  tell: (event: DemoEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const port = await findFreePort(demoAddress, settings.port);
  for (const { address } of demoMirrors) await findFreePort(address, 0);
  const stage = new DemoStage(signal);
  const parent = resolve(settings.parent ?? tmpdir());
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, 'signpost-demo-'));
  try {
    const { country, reference, source, once } = settings;
    await runDemo(
      { folder, port, country, reference, source, once },
      {
        clock: createSystemClock(),
        tell,
        writeFile: async (path, text, secret) => {
          await mkdir(dirname(path), { recursive: true });
          await writeFile(path, text, { mode: secret === undefined ? 0o644 : 0o600 });
        },
        writeProgramImage: (to) => writeProgramImage(to, tell, stage.signal),
        copyTree,
        signpost: (args) => stage.run(args),
        startSignpost: (args, log) => stage.start(args, log),
        startMirror: (mirror, paths, onSent) => stage.startMirror(mirror, paths, onSent),
        createFetch: (authority, from) => createHttpsFetch(authority, from, stage.signal),
        wait: (milliseconds) => stage.wait(milliseconds),
        untilStopped: () => stage.untilStopped(),
      },
    );
  } catch (error) {
    throw stage.reason(error);
  } finally {
    await stage.close();
    if (!settings.keep) await rm(folder, { recursive: true, force: true });
    tell({ event: 'stopped', folder, kept: settings.keep });
  }
}

async function writeProgramImage(
  folder: string,
  tell: (event: DemoEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const npm = new NpmPackages(cache);
  const packages = [documentPackage, ...programPackages.map((entry) => entry.package)];
  for (const { name, version } of await npm.missing(packages)) {
    tell({ event: 'step', says: `  Fetch ${name}@${version} with npm; it is kept in ${cache}.` });
  }
  const [documents = Buffer.alloc(0), ...tarballs] = await npm.fetch(packages, signal);
  const [license, readme] = await readPackageFiles(documents, ['LICENSE.md', 'README.md']);
  const programs = await waitForAll(
    programPackages.map(async ({ platform }, index) => {
      const [bytes = Buffer.alloc(0)] = await readPackageFiles(tarballs[index] ?? Buffer.alloc(0), [
        'bin/esbuild',
      ]);
      return { platform, bytes };
    }),
  );
  const at = 'usr/share/doc/esbuild';
  const image = await buildProgramImage({
    name: 'esbuild',
    version: programVersion,
    license: 'MIT',
    source: 'https://github.com/evanw/esbuild',
    programs,
    documents: [
      { path: `${at}/LICENSE.md`, mode: 0o644, bytes: license ?? Buffer.alloc(0) },
      { path: `${at}/README.md`, mode: 0o644, bytes: readme ?? Buffer.alloc(0) },
    ],
  });
  await writeLayout(folder, image.list, image.blobs);
}
