#!/bin/sh
# grok1 synth writes what Python would: beside the data, every byte of a model with the sizes of a golden case equals the
# golden files. And it is deterministic, keeps what exists, and its models run.
. "$(dirname "$0")/check.sh"

golden=$data/gqa6
gqa6() {
  "$grok1" synth --layers 3 --d-model 96 --heads 48 --kv-heads 8 --head-dim 16 --ffn 512 --vocab 320 --context 256 "$@" \
    2>"$work/err"
}
gqa6 -o "$work/a" --seed 7
gqa6 -o "$work/b" --seed 7
gqa6 -o "$work/c" --seed 8
diff -r "$work/a" "$work/b" || die "the same seed gave another model"
cmp -s "$work/a/config.json" "$golden/config.json" || die "config.json differs from the golden one"
[ "$(ls "$work/a/ckpt-0")" = "$(ls "$golden/ckpt-0")" ] || die "other files than in the golden case"

# Where the data of the first 14 files of gqa6 lies: offset and size, twice where scales follow. Read from the golden
# files with Python's pickletools.
while read -r index first first_size second second_size; do
  name=ckpt-0/tensor$(printf %05d "$index")_000
  size=$(size_of "$golden/$name")
  [ "$(size_of "$work/a/$name")" -eq "$size" ] || die "$name: another size"
  cmp -n "$first" "$work/a/$name" "$golden/$name" || die "$name: header differs"
  after=$((first + first_size))
  if [ "$second" -gt 0 ]; then
    cmp -i "$after" -n $((second - after)) "$work/a/$name" "$golden/$name" || die "$name: bytes before the scales differ"
    after=$((second + second_size))
  fi
  cmp -i "$after" "$work/a/$name" "$golden/$name" || die "$name: last bytes differ"
  ! cmp -s "$work/a/$name" "$work/c/$name" || die "$name: the seed changed nothing"
done <<TABLE
0 148 122880 0 0
1 145 384 0 0
2 200 393216 393522 8192
3 200 393216 393521 12288
5 197 12288 12579 256
6 198 73728 74029 1536
7 198 73728 74030 1536
8 197 12288 12579 256
9 145 384 0 0
13 147 3072 0 0
TABLE

# An existing model stays as it is.
exits 1 "$grok1" synth -o "$work/a" --layers 1
says "exists"
diff -r "$work/a" "$work/b" || die "a refused synth changed the model"

# It runs: finite logits of about the deviation that it was made for, 1.44 (synth_tensors.cpp), after 3 layers.
seq 5 60 >"$work/ids"
"$grok1" logits -m "$work/a" --device "$device" --tokens-file "$work/ids" --all -o "$work/logits" --experts "$work/experts"
[ "$(size_of "$work/logits")" -eq $((56 * 320 * 4)) ] || die "logits of another size"
head -c $((56 * 320 * 4)) /dev/zero >"$work/zero"
deviation=$(rms "$work/logits" "$work/zero")
below 0.9 "$deviation" && below "$deviation" 2.5 || die "logits have a deviation of $deviation"

# The router uses every expert of the first layer.
head -c $((56 * 2 * 4)) "$work/experts" | od -v -An -td4 -w4 | sort -u >"$work/used"
[ "$(wc -l <"$work/used")" -eq 8 ] || die "of 8 experts these were used: $(tr '\n' ' ' <"$work/used")"

# Ctrl-C leaves nothing.
"$grok1" synth -o "$work/stopped" --layers 4 2>"$work/err" &
pid=$!
while [ ! -e "$work/stopped/ckpt-0.part" ]; do sleep 0.01; done
kill -INT $pid
code=0
wait $pid || code=$?
[ "$code" -eq 130 ] || [ "$code" -eq 6 ] || die "an interrupted synth ended with $code"
[ ! -e "$work/stopped" ] || die "an interrupted synth left files"
