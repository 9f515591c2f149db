import { userInfo } from 'node:os';
import { join } from 'node:path';

/**
 * Where compiled code is kept between runs: in the home folder that the system has for this user. What is there is run,
 * so it is never the common temporary folder, and no variable of the environment may name it, which can be another
 * user's (`HOME` under sudo). Undefined for a user that the system does not know.
 */
export function compileCacheFolder(): string | undefined {
  try {
    return join(userInfo().homedir, '.cache', 'signpost', 'compiled');
  } catch {
    return undefined;
  }
}
