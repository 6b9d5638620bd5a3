#!/bin/sh
# grok1 imatrix of the demo model on its sample: the perplexities that it prints, and the file that it leaves. Where the
# device cannot show the inputs of its matrices, that is said and nothing is left.
. "$(dirname "$0")/check.sh"
demo=$data/demo-model

imatrix() { "$grok1" imatrix -m "$demo" --device "$device" -f "$demo/sample.txt" "$@"; }

code=0
imatrix -o "$work/all.gguf" -c 256 >"$work/out" 2>"$work/err" </dev/null || code=$?
if [ "$code" -ne 0 ]; then
  says "grok1.inputs/1"
  [ ! -e "$work/all.gguf" ] || die "a file was left"
  exit 77
fi
# Perplexity of all windows is the last number, and the same as grok1 perplexity's.
prints "$work/all.gguf: 11 chunks of 256 tokens"
value=$(sed -n 's/.*\[11\]\([0-9.]*\),$/\1/p' "$work/out")
below 44.500 "$value" && below "$value" 44.948 || die "perplexity $value"
grep -q '^\[1\][0-9.]*,\[2\][0-9.]*,' "$work/out" || die "no running perplexity: $(cat "$work/out")"
[ ! -s "$work/err" ] || die "stderr is no terminal and should be empty: $(cat "$work/err")"
[ "$(head -c 4 "$work/all.gguf")" = GGUF ] || die "no GGUF file"
[ ! -e "$work/all.gguf.part" ] || die "a part was left"

# A file that is there is replaced; threads do not change a byte.
exits 0 imatrix -o "$work/two.gguf" --chunks 2 -t 1
prints "2 chunks of 512 tokens"
cp "$work/two.gguf" "$work/kept.gguf"
exits 0 imatrix -o "$work/two.gguf" --chunks 2 -t 2
cmp "$work/two.gguf" "$work/kept.gguf" || die "another file with two threads"
[ "$(size_of "$work/two.gguf")" -eq "$(size_of "$work/all.gguf")" ] || die "another size"
! cmp -s "$work/two.gguf" "$work/all.gguf" || die "two chunks gave what all gave"

exits 2 imatrix
says "--output"
exits 1 imatrix -o "$work/none/a.gguf"
says "none/a.gguf.part: cannot be written"
exits 3 "$grok1" imatrix -m "$demo" --device "$device" -f "$work/absent" -o "$work/a.gguf"
printf 'short' >"$work/short"
exits 3 "$grok1" imatrix -m "$demo" --device "$device" -f "$work/short" -o "$work/a.gguf"
says "-c sets fewer"
[ ! -e "$work/a.gguf" ] || die "a file was left"
