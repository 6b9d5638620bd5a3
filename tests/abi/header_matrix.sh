#!/usr/bin/env bash
# Compiles the public headers in every language version they promise, with every compiler that is there: each header
# alone, each twice, and every struct of theirs initialised by GROK1_INIT. Also checks that no struct has padding, which
# a later field could slip into unseen. header_matrix.sh TREE
set -euo pipefail
tree=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
warnings="-pedantic -Wall -Wextra -Werror -I$tree/include -c -o $work/out.o"
compiled=0

# One source per header: the header twice, then an initialised object of every struct that has a GROK1_INIT.
for header in grok1.h grok1_backend.h; do
  printf '#include "%s"\n' "$header" > "$work/alone_${header%.h}.c"
  {
    printf '#include "%s"\n#include "%s"\n' "$header" "$header"
    printf 'int grok1_matrix(void);\nint grok1_matrix(void) {\n  unsigned long n = 0;\n'
    sed -n 's/^#define GROK1_INIT_\([a-z0-9_]*\).*/\1/p' "$tree/include/$header" | while read -r struct; do
      printf '  { %s x = GROK1_INIT(%s); n += sizeof(x) + sizeof(x) * (*(const unsigned char *)&x == 0); }\n' "$struct" "$struct"
    done
    printf '  return n > 0;\n}\n'
  } > "$work/twice_${header%.h}.c"
  grep -q 'GROK1_INIT(grok1_' "$work/twice_${header%.h}.c" || { echo "no struct found in $header"; exit 1; }
done
# Every struct but the tables (which carry a size and no initialiser) is initialised above.
defined=$(grep -ho '^typedef struct grok1_[a-z0-9_]* {' "$tree"/include/*.h | awk '{print $3}' | sort)
initialised=$(grep -ho 'GROK1_INIT(grok1_[a-z0-9_]*)' "$work"/twice_*.c | sed 's/GROK1_INIT(\(.*\))/\1/' | sort)
without=$(comm -23 <(echo "$defined") <(echo "$initialised") | tr '\n' ' ')
if [ "$without" != "grok1_backend_descriptor grok1_backend_host grok1_backend_note grok1_backend_ops grok1_comm_ops grok1_head grok1_inputs_ops grok1_measure_ops " ]; then
  echo "structs without GROK1_INIT: $without"
  exit 1
fi

compile() { # compiler, options
  "$@" || { echo "failed: $*"; exit 1; }
  compiled=$((compiled + 1))
}
for source in "$work"/*.c; do
  cp "$source" "${source%.c}.cpp"
  for cc in gcc clang; do
    command -v "$cc" > /dev/null || continue
    for std in c89 c99 c11 c17; do compile "$cc" -std=$std $warnings "$source"; done
    compile "$cc" -std=c11 -Wpadded $warnings "$source"
  done
  for cxx in g++ clang++; do
    command -v "$cxx" > /dev/null || continue
    for std in c++98 c++11 c++14 c++17 c++20; do compile "$cxx" -std=$std $warnings "${source%.c}.cpp"; done
  done
done
# The plugin's entry macro, as a C and a C++ plugin write it.
printf '#include "grok1_backend.h"\nstatic grok1_status my_open(const grok1_backend_host *host, grok1_backend **backend, const grok1_backend_ops **ops, grok1_error *err) {\n  (void)host; (void)backend; (void)ops; (void)err;\n  return GROK1_E_UNSUPPORTED;\n}\nGROK1_BACKEND_ENTRY("mine", "Example", "1", 0, my_open)\n' > "$work/entry.c"
cp "$work/entry.c" "$work/entry.cpp"
for cc in gcc clang; do
  command -v "$cc" > /dev/null || { echo "$cc is not installed: its half of the matrix is not compiled"; continue; }
  for std in c89 c99 c11 c17; do compile "$cc" -std=$std $warnings "$work/entry.c"; done
done
for cxx in g++ clang++; do
  command -v "$cxx" > /dev/null || continue
  for std in c++98 c++11 c++14 c++17 c++20; do compile "$cxx" -std=$std $warnings "$work/entry.cpp"; done
done
# The padding check can fail.
printf 'struct s { int a; double b; };\nstruct s x;\n' > "$work/padded.c"
if gcc -Wpadded $warnings "$work/padded.c" 2> /dev/null; then echo "-Wpadded does not see padding"; exit 1; fi
echo "$compiled compilations without a warning"
