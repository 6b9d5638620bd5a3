#!/usr/bin/env bash
# A built GPU plugin exports its entry alone and needs no more libraries than its vendor's runtime:
# plugin_test.sh PLUGIN [LIBRARY...], the names of what it may need beside the C and C++ libraries
set -euo pipefail
plugin=$1
shift

symbols=$(nm -D --defined-only "$plugin" | awk '{print $3}')
if [ "$symbols" != grok1_backend_entry ]; then
  printf '%s: grok1_backend_entry alone is to be exported; found:\n%s\n' "$plugin" "$symbols" >&2
  exit 1
fi

allowed=" libstdc++ libm libgcc_s libc libpthread libdl librt ld-linux-x86-64 $* "
for library in $(readelf -d "$plugin" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
  if [[ $allowed != *" ${library%%.so*} "* ]]; then
    echo "$plugin: needs $library; allowed:$allowed" >&2
    exit 1
  fi
done
if readelf -d "$plugin" | grep -qE 'RPATH|RUNPATH'; then
  echo "$plugin: has a search path for libraries of the machine where it was built" >&2
  exit 1
fi
