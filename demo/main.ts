import { Command } from 'commander';
import { describeDemoEvent } from './demo-event.ts';
import { programVersion } from './program-packages.ts';
import { quote } from '../src/oci/digest.ts';
import { SignpostError } from '../src/oci/errors.ts';
import { parseTaggedReference } from '../src/oci/reference.ts';
import type { CommonOptions, Terminal } from '../src/cli/terminal/command.ts';
import { runProcess } from '../src/cli/terminal/run-program.ts';
import { buildDemo } from './build-demo.ts';

interface DemoOptions extends Pick<CommonOptions, 'json'> {
  readonly port: string;
  readonly country: string;
  readonly image?: string;
  readonly as?: string;
  readonly folder?: string;
  readonly once?: boolean;
  readonly keep?: boolean;
}

/** `bin/demo`: the whole world on loopback. */
function createCommand(terminal: Terminal): Command {
  const examples = [
    'bin/demo',
    'bin/demo --country JP --port 0',
    'bin/demo --image docker://registry.example.org/app:1.0 --as demo/app:1.0',
    'bin/demo --once --json',
  ];
  return new Command('bin/demo')
    .description(
      'Build a whole network on loopback and run it until Ctrl-C: a signed image for four platforms, the Mirror List ' +
        'over TLS and mirrors in three countries. The demo shows each command as it runs it, and prints how docker, ' +
        'podman, skopeo and curl pull from it and verify. It needs Node and npm, no rights, and leaves nothing behind.',
    )
    .option('--port <number>', 'port of the Mirror List on 127.0.0.1; 0 takes a free one', '5443')
    .option(
      '--country <code>',
      'country that this machine counts as being in (ISO 3166-1, two letters)',
      'DE',
    )
    .option('--image <source>', 'your own image: whatever "signpost publish" takes')
    .option('--as <repository:tag>', 'name of your own image; it begins with "demo/"', 'demo/image:latest')
    .option('--folder <folder>', "build the demo in this folder instead of the system's temporary one")
    .option('--once', 'pull the image once, check every digest, and leave')
    .option('--keep', 'keep the folder with everything')
    .option('--json', 'print JSON')
    .addHelpText('after', `\nExamples:\n${examples.map((example) => `  $ ${example}`).join('\n')}`)
    .action((options: DemoOptions) => demo(terminal, options));
}

async function demo(terminal: Terminal, options: DemoOptions): Promise<void> {
  const { image, country, as = 'demo/image:latest' } = options;
  if (!/^[A-Z]{2}$/.test(country)) {
    throw new SignpostError(
      'USAGE',
      `--country ${quote(country)}: expected two upper-case letters, such as US`,
    );
  }
  const settings = {
    port: parsePort(options.port),
    country,
    reference: parseDemoReference(image === undefined ? `demo/esbuild:${programVersion}` : as),
    source: image,
    once: options.once === true,
    keep: options.keep === true,
    parent: options.folder,
  };
  await buildDemo(
    settings,
    (event) => {
      const lines = options.json === true ? [JSON.stringify(event)] : describeDemoEvent(event);
      terminal.stdout.write(lines.map((line) => `${line}\n`).join(''));
    },
    terminal.signal,
  );
}

function parsePort(text: string): number {
  if (/^[0-9]{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new SignpostError('USAGE', `--port ${quote(text)}: expected a number from 0 to 65535`);
}

function parseDemoReference(text: string) {
  const reference = parseTaggedReference(text);
  // The configuration that the demo writes has a key for these alone.
  if (reference.repository.startsWith('demo/')) return reference;
  throw new SignpostError('USAGE', `--as ${quote(text)}: expected a name that begins with "demo/"`);
}

await runProcess((_argv, terminal) => Promise.resolve(createCommand(terminal)));
