"""Files of this library in llama.cpp, and its quantisers beside ours: see run.sh.

usage: compare.py GROK1 DEMO_MODEL TEXT FOLDER PROGRAMS
"""
import ctypes
import json
import os
import re
import statistics
import subprocess
import sys
import time

import gguf
import llama_cpp
import numpy as np

GROK1, DEMO, TEXT, FOLDER, PROGRAMS = sys.argv[1:]
PROMPT = b"It is a truth universally acknowledged, that a single man in possession of"
GREEDY = 32  # tokens
CHUNK, CHUNKS = "512", "5"  # of the calibration text, tokens and how many
MARGIN = 1e-2  # of the two best logits, below which a difference does not count

# Ours, and the peer's file type and tensor type of the same name.
ENCODINGS = {
    "q8_0": ("LLAMA_FTYPE_MOSTLY_Q8_0", 8),
    "q6_k": ("LLAMA_FTYPE_MOSTLY_Q6_K", 14),
    "q5_k": ("LLAMA_FTYPE_MOSTLY_Q5_K_S", 13),
    "q4_k": ("LLAMA_FTYPE_MOSTLY_Q4_K_S", 12),
    "q4_0": ("LLAMA_FTYPE_MOSTLY_Q4_0", 2),
    "iq4_xs": ("LLAMA_FTYPE_MOSTLY_IQ4_XS", 23),
    "q3_k": ("LLAMA_FTYPE_MOSTLY_Q3_K_S", 11),
    "q2_k": ("LLAMA_FTYPE_MOSTLY_Q2_K", 10),
}


def path(name):
    return os.path.join(FOLDER, name)


def grok1(*arguments):
    return subprocess.run([GROK1, *arguments], check=True, capture_output=True).stdout


def peer_program(name, *arguments):
    subprocess.run([os.path.join(PROGRAMS, name), *arguments], check=True, capture_output=True)


def convert(source, target, encoding, *more):
    grok1("convert", "-m", source, "-o", target, "--type", encoding, "--override", f"token_embd.weight={encoding}",
          "--overwrite", "--no-resume", *more)


def peer_quantise(source, target, encoding):
    file_type, tensor_type = ENCODINGS[encoding]
    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = getattr(llama_cpp, file_type)
    parameters.pure = True
    parameters.token_embedding_type = tensor_type
    parameters.output_tensor_type = tensor_type
    status = llama_cpp.llama_model_quantize(source.encode(), target.encode(), ctypes.byref(parameters))
    if status != 0:
        raise SystemExit(f"the peer's quantiser: {status}")


def our_logits(model, ids):
    with open(path("ids.txt"), "w") as file:
        file.write(" ".join(map(str, ids)))
    grok1("logits", "-m", model, "--tokens-file", path("ids.txt"), "--all", "-o", path("logits.f32"), "--cache-type", "f32")
    return np.fromfile(path("logits.f32"), dtype=np.float32).reshape(len(ids), -1)


def compare_greedy(model):
    """The peer continues the prompt; at each place our most likely token must be its own."""
    peer = llama_cpp.Llama(model, n_ctx=256, logits_all=True, verbose=False)
    ids = peer.tokenize(PROMPT, add_bos=False, special=False)
    ours = list(map(int, grok1("tokenize", "-m", DEMO, "-p", PROMPT.decode()).split()))
    print(f"the prompt's ids: {'the same' if ids == ours else f'{ids}, ours {ours}'}")
    prompt = len(ours)
    peer.reset()
    peer.eval(ours)
    ids = list(ours)
    for _ in range(GREEDY):
        token = int(np.argmax(peer.scores[len(ids) - 1]))
        ids.append(token)
        peer.eval([token])
    logits = our_logits(model, ids)
    theirs = np.array(peer.scores[: len(ids)])
    print(f"largest difference of logits: {np.abs(logits - theirs).max():.3g} of {np.abs(theirs).max():.3g}")
    for i in range(prompt - 1, len(ids) - 1):
        best = int(np.argmax(logits[i]))
        two = np.sort(theirs[i])[-2:]
        if best != ids[i + 1] and two[1] - two[0] >= MARGIN:
            raise SystemExit(f"token {i + 1 - prompt}: ours {best}, the peer's {ids[i + 1]}, {two[1] - two[0]:.3g} apart")
    print(f"{GREEDY} greedy tokens: the same: {peer.detokenize(ids).decode()!r}")
    return ids == ours


def weights(file):
    return {t.name: gguf.quants.dequantize(t.data, t.tensor_type).astype(np.float64)
            for t in gguf.GGUFReader(file).tensors}


def types(file):
    return {t.name: t.tensor_type for t in gguf.GGUFReader(file).tensors}


def rms(exact, file, quantised):
    found = weights(file)
    errors = sum(((found[name] - exact[name]) ** 2).sum() for name in quantised)
    return np.sqrt(errors / sum((exact[name] ** 2).sum() for name in quantised))


def predictions(file, base):
    report = json.loads(grok1("perplexity", "-m", file, "--tokenizer", os.path.join(DEMO, "tokenizer.model"), "-f", TEXT,
                              "--base", base, "--cache-type", "f32", "--json"))
    return report["perplexity"], report["kl_divergence"]


def compare_quantisers(base):
    exact = weights(base)
    print("| encoding | rms error, ours | llama.cpp's | ratio | perplexity, ours | llama.cpp's | ratio | KL divergence, ours | llama.cpp's |")
    print("|---|---|---|---|---|---|---|---|---|")
    for encoding in ENCODINGS:
        ours, theirs = path(f"ours-{encoding}.gguf"), path(f"theirs-{encoding}.gguf")
        convert(DEMO, ours, encoding)
        peer_quantise(base, theirs, encoding)
        type_of = types(theirs)
        if type_of != types(ours):
            differing = {name: (type_of.get(name), found) for name, found in types(ours).items() if type_of.get(name) != found}
            print(f"{encoding}: types differ: {differing}")
        quantised = [name for name, found in type_of.items() if found == types(ours)[name] and found > 1]
        a, b = rms(exact, ours, quantised), rms(exact, theirs, quantised)
        p, q = predictions(ours, base), predictions(theirs, base)
        print(f"| {encoding} | {a:.5f} | {b:.5f} | {a / b:.3f} | {p[0]:.3f} | {q[0]:.3f} | {p[0] / q[0]:.4f} | {p[1]:.3g} | {q[1]:.3g} |",
              flush=True)


def compare_imatrices(base, ours, theirs):
    """Both of the same chunks of a text; ours is in double and has the output matrix, theirs the router. The text has
    neither newlines nor digits: behind these pieces of their own llama.cpp puts a space that SentencePiece does not."""
    text = path("calibration.txt")
    with open(os.path.join(DEMO, "sample.txt")) as sample, open(text, "w") as calibration:
        calibration.write(re.sub("[\\s0-9]+", " ", sample.read()))
    grok1("imatrix", "-m", base, "-f", text, "-o", ours, "-c", CHUNK, "--chunks", CHUNKS, "--cache-type", "f32")
    peer_program("llama-imatrix", "-m", base, "-f", text, "-o", theirs, "-c", CHUNK, "--chunks", CHUNKS, "--no-ppl",
                 "-ctk", "f32", "-ctv", "f32")
    a, b = ({t.name: t.data.astype(np.float64) for t in gguf.GGUFReader(file).tensors} for file in (ours, theirs))
    print(f"only ours: {sorted(a.keys() - b.keys())}; only theirs: {sorted(b.keys() - a.keys())}")
    counts = [name for name in a.keys() & b.keys() if name.endswith(".counts")]
    differing = [name for name in counts if not np.array_equal(a[name].ravel(), b[name].ravel())]
    print(f"{len(counts)} counts, {len(differing)} of them differ {differing[:5] or ''}")
    worst = {}
    for name in counts:
        sums = name.replace(".counts", ".in_sum2")
        means = [x[sums].reshape(x[name].size, -1) / np.maximum(x[name].reshape(-1, 1), 1) for x in (a, b)]
        worst[sums] = np.abs(means[0] - means[1]).max() / means[1].max()
    name = max(worst, key=worst.get)
    print(f"means of squares: they differ by at most {worst[name]:.3g} of the largest of a matrix ({name})")


def compare_with_importance(base, ours, theirs):
    """Each quantiser by the other's importance matrix."""
    print("| encoding | perplexity, ours by their imatrix | llama.cpp's by our imatrix | ratio | KL divergence, ours | llama.cpp's |")
    print("|---|---|---|---|---|---|")
    for encoding, (file_type, tensor_type) in ENCODINGS.items():
        a, b = path(f"ours-by-theirs-{encoding}.gguf"), path(f"theirs-by-ours-{encoding}.gguf")
        convert(base, a, encoding, "--imatrix", theirs)
        name = file_type.removeprefix("LLAMA_FTYPE_MOSTLY_")
        tensor = gguf.GGMLQuantizationType(tensor_type).name
        peer_program("llama-quantize", "--imatrix", ours, "--pure", "--token-embedding-type", tensor, base, b, name)
        p, q = predictions(a, base), predictions(b, base)
        print(f"| {encoding} | {p[0]:.3f} | {q[0]:.3f} | {p[0] / q[0]:.4f} | {p[1]:.3g} | {q[1]:.3g} |", flush=True)


def seconds_of(work):
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def compare_speed(base):
    """Whole runs of both programs with all processors, in turn, medians of five."""
    print("| encoding | seconds, ours | llama.cpp's | ratio |")
    print("|---|---|---|---|")
    target = path("timed.gguf")
    for encoding, (file_type, _) in ENCODINGS.items():
        name = file_type.removeprefix("LLAMA_FTYPE_MOSTLY_")
        runs = [(seconds_of(lambda: convert(base, target, encoding)),
                 seconds_of(lambda: peer_program("llama-quantize", "--pure", base, target, name, str(os.cpu_count()))))
                for _ in range(5)]
        ours, theirs = (statistics.median(times) for times in zip(*runs))
        print(f"| {encoding} | {ours:.3f} | {theirs:.3f} | {ours / theirs:.2f} |", flush=True)


os.makedirs(FOLDER, exist_ok=True)
BASE = path("f32.gguf")
convert(DEMO, BASE, "f32")
compare_greedy(BASE)
compare_quantisers(BASE)
OURS, THEIRS = path("imatrix-ours.gguf"), path("imatrix-theirs.gguf")
compare_imatrices(BASE, OURS, THEIRS)
compare_with_importance(BASE, OURS, THEIRS)
compare_speed(BASE)
