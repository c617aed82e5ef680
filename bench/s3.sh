#!/usr/bin/env bash
# Measures the rows that need a bucket, P6, P6s, P6r and P15.s3, on a MinIO of its own, beside rclone
# and MinIO's mc. Builds what of these is missing (tests/s3/install_servers.sh), leaves nothing running.
#
#   bash bench/s3.sh [BUILD_FOLDER [DATA_FOLDER [OPTION OF spind-bench]…]]
#   bash bench/s3.sh build/release /srv/bench --rows P6s --json s3.json
#
# The server keeps its bytes in DATA_FOLDER, on the disk that is measured. SPIND_TEST_CACHE names the
# folder of the programs, which is worth keeping.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$(realpath "${1:-build/release}")
data=$(realpath -m "${2:-$build/bench-data}")
shift $(($# < 2 ? $# : 2))
SPIND_TEST_CACHE=$(realpath -m "${SPIND_TEST_CACHE:-$here/../build/test-cache}")
export SPIND_TEST_CACHE

rows=(--rows P6,P6s,P6r,P15.s3)
[[ " $* " != *" --rows "* ]] || rows=()
bash "$here/../tests/s3/install_servers.sh" rclone mc
mkdir -p "$data/server"
trap 'rm -rf "$data/server"' EXIT
# shellcheck disable=SC2016
TMPDIR=$data/server bash "$here/../tests/s3/on_server.sh" minio \
  bash -c 'exec "$@" --s3 "$SPIND_TEST_S3" --endpoint "$SPIND_TEST_S3_ENDPOINT"' spind-bench \
  "$build/bench/spind-bench" --folder "$data/ours" --rclone "$SPIND_TEST_CACHE/rclone" \
  --mc "$SPIND_TEST_CACHE/mc" "${rows[@]}" "$@"
