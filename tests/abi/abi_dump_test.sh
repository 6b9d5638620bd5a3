#!/usr/bin/env bash
# Compares the interface with the stored one by abidiff: any removal or change fails, and so does an addition until
# update-dump.sh has stored it. abi_dump_test.sh TREE BUILD
set -euo pipefail
tree=$1 build=$2
if ! command -v abidw > /dev/null || ! command -v abidiff > /dev/null; then
  echo "abigail-tools is not installed: the interface is not compared with the stored dump"
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$tree/tests/abi/make_dump.sh" "$tree" "$build" "$work/now.abi"
abidiff "$tree/tests/abi/grok1-0.1.abi" "$work/now.abi" || {
  echo "the interface changed; if only something was added, run tests/abi/update-dump.sh"
  exit 1
}
# abidiff can fail: a header whose batch lost a field.
mkdir -p "$work/tree/include" "$work/tree/tests" "$work/tree/cmake"
cp -r "$tree/tests/abi" "$work/tree/tests"
cp "$tree/cmake/library.map" "$work/tree/cmake"
sed 's/^  grok1_cancel \*cancel;  *\/\* NULL: not cancellable \*\/$//' "$tree/include/grok1.h" > "$work/tree/include/grok1.h"
! cmp -s "$tree/include/grok1.h" "$work/tree/include/grok1.h"
"$tree/tests/abi/make_dump.sh" "$work/tree" "$build" "$work/changed.abi"
if abidiff "$tree/tests/abi/grok1-0.1.abi" "$work/changed.abi" > /dev/null; then
  echo "abidiff does not see a field that is gone"
  exit 1
fi
