// Grok-1 as safetensors of a Hugging Face repository: a folder, or one file, with a config.json beside. Names, shapes
// and places of all tensors are checked before it returns; of the numbers only an output head's are read, to see
// whether it is the embedding. The format: docs/formats/safetensors.md.
#pragma once

#include <memory>
#include <string>

#include "core/formats/tensor_source.h"

namespace grok1 {

// Of a path for which is_hf_checkpoint() (hf_files.h) is true. Throws GROK1_E_NOT_FOUND, GROK1_E_IO, GROK1_E_BAD_FILE,
// GROK1_E_UNSUPPORTED. With `faults` a missing or bad file leaves its tensors out, and a bad tensor itself.
std::unique_ptr<TensorSource> open_hf_checkpoint(const std::string& path, const Faults* faults = nullptr);

}  // namespace grok1
