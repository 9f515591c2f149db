import { Worker, parentPort, workerData } from 'node:worker_threads';
import { type ErrorCode, SignpostError, isSignpostError } from '../../oci/errors.ts';

type Answer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string };

/**
 * Does one piece of work in a thread of its own, which ends with it. What goes in and what comes out is copied.
 * @param program a file that does nothing but {@link answerInThread}
 * @param doing reads "cannot <doing>" in messages
 * @throws SignpostError what the work throws; CANCELLED; STORAGE when the thread fails
 */
export async function runInThread<Out>(
  program: URL,
  input: unknown,
  doing: string,
  signal?: AbortSignal,
): Promise<Out> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const thread = new Worker(program, { workerData: input });
  const stop = () => reject(new SignpostError('CANCELLED', 'stopped'));
  signal?.addEventListener('abort', stop);
  if (signal?.aborted === true) stop();
  const fail = (why: string, cause?: unknown) =>
    reject(new SignpostError('STORAGE', `cannot ${doing}: ${why}`, { cause }));
  thread.on('message', resolve);
  thread.on('error', (cause) => fail(String(cause), cause));
  thread.on('exit', () => fail('the thread ended early'));
  try {
    const answer = await promise;
    if (answer.ok) return answer.value as Out;
    throw new SignpostError(answer.code, answer.message);
  } finally {
    signal?.removeEventListener('abort', stop);
    await thread.terminate();
  }
}

/** The whole of a thread that {@link runInThread} starts. */
export async function answerInThread(work: (input: never) => Promise<unknown>): Promise<void> {
  let answer: Answer;
  try {
    answer = { ok: true, value: await work(workerData as never) };
  } catch (error) {
    const code = isSignpostError(error) ? error.code : 'STORAGE';
    answer = { ok: false, code, message: (error as Error).message };
  }
  parentPort?.postMessage(answer, []);
}
