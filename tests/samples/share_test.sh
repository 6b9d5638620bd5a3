#!/bin/sh
# One model on several devices: the options of grok1 run and grok1 fit, with emulated GPUs. The text is the beginning of
# the greedy continuation that xAI's own code gives (demo-model/README.md).
. "$(dirname "$0")/check.sh"
demo=$data/demo-model
prompt="It is a truth universally acknowledged, that"

runs() { # devices the model must be on, options
  on=$1
  shift
  exits 0 "$grok1" run -m "$demo" -p "$prompt" --temp 0 -n 6 "$@"
  [ "$(cat "$work/out")" = " it is not in the world" ] || die "$*: $(cat "$work/out")"
  grep -q "on $on\$" "$work/err" || die "$*: wanted on $on, found $(cat "$work/err")"
}
runs emu:0 --device emu:0
runs emu:1 --device emu:1
runs emu:0,emu:1 --device emu:0,emu:1
runs emu:0,emu:1 --device emu:0,emu:1 --split-mode expert --tensor-split 3,1
runs emu:0,emu:1,cpu --device emu:0,emu:1,cpu -ngl 3
runs emu:1,cpu --device emu:1 -ngl 2
runs emu:1,cpu --device emu:1,cpu --n-cpu-moe 3
runs emu:0,cpu --device emu:0,cpu -sm ffn
runs cpu --device emu:0,cpu -ngl 0
runs emu:0 --device emu:0,cpu -ngl 99
runs cpu

exits 0 "$grok1" run -m "$demo" -p "$prompt" --temp 0 -n 1 -v --device emu:0,cpu -ngl 2
says "emu:0: attention of layers 2-3, experts 0-7 of layers 2-3;"
exits 0 "$grok1" fit -m "$demo" --device emu:0,cpu -ngl 2
prints "attention of layers 2-3, experts 0-7 of layers 2-3"
prints "attention of layers 0-1, experts 0-7 of layers 0-1, embedding and head"
prints "-ngl 2 -p"
exits 0 "$grok1" fit -m "$demo" --device emu:0,cpu -ngl 2 --json
prints '"part": "attention of layers 2-3, experts 0-7 of layers 2-3"'

exits 2 "$grok1" run -m "$demo" -p x --device emu:0 --tensor-split 1,x
says "tensor_split"
exits 2 "$grok1" run -m "$demo" -p x --device emu:0 -ngl -3
exits 2 "$grok1" run -m "$demo" -p x --device emu:0,emu:1 --split-mode rows
