import { SignpostError } from '../src/oci/errors.ts';
import type { Clock, MonotonicClock } from '../src/ports/clock.ts';
import type { TaggedReference } from '../src/oci/reference.ts';
import { formatTaggedReference } from '../src/oci/reference.ts';
import { createCertificateAuthority } from './certificates.ts';
import { clientCommands, writePolicy, writeRegistriesFile } from './client-setup.ts';
import { writeDemoConfig } from './demo-config.ts';
import type { DemoEvent, MirrorSent } from './demo-event.ts';
import { demoAddress, type DemoMirror, demoMirrors, type DemoPaths, demoPaths } from './demo-world.ts';
import { type Fetch, pullImage, type ReadImage, readImage } from './pull-image.ts';
import { createSigningKey } from './signing-key.ts';

/** What a demo is asked for. */
export interface DemoRequest {
  /** An empty folder of its own. */
  readonly folder: string;
  readonly port: number;
  readonly country: string;
  readonly reference: TaggedReference;
  /** An image source that `signpost publish` takes; undefined for the demo's own image. */
  readonly source: string | undefined;
  /** Whether to pull once and leave, instead of running until stopped. */
  readonly once: boolean;
}

/** What a demo needs of the machine. Everything that it starts is stopped by whoever made it. */
export interface DemoDeps {
  readonly clock: Clock & MonotonicClock;
  readonly tell: (event: DemoEvent) => void;
  /** Writes a file and the folders above it; `secret` keeps others from reading it. */
  readonly writeFile: (path: string, text: string, secret?: 'secret') => Promise<void>;
  /** Builds the demo's own image as an OCI layout in `folder`. */
  readonly writeProgramImage: (folder: string) => Promise<void>;
  readonly copyTree: (from: string, to: string) => Promise<void>;
  /** Runs a command of signpost to its end. */
  readonly signpost: (args: readonly string[]) => Promise<void>;
  /** Starts a command of signpost that runs until it is stopped. */
  readonly startSignpost: (args: readonly string[], log: string) => void;
  /** Starts a mirror and returns its port. */
  readonly startMirror: (
    mirror: DemoMirror,
    paths: DemoPaths,
    onSent: (sent: MirrorSent) => void,
  ) => Promise<number>;
  /** Trusts only the authority whose certificate is given, and connects from the address `from`. */
  readonly createFetch: (authority: string, from: string) => Fetch;
  /** Waits; ends early by throwing when the demo is stopped or something that it started dies. */
  readonly wait: (milliseconds: number) => Promise<void>;
  /** Ends when the demo is to stop; throws when something that it started dies. */
  readonly untilStopped: () => Promise<void>;
}

const hour = 3_600_000;
const day = 24 * hour;
/** How long the Mirror List and the first probes of the mirrors may take, in milliseconds. */
const readyLimit = 60_000;

/**
 * Builds a whole network on loopback: an image, a key, a signature, the Mirror List and mirrors in several countries.
 * It goes through the same commands that a person would type, and shows each.
 */
export async function runDemo(request: DemoRequest, deps: DemoDeps): Promise<void> {
  const registry = `localhost:${request.port}`;
  const paths = demoPaths(request.folder, registry);
  const { reference, country } = request;
  const show = async (says: string, args: readonly string[]) => {
    deps.tell({ event: 'command', says, argv: ['signpost', ...args] });
    await deps.signpost(args);
  };
  const step = (says: string) => deps.tell({ event: 'step', says });

  step('Make a certificate authority, certificates, an OpenPGP key and a configuration.');
  const { authority, issue } = await makeAuthority(paths, deps);
  const server = await issue(['localhost', demoAddress]);
  await deps.writeFile(paths.certificate, server.certificate);
  await deps.writeFile(paths.key, server.key, 'secret');
  await makeKeys(paths, deps);
  await deps.writeFile(paths.config, writeDemoConfig({ registry, port: request.port, country }, paths));

  if (request.source === undefined) {
    step('Build an image for four platforms out of static programs.');
    await deps.writeProgramImage(paths.image);
  }
  const config = ['--config', paths.config];
  const source = request.source ?? `oci:${paths.image}`;
  const name = formatTaggedReference(reference);
  const { request: toSign, bundle } = paths;
  const signing = ['--key', paths.privateKey, '--record', paths.record, '--output', bundle, '--yes'];
  await show('Copy the image into staging, which is never served.', ['publish', ...config, source, name]);
  await show('Write what waits for a signature into one file.', ['request', ...config, '--output', toSign]);
  await show('Sign it. For real this runs on a machine without network.', ['sign', toSign, ...signing]);
  await show('Verify the signatures, then publish in one step.', ['accept', ...config, bundle]);

  const mirrors: (DemoMirror & { url: string })[] = [];
  for (const mirror of demoMirrors) {
    step(`Copy the tree to ${mirror.name} (${mirror.country}) and start its web server.`);
    await deps.copyTree(paths.tree, paths.mirrorRoot(mirror));
    const tls = await issue([mirror.address]);
    await deps.writeFile(paths.mirrorCertificate(mirror), tls.certificate);
    await deps.writeFile(paths.mirrorKey(mirror), tls.key, 'secret');
    const port = await deps.startMirror(mirror, paths, (sent) => {
      // The Mirror List's own probes come all the time; what clients fetch is what there is to see.
      if (!/signpost/i.test(sent.userAgent)) deps.tell({ event: 'sent', mirror: mirror.name, ...sent });
    });
    const url = `https://${mirror.address}:${port}`;
    mirrors.push({ ...mirror, url });
    const describe = [mirror.name, url, '--country', mirror.country];
    await show('Tell the Mirror List of it.', ['mirror', 'add', ...config, ...describe]);
  }

  const serve = ['serve', ...config];
  deps.tell({ event: 'command', says: 'Start the Mirror List.', argv: ['signpost', ...serve] });
  deps.startSignpost(serve, paths.serveLog);
  const url = `https://${registry}`;
  const fetch = deps.createFetch(authority, demoAddress);
  const repository = `${url}/v2/${reference.repository}`;
  const image = await untilReady(deps, async () => {
    const { status } = await fetch('GET', `${url}/readyz`, {});
    if (status !== 200) throw new SignpostError('UNAVAILABLE', `${url}/readyz answered ${status}`);
    const image = await readImage(fetch, repository, reference.tag);
    for (const mirror of mirrors) await checkRedirect(repository, image, mirror, authority, deps);
    return image;
  });

  await deps.writeFile(`${paths.certificates}/ca.crt`, authority);
  await deps.writeFile(paths.policy, writePolicy(registry, paths.publicKey));
  await deps.writeFile(paths.strictPolicy, writePolicy(registry, paths.strangersKey));
  await deps.writeFile(`${paths.registriesFolder}/demo.yaml`, writeRegistriesFile(registry));
  const published = {
    registry,
    ...reference,
    list: image.digest,
    largeBlob: largeBlobOf(image),
    tryOption: request.source === undefined ? '--version' : undefined,
  };
  deps.tell({
    event: 'ready',
    url,
    country,
    folder: request.folder,
    once: request.once,
    image: published,
    platforms: image.list.manifests.flatMap(({ platform }) => platform ?? []),
    mirrors,
    commands: clientCommands(published, paths),
  });

  if (request.once) deps.tell({ event: 'pulled', ...(await pullImage(fetch, repository, image)) });
  else await deps.untilStopped();
}

async function makeAuthority(paths: DemoPaths, deps: DemoDeps) {
  const now = deps.clock.now();
  // An hour back: a client in a virtual machine may have a clock that is a little behind.
  const validity = { notBefore: now - hour, notAfter: now + 7 * day };
  const authority = await createCertificateAuthority('Signpost demo', validity);
  await deps.writeFile(paths.authority, authority.certificate);
  return {
    authority: authority.certificate,
    issue: (hosts: readonly string[]) => authority.issue(hosts, validity),
  };
}

async function makeKeys(paths: DemoPaths, deps: DemoDeps): Promise<void> {
  const release = await createSigningKey('Signpost demo release key', deps.clock.now());
  const stranger = await createSigningKey('Signpost demo: a key that signed nothing', deps.clock.now());
  await deps.writeFile(paths.privateKey, release.privateKey, 'secret');
  await deps.writeFile(paths.publicKey, release.publicKey);
  await deps.writeFile(paths.strangersKey, stranger.publicKey);
}

/** The largest blob, when it is one that the Mirror List redirects (`registry.inlineSize` is 32 KiB by default). */
function largeBlobOf(image: ReadImage): string | undefined {
  const [largest] = image.blobs;
  return largest !== undefined && largest.size > 32 * 1024 ? largest.digest : undefined;
}

/** Tries again until `attempt` succeeds: the server has to start, and to find its mirrors well. */
async function untilReady<T>(deps: DemoDeps, attempt: () => Promise<T>): Promise<T> {
  const deadline = deps.clock.monotonic() + readyLimit;
  for (;;) {
    try {
      return await attempt();
    } catch (cause) {
      await deps.wait(200);
      if (deps.clock.monotonic() < deadline) continue;
      const message = `the Mirror List is not ready after ${readyLimit / 1000} s: ${(cause as Error).message}`;
      throw new SignpostError('UNAVAILABLE', message, { cause });
    }
  }
}

/** Asks as a client of the mirror's country, which must be sent to the mirror. */
async function checkRedirect(
  repository: string,
  image: ReadImage,
  mirror: DemoMirror & { readonly url: string },
  authority: string,
  deps: DemoDeps,
): Promise<void> {
  const blob = largeBlobOf(image);
  if (blob === undefined) return;
  const fetch = deps.createFetch(authority, mirror.checkAddress);
  // One byte, so that the origin sends no more when it has to answer itself.
  const answer = await fetch('GET', `${repository}/blobs/${blob}`, { range: 'bytes=0-0' });
  if (answer.status === 307 && answer.location?.startsWith(`${mirror.url}/`) === true) return;
  throw new SignpostError(
    'UNAVAILABLE',
    `a client in ${mirror.country} is not sent to ${mirror.name}, but answered ${answer.status} ${answer.location ?? ''}`,
  );
}
