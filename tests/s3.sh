#!/usr/bin/env bash
# Runs just the tests of buckets, on servers of their own and on the bucket that the environment names:
#
#   bash tests/s3.sh
#   SPIND_TEST_S3=s3://BUCKET/PREFIX SPIND_TEST_S3_ENDPOINT=https://… AWS_ACCESS_KEY_ID=… \
#     AWS_SECRET_ACCESS_KEY=… bash tests/s3.sh --given
#
# With --given only on the bucket. SPIND_TEST_S3_CA names a file of authorities, AWS_REGION the region;
# without an endpoint it is AWS. Nothing else may lie below PREFIX: each test works under a prefix of its
# own there and empties it, and the last one fails where anything is left. What does not run is said with
# the reason.
set -euo pipefail
cd "$(dirname "$0")/.."

only=
case ${1:-} in
  "") ;;
  --given) only=given
    [ -n "${SPIND_TEST_S3:-}" ] || { echo "SPIND_TEST_S3 names no bucket"; exit 2; } ;;
  *) sed -n '2,/^set/s/^# \{0,1\}//p' tests/s3.sh; exit 2 ;;
esac

bash cmake/install_packages.sh --tests
[ -n "$only" ] || bash tests/s3/install_servers.sh
cmake --preset release -B build/ci-s3 -DSPIND_TEST_LABELS=s3 -DSPIND_EXAMPLES=OFF -DSPIND_BENCH=OFF \
      >/dev/null
cmake --build build/ci-s3 >/dev/null
status=0
ctest --test-dir build/ci-s3 -L s3 ${only:+-R "s3\.$only"} --output-on-failure || status=$?
not_run() { echo "not run on the given bucket: $1"; }
if [ -z "${SPIND_TEST_S3:-}" ]; then
  echo "nothing was run on a given bucket: SPIND_TEST_S3 names none"
else
  case ${SPIND_TEST_S3_ENDPOINT:-} in
    http://*) ;;
    *) not_run "chaos, and the faults of model and kills: the proxy that breaks connections stands in\
 front of plain http alone, and this endpoint speaks TLS" ;;
  esac
  not_run "each fault by itself, and the long forms of model and kills: they take long, and\
 run on servers of their own"
  not_run "buckets that keep versions or lock objects: a test would have to make them"
  not_run "the tool: it leaves its stores in the bucket"
  not_run "TLS with other certificates: they are made for a server of their own"
  [ $status -eq 0 ] && echo "$SPIND_TEST_S3 is empty again"
fi
exit $status
