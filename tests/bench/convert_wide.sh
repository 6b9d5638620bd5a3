#!/usr/bin/env bash
# tests/bench/convert_wide.sh [DIR [TYPE...]]: how fast grok1 convert writes the checkpoint of wide.sh as GGUF, beside the
# two things that it cannot be faster than: the disk, which reads the source and writes as many bytes as the output has,
# both directly and at the same time; and the encoder, which has the seconds that the command says it encoded for. Without
# a TYPE: q8_0, which hardly computes, and q4_k. Three rounds, the disk before each conversion; the medians count. Wants a
# build in build/release (or GROK1, a program), 15 GB of disk beside DIR and a quiet machine for some minutes.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/bench/most_memory.sh
dir=${1:-build/wide} grok1=${GROK1:-build/release/bin/grok1}
shift $(($# > 0))
types=("$@")
[ $# -gt 0 ] || types=(q8_0 q4_k)
rounds=3
[ -d "$dir/ckpt-0" ] || $grok1 synth -o "$dir" --layers 2
work=$(mktemp -d "$dir.convert.XXXXXX")
trap 'rm -rf "$work"' EXIT
request=$((16 << 20))
head -c $((16 * request)) /dev/urandom > "$work/random"

read_source() {
  for file in "$dir"/ckpt-0/*; do dd if="$file" of=/dev/null bs=$request iflag=direct status=none; done
}
write_bytes() { # bytes
  local at
  fallocate -l "$1" "$work/written"
  for ((at = 0; at < $1; at += 16 * request)); do
    dd if="$work/random" of="$work/written" bs=$request seek=$((at / request)) oflag=direct conv=notrunc status=none
  done
  rm "$work/written"
}
now() { date +%s.%N; }
# Seconds in which the disk reads the source and writes so many bytes.
disk_seconds() { # bytes
  local begin
  begin=$(now)
  read_source &
  write_bytes "$1"
  wait $!
  echo "$(now) $begin" | awk '{printf "%.2f", $1 - $2}'
}
median() { printf '%s\n' "$@" | sort -g | sed -n "$((($# + 1) / 2))p"; }

source_bytes=$(cat "$dir"/ckpt-0/* | wc -c)
for type in "${types[@]}"; do
  convert=("$grok1" convert -m "$dir" -o "$work/out.gguf" --type "$type")
  bytes=$("${convert[@]}" --dry-run | awk 'NR == 1 {print $2}')
  echo "$type: $source_bytes bytes to $bytes"
  disks=() encodes=() totals=()
  for ((round = 1; round <= rounds; ++round)); do
    disks+=("$(disk_seconds "$bytes")")
    "${convert[@]}" > "$work/report" 2> /dev/null &
    pid=$!
    memory=$(most_memory $pid)
    wait $pid
    rm "$work/out.gguf"
    # "13.4 s, 1.0 GB/s; waited for reads 8.0 s, encoding 4.6 s, ..."
    totals+=("$(awk '/ s, .*waited for reads/ {print $1}' "$work/report")")
    encodes+=("$(sed -n 's/.* encoding \([0-9.]*\) s.*/\1/p' "$work/report")")
    printf '  disk alone %s s, encoding %s s, conversion %s s, VmHWM %.2f GB\n' "${disks[-1]}" "${encodes[-1]}" \
      "${totals[-1]}" "$(echo "$memory" | awk '{print $1 / 1e9}')"
  done
  echo "$bytes $(median "${disks[@]}") $(median "${encodes[@]}") $(median "${totals[@]}")" | awk '{
    limit = $2 > $3 ? $2 : $3
    printf "  disk limit %.2f GB/s, encoder limit %.2f GB/s, conversion %.2f GB/s (of output): ratio %.2f\n",
      $1 / $2 / 1e9, $1 / $3 / 1e9, $1 / $4 / 1e9, limit / $4
  }'
done
