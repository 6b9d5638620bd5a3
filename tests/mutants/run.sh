#!/usr/bin/env bash
# Mutants: each *.sed plants one mistake that ports of Grok-1 have made (tests/golden/README.md lists them) in a copy of
# the tree, which is built, and the golden tests, or the conformance suite, must catch it.
#
#   tests/mutants/run.sh            all of them
#   tests/mutants/run.sh NAME...    some: no_soft_cap.cpu
#
# A mutant's head says what it is and, after "# in:", the file it changes; a script that changes nothing is a failure.
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
cmake -S "$copy" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release > "$work/configure.log" 2>&1 ||
  { cat "$work/configure.log"; exit 1; }

compile() { cmake --build "$build" --parallel "$(nproc)" --target golden_test grok1-conformance > "$work/build.log" 2>&1; }

# Prints the first test that fails; nothing if all pass.
first_failure() {
  local log=$work/test.log backend
  if ! "$build/tests/golden_test" --gtest_filter='Cases/Golden.*' --gtest_fail_fast > "$log" 2>&1; then
    sed -n 's/^\[  FAILED  \] \([^ ,]*\).*/\1/p' "$log" | head -n 1
    return
  fi
  for backend in reference cpu; do
    if ! "$build/bin/grok1-conformance" --backend "$build/lib/grok1/libgrok1_$backend.so" > "$log" 2>&1; then
      echo "grok1-conformance, $backend"
      return
    fi
  done
}

echo "building the unchanged tree"
compile || { tail -n 40 "$work/build.log"; exit 1; }
failure=$(first_failure)
[ -z "$failure" ] || { echo "the unchanged tree fails: $failure"; exit 1; }

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
    verdict=$(first_failure)
    verdict=${verdict:-NOTHING}
  fi
  case $verdict in NOTHING*) survivors=$((survivors + 1)) ;; esac
  printf '%-36s %s\n' "$name" "$verdict"
  cp "$tree/$file" "$copy/$file" # with a new time stamp: it is built again
done
compile || true # leaves no mistake in the copy's build
echo "${#names[@]} mutants, $survivors not caught"
[ "$survivors" -eq 0 ]
