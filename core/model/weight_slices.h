// Which part of a tensor a member holds, in the words of the backend interface: from a tensor of a file and a division
// to a grok1_weight_desc.
#pragma once

#include <optional>

#include "core/formats/tensor_source.h"
#include "core/model/division.h"
#include "grok1_backend.h"

namespace grok1 {

bool is_expert(TensorRole role);

// The whole tensor.
grok1_weight_desc describe_tensor(const Tensor& tensor);

// The part that a member of a division holds; nothing if it holds none.
std::optional<grok1_weight_desc> slice_of(const Tensor& tensor, const Config& config, const Division& division,
                                          uint32_t member);

// What the slice has in the file, weights and scales.
uint64_t slice_bytes(const grok1_weight_desc& desc);

}  // namespace grok1
