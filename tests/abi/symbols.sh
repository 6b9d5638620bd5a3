#!/usr/bin/env bash
# What the built files show to the loader: libgrok1.so exports the functions of grok1.h and version nodes, nothing else,
# and needs no library but the compiler's and the system's; a plugin exports its entry and imports nothing of ours.
# symbols.sh TREE BUILD
set -euo pipefail
tree=$1 library=$2/lib/libgrok1.so plugins=$2/lib/grok1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Declarations end in GROK1_CALL grok1_NAME(; typedefs of function pointers write (GROK1_CALL *name).
grep -o 'GROK1_CALL grok1_[a-z0-9_]*(' "$tree/include/grok1.h" | sed 's/.* \(.*\)(/\1/' | sort > "$work/declared"
[ "$(wc -l < "$work/declared")" -gt 40 ] || { echo "only $(wc -l < "$work/declared") functions found in grok1.h"; exit 1; }
nm -D --defined-only "$library" | awk '$2 != "A" {sub(/@.*/, "", $3); print $3}' | sort > "$work/exported"
diff -u "$work/declared" "$work/exported" || { echo "exported symbols (+) differ from the header's functions (-)"; exit 1; }
nm -D --defined-only "$library" | awk '$2 == "A" {print $3}' | sort > "$work/nodes"
printf 'GROK1_0.1\n' | diff -u - "$work/nodes" || { echo "version nodes differ"; exit 1; }
[[ $(readelf -d "$library") == *'soname: [libgrok1.so.0]'* ]] || { echo "SONAME is not libgrok1.so.0"; exit 1; }

needed() { readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'; }
check_needed() {
  for name in $(needed "$1"); do
    case $name in
      libstdc++.so.6 | libm.so.6 | libgcc_s.so.1 | libc.so.6 | libdl.so.2 | libpthread.so.0 | ld-linux-*.so.*) ;;
      libboost_context.so.*) [[ $1 == */libgrok1_emu.so ]] || { echo "$1 needs $name"; exit 1; } ;;
      libamdhip64.so.*) [[ $1 == */libgrok1_rocm.so ]] || { echo "$1 needs $name"; exit 1; } ;;
      *) echo "$1 needs $name"; exit 1 ;;
    esac
  done
}
check_needed "$library"

n=0
for plugin in "$plugins"/libgrok1_*.so; do
  exported=$(nm -D --defined-only "$plugin" | awk '{print $3}')
  [ "$exported" = grok1_backend_entry ] || { echo "$plugin exports: $exported"; exit 1; }
  imported=$(nm -D --undefined-only "$plugin" | awk '{print $NF}' | grep '^grok1_' || true)
  [ -z "$imported" ] || { echo "$plugin imports: $imported"; exit 1; }
  check_needed "$plugin"
  n=$((n + 1))
done
[ "$n" -ge 2 ] || { echo "plugins wanted in $plugins, found $n"; exit 1; }
echo "libgrok1.so: $(wc -l < "$work/exported") functions; $n plugins with one symbol each"
