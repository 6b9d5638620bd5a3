// Which tensor lies in which file of a ckpt-0 folder: the order in which JAX flattens the release's parameters, where
// layers follow each other as strings do (0, 1, 10, 11, ..., 2, 20, ...). Knows nothing about what is in the files.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "core/formats/config.h"
#include "core/formats/tensor_source.h"

namespace grok1 {

struct XaiName {
  TensorRole role;
  uint32_t layer;     // 0 for the embedding and the final norm
  std::string name;   // as in the release: transformer/decoder_layer_42/moe/linear/w
  std::string title;  // for people: moe/linear of layer 42
};

// In file order; the index is the file's number.
std::vector<XaiName> xai_names(uint32_t layers);

// tensor00042_000
std::string xai_file_name(size_t index);
// True for tensor, five digits, underscore, three digits.
bool is_xai_file_name(const std::string& name);

struct XaiShape {
  uint32_t rank = 0;
  std::array<uint64_t, 4> shape{};
};
XaiShape xai_shape(TensorRole role, const Config& config);

// True for the matrices that the release stores as int8 with scales.
bool is_xai_quantized(TensorRole role);

}  // namespace grok1
