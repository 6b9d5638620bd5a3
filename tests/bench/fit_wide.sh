#!/usr/bin/env bash
# tests/bench/fit_wide.sh [DIR]: what grok1 fit says that a load and a session take, beside the most that a process really
# had in memory (VmHWM) which filled the session's context, of the checkpoint of wide.sh, with weights mapped and read.
# Ends with 1 if they differ by more than 2 %. Wants a build in build/release (or GROK1, a program), 17 GB of free memory
# and five minutes.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/bench/most_memory.sh
dir=${1:-build/wide} grok1=${GROK1:-build/release/bin/grok1}
[ -d "$dir/ckpt-0" ] || $grok1 synth -o "$dir" --layers 2
# A text that nearly fills the context in this tokenizer; which words they are does not matter here.
demo=tests/golden/demo-model context=8192
text=$(cat $demo/sample.txt $demo/sample.txt $demo/sample.txt | head -c 28000)
tokens=$($grok1 tokenize -m $demo -p "$text" | wc -w)
echo "context $context, a prompt of $tokens tokens"
[ "$tokens" -gt $((context - 256)) ] && [ "$tokens" -lt $((context - 4)) ] || { echo "cut the text anew"; exit 1; }

bad=0
for weights in mapped read; do
  limits=(-m "$dir" --device cpu --weights $weights -c $context)
  predicted=$($grok1 fit "${limits[@]}" --no-measure --json | awk -F'[:,]' '/"needed_in_memory"/ {printf "%.0f", $2; exit}')
  $grok1 run "${limits[@]}" --tokenizer $demo/tokenizer.model -p "$text" -n 4 > /dev/null &
  pid=$!
  found=$(most_memory $pid)
  wait $pid
  awk -v w=$weights -v p="$predicted" -v f="$found" 'BEGIN {
    printf "%-6s predicted %.0f bytes, VmHWM %.0f bytes, ratio %.4f\n", w, p, f, p / f
    exit !(p / f > 0.98 && p / f < 1.02)
  }' || bad=1
done
exit $bad
