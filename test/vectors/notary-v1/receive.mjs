// Stands in for a Notary server while make.sh runs: gives a timestamp key, and writes down what the client publishes.
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const timestampKey = {
  keytype: 'ecdsa',
  keyval: { private: null, public: publicKey.export({ type: 'spki', format: 'der' }).toString('base64') },
};

// What fails ends the process.
createServer((request, response) => void answer(request, response)).listen(5979, '127.0.0.1');

async function answer(request, response) {
  const body = Buffer.concat(await request.toArray()).toString('latin1');
  const boundary = /boundary=(.*)$/.exec(request.headers['content-type'] ?? '')?.[1];
  for (const part of request.method === 'POST' ? body.split(`--${boundary}`) : []) {
    const name = /filename="([a-z/]+)"/.exec(part)?.[1];
    const content = part.slice(part.indexOf('\r\n\r\n') + 4).replace(/\r\n$/, '');
    if (name !== undefined) writeFileSync(`${name.replace('/', '-')}.json`, content, 'latin1');
  }
  const isKey = request.url.endsWith('/timestamp.key');
  response.writeHead(isKey || request.url === '/v2/' || request.method === 'POST' ? 200 : 404);
  response.end(isKey ? JSON.stringify(timestampKey) : '{}');
}
