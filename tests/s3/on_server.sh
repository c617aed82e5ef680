#!/usr/bin/env bash
# Runs a program against a server of its own, which stops with it:
#
#   on_server.sh minio|versitygw PROGRAM ARGUMENT…     http
#   on_server.sh minio-tls PROGRAM ARGUMENT…           https, with a certificate made for "localhost", and
#                                                      HTTP/2 at SPIND_TEST_S3_H2_ENDPOINT
#   on_server.sh minio-host PROGRAM ARGUMENT…          http, the bucket in the host's name
#   on_server.sh given PROGRAM ARGUMENT…               on the bucket that SPIND_TEST_S3 names
#
# The program finds a bucket as tests/s3/bucket.h says. A server that does not start fails the test;
# without a given bucket the last form is skipped (status 77).
set -euo pipefail
server=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
cache=$(realpath -m "${SPIND_TEST_CACHE:-$here/../../build/test-cache}")

if [ "$server" = given ]; then
  [ -n "${SPIND_TEST_S3:-}" ] || { echo "SPIND_TEST_S3 names no bucket"; exit 77; }
  exec "$@"
fi

# What the machine's user has set up for himself is none of the test's business.
unset AWS_PROFILE AWS_SESSION_TOKEN AWS_SHARED_CREDENTIALS_FILE AWS_REGION SPIND_TEST_S3_CA \
      SPIND_TEST_S3_IN_HOST
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
export AWS_ACCESS_KEY_ID=spindtest AWS_SECRET_ACCESS_KEY=spindtestsecret

bash "$here/install_servers.sh" "${server%-*}"

[ "$server" != minio-tls ] || bash "$here/install_servers.sh" h2_front

work=$(mktemp -d)
pid= front=
finish() {
  for one in $front $pid; do
    kill "$one" 2>/dev/null || true
    wait "$one" 2>/dev/null || true
  done
  rm -rf "$work"
}
trap finish EXIT

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
answers() {  # whether somebody listens there
  python3 -c 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1)' "$1" \
    2>/dev/null
}

wait_for() {  # wait_for PORT PROCESS
  for _ in $(seq 600); do
    answers "$1" && return
    kill -0 "$2" 2>/dev/null || return 1
    sleep 0.1
  done
  return 1
}

# MinIO speaks HTTP/2, but to nobody who also speaks the version before.
start_front() {  # start_front PORT SERVER'S-URL
  SSL_CERT_FILE=$work/tls/ca.crt "$cache/h2_front" "127.0.0.1:$1" "$work/certs/public.crt" \
    "$work/certs/private.key" "$2" >>"$work/log" 2>&1 &
  front=$!
  wait_for "$1" "$front"
}

start() {  # start PORT
  local port=$1
  case $server in
    minio*)
      # shellcheck disable=SC2086
      MINIO_ROOT_USER=$AWS_ACCESS_KEY_ID MINIO_ROOT_PASSWORD=$AWS_SECRET_ACCESS_KEY \
        MINIO_BROWSER=off MINIO_UPDATE=off MINIO_DOMAIN=localhost "$cache/minio" server --quiet --certs-dir "$work/certs" \
        --address "127.0.0.1:$port" "$work/data" >"$work/log" 2>&1 & ;;
    versitygw)
      ROOT_ACCESS_KEY=$AWS_ACCESS_KEY_ID ROOT_SECRET_KEY=$AWS_SECRET_ACCESS_KEY \
        "$cache/versitygw" --quiet --port "127.0.0.1:$port" posix --versioning-dir "$work/versions" \
          "$work/data" >"$work/log" 2>&1 & ;;
    *) echo "no such server: $server"; exit 2 ;;
  esac
  pid=$!
  wait_for "$port" "$pid"
}

mkdir -p "$work/data/spind-test" "$work/certs" "$work/versions"
[ "$server" != minio-tls ] || bash "$here/make_certificates.sh" "$work/tls" "$work/certs"
port=$(free_port)
start "$port" || { cat "$work/log"; echo "$server does not start"; exit 1; }

scheme=http host=127.0.0.1
if [ "$server" = minio-tls ]; then
  scheme=https host=localhost
  export SPIND_TEST_S3_CA=$work/tls/ca.crt SPIND_TEST_S3_OTHER_CA=$work/tls/other_ca.crt
  export SPIND_TEST_S3_EXPIRED_KEY=$work/tls/expired.key
  export SPIND_TEST_S3_EXPIRED_CRT=$work/tls/expired.crt
  front_port=$(free_port)
  start_front "$front_port" "https://localhost:$port" || { cat "$work/log"; exit 1; }
  export SPIND_TEST_S3_H2_ENDPOINT=https://localhost:$front_port
fi
if [ "$server" = minio-host ]; then
  host=localhost
  export SPIND_TEST_S3_IN_HOST=1
fi
export SPIND_TEST_S3=s3://spind-test/suite SPIND_TEST_S3_ENDPOINT=$scheme://$host:$port
"$@" || { status=$?; tail -n 20 "$work/log"; exit $status; }
