#!/bin/sh
# grok1 devices, inspect and fit: what they print, for people and for programs.
. "$(dirname "$0")/check.sh"
gqa6=$data/gqa6

exits 0 "$grok1" devices
prints "backend"
grep -q "^reference .*LOADED .*only when named" "$work/out" || die "no reference backend: $(cat "$work/out")"
exits 0 "$grok1" devices --json
prints '"backends"'
prints '"name": "reference"'

# A file that is no plugin is listed with its reason.
cp "$0" "$work/libgrok1_broken.so"
exits 0 "$grok1" devices --device "$work/libgrok1_broken.so"
grep -q "^broken .*NOT_A_PLUGIN .*$work/libgrok1_broken.so" "$work/out" || die "no reason given: $(cat "$work/out")"

exits 0 "$grok1" inspect -m "$gqa6"
prints "layers 3, width 96, heads 48, kv heads 8, head dim 16"
prints "experts 8, used 2, ffn 512; vocabulary 320, context 256 tokens"
prints "embedding x 78.38367176906169, output x 0.5773502691896257, attention x 0.08838834764831845"
prints "transformer/decoder_layer_2/moe/linear_1/w"
prints "int8, bf16 scales [8, 8, 96]"
prints "tokenizer: none"
# Seven of the twelve tensors of each of three layers are int8.
grep -q "^int8: .* in 21 tensors, 8\.[0-9]* bits per weight" "$work/out" || die "no total of int8: $(cat "$work/out")"
grep -q "^f32: .* in 17 tensors, 32.00 bits per weight" "$work/out" || die "no total of f32"
grep -q "^all: .* in 38 tensors, " "$work/out" || die "no total"
exits 0 "$grok1" inspect -m "$data/demo-model"
prints "tokenizer: 2048 pieces, unk "
exits 0 "$grok1" inspect -m "$gqa6" --json
[ "$(grep -c '"name": "transformer/' "$work/out")" -eq 36 ] || die "36 tensors of layers expected"
prints '"embedding_multiplier": 78.38367176906169'
prints '"warnings": []'
prints '"transposed": false'

exits 0 "$grok1" fit -m "$gqa6" --device "$device"
prints "3 layers, 8 experts (2 used), int8"
prints "fits"
prints "Next: grok1 run -m $gqa6 --device $device"
exits 0 "$grok1" fit -m "$gqa6" --device "$device" --json
prints '"fits": true'
prints '"residency": "in_memory"'
prints '"weights": "mapped"'
exits 0 "$grok1" fit -m "$gqa6" --device "$device" --weights read
prints ", read; KV cache"
prints "--device $device --weights read -p"
exits 0 "$grok1" fit -m "$gqa6" --device "$device" --no-mmap --json
prints '"weights": "read"'
