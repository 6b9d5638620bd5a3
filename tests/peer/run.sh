#!/usr/bin/env bash
# What the library writes, beside llama.cpp (PyPI llama-cpp-python, built from its source distribution, some ten minutes,
# once): not a part of the tests.
#
#   tests/peer/run.sh [TEXT]
#
# Converts the demo model to F32, lets the peer load it and continue a prompt, and compares token by token; quantises the
# same file with both to each encoding and compares errors of weights, perplexity and KL divergence on TEXT, by default
# tests/golden/demo-model/sample.txt; makes an importance matrix of sample.txt with both, compares them, and lets each
# quantise by the other's. Wants build/release; prints the tables of docs/quantisation.md.
set -euo pipefail
cd "$(dirname "$0")/../.."
text=${1:-tests/golden/demo-model/sample.txt}
python=build/peer/bin/python3
if ! "$python" -c 'import llama_cpp, gguf' 2> /dev/null; then
  cmake/install_packages.sh g++ cmake ninja-build python3-venv
  python3 -m venv build/peer
  CMAKE_ARGS="-DLLAVA_BUILD=OFF -DGGML_OPENMP=OFF -DLLAMA_CURL=OFF" build/peer/bin/pip install --no-binary llama-cpp-python \
    -r tests/peer/requirements.txt
fi
# The peer's programs come with the source distribution of the package, which does not build them.
programs=build/peer/programs
if [ ! -x $programs/bin/llama-imatrix ] || [ ! -x $programs/bin/llama-quantize ]; then
  version=$("$python" -c 'import llama_cpp; print(llama_cpp.__version__)')
  "$python" -m pip download --no-binary :all: --no-deps "llama-cpp-python==$version" -d build/peer/source
  tar -xzf build/peer/source/llama_cpp_python-*.tar.gz -C build/peer/source --strip-components=1
  cmake -S build/peer/source/vendor/llama.cpp -B $programs -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF \
    -DGGML_OPENMP=OFF -DLLAMA_CURL=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_SERVER=OFF
  cmake --build $programs --target llama-imatrix llama-quantize
fi
exec "$python" tests/peer/compare.py build/release/bin/grok1 tests/golden/demo-model "$text" build/peer/work $programs/bin
