#!/usr/bin/env python3
# Package gguf reads what `grok1 convert` writes: convert_with_python.py GROK1 GOLDEN
#
# Keys, shapes and types are what the model has; numbers in Q8_0, decoded by the package, are those of the same model in
# F32, to the bit.
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader, quants

FLOAT_KEYS = {
    "grok.attention.layer_norm_rms_epsilon": "rms_norm_eps",
    "grok.rope.freq_base": "rope_base",
    "grok.embedding_scale": "embedding_multiplier",
    "grok.logit_scale": "output_multiplier",
    "grok.attention.output_scale": "attention_multiplier",
    "grok.attn_logit_softcapping": "attention_soft_cap",
}
KEYS = {
    "grok.block_count": "layers",
    "grok.context_length": "context",
    "grok.embedding_length": "d_model",
    "grok.feed_forward_length": "ffn",
    "grok.attention.head_count": "heads",
    "grok.attention.head_count_kv": "kv_heads",
    "grok.rope.dimension_count": "head_dim",
    "grok.expert_count": "experts",
    "grok.expert_used_count": "experts_used",
    "grok.vocab_size": "vocab_size",
    "tokenizer.ggml.bos_token_id": "bos_id",
    "tokenizer.ggml.eos_token_id": "eos_id",
    "tokenizer.ggml.padding_token_id": "pad_id",
}


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def expect(what, wanted, found):
    if wanted != found:
        sys.exit(f"{what}: {wanted} wanted, found {found}")


def value(reader, key):
    return reader.get_field(key).contents()


def check_keys(reader, model):
    expect("architecture", "grok", value(reader, "general.architecture"))
    for key, name in KEYS.items():
        expect(key, model[name], value(reader, key))
    for key, name in FLOAT_KEYS.items():
        expect(key, np.float32(model[name]), np.float32(value(reader, key)))
    expect("key_length", model["heads"] * model["head_dim"] != model["d_model"],
           reader.get_field("grok.attention.key_length") is not None)


def shapes(model):
    """Names and shapes, innermost first."""
    d, q, kv = model["d_model"], model["heads"] * model["head_dim"], model["kv_heads"] * model["head_dim"]
    ffn, experts = model["ffn"], model["experts"]
    out = {"token_embd.weight": (d, model["vocab_size"]), "output_norm.weight": (d,)}
    for layer in range(model["layers"]):
        front = f"blk.{layer}."
        for norm in ("attn_norm", "attn_output_norm", "ffn_norm", "layer_output_norm"):
            out[front + norm + ".weight"] = (d,)
        out[front + "attn_q.weight"] = (d, q)
        out[front + "attn_k.weight"] = out[front + "attn_v.weight"] = (d, kv)
        out[front + "attn_output.weight"] = (q, d)
        out[front + "ffn_gate_inp.weight"] = (d, experts)
        out[front + "ffn_gate_exps.weight"] = out[front + "ffn_up_exps.weight"] = (d, ffn, experts)
        out[front + "ffn_down_exps.weight"] = (ffn, d, experts)
    return out


def check_vocabulary(reader, grok1, path):
    tokens = reader.get_field("tokenizer.ggml.tokens")
    if tokens is None:
        expect("tokenizer model", "none", value(reader, "tokenizer.ggml.model"))
        return 0
    expect("tokenizer model", "llama", value(reader, "tokenizer.ggml.model"))
    for name in ("add_bos_token", "remove_extra_whitespaces"):
        expect(name, False, value(reader, "tokenizer.ggml." + name))
    expect("add_space_prefix", True, value(reader, "tokenizer.ggml.add_space_prefix"))
    texts = value(reader, "tokenizer.ggml.tokens")
    kinds = value(reader, "tokenizer.ggml.token_type")
    expect("scores", len(texts), len(value(reader, "tokenizer.ggml.scores")))
    expect("token types", len(texts), len(kinds))
    expect("a user-defined piece", 4, kinds[texts.index("<|separator|>")])
    expect("the unknown piece", 2, kinds[value(reader, "tokenizer.ggml.unknown_token_id")])
    return len(texts)


def check(grok1, source, folder):
    model = json.loads(run(grok1, "inspect", "-m", source, "--json"))
    name = pathlib.Path(source).name
    readers = {}
    for kind in ("f32", "q8_0"):
        path = str(folder / f"{name}-{kind}.gguf")
        run(grok1, "convert", "-m", source, "-o", path, "--type", kind)
        readers[kind] = GGUFReader(path)
        check_keys(readers[kind], model)
        found = {tensor.name: tuple(int(n) for n in tensor.shape) for tensor in readers[kind].tensors}
        expect(f"{name}: tensors", shapes(model), found)
    exact = {tensor.name: tensor.data for tensor in readers["f32"].tensors}
    blocks, sizes = 0, {}
    for tensor in readers["q8_0"].tensors:
        sizes[tensor.tensor_type] = sizes.get(tensor.tensor_type, 0) + int(tensor.n_bytes)
        if tensor.tensor_type != GGMLQuantizationType.Q8_0 or tensor.name == "token_embd.weight":
            continue  # the embedding is F32 in the source: its blocks are encoded anew
        numbers = quants.dequantize(tensor.data, tensor.tensor_type)
        expect(tensor.name + ": all numbers alike", True, bool(np.array_equal(numbers, exact[tensor.name])))
        blocks += tensor.n_elements // 32
    sizes.pop(GGMLQuantizationType.F32)
    most = max(sizes, key=sizes.get)
    expect("file type", {GGMLQuantizationType.Q8_0: 7, GGMLQuantizationType.F16: 1}[most], value(readers["q8_0"], "general.file_type"))
    pieces = check_vocabulary(readers["q8_0"], grok1, source)
    print(f"{name}: {len(exact)} tensors, {blocks} blocks alike, {pieces} pieces")


def main():
    grok1, golden = sys.argv[1], pathlib.Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        for name in ("tiny", "odd", "gqa6", "two-groups", "demo-model"):
            check(grok1, str(golden / name), pathlib.Path(folder))


main()
