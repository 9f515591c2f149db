import { Command } from 'commander';
import { type CommonOptions, type Terminal, createVerb, printResult } from '../terminal/command.ts';
import { findProblems } from './checked-config.ts';
import { openConfig, refuseProblems } from '../config/config.ts';
import { requireFile } from '../config/required-rule.ts';

/** `signpost config`: looks at the configuration alone. */
export function createCommand(terminal: Terminal): Command {
  return new Command('config')
    .description('Check the configuration.')
    .addHelpText('after', '\nExample:\n  $ signpost config check')
    .addCommand(createCheck(terminal));
}

function createCheck(terminal: Terminal): Command {
  return createVerb(
    'check',
    'Check every setting, and every file that a setting names, without changing anything. Names each problem with its ' +
      'line. "signpost serve" makes the same check before it starts, and on SIGHUP.',
    ['signpost config check', 'signpost config check --config ./signpost.yaml --json'],
  ).action(async (options: CommonOptions) => {
    const opened = openConfig(options);
    const { file, repositories, registry } = opened.config;
    const name = requireFile(file);
    const problems = await findProblems(opened, 'serving');
    if (problems.length === 0 || options.json === true) {
      const json = problems.map(({ path, line, message }) => ({ line, setting: path.join('.'), message }));
      printResult(terminal, options, { file: name, problems: json }, [
        `${name} has no problems.`,
        `Clients pull from ${registry.name}; rules for repositories: ${repositories.length}.`,
      ]);
    }
    refuseProblems(name, problems);
  });
}
