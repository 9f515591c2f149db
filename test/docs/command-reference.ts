import type { Command } from 'commander';
import type { Terminal } from '../../src/cli/terminal/command.ts';
import { exitCodes } from '../../src/cli/terminal/exit-codes.ts';
import { verbs } from '../../src/cli/program.ts';

const meanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  ok: 'It was done.',
  failed: 'The disk, the database or Signpost itself failed.',
  usage: 'The command line or the configuration cannot be understood.',
  refused:
    'Something was refused: bad input, a digest, a signature, a policy. A refused item changes nothing. The other items of the command are done, and its output names both.',
  notFound: 'Something that was named does not exist.',
  tryAgain: 'Another process works on the same data, or a peer failed: trying again may help.',
  cancelled: 'A signal or a person ended it.',
};

/** docs/commands.md, from what the commands say in `--help`. */
export async function commandReference(terminal: Terminal): Promise<string> {
  const commands = await Promise.all(
    Object.values(verbs).map(async ({ load }) => (await load()).createCommand(terminal)),
  );
  const statuses = Object.entries(exitCodes).map(
    ([name, status]) => `| ${status} | ${meanings[name as keyof typeof exitCodes]} |`,
  );
  return `# Commands

Every command runs unattended. Results go to standard output, progress and errors to standard error; with \`--json\` both
are JSON for programs. This page is made from the code by \`npm run docs\`, and a test keeps the two the same.

| Exit status | Meaning |
| --- | --- |
${statuses.join('\n')}

${commands.map((command) => describe(command, 'signpost')).join('\n')}`;
}

function describe(command: Command, parent: string): string {
  const name = `${parent} ${command.name()}`;
  command.configureHelp({ helpWidth: 100 }).configureOutput({ getOutHelpWidth: () => 100 });
  let help = '';
  command.configureOutput({ writeOut: (text) => (help += text) });
  command.outputHelp();
  const below = command.commands.filter((inner) => inner.name() !== 'help');
  const usage = help.replace(/^Usage: (?:signpost )?\S+(?: \S+)*?(?= \[|\n)/, `Usage: ${name}`).trimEnd();
  return [
    `## ${name}\n\n\`\`\`text\n${usage}\n\`\`\`\n`,
    ...below.map((inner) => describe(inner, name)),
  ].join('\n');
}
