#!/usr/bin/env bash
# What a GPU makes of this tree, in a few minutes: builds, probes the device, proves the plugin right on it, times some
# layers of Grok-1 at its real widths, and prints a table, also into build/gpu-report.md:
#
#   tests/gpu/run.sh [PLUGIN]   PLUGIN is cuda, rocm or emu; unless given, the one whose driver is here
#
# The emulator, emu, gets toy sizes and a handful of tests; its report is gpu-report.md in the build directory.
# GROK1_BUILD names a build directory whose binaries are taken as they are. Unless it is set, build/release is built; where
# the libraries for that are not installed, build/gpu with what a compiler is enough for (tests/gpu/bare), and the tests
# are those that build/release holds from before. A part that fails does not end the run; the exit code is 1 then.
set -euo pipefail
given=${GROK1_BUILD:+$(realpath -m "$GROK1_BUILD")}
cd "$(dirname "$0")/../.."

plugin=
for argument in "$@"; do
  case $argument in
    cuda | rocm | emu) plugin=$argument ;;
    -h | --help)
      sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' tests/gpu/run.sh
      exit 0
      ;;
    *)
      echo "unknown argument $argument; tests/gpu/run.sh --help lists them" >&2
      exit 2
      ;;
  esac
done
if [ -z "$plugin" ]; then
  if [ -e /dev/nvidiactl ]; then plugin=cuda; elif [ -e /dev/kfd ]; then plugin=rocm; else plugin=emu; fi
fi

places=("${given:-$PWD/build/release}") # what is searched for binaries, the first counts
toy=() report=$PWD/build/gpu-report.md
if [ "$plugin" = emu ]; then toy=(--toy) report=${places[0]}/gpu-report.md; fi
logs=$(dirname "$report")/gpu-run
rm -rf "$logs"
mkdir -p "$logs"

library=lib/grok1/libgrok1_$plugin.so probes=tests/gpu_probes_$plugin slice=tests/gpu_slice
conformance=bin/grok1-conformance golden=tests/golden_test

built() { # file of a build directory: its path
  local place
  for place in "${places[@]}"; do
    if [ -e "$place/$1" ]; then
      echo "$place/$1"
      return
    fi
  done
  echo "$1 is in none of: ${places[*]}" >&2
  return 1
}

architecture() { # of the first device; the one of the H100 or MI200 where nobody knows
  local found=
  case $plugin in
    cuda)
      found=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2> /dev/null | head -n 1 | tr -d .) || true
      [ "${found:-90}" != 90 ] || found=90a
      ;;
    rocm)
      found=$(rocm_agent_enumerator 2> /dev/null | grep -v gfx000 | head -n 1) || true
      found=${found:-gfx90a}
      ;;
  esac
  echo "$found"
}

build_parts() {
  local options=() log=$logs/configure.log
  if [ -n "$given" ] && built "$library" && built "$probes" && built "$slice"; then return; fi > /dev/null
  ! command -v ninja > /dev/null || export CMAKE_GENERATOR=Ninja
  [ "$plugin" = emu ] || options=("-DGROK1_${plugin^^}=ON" "-DGROK1_${plugin^^}_ARCHITECTURES=$(architecture)")
  if [ -z "$given" ] && cmake --preset release "${options[@]}" > "$log" 2>&1; then
    cmake --build build/release --parallel "$(nproc)" --target "grok1_$plugin" "gpu_probes_$plugin" gpu_slice \
      grok1-conformance golden_test
    return
  fi
  echo "   what a compiler is enough for; tests are those of ${places[*]}"
  places=("$PWD/build/gpu" "${places[@]}")
  cmake -S tests/gpu/bare -B build/gpu -DCMAKE_BUILD_TYPE=Release "${options[@]}" >> "$log" 2>&1 &&
    cmake --build build/gpu --parallel "$(nproc)" --target "grok1_$plugin" "gpu_probes_$plugin" gpu_slice
}

count_devices() {
  local program
  program=$(built "$slice") && "$program" "$(built "$library")" --devices > "$logs/devices.txt" || return
  n_devices=$(wc -l < "$logs/devices.txt")
}

run_probes() {
  local program
  program=$(built "$probes") && timeout 300 "$program" "${toy[@]}" > "$logs/probes.txt"
}

run_conformance() {
  local program status=0 filter=()
  program=$(built "$conformance") || return
  [ ${#toy[@]} -eq 0 ] || filter=(--filter HandSized)
  for ((i = 0; i < n_devices; ++i)); do
    timeout 600 "$program" --backend "$(built "$library")" --device "$i" "${filter[@]}" \
      > "$logs/conformance-$i.txt" 2>&1 || status=1
    judge "$logs/conformance-$i.txt" || status=1
  done
  return $status
}

# The cases under names of their own: golden_test knows the tree by the path where it was built.
run_golden() {
  local program case status=0 devices='' cases='*/here_'
  program=$(built "$golden") || return
  mkdir -p "$logs/cases"
  for case in tests/golden/*/case.json; do
    case=$(dirname "$case")
    ln -sfn "$PWD/$case" "$logs/cases/here_$(basename "$case")"
  done
  for ((i = 0; i < n_devices; ++i)); do devices+=${devices:+,}$plugin:$i; done
  [ ${#toy[@]} -eq 0 ] || cases=Cases/Golden.Logits/here_tiny
  GROK1_BACKEND_PATH=$(dirname "$(built "$library")") GROK1_TEST_DEVICES=$devices \
    GROK1_GOLDEN_EXTRA=$logs/cases timeout 600 "$program" --gtest_filter="${cases}*_named_*" > "$logs/golden.txt" 2>&1 || status=1
  judge "$logs/golden.txt" || status=1
  return $status
}

run_slice() {
  local program
  program=$(built "$slice") && timeout 600 "$program" "$(built "$library")" "${toy[@]}" > "$logs/slice.txt"
}

counts() { # log of GoogleTest; a run that did not reach its end, or ran nothing, counts as a failed test
  awk '/^\[  PASSED  \] [0-9]+ test/ { passed = $4 } /^\[  SKIPPED \] [0-9]+ test/ { skipped = $4 }
       /^\[  FAILED  \] [0-9]+ test/ { failed = $4 }
       END { printf "%d passed, %d failed, %d skipped\n", passed, passed || failed ? failed : 1, skipped }' "$1"
}

judge() { # log of GoogleTest: says what failed
  [[ $(counts "$1") != *', 0 failed,'* ]] || return 0
  echo "   $(basename "$1" .txt): $(counts "$1")"
  grep '^\[  FAILED  \] [^0-9]' "$1" | sed 's/ (.*//' | sort -u || tail -n 3 "$1"
  return 1
}

value() { # log, name of the line, key
  [ ! -e "$1" ] || awk -v name="$2" -v key="$3=" \
    '$1 == name { for (i = 2; i <= NF; ++i) if (index($i, key) == 1) print substr($i, length(key) + 1) }' "$1"
}

lines() { # names of the slice's lines that begin so
  [ ! -e "$logs/slice.txt" ] || grep -o "^$1_[0-9]*" "$logs/slice.txt" || true
}

ratio() { # a, b, of what
  [ -z "$1" ] || [ -z "$2" ] || awk -v a="$1" -v b="$2" -v what="$3" 'BEGIN { printf "%.2g of %s", a / b, what }'
}

row() { # name, figure with its unit first, ratio
  local figure=$2
  [[ $figure == [0-9]* ]] || figure='not available'
  echo "| $1 | $figure | ${3:-} |"
}

table() {
  local p=$logs/probes.txt s=$logs/slice.txt i name read bf16 int8 rate to_bf16 to_int8
  read=$(value "$p" read gb_per_s) bf16=$(value "$p" gemm_bf16 top_per_s) int8=$(value "$p" gemm_int8 top_per_s)
  echo "| $plugin: $(head -n 1 "$logs/devices.txt" 2> /dev/null) | | ratio |"
  echo '|---|---|---|'
  row 'read' "$read GB/s"
  row 'copy, read + write' "$(value "$p" copy gb_per_s) GB/s"
  row 'empty kernel' "$(value "$p" launch us) us"
  row 'library GEMM bf16' "$bf16 TOP/s"
  row 'library GEMM int8' "$int8 TOP/s"
  for ((i = 0; i < n_devices; ++i)); do
    [ ! -e "$logs/conformance-$i.txt" ] || row "conformance, device $i" "$(counts "$logs/conformance-$i.txt")"
  done
  [ -e "$logs/conformance-0.txt" ] || row conformance ''
  if [ -e "$logs/golden.txt" ]; then row golden "$(counts "$logs/golden.txt")"; else row golden ''; fi
  row 'upload of weights' "$(value "$s" upload gb_per_s) GB/s"
  while read -r name; do
    rate=$(value "$s" "$name" gb_per_s)
    row "decode, context ${name#decode_}" "$(value "$s" "$name" ms_per_layer) ms per layer, $rate GB/s" \
      "$(ratio "$rate" "$read" read)"
  done < <(lines decode)
  while read -r name; do
    rate=$(value "$s" "$name" top_per_s)
    to_bf16=$(ratio "$rate" "$bf16" 'GEMM bf16') to_int8=$(ratio "$rate" "$int8" int8)
    row "prefill, ${name#prefill_} rows" "$(value "$s" "$name" ms_per_layer) ms per layer, $rate TOP/s" \
      "$to_bf16${to_int8:+, $to_int8}"
  done < <(lines prefill)
}

failed=() n_devices=0
part() { # what it does, function
  local start=$SECONDS outcome=passed
  echo "== $1"
  "$2" || outcome=failed
  [ "$outcome" = passed ] || failed+=("$1")
  echo "   $outcome in $((SECONDS - start)) s"
}

part "build: plugin, probes, slice and tests for $plugin" build_parts
# For what runs below: the library of binaries that were built elsewhere, and cuBLASLt beside its compiler.
nvcc=$(realpath -m "$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)")
export LD_LIBRARY_PATH=${places[-1]}/lib:${nvcc%/bin/nvcc}/lib64:${LD_LIBRARY_PATH:-}
part 'devices: which there are' count_devices
if [ "$n_devices" = 0 ]; then
  echo "$plugin: without a device nothing can be measured" >&2
  exit 1
fi
part 'probes: memory, launches, the library GEMM' run_probes
part 'conformance: every operator against the reference, on every device' run_conformance
part "golden: xAI's logits, on every device" run_golden
part 'slice: upload, decode and prefill of layers' run_slice
echo
table | tee "$report"
if [ ${#failed[@]} -gt 0 ]; then
  printf 'failed, see %s:\n' "$logs"
  printf '  %s\n' "${failed[@]}"
  exit 1
fi
