import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '../../net/address.ts';
import { isSignpostError } from '../../oci/errors.ts';
import { parseConfig } from '../config/config.ts';
import { createLiveSettings } from './compose-live-settings.ts';

const read = (yaml: string) => parseConfig(yaml, 'signpost.yaml');
const pause = () => Promise.resolve();
const here = parseIpAddress('192.0.2.1');

test('the mirrors and the places of another configuration are taken over, in place', async () => {
  const live = await createLiveSettings(read('mirrors: { probeInterval: 2s }\n'), pause);
  const { mirrors, places } = live;
  const restart = await live.take(
    read(`mirrors: { probeInterval: 9s, maxShare: 0.25, hourlyRequests: 77 }
places: { overrides: [{ netblock: 192.0.2.0/24, country: NZ, asn: 64500 }] }
log: { level: warn }
registry: { inlineSize: 64KiB, alternatives: 2 }
`),
  );
  assert.deepEqual([mirrors.probeInterval, mirrors.maxShare, mirrors.hourlyRequests], [9000, 0.25, 77]);
  const { country, asn } = places.find(here);
  assert.deepEqual([country, asn], ['NZ', 64_500]);
  assert.deepEqual([...restart].sort(), ['registry.alternatives', 'registry.inlineSize']);
  assert.deepEqual(await live.take(read('')), []);
});

test('one that is wrong changes nothing', async () => {
  const live = await createLiveSettings(read('mirrors: { probeInterval: 2s }\n'), pause);
  const before = live.places.find(here);
  const wrong = [
    'mirrors: { probeInterval: 9s, allowAddresses: [10.0.0.1/8] }\n',
    'mirrors: { probeInterval: 9s, certificateAuthorities: [absent.pem] }\nplaces: { overrides: [{ netblock: 192.0.2.0/24, country: NZ }] }\n',
    'mirrors: { probeInterval: 9s }\nplaces: { overrides: [{ netblock: 192.0.2.0/24, country: ZZ }] }\n',
  ];
  for (const yaml of wrong) {
    await assert.rejects(
      async () => live.take(read(yaml)),
      (error) => isSignpostError(error, 'CONFIG_INVALID'),
    );
    assert.equal(live.mirrors.probeInterval, 2000);
    assert.deepEqual(live.places.find(here), before);
  }
});
