// The layout of xAI's release: a folder ckpt-0 of pickled tensors, config.json and tokenizer.model beside it. Without a
// config.json Grok-1's numbers hold. Opening maps every file and reads and checks its header, no payload.
// The format: docs/formats/ckpt-0.md.
#pragma once

#include <memory>
#include <string>

#include "core/formats/tensor_source.h"

namespace grok1 {

// Whether a ckpt-0 lies at the path, as open_xai_checkpoint takes it.
bool has_xai_checkpoint(const std::string& path);

// path: the folder that contains ckpt-0, or ckpt-0 itself. With `faults` a missing or bad file leaves its tensor out.
std::unique_ptr<TensorSource> open_xai_checkpoint(const std::string& path, const Faults* faults = nullptr);

}  // namespace grok1
