#!/bin/sh
# Makes the signed Docker schema 1 manifests in this folder: one with skopeo, the others with docker's own libtrust, which
# needs Go. Keys are made anew each time, so running this again changes all files but payload.json.
set -eu
cd "$(dirname "$0")"
rm -f skopeo-*.json libtrust-*.json
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

node --input-type=module -e "
  import { buildImage, writeLayout } from '$PWD/../../fakes/image-builder.ts';
  await writeLayout('$work/layout', buildImage({ layers: [{ 'etc/motd': 'schema 1\n' }] }));
"
echo '{"default":[{"type":"insecureAcceptAnything"}]}' >"$work/policy.json"
skopeo --policy "$work/policy.json" copy --quiet --format v2s1 "oci:$work/layout:latest" "dir:$work/image"
cp "$work/image/manifest.json" skopeo-es256.json

(cd libtrust && go build -o "$work/sign" .)
for kind in es384 es512 rs256; do "$work/sign" payload.json "libtrust-$kind.json" "$kind"; done
"$work/sign" payload.json libtrust-es256-rs256.json es256 rs256
