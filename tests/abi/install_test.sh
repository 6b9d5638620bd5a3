#!/usr/bin/env bash
# Installs into a temporary prefix and builds samples/generate.c against it twice, with pkg-config and with
# find_package(grok1), and runs what was built: the plugins must be found from the prefix alone.
# install_test.sh TREE BUILD CMAKE
set -euo pipefail
tree=$1 build=$2 cmake=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix

"$cmake" --install "$build" --prefix "$prefix" > "$work/install.log"
test -f "$prefix/include/grok1.h"
test -f "$prefix/include/grok1_backend.h"
library=$(dirname "$(find "$prefix" -name libgrok1.so)")
test -f "$library/grok1/libgrok1_cpu.so"
if grep -rlF "$build" "$prefix" --include='*.pc' --include='*.cmake'; then
  echo "an installed file names the build folder"
  exit 1
fi

# $1 is a built generate program: it writes text with the demo model and the CPU plugin of the prefix.
generates() {
  [[ $(readelf -d "$1") == *NEEDED*libgrok1.so.0* ]]
  text=$(env -u GROK1_BACKEND_PATH LD_LIBRARY_PATH="$library" "$1" "$tree/tests/golden/demo-model" "It is a truth")
  [ "${#text}" -gt 40 ] || { echo "$1 wrote only: $text"; exit 1; }
}

if command -v pkg-config > /dev/null; then
  export PKG_CONFIG_PATH=$library/pkgconfig
  [ "$(pkg-config --modversion grok1)" = "$(sed -n 's/^project(grok1 VERSION \([0-9.]*\).*/\1/p' "$tree/CMakeLists.txt")" ]
  # shellcheck disable=SC2046
  cc -std=c11 -Wall -Wextra -Werror -o "$work/generate" "$tree/samples/generate.c" $(pkg-config --cflags --libs grok1)
  generates "$work/generate"
else
  echo "pkg-config is not installed: grok1.pc is not tried"
fi

mkdir "$work/app"
cp "$tree/samples/generate.c" "$work/app"
cat > "$work/app/CMakeLists.txt" << 'END'
cmake_minimum_required(VERSION 3.25)
project(app LANGUAGES C)
find_package(grok1 0.1 REQUIRED)
add_executable(generate generate.c)
target_link_libraries(generate PRIVATE grok1::grok1)
END
"$cmake" -S "$work/app" -B "$work/app/build" -DCMAKE_PREFIX_PATH="$prefix" > "$work/cmake.log" || { cat "$work/cmake.log"; exit 1; }
"$cmake" --build "$work/app/build" > "$work/cmake.log" || { cat "$work/cmake.log"; exit 1; }
generates "$work/app/build/generate"

# The installed command needs no environment at all, wherever the prefix is moved.
mv "$prefix" "$work/moved"
env -i "$work/moved/bin/grok1" devices > "$work/devices" 2>&1 || { cat "$work/devices"; exit 1; }
grep -q '^ *cpu' "$work/devices" || { echo "no cpu device in:"; cat "$work/devices"; exit 1; }

