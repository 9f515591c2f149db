import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RequestListener, listenHttp } from './http-server.ts';

const quiet = () => {};
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };

test('requests that come together are all handled before the first is answered', async () => {
  await using server = await listen((_, response) => {
    response.end('answer');
    ended.push(response.writableEnded);
  });
  const ended: boolean[] = [];
  // More than are held back.
  const answers = await Promise.all(Array.from({ length: 100 }, () => read(server.url)));
  assert.deepEqual([...new Set(answers)], ['answer']);
  assert.equal(ended.length, 100);
  assert.ok(!ended[0]);
});

test('an answer that is broken off while it is held back is not sent, and harms no other', async () => {
  await using server = await listen((request, response) => {
    response.end('answer');
    if (request.url === '/broken') response.destroy();
  });
  const broken = assert.rejects(read(`${server.url}/broken`), TypeError);
  assert.equal(await read(`${server.url}/whole`), 'answer');
  await broken;
});

async function listen(listener: RequestListener) {
  const server = await listenHttp([{ address: '127.0.0.1', port: 0 }], listener, log);
  return { url: server.urls[0] ?? '', [Symbol.asyncDispose]: () => server.close(1000) };
}

async function read(url: string): Promise<string> {
  return (await fetch(url)).text();
}
