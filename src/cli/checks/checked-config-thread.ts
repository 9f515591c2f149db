import { answerInThread } from '../../adapters/process/run-in-thread.ts';
import { loadCheckedConfig, type CheckedConfigInput } from './checked-config.ts';

// The whole of a thread that reads the configuration (checked-config.ts).
await answerInThread(({ options, use }: CheckedConfigInput) => loadCheckedConfig(options, use));
