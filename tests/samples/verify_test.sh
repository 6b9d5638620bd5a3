#!/bin/sh
# grok1 verify: what it says of a good model and of one with faults of several kinds, for people and for programs, and
# how it ends.
. "$(dirname "$0")/check.sh"

exits 0 "$grok1" verify -m "$data/tiny"
[ "$(wc -l <"$work/out")" -eq 1 ] || die "one line was expected: $(cat "$work/out")"
prints "xAI checkpoint, 26 files, 26 tensors: 1.3 MB of weights read in "
prints ", nothing wrong"
exits 0 "$grok1" verify -m "$data/demo-model" # with a tokenizer
exits 0 "$grok1" verify -m "$data/tiny" --headers-only
prints "26 tensors: headers only, nothing wrong"
exits 0 "$grok1" verify -m "$data/tiny" --json -t 1
prints '"faults": []'
prints '"tensors": 26'

bad=$work/bad
mkdir -p "$bad/ckpt-0"
cp "$data/tiny/config.json" "$bad"
cp "$data/tiny/ckpt-0/"* "$bad/ckpt-0"
chmod -R u+w "$bad"
rm "$bad/ckpt-0/tensor00014_000"
truncate -s 1000 "$bad/ckpt-0/tensor00003_000"
echo x >"$bad/ckpt-0/tensor00026_000"
printf '\000\000\200\177' | dd of="$bad/ckpt-0/tensor00001_000" bs=1 seek=345 conv=notrunc 2>/dev/null # in the last 4 of 64 f32
exits 3 "$grok1" verify -m "$bad"
[ "$(wc -l <"$work/out")" -eq 5 ] || die "five lines were expected: $(cat "$work/out")"
grep -q "^missing     .*tensor00014_000: this file is missing (moe/linear of layer 1); fetch it$" "$work/out" ||
  die "no missing file: $(cat "$work/out")"
grep -q "^extra       .*tensor00026_000: at byte 0: 26 tensor files of 2 layers wanted" "$work/out" || die "no extra file"
grep -q "^short       .*tensor00003_000: at byte [0-9]*: file has 1,000 bytes, at least 176,[0-9]* expected" "$work/out" ||
  die "no short file: $(cat "$work/out")"
grep -q "^non-finite  .*tensor00001_000: at byte [0-9]*: finite numbers wanted in language_model/rms_norm/scale, found 1 " \
  "$work/out" || die "no infinity: $(cat "$work/out")"
tail -1 "$work/out" | grep -q "^xAI checkpoint, 25 files, 24 tensors: .*, 4 faults$" || die "summary: $(tail -1 "$work/out")"
exits 3 "$grok1" verify -m "$bad" --json
[ "$(grep -c '"kind":' "$work/out")" -eq 4 ] || die "four faults were expected: $(cat "$work/out")"
prints '"kind": "short"'
prints '"tensor": "transformer/decoder_layer_0/moe/linear_1/w"'
prints '"status": "GROK1_E_NOT_FOUND"'
exits 3 "$grok1" verify -m "$bad" --headers-only
! grep -q non-finite "$work/out" || die "payloads were read"

exits 3 "$grok1" verify -m "$work/absent"
says "absent"
silent
exits 2 "$grok1" verify
exits 2 "$grok1" verify -m "$bad" -t 0
code=0
"$grok1" verify -m "$bad" >/dev/full 2>"$work/err" || code=$?
[ "$code" -eq 6 ] || die "stdout on a full device: exit $code"
