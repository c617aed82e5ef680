#!/usr/bin/env bash
# Line and branch coverage of lib/ by what ran on a build with SPIND_COVERAGE: a table by file, and
# coverage.json {lines, branches} in percent in the folder of reports.
#
#   bash tests/coverage.sh          runs the tests in their short forms first
#   bash tests/coverage.sh BUILD    of a build whose tests ran, and left profiles in BUILD/coverage
set -euo pipefail
cd "$(dirname "$0")/.."
reports=${SPIND_REPORTS:-$PWD/build/reports}
mkdir -p "$reports"

if [ $# -gt 0 ]; then
  build=$(realpath "$1")
else
  build=$PWD/build/coverage
  cmake --preset fuzz -B "$build" -DSPIND_COVERAGE=ON -DSPIND_EXAMPLES=OFF -DSPIND_BENCH=OFF \
        "-DCMAKE_CXX_FLAGS_DEBUG=-O0 -g1" \
        "-DSPIND_TEST_LABELS=unit;model;crash;powercut;fault;concurrency;format" >/dev/null
  cmake --build "$build"
  rm -rf "$build/coverage"
  # What fails here fails in the ordinary run too, which is where it is reported.
  SPIND_EFFORT=fast SPIND_REPORTS=$build/reports LLVM_PROFILE_FILE=$build/coverage/%m.profraw \
    ctest --test-dir "$build" -j "$(nproc)" -E '^unit\.arrows$' || true
fi

llvm-profdata merge -sparse -o "$build/coverage/all.profdata" "$build"/coverage/*.profraw
mapfile -t programs < <(find "$build/tests" -type f -executable -not -name '*.so*' \
                             -not -path '*/CMakeFiles/*')
objects=()
for program in "${programs[@]}"; do objects+=(-object "$program"); done
llvm-cov report "${objects[@]:1}" -instr-profile "$build/coverage/all.profdata" \
         -show-region-summary=false "$PWD/lib" >"$reports/coverage.txt"
llvm-cov export "${objects[@]:1}" -instr-profile "$build/coverage/all.profdata" \
         -summary-only "$PWD/lib" >"$build/coverage/summary.json"
cat "$reports/coverage.txt"
python3 - "$build/coverage/summary.json" "$reports/coverage.json" <<'PYTHON'
import json, sys
totals = json.load(open(sys.argv[1]))["data"][0]["totals"]
row = {"lines": round(totals["lines"]["percent"], 1),
       "branches": round(totals["branches"]["percent"], 1)}
json.dump(row, open(sys.argv[2], "w"))
print(f"lines {row['lines']} %, branches {row['branches']} %")
PYTHON
