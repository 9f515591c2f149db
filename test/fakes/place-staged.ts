import { openDataFolder } from './data-folder.ts';

// Run as a process of its own, to be killed: publishes all that is staged in the data folder named by its argument.
const [, , path = ''] = process.argv;
process.stdout.write('ready\n');
await openDataFolder(path).placeStaged();
