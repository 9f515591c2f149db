import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readNotationVector } from '../../../test/fakes/notation-vectors.ts';
import { digestOf } from '../../oci/digest.ts';
import { artifactTypeOf, parseManifest } from '../../oci/manifest.ts';
import { notationArtifact } from './notation-artifact.ts';

const list = readNotationVector('list.json');
const mediaType = 'application/vnd.oci.image.index.v1+json';
const subject = { mediaType, digest: digestOf(list), size: list.length };
const envelope = readNotationVector('chain.json');

test('a signature is stored as notation stores it, in the terms of image-spec 1.1', () => {
  const theirs = readNotationVector('referrer.json');
  const { annotations, ...manifest } = JSON.parse(theirs.toString('utf8')) as Manifest;
  const created = Date.parse(annotations['org.opencontainers.image.created'] ?? '');
  const [artifact, ...more] = notationArtifact.compose(subject, [{ envelope, created }]);
  assert.ok(artifact !== undefined && more.length === 0);
  const type = 'application/vnd.cncf.notary.signature';
  assert.deepEqual(JSON.parse(Buffer.from(artifact.bytes).toString('utf8')), {
    ...manifest,
    annotations,
    // notation 1.3 still says the type of the artifact as that of its config, as before image-spec 1.1.
    artifactType: type,
    config: { ...manifest.config, mediaType: 'application/vnd.oci.empty.v1+json' },
  });
  assert.equal(artifactTypeOf(parseManifest(theirs)), type);
  assert.equal(artifactTypeOf(parseManifest(artifact.bytes)), type);
  assert.deepEqual(artifact.blobs.map(digestOf), [digestOf('{}'), digestOf(envelope)]);
});

interface Manifest {
  readonly config: object;
  readonly annotations: Readonly<Record<string, string>>;
}

test('each envelope becomes a referrer of its own, from which it can be had again', () => {
  const envelopes = ['chain.json', 'alone.json'].map((name) => ({
    envelope: readNotationVector(name),
    created: 0,
  }));
  const artifacts = notationArtifact.compose(subject, envelopes);
  assert.equal(artifacts.length, 2);
  for (const [index, { bytes, mediaType, blobs }] of artifacts.entries()) {
    const manifest = parseManifest(bytes, mediaType);
    assert.ok(manifest.kind === 'image' && manifest.subject?.digest === subject.digest);
    const [layer] = manifest.layers;
    assert.ok(layer !== undefined);
    assert.equal(notationArtifact.toEnvelope(layer, blobs[1] ?? Buffer.alloc(0)), envelopes[index]?.envelope);
    const other = { ...layer, mediaType: 'application/cose' };
    assert.equal(notationArtifact.toEnvelope(other, envelope), undefined);
  }
});
