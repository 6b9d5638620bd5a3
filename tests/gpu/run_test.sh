#!/usr/bin/env bash
# run.sh on the emulator, with the binaries of a build directory: its table has every line, with numbers that can be:
# run_test.sh TREE BUILD
set -euo pipefail
export GROK1_BUILD=$2
"$1/tests/gpu/run.sh" emu
report=$2/gpu-report.md

wanted() { # what, pattern of a whole line
  if ! grep -qxE "$2" "$report"; then
    echo "$report: wanted $1" >&2
    exit 1
  fi
}
number='([1-9][0-9]*(\.[0-9]+)?|0\.[0-9]*[1-9][0-9]*|[1-9](\.[0-9]+)?e-[0-9]+)' # above 0
wanted 'the device' '\| emu: emulated GPU .* \| \| ratio \|'
wanted 'read bandwidth' "\| read \| $number GB/s \|  \|"
wanted 'copy bandwidth' "\| copy, read \+ write \| $number GB/s \|  \|"
wanted 'the cost of a launch' "\| empty kernel \| $number us \|  \|"
for element in bf16 int8; do wanted 'no library' "\| library GEMM $element \| not available \|  \|"; done
for device in 0 1; do
  wanted 'passed tests of conformance' "\| conformance, device $device \| [1-9][0-9]* passed, 0 failed, [0-9]+ skipped \|  \|"
done
wanted 'passed golden cases' '\| golden \| [1-9][0-9]* passed, 0 failed, 0 skipped \|  \|'
wanted 'the upload' "\| upload of weights \| $number GB/s \|  \|"
for context in 0 40 200; do
  wanted 'decode' "\| decode, context $context \| $number ms per layer, $number GB/s \| $number of read \|"
done
wanted 'prefill' "\| prefill, 32 rows \| $number ms per layer, $number TOP/s \|  \|"
