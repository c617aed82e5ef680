#!/usr/bin/env bash
# Installs what is missing of the Debian 12 packages that the project is built from, as root or
# with sudo. With --tests also what the tests need.
set -euo pipefail

packages=(g++ cmake ninja-build pkg-config ccache git
          librocksdb-dev libxxhash-dev libzstd-dev libfmt-dev libssl-dev libutf8proc-dev
          libcurl4-openssl-dev)
if [ "${1:-}" = --tests ]; then
  packages+=(doctest-dev clang libclang-rt-14-dev llvm python3 python3-venv openssl zsh fish)
fi

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
echo "installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
