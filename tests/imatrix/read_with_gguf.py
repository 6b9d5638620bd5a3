#!/usr/bin/env python3
# The command's importance matrix as PyPI package gguf reads it: read_with_gguf.py GROK1 MODEL
#
# Keys, names and shapes must be those that llama.cpp's imatrix tool writes for a model of this size, and the numbers
# sums of squares: positive, with the counts of tokens that the text has.
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader, Keys

CHUNK, CHUNKS = 128, 3


def field(reader, key):
    return reader.fields[key].contents()


def wanted_shapes(config):
    d, heads, experts = config["hidden_size"], config["num_attention_heads"], config["num_experts"]
    shapes = {"token_embd": (d, 1)}
    for layer in range(config["num_hidden_layers"]):
        shapes |= {f"blk.{layer}.{name}": (d, 1) for name in ("attn_q", "attn_k", "attn_v")}
        shapes[f"blk.{layer}.attn_output"] = (heads * config["head_dim"], 1)
        shapes |= {f"blk.{layer}.{name}": (d, experts) for name in ("ffn_gate_exps", "ffn_up_exps")}
        shapes[f"blk.{layer}.ffn_down_exps"] = (config["intermediate_size"], experts)
    return shapes


def check(reader, config, text):
    assert field(reader, "general.type") == "imatrix", field(reader, "general.type")
    assert field(reader, Keys.IMatrix.DATASETS) == [text], field(reader, Keys.IMatrix.DATASETS)
    assert field(reader, Keys.IMatrix.CHUNK_COUNT) == CHUNKS
    assert field(reader, Keys.IMatrix.CHUNK_SIZE) == CHUNK
    tensors = {tensor.name: tensor for tensor in reader.tensors}
    shapes = wanted_shapes(config)
    names = {f"{name}.weight.{kind}" for name in shapes for kind in ("in_sum2", "counts")}
    assert set(tensors) == names, set(tensors) ^ names
    for name, (k, experts) in shapes.items():
        sums, counts = tensors[f"{name}.weight.in_sum2"], tensors[f"{name}.weight.counts"]
        assert sums.tensor_type == counts.tensor_type == GGMLQuantizationType.F32
        assert tuple(sums.shape) == (k, experts) and tuple(counts.shape) == (1, experts), (name, sums.shape)
        used = config["num_experts_per_tok"] if experts > 1 else 1
        assert counts.data.sum() == CHUNK * CHUNKS * used, (name, counts.data)
        seen = counts.data.ravel() > 0
        assert np.isfinite(sums.data).all() and (sums.data[seen] > 0).all() and not sums.data[~seen].any(), name
    print(f"{len(shapes)} matrices, {len(tensors)} tensors")


def main():
    grok1, model = sys.argv[1:]
    text = os.path.join(model, "sample.txt")
    with open(os.path.join(model, "config.json")) as file:
        config = json.load(file)
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "imatrix.gguf")
        command = [grok1, "imatrix", "-m", model, "-f", text, "-o", out, "-c", str(CHUNK), "--chunks", str(CHUNKS)]
        subprocess.run([*command, "--device", "cpu"], stdout=subprocess.DEVNULL, check=True)
        check(GGUFReader(out), config, text)


main()
