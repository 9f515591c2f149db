#!/bin/sh
# Makes the JSON files in this folder with Debian's notary 0.7.0, which publishes them to receive.mjs. They are checked
# in, so that tests do not need it; keys and signatures are random, so running this again changes all of them.
set -eu
cd "$(dirname "$0")"
rm -f ./*.json
work=$(mktemp -d)
node receive.mjs &
trap 'kill $!; rm -rf "$work"' EXIT
sleep 1

export NOTARY_ROOT_PASSPHRASE=password NOTARY_TARGETS_PASSPHRASE=password
export NOTARY_SNAPSHOT_PASSPHRASE=password NOTARY_DELEGATION_PASSPHRASE=password
name=images.example.org/fedora/base
notary() { command notary -d "$work/trust" -s http://127.0.0.1:5979 "$@"; }

# What becomes tag 41 has the digest of these four bytes.
digest=$(printf list | sha256sum | cut -d' ' -f1)
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/key.pem" -out "$work/releases.crt" \
  -subj /CN=releases -days 3650 2>/dev/null
notary init "$name"
notary addhash "$name" 41 4 --sha256 "$digest"
notary delegation add "$name" targets/releases "$work/releases.crt" --all-paths
notary publish "$name"
