#!/usr/bin/env bash
# What differs between vendors is in their folders, and nothing else is: vendors_test.sh TREE
set -euo pipefail
cd "$1/backends"
failed=0
if grep -rniE '\b(cuda|hip|nvidia|amd|rocm)' gpu; then
  echo "backends/gpu names a vendor: put what differs behind vendor/" >&2
  failed=1
fi
for vendor in cuda rocm; do
  extra=$(cd $vendor && find . -type f ! -path './vendor/*.h' ! -name CMakeLists.txt ! -path ./runtime.cpp)
  if [ -n "$extra" ]; then
    printf 'backends/%s holds vendor/*.h, runtime.cpp and CMakeLists.txt; found also:\n%s\n' $vendor "$extra" >&2
    failed=1
  fi
done
exit $failed
