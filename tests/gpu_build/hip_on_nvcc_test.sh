#!/usr/bin/env bash
# The ROCm plugin's sources compile with nvcc, through HIP's names for CUDA's runtime, and link into a shared library that
# lacks nothing: hip_on_nvcc_test.sh NVCC TREE SOURCE... (the plugin's, relative to the tree)
set -euo pipefail
nvcc=$1 tree=$2
shift 2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$tree"
flags=(-std=c++20 -arch=sm_90 --expt-relaxed-constexpr --fmad=false -DGROK1_GPU_VARIANT=any
  '-DGROK1_GPU_ARCHITECTURES="sm_90"' -Itests/hip_on_nvcc -Ibackends/rocm -I. -Iinclude -Xcompiler -fPIC)
objects=()
for source in "$@" backends/rocm/runtime.cpp; do
  # Kernels are code for the device; the rest compiles faster without looking for any.
  case $source in
    */kernels/*) language=cu ;;
    *) language=c++ ;;
  esac
  object=$folder/${source//\//_}.o
  objects+=("$object")
  "$nvcc" "${flags[@]}" -x $language -c "$source" -o "$object" &
  [ "$(jobs -rp | wc -l)" -lt "$(nproc)" ] || wait -n
done
wait
"$nvcc" -shared -Xlinker -z,defs -o "$folder/rocm.so" "${objects[@]}" # what did not compile is missing here
