#!/usr/bin/env python3
# Errors of our encoders on made-up weights, judged by package gguf's decoders: compare_errors_with_gguf.py ENCODE_WEIGHTS
#
# Where gguf has an encoder too, ours must not err more; elsewhere more bits must err less.
import subprocess
import sys

import numpy as np
from gguf import GGMLQuantizationType, quants

BOTH = ["q8_0", "q4_0", "q4_1", "q5_0", "q5_1"]
BY_ERROR = ["q6_k", "q5_k", "q4_k", "q3_k", "q2_k"]  # from the least to the largest
OTHERS = ["iq4_nl", "iq4_xs"]


def make_weights():
    random = np.random.default_rng(2)
    parts = [random.standard_normal(1 << 17), random.standard_t(4, 1 << 17), random.laplace(size=1 << 17)]
    return (0.02 * np.concatenate(parts)).astype("<f4")


def relative_error(weights, blocks, name):
    back = quants.dequantize(blocks, GGMLQuantizationType[name.upper()]).ravel()
    return np.sqrt(np.sum((back.astype(float) - weights) ** 2) / np.sum(weights.astype(float) ** 2))


def error_of_ours(program, weights, name):
    run = subprocess.run([program, name], input=weights.tobytes(), stdout=subprocess.PIPE, check=True)
    return relative_error(weights, np.frombuffer(run.stdout, dtype=np.uint8), name)


def main():
    weights = make_weights()
    ours = {name: error_of_ours(sys.argv[1], weights, name) for name in BOTH + BY_ERROR + OTHERS}
    faults = []
    for name in BOTH:
        theirs = relative_error(weights, quants.quantize(weights, GGMLQuantizationType[name.upper()]), name)
        print(f"{name}: error {ours[name]:.5%}, package gguf {theirs:.5%}, ratio {ours[name] / theirs:.4f}")
        if ours[name] > theirs:
            faults.append(f"{name}: errs more than package gguf")
    for name in BY_ERROR + OTHERS:
        print(f"{name}: error {ours[name]:.5%}")
    for better, worse in zip(BY_ERROR, BY_ERROR[1:]):
        if ours[better] >= ours[worse]:
            faults.append(f"{better} errs more than {worse}")
    for name in OTHERS:
        if ours[name] >= ours["q4_0"]:
            faults.append(f"{name} errs more than q4_0")
    sys.exit("\n".join(faults) or 0)


main()
