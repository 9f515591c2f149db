import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { ClientCommand } from '../../demo/client-setup.ts';
import type { DemoEvent } from '../../demo/demo-event.ts';
import { startDockerClient } from './harness/clients/docker-client.ts';
import { type CommandResult, describeResult, mustRun, runCommand } from './harness/command.ts';
import { requirements } from './harness/requirements.ts';
import { createWorkFolder, type WorkFolder } from './harness/work-folder.ts';

const program = join(import.meta.dirname, '../../bin/demo');
/** Longer than `mirrors.retryWindow` of the demo: the next client is then not taken for the one before. */
const pause = 4500;

type Ready = Extract<DemoEvent, { event: 'ready' }>;

/** A demo that runs in a folder of the test. */
class RunningDemo {
  readonly events: DemoEvent[] = [];
  readonly #process: ChildProcess;
  readonly #ended: Promise<void>;
  #errors = '';

  constructor(work: WorkFolder, ...options: readonly string[]) {
    // The whole environment: npm may be set up by it. Its own cache of compiled code is not what the demo leaves.
    const env = { ...process.env, TMPDIR: work.folder('tmp'), NODE_DISABLE_COMPILE_CACHE: '1' };
    const args = ['--json', '--port', '0', ...options];
    this.#process = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    createInterface({ input: this.#process.stdout ?? process.stdin }).on('line', (line) => {
      this.events.push(JSON.parse(line) as DemoEvent);
    });
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#errors += text));
    this.#ended = once(this.#process, 'close').then(() => undefined);
  }

  async ready(): Promise<Ready> {
    let over = false;
    void this.#ended.then(() => (over = true));
    for (;;) {
      const ready = this.events.find((event): event is Ready => event.event === 'ready');
      if (ready !== undefined) return ready;
      if (over) throw new Error(`the demo ended early: ${this.#errors}`);
      await wait(50);
    }
  }

  /** Which mirrors have sent something to a client since there were `since` events. */
  mirrorsSince(since: number): readonly string[] {
    const sent = this.events.slice(since).filter((event) => event.event === 'sent');
    return [...new Set(sent.map(({ mirror }) => mirror))];
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  async end(): Promise<{ status: number | null; errors: string }> {
    await this.#ended;
    return { status: this.#process.exitCode, errors: this.#errors };
  }
}

/** The processes whose command line names `text`. */
function processesWith(text: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .filter((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(text);
      } catch {
        // It has ended in between.
        return false;
      }
    })
    .map(Number);
}

function assertNothingIsLeft(work: WorkFolder): void {
  assert.deepEqual(readdirSync(work.folder('tmp')), []);
  assert.deepEqual(processesWith(work.path), []);
}

describe('the demo', () => {
  let work: WorkFolder;
  before(() => (work = createWorkFolder()));
  after(() => work.remove());

  it('pulls by itself from the mirror of the country that was asked for, and leaves nothing', async () => {
    const demo = new RunningDemo(work, '--once', '--country', 'US');
    const { status, errors } = await demo.end();
    assert.equal(status, 0, errors);
    const ready = await demo.ready();
    assert.deepEqual(
      ready.platforms.map(({ architecture }) => architecture),
      ['amd64', 'arm64', 'ppc64le', 's390x'],
    );
    const pulled = demo.events.find((event) => event.event === 'pulled');
    const america = ready.mirrors.find(({ country }) => country === 'US');
    assert.ok(pulled !== undefined && america !== undefined);
    const large = pulled.blobs.filter(({ size }) => size > 32 * 1024);
    assert.equal(large.length, 4);
    for (const { from } of large) assert.equal(from, new URL(america.url).host);
    assert.deepEqual(demo.mirrorsSince(0), ['mirror-us']);
    assertNothingIsLeft(work);
  });

  it('says which port is taken, before it builds anything', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      const { status, errors } = await new RunningDemo(work, '--port', String(port)).end();
      assert.equal(status, 2);
      assert.match(errors, new RegExp(`port ${port} of 127\\.0\\.0\\.1 is in use.*--port 0`));
      assertNothingIsLeft(work);
    } finally {
      server.close();
    }
  });

  it('cleans up when it is stopped half-way, and when its image cannot be read', async () => {
    const stopped = new RunningDemo(work);
    while (stopped.events.length < 2) await wait(20);
    stopped.signal('SIGINT');
    assert.equal((await stopped.end()).status, 130);
    assertNothingIsLeft(work);

    const { status, errors } = await new RunningDemo(work, '--image', 'oci:/no/such/layout').end();
    assert.notEqual(status, 0);
    assert.match(errors, /\/no\/such\/layout/);
    assertNothingIsLeft(work);
  });

  it('ends and cleans up when one of its mirrors dies', async () => {
    const demo = new RunningDemo(work);
    const ready = await demo.ready();
    const [mirror] = processesWith(`${ready.folder}/mirrors/mirror-jp/tree`);
    assert.ok(mirror !== undefined);
    process.kill(mirror, 'SIGKILL');
    const { status, errors } = await demo.end();
    assert.equal(status, 5, errors);
    assert.match(errors, /mirror-jp ended by SIGKILL/);
    assertNothingIsLeft(work);
  });
});

const needs = requirements('containerd', 'curl', 'docker', 'dockerd', 'gpg', 'podman', 'skopeo');

describe('the commands that the demo prints do what it says of them', needs, () => {
  let work: WorkFolder;
  let demo: RunningDemo;
  let ready: Ready;
  let env: Record<string, string>;
  const parts = new AsyncDisposableStack();

  before(async () => {
    work = createWorkFolder();
    parts.defer(() => work.remove());
    demo = new RunningDemo(work);
    parts.defer(async () => {
      demo.signal('SIGTERM');
      const { status, errors } = await demo.end();
      assert.equal(status, 0, errors);
      assertNothingIsLeft(work);
    });
    env = createClientSettings(work);
    ready = await demo.ready();
  });
  after(() => parts.disposeAsync());

  const run = ({ argv: [file = '', ...args] }: ClientCommand): Promise<CommandResult> =>
    runCommand(file, args, { env });
  const commandsOf = (tool: ClientCommand['tool'], verb: string) =>
    ready.commands.filter((command) => command.tool === tool && command.argv.includes(verb));

  it('curl shows a redirect to the mirror of each country', async () => {
    const commands = ready.commands.filter(({ tool }) => tool === 'curl');
    const locations = [];
    for (const command of commands) {
      const result = await run(command);
      assert.equal(result.status, 0, describeResult(result));
      locations.push(/^location: (https:\/\/[^/]+)/im.exec(result.stdout)?.[1]);
    }
    assert.deepEqual(
      locations,
      ready.mirrors.map(({ url }) => url),
    );
  });

  it('skopeo takes all platforms with their signatures, and refuses under the policy with another key', async () => {
    await wait(pause);
    const [takes, refuses] = commandsOf('skopeo', 'copy');
    assert.ok(takes?.succeeds === true && refuses?.succeeds === false);
    const before = demo.events.length;
    const taken = await run(takes);
    assert.equal(taken.status, 0, describeResult(taken));
    assert.deepEqual(demo.mirrorsSince(before), ['mirror-de']);
    const refused = await run(refuses);
    assert.notEqual(refused.status, 0);
    assert.match(refused.stderr, /Source image rejected: Invalid GPG signature/);
  });

  it('the program that was pulled runs on every platform', async (t) => {
    const emulators = { amd64: [], arm64: ['aarch64'], ppc64le: ['ppc64le'], s390x: ['s390x'] };
    const folder = join(ready.folder, 'pulled');
    const list = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
    for (const { digest, platform } of list.manifests) {
      const architecture = platform.architecture as keyof typeof emulators;
      const [name] = emulators[architecture];
      const emulator = name === undefined ? [] : [`/usr/bin/qemu-${name}-static`];
      if (emulator[0] !== undefined && !exists(emulator[0])) {
        t.diagnostic(
          `${architecture} was not run: ${emulator[0]} is missing (Debian package qemu-user-static)`,
        );
        continue;
      }
      const hex = String(digest).slice('sha256:'.length);
      const manifest = JSON.parse(readFileSync(join(folder, `${hex}.manifest.json`), 'utf8'));
      const layer = join(folder, String(manifest.layers[0].digest).slice('sha256:'.length));
      const root = work.folder('root', architecture);
      await mustRun('tar', ['-xzf', layer, '-C', root]);
      const [file, ...args] = [...emulator, join(root, 'usr/bin/esbuild'), '--version'];
      assert.equal((await mustRun(file, args)).trim(), ready.image.tag);
    }
  });

  it('podman pulls and verifies, and runs it where containers may run', async (t) => {
    await wait(pause);
    const [pull] = commandsOf('podman', 'pull');
    const [start] = commandsOf('podman', 'run');
    assert.ok(pull !== undefined && start !== undefined);
    const before = demo.events.length;
    const pulled = await run(pull);
    assert.equal(pulled.status, 0, describeResult(pulled));
    assert.deepEqual(demo.mirrorsSince(before), ['mirror-de']);
    const ran = await run(start);
    if (ran.status === 126 && /permission denied|not permitted/i.test(ran.stderr)) {
      t.diagnostic(`podman may not start containers on this machine: ${ran.stderr.trim()}`);
    } else {
      assert.equal(ran.stdout.trim(), ready.image.tag, describeResult(ran));
    }
    await mustRun('podman', ['rmi', '--all', '--force'], { env });
  });

  it('docker pulls by tag and by the digest that was signed', async () => {
    await wait(pause);
    await using docker = await startDockerClient(work, { name: 'docker', proxy: '', authority: '' });
    env.DOCKER_HOST = `unix://${work.folder('docker')}/d.sock`;
    const before = demo.events.length;
    for (const command of commandsOf('docker', 'pull')) {
      const result = await run(command);
      assert.equal(result.status, 0, describeResult(result));
    }
    assert.deepEqual(demo.mirrorsSince(before), ['mirror-de']);
    assert.equal(docker.name, 'docker');
    const [start] = commandsOf('docker', 'run');
    assert.deepEqual(start?.argv.slice(1, 3), ['run', '--rm']);
  });
});

function exists(path: string): boolean {
  try {
    accessSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Settings by which podman keeps its images in the test's folder. The commands themselves stay as they are. */
function createClientSettings(work: WorkFolder): Record<string, string> {
  const storage = work.file('storage.conf');
  const paths = { graphroot: work.folder('podman/root'), runroot: work.folder('podman/run') };
  const lines = Object.entries(paths).map(([name, path]) => `${name} = ${JSON.stringify(path)}`);
  writeFileSync(storage, ['[storage]', 'driver = "vfs"', ...lines, ''].join('\n'));
  const containers = work.file('containers.conf');
  writeFileSync(
    containers,
    [
      '[engine]',
      'cgroup_manager = "cgroupfs"',
      'events_logger = "file"',
      `tmp_dir = ${JSON.stringify(work.folder('podman/tmp'))}`,
      '',
    ].join('\n'),
  );
  return {
    HOME: work.folder('home'),
    XDG_RUNTIME_DIR: work.folder('run'),
    CONTAINERS_STORAGE_CONF: storage,
    CONTAINERS_CONF: containers,
  };
}
