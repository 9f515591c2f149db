import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { buildFourPlatforms as buildSmallImage, writeLayout } from '../fakes/image-builder.ts';
import type { ContainersSettings } from './harness/clients/containers-settings.ts';
import { createPodmanClient } from './harness/clients/podman-client.ts';
import type { PullClient } from './harness/clients/pull-client.ts';
import { allPlatforms, createSkopeoClient } from './harness/clients/skopeo-client.ts';
import { describeResult } from './harness/command.ts';
import { eventually } from './harness/eventually.ts';
import { createGpgKey, type GpgKey } from './harness/gpg-key.ts';
import { type HostileMirrorList, lead, moveTag, takeOver } from './harness/hostile.ts';
import { startNginx } from './harness/nginx-mirror.ts';
import { findFreePort } from './harness/ports.ts';
import { buildFourPlatforms, type FourPlatforms } from './harness/program-image.ts';
import { keepLogsOfFailures } from './harness/keep-logs.ts';
import { requirements } from './harness/requirements.ts';
import { createSignpost } from './harness/signpost.ts';
import { startStaticMirrors, type StaticMirrors } from './harness/static-mirrors.ts';
import { createWorld, mirrorAddresses, registryName, type World } from './harness/world.ts';

const needs = requirements('gpg', 'nginx', 'podman', 'rsync', 'skopeo');
const repository = `${registryName}/demo/esbuild`;
/** How long the short-lived signature lives, in seconds: long enough for it to be accepted. */
const shortLife = 10;

describe('podman and skopeo whose policy demands a signature', needs, () => {
  let world: World;
  let image: FourPlatforms;
  /** The older image's list. */
  let older: string;
  let stranger: GpgKey;
  let mirrors: StaticMirrors;
  let expired: number;

  before(async () => {
    world = await createWorld({ algorithm: 'rsa3072' });
    stranger = world.parts.use(await createGpgKey(world.work, 'stranger', 'ed25519'));
    image = await buildFourPlatforms(world.work);
    const small = buildSmallImage();
    older = small.digest;
    await writeLayout(world.work.folder('older'), small);
    const { signpost, key } = world;
    await signpost.publish(`oci:${world.work.folder('older')}`, 'demo/brief:1.0');
    await signpost.sign(key, '--expires', `${shortLife}s`);
    expired = Date.now() + shortLife * 1000 + 1000;
    await signpost.publish(`oci:${image.layout}`, 'demo/esbuild:1.0');
    await signpost.publish(`oci:${world.work.folder('older')}`, 'demo/esbuild:0.9');
    await signpost.sign(key);
    await signpost.publish(`oci:${world.work.folder('older')}`, 'demo/esbuild:2.0-unsigned');
    mirrors = await startStaticMirrors(world, { germany: 'DE' });
    world.parts.use(await signpost.serve());
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
  });
  keepLogsOfFailures(() => world);

  for (const name of ['podman', 'skopeo'] as const) {
    describe(name, () => {
      let client: PullClient & { readonly settings: ContainersSettings };
      before(async () => {
        const setting = await world.createPlace(name, 'DE');
        client = (name === 'podman' ? createPodmanClient : createSkopeoClient)(world.work, setting);
        world.parts.use(client);
        demandKey(world.key);
      });

      it('takes the signed image by tag and by digest, knowing nothing but the key', async () => {
        await takes(`${repository}:1.0`);
        await takes(`${repository}@${image.list}`);
        await takes(`${repository}:0.9`);
      });

      it('takes it with signatures from a lookaside, when the registry offers none', async () => {
        await using _front = await hideSignatureExtension();
        await refuses(`${repository}:1.0`, /signature was required, but no signature exists/);
        for (const base of [`https://${registryName}`, mirrors.get('germany')?.url ?? '']) {
          client.settings.setLookaside(registryName, `${base}/signatures`);
          await takes(`${repository}:1.0`);
          await takes(`${repository}@${image.list}`);
        }
        client.settings.setLookaside(registryName, `https://${registryName}/nothing/here`);
        await refuses(`${repository}:1.0`, /signature was required, but no signature exists/);
        client.settings.setLookaside(undefined, '');
      });

      it('cannot even see an image that is staged and not signed', async () => {
        await refuses(`${repository}:2.0-unsigned`, /manifest unknown|name unknown|no tag/i);
      });

      it('refuses the signed image when the policy wants another key', async () => {
        demandKey(stranger);
        await refuses(`${repository}:1.0`, /Invalid GPG signature|is not accepted|public key not found/i);
        await refuses(
          `${repository}@${image.list}`,
          /Invalid GPG signature|is not accepted|public key not found/i,
        );
        demandKey(world.key);
      });

      it('refuses an image whose signature has expired', async () => {
        await eventually('the signature has expired', shortLife * 1000 + 5000, () => Date.now() > expired);
        await refuses(`${registryName}/demo/brief:1.0`, /Invalid GPG signature|expired/i);
      });

      it('refuses a tag that a hostile Mirror List moved to an older signed image', async () => {
        await using _hostile = await takeOver(world, `moved-${name}`, (stolen) =>
          moveTag(stolen, 'demo/esbuild', '1.0', older),
        );
        await refuses(`${repository}:1.0`, /identity/i);
        // The lie is a lie about the tag alone: the older image is what its own tag says.
        await takes(`${repository}:0.9`);
        await takesWithoutPolicy(`${repository}:1.0`);
      });

      it('refuses an image whose signatures a hostile Mirror List has removed', async () => {
        await using _hostile = await takeOver(world, `bare-${name}`, (stolen) =>
          rmSync(join(stolen.tree, 'signatures'), { recursive: true }),
        );
        await refuses(`${repository}:1.0`, /signature was required, but no signature exists/);
        await refuses(`${repository}@${image.list}`, /signature was required, but no signature exists/);
        await takesWithoutPolicy(`${repository}:1.0`);
      });

      it('refuses an image that carries the signatures of another one', async () => {
        await using _hostile = await takeOver(world, `swapped-${name}`, (stolen) => {
          swapSignatures(join(stolen.tree, 'signatures/demo'));
        });
        await refuses(`${repository}:1.0`, /digest|not accepted|Invalid/i);
        await takesWithoutPolicy(`${repository}:1.0`);
      });

      it('refuses an image that a hostile Mirror List has signed itself', async () => {
        await using _hostile = await forge(`forged-${name}`);
        await refuses(`${repository}:1.0`, /Invalid GPG signature|is not accepted|public key not found/i);
        await takesWithoutPolicy(`${repository}:1.0`);
      });

      if (name === 'skopeo')
        it('takes all platforms at once, each by its own signature', async () => {
          await takes(`${repository}:1.0`, allPlatforms);
        });

      function demandKey(key: GpgKey) {
        client.settings.setPolicy({ scope: registryName, keyFile: key.publicKey });
      }

      async function takes(reference: string, platform = 'linux/amd64') {
        const result = await client.pull(reference, { platform });
        assert.equal(result.status, 0, describeResult(result));
        await client.forget();
      }

      async function refuses(reference: string, reason: RegExp) {
        const result = await client.pull(reference, { platform: 'linux/amd64', timeout: 60_000 });
        assert.notEqual(result.status, 0, `${name} took ${reference}\n${describeResult(result)}`);
        assert.equal(result.timedOut, false, describeResult(result));
        assert.match(result.stderr, reason);
        await client.forget();
      }

      /** It was the policy that refused, not a broken image. */
      async function takesWithoutPolicy(reference: string) {
        client.settings.setPolicy();
        await takes(reference);
        demandKey(world.key);
      }
    });
  }

  /** Another installation under the same name, which signs the older image as the newer one, with a stranger's key. */
  async function forge(name: string): Promise<HostileMirrorList> {
    const port = await findFreePort();
    const forged = createSignpost(world.work, name, world.settings(port, [stranger.publicKey]));
    await forged.publish(`oci:${world.work.folder('older')}`, 'demo/esbuild:1.0');
    await forged.sign(stranger, '--key', stranger.secretKey);
    return lead(world, forged, port);
  }

  /** A front in which the registry does not say that it has signatures: then clients ask the lookaside. */
  async function hideSignatureExtension(): Promise<AsyncDisposable> {
    const address = mirrorAddresses.at(-1) ?? '';
    const port = await findFreePort(address);
    const { certificate, key, authority } = world.certificates;
    const host = `${registryName}:443`;
    const honest = world.hosts.get(host);
    const nginx = await startNginx(
      world.work,
      'front',
      [
        `listen ${address}:${port} ssl; ssl_certificate ${certificate}; ssl_certificate_key ${key};`,
        `location / { proxy_pass https://127.0.0.1:${world.port};`,
        `proxy_ssl_trusted_certificate ${authority}; proxy_ssl_name ${registryName};`,
        `proxy_set_header Host ${registryName}; proxy_hide_header X-Registry-Supports-Signatures; }`,
      ],
      world.work.file('front-access.log'),
    );
    world.hosts.set(host, { address, port });
    return {
      async [Symbol.asyncDispose]() {
        if (honest !== undefined) world.hosts.set(host, honest);
        await nginx[Symbol.asyncDispose]();
      },
    };
  }

  /** Every signed thing gets the signatures of another one. */
  function swapSignatures(folder: string) {
    const names = readdirSync(folder).filter((name) => name.startsWith('esbuild@'));
    const kept = join(folder, '..', 'kept');
    cpSync(folder, kept, { recursive: true });
    for (const [index, name] of names.entries()) {
      rmSync(join(folder, name), { recursive: true });
      cpSync(join(kept, names[(index + 1) % names.length] ?? ''), join(folder, name), { recursive: true });
    }
    assert.ok(names.length > 2 && existsSync(folder), 'there were no signatures to swap');
  }
});
