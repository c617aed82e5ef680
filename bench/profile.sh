#!/usr/bin/env bash
# Where the time of a create and of a stat goes: bash bench/profile.sh [BUILD_FOLDER] [DATA_FOLDER]
#
# Samples by the clock, so it also works on virtual machines without hardware counters. Prints, for
# the threads that make the load and the threads of the store, the functions that the samples fell
# into, and then those whose callees are counted with them. Needs perf (Debian: linux-perf).
set -euo pipefail
build=${1:-build/release}
data=${2:-$build/bench-data}
records=$(mktemp -d)
trap 'rm -rf "$records"' EXIT

profile() {  # NAME ROW
  perf record -q -F 499 -e cpu-clock --call-graph dwarf,16384 -o "$records/$1" -- \
    "$build/bench/spind-bench" --rows "$2" --only ours --runs 1 --seconds 5 --folder "$data" \
    > /dev/null 2>&1 || [[ $? == 3 ]]
  printf '\n%s (%s): functions, share of the samples, in the threads of the load\n' "$1" "$2"
  perf report -i "$records/$1" --comm load --no-children -g none --percentage relative \
    --sort symbol --stdio 2> /dev/null | grep -E '^ +[0-9]' | head -25
  printf '\n%s (%s): the same with their callees\n' "$1" "$2"
  perf report -i "$records/$1" --comm load --children -g none --percentage relative \
    --sort symbol --stdio 2> /dev/null | grep -E '^ +[0-9].*(spind::|rocksdb::)' | cut -c1-140 |
    head -40
  printf '\n%s (%s): threads\n' "$1" "$2"
  perf report -i "$records/$1" --no-children -g none --sort comm --stdio 2> /dev/null |
    grep -E '^ +[0-9]'
}

profile create-hot P1.hot
profile create-alone P1b
profile stat P2.1
