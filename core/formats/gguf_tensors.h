// From the tensors that GGUF headers list to those of the model: each stored tensor is sorted to its place by its name,
// experts that lie singly become one tensor of several parts, gate and up that lie together become two. What is
// missing, too much, twice or of another shape is named.
#pragma once

#include <vector>

#include "core/formats/config.h"
#include "core/formats/gguf_header.h"
#include "core/formats/tensor_source.h"

namespace grok1 {

// In the order of the files. Throws GROK1_E_BAD_FILE, GROK1_E_UNSUPPORTED (Grok-2; encodings that differ among the
// experts of a layer; norms or a router in a quantised encoding). With `faults` bad tensors are left out, and what is
// missing is told only if the headers are complete.
std::vector<Tensor> collect_gguf_tensors(const std::vector<GgufHeader>& headers, const Config& config,
                                         const Faults* faults = nullptr, bool complete = true);

// The first stored tensor of that name. NULL without.
const GgufTensor* find_gguf_tensor(const std::vector<GgufHeader>& headers, std::string_view name);

}  // namespace grok1
