#!/usr/bin/env python3
# Our decoders against those of PyPI package gguf, bit for bit: compare_with_gguf.py DECODE_BLOCKS
#
# For each encoding random blocks; every f16 scale runs through all 65536 patterns, every byte of packed scales through
# all 256 values. A NaN may be any NaN.
import subprocess
import sys

import numpy as np
from gguf import GGMLQuantizationType, quants
from gguf.constants import GGML_QUANT_SIZES

# Where a block has its f16 numbers, and which bytes hold packed scales (those of the rest are random anyway).
F16_AT = {
    "f16": [0], "q8_0": [0], "q4_0": [0], "q4_1": [0, 2], "q5_0": [0], "q5_1": [0, 2], "q2_k": [80, 82], "q3_k": [108],
    "q4_k": [0, 2], "q5_k": [0, 2], "q6_k": [208], "iq4_nl": [0], "iq4_xs": [0], "iq3_s": [0], "iq3_xxs": [0],
    "iq2_s": [0], "iq2_xs": [0], "iq2_xxs": [0], "bf16": [0], "f32": [],
}  # fmt: skip
SCALES_AT = {
    "q2_k": range(0, 16), "q3_k": range(96, 108), "q4_k": range(4, 16), "q5_k": range(4, 16), "q6_k": range(192, 208),
    "iq4_xs": range(2, 8), "iq3_s": range(106, 110), "iq2_s": range(74, 82), "iq2_xs": range(66, 74),
}  # fmt: skip


def make_blocks(name, block_bytes, random):
    blocks = random.integers(0, 256, (65536, block_bytes), dtype=np.uint8)
    for at in F16_AT[name]:
        patterns = random.permutation(65536).astype("<u2").view(np.uint8).reshape(-1, 2)
        blocks[:, at : at + 2] = patterns
    for at in SCALES_AT.get(name, []):
        blocks[:, at] = random.permutation(65536) % 256
    return blocks


def same_bits(ours, theirs):
    return (ours.view(np.uint32) == theirs.view(np.uint32)) | (np.isnan(ours) & np.isnan(theirs))


def compare(program, name, random):
    kind = GGMLQuantizationType[name.upper()]
    blocks = make_blocks(name, GGML_QUANT_SIZES[kind][1], random)
    output = subprocess.run([program, name], input=blocks.tobytes(), stdout=subprocess.PIPE, check=True).stdout
    ours = np.frombuffer(output, dtype="<f4")
    with np.errstate(all="ignore"):
        theirs = quants.dequantize(blocks, kind).astype(np.float32, copy=False).ravel()
    if ours.size != theirs.size:
        return f"{name}: {theirs.size} numbers wanted, found {ours.size}"
    wrong = np.flatnonzero(~same_bits(ours, theirs))
    if wrong.size:
        first = wrong[0]
        place = f"block {first // (theirs.size // 65536)}, element {first % (theirs.size // 65536)}"
        return f"{name}: {wrong.size} numbers differ, the first in {place}: {theirs[first]} wanted, found {ours[first]}"
    numbers = theirs[~np.isnan(theirs)].size
    print(f"{name}: {theirs.size} numbers alike, {numbers} of them not NaN")


def main():
    faults = [compare(sys.argv[1], name, np.random.default_rng(1)) for name in F16_AT]
    faults = [fault for fault in faults if fault]
    sys.exit("\n".join(faults) or 0)


main()
