import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { numberedMirror } from '../../test/fakes/mirrors.ts';
import { digestOf } from '../oci/digest.ts';
import { parseRepositoryName } from '../oci/reference.ts';
import { parseIpAddress } from '../net/address.ts';
import { chooseMirrors } from './choose-mirrors.ts';
import { mirrorKinds, type MirrorId } from './mirror.ts';
import { createMirrorTable } from './mirror-table.ts';
import { parseNetblock } from '../net/netblock.ts';
import { listPublicMirrors } from './public-mirrors.ts';

const wanted = { repository: parseRepositoryName('fedora/base'), digest: digestOf('blob'), serial: 1 };
const strangers = {
  address: parseIpAddress('198.51.100.1'),
  secure: false,
  place: { country: 'NZ', source: 'test' },
};
const mirrorPart = fc.record({
  kind: fc.constantFrom(...mirrorKinds),
  enabled: fc.boolean(),
  approved: fc.boolean(),
  country: fc.constantFrom('DE', 'NZ', 'US'),
  netblocks: fc.constantFrom([], [parseNetblock('192.0.2.0/24')]),
});

test('the list has the mirrors that strangers are sent to, and those of them that are healthy say so', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(mirrorPart, fc.boolean()), { maxLength: 20 }), (parts) => {
      const mirrors = parts.map(([part], at) => numberedMirror(at + 1, part));
      const states = new Map(
        parts.map(([, healthy], at) => [(at + 1) as MirrorId, { healthy, since: 0, serial: 1 }]),
      );
      const table = createMirrorTable(mirrors, states);
      const list = listPublicMirrors(table);
      const { ranked } = chooseMirrors(table, strangers, wanted, [], Infinity);
      assert.deepEqual(
        list.mirrors.filter(({ state }) => state.healthy).map(({ name }) => name),
        ranked.map(({ mirror }) => mirror.name).sort(),
      );
      const reached = new Set(ranked.map(({ url }) => new URL(url).hostname));
      for (const host of reached) assert.ok(list.hosts.includes(host));
      // Health does not change which hosts a firewall lets through.
      assert.deepEqual(listPublicMirrors(createMirrorTable(mirrors, new Map())).hosts, list.hosts);
    }),
  );
});

test('what is for the operator alone is not in it', () => {
  const mirror = numberedMirror(1, {
    contact: 'mirrors@uni.example',
    webhook: 'https://uni.example/hooks?secret',
  });
  const text = JSON.stringify(listPublicMirrors(createMirrorTable([mirror], new Map())));
  assert.ok(!text.includes('uni.example/hooks') && !text.includes('mirrors@'), text);
});
