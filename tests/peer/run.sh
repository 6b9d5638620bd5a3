#!/usr/bin/env bash
# What the library writes, beside llama.cpp (PyPI llama-cpp-python, built from its source distribution, some ten minutes,
# once): not a part of the tests.
#
#   tests/peer/run.sh [TEXT]
#
# Converts the demo model to F32, lets the peer load it and continue a prompt, and compares token by token; quantises the
# same file with both to each encoding and compares errors of weights, perplexity and KL divergence on TEXT, by default
# tests/golden/demo-model/sample.txt. Wants build/release; prints the table of docs/quantisation.md.
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
exec "$python" tests/peer/compare.py build/release/bin/grok1 tests/golden/demo-model "$text" build/peer/work
