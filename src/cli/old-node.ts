/** What package.json asks for: a test holds the two together. */
const least = 26;

// Imported before everything else, so that an old Node gets a sentence and not the stack of what it lacks.
const { node } = process.versions;
if (Number.parseInt(node, 10) < least) {
  process.stderr.write(
    `signpost: Node ${node} is too old: Signpost needs Node ${least} or newer (bin/signpost of a checkout brings its own)\n`,
  );
  process.exit(2);
}
