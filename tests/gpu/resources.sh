#!/usr/bin/env bash
# What the GPU kernels take of a device, without one: registers, shared memory, spills and occupancy as the vendors'
# compilers report them, and the bytes that a decode step moves as the emulator counts them. Writes docs/gpu-resources.md.
#
#   tests/gpu/resources.sh                      every architecture whose compiler is at hand
#   tests/gpu/resources.sh --arch 90a,gfx90a    only these
#   tests/gpu/resources.sh --out FILE           another file
#
# Exit code 1 where a decode kernel spills to memory or moves what differs from the demand of the model by over 2 %.
#
# Limits of a multiprocessor: CUDA Programming Guide, "Compute Capabilities", table of technical specifications (warps,
# blocks, registers, shared memory, of which a block takes 1 KiB more); AMD's CDNA2, CDNA3, RDNA2 and RDNA3 instruction
# set guides (vector registers of a SIMD and their granule, waves, LDS), and scalar registers of gfx9 from LLVM's "User
# Guide for AMDGPU Backend". On RDNA a block has a work-group processor, two compute units.
set -euo pipefail
cd "$(dirname "$0")/../.."

out=docs/gpu-resources.md only=
while [ $# -gt 0 ]; do
  case $1 in
    --arch) only=,$2, ; shift 2 ;;
    --out) out=$2 ; shift 2 ;;
    *) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" >&2 ; exit 2 ;;
  esac
done

build=build/gpu-resources
work=$build/report
mkdir -p "$work"
cmake --preset release -B "$build" > "$work/configure.log" 2>&1 || { cat "$work/configure.log"; exit 1; }
cmake --build "$build" --target grok1_emu gpu_decode_bytes --parallel "${JOBS:-2}" > "$work/build.log" ||
  { cat "$work/build.log"; exit 1; }

# ---- what the compilers report: architecture, kernel, its parameters, registers, scalar registers, shared memory, bytes
# of memory for spills and stack, scalar registers that are kept in lanes of vector registers ----
names() { # C++ names to NAME<PARAMETERS>, as one word
  c++filt | sed -E 's/grok1::accel:://g; s/(void )?any::(\(anonymous namespace\)|_GLOBAL__N_[A-Za-z0-9_]+):://
    s/\(Element\)0/f32/; s/\(Element\)1/f16/; s/\(Element\)2/bf16/; s/\(Element\)3/i8/; s/\([A-Z][A-Za-z]+Args\)//; s/(<[a-z0-9]+), /\1,/'
}
report_cuda() { # architecture, source
  "${compile[@]}" -gencode="arch=compute_$1,code=sm_$1" -Xptxas -v -c "$2" -o /dev/null 2>&1 | names |
    awk -v arch="$1" '
      /Compiling entry function/ { split($0, part, "\047"); kernel = part[2] }
      /bytes stack frame/ { spill = $1 > $5 ? $1 : $5 }
      /Used [0-9]+ registers/ {
        shared = 0
        for (i = 2; i <= NF; ++i) { if ($i == "registers,") registers = $(i - 1); if ($i ~ /^smem/) shared = $(i - 2) }
        print arch, kernel, registers, 0, shared, spill, 0
      }'
}
report_rocm() {
  "${compile[@]}" "--offload-arch=$1" --cuda-device-only -S "$2" -o - 2> /dev/null | names |
    awk -v arch="$1" '
      $1 == ".group_segment_fixed_size:" { shared = $2 }
      /^    \.name:/ { kernel = $2 }
      $1 == ".private_segment_fixed_size:" { spill = $2 }
      $1 == ".sgpr_count:" { scalar = $2 }
      $1 == ".sgpr_spill_count:" { lanes = $2 }
      $1 == ".vgpr_count:" { registers = $2 }
      $1 == ".vgpr_spill_count:" { print arch, kernel, registers, scalar, shared, spill, lanes }'
}

: > "$work/kernels"
for vendor in cuda rocm; do
  command=$build/backends/$vendor/kernels.command
  [ -f "$command" ] || { echo "no $vendor: its compiler is not here ($work/configure.log)"; continue; }
  grep -vE '^(-gencode|--offload-arch)' "$command" > "$work/command"
  mapfile -t compile < "$work/command"
  for arch in $(grep -oE '(code=sm_|--offload-arch=).*' "$command" | sed 's/code=sm_//; s/--offload-arch=//'); do
    [ -z "$only" ] || [[ $only == *,$arch,* ]] || continue
    echo "compiling for $arch"
    for source in backends/gpu/kernels/{attention,experts,linear,norm}.cpp; do
      report_$vendor "$arch" "$source" >> "$work/kernels"
    done
  done
done

# ---- what the emulator counts ----
echo "counting bytes"
bytes_right=yes
"$build/tests/gpu_decode_bytes" "$build/lib/grok1/libgrok1_emu.so" --real > "$work/bytes" || bytes_right=no

# ---- the page ----
awk -f tests/gpu/resources.awk "$work/kernels" "$work/bytes" > "$out" || { echo "$out: a decode kernel spills"; exit 1; }
[ $bytes_right = yes ] || { echo "$out: a decode kernel moves too much"; exit 1; }
echo "$out: written"
