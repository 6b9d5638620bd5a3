#!/bin/sh
# What the command says and how it ends when it is called wrongly or a file, the memory or a backend is not what it needs.
. "$(dirname "$0")/check.sh"
tiny=$data/tiny
demo=$data/demo-model

for help in "--help" "run --help" "devices --help" "inspect --help" "fit --help" "tokenize --help" "logits --help" \
  "perplexity --help" "imatrix --help" "synth --help" "convert --help" "quantize --help" "verify --help"; do
  exits 0 "$grok1" $help
  prints "Usage:"
done
exits 0 "$grok1" --version
prints "0.1.0"

# 2: usage
exits 2 "$grok1"
exits 2 "$grok1" nonsense
exits 2 "$grok1" run -m "$demo"
says "--prompt"
exits 2 "$grok1" run -p x
exits 2 "$grok1" run -m "$demo" -p x -n 0
exits 2 "$grok1" run -m "$demo" -p x --temp -1
exits 2 "$grok1" run -m "$demo" -p x --top-p 1.5
exits 2 "$grok1" run -m "$demo" -p x --cache-type q4
exits 2 "$grok1" run -m "$demo" -p x --seed many
exits 2 "$grok1" tokenize -m "$demo" -p x --file y
exits 2 "$grok1" tokenize -m "$demo" --decode --pieces
exits 2 "$grok1" logits -m "$tiny" --tokens-file x -o y --all --prompt 3
exits 2 "$grok1" synth
exits 2 "$grok1" synth -o "$work/never" --heads 5 --kv-heads 2
says "--kv-heads"
exits 2 "$grok1" synth -o "$work/never" --scale-groups 7
exits 2 "$grok1" synth -o "$work/never" --layers 0
exits 2 "$grok1" synth -o "$work/never" --experts 256 --ffn 16777216 --d-model 1048576 --layers 4096
[ ! -e "$work/never" ] || die "a refused synth left a folder"
silent
exits 2 "$grok1" convert -m "$tiny"
exits 2 "$grok1" convert -m "$tiny" -o "$work/never.gguf" --type q9
says "q4_k"
exits 2 "$grok1" convert -m "$tiny" -o "$work/never.gguf" --override q8_0
exits 2 "$grok1" convert -m "$tiny" -o "$work/never.gguf" --shard-size 1000
exits 2 "$grok1" convert -m "$tiny" -o "$work/never.gguf" --shard-size large
exits 2 "$grok1" quantize "$tiny" "$work/never.gguf"
[ -z "$(ls "$work" | grep never)" ] || die "a refused conversion left something"

# 3: bad file
exits 3 "$grok1" inspect -m "$work/absent"
says "absent"
silent
mkdir -p "$work/short/ckpt-0"
cp "$tiny/config.json" "$work/short"
cp "$tiny/ckpt-0/"* "$work/short/ckpt-0"
chmod u+w "$work/short/ckpt-0/tensor00003_000"
truncate -s 1000 "$work/short/ckpt-0/tensor00003_000"
exits 3 "$grok1" run -m "$work/short" --device "$device" -p x
says "tensor00003_000"
exits 3 "$grok1" fit -m "$work/short" --device "$device"
exits 3 "$grok1" run -m "$tiny" --device "$device" -p x # has no tokenizer
says "tokenizer"
exits 3 "$grok1" tokenize -m "$demo" --file "$work/absent"
echo "1 2 x3 4" >"$work/ids"
exits 3 "$grok1" logits -m "$tiny" --device "$device" --tokens-file "$work/ids" -o "$work/logits"
says "byte 4"
echo "1 2 256" >"$work/ids"
exits 3 "$grok1" logits -m "$tiny" --device "$device" --tokens-file "$work/ids" -o "$work/logits"
says "byte 4"
: >"$work/ids"
exits 3 "$grok1" logits -m "$tiny" --device "$device" --tokens-file "$work/ids" -o "$work/logits"
echo "short" >"$work/text"
exits 3 "$grok1" perplexity -m "$demo" --device "$device" -f "$work/text"
says "257"
[ ! -e "$work/logits" ] && [ ! -e "$work/logits.part" ] || die "a failed logits left a file"

# 4: does not fit. Small weights, and a context whose KV cache takes 35 TB.
"$grok1" synth -o "$work/wide" --layers 16 --d-model 16 --heads 64 --kv-heads 64 --head-dim 512 --ffn 16 --vocab 16 \
  --context 16777216 2>/dev/null
echo "1 2 3" >"$work/ids"
exits 4 "$grok1" logits -m "$work/wide" --device "$device" --tokens-file "$work/ids" -o "$work/logits" -c 16777216
says "GiB"
exits 4 "$grok1" fit -m "$work/wide" --device "$device"
prints "does not fit"
exits 0 "$grok1" fit -m "$work/wide" --device "$device" -c 64

# 5: backend missing
exits 5 "$grok1" run -m "$demo" --device nonesuch -p x
says "nonesuch"
says "grok1 devices"
silent

# 6: disk full
exits 6 "$grok1" synth -o "$work/huge" --layers 4096 --ffn 1048576 --experts 256 # 2e16 bytes
says "bytes"
[ ! -e "$work/huge" ] || die "a refused synth left a folder"
code=0
"$grok1" tokenize -m "$demo" -p "to a full device" >/dev/full 2>"$work/err" || code=$?
[ "$code" -eq 6 ] || die "stdout on a full device: exit $code"

# A file that cannot be made is neither bad nor too large.
exits 1 "$grok1" synth -o /proc/grok1 --layers 1 --d-model 16 --heads 2 --kv-heads 1 --head-dim 8 --ffn 16 --vocab 16
