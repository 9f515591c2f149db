#!/bin/sh
# Makes everything else in this folder with GnuPG 2.2: several copies of one key, as its life goes on. The files are
# checked in, so that tests need no gpg and see the same bytes everywhere; running this again changes all of them.
# Keys are from 2026-01-01, signatures from 2026-01-02 with 900 days to live, and what keys say later from 2026-02-01 on.
set -eu
cd "$(dirname "$0")"
rm -f ./*.pgp ./*.asc ./*.sig

GNUPGHOME=$(mktemp -d)
export GNUPGHOME
trap 'gpgconf --kill gpg-agent; rm -rf "$GNUPGHOME"' EXIT

# run <date> <arguments>
run() {
  at=$1
  shift
  gpg --batch --quiet --no-tty --pinentry-mode loopback --passphrase '' --trust-model always \
    --faked-system-time "${at}T000000!" "$@"
}

# answer <date> <answers, with blanks between> <arguments>: what gpg has no options for
answer() {
  at=$1
  answers=$2
  shift 2
  # "-" is an empty line.
  for line in $answers; do [ "$line" = - ] && echo || echo "$line"; done |
    gpg --quiet --no-tty --pinentry-mode loopback --passphrase '' --command-fd 0 --status-fd 2 \
      --faked-system-time "${at}T000000!" "$@" 2>/dev/null
}

# key <name> <expiry>: prints the fingerprint
key() {
  run 20260101 --quick-generate-key "$1 <$1@example.org>" ed25519 sign,cert "$2" >/dev/null 2>&1
  run 20260101 --with-colons --list-keys "=$1 <$1@example.org>" | awk -F: '/^fpr/ { print $10; exit }'
}

sign() {
  run 20260102 --compress-level 0 --digest-algo SHA256 --default-sig-expire seconds=77760000 -u "$2!" \
    --output "$1" --sign ../openpgp/payload.json
}

# One that is extended before it expires, and once for ever.
extended=$(key extended 90d)
sign extended.sig "$extended"
run 20260101 --export "$extended" >extended-0.pgp
run 20260201 --quick-set-expire "$extended" 2y
run 20260201 --export "$extended" >extended-1.pgp
run 20260301 --quick-set-expire "$extended" 0
run 20260301 --export "$extended" >extended-2.pgp

# One whose life is cut short.
shortened=$(key shortened never)
sign shortened.sig "$shortened"
run 20260101 --armor --export "$shortened" >shortened-0.asc
run 20260201 --quick-set-expire "$shortened" 10d
run 20260201 --armor --export "$shortened" >shortened-1.asc

# Revoked as compromised (1), superseded (2) and no longer used (3), with the certificates apart.
for reason in 1 2 3; do
  revoked=$(key "revoked-$reason" never)
  sign "revoked-$reason.sig" "$revoked"
  run 20260101 --armor --export "$revoked" >"revoked-$reason.asc"
  answer 20260201 "y $reason - y" --output "revoked-$reason-certificate.asc" --generate-revocation "$revoked"
  # As gpg keeps one for the day when it is needed: with a colon before its first line.
  [ "$reason" = 3 ] && cp "$GNUPGHOME/openpgp-revocs.d/$revoked.rev" switched-off.asc
  run 20260301 --import "revoked-$reason-certificate.asc"
  run 20260301 --export "$revoked" >"revoked-$reason-after.pgp"
done

# Two user IDs: one is revoked, later the other too.
users=$(key users never)
sign users.sig "$users"
run 20260101 --quick-add-uid "$users" 'second <second@example.org>'
run 20260101 --export "$users" >users-0.pgp
run 20260201 --quick-revoke-uid "$users" 'users <users@example.org>'
run 20260201 --export "$users" >users-1.pgp

# A key that names a revoker, who revokes it; and a subkey of it that comes later.
revoker=$(key revoker never)
named=$(key named never)
sign named.sig "$named"
answer 20260102 "addrevoker $revoker y save" --edit-key "$named"
run 20260102 --export "$named" >named-0.pgp
run 20260102 --export "$revoker" >revoker.pgp
run 20260102 --quick-add-key "$named" ed25519 sign never
run 20260102 --export "$named" >named-subkey.pgp
answer 20260201 "y 1 - y" --output named-certificate.asc --desig-revoke "$named"
run 20260301 --import named-certificate.asc
run 20260301 --export "$named" >named-1.pgp

# Certified by somebody else.
certified=$(key certified never)
sign certified.sig "$certified"
run 20260101 --export "$certified" >certified-0.pgp
run 20260103 -u "$revoker" --quick-sign-key "$certified"
run 20260103 --export "$certified" >certified-1.pgp
chmod a+r ./*.asc
