// A checkpoint's own numbers, read where grok1_model_tensor says that they lie, and what one token by itself gives to
// the matrices of layer 0: plain loops in double, another calculation than the library's.
#pragma once

#include <string>
#include <vector>

#include "tests/golden/engine.h"

namespace imatrix_test {

// A tensor as numbers: int8 with scales, bf16 or f32.
struct Numbers {
  std::vector<uint64_t> shape;
  std::vector<double> values;
};
Numbers read_tensor(const golden::Engine& engine, const std::string& name);

// scale * v / sqrt(mean(v^2) + eps)
std::vector<double> norm(const std::vector<double>& v, const Numbers& scale, double eps);

// What layer 0 multiplies for a token at position 0, which attends to itself alone.
struct LayerInputs {
  std::vector<double> qkv, o, gate_up;
  std::vector<std::vector<double>> down;  // of each expert, whether the token chose it or not
};
LayerInputs inputs_of_layer_0(const golden::Engine& engine, int32_t token);

}  // namespace imatrix_test
