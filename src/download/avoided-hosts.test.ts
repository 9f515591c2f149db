import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AvoidedHosts } from './avoided-hosts.ts';

test('hosts with long names are no more than a Mirror List reads, the last ones', () => {
  const hosts = new AvoidedHosts();
  hosts.add('short.example');
  const names = Array.from({ length: 7 }, (_, at) => `${at}${`.${'a'.repeat(60)}`.repeat(4)}`);
  for (const name of names) hosts.add(name);
  const text = hosts.header()['signpost-avoid'] ?? '';
  assert.ok(text.length <= 1024, `${text.length} characters`);
  assert.deepEqual(text.split(', '), names.slice(-4));
});
