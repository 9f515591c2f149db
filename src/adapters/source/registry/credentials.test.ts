import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fails } from '../../../../test/fakes/expect-error.ts';
import { runCredentialHelper } from './credential-helper.ts';
import { findCredentials } from './credentials.ts';

let folder: string;
const path = process.env.PATH;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signpost-credentials-'));
  process.env.PATH = `${folder}:${path ?? ''}`;
});
after(async () => {
  process.env.PATH = path;
  await rm(folder, { recursive: true, force: true });
});

let files = 0;
async function find(content: unknown, host = 'images.example', repository = 'a/b'): Promise<unknown> {
  return (await findAll(content, host, repository)).credentials;
}

async function findAll(content: unknown, host = 'images.example', repository = 'a/b') {
  const file = join(folder, `config-${files++}.json`);
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  return findCredentials([join(folder, 'absent.json'), file], host, repository);
}

async function writeHelper(name: string, script: string): Promise<void> {
  const file = join(folder, `docker-credential-${name}`);
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
}

const auth = Buffer.from('alice:pass:word').toString('base64');
const alice = { kind: 'password', user: 'alice', password: 'pass:word' };

describe('credentials in the file', () => {
  test('are found by host, however the host is written', async () => {
    for (const key of ['images.example', 'https://images.example', 'https://images.example/v1/']) {
      assert.deepEqual(await find({ auths: { [key]: { auth } } }), alice);
    }
  });

  test('of another host, or of another port, are left alone', async () => {
    const auths = { 'images.example.org': { auth }, 'images.example:5000': { auth }, example: { auth } };
    assert.equal(await find({ auths }), undefined);
    assert.equal(await find({}), undefined);
  });

  test('of the repository go before those of its parents and of the host', async () => {
    const entry = (user: string) => ({ username: user, password: 'x' });
    const auths = {
      'images.example': entry('host'),
      'images.example/a': entry('a'),
      'images.example/a/b': entry('b'),
    };
    const user = async (repository: string) =>
      Reflect.get((await find({ auths }, 'images.example', repository)) as object, 'user') as unknown;
    assert.deepEqual(await Promise.all(['a/b', 'a/c', 'c', 'a/b/d'].map(user)), ['b', 'a', 'host', 'b']);
  });

  test('of Docker Hub are under its old address', async () => {
    assert.deepEqual(await find({ auths: { 'https://index.docker.io/v1/': { auth } } }, 'docker.io'), alice);
  });

  test('may be a token', async () => {
    const entry = { auth: Buffer.from('00000:').toString('base64'), identitytoken: 'refresh' };
    assert.deepEqual(await find({ auths: { 'images.example': entry } }), { kind: 'token', token: 'refresh' });
  });

  test('that are damaged are named, and not shown', async () => {
    await assert.rejects(find('{"auths": secret'), (error) => {
      assert.ok(fails('CONFIG_INVALID', 'not JSON')(error));
      return !String(error).includes('secret');
    });
    await assert.rejects(find({ auths: [] }), fails('CONFIG_INVALID', 'auths'));
    await assert.rejects(
      find({ auths: { 'images.example': { auth: 'c2VjcmV0' } } }),
      fails('CONFIG_INVALID', 'base64 of "user:password"'),
    );
    await assert.rejects(
      find({ auths: { 'images.example': { auth: 7 } } }),
      fails('CONFIG_INVALID', 'images.example'),
    );
  });

  test('that have nothing, however they say it, are none', async () => {
    for (const nothing of ['', '\n', 'null', '{}', '\uFEFF{}']) assert.equal(await find(nothing), undefined);
    const empty = [null, {}, { auth: null }, { auth: '' }, { username: null, password: null }];
    for (const entry of empty) assert.equal(await find({ auths: { 'images.example': entry } }), undefined);
    assert.equal(await find({ auths: null, credHelpers: null, credsStore: null }), undefined);
    assert.equal(await find({ credHelpers: { 'images.example': null } }), undefined);
    // What is wrong with the entries of others is no business of this one.
    const auths = { other: 7, another: { auth: '%' }, 'images.example': { auth } };
    assert.deepEqual(await find({ auths }), alice);
  });
});

describe('credential helpers', () => {
  const config = (name: string) => ({ credHelpers: { 'images.example': name } });

  test('are asked about the registry', async () => {
    await writeHelper(
      'good',
      'read host; printf \'{"ServerURL":"x","Username":"%s","Secret":"%s"}\' "$1" "$host"',
    );
    assert.deepEqual(await find(config('good')), {
      kind: 'password',
      user: 'get',
      password: 'images.example',
    });
    assert.deepEqual(await find({ credsStore: 'good' }), {
      kind: 'password',
      user: 'get',
      password: 'images.example',
    });
  });

  test('may answer with a token', async () => {
    await writeHelper('token', 'printf \'{"Username":"<token>","Secret":"refresh"}\'');
    assert.deepEqual(await find(config('token')), { kind: 'token', token: 'refresh' });
  });

  test('that know nothing leave it to the file', async () => {
    await writeHelper('empty', 'echo "credentials not found in native keychain"; exit 1');
    assert.equal(await find(config('empty')), undefined);
    assert.deepEqual(await find({ credsStore: 'empty', auths: { 'images.example': { auth } } }), alice);
  });

  test('cannot be any other program', async () => {
    for (const name of ['../x', 'a/b', '-x', 'x y', 'x;y', 'x'.repeat(100)]) {
      const { credentials, problem } = await findAll(config(name));
      assert.equal(credentials, undefined);
      assert.match(problem ?? '', /no name of a credential helper/);
    }
  });

  test('that fail, answer nonsense, too much or never have nothing, and it is known why', async () => {
    await writeHelper('fails', 'echo "locked"; exit 1');
    await writeHelper('nonsense', 'echo hello');
    await writeHelper('null', 'printf \'{"Username":null,"Secret":null}\'');
    await writeHelper('much', 'while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done');
    const cases = [
      ['fails', /locked/],
      ['nonsense', /docker-credential-nonsense answered/],
      ['null', /docker-credential-null answered/],
      ['much', /wrote more than/],
      ['absent', /docker-credential-absent, which cannot be run/],
    ] as const;
    for (const [name, problem] of cases) {
      const found = await findAll(config(name));
      assert.equal(found.credentials, undefined);
      assert.match(found.problem ?? '', problem);
      // What is in the file counts all the same.
      assert.deepEqual(await find({ credsStore: name, auths: { 'images.example': { auth } } }), alice);
    }
  });

  test('that never end are not waited for, nor is what they leave behind', async () => {
    await writeHelper('never', 'sleep 60');
    await writeHelper('leaves', 'setsid sleep 2 & exit 0');
    for (const name of ['never', 'leaves']) {
      const { problem } = await runCredentialHelper(name, 'images.example', 'x', 100);
      assert.match(problem ?? '', /within 100 ms/);
    }
  });
});
