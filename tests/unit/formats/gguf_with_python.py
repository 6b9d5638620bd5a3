#!/usr/bin/env python3
# Package gguf and this library read each other's files: gguf_with_python.py GROK1 WRITE_GGUF
#
# A model that gguf.GGUFWriter wrote must open in `grok1 inspect` with the numbers and tensors that went into it; the
# files that the tests write must open in gguf.GGUFReader.
import json
import pathlib
import subprocess
import sys
import tempfile

import gguf
import numpy as np

D, HEADS, KV_HEADS, FFN, EXPERTS, VOCAB, LAYERS = 256, 4, 2, 256, 4, 64, 2
HEAD = D // HEADS
F32, F16, Q8_0, Q6_K = (gguf.GGMLQuantizationType[name] for name in ("F32", "F16", "Q8_0", "Q6_K"))


def tensors(single_experts):
    """Name, shape as NumPy has it (outermost first) and encoding of each."""
    yield "token_embd.weight", (VOCAB, D), Q8_0
    yield "output_norm.weight", (D,), F32
    yield "output.weight", (VOCAB, D), Q6_K
    for layer in range(LAYERS):
        front = f"blk.{layer}."
        for norm in ("attn_norm", "attn_output_norm", "ffn_norm", "layer_output_norm"):
            yield f"{front}{norm}.weight", (D,), F32
        yield front + "attn_q.weight", (HEADS * HEAD, D), Q8_0
        yield front + "attn_k.weight", (KV_HEADS * HEAD, D), Q8_0
        yield front + "attn_v.weight", (KV_HEADS * HEAD, D), F16
        yield front + "attn_output.weight", (D, HEADS * HEAD), Q8_0
        yield front + "ffn_gate_inp.weight", (EXPERTS, D), F32
        for name, shape in (("gate", (FFN, D)), ("up", (FFN, D)), ("down", (D, FFN))):
            if not single_experts:
                yield f"{front}ffn_{name}_exps.weight", (EXPERTS, *shape), Q8_0
                continue
            for expert in range(EXPERTS):
                yield f"{front}ffn_{name}.{expert}.weight", shape, Q8_0


def data_of(shape, encoding, random):
    if encoding in (F32, F16):
        return random.standard_normal(shape).astype(np.float32 if encoding == F32 else np.float16)
    block, size = gguf.GGML_QUANT_SIZES[encoding]
    return random.integers(0, 64, (*shape[:-1], shape[-1] // block * size), dtype=np.uint8)


def write(path, single_experts):
    random = np.random.default_rng(1)
    writer = gguf.GGUFWriter(path, "grok")
    writer.add_block_count(LAYERS)
    writer.add_context_length(512)
    writer.add_embedding_length(D)
    writer.add_feed_forward_length(FFN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_rope_dimension_count(HEAD)
    writer.add_expert_count(EXPERTS)
    writer.add_expert_used_count(2)
    writer.add_attn_logit_softcapping(30.0)
    writer.add_router_logit_softcapping(30.0)
    writer.add_logit_scale(0.5773502691896257)
    writer.add_embedding_scale(78.38367176906169)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(["[PAD]", "[BOS]", "[EOS]", "[UNK]"] + [f"p{i}" for i in range(VOCAB - 4)])
    writer.add_token_scores([-float(i) for i in range(VOCAB)])
    kind = gguf.TokenType
    writer.add_token_types([kind.CONTROL] * 3 + [kind.UNKNOWN] + [kind.NORMAL] * (VOCAB - 4))
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(0)
    writer.add_unk_token_id(3)
    for name, shape, encoding in tensors(single_experts):
        writer.add_tensor(name, data_of(shape, encoding, random), raw_dtype=encoding)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def expect(what, found, wanted):
    if found != wanted:
        sys.exit(f"{what}: {wanted} wanted, found {found}")


def inspect(grok1, path):
    run = subprocess.run([grok1, "inspect", "--json", "--model", path], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        sys.exit(f"grok1 inspect {path}: exit status {run.returncode}\n{run.stderr}")
    found = json.loads(run.stdout)
    wanted = {
        "format": "GGUF", "layers": LAYERS, "d_model": D, "heads": HEADS, "kv_heads": KV_HEADS, "head_dim": HEAD,
        "ffn": FFN, "experts": EXPERTS, "experts_used": 2, "vocab_size": VOCAB, "context": 512,
        "embedding_multiplier": 78.38367176906169, "output_multiplier": 0.5773502691896257,
        "attention_multiplier": 0.08838834764831845, "pad_id": 0, "bos_id": 1, "eos_id": 2, "has_tokenizer": True,
    }  # fmt: skip
    for key, value in wanted.items():
        expect(f"{path}: {key}", found[key], value)
    listed = {tensor["name"]: tensor for tensor in found["tensors"]}
    stored = {tensor.name: tensor for tensor in gguf.GGUFReader(path).tensors}
    for name, shape, encoding in tensors(False):
        tensor = listed.pop(name)
        first = name if name in stored else name.replace("_exps", ".0")
        expect(f"{path}: shape of {name}", tensor["shape"], list(shape))
        expect(f"{path}: encoding of {name}", tensor["encoding"], encoding.name.lower())
        expect(f"{path}: offset of {name}", tensor["offset"], int(stored[first].data_offset))
    expect(f"{path}: tensors besides", list(listed), [])


def read_back(folder, write_gguf):
    subprocess.run([write_gguf, folder], check=True)
    open_file = lambda name: gguf.GGUFReader(pathlib.Path(folder) / name)
    counts = {"small": 14, "merged": 26, "single": 26 + 2 * 3 * 7, "m-00001-of-00002": 7, "m-00002-of-00002": 7}
    for name, count in counts.items():
        expect(f"{name}: tensors", len(open_file(name + ".gguf").tensors), count)
    merged, single = open_file("merged.gguf"), open_file("single.gguf")
    expect("architecture", merged.fields["general.architecture"].contents(), "grok")
    expect("pieces", len(merged.fields["tokenizer.ggml.tokens"].contents()),
           len(merged.fields["tokenizer.ggml.scores"].contents()))  # fmt: skip
    gate = next(tensor for tensor in merged.tensors if tensor.name == "blk.1.ffn_gate_exps.weight")
    expect("shape of the gate", [int(n) for n in gate.shape], [64, 344, 8])
    apart = {tensor.name: tensor.data for tensor in single.tensors}
    for expert in range(8):
        if not np.array_equal(gate.data[expert], apart[f"blk.1.ffn_gate.{expert}.weight"]):
            sys.exit(f"expert {expert} of the gate differs between merged.gguf and single.gguf")


def main():
    grok1, write_gguf = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        for single_experts in (False, True):
            path = f"{folder}/single_{single_experts}.gguf"
            write(path, single_experts)
            inspect(grok1, path)
        read_back(folder, write_gguf)


main()
