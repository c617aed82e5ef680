#!/usr/bin/env bash
# Plants the bugs of tests/mutants.txt one at a time in a copy of the tree and expects the tests
# that each names to turn red. Prints a table (also to mutants.md in the folder of reports), and
# exits with 0 if every bug was noticed.
#
#   bash tests/mutants.sh [NAME…]
set -euo pipefail
cd "$(dirname "$0")/.."
bash cmake/install_packages.sh --tests

export SPIND_REPORTS=${SPIND_REPORTS:-$PWD/build/reports}
tree=$PWD/build/mutants
build=$tree/build/mutants   # as deep below the tree as other builds: the compiler cache knows it
mkdir -p "$SPIND_REPORTS" "$tree"

# With fresh times, so that what an aborted run left built is built again.
find "$tree" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
git ls-files -co --exclude-standard -z | tar --null --ignore-failed-read -T - -cf - 2>/dev/null \
  | tar -xmf - -C "$tree"
(cd "$tree" && cmake --preset debug -B "$build" -DSPIND_EXAMPLES=OFF -DSPIND_BENCH=OFF \
  -DSPIND_TIMEOUT=90 >/dev/null)

python3 tests/mutants.py "$tree" "$build" "$@"
