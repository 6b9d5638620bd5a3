// The weights of a golden case as plain numbers in torch's order, every expert by itself: what a writer of another
// format starts from. Reads ckpt-0 with the library's own reader, which tests/unit/formats and the golden tests check.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/formats/tensor_source.h"

namespace checkpoints {

struct Weight {
  grok1::TensorRole role;
  uint32_t layer = 0, expert = 0;
  std::vector<uint64_t> shape;  // [n] or [outer, inner]; linear weights [N out, K in]
  std::vector<float> values;    // int8 times scale is exact in float32
};

std::vector<Weight> golden_weights(const std::string& case_folder);

}  // namespace checkpoints
