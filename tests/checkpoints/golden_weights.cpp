#include "tests/checkpoints/golden_weights.h"

#include <bit>
#include <cstring>

#include "grok1.h"

namespace checkpoints {
namespace {

using grok1::StoredArray;
using grok1::Tensor;
using grok1::TensorRole;

// Of a ckpt-0's arrays: f32, bf16 or int8.
float number_at(const StoredArray& array, uint64_t index) {
  const std::byte* data = array.contiguous();
  if (array.encoding == GROK1_ENCODING_I8) return static_cast<float>(static_cast<int8_t>(data[index]));
  if (array.encoding == GROK1_ENCODING_BF16) {
    uint16_t bits;
    std::memcpy(&bits, data + 2 * index, sizeof bits);
    return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
  }
  float value;
  std::memcpy(&value, data + 4 * index, sizeof value);
  return value;
}

// w[k][n] of one expert.
float weight_at(const Tensor& tensor, uint64_t expert, uint64_t k, uint64_t n) {
  const uint64_t size_k = tensor.values.outer(), size_n = tensor.values.inner();
  const float value = number_at(tensor.values, (expert * size_k + k) * size_n + n);
  if (tensor.scale_groups() == 0) return value;
  const uint64_t groups = tensor.scale_groups(), group = k / (size_k / groups);
  return value * number_at(tensor.scales, (expert * groups + group) * size_n + n);
}

Weight linear(const Tensor& tensor, uint32_t expert) {
  const uint64_t size_k = tensor.values.outer(), size_n = tensor.values.inner();
  Weight weight{tensor.role, tensor.layer, expert, {size_n, size_k}, {}};
  weight.values.reserve(size_n * size_k);
  for (uint64_t n = 0; n < size_n; ++n) {
    for (uint64_t k = 0; k < size_k; ++k) weight.values.push_back(weight_at(tensor, expert, k, n));
  }
  return weight;
}

// The embedding and the norms, which lie as torch has them.
Weight as_it_is(const Tensor& tensor) {
  Weight weight{tensor.role, tensor.layer, 0, {tensor.values.outer()}, {}};
  if (tensor.values.rank == 2) weight.shape.push_back(tensor.values.inner());
  const uint64_t count = tensor.values.outer() * tensor.values.inner();
  for (uint64_t i = 0; i < count; ++i) weight.values.push_back(number_at(tensor.values, i));
  return weight;
}

}  // namespace

std::vector<Weight> golden_weights(const std::string& case_folder) {
  const auto source = grok1::open_model(case_folder);
  std::vector<Weight> weights;
  for (const Tensor& tensor : source->tensors()) {
    if (tensor.values.rank == 1 || tensor.role == TensorRole::kEmbedding) {
      weights.push_back(as_it_is(tensor));
      continue;
    }
    for (uint32_t expert = 0; expert < tensor.values.experts(); ++expert) weights.push_back(linear(tensor, expert));
  }
  return weights;
}

}  // namespace checkpoints
