#!/bin/sh
# grok1 fit: the released model's 770 files with true headers and holes for payloads, as fast as a person waits; what
# fits of it, in which encodings, at which speed; and what the other ends of it say. fit_test.sh ... SPARSE_GROK1
. "$(dirname "$0")/check.sh"
sparse=$4

"$sparse" "$work/grok-1"
begin=$(date +%s%N)
exits_4_or_0() { # by the memory that is here
  code=0
  "$@" >"$work/out" 2>"$work/err" </dev/null || code=$?
  [ "$code" -eq 0 ] || [ "$code" -eq 4 ] || die "$* ended with $code: $(cat "$work/err")"
}
exits_4_or_0 "$grok1" fit -m "$work/grok-1/" --device "$device"
seconds=$((($(date +%s%N) - begin) / 1000000))
echo "fit of Grok-1 took $seconds ms"
[ "$seconds" -lt 10000 ] || die "fit took $seconds ms"
prints "Grok-1, xAI checkpoint, 64 layers, 8 experts (2 used), int8, 318.2 GB in 770 files, all present"
# 64 layers x 8 kv heads x 128 x 2 (K and V) x 2 bytes of bf16 are 256 KiB.
prints "256.0 KiB of KV cache for a token of context; "
if [ "$code" -eq 0 ] && [ "$device" = cpu ] && grep -q "fits: experts are read from disk" "$work/out"; then
  grep -q "at most [0-9.e+]* tokens/s, an estimate: [0-9.]* GB of experts per token from a disk that gives .*/s now" \
    "$work/out" || die "no speed: $(cat "$work/out")"
fi
grep -q "^$device  in memory .*29[0-9]\.[0-9] GiB" "$work/out" || die "no need of memory: $(cat "$work/out")"

exits_4_or_0 "$grok1" fit -m "$work/grok-1/" --device "$device" --json
prints '"kv_bytes_per_token": 262144'
# 314,874,789,888 weights of layers' matrices in blocks of 144 bytes for 256, 805,306,368 of the embedding in 210 (Q6_K),
# and 4,724,736 others in float32.
prints '"weight_bytes": 177796571136'
grep -q '"name": "q4_k"' "$work/out" || die "no q4_k"
has=$(sed -n 's/.*"available": \([0-9]*\),*/\1/p' "$work/out" | head -1)
if [ "$has" -lt 60000000000 ]; then # less than any encoding with an encoder takes
  exits_4_or_0 "$grok1" fit -m "$work/grok-1/" --device "$device" --no-measure
  prints "would fit: nothing of this model"
  grep -q "With more memory, the largest for each: .*192 GiB: q4_k (177.8 GB)" "$work/out" || die "$(cat "$work/out")"
  ! grep -q tokens/s "$work/out" || die "a speed without a measurement"
fi

# A small one: in memory, with a speed where the device can be measured.
gqa6=$data/gqa6
exits 0 "$grok1" fit -m "$gqa6" --device "$device"
prints "Next: grok1 run -m $gqa6 --device $device -p"
prints "the longest context that fits: 256 tokens"
if [ "$device" = cpu ]; then
  grep -q "about [0-9.e+]* tokens/s, an estimate: .* per token at 0.75 of the .*/s that memory gives now" "$work/out" ||
    die "no speed: $(cat "$work/out")"
  exits 0 "$grok1" fit -m "$gqa6" --device cpu --weights read --json
  prints '"fraction_of_memory": 0.9'
fi

# Small weights, a context of 16 million tokens that does not fit, and one that does: what is offered is taken.
"$grok1" synth -o "$work/wide" --layers 16 --d-model 16 --heads 64 --kv-heads 64 --head-dim 512 --ffn 16 --vocab 16 \
  --context 16777216 2>/dev/null
exits 4 "$grok1" fit -m "$work/wide" --device "$device"
most=$(sed -n 's/.*the longest context that fits: \([0-9]*\) tokens/\1/p' "$work/out" | head -1)
[ -n "$most" ] && [ "$most" -gt 32 ] && [ "$most" -lt 16777216 ] || die "longest context: $(cat "$work/out")"
prints "-c $most -p \"...\"    (a shorter context)"
# Half of it fits whatever else the machine does meanwhile, twice as much does not.
exits 0 "$grok1" fit -m "$work/wide" --device "$device" -c $((most / 2)) --no-measure
exits 4 "$grok1" fit -m "$work/wide" --device "$device" -c $((most * 2)) --no-measure
