import { storageError } from '../../adapters/files/storage-error.ts';
import { exitCodes } from './exit-codes.ts';

/** Ends the command when what it prints gets nowhere, and says why where that is a fault. */
export function watchOutput(
  { stdout, stderr }: { readonly stdout: NodeJS.WriteStream; readonly stderr: NodeJS.WriteStream },
  stop: () => void,
): { isLost(): boolean } {
  let lost = false;
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    stop();
    // Whoever reads the output may have had enough ("| head"): that ends the command, and is no defect.
    if (error.code === 'EPIPE' || lost) return;
    lost = true;
    process.exitCode = exitCodes.failed;
    stderr.write(`signpost: ${storageError('write the output', error).message}\n`);
  });
  // There is nowhere left to say it, and a server goes on without its log.
  stderr.on('error', () => undefined);
  return { isLost: () => lost };
}
