#!/usr/bin/env bash
# Adds an include of every other room to each room, compiled as that room is: what arrows.txt names
# must build, and each of the others must not.
#
#   arrows_test.sh SOURCE COMPILER ROOMS      ROOMS: lines of room|include folder;include folder…
set -euo pipefail
source=$1 compiler=$2 rooms=$3

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0 refused=0
fail() { echo "$*"; failures=$((failures + 1)); }

builds() {  # builds INCLUDE_FOLDERS HEADER…
  local folders=() folder
  for folder in ${1//;/ }; do
    [ "$folder" = /usr/include ] || folders+=("-I$folder")
  done
  printf '#include "%s"\n' "${@:2}" >"$work/probe.cc"
  "$compiler" -std=c++20 -fsyntax-only "${folders[@]}" "$work/probe.cc" 2>"$work/errors"
}

declare -A allowed header=([api]=spind/store.h)
while IFS=: read -r room seen; do
  [[ -z $room || $room == \#* ]] && continue
  allowed[$room]=" $seen $room "
  headers=("$source/lib/$room"/*.h)
  [ ! -f "${headers[0]}" ] || header[$room]=$room/${headers[0]##*/}
done <"$source/tests/arrows/arrows.txt"

while IFS='|' read -r room folders; do
  [ -n "${allowed[$room]+set}" ] || { fail "$room: not in arrows.txt"; continue; }
  seen=(spind/error.h)
  for other in "${!header[@]}"; do
    if [[ ${allowed[$room]} == *" $other "* ]]; then
      seen+=("${header[$other]}")
    elif builds "$folders" "${header[$other]}"; then
      fail "$room: must not reach ${header[$other]}, but builds with it"
    elif ! grep -q "${header[$other]}.*\(No such file\|not found\)" "$work/errors"; then
      fail "$room: refuses ${header[$other]} for another reason:"; cat "$work/errors"
    else
      refused=$((refused + 1))
    fi
  done
  builds "$folders" "${seen[@]}" || { fail "$room: may include ${seen[*]}, but:"; cat "$work/errors"; }
done <"$rooms"

# Nor may a room reach another by a path past its include folders.
if grep -rnE '#include ["<]([^">]*\.\./|lib/|/)' "$source/lib" "$source/include" "$source/examples"; then
  fail "an include goes past the rooms"
fi

echo "$refused wrong arrows refused, $failures failures"
[ "$failures" -eq 0 ] && [ "$refused" -gt 0 ]
