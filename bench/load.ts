import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './process.ts';

/** What a run of load measured. */
export interface LoadResult {
  /** Answers a second. */
  readonly rate: number;
  /** Milliseconds. */
  readonly p99: number;
}

const requestsInARun = 300_000;
let runs = 0;

const milliseconds: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000 };

/**
 * Asks for `paths` in turn with wrk on one core, and fails when an answer is an error: a rate of errors is not a rate.
 */
export function runLoad(
  core: number,
  origin: string,
  paths: readonly string[],
  options: { folder: string; seconds: number; connections: number },
): LoadResult {
  const list = join(options.folder, 'paths.txt');
  const script = join(options.folder, 'load.lua');
  writeFileSync(list, `${paths.join('\n')}\n`);
  runs += 1;
  writeFileSync(script, luaScript(list, runs % 31));
  const output = runCommand('taskset', [
    '-c',
    String(core),
    'wrk',
    '--latency',
    '--threads=1',
    `--connections=${options.connections}`,
    `--duration=${options.seconds}s`,
    `--script=${script}`,
    origin,
  ]);
  const rate = /^Requests\/sec:\s+([\d.]+)$/m.exec(output)?.[1];
  const p99 = /^\s+99%\s+([\d.]+)(us|ms|s|m)$/m.exec(output);
  const wrong = /^wrong answers: (\d+)$/m.exec(output)?.[1];
  if (rate === undefined || p99 === null || wrong !== '0') throw new Error(`the load run failed:\n${output}`);
  return { rate: Number(rate), p99: Number(p99[1]) * (milliseconds[p99[2] ?? ''] ?? Number.NaN) };
}

// Every request comes from a client of its own (X-Forwarded-For), in every run: clients that ask again would be led
// around a failure. Answers are not looked at one by one, which would cost the load more than nginx needs to answer.
function luaScript(list: string, run: number): string {
  return `
local requests = {}
local at = 0
function init(args)
  local paths = {}
  for path in io.lines(${JSON.stringify(list)}) do paths[#paths + 1] = path end
  for n = 0, ${requestsInARun - 1} do
    wrk.headers["X-Forwarded-For"] =
      string.format("127.%d.%d.%d", ${run * 8} + n / 65536, n / 256 % 256, n % 256)
    requests[n + 1] = wrk.format("GET", paths[n % #paths + 1])
  end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
function done(summary)
  local errors = summary.errors
  print("wrong answers: " .. errors.connect + errors.read + errors.write + errors.timeout + errors.status)
end
`;
}
