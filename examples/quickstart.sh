#!/usr/bin/env bash
# Shows spind on real files, from a checkout in any folder, on Debian 12 with nothing prepared:
#
#   bash examples/quickstart.sh            on this project's tree and some hundred generated files
#   bash examples/quickstart.sh FOLDER     on files of your own (they are only read)
#
# Installs the packages that are missing (as root, or with sudo), builds, and works in a temporary
# folder that it removes. Exit status 0: everything was as it must be.
#
#   SPIND_BUILD=DIR     use this build folder instead of build/release
#   SPIND_REPORTS=DIR   also write quickstart.json there: rows {step, ok, seconds}
#   TMPDIR=DIR          where the temporary folder goes
set -euo pipefail
invoked_in=$PWD
cd "$(dirname "$0")/.."

# Under `sudo bash examples/quickstart.sh` the tree belongs to the user and stays so.
if [ "$(id -u)" -eq 0 ] && [ -n "${SUDO_USER:-}" ] && [ "$(stat -c %u .)" -ne 0 ]; then
  bash cmake/install_packages.sh
  exec sudo -H --preserve-env=SPIND_BUILD,SPIND_REPORTS,TMPDIR -u "$SUDO_USER" \
            env -C "$invoked_in" bash "$PWD/examples/quickstart.sh" "$@"
fi

seed=20260301
work=$(mktemp -d "${TMPDIR:-/tmp}/spind-quickstart-XXXXXX")
build=${SPIND_BUILD:-$PWD/build/release}
rows=
step=
step_started=

now() { date +%s%N; }
seconds_since() { awk -v from="$1" -v to="$(now)" 'BEGIN { printf "%.2f", (to - from) / 1e9 }'; }
end_step() {  # OK
  [ -n "$step" ] || return 0
  rows+="${rows:+,}
 {\"step\": \"$step\", \"ok\": $1, \"seconds\": $(seconds_since "$step_started")}"
  step=
}
begin_step() {
  end_step true
  step=$1
  step_started=$(now)
  printf '\n== %s\n' "${2:-$1}"
}
show() { printf '$ %s\n' "$*"; "$@"; }
fail() { echo "$*" >&2; exit 1; }

finish() {
  local status=$?
  end_step "$([ $status -eq 0 ] && echo true || echo false)"
  if [ -n "${SPIND_REPORTS:-}" ]; then
    mkdir -p "$SPIND_REPORTS"
    printf '[%s\n]\n' "$rows" >"$SPIND_REPORTS/quickstart.json"
  fi
  rm -rf "$work"
  [ $status -eq 0 ] || echo "quickstart FAILED" >&2
}
trap finish EXIT
trap 'exit 130' INT TERM

# Sizes as on people's disks: per type of file a generalised Pareto distribution (shape, scale in
# bytes), cut off at 32 MiB. The bytes are cut out of a block of noise made from the same seed.
generate_files() {  # FOLDER COUNT
  awk -v seed="$seed" 'BEGIN {
    srand(seed)
    for (i = 0; i < 262144; i++) {
      line = line sprintf("%06x%02x", int(rand() * 16777216), int(rand() * 256))
      if (i % 16 == 15) { print line; line = "" }
    }
  }' >"$work/noise"
  local noise_bytes
  noise_bytes=$(stat -c %s "$work/noise")
  awk -v seed="$seed" -v count="$2" -v noise="$noise_bytes" 'BEGIN {
    srand(seed)
    types = split("code .29 .88 2958 cc|program .31 2.12 4099 bin|document .22 2.08 1562 odt|" \
                  "picture .17 2.17 2601 jpg|archive .012 1.07 5176 zip|video .004 2.47 17194 mp4",
                  table, "|")
    for (i = 0; i < count; i++) {
      pick = rand() * 1.006
      for (t = 1; t <= types; t++) {
        split(table[t], row, " ")
        if ((pick -= row[2]) < 0 || t == types) break
      }
      size = row[4] / row[3] * ((1 - rand()) ^ (-row[3]) - 1)
      if (size > 33554432) size = 33554432
      printf "%s%d %s-%d.%s %d %d\n", row[1], i % 7, row[1], i, row[5], size, int(rand() * noise)
    }
  }' | while read -r folder name size offset; do
    mkdir -p "$1/$folder"
    local chunk=$((noise_bytes - offset))
    {
      echo "$name"
      tail -c "$chunk" "$work/noise"
      while [ "$chunk" -lt "$size" ]; do
        cat "$work/noise"
        chunk=$((chunk + noise_bytes))
      done
    } 2>/dev/null | head -c "$size" >"$1/$folder/$name" || true
  done
}

begin_step folder "the files"
if [ $# -gt 0 ]; then
  folder=$(cd "$invoked_in" && readlink -e -- "$1") || fail "no such folder: $1"
  [ -d "$folder" ] || fail "not a folder: $1"
else
  echo "this project's own tree, and 400 files of real sizes made with seed $seed"
  folder=$work/files
  mkdir -p "$folder/project"
  cp -r include lib examples cmake README.md CMakeLists.txt "$folder/project" 2>/dev/null || true
  generate_files "$folder/generated" 400
fi
files=$(find "$folder" -type f | wc -l)
others=$(find "$folder" ! -type f ! -type d | wc -l)
echo "$files files, $(du -sh --apparent-size "$folder" | cut -f1) in $folder"
[ "$others" -eq 0 ] || echo "$others symbolic links, sockets and devices are left out"
[ "$files" -gt 0 ] || fail "there is no file in $folder"

begin_step packages "install what is missing"
bash cmake/install_packages.sh

begin_step build "build (three to ten minutes the first time)"
[ -f "$build/CMakeCache.txt" ] || cmake --preset release -B "$build" -DSPIND_TESTS=OFF \
  -DSPIND_BENCH=OFF >"$work/build.log" 2>&1 || { cat "$work/build.log"; fail "cannot configure"; }
cmake --build "$build" --target spind_tool >"$work/build.log" 2>&1 ||
  { tail -n 60 "$work/build.log"; fail "cannot build"; }
PATH=$build/bin:$PATH
show spind version

export SPIND_STORE=$work/store
begin_step init "make a store"
show spind init

begin_step "space create" "make a space in it"
show spind space create locker

begin_step put "put the folder into the space: durable when it says so"
show spind put -r --skip-special "$folder" locker:/files

begin_step ls "look at it"
show spind ls -l locker:/files
show spind du locker:/files

begin_step verify "compare every byte"
show spind verify --skip-special "$folder" locker:/files

begin_step get "fetch it all, and compare with the originals"
show spind get -r locker:/files "$work/fetched"
find "$folder" -type f -printf '%P\0' | sort -z >"$work/names"
find "$work/fetched" -type f -printf '%P\0' | sort -z >"$work/names-fetched"
cmp "$work/names" "$work/names-fetched" || fail "other names came back"
while IFS= read -r -d '' name; do
  cmp -- "$folder/$name" "$work/fetched/$name" || fail "other bytes came back"
done <"$work/names"
echo "the same $files files"

begin_step overwrite "overwrite a file"
echo "my first draft" >"$work/essay.txt"
show spind put "$work/essay.txt" locker:/essay.txt
echo "all of it rewritten" >"$work/essay.txt"
show spind put "$work/essay.txt" locker:/essay.txt
show spind stat locker:/essay.txt

begin_step "earlier version" "read the earlier version"
show spind cat locker:/essay.txt
show spind cat --version 1 locker:/essay.txt
[ "$(spind cat locker:/essay.txt)" = "all of it rewritten" ] || fail "not what was written"
[ "$(spind cat --version 1 locker:/essay.txt)" = "my first draft" ] || fail "the draft is lost"

begin_step versions "list the versions, bring the draft back, and undo that"
show spind versions locker:/essay.txt
show spind versions locker:/essay.txt restore 1
[ "$(spind cat locker:/essay.txt)" = "my first draft" ] || fail "the draft is not back"
show spind versions locker:/essay.txt restore 2
[ "$(spind cat locker:/essay.txt)" = "all of it rewritten" ] || fail "not what was written"

begin_step trash "remove it, and restore it from the trash"
show spind rm locker:/essay.txt
show spind trash locker:
removed=$(spind trash --json locker: | sed -n 's/^{"id":\([0-9]*\),.*/\1/p' | head -n 1)
show spind trash locker: restore "$removed"
[ "$(spind cat --version 1 locker:/essay.txt)" = "my first draft" ] || fail "its versions are lost"

begin_step feed "what has happened since, as whoever follows the space is told"
since=$(spind changes --json locker: | sed -n 's/^{"event":"cursor",.*"cursor":"\([^"]*\)".*/\1/p' |
  tail -n 1)
show spind mv locker:/essay.txt locker:/homework.txt
show spind mv locker:/homework.txt locker:/essay.txt
show spind changes --since "$since" locker: | tee "$work/changes"
[ "$(grep -c moved "$work/changes")" -eq 2 ] || fail "two moves are not two changes"

# What ransomware does: every file is overwritten with noise of the same size, and some are renamed.
begin_step rewind "every file overwritten with noise, as ransomware does; then back to before it"
sleep 0.01
before=$(date -u +%Y-%m-%dT%H:%M:%S.%NZ)
sleep 0.01
mkdir -p "$work/noised"
cp -r -- "$folder/." "$work/noised" 2>/dev/null || true
find "$work/noised" -type f -exec chmod u+w {} + -exec sh -c '
  for file; do
    size=$(stat -c %s "$file")
    rm -f "$file" && head -c "$size" /dev/urandom >"$file"
  done' sh {} +
show spind put -r --skip-special --ignore-times "$work/noised" locker:/files
show spind mv locker:/essay.txt locker:/essay.txt.locked
status=0
spind verify --skip-special "$folder" locker:/files >/dev/null || status=$?
[ $status -eq 3 ] || fail "nothing was overwritten"
show spind verify --skip-special --at "$before" "$folder" locker:/files
show spind rewind locker: --to "$before"
show spind verify --skip-special "$folder" locker:/files
[ "$(spind cat locker:/essay.txt)" = "all of it rewritten" ] || fail "the essay is not back"
rm -rf "$work/noised"

# Kills it as soon as it has acknowledged something; a folder that is stored faster than that is
# stored again, and killed a little earlier each time.
begin_step kill "kill -9 in the middle of a put"
killed=no
for attempt in 1 2 3 4 5 6 7 8; do
  place=locker:/killed-$attempt
  : >"$work/lines"
  spind put -r --skip-special --workers 2 --json "$folder" "$place" >"$work/lines" &
  put=$!
  for _ in $(seq 2000); do
    [ ! -s "$work/lines" ] || break
    kill -0 $put 2>/dev/null || break
    [ "$attempt" -le 4 ] || { sleep "0.0$((9 - attempt))"; break; }
    sleep 0.002
  done
  kill -9 $put 2>/dev/null || true
  wait $put 2>/dev/null || true
  if ! grep -q '"event":"done"' "$work/lines"; then killed=yes; break; fi
done
# The last line may have been cut off by the kill.
sed -n 's/^{"event":"file","path":"\(.*\)","id":.*"durable":true}$/\1/p' "$work/lines" |
  sed 's/\\\(["\\]\)/\1/g' | sort >"$work/acknowledged"
acknowledged=$(wc -l <"$work/acknowledged")
[ $killed = yes ] || echo "the folder is too small to be caught in the middle"
echo "killed when $acknowledged files had been acknowledged"

begin_step "check after kill" "check the store"
show spind check --content

begin_step acknowledged "everything acknowledged is there, byte for byte"
status=0
spind verify --skip-special "$folder" "$place" >"$work/verified" || status=$?
[ $status -eq 0 ] || [ $status -eq 3 ] || fail "cannot verify"
tail -n 1 "$work/verified"
grep -q '^different\|^extra' "$work/verified" && fail "something is there that was never put"
sed -n 's/^missing   //p' "$work/verified" | sort >"$work/missing"
# What is missing may be a folder, and with it all that is below.
awk 'NR == FNR { gone[$0] = 1; next }
     { path = $0
       while (path != "") { if (path in gone) { print; exit 1 } sub("/[^/]*$", "", path) } }' \
  "$work/missing" "$work/acknowledged" || fail "this was acknowledged and is lost"
echo "$acknowledged acknowledged, none lost; once more, and the rest is there too"
show spind put -r --skip-special "$folder" "$place"
spind verify --skip-special "$folder" "$place" >/dev/null || fail "it is not complete"

begin_step checkpoint "copy the store while it is in use; the copy is one like any other"
show spind checkpoint "$work/checkpoint"
show spind --store "$work/checkpoint" check --content
spind --store "$work/checkpoint" verify --skip-special "$folder" "$place" >/dev/null ||
  fail "the copy is not complete"

begin_step scrub "read and verify every stored byte"
show spind scrub

# In a store of its own: this one knows the content already and would not write it again.
begin_step times "times, beside cp"
export SPIND_STORE=$work/store-timed
spind init >/dev/null
spind space create locker >/dev/null
timed() {  # VARIABLE COMMAND...
  local started
  sync
  started=$(now)
  "${@:2}" >/dev/null
  printf -v "$1" '%s' "$(seconds_since "$started")"
}
copy_and_sync() { cp -r -- "$folder" "$work/copied" && sync -f "$work/copied"; }
rm -rf "$work/fetched"
timed cp_put copy_and_sync
timed cp_get cp -r -- "$folder" "$work/copied-again"
timed spind_put spind put -r --skip-special "$folder" locker:/timed
timed spind_get spind get -r locker:/timed "$work/fetched"
printf '%-28s %8s\n' "" seconds
printf '%-28s %8s\n' "spind put -r (durable)" "$spind_put" "cp -r and sync" "$cp_put" \
                     "spind get -r" "$spind_get" "cp -r" "$cp_get"
end_step true
printf '\nAll is as it must be.\n'
