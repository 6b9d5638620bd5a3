// What a model's tensors take when they are converted to an encoding, by their shapes alone.
#pragma once

#include "core/formats/tensor_source.h"

namespace grok1 {

// Those that matrices can be converted to, from the most bits per weight to the fewest.
const std::vector<uint32_t>& convertible_encodings();

// Bytes of all tensors as a conversion to that type writes them.
uint64_t bytes_encoded(const TensorSource& source, uint32_t encoding);

// Weights of all tensors; scales are none.
uint64_t count_weights(const TensorSource& source);

}  // namespace grok1
