#!/usr/bin/env bash
# Prints the layout of grok1.h, found with a C compiler and the header alone: layout_of_header.sh CC TREE
# With a third argument, a stored layout, compares the two instead. A released minor's file is never changed:
# `layout_of_header.sh cc . > tests/abi/layout-0.2.txt` makes the next one.
set -euo pipefail
cc=$1 tree=$2 stored=${3:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
awk -f "$tree/tests/abi/header_text.awk" -f "$tree/tests/abi/layout_program.awk" "$tree/include/grok1.h" > "$work/layout.c"
"$cc" -std=c11 -Wall -Wextra -Werror -I"$tree/include" -o "$work/layout" "$work/layout.c"
if [ -z "$stored" ]; then
  "$work/layout"
else
  "$work/layout" | diff -u "$stored" -
  echo "grok1.h has the layout of ${stored##*/}"
fi
