#!/usr/bin/env bash
# Every C and C++ file is as clang-format 14 (Debian 12) writes it with the tree's .clang-format: format_test.sh TREE
set -euo pipefail
cd "$1"
if [[ $(clang-format --version 2> /dev/null || true) != *'version 14.'* ]]; then
  echo "clang-format 14 is not installed: the format is not checked"
  exit 0
fi
# The public headers are laid out by hand: their comments stand beside the fields.
find . \( -path ./.git -o -path './build*' -o -path ./include \) -prune -o \
  \( -name '*.c' -o -name '*.h' -o -name '*.cpp' -o -name '*.hpp' \) -print0 |
  xargs -0 clang-format --dry-run --Werror
