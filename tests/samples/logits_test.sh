#!/bin/sh
# grok1 logits against the logits of xAI's own code, in units of its bf16 error (see golden/README.md).
. "$(dirname "$0")/check.sh"
golden=$data/gqa6
unit=$(case_number gqa6 bf16_vs_f64_rms)
prompt=$(case_number gqa6 prompt)
case_tokens gqa6 >"$work/ids"
n=$(wc -w <"$work/ids")
row=$((320 * 4))
[ "$n" -eq 96 ] && [ "$prompt" -eq 80 ] || die "case.json was not understood: $n tokens, prompt $prompt"

# logits LIMIT FIRST_ROW ARGS...: rows FIRST_ROW to the end, each within LIMIT units.
logits() {
  limit=$1
  first=$2
  shift 2
  "$grok1" logits -m "$golden" --device "$device" --tokens-file "$work/ids" -o "$work/logits" "$@"
  tail -c +$((first * row + 1)) "$golden/xai_f64.f32" >"$work/wanted"
  [ "$(size_of "$work/logits")" -eq $(((n - first) * row)) ] || die "$*: $(size_of "$work/logits") bytes"
  error=$(rms "$work/logits" "$work/wanted")
  below "$error" "$(awk -v u="$unit" -v l="$limit" 'BEGIN { print u * l }')" || die "$*: rms $error is over $limit x $unit"
  [ ! -e "$work/logits.part" ] || die "$*: left a .part file"
}
logits 0.1 0 --all --cache-type f32 --experts "$work/experts"
cmp "$work/experts" "$golden/xai_f64_experts.i32" || die "other experts in one prefill"
logits 0.1 79 --prompt 80 --cache-type f32 --experts "$work/experts"
cmp "$work/experts" "$golden/xai_f64_experts.i32" || die "other experts in prompt and single steps"
logits 0.1 0 --prompt 1 --cache-type f32
logits 0.1 95 --cache-type f32
logits 0.6 0 --all
logits 0.6 79 --prompt 80

exits 2 "$grok1" logits -m "$golden" --device "$device" --tokens-file "$work/ids" -o "$work/x" --prompt 97
exits 1 "$grok1" logits -m "$golden" --device "$device" --tokens-file "$work/ids" -o "$work/absent/x"
says "absent/x"
