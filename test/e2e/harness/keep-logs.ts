import { afterEach } from 'node:test';
import type { World } from './world.ts';

/** When a test fails, keeps what the servers logged and says where. To be called inside `describe`. */
export function keepLogsOfFailures(world: () => World | undefined): void {
  afterEach((test) => {
    if (!('passed' in test) || test.passed) return;
    const folder = world()?.work.keepLogs(test.name);
    if (folder !== undefined) test.diagnostic(`the logs are in ${folder}`);
  });
}
