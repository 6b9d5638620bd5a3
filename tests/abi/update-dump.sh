#!/usr/bin/env bash
# Stores the binary interface as tests/abi/grok1-0.1.abi, which abi_dump_test.sh compares every build with. For a new
# minor version, or when this one grew by addition: update-dump.sh [BUILD]
set -euo pipefail
tree=$(cd "$(dirname "$0")/../.." && pwd)
"$tree/tests/abi/make_dump.sh" "$tree" "${1:-$tree/build/release}" "$tree/tests/abi/grok1-0.1.abi"
