#!/bin/sh
# A disk that is full while a file is written: exit code 6, no file, no part of one. Needs the right to mount a tmpfs in a
# namespace of its own; 77 tells CTest that it has not.
if [ "${4-}" != inside ]; then
  unshare -Urm true 2>/dev/null || exit 77
  exec unshare -Urm sh "$0" "$1" "$2" "$3" inside
fi
. "$(dirname "$0")/check.sh"
mkdir "$work/small"
mount -t tmpfs -o size=64k none "$work/small" || exit 77
cleanup() {
  umount "$work/small" || true
  rm -rf "$work"
}
trap cleanup EXIT

case_tokens gqa6 >"$work/ids"
exits 6 "$grok1" logits -m "$data/gqa6" --device "$device" --tokens-file "$work/ids" --all -o "$work/small/logits" # 123 kB
says "small/logits"
[ -z "$(ls -A "$work/small")" ] || die "left behind: $(ls -A "$work/small")"

# A conversion asks for its room before it reads anything.
exits 6 "$grok1" convert -m "$data/gqa6" -o "$work/small/model.gguf" # 2 MB
says "bytes are needed"
exits 6 "$grok1" imatrix -m "$data/demo-model" --device "$device" -f "$data/demo-model/sample.txt" -c 64 --chunks 1 \
  -o "$work/small/imatrix" # 147 kB
says "small/imatrix"
[ -z "$(ls -A "$work/small")" ] || die "left behind: $(ls -A "$work/small")"

# Its space is checked before the first byte.
exits 6 "$grok1" synth -o "$work/small/model" --layers 1 --d-model 96 --heads 6 --kv-heads 2 --head-dim 16 --ffn 512 --vocab 320
says "the model needs"
[ -z "$(ls -A "$work/small")" ] || die "left behind: $(ls -A "$work/small")"
