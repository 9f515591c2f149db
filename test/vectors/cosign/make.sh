#!/bin/sh
# Makes everything else in this folder with cosign 3 and Debian's docker-registry, which listens on 127.0.0.1. The files
# are checked in, so that tests need neither; keys and signatures are random, so running this again changes all of them.
# cosign: go install github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3
# What Signpost demands of a signature is said with cosign's own annotations: made on 2026-01-01, valid for 100 days.
# The secret key here is for tests alone. Passphrase of locked.key, which holds the same one: "correct horse".
set -eu
cd "$(dirname "$0")"
rm -f ./*.pub ./*.pem ./*.key ./*.json

export COSIGN_PASSWORD=
work=$(mktemp -d)
registry=127.0.0.1:5978
cat >"$work/registry.yml" <<END
version: 0.1
storage: {filesystem: {rootdirectory: $work/registry}}
http: {addr: $registry}
END
docker-registry serve "$work/registry.yml" >"$work/log" 2>&1 &
trap 'kill $!; rm -rf "$work"' EXIT
sleep 2

# The key comes from OpenSSL, so that tests can sign with it too.
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem 2>/dev/null
openssl pkey -in key.pem -pubout -out key.pub
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 2>/dev/null | openssl pkey -pubout -out other.pub
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 2>/dev/null | openssl pkey -pubout -out p384.pub
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 2>/dev/null | openssl pkey -pubout -out rsa2048.pub
cosign import-key-pair --key key.pem --output-key-prefix "$work/cosign" 2>/dev/null
COSIGN_PASSWORD='correct horse' cosign import-key-pair --key key.pem --output-key-prefix "$work/locked" 2>/dev/null
cp "$work/locked.key" locked.key

list='{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}'
name=fedora/base
printf %s "$list" >list.json
digest=$(sha256sum <list.json | cut -d' ' -f1)
curl -sSf -X PUT -H 'Content-Type: application/vnd.oci.image.index.v1+json' --data-binary @list.json \
  "http://$registry/v2/$name/manifests/41"

sign() {
  cosign sign --key "$work/cosign.key" --tlog-upload=false --use-signing-config=false --allow-http-registry -y "$@" \
    "$registry/$name@sha256:$digest" 2>/dev/null
}
identity=images.example.org/$name:41
life='-a creator=cosign -a created=1767225600 -a expires=1775865600 -a serial=7'

get() {
  curl -sSfL -H 'Accept: application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json' \
    "http://$registry/v2/$name/$1"
}
layer() {
  node -e 'console.log(JSON.parse(require("fs").readFileSync(process.argv[1])).layers[process.argv[2]].digest)' "$1" "$2"
}
# referrer <digest>: prints the one beside it
referrer() {
  get "manifests/sha256-$digest" |
    node -e 'console.log(JSON.parse(require("fs").readFileSync(0)).manifests.find((one) => one.digest !== process.argv[1]).digest)' "$1"
}

# The attached form: one layer that says everything, one as cosign makes it when it is told nothing.
sign --new-bundle-format=false --sign-container-identity "$identity" $life
sign --new-bundle-format=false --sign-container-identity "$identity"
get "manifests/sha256-$digest.sig" >attached.json
get "blobs/$(layer attached.json 0)" >attached-payload.json
get "blobs/$(layer attached.json 1)" >attached-plain-payload.json

# The bundle, likewise.
sign $life -a "reference=$identity"
first=$(referrer none)
get "manifests/$first" >referrer.json
get "blobs/$(layer referrer.json 0)" >bundle.json
sign
get "manifests/$(referrer "$first")" >"$work/plain"
get "blobs/$(layer "$work/plain" 0)" >bundle-plain.json

# Damaged copies.
sed 's/"serial":"7"/"serial":"8"/' attached-payload.json >bad-attached-payload.json
node -e '
  const fs = require("fs");
  const bundle = JSON.parse(fs.readFileSync("bundle.json"));
  const statement = Buffer.from(bundle.dsseEnvelope.payload, "base64").toString();
  const write = (name, change) => fs.writeFileSync(name, JSON.stringify({ ...bundle, dsseEnvelope: { ...bundle.dsseEnvelope, ...change } }));
  write("bad-bundle-payload.json", { payload: Buffer.from(statement.replace("base:41", "base:42")).toString("base64") });
  write("bad-bundle-type.json", { payloadType: "application/vnd.in-toto+xml" });
  write("bad-bundle-two.json", { signatures: [...bundle.dsseEnvelope.signatures, ...bundle.dsseEnvelope.signatures] });
'
