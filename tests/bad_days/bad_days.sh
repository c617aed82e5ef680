#!/usr/bin/env bash
# Every bad day has a test and every test of one is in the table: tests/bad_days.md.
#
#   bad_days.sh TABLE FOLDER…
set -euo pipefail
table=$1
shift
status=0 rows=0
trim() { sed 's/^ *//; s/ *$//'; }

named=$(grep -rhoP 'TEST_CASE\("\Kbad day: [^"]+' "$@" --include='*.cc' | sort)
while IFS='|' read -r _ what code test _; do
  what=$(trim <<<"$what") code=$(trim <<<"$code") test=$(trim <<<"$test" | tr -d '`')
  case $what in case|-*) continue ;; esac
  rows=$((rows + 1))
  if [ -z "$code" ]; then echo "no code: $what"; status=1; fi
  if ! grep -qxF -- "$test" <<<"$named"; then echo "no test: $what: $test"; status=1; fi
done < <(grep '^|' "$table")

while IFS= read -r test; do
  grep -qF -- "\`$test\`" "$table" || { echo "not in the table: $test"; status=1; }
done <<<"$named"
echo "$rows bad days, $(wc -l <<<"$named") tests"
exit $status
