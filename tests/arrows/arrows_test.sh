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

compile() {  # compile INCLUDE_FOLDERS OPTION…: probe.cc, as the room with these folders is
  local folders=() folder
  for folder in ${1//;/ }; do
    [ "$folder" = /usr/include ] || folders+=("-I$folder")
  done
  "$compiler" -std=c++20 "${folders[@]}" "${@:2}" "$work/probe.cc" 2>"$work/errors"
}
builds() {  # builds INCLUDE_FOLDERS HEADER…
  printf '#include "%s"\n' "${@:2}" >"$work/probe.cc"
  compile "$1" -fsyntax-only
}
reached() {  # reached INCLUDE_FOLDERS HEADER…: those that an include would find
  printf '#if __has_include("%s")\nreached %s\n#endif\n' $(printf '%s\n' "${@:2}" | sed p) \
    >"$work/probe.cc"
  compile "$1" -E -P | sed -n 's/^reached //p'
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
  seen=(spind/error.h) forbidden=()
  for other in "${!header[@]}"; do
    if [[ ${allowed[$room]} == *" $other "* ]]; then
      seen+=("${header[$other]}")
    else
      forbidden+=("${header[$other]}")
    fi
  done
  if [ ${#forbidden[@]} -gt 0 ]; then
    found=$(reached "$folders" "${forbidden[@]}")
    [ -z "$found" ] || fail "$room: must not reach" $found
    ! builds "$folders" "${forbidden[0]}" || fail "$room: builds with ${forbidden[0]}"
    grep -q "${forbidden[0]}.*\(No such file\|not found\)" "$work/errors" ||
      { fail "$room: refuses ${forbidden[0]} for another reason:"; cat "$work/errors"; }
    refused=$((refused + ${#forbidden[@]}))
  fi
  # The build that comes before a short run says so too.
  [ "${SPIND_EFFORT:-ci}" = fast ] || builds "$folders" "${seen[@]}" || { fail "$room: may include ${seen[*]}, but:"; cat "$work/errors"; }
done <"$rooms"

# Nor may a room reach another by a path past its include folders.
if grep -rnE '#include ["<]([^">]*\.\./|lib/|/)' "$source/lib" "$source/include" "$source/examples"; then
  fail "an include goes past the rooms"
fi

echo "$refused wrong arrows refused, $failures failures"
[ "$failures" -eq 0 ] && [ "$refused" -gt 0 ]
