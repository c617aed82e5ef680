#!/usr/bin/env bash
# Runs just the tests of buckets, on servers of their own and on the bucket that the environment names:
#
#   bash tests/s3.sh
#   SPIND_TEST_S3=s3://BUCKET/PREFIX SPIND_TEST_S3_ENDPOINT=https://… AWS_ACCESS_KEY_ID=… \
#     AWS_SECRET_ACCESS_KEY=… bash tests/s3.sh --given
#
# With --given only on the bucket. SPIND_TEST_S3_CA names a file of authorities, AWS_REGION the region;
# without an endpoint it is AWS. Each test works under a prefix of its own below PREFIX and empties it.
# What does not run is said with the reason.
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
if [ -z "${SPIND_TEST_S3:-}" ]; then
  echo "not run: the suite, the bucket's own tests and the probe on a given bucket: SPIND_TEST_S3 names none"
else
  echo "not run on the given bucket: model, kills, chaos and the tool, which break the connection to a" \
       "server of their own"
fi
exit $status
