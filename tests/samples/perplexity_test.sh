#!/bin/sh
# grok1 perplexity of the demo model on its sample: 44.724 by xAI's own code (demo-model/README.md), within 0.5 %.
. "$(dirname "$0")/check.sh"
demo=$data/demo-model

exits 0 "$grok1" perplexity -m "$demo" --device "$device" -f "$demo/sample.txt" --json
prints '"windows":11'
prints '"tokens":2816'
value=$(sed -n 's/.*"perplexity":\([0-9.e+-]*\).*/\1/p' "$work/out")
below 44.500 "$value" && below "$value" 44.948 || die "perplexity $value"
[ ! -s "$work/err" ] || die "stderr is no terminal and should be empty: $(cat "$work/err")"

exits 0 "$grok1" perplexity -m "$demo" --device "$device" -f "$demo/sample.txt" -c 128
prints "22 windows of 128 tokens"

# Beside itself nothing differs; a model of another vocabulary is refused.
exits 0 "$grok1" perplexity -m "$demo" --device "$device" -f "$demo/sample.txt" --base "$demo" --json
prints '"kl_divergence":0.0,"most_kl_divergence":0.0,"same_most_likely":1.0'
exits 3 "$grok1" perplexity -m "$demo" --device "$device" -f "$demo/sample.txt" --base "$data/tiny"
says "a vocabulary of 2048 tokens wanted, found"
