#!/bin/sh
# Makes everything else in this folder with notation 1.3, OpenSSL and Debian's docker-registry, which listens on
# 127.0.0.1. The files are checked in, so that tests need none of them; keys and signatures are random, so running this
# again changes all of them.
# notation: go install github.com/notaryproject/notation/cmd/notation@v1.3.2
# notation signs at the time that it is run, which is put into the file "time" (seconds since the epoch); signatures live
# for 100 days. What Signpost demands of a signature is said with notation's own user metadata.
# The secret key here is for tests alone, and has no passphrase.
set -eu
cd "$(dirname "$0")"
rm -f ./*.pem ./*.json time

work=$(mktemp -d)
export XDG_CONFIG_HOME="$work" XDG_CACHE_HOME="$work/cache"
registry=127.0.0.1:5979
cat >"$work/registry.yml" <<END
version: 0.1
storage: {filesystem: {rootdirectory: $work/registry}}
http: {addr: $registry}
END
docker-registry serve "$work/registry.yml" >"$work/log" 2>&1 &
trap 'kill $!; rm -rf "$work"' EXIT
sleep 2

# key <name> <algorithm...>
key() {
  name=$1
  shift
  openssl genpkey "$@" -out "$work/$name.key" 2>/dev/null
}
# self <name> <extensions...>: a self-signed certificate, for 100 years
self() {
  name=$1
  shift
  openssl req -x509 -new -key "$work/$name.key" -sha256 -days 36500 -subj "/C=DE/O=Example/CN=$name" \
    -out "$work/$name.crt" "$@"
}
# issued <name> <issuer> <extensions>
issued() {
  printf '%s\n' "$3" >"$work/extensions"
  openssl req -new -key "$work/$1.key" -subj "/C=DE/O=Example/CN=$1" |
    openssl x509 -req -sha256 -days 36500 -CA "$work/$2.crt" -CAkey "$work/$2.key" -CAcreateserial \
      -extfile "$work/extensions" -out "$work/$1.crt" 2>/dev/null
}
p256='-algorithm EC -pkeyopt ec_paramgen_curve:P-256'
p384='-algorithm EC -pkeyopt ec_paramgen_curve:P-384'
rsa='-algorithm RSA -pkeyopt rsa_keygen_bits:3072'
key root $p384
key middle $rsa
key leaf $p256
key alone $p384
key rsa $rsa
key other $p256
authority='-addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign'
for name in root other; do
  printf '[req]\ndistinguished_name=dn\n[dn]\n' >"$work/openssl.cnf"
  self "$name" -config "$work/openssl.cnf" $authority
done
for name in alone rsa; do
  self "$name" -config "$work/openssl.cnf" -addext keyUsage=critical,digitalSignature \
    -addext extendedKeyUsage=codeSigning
done
issued middle root 'basicConstraints=critical,CA:true,pathlen:0
keyUsage=critical,keyCertSign'
issued leaf middle 'basicConstraints=critical,CA:false
keyUsage=critical,digitalSignature
extendedKeyUsage=codeSigning'
cat "$work/leaf.crt" "$work/middle.crt" "$work/root.crt" >chain.pem
cp "$work/leaf.key" key.pem
for name in root alone rsa other; do cp "$work/$name.crt" "$name.pem"; done

mkdir -p "$work/notation"
cat >"$work/notation/signingkeys.json" <<END
{"keys":[
{"name":"chain","keyPath":"$work/leaf.key","certPath":"$PWD/chain.pem"},
{"name":"alone","keyPath":"$work/alone.key","certPath":"$PWD/alone.pem"},
{"name":"rsa","keyPath":"$work/rsa.key","certPath":"$PWD/rsa.pem"}]}
END

list='{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}'
name=fedora/base
printf %s "$list" >list.json
digest=$(sha256sum <list.json | cut -d' ' -f1)
curl -sSf -X PUT -H 'Content-Type: application/vnd.oci.image.index.v1+json' --data-binary @list.json \
  "http://$registry/v2/$name/manifests/41"

get() {
  curl -sSfL -H 'Accept: application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json' \
    "http://$registry/v2/$name/$1"
}
# sign <file> <key> <more...>: keeps the envelope, and the manifest around it as <file>.manifest
sign() {
  file=$1
  notation sign --insecure-registry --key "$2" "$registry/$name@sha256:$digest" >/dev/null 2>&1 $3
  manifest=$(get "manifests/sha256-$digest" | jq -r '.manifests[-1].digest')
  get "manifests/$manifest" >"$work/manifest"
  get "blobs/$(jq -r '.layers[0].digest' "$work/manifest")" >"$file"
}
metadata="-m creator=notation -m reference=images.example.org/$name:41 -m serial=7"
date +%s >time
sign chain.json chain "--expiry 2400h $metadata"
cp "$work/manifest" referrer.json
sign alone.json alone "--expiry 2400h $metadata"
sign rsa.json rsa "--expiry 2400h $metadata"
sign endless.json chain "$metadata"
sign plain.json chain '--expiry 2400h'
sign cose.json chain "--expiry 2400h --signature-format cose $metadata"
mv cose.json bad-cose.json

# Damaged copies.
edit() { jq -c "$2" chain.json >"bad-$1.json"; }
edit payload ".payload = \"$(jq -r .payload plain.json)\""
edit protected ".protected = \"$(jq -r .protected endless.json)\""
edit signature ".signature = \"$(jq -r .signature plain.json)\""
edit order '.header.x5c |= reverse'
edit short '.header.x5c |= .[:2]'
edit leaf ".header.x5c[0] = \"$(jq -r '.header.x5c[0]' alone.json)\""
edit two '{payload, signatures: [{protected, header, signature}, {protected, header, signature}]}'
sed 's/^{/{"payload":"e30",/' chain.json >bad-duplicate.json
head -c 400 chain.json >bad-half.json
