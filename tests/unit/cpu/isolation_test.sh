#!/bin/sh
# isolation_test.sh ISA OBJECT: the object of kernels compiled for one instruction set must not offer the linker code
# that another file could get instead of its own: every symbol that may be merged bears the instruction set's name. And
# the baseline object must use no register that baseline x86-64 lacks.
set -eu
isa=$1 object=$2
shared=$(nm -C "$object" | grep -E ' [WVu] ' | grep -v "grok1::\(cpu\|encodings\)::$isa::" || true)
if [ -n "$shared" ]; then
  echo "$object: symbols that the linker may merge with those of other files:"
  echo "$shared"
  exit 1
fi
if [ "$isa" = baseline ] && objdump -d --no-show-raw-insn "$object" | grep -E '%[yz]mm|[[:space:]]v[a-z]+[[:space:]].*%xmm' | head -3 | grep .; then
  echo "$object: instructions that baseline x86-64 lacks"
  exit 1
fi
if [ "$isa" = avx2 ] && ! objdump -d --no-show-raw-insn "$object" | grep -q '%ymm'; then
  echo "$object: no AVX register found; is this the right object?"
  exit 1
fi
