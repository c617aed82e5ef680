#!/usr/bin/env bash
# Installs the library into a fresh folder and builds a ten-line program against it in each way
# that is promised, with the static and with the shared library.
#
#   install_test.sh SOURCE BUILD COMPILER BUILD_TYPE FLAGS
set -euo pipefail
source=$1 build=$2 compiler=$3 build_type=$4 flags=$5

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
cmake --install "$build" --prefix "$prefix" >/dev/null
# As a person or a package manager may: nothing in it may know where it was installed first.
mv "$prefix" "$work/moved"
prefix=$work/moved
libdir=$(dirname "$(find "$prefix" -name libspind.a)")

# The shared library shows what the headers declare, and nothing of the rooms or of other libraries.
shown=$(nm -DC --defined-only "$libdir/libspind.so" | awk '$2 ~ /^[TDBR]$/ { $1 = $2 = ""; print }')
grep -q ' spind::Store::open(' <<<"$shown" || { echo "libspind.so shows no Store::open"; exit 1; }
what='^ +((typeinfo|typeinfo name|vtable) for )?spind::'
if grep -vE "$what" <<<"$shown" || grep -E "$what[a-z_]+::" <<<"$shown"; then
  echo "libspind.so shows more than the headers declare"
  exit 1
fi

options=(-G Ninja "-DCMAKE_CXX_COMPILER=$compiler" "-DCMAKE_BUILD_TYPE=$build_type"
         "-DCMAKE_CXX_FLAGS_${build_type^^}=$flags")

links_shared() { readelf -d "$1" | grep -q 'NEEDED.*libspind\.so'; }

run() {  # run NAME static|shared PROGRAM
  case $2 in
    static) ! links_shared "$3" || { echo "$1: static, but needs libspind.so"; exit 1; } ;;
    shared) links_shared "$3" || { echo "$1: shared, but without libspind.so"; exit 1; } ;;
  esac
  (cd "$work" && LD_LIBRARY_PATH=$libdir "$3" "$work/store-$1-$2") || { echo "$1 $2: failed"; exit 1; }
  echo "$1 $2: ok"
}

for kind in static shared; do
  shared=$([ $kind = shared ] && echo ON || echo OFF)

  cmake -S "$source/tests/install/found" -B "$work/found-$kind" "${options[@]}" \
        "-DCMAKE_PREFIX_PATH=$prefix" "-DBUILD_SHARED_LIBS=$shared" >/dev/null
  cmake --build "$work/found-$kind" >/dev/null
  run find_package $kind "$work/found-$kind/program"

  # Beside the build folder, where the compiler cache knows the paths. Not optimised: it is the
  # building that is tested.
  cmake -S "$source/tests/install/embedded" -B "$build-embedded" -G Ninja \
        "-DCMAKE_CXX_COMPILER=$compiler" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-O0 \
        "-DSPIND_SOURCE=$source" "-DBUILD_SHARED_LIBS=$shared" -DCMAKE_UNITY_BUILD=ON >/dev/null
  cmake --build "$build-embedded" -j2 >/dev/null
  run add_subdirectory $kind "$build-embedded/program"
done

export PKG_CONFIG_PATH=$libdir/pkgconfig
"$compiler" -std=c++20 "$source/tests/install/program.cc" -o "$work/pkg-shared" \
  $(pkg-config --cflags --libs spind)
run pkg-config shared "$work/pkg-shared"
# The program that README.md begins with.
sed -n '/^```cpp$/,/^```$/p' "$source/README.md" | sed '1d; /^```$/,$d' |
  sed "s|/srv/spind|$work/store-readme|" >"$work/readme.cc"
"$compiler" -std=c++20 "$work/readme.cc" -o "$work/readme" $(pkg-config --cflags --libs spind)
LD_LIBRARY_PATH=$libdir "$work/readme" >"$work/readme.out" || { echo "README.md: failed"; exit 1; }
grep -q '^First draft$' "$work/readme.out" && grep -q '^essay.txt$' "$work/readme.out" ||
  { echo "README.md: another answer"; cat "$work/readme.out"; exit 1; }
rm "$libdir"/libspind.so*
"$compiler" -std=c++20 "$source/tests/install/program.cc" -o "$work/pkg-static" \
  $(pkg-config --cflags --libs --static spind)
run pkg-config static "$work/pkg-static"
