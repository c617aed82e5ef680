#!/usr/bin/env bash
# Fuzzes one target for its share of the time: 6 minutes for all targets, 20 seconds with
# SPIND_EFFORT=fast, 12 hours with SPIND_EFFORT=long.
#
#   run_fuzz.sh PROGRAM NAME CORPUS TARGETS
set -euo pipefail
program=$1 name=$2 corpus=$3 targets=$4

case ${SPIND_EFFORT:-ci} in
  fast) seconds=20 ;;
  ci)   seconds=360 ;;
  long) seconds=43200 ;;
esac
found=$PWD/found-$name   # new inputs; worth keeping ones are copied into the corpus by hand
mkdir -p "$found" "$corpus"

"$program" "$found" "$corpus" \
  -max_total_time=$((seconds / targets + 1)) -seed="${SPIND_SEED:-1}" -timeout=20 \
  -rss_limit_mb=2048 -artifact_prefix="${SPIND_REPORTS:-$PWD}/fuzz-$name-" \
  -print_final_stats=1 2>"$found.log" || { tail -n 60 "$found.log"; exit 1; }
grep -E 'number_of_executed_units|new_units_added' "$found.log"
