import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchCrawl } from './crawl.ts';
import { runCommand } from './process.ts';
import { benchChoosing } from './choosing.ts';
import { benchPublishing } from './publishing.ts';
import { benchServer } from './redirects.ts';
import { report } from './report.ts';
import { benchSigning } from './signing.ts';
import { benchSyncing } from './syncing.ts';
import { benchSnapshot } from './snapshot.ts';

// npm run bench [-- --quick] [-- --only <group>]: ratios, each against something else in the same run.
const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    // How many lists of four platforms are signed.
    lists: { type: 'string', default: '200' },
    // The bits of an RSA key for OpenPGP, in place of an Ed25519 key.
    'rsa-bits': { type: 'string' },
    // How many blobs the large routing snapshot has.
    blobs: { type: 'string', default: '1000000' },
  },
});
const rounds = values.quick ? 1 : 3;
const seconds = values.quick ? 3 : 6;

report('date', new Date().toISOString().slice(0, 10));
report('machine', `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, Node ${process.versions.node}`);
report('compared with', `${nginxVersion()}; ${runCommand('skopeo', ['--version']).trim()}`);

const folder = mkdtempSync(join(tmpdir(), 'signpost-bench-'));
const groups: Readonly<Record<string, () => Promise<void>>> = {
  server: () => benchServer(folder, { rounds, seconds }),
  publishing: () => benchPublishing(folder, { rounds }),
  crawl: () => benchCrawl(folder, { rounds }),
  choosing: () => benchChoosing({ rounds }),
  sync: () => benchSyncing(folder, { rounds }),
  snapshot: () =>
    benchSnapshot(folder, {
      blobs: Number(values.blobs),
      repositories: 100_000,
      rate: 1000,
      calmSeconds: values.quick ? 5 : 15,
    }),
  signing: () =>
    benchSigning(folder, {
      lists: Number(values.lists),
      rsaBits: values['rsa-bits'] === undefined ? undefined : Number(values['rsa-bits']),
    }),
};
if (values.only !== undefined && groups[values.only] === undefined) {
  throw new Error(`--only ${values.only}: expected one of ${Object.keys(groups).join(', ')}`);
}

try {
  for (const [name, run] of Object.entries(groups)) {
    if (values.only === undefined || values.only === name) await run();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function nginxVersion(): string {
  // nginx prints its version on standard error.
  return runCommand('sh', ['-c', 'nginx -v 2>&1']).trim();
}
