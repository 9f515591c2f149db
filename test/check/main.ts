/**
 * Runs scripts of package.json side by side, and shows what those that fail have said.
 *
 *     node test/check/main.ts test:core types lint
 */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { text } from 'node:stream/consumers';
import packageFile from '../../package.json' with { type: 'json' };
import { inParallel } from '../../src/parallel/in-parallel.ts';

const scripts: Readonly<Record<string, string>> = packageFile.scripts;
const names = process.argv.slice(2);
const unknown = names.filter((name) => scripts[name] === undefined);
if (unknown.length > 0) throw new Error(`package.json has no script ${unknown.join(', ')}`);

let failed = false;
// One more than there are cores: tests wait a lot. The longest are to be named first.
await inParallel(names, availableParallelism() + 1, async (name) => {
  const begun = performance.now();
  // One stream for both, so that what was said stays in order.
  const child = spawn(`{ ${scripts[name] ?? ''}; } 2>&1`, {
    shell: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const said = await text(child.stdout);
  const passed = (await ended) === 0;
  failed ||= !passed;
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  process.stdout.write(
    `${passed ? '' : said}${passed ? 'passed' : 'FAILED'}  ${seconds.padStart(6)} s  ${name}\n`,
  );
});
process.exitCode = failed ? 1 : 0;
