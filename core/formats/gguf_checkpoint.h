// Grok-1 as GGUF: one file, the shards of gguf-split, or a file that was cut into pieces. Opening reads the headers and
// checks names, shapes and sizes; of the numbers only the head's are looked at, to see whether they are the
// embedding's. The format: docs/formats/gguf.md.
#pragma once

#include <memory>
#include <string>

#include "core/formats/tensor_source.h"

namespace grok1 {

// path: as find_gguf_files takes it. With `faults` a missing or bad shard leaves its tensors out, and a bad tensor
// itself; without a first shard there are none.
std::unique_ptr<TensorSource> open_gguf_checkpoint(const std::string& path, const Faults* faults = nullptr);

}  // namespace grok1
