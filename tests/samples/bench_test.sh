#!/bin/sh
# grok1 bench: its three forms of output, what it counts, and what it refuses. How fast anything is, is no matter here.
. "$(dirname "$0")/check.sh"
json_rows=$4
tiny=$data/tiny # 2 layers, 8 kv heads of 16, 8 experts of which 2 are used; a vocabulary of 256

# value ROW KEY: of the last JSON output.
value() { sed -n "s/^$1 $2 //p" "$work/rows"; }
is() { # ROW KEY WANTED
  [ "$(value "$1" "$2")" = "$3" ] || die "row $1, $2: wanted $3, found $(value "$1" "$2")"
}
positive() { # ROW KEY...
  row=$1
  shift
  for key in "$@"; do
    below 0 "$(value "$row" "$key")" || die "row $row, $key: a number above 0 wanted, found $(value "$row" "$key")"
  done
}
close() { # A B
  awk -v a="$1" -v b="$2" 'BEGIN { d = a - b; exit !(d * d <= 1e-12 * b * b) }' || die "wanted $2, found $1"
}

exits 0 "$grok1" fit -m "$tiny" --device "$device" --json
plan() { sed -n "s/^ *\"$1\": \\([0-9]*\\),*\$/\\1/p" "$work/plan" | head -1; }
cp "$work/out" "$work/plan"

exits 0 "$grok1" bench -m "$tiny" --device "$device" -t 2 -p 6 -n 4 -b 1,3 --depth 64,0 -r 2 --rows-per-pass 4 -o json
"$json_rows" <"$work/out" >"$work/rows" || die "no array of objects: $(cat "$work/out")"
i=0
for name in pp6 tg4 tg4@b3 pp6@d64 tg4@d64 tg4@b3@d64; do
  is $i test "\"$name\""
  is $i repetitions 2
  is $i threads 2
  is $i cache_type '"bf16"'
  positive $i tokens_per_second tokens_per_second_mean bytes_per_token file_bytes parameters load_average
  if [ "$device" = cpu ]; then
    positive $i fraction_of_read fraction_of_read_experts fraction_of_dot read_bytes_per_second dot_i16_per_second \
      fma_per_second
  fi
  i=$((i + 1))
done
[ -z "$(value 6 test)" ] || die "six tests wanted, found more"
is 1 generated_tokens 4
is 1 prompt_tokens 0
is 2 batch 3
is 3 prompt_tokens 6
is 5 depth 64

# What it counts. A token of one sequence reads what the plan says, and the keys and values of all positions: 1024 bytes
# each. Behind 64 tokens, 64 more of them in every pass.
other=$(($(plan weight_bytes) - $(plan expert_bytes)))
expert=$(($(plan expert_bytes) / 16))
close "$(value 1 bytes_per_token)" "$(($(plan bytes_per_token) + 2560))"
close "$(value 1 expert_bytes_per_token)" "$((4 * expert))"
is 1 experts_per_layer 2.0
is 1 kv_bytes_per_token 2560.0
is 4 kv_bytes_per_token "$((2560 + 65536)).0"
# Three sequences share a pass, and the tokens before.
close "$(value 5 kv_bytes_per_token)" "$(awk 'BEGIN { printf "%.6f", (65536 + 3 * 2560) / 3 }')"
below 2 "$(value 2 experts_per_layer)" && below "$(value 2 experts_per_layer)" 6.01 || die "2 .. 6 different experts wanted"
close "$(value 2 bytes_per_token)" "$(awk -v o=$other -v e=$expert -v n="$(value 2 experts_per_layer)" \
  'BEGIN { printf "%.6f", (o + 2 * n * e) / 3 + 2560 }')"
# A prompt of 6 in passes of 4 and 2; the head (256 x 64 floats) is read by the second alone.
close "$(value 0 bytes_per_token)" "$(awk -v o=$other -v e=$expert -v n="$(value 0 experts_per_layer)" \
  'BEGIN { printf "%.6f", (2 * o - 65536 + 4 * n * e + (4 + 6) * 1024) / 6 }')"

# The same rows for spreadsheets and for people.
exits 0 "$grok1" bench -m "$tiny" --device "$device" -p 4 -n 2 -r 1 -o csv
[ "$(wc -l <"$work/out")" -eq 3 ] || die "a line of names and two rows expected: $(cat "$work/out")"
head -1 "$work/out" | grep -q '^model,.*,test,.*,tokens_per_second,.*,bytes_per_token,.*,fraction_of_read,.*,load_average$' ||
  die "other columns: $(head -1 "$work/out")"
prints '"tg2",0,2,1,0,1,'
exits 0 "$grok1" bench -m "$tiny" --device "$device" -p 4 -n 0 -r 1
[ "$(grep -c '^|' "$work/out")" -eq 3 ] || die "a head and one row expected: $(cat "$work/out")"
prints "| test | tokens/s | bytes/token | of read |"
prints "| pp4 |"
prints "load average"

# Options of the device are handed on.
exits 0 "$grok1" bench -m "$tiny" --device "$device" -p 4 -n 0 -r 1 --backend-options digits=1
prints "| $device digits=1 |"
exits 2 "$grok1" bench -m "$tiny" --device cpu -p 4 --backend-options digits=3
says "digits=3"

# A device that does not measure itself has speeds and bytes, and no fractions.
exits 0 "$grok1" bench -m "$tiny" --device reference -p 0 -n 2 -r 1 -o json
"$json_rows" <"$work/out" >"$work/rows"
is 0 test '"tg2"'
is 0 fraction_of_read null
is 0 read_bytes_per_second null
positive 0 tokens_per_second bytes_per_token

exits 2 "$grok1" bench -m "$tiny" -p 0 -n 0
says "nothing to measure"
silent
exits 2 "$grok1" bench -m "$tiny" -b 0
exits 2 "$grok1" bench -m "$tiny" -r 0
exits 2 "$grok1" bench -m "$tiny" -p 1,x
exits 2 "$grok1" bench -m "$tiny" -o xml
exits 2 "$grok1" bench
exits 2 "$grok1" bench -m "$tiny" --device "$device" -p 300 # the model's context is 256
says "context_tokens"
exits 3 "$grok1" bench -m "$work/nothing"
