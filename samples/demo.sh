#!/usr/bin/env bash
# Grok-1's architecture speaks: installs what the library and the grok1 command need (Debian packages, as root or through
# sudo, only if something is missing), builds them, and lets the small trained model of the tree write a paragraph on the
# CPU plugin. A prompt of your own: samples/demo.sh "She was not at all"
set -euo pipefail
cd "$(dirname "$0")/.."
prompt=${1:-It is a truth universally acknowledged, that}

cmake/install_packages.sh g++ cmake ninja-build libboost-dev libspdlog-dev libfmt-dev libcli11-dev nlohmann-json3-dev
echo "== building in build/demo" >&2
mkdir -p build
log=build/demo.log
cmake -S . -B build/demo -G Ninja -DCMAKE_BUILD_TYPE=Release -DGROK1_TESTS=OFF > "$log" 2>&1 || { cat "$log" >&2; exit 1; }
cmake --build build/demo --parallel "$(nproc)" --target grok1 grok1_cli grok1_cpu >&2
command=(build/demo/bin/grok1 run -m tests/golden/demo-model --device cpu -p "$prompt" -n 200 --seed 2)
printf '== %s\n' "${command[*]@Q}" >&2
printf '%s' "$prompt"
exec "${command[@]}"
