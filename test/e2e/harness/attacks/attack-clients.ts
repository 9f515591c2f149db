import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mock } from 'node:test';
import { Updater } from 'tuf-js';
import { digestOf } from '../../../../src/oci/digest.ts';
import { createCosignClient, needsCosign } from '../clients/cosign-client.ts';
import { startDockerClient } from '../clients/docker-client.ts';
import { createNotationClient, needsNotation } from '../clients/notation-client.ts';
import { createPodmanClient } from '../clients/podman-client.ts';
import type { PullClient } from '../clients/pull-client.ts';
import { allPlatforms, createSkopeoClient } from '../clients/skopeo-client.ts';
import { type CommandResult, mustRun, runCommand } from '../command.ts';
import { attacked } from './attack-states.ts';
import type { AttackWorld } from './attack-world.ts';
import type { Play } from './make-lies.ts';
import type { Column, Outcome } from './outcomes.ts';

/** A client of the table. */
export interface AttackedClient {
  readonly column: Column;
  readonly version: string;
  /** Pulls, or verifies, the attacked tag. `memory` is a folder with what it remembers, which it may change. */
  attempt(play: Play, memory: string): Promise<Attempt>;
}

/** How it ended: the digest of what was taken or vouched for, of whatever kind this client shows; undefined: refused. */
export type Attempt =
  | { readonly taken: string | undefined; readonly said: string }
  | { readonly timedOut: true; readonly said: string };

const timeout = 60_000;
const platform = 'linux/amd64';

/** Starts every client that this machine has. The world ends them. */
export async function startClients(
  world: AttackWorld,
  stack: AsyncDisposableStack,
): Promise<readonly AttackedClient[]> {
  const { work, certificates } = world;
  const setting = (name: string) => ({ name, proxy: '', authority: certificates.authority });
  const docker = stack.use(await startDockerClient(work, setting('docker')));
  const version = async (...command: [string, ...string[]]) =>
    /\d+\.\d+\.\d+/.exec(await mustRun(command[0], command.slice(1)))?.[0] ?? '';
  const skopeo = await version('skopeo', '--version');
  return [
    pulling(world, 'docker', await version('dockerd', '--version'), docker),
    contentTrust(world, await version('docker', '--version'), docker),
    notary(world),
    policed(
      world,
      'podman',
      await version('podman', '--version'),
      createPodmanClient(work, setting('podman')),
    ),
    policed(world, 'skopeo', skopeo, createSkopeoClient(work, setting('skopeo'))),
    policed(world, 'skopeo --all', skopeo, createSkopeoClient(work, setting('skopeo-all'))),
    tufJs(world),
    signpostVerify(world),
    ...(needsCosign.skip === undefined ? [await cosign(world)] : []),
    ...(needsNotation.skip === undefined ? [await notation(world)] : []),
  ];
}

/** What an attempt comes to, where the newest image is `current`. */
export function judgeAttempt(world: AttackWorld, attempt: Attempt, readOn: boolean): Outcome {
  if ('timedOut' in attempt) return 'stands still';
  if (attempt.taken === undefined) return readOn ? 'reads on' : 'refuses';
  const { current } = world.images;
  const own = [current.digest, ...current.images.flatMap((image) => [image.digest, ...image.blobs.keys()])];
  return own.some((digest) => digest === attempt.taken) ? 'right image' : 'takes it';
}

function reference(world: AttackWorld): string {
  return `${world.registry}/${attacked}:1.0`;
}

async function endOf(
  result: CommandResult,
  taken: () => string | undefined | Promise<string | undefined>,
): Promise<Attempt> {
  const said = `${result.stdout}\n${result.stderr}`;
  if (result.timedOut) return { timedOut: true, said };
  return { taken: result.status === 0 ? ((await taken()) ?? 'something else') : undefined, said };
}

function pulling(world: AttackWorld, column: Column, version: string, client: PullClient): AttackedClient {
  return {
    column,
    version,
    async attempt() {
      const result = await client.pull(reference(world), { platform, timeout });
      const attempt = await endOf(result, () => client.configDigest(reference(world)));
      await client.forget();
      return attempt;
    },
  };
}

function policed(
  world: AttackWorld,
  column: Column,
  version: string,
  client: ReturnType<typeof createPodmanClient | typeof createSkopeoClient>,
): AttackedClient {
  return {
    column,
    version,
    async attempt(play) {
      client.settings.setPolicy({
        scope: world.registry,
        keyFile: openPgpKey(world, play),
        ...(play.identity === undefined ? {} : { identity: play.identity }),
      });
      const all = column === 'skopeo --all';
      const result = await client.pull(reference(world), {
        platform: all ? allPlatforms : platform,
        timeout,
      });
      const attempt = await endOf(result, () =>
        all && 'folder' in client
          ? digestOf(readFileSync(join(client.folder(reference(world)), 'manifest.json')))
          : client.configDigest(reference(world)),
      );
      await client.forget();
      return attempt;
    },
  };
}

function contentTrust(world: AttackWorld, version: string, client: PullClient): AttackedClient {
  const socket = `unix://${join(world.work.path, 'docker')}/d.sock`;
  return {
    column: 'docker, content trust',
    version,
    async attempt(_play, memory) {
      const env = {
        HOME: memory,
        SSL_CERT_FILE: world.certificates.authority,
        DOCKER_CONTENT_TRUST: '1',
        DOCKER_CONTENT_TRUST_SERVER: `https://${world.registry}`,
      };
      const command = ['-H', socket, 'pull', '--platform', platform, reference(world)];
      const result = await runCommand('docker', command, { env, timeout });
      const attempt = await endOf(result, () => client.configDigest(reference(world)));
      await client.forget();
      return attempt;
    },
  };
}

function notary(world: AttackWorld): AttackedClient {
  return {
    column: 'notary',
    // Debian's says nothing of its version.
    version: '0.7.0',
    async attempt(_play, memory) {
      const options = ['-d', memory, '-s', `https://${world.registry}`];
      const command = [
        ...options,
        '--tlscacert',
        world.certificates.authority,
        'lookup',
        `${world.registry}/${attacked}`,
      ];
      const result = await runCommand('notary', [...command, '1.0'], { env: { HOME: memory }, timeout });
      return endOf(result, () => /sha256:[0-9a-f]{64}/.exec(result.stdout)?.[0]);
    },
  };
}

function tufJs(world: AttackWorld): AttackedClient {
  const { version } = JSON.parse(
    readFileSync(new URL('../../../../node_modules/tuf-js/package.json', import.meta.url), 'utf8'),
  ) as { version: string };
  return {
    column: 'tuf-js',
    version,
    async attempt({ clock = 0 }, memory) {
      copyFileSync(world.work.file('1.root.json'), join(memory, 'root.json'));
      const config = { fetchTimeout: 10_000, fetchRetries: 0, fetchRetry: 0 };
      const metadataBaseUrl = `http://${world.registry}/tuf`;
      if (clock !== 0) mock.timers.enable({ apis: ['Date'], now: Date.now() + clock });
      try {
        const updater = new Updater({ metadataDir: memory, metadataBaseUrl, config });
        await updater.refresh();
        const target = await updater.getTargetInfo(`${attacked}/1.0`);
        return { taken: target === undefined ? undefined : `sha256:${target.hashes.sha256 ?? ''}`, said: '' };
      } catch (error) {
        return { taken: undefined, said: String(error) };
      } finally {
        if (clock !== 0) mock.timers.reset();
      }
    },
  };
}

function signpostVerify(world: AttackWorld): AttackedClient {
  const program = new URL('../../../../bin/signpost', import.meta.url).pathname;
  return {
    column: 'signpost verify',
    version: '',
    async attempt(play, memory) {
      const policy = join(memory, 'policy.yaml');
      const require = { simple: { keys: [openPgpKey(world, play)] } };
      writeFileSync(policy, JSON.stringify({ rules: [{ match: ['**'], require }] }));
      const options = ['--policy', policy, '--state', join(memory, 'seen.json'), '--blobs', '--json'];
      const trust = ['--source-ca', world.certificates.authority];
      const result = await runCommand(program, ['verify', reference(world), ...options, ...trust], {
        timeout,
      });
      return endOf(result, () => /sha256:[0-9a-f]{64}/.exec(result.stdout)?.[0]);
    },
  };
}

async function cosign(world: AttackWorld): Promise<AttackedClient> {
  const client = createCosignClient(world.work, 'cosign', world.certificates.authority);
  return {
    column: 'cosign',
    version: await client.version(),
    async attempt() {
      const result = await client.verify('attached', world.work.file('image.pub'), reference(world));
      return endOf(result, () => /sha256:[0-9a-f]{64}/.exec(result.stdout)?.[0]);
    },
  };
}

async function notation(world: AttackWorld): Promise<AttackedClient> {
  const client = createNotationClient(world.work, 'notation', world.certificates.authority);
  client.trust(world.notationRoot);
  return {
    column: 'notation',
    version: await client.version(),
    async attempt() {
      const name = reference(world);
      const result = await client.verify(name, '-m', `reference=${name}`);
      return endOf(result, () => /sha256:[0-9a-f]{64}/.exec(result.stdout)?.[0]);
    },
  };
}

function openPgpKey(world: AttackWorld, play: Play): string {
  return play.openPgp === 'revoked' ? world.work.file('release.revoked.asc') : world.release.publicKey;
}

/** Writes the release key's public half again, revoked with the certificate that gpg made beside it. */
export async function writeRevokedKey(world: AttackWorld): Promise<void> {
  const { work, release } = world;
  const home = work.folder('gpg-revoked');
  mkdirSync(home, { recursive: true, mode: 0o700 });
  cpSync(release.publicKey, join(home, 'key.asc'));
  const kept = readFileSync(join(release.home, 'openpgp-revocs.d', `${release.fingerprint}.rev`), 'utf8');
  // gpg puts a colon there, so that nobody uses it by mistake.
  writeFileSync(join(home, 'revocation.asc'), kept.replace(/^:(?=-----BEGIN)/m, ''));
  await mustRun('chmod', ['700', home]);
  const gpg = (...args: string[]) => mustRun('gpg', ['--homedir', home, '--batch', '--quiet', ...args]);
  await gpg('--import', join(home, 'key.asc'), join(home, 'revocation.asc'));
  rmSync(work.file('release.revoked.asc'), { force: true });
  await gpg('--armor', '--output', work.file('release.revoked.asc'), '--export', release.fingerprint);
}
