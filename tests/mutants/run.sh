#!/usr/bin/env bash
# Mutants: each *.sed plants one mistake in a copy of the tree, which is built, and some test must catch it. The mistakes
# are those that ports of Grok-1 have made (tests/golden/README.md lists them), and for GPUs also those that only they
# have: barriers, waves, blocks that wait for each other.
#
#   tests/mutants/run.sh            all of them
#   tests/mutants/run.sh NAME...    some: no_soft_cap.cpu
#
# A mutant's head says what it is and, after "# in:", the file it changes; a script that changes nothing is a failure.
# NAME.gpu runs on the emulator, the conformance suite first; NAME.files, which is about files and what converts them, the
# tests of those; all others the golden tests first, without the emulator.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tree=$(cd "$here/../.." && pwd)
work=$tree/build/mutants
copy=$work/tree
build=$work/build

names=("$@")
if [ ${#names[@]} -eq 0 ]; then
  for script in "$here"/*.sed; do names+=("$(basename "$script" .sed)"); done
fi

# The copy follows the tree; time stamps are kept, so that only what changed is built again.
mkdir -p "$copy"
(cd "$tree" && find . -mindepth 1 -maxdepth 1 ! -name .git ! -name 'build*' -exec cp -a --update {} "$copy" \;)
# What a run that was ended left changed is newer than the tree's.
for file in $(sed -n 's/^# in: //p' "$here"/*.sed | sort -u); do
  cmp -s "$tree/$file" "$copy/$file" || cp "$tree/$file" "$copy/$file"
done
cmake -S "$copy" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DGROK1_CUDA=OFF -DGROK1_ROCM=OFF \
  > "$work/configure.log" 2>&1 || { cat "$work/configure.log"; exit 1; }

of_files=(encodings_test formats_test gguf_golden_test convert_test hf_logits_test)
compile() {
  cmake --build "$build" --parallel "${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}" \
    --target grok1_emu golden_test grok1-conformance "${of_files[@]}" > "$work/build.log" 2>&1
}

# check WHAT PROGRAM...: if it fails, prints the first test that does, or that crashed or hung.
check() {
  local what=$1 log=$work/test.log test
  shift
  GTEST_FAIL_FAST=1 timeout 900 "$@" > "$log" 2>&1 && return
  test=$(sed -n 's/^\[  FAILED  \] \([^ ,]*\).*/\1/p' "$log" | head -n 1)
  echo "${test:-$(sed -n 's/^\[ RUN      \] //p' "$log" | tail -n 1) crashes or hangs}, $what"
  return 1
}
golden() { check golden_test "$build/tests/golden_test" --gtest_filter="$1"; }
# conformance BACKEND [DEVICE ORDER]
conformance() {
  check "conformance $*" env GROK1_EMU_SCHEDULE="${3:-forward}" "$build/bin/grok1-conformance" \
    --backend "$build/lib/grok1/libgrok1_$1.so" --device "${2:-0}"
}

# Prints the first test that fails on what mutants of that suffix change; nothing if all pass.
first_failure() {
  if [ "$1" = gpu ]; then
    local device order
    for device in 0 1; do
      for order in forward reverse ahead shuffle:1; do conformance emu $device $order || return; done
    done
    golden 'Cases/Golden.*_wave*'
  elif [ "$1" = files ]; then
    local program
    for program in "${of_files[@]}"; do check "$program" "$build/tests/$program" --gtest_filter='-Jobs/*' || return; done
  else
    golden 'Cases/Golden.*-*wave*:*gpu*' && conformance reference && conformance cpu
  fi
}

echo "building the unchanged tree"
compile || { tail -n 40 "$work/build.log"; exit 1; }
for kind in $(printf '%s\n' "${names[@]##*.}" | sed '/^\(gpu\|files\)$/!s/.*/other/' | sort -u); do
  failure=$(first_failure "$kind") || { echo "the unchanged tree fails: $failure"; exit 1; }
done

survivors=0
printf '%-36s %s\n' mutant 'caught by'
for name in "${names[@]}"; do
  script=$here/$name.sed
  file=$(sed -n 's/^# in: //p' "$script")
  sed -i -f "$script" "$copy/$file"
  if cmp -s "$tree/$file" "$copy/$file"; then
    verdict="NOTHING: its script no longer changes $file"
  elif ! compile; then
    verdict="NOTHING: it does not compile: $(grep -m 1 error "$work/build.log" || true)"
  else
    verdict=$(first_failure "${name##*.}" || true)
    verdict=${verdict:-NOTHING}
  fi
  case $verdict in NOTHING*) survivors=$((survivors + 1)) ;; esac
  printf '%-36s %s\n' "$name" "$verdict"
  cp "$tree/$file" "$copy/$file" # with a new time stamp: it is built again
done
compile || true # leaves no mistake in the copy's build
echo "${#names[@]} mutants, $survivors not caught"
[ "$survivors" -eq 0 ]
