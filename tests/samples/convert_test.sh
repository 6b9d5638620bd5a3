#!/bin/sh
# grok1 convert and quantize: what they write runs and gives the logits of the source, the dry run tells the size, an
# existing file is kept, and a stopped conversion goes on.
. "$(dirname "$0")/check.sh"
golden=$data/gqa6

# xAI's int8 as Q8_0 is the same model: the same logits but for the order of sums.
exits 0 "$grok1" convert -m "$golden" -o "$work/q8.gguf" --dry-run
grep -o '[0-9]* bytes' "$work/out" | head -n 1 >"$work/said"
[ ! -e "$work/q8.gguf" ] || die "a dry run wrote a file"
exits 0 "$grok1" convert -m "$golden" -o "$work/q8.gguf"
prints "lossless"
prints "q8_0"
[ "$(cat "$work/said")" = "$(size_of "$work/q8.gguf") bytes" ] || die "the dry run said $(cat "$work/said")"
case_tokens gqa6 >"$work/ids"
for model in "$golden" "$work/q8.gguf"; do
  exits 0 "$grok1" logits -m "$model" --device "$device" --tokens-file "$work/ids" --all -o "$work/logits.$(basename "$model")"
done
below "$(rms "$work/logits.gqa6" "$work/logits.q8.gguf")" 0.01 || die "other logits than the source's"

exits 0 "$grok1" quantize "$work/q8.gguf" "$work/q4.gguf" q4_k -v
prints "blocks differ"
says "no whole blocks of q4_k"
exits 0 "$grok1" inspect -m "$work/q4.gguf"
prints "q4_k"
exits 0 "$grok1" quantize "$work/q8.gguf" "$work/mixed.gguf" q8_0 --override '*ffn_down*=q5_k' --override 'blk.*=f16'
exits 0 "$grok1" inspect -m "$work/mixed.gguf"
prints "q5_k"
prints "f16"

exits 0 "$grok1" convert -m "$golden" -o "$work/shards.gguf" --shard-size 1MB
exits 0 "$grok1" inspect -m "$work/shards-00001-of-0000$(ls "$work" | grep -c shards).gguf"

# The vocabulary comes along: text in, text out.
mkdir "$work/demo"
exits 0 "$grok1" convert -m "$data/demo-model" -o "$work/demo/demo.gguf"
for model in "$data/demo-model" "$work/demo" "$work/demo/demo.gguf"; do
  exits 0 "$grok1" tokenize -m "$model" -p "The answer <|separator|> 42"
  cp "$work/out" "$work/tokens.$(basename "$model")"
done
for model in demo demo.gguf; do
  cmp "$work/tokens.demo-model" "$work/tokens.$model" || die "$model: other tokens than the source's"
done

# An existing file is kept unless told otherwise.
exits 1 "$grok1" convert -m "$golden" -o "$work/q8.gguf"
says "exists"
cp "$work/q8.gguf" "$work/copy"
exits 0 "$grok1" convert -m "$golden" -o "$work/q8.gguf" --overwrite
cmp "$work/copy" "$work/q8.gguf" || die "the same conversion gave other bytes"

# Killed in the middle, it goes on to the same bytes.
"$grok1" synth -o "$work/model" --layers 8 --d-model 256 --heads 4 --kv-heads 4 --head-dim 64 --ffn 512 --vocab 512 2>/dev/null
exits 0 "$grok1" quantize "$work/model" "$work/whole.gguf" q4_k
"$grok1" quantize "$work/model" "$work/killed.gguf" q4_k >/dev/null 2>&1 &
pid=$!
while [ ! -e "$work/killed.gguf.part" ] && [ ! -e "$work/killed.gguf" ]; do sleep 0.01; done
kill -KILL $pid 2>/dev/null || true
wait $pid || true
if [ ! -e "$work/killed.gguf" ]; then
  exits 1 "$grok1" quantize "$work/model" "$work/killed.gguf" q8_0
  says "other options"
  exits 0 "$grok1" quantize "$work/model" "$work/killed.gguf" q4_k
fi
cmp "$work/whole.gguf" "$work/killed.gguf" || die "a conversion that went on gave other bytes"
[ -z "$(ls "$work" | grep part)" ] || die "left behind: $(ls "$work" | grep part)"
