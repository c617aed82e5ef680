#!/usr/bin/env bash
# Where the time of a create and of a stat goes: bash bench/profile.sh [BUILD_FOLDER] [DATA_FOLDER]
#
# Samples by the clock, so it also works on virtual machines without hardware counters. Prints, for
# the threads that make the load, the functions that the samples fell into, then those of the engine
# and of RocksDB with all that they call, and how the samples fall to the threads of the process.
# Needs perf (Debian: linux-perf).
set -euo pipefail
build=${1:-build/release}
data=${2:-$build/bench-data}
records=$(mktemp -d)
trap 'rm -rf "$records"' EXIT

report() {  # RECORD OPTIONS…
  perf report -i "$records/$1" -g none --percentage relative --stdio "${@:2}" 2> /dev/null |
    grep -E '^ +[0-9]' | sed -E 's/( +-)+ *$//; s/ +$//' | cut -c1-130 || true
}

profile() {  # NAME ROW
  local status=0
  perf record -q -F 499 -e cpu-clock --call-graph dwarf,16384 -o "$records/$1" -- \
    "$build/bench/spind-bench" --rows "$2" --only ours --runs 1 --seconds 5 --folder "$data" \
    > /dev/null 2>&1 || status=$?
  [[ $status == 0 || $status == 3 ]] || { echo "spind-bench failed: $status" >&2; exit 1; }
  printf '\n%s (%s): functions alone\n' "$1" "$2"
  report "$1" --comm load --no-children --sort symbol | sed -n 1,25p
  printf '\n%s (%s): functions with what they call\n' "$1" "$2"
  report "$1" --comm load --children --sort symbol |
    sed -E 's/^ +([0-9.]+%) +[0-9.]+% /  \1 /' | grep -E 'spind::|rocksdb::|\[k\] __x64_sys' |
    grep -vE 'std::function|__invoke|_Function_handler|operator\(\)' | sed -n 1,40p
  printf '\n%s (%s): threads\n' "$1" "$2"
  report "$1" --no-children --sort comm
}

profile create-hot P1.hot
profile create-deferred P1b
profile stat P2.1
