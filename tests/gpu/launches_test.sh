#!/usr/bin/env bash
# A decoded token takes seven kernels a layer, one for the embedding with its norm, one for the head, and nothing else:
# launches_test.sh GROK1 MODEL LAYERS
set -euo pipefail
grok1=$1 model=$2 layers=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

launches() { # tokens: kernels launched in all
  GROK1_EMU_COUNTS=$work/counts "$grok1" run -m "$model" --device emu:0 -p "It is" -n "$1" --temp 0 > "$work/log" 2>&1 ||
    { cat "$work/log" >&2; exit 1; }
  awk 'NR > 1 { n += $2 } END { print n }' "$work/counts"
}
few=$(launches 3) more=$(launches 8)
found=$(((more - few) / 5)) wanted=$((7 * layers + 2))
echo "$found kernels a token"
[ $((more - few)) -eq $((5 * wanted)) ] || { echo "$wanted wanted for $layers layers" >&2; exit 1; }
