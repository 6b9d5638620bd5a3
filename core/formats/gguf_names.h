// What the tensors of a Grok-1 GGUF file are called, in all the ways in which converters have named them, and the shape
// that each must have. Knows nothing of files. The names: docs/formats/gguf.md.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "core/formats/config.h"
#include "core/formats/tensor_source.h"

namespace grok1 {

struct GgufName {
  enum class Kind : uint8_t {
    kTensor,   // a tensor of the model, whole
    kExpert,   // one expert of kGate, kUp or kDown: files of March 2024
    kGateUp,   // kGate and kUp in one, the gate first in each expert
    kIgnored,  // what can be computed: rope_freqs.weight
    kGrok2,    // the dense feed-forward network that Grok-1 has not
    kUnknown,
  };
  Kind kind = Kind::kUnknown;
  TensorRole role = TensorRole::kEmbedding;  // kGate for kGateUp
  uint32_t layer = 0;
  uint32_t expert = 0;  // of kExpert
};

GgufName read_gguf_name(std::string_view name);

// The name that today's converters give: blk.3.ffn_gate_exps.weight.
std::string gguf_name(TensorRole role, uint32_t layer);

struct GgufShape {
  uint32_t rank = 0;
  std::array<uint64_t, 4> ne{1, 1, 1, 1};  // innermost first
  bool operator==(const GgufShape&) const = default;
};
GgufShape gguf_shape(const GgufName& name, const Config& config);

}  // namespace grok1
