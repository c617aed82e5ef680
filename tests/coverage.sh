#!/usr/bin/env bash
# Line and branch coverage of lib/ by the unit, model, fault and format tests: a table, and
# coverage.json {lines, branches} in percent in the folder of reports.
set -euo pipefail
cd "$(dirname "$0")/.."
reports=${SPIND_REPORTS:-$PWD/build/reports}
labels="unit;model;fault;format;concurrency;crash"
build=build/coverage
mkdir -p "$reports"

cmake --preset debug -B $build -DSPIND_COVERAGE=ON -DSPIND_EXAMPLES=OFF -DSPIND_BENCH=OFF \
      "-DCMAKE_CXX_FLAGS_DEBUG=-O0 -g1" -DCMAKE_UNITY_BUILD=ON "-DSPIND_TEST_LABELS=$labels" >/dev/null
cmake --build $build
find $build -name '*.gcda' -delete
# What fails here fails in the ordinary run too, which is where it is reported.
SPIND_EFFORT=fast SPIND_REPORTS=$PWD/$build/reports \
  ctest --test-dir $build -j "$(nproc)" -E '^unit\.arrows$' || true

gcovr --root . --filter lib/ --object-directory $build -j "$(nproc)" \
      --exclude-throw-branches --exclude-unreachable-branches \
      --json-summary $build/summary.json --txt "$reports/coverage.txt"
cat "$reports/coverage.txt"
python3 - $build/summary.json "$reports/coverage.json" <<'PYTHON'
import json, sys
summary = json.load(open(sys.argv[1]))
row = {"lines": summary["line_percent"], "branches": summary["branch_percent"]}
json.dump(row, open(sys.argv[2], "w"))
print(f"lines {row['lines']} %, branches {row['branches']} %")
PYTHON
