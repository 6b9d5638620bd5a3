#!/bin/sh
# samples/backend_template builds alone, from a copy, with nothing of grok1 but the two public headers, and exports its
# entry only. Arguments: cmake, the template's folder, the folder of the headers.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/include"
cp "$3/grok1.h" "$3/grok1_backend.h" "$work/include"
cp -r "$2" "$work/mine"
"$1" -S "$work/mine" -B "$work/build" -DGROK1_INCLUDE_DIR="$work/include" -DCMAKE_BUILD_TYPE=Release >"$work/log" 2>&1 &&
  "$1" --build "$work/build" >>"$work/log" 2>&1 || {
  cat "$work/log"
  exit 1
}
exported=$(nm -D --defined-only "$work/build/libgrok1_template.so" | awk '{ print $3 }')
[ "$exported" = grok1_backend_entry ] || {
  echo "FAILED: exports: $exported"
  exit 1
}
! nm -D --undefined-only "$work/build/libgrok1_template.so" | grep grok1
