#!/bin/sh
# grok1 run: the greedy continuation that xAI's own code gives (demo-model/README.md), streaming, seeds, Ctrl-C.
. "$(dirname "$0")/check.sh"
demo=$data/demo-model
prompt="It is a truth universally acknowledged, that"

exits 0 "$grok1" run -m "$demo" --device "$device" -p "$prompt" --temp 0 -n 48
wanted=" it is not in the world to be a great deal of the world. I am sure I should have been in a hurry to see you, and I am sure I should not have thought of it. I am sure I should not"
[ "$(cat "$work/out")" = "$wanted" ] || die "greedy text: $(cat "$work/out")"
says "prompt 13 tokens"
says "generated 48 tokens"
says "load"
printf '%s\n' "$prompt" | "$grok1" run -m "$demo" --device "$device" -p - --temp 0 -n 48 2>"$work/err" >"$work/stdin"
cmp "$work/stdin" "$work/out" || die "the prompt from stdin gave other text"
for weights in "--weights mapped" "--weights read" --no-mmap; do
  # Two words, or one.
  "$grok1" run -m "$demo" --device "$device" -p "$prompt" --temp 0 -n 48 $weights >"$work/held" 2>"$work/err" || die "$weights: $(cat "$work/err")"
  cmp "$work/held" "$work/out" || die "$weights gave other text"
done
exits 0 "$grok1" run -m "$demo" --device "$device" -p "$prompt" --temp 0 -n 3 --json
[ "$(grep -c '"generated_tokens":3,' "$work/err")" -eq 1 ] || die "closing figures: $(cat "$work/err")"

sampled() { "$grok1" run -m "$demo" --device "$device" -p "$prompt" -n 24 --seed "$1" 2>/dev/null; }
first=$(sampled 1)
[ "$(sampled 1)" = "$first" ] || die "the same seed gave another text"
[ "$(sampled 2)" != "$first" ] || die "another seed gave the same text"

# The context ends the text, and says so.
exits 0 "$grok1" run -m "$demo" --device "$device" -p "$prompt" --temp 0 -n 100 -c 32
says "context is full"

# Ctrl-C: the text so far, and 130.
# The reference is slow enough to be interrupted on any machine.
"$grok1" run -m "$demo" --device reference -p "$prompt" -n 900 --temp 0.5 >"$work/text" 2>"$work/err" &
pid=$!
while [ ! -s "$work/text" ] && kill -0 $pid 2>/dev/null; do sleep 0.01; done
kill -INT $pid 2>/dev/null || die "ended before it was interrupted: $(cat "$work/err")"
code=0
wait $pid || code=$?
[ "$code" -eq 130 ] || die "Ctrl-C: exit $code: $(cat "$work/err")"
[ -s "$work/text" ] && [ "$(tail -c 1 "$work/text" | od -An -tx1)" = " 0a" ] || die "Ctrl-C lost text"
says "generated"

# A reader that goes away ends it quietly.
{ "$grok1" run -m "$demo" --device "$device" -p "$prompt" -n 400 2>"$work/err" || true; } | head -c 5 >"$work/out"
[ ! -s "$work/err" ] || die "a broken pipe was announced: $(cat "$work/err")"

# The other two programs say the same things through the same header.
if [ $# -ge 5 ]; then
  exits 2 "$4"
  exits 3 sh -c '"$0" "$@" || exit 3' "$4" "$work/absent" x
  says "absent"
  exits 0 "$5" "$demo" "$device" "$prompt"
  prints "LOADED"
  prints "plan"
  exits 1 "$5" "$demo" nonesuch "$prompt"
  says "GROK1_E_NO_BACKEND"
fi
