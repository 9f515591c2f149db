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

const milliseconds: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000 };

/**
 * Asks for `paths` in turn with wrk on one core, and fails when an answer is not the expected one: a rate of errors
 * is not a rate.
 */
export function runLoad(
  core: number,
  origin: string,
  paths: readonly string[],
  options: {
    folder: string;
    seconds: number;
    connections: number;
    headers: readonly string[];
    status: number;
  },
): LoadResult {
  const list = join(options.folder, 'paths.txt');
  const script = join(options.folder, 'load.lua');
  writeFileSync(list, `${paths.join('\n')}\n`);
  writeFileSync(script, luaScript(list, options.headers, options.status));
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

function luaScript(list: string, headers: readonly string[], status: number): string {
  return `
local requests = {}
local at = 0
local threads = {}
function setup(thread)
  table.insert(threads, thread)
end
function init(args)
  wrong = 0
${headers.map((header) => `  wrk.headers[${JSON.stringify(header.split(': ')[0])}] = ${JSON.stringify(header.split(': ')[1])}`).join('\n')}
  for path in io.lines(${JSON.stringify(list)}) do
    -- Each path has a client of its own, so that no client seems to ask again.
    local n = #requests
    wrk.headers["X-Forwarded-For"] = string.format("127.%d.%d.%d", 1 + n / 65536, n / 256 % 256, n % 256)
    requests[n + 1] = wrk.format("GET", path)
  end
  math.randomseed(7)
end
function request()
  return requests[math.random(#requests)]
end
function response(status)
  if status ~= ${status} then
    wrong = wrong + 1
    if wrong < 4 then print("status " .. status) end
  end
end
function done(summary)
  local wrong = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  for _, thread in ipairs(threads) do wrong = wrong + thread:get("wrong") end
  print("wrong answers: " .. wrong)
end
`;
}
