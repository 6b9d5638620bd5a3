// The order of the arrays is that of JAX, which sorts names as strings: "linear" before "linear_1" before "linear_v",
// and layer 10 before layer 2.
#include "synth_tensors.h"

#include <cmath>

namespace cli {
namespace {

// Inputs of rms 1 give outputs of rms 1.
SynthTensor linear(std::vector<uint64_t> shape, uint64_t groups) {
  const auto inputs = static_cast<double>(shape[shape.size() - 2]);
  std::vector<uint64_t> scales = shape;
  scales[scales.size() - 2] = groups;
  return {
      {ElementType::kInt8, std::move(shape)}, {ElementType::kBfloat16, std::move(scales)}, 0, 1 / std::sqrt(inputs)};
}

SynthTensor plain(std::vector<uint64_t> shape, double mean, double deviation) {
  return {{ElementType::kFloat32, std::move(shape)}, {ElementType::kFloat32, {}}, mean, deviation};
}

// A post-norm adds a vector of rms 1, so that h grows like the square root of twice the layers.
SynthTensor norm(uint64_t width) {
  return plain({width}, 1, 0.1);
}

void add_layer(std::vector<SynthTensor>& out, const ModelSizes& s) {
  const uint64_t query = uint64_t{s.heads} * s.head_dim;
  const uint64_t key = uint64_t{s.kv_heads} * s.head_dim;
  out.push_back(linear({s.experts, s.d_model, s.ffn}, 1));               // moe/linear: gate
  out.push_back(linear({s.experts, s.ffn, s.d_model}, s.scale_groups));  // moe/linear_1: down
  out.push_back(linear({s.experts, s.d_model, s.ffn}, 1));               // moe/linear_v: up
  out.push_back(linear({s.d_model, key}, 1));                            // multi_head_attention/key
  out.push_back(linear({query, s.d_model}, s.scale_groups));             // multi_head_attention/linear: out
  out.push_back(linear({s.d_model, query}, 1));                          // multi_head_attention/query
  out.push_back(linear({s.d_model, key}, 1));                            // multi_head_attention/value
  for (int i = 0; i < 4; ++i) out.push_back(norm(s.d_model));            // rms_norm, _1, _2, _3
  // Router logits with a deviation of 1.5: the best expert has about 0.4, and every expert is chosen.
  out.push_back(plain({s.d_model, s.experts}, 0, 1.5 / std::sqrt(s.d_model)));
}

}  // namespace

std::vector<SynthTensor> synth_tensors(const ModelSizes& sizes) {
  std::vector<SynthTensor> out;
  out.push_back(plain({sizes.vocab, sizes.d_model}, 0, 1 / kEmbeddingMultiplier));  // h begins with rms 1
  // With this final norm, logits have a deviation of 1.44 (2.5 times the output multiplier) at any width.
  const double final_norm = 2.5 * kEmbeddingMultiplier / std::sqrt(sizes.d_model);
  out.push_back(plain({sizes.d_model}, final_norm, 0.1 * final_norm));
  // All layers are alike here, so that their order in the files (0, 1, 10, 11, ...) needs no more than their count.
  for (uint32_t i = 0; i < sizes.layers; ++i) add_layer(out, sizes);
  return out;
}

}  // namespace cli
