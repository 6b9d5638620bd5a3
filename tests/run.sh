#!/usr/bin/env bash
# Builds everything and runs every test:
#
#   tests/run.sh          installs what is missing (Debian packages, as root or through sudo), builds, runs ctest
#   tests/run.sh --all    also the long ones: the tests under AddressSanitizer with UBSan and under ThreadSanitizer, and
#                         the mutants (tests/mutants), planted mistakes that some test must catch
#   tests/run.sh --help   this text
#
# Builds in build/release and build/fuzz (build/asan, build/tsan, build/mutants). A second run builds only what changed. Variables:
# GROK1_TEST_TOKENIZER  Grok-1's own tokenizer.model, for its golden ids
# GROK1_TEST_TEXT       the demo model's held-out text, for its perplexity (tests/golden/demo-model/README.md)
# GROK1_TEST_LONG       set: conversions are ended at every write and not at every eleventh (ten minutes more)
# GROK1_GOLDEN_EXTRA    a folder with more golden cases (tests/golden/README.md)
# Tests that want one which is not set say so and are skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

all=no
for argument in "$@"; do
  case $argument in
    --all) all=yes ;;
    -h | --help)
      sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' tests/run.sh
      exit 0
      ;;
    *)
      echo "unknown option $argument; tests/run.sh --help lists them" >&2
      exit 2
      ;;
  esac
done

# Compiler and build; what the library is made with; what the tests are made with; tools that some tests run.
cmake/install_packages.sh g++ cmake ninja-build libboost-dev libboost-context-dev libspdlog-dev libfmt-dev libcli11-dev nlohmann-json3-dev \
  libgtest-dev libbenchmark-dev libsentencepiece-dev libdnnl-dev abigail-tools clang libclang-rt-14-dev clang-format pkg-config strace \
  hipcc libamdhip64-dev rocm-device-libs python3-venv

# Python packages that tests compare with, in build/python, made anew when tests/requirements.txt changes. Without a
# network the tests that want them are skipped.
make_python() {
  local python=build/python
  cmp -s tests/requirements.txt "$python/requirements.txt" && return
  echo "== build/python: pip install -r tests/requirements.txt (once)"
  mkdir -p build
  rm -rf "$python"
  if python3 -m venv "$python" > build/python.log 2>&1 &&
    "$python/bin/pip" install --quiet --disable-pip-version-check -r tests/requirements.txt >> build/python.log 2>&1; then
    cp tests/requirements.txt "$python/requirements.txt"
  else
    echo "build/python: pip failed (build/python.log); tests that compare with Python packages are skipped"
  fi
}
make_python

# GPU plugins: code for one architecture of each vendor, with --all for every one. Without nvcc, which Debian has not,
# the configuration says that the CUDA plugin is left out.
gpu=(-DGROK1_CUDA_ARCHITECTURES=90a -DGROK1_ROCM_ARCHITECTURES=gfx90a)
if [ "$all" = yes ]; then
  cmake/install_packages.sh clang-19 lld-19 clang-tools-19
  gpu=(-UGROK1_CUDA_ARCHITECTURES -UGROK1_ROCM_ARCHITECTURES)
fi

jobs=$(nproc)
build() { # preset, more options
  echo "== build/$1"
  local log=build/configure-$1.log
  mkdir -p build
  cmake --preset "$1" "${@:2}" > "$log" 2>&1 || { cat "$log"; return 1; }
  grep -E '^-- GROK1_(CUDA|ROCM|ONEDNN): ' "$log" || true
  cmake --build --preset "$1" --parallel "$jobs"
}
run_tests() { # preset, command to run ctest with
  local preset=$1
  shift
  echo "== tests of build/$preset"
  "$@" ctest --preset "$preset" --parallel "$jobs"
}

build release "${gpu[@]}"
build fuzz
if [ "$all" = no ]; then
  run_tests release
  exit
fi

# The long way: each part runs whatever became of the others.
failed=()
run_tests release || failed+=(release)
# Figures of long texts are no matter for the sanitizers.
unset GROK1_TEST_TEXT
build asan && run_tests asan || failed+=(asan)
# ThreadSanitizer of gcc 12 cannot place its shadow memory beside a widely randomised address space.
still=()
if setarch -R true 2> /dev/null; then still=(setarch -R); fi
build tsan && run_tests tsan "${still[@]}" || failed+=(tsan)
echo "== mutants"
tests/mutants/run.sh || failed+=(mutants)
if [ ${#failed[@]} -gt 0 ]; then
  echo "failed: ${failed[*]}"
  exit 1
fi
echo "all passed: release, asan, tsan, mutants"
