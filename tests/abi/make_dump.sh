#!/usr/bin/env bash
# Writes the binary interface of libgrok1.so as abidw sees it: make_dump.sh TREE BUILD OUT
# abidw takes types from debug information, which a release build has not. So a library of empty functions is compiled
# from grok1.h for it; the compiler has checked that the real functions have the header's types, and here the symbols
# are checked to be the real library's.
set -euo pipefail
tree=$1 library=$2/lib/libgrok1.so out=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
awk -f "$tree/tests/abi/header_text.awk" -f "$tree/tests/abi/empty_library.awk" "$tree/include/grok1.h" > "$work/grok1.c"
cp "$tree/include/grok1.h" "$work"
(cd "$work" && gcc -std=c11 -g -Wall -Wextra -Wno-unused-parameter -shared -fPIC -I. -Wl,-soname,libgrok1.so.0 \
  -Wl,--version-script="$tree/cmake/library.map" -fdebug-prefix-map="$work=." -o libgrok1.so grok1.c)
symbols() { nm -D --defined-only "$1" | awk '{print $2, $3}' | sort; }
diff <(symbols "$library") <(symbols "$work/libgrok1.so") || { echo "the library's symbols are not the header's"; exit 1; }
abidw --no-corpus-path --no-comp-dir-path --out-file "$out" "$work/libgrok1.so"
