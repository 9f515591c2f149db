import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runCommand } from './process.ts';
import { benchPublishing } from './publishing.ts';
import { benchServer } from './redirects.ts';
import { report } from './report.ts';

// npm run bench [-- --quick] [-- --only server|publishing]: ratios, each against something else in the same run.
const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } },
});
const rounds = values.quick ? 1 : 3;
const seconds = values.quick ? 3 : 6;

report('date', new Date().toISOString().slice(0, 10));
report('machine', `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, Node ${process.versions.node}`);
report('compared with', `${nginxVersion()}; ${runCommand('skopeo', ['--version']).trim()}`);

const folder = mkdtempSync(join(tmpdir(), 'signpost-bench-'));
try {
  if (values.only !== 'publishing') await benchServer(join(folder), { rounds, seconds });
  if (values.only !== 'server') await benchPublishing(folder, { rounds });
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function nginxVersion(): string {
  // nginx prints its version on standard error.
  return runCommand('sh', ['-c', 'nginx -v 2>&1']).trim();
}
