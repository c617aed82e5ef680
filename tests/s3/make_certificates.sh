#!/usr/bin/env bash
# Makes what the tests of TLS need: an authority, another one, and certificates of the first for
# "localhost", a good one, which a server finds in CERTS, and one that has expired.
#
#   make_certificates.sh FOLDER CERTS
set -euo pipefail
folder=$1 certs=$2
mkdir -p "$folder" "$certs"
cd "$folder"

new_key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
quietly() { "$@" 2>log || { cat log; exit 1; }; }

for authority in ca other_ca; do
  quietly openssl req -x509 "${new_key[@]}" -days 7 -subj "/CN=$authority" \
          -keyout $authority.key -out $authority.crt
done
echo "subjectAltName=DNS:localhost" >extensions
issue() {  # issue NAME DAYS
  quietly openssl req -new "${new_key[@]}" -subj /CN=localhost -keyout "$1.key" -out "$1.csr"
  quietly openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days "$2" \
          -extfile extensions -out "$1.crt"
}
issue good 7
issue expired -1
cp good.crt "$certs/public.crt"
cp good.key "$certs/private.key"
