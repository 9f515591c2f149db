import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fails } from '../../../../test/fakes/expect-error.ts';
import {
  readLayer,
  startRegistry,
  withRegistry,
  withTlsRegistry,
} from '../../../../test/fakes/registry-fixture.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signpost-authorization-'));
});
after(() => rm(folder, { recursive: true, force: true }));

async function writeCredentials(name: string, content: unknown): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, JSON.stringify(content));
  return file;
}

describe('authorization', () => {
  const auth = Buffer.from('alice:pass:word').toString('base64');
  const user = { user: 'alice', password: 'pass:word' };

  test('Basic credentials are sent once the registry asks, and found by host', async () => {
    const { server, source, end } = await startRegistry(
      { basic: user },
      { credentialFiles: [join(folder, 'basic.json')] },
    );
    await writeCredentials('basic.json', { auths: { [`https://${server.host}/v2/`]: { auth } } });
    await source.root();
    await readLayer(source);
    assert.equal(server.seen.filter((request) => request.headers.authorization === undefined).length, 1);
    await end();
  });

  withRegistry(
    'without credentials a registry that wants Basic says DENIED',
    { basic: user },
    async (source) => {
      await assert.rejects(source.root(), fails('DENIED', 'log in first'));
    },
  );

  test('wrong credentials are tried once', async () => {
    const { server, source, end } = await startRegistry(
      { basic: user },
      { credentialFiles: [join(folder, 'wrong.json')] },
    );
    await writeCredentials('wrong.json', { auths: { [server.host]: { username: 'alice', password: 'no' } } });
    await assert.rejects(source.root(), fails('DENIED', '401'));
    assert.equal(server.seen.length, 2);
    await end();
  });

  withRegistry('a token is asked for once, to pull and no more', { bearer: {} }, async (source, server) => {
    await source.root();
    await Promise.all([readLayer(source), readLayer(source)]);
    const asked = server.seen.filter(({ path }) => path.startsWith('/token'));
    assert.equal(asked.length, 1);
    const query = new URL(asked[0]?.path ?? '', 'http://x').searchParams;
    assert.equal(query.get('scope'), 'repository:a/noise:pull');
    assert.equal(query.get('service'), 'test registry');
  });

  withRegistry(
    'a token that has ended is renewed, once for all requests',
    { bearer: {} },
    async (source, server) => {
      await source.root();
      server.revokeTokens();
      await Promise.all([readLayer(source), readLayer(source), source.root()]);
      assert.equal(server.seen.filter(({ path }) => path.startsWith('/token')).length, 2);
    },
  );

  withTlsRegistry(
    'a token server on plain HTTP is good enough only for a registry on plain HTTP',
    { bearer: { realm: 'http://127.0.0.1:1/token' } },
    async (open, trusted) => {
      const source = await open(trusted);
      await assert.rejects(source.root(), fails('DENIED', 'expected https'));
    },
  );

  test('a refresh token is sent in a form, never in an address', async () => {
    const file = join(folder, 'token.json');
    const { server, source, end } = await startRegistry({ bearer: {} }, { credentialFiles: [file] });
    await writeCredentials('token.json', { auths: { [server.host]: { identitytoken: 'refresh' } } });
    await source.root();
    const asked = server.seen.find(({ path }) => path.startsWith('/token'));
    assert.equal(asked?.method, 'POST');
    assert.equal(asked.path, '/token');
    await end();
  });

  describe('a token server that redirects', () => {
    const redirect = (to: (host: string) => string, status = 307) => ({
      bearer: {},
      instead: ({ url = '', headers }: IncomingMessage, response: ServerResponse) => {
        if (!url.startsWith('/token?') && url !== '/token') return false;
        const location = to(headers.host ?? '') + url.slice('/token'.length);
        response.writeHead(status, { Location: location }).end();
        return true;
      },
    });

    test('is followed on its own host, with the secrets', async () => {
      const file = join(folder, 'redirected.json');
      const knobs = redirect(() => '/other/token');
      const { server, source, end } = await startRegistry(knobs, { credentialFiles: [file] });
      const seen: (string | undefined)[] = [];
      const { instead } = knobs;
      server.knobs.instead = (request, response) => {
        if (!request.url?.startsWith('/other/token')) return instead(request, response);
        seen.push(`${request.method} ${request.headers.authorization ?? ''}`);
        response.end('{"token":"token-1"}');
        return true;
      };
      await writeCredentials('redirected.json', { auths: { [server.host]: { auth } } });
      await source.root();
      assert.deepEqual(seen, [`GET Basic ${auth}`]);
      await end();
    });

    test('to another host is followed without the user, and not with a refresh token', async () => {
      for (const entry of [{ auth }, { identitytoken: 'refresh' }]) {
        const file = join(folder, 'elsewhere.json');
        const other = await startRegistry({ bearer: {} });
        const knobs = redirect(() => `http://${other.server.host}/token`);
        const { server, source, end } = await startRegistry(knobs, { credentialFiles: [file] });
        await writeCredentials('elsewhere.json', { auths: { [server.host]: entry } });
        if ('auth' in entry) await source.root();
        else await assert.rejects(source.root(), fails('DENIED', 'refresh token is not sent on'));
        assert.equal(other.server.seen.length, 'auth' in entry ? 1 : 0);
        assert.ok(other.server.seen.every(({ headers }) => headers.authorization === undefined));
        await end();
        await other.end();
      }
    });

    test('and back again does not get the user back', async () => {
      const file = join(folder, 'back.json');
      const sent: (string | undefined)[] = [];
      let home = '';
      const other = await startRegistry(redirect(() => `${home}/again`));
      const knobs = redirect(() => `http://${other.server.host}/token`);
      const { server, source, end } = await startRegistry(knobs, { credentialFiles: [file] });
      home = `http://${server.host}`;
      const { instead } = knobs;
      server.knobs.instead = (request, response) => {
        if (!request.url?.startsWith('/again')) return instead(request, response);
        sent.push(request.headers.authorization);
        response.end('{"token":"token-1"}');
        return true;
      };
      await writeCredentials('back.json', { auths: { [server.host]: { auth } } });
      await source.root();
      assert.deepEqual(sent, [undefined]);
      await end();
      await other.end();
    });

    test('for ever is left', async () => {
      const { server, source, end } = await startRegistry(redirect((host) => `http://${host}/token`));
      await assert.rejects(source.root(), fails('SOURCE_INVALID', 'more than 5 times'));
      assert.equal(server.seen.length, 7);
      await end();
    });
  });

  test('a helper that fails is named only when the registry gives nothing to strangers', async () => {
    const file = join(folder, 'helper.json');
    const credentialFiles = [file];
    const { server, source, end } = await startRegistry({ bearer: {} }, { credentialFiles });
    await writeCredentials('helper.json', { credsStore: 'that-is-nowhere' });
    await source.root();
    server.revokeTokens();
    server.knobs.bearer = { ...user };
    await assert.rejects(source.root(), fails('DENIED', 'docker-credential-that-is-nowhere'));
    delete server.knobs.bearer;
    server.knobs.basic = user;
    await assert.rejects(source.root(), fails('DENIED', 'docker-credential-that-is-nowhere'));
    await end();
  });
});
