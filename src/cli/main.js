#!/usr/bin/env node
// Where the program starts. main.ts is a symbolic link to this file, and Node goes by the name that a link leads to: so
// this is JavaScript, which an old Node can read too, and gets a sentence for and not the stack of what it lacks.

/** What package.json asks for: a test holds the two together. */
const least = 26;
const { node } = process.versions;
if (Number.parseInt(node, 10) < least) {
  process.stderr.write(
    `signpost: Node ${node} is too old: Signpost needs Node ${least} or newer. In a checkout, run "npm ci" once and then bin/signpost, which uses the Node that npm has brought (node_modules/.bin/node)\n`,
  );
  process.exitCode = 2;
} else {
  const { main } = await import('./program.ts');
  await main();
}
