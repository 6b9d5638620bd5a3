#!/usr/bin/env bash
# tests/bench/wide.sh [DIR]: a two-layer checkpoint of Grok-1's full width (about 13 GB, made once in DIR) measured by
# grok1 bench. Wants a build in build/release (tests/run.sh makes one), 13 GB of disk and 20 GiB of memory.
set -euo pipefail
cd "$(dirname "$0")/../.."
dir=${1:-build/wide}
[ -d "$dir/ckpt-0" ] || build/release/bin/grok1 synth -o "$dir" --layers 2
build/release/bin/grok1 bench -m "$dir" -p 512 -n 16 -b 1,4,16,32
