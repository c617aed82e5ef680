#!/usr/bin/env bash
# Builds and runs the tests, from any folder, on Debian 12 with nothing prepared.
#
#   bash tests/run.sh                 everything: on 2 cores 39 to 55 minutes once the servers that
#                                     it needs are built, at most 75 with nothing there
#   bash tests/run.sh --fast          short forms on one build, under 3 minutes once it is built
#   bash tests/run.sh --long          the long forms: many hours
#   bash tests/run.sh [--…] LABEL…    only these labels: unit model crash powercut fault concurrency
#                                     fuzz format s3 scale soak install cli quickstart
#
# Reports go to build/reports (or SPIND_REPORTS), SPIND_SEED repeats an earlier run. Exit status 0:
# all passed, and nothing was skipped but what tests/skips.txt names.
set -euo pipefail
cd "$(dirname "$0")/.."

# Under `sudo bash tests/run.sh` the tree belongs to the user and stays so.
if [ "$(id -u)" -eq 0 ] && [ -n "${SUDO_USER:-}" ] && [ "$(stat -c %u .)" -ne 0 ]; then
  bash cmake/install_packages.sh --tests
  exec sudo -H --preserve-env=SPIND_EFFORT,SPIND_SEED,SPIND_REPORTS,SPIND_TEST_CACHE \
            -u "$SUDO_USER" bash tests/run.sh "$@"
fi

effort=${SPIND_EFFORT:-ci}
labels=()
for word in "$@"; do
  case $word in
    --fast|--long) effort=${word#--} ;;
    -*) sed -n '2,/^set/s/^# \{0,1\}//p' tests/run.sh; exit 2 ;;
    *) labels+=("$word") ;;
  esac
done

bash cmake/install_packages.sh --tests

export SPIND_EFFORT=$effort
export SPIND_SEED=${SPIND_SEED:-$((RANDOM * 32768 + RANDOM))}
export SPIND_REPORTS=${SPIND_REPORTS:-$PWD/build/reports}
export ASAN_OPTIONS=detect_stack_use_after_return=1:malloc_context_size=8:${ASAN_OPTIONS:-}
export UBSAN_OPTIONS=print_stacktrace=1:${UBSAN_OPTIONS:-}
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:${TSAN_OPTIONS:-}
# Programs that ran leave what they reached here, each kind in one file.
coverage=$PWD/build/ci-fuzz/coverage
export LLVM_PROFILE_FILE=$coverage/%m.profraw
rm -rf "$coverage"
mkdir -p "$SPIND_REPORTS"

# Each build, and the labels that run on it.
if [ "$effort" = fast ]; then
  builds=("debug unit model crash powercut fault concurrency fuzz format cli")
else
  builds=("fuzz unit model crash powercut fault concurrency format fuzz"
          "tsan concurrency"
          "release scale soak install cli quickstart s3")
fi

for label in "${labels[@]}"; do
  [[ " ${builds[*]#* } " == *" $label "* ]] || { echo "no such label ($effort): $label"; exit 2; }
done
wanted() { [ ${#labels[@]} -eq 0 ] || [[ " ${labels[*]} " == *" $1 "* ]]; }

# The servers that s3 runs on take minutes to build the first time; later they are there.
if [ "$effort" != fast ] && wanted s3; then
  bash tests/s3/install_servers.sh
fi

log=$SPIND_REPORTS/build.log
: >"$log"
quietly() {  # the build's words, only if it fails
  "$@" >>"$log" 2>&1 || { tail -n 60 "$log"; echo "failed: $*"; exit 1; }
}

top=build/ci
mkdir -p $top
: >$top/CTestTestfile.cmake
run_labels=()
for build in "${builds[@]}"; do
  read -r preset build_labels <<<"$build"
  chosen=()
  for label in $build_labels; do wanted "$label" && chosen+=("$label"); done
  [ ${#chosen[@]} -gt 0 ] || continue
  run_labels+=("${chosen[@]}")
  products=$([[ $preset = release || $preset = debug ]] && echo ON || echo OFF)
  started=$SECONDS
  quietly cmake --preset "$preset" -B "build/ci-$preset" -DSPIND_WERROR=ON \
          "-DSPIND_TEST_LABELS=$(IFS=';'; echo "${chosen[*]}")" \
          "-DSPIND_TIMEOUT=$([ "$effort" = long ] && echo 1000000)" \
          "-DSPIND_EXAMPLES=$products" "-DSPIND_BENCH=$products" \
          "-DSPIND_COVERAGE=$([ "$preset" = fuzz ] && echo ON || echo OFF)"
  quietly cmake --build "build/ci-$preset"
  echo "built $preset in $((SECONDS - started)) s"
  echo "subdirs(\"$PWD/build/ci-$preset\")" >>$top/CTestTestfile.cmake
done

echo "effort $SPIND_EFFORT, seed $SPIND_SEED, reports in $SPIND_REPORTS"
passed=0
ctest --test-dir $top -j "$(nproc)" --output-on-failure --output-junit "$SPIND_REPORTS/ctest.xml" \
      --test-output-size-passed 10000000 --test-output-size-failed 10000000 || passed=$?
# It measures and judges nothing, so it fails nothing.
if [ -d "$coverage" ]; then
  bash tests/coverage.sh build/ci-fuzz >>"$log" 2>&1 || echo "coverage was not measured; see $log"
fi
python3 tests/report.py "$SPIND_REPORTS/ctest.xml" "$SPIND_REPORTS/tests.json" "${run_labels[@]}"
exit $passed
