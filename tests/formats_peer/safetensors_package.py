"""The safetensors package against the library: each reads what the other side writes, and what the package refuses the
library refuses.

    safetensors_package.py GROK1 WRITE_HF_MODEL CASE

GROK1 is the grok1 command, WRITE_HF_MODEL the tests' own writer (tests/checkpoints), CASE a golden case.
"""
import json
import pathlib
import random
import struct
import subprocess
import sys
import tempfile

import numpy
import safetensors

BAD_FILE = 3  # the command's exit code
TYPES = {"F32": "float32", "BF16": "bfloat16", "F16": "float16"}
grok1, write_hf_model, case = sys.argv[1:]


def logits(model, work):
    tokens = json.loads((pathlib.Path(case) / "case.json").read_text())["tokens"]
    (work / "tokens").write_text(" ".join(map(str, tokens)))
    subprocess.run([grok1, "logits", "-m", str(model), "--device", "cpu", "--tokens-file", str(work / "tokens"), "--all",
                    "-o", str(work / "logits")], check=True, stdout=subprocess.DEVNULL)
    return (work / "logits").read_bytes()


def write(folder, naming, layout, dtype):
    subprocess.run([write_hf_model, case, str(folder), naming, layout, dtype], check=True)
    return folder


def as_package_reads(folder):
    """Names, types, shapes and bytes of all files of a folder; whole tensors only."""
    tensors = {}
    for file in sorted(folder.glob("*.safetensors")):
        for name, tensor in safetensors.deserialize(file.read_bytes()):
            assert name not in tensors, name
            tensors[name] = (tensor["dtype"], tuple(tensor["shape"]), bytes(tensor["data"]))
    return tensors


def check_package_reads_ours(work):
    n = 0
    for dtype in ("F32", "BF16", "F16"):
        for naming in ("keyfan", "hpcai", "sglang"):
            single = as_package_reads(write(work / f"{naming}-single-{dtype}", naming, "single", dtype))
            several = as_package_reads(write(work / f"{naming}-indexed-{dtype}", naming, "indexed", dtype))
            assert single == several and all(tensor[0] == dtype for tensor in single.values())
            index = json.loads((work / f"{naming}-indexed-{dtype}/model.safetensors.index.json").read_text())
            assert sorted(index["weight_map"]) == sorted(single)
            n += len(single)
    print(f"the package reads {n} tensors of the test writer")


def rewrite(source, target, n_files, dtype):
    """The model once more, written by the package: in its own order, with metadata and, of several files, an index."""
    target.mkdir()
    (target / "config.json").write_bytes((source / "config.json").read_bytes())
    tensors = as_package_reads(source)
    names = sorted(tensors)
    random.Random(n_files).shuffle(names)
    weight_map = {}
    for i in range(n_files):
        file = f"model-{i + 1:05}-of-{n_files:05}.safetensors"
        weight_map |= {name: file for name in names[i::n_files]}
        # TensorSpec keeps addresses, so the arrays must live until the file is written. numpy has no bfloat16.
        arrays = {name: numpy.frombuffer(tensors[name][2], numpy.uint8) for name in names[i::n_files]}
        spec = {name: safetensors.TensorSpec(dtype=TYPES[dtype], shape=list(tensors[name][1]),
                                             data_ptr=array.ctypes.data, data_len=array.nbytes)
                for name, array in arrays.items()}
        safetensors.serialize_file(spec, str(target / file), metadata={"format": "pt"})
    if n_files > 1:
        index = {"metadata": {"total_size": sum(len(t[2]) for t in tensors.values())}, "weight_map": weight_map}
        (target / "model.safetensors.index.json").write_text(json.dumps(index, indent=2))


def check_we_read_the_packages(work):
    for dtype in ("F32", "BF16", "F16"):
        ours = work / f"hpcai-single-{dtype}"
        wanted = logits(ours, work)
        for n_files in (1, 3):
            theirs = work / f"package-{n_files}-{dtype}"
            rewrite(ours, theirs, n_files, dtype)
            assert logits(theirs, work) == wanted, f"other logits of {dtype} in {n_files} files"
    print("the library computes the same logits from files of the package, F32, BF16 and F16, one and three files")


def damaged(data):
    """Files that are wrong in one place."""
    length, = struct.unpack("<Q", data[:8])
    header, payload = json.loads(data[8:8 + length]), data[8 + length:]
    first, second = [name for name in header if name != "__metadata__"][:2]

    def changed(name, key, value):
        other = json.loads(json.dumps(header))
        other[name][key] = value
        text = json.dumps(other).encode()
        return struct.pack("<Q", len(text)) + text + payload

    begin, end = header[first]["data_offsets"]
    for size in (0, 1, 7, 8, 9, length // 2, 8 + length - 1, 8 + length, len(data) - 1):
        yield f"cut to {size}", data[:size]
    yield "a byte more", data + b"\0"
    yield "a length beyond the file", struct.pack("<Q", len(data)) + data[8:]
    yield "a length of 2^63", struct.pack("<Q", 2**63) + data[8:]
    yield "no JSON", data[:8] + b"x" + data[9:]
    yield "offsets turned round", changed(first, "data_offsets", [end, begin])
    yield "an overlap", changed(second, "data_offsets", header[first]["data_offsets"])
    yield "a hole", changed(first, "data_offsets", [begin + 4, end + 4])
    yield "a type that is none", changed(first, "dtype", "F31")
    yield "a shape too large", changed(first, "shape", [2**33, 2**33])
    yield "a shape that does not fit", changed(first, "shape", [1])
    yield "a negative size", changed(first, "shape", [-1])


def package_refuses(data):
    try:
        safetensors.deserialize(data)
        return False
    except safetensors.SafetensorError:
        return True


def check_refusals(work):
    model = work / "hpcai-single-BF16"
    file = model / "model.safetensors"
    right = file.read_bytes()
    kinds = 0
    for kind, data in damaged(right):
        assert package_refuses(data), f"the package takes {kind}"
        file.write_bytes(data)
        run = subprocess.run([grok1, "inspect", "-m", str(model)], capture_output=True, text=True)
        assert run.returncode == BAD_FILE and "at byte" in run.stderr, f"{kind}: {run.returncode} {run.stderr}"
        kinds += 1
    file.write_bytes(right)
    print(f"{kinds} kinds of bad files that the package refuses are refused")


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    check_package_reads_ours(folder)
    check_we_read_the_packages(folder)
    check_refusals(folder)
