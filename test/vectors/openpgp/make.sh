#!/bin/sh
# Makes everything else in this folder with GnuPG 2.2. The files are checked in, so that tests need no gpg and see the
# same bytes everywhere; keys and signatures are random, so running this again changes all of them.
# All keys and signatures are from 2026-01-01; signatures "expiring" live for 100 days from then. The secret keys here
# are for tests alone. Passphrase of rsa3072.secret.asc: "correct horse".
set -eu
cd "$(dirname "$0")"
rm -f ./*.asc ./*.pgp ./*.sig payload.json

GNUPGHOME=$(mktemp -d)
export GNUPGHOME
trap 'gpgconf --kill gpg-agent; rm -rf "$GNUPGHOME"' EXIT

at='--faked-system-time 20260101T000000!'
gpg="gpg --batch --quiet --no-tty --pinentry-mode loopback --trust-model always"

# key <name> <algorithm> <usage> <expiry> <passphrase>: prints the fingerprint
key() {
  $gpg $at --passphrase "$5" --quick-generate-key "$1 <$1@example.org>" "$2" "$3" "$4" >/dev/null 2>&1
  $gpg --with-colons --list-keys "=$1 <$1@example.org>" | awk -F: '/^fpr/ { print $10; exit }'
}

rsa=$(key rsa3072 rsa3072 sign,cert never 'correct horse')
ed=$(key ed25519 ed25519 sign,cert never '')
other=$(key other rsa3072 sign,cert never '')
weak=$(key rsa1024 rsa1024 sign,cert never '')
rsa2048=$(key rsa2048 rsa2048 sign,cert never '')
nist=$(key nistp256 nistp256 sign,cert never '')
expired=$(key expired ed25519 sign,cert 30d '')
revoked=$(key revoked ed25519 sign,cert never '')
sub=$(key subkey ed25519 sign,cert never '')
certonly=$(key certonly ed25519 cert never '')
$gpg $at --passphrase '' --quick-add-key "$sub" ed25519 sign never

$gpg --armor --export "$rsa" >rsa3072.asc
$gpg --export "$ed" >ed25519.pgp
$gpg --export "$other" >other.pgp
$gpg --armor --export "$rsa" "$ed" >both.asc
$gpg --export "$rsa" "$ed" >both.pgp
$gpg --export "$weak" >rsa1024.pgp
$gpg --export "$nist" >nistp256.pgp
$gpg --export "$expired" >expired.pgp
$gpg --export "$sub" >subkey.pgp
$gpg --export "$certonly" >certonly.pgp
$gpg --armor --passphrase 'correct horse' --export-secret-keys "$rsa" >rsa3072.secret.asc
$gpg --passphrase '' --export-secret-keys "$ed" >ed25519.secret.pgp
$gpg --passphrase '' --export-secret-keys "$rsa2048" >rsa2048.secret.pgp
$gpg --passphrase '' --export-secret-keys "$nist" >nistp256.secret.pgp
$gpg --passphrase '' --export-secret-keys "$expired" >expired.secret.pgp
$gpg --passphrase '' --export-secret-keys "$sub" >subkey.secret.pgp
$gpg --passphrase '' --export-secret-keys "$certonly" >certonly.secret.pgp

# The payload of the digest "sha256:" and 64 times "a", as formatSimpleSigning writes it.
a=aaaaaaaaaaaaaaaa
printf '%s' '{"critical":{"identity":{"docker-reference":"images.example.org/fedora/base:41"},"image":{"docker-manifest-digest":"sha256:'$a$a$a$a'"},"type":"atomic container signature"},"optional":{"creator":"signpost","timestamp":1767225600,"serial":7}}' >payload.json

# sign <file> <options>
sign() {
  file=$1
  shift
  $gpg $at --passphrase 'correct horse' --compress-level 0 --digest-algo SHA256 "$@" --output "$file" payload.json
}
life='--default-sig-expire seconds=8640000'
sign rsa3072-expiring.sig $life -u "$rsa!" --sign
sign ed25519-expiring.sig $life -u "$ed!" --sign
sign ed25519-sha512.sig --digest-algo SHA512 $life -u "$ed!" --sign
sign rsa3072-endless.sig -u "$rsa!" --sign
sign other-expiring.sig $life -u "$other!" --sign
sign expired-key.sig $life -u "$expired!" --sign
sign revoked-key.sig $life -u "$revoked!" --sign
sign subkey.sig $life -u "$sub" --sign

# What must be refused although gpg itself would verify most of it.
sign bad-sha1.sig --digest-algo SHA1 $life -u "$rsa!" --sign
sign bad-two-signatures.sig $life -u "$rsa!" -u "$ed!" --sign
sign bad-armoured.sig $life -u "$rsa!" --armor --sign
sign bad-detached.sig $life -u "$rsa!" --detach-sign
sign bad-clear.sig $life -u "$rsa!" --clearsign
sign bad-compressed.sig --compress-level 6 $life -u "$rsa!" --sign
sign bad-text.sig --textmode $life -u "$rsa!" --sign

# Damaged copies.
size=$(wc -c <rsa3072-expiring.sig)
head -c $((size - 1)) rsa3072-expiring.sig >bad-truncated.sig
head -c $((size / 2)) rsa3072-expiring.sig >bad-half.sig
{ cat rsa3072-expiring.sig && printf 'x'; } >bad-trailing.sig
cat rsa3072-expiring.sig ed25519-expiring.sig >bad-doubled.sig
sed 's/fedora/fedorb/' rsa3072-expiring.sig >bad-payload.sig

# Revoked last: gpg will not sign with a revoked key.
yes_to_all="y
0

y"
printf '%s\n' "$yes_to_all" | gpg --faked-system-time '20260102T000000!' --no-tty --quiet --pinentry-mode loopback --passphrase '' --command-fd 0 --status-fd 2 \
  --output revoked.rev --generate-revocation "$revoked" 2>/dev/null
$gpg $at --import revoked.rev
$gpg --export "$revoked" >revoked.pgp
rm -f revoked.rev
