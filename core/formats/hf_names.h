// How the tensors of Grok-1 are called in Hugging Face repositories: three sets of names, told apart by the embedding's
// name and a layer's. Linear weights are stored [N out, K in] in all of them, each expert's matrix by itself. Knows
// nothing about files. The names: docs/formats/safetensors.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/formats/tensor_source.h"

namespace grok1 {

enum class HfNaming : uint8_t { kKeyfan, kHpcai, kSglang };  // after who published them first

struct HfName {
  TensorRole role;
  uint32_t layer = 0;   // 0 for the embedding, the final norm and the head
  uint32_t expert = 0;  // 0 but for kGate, kUp and kDown
  auto operator<=>(const HfName&) const = default;
};

// For people: "keyfan/grok-1-hf".
const char* hf_naming_title(HfNaming naming);

// Nothing for what is no tensor of Grok-1 under these names. Numbers are as the file gives them, of any size.
std::optional<HfName> parse_hf_name(HfNaming naming, std::string_view name);

std::string hf_name(HfNaming naming, const HfName& name);

// The one set to which both the embedding's name and one of a layer's belong; nothing where there is none.
class HfNamingFinder {
 public:
  void see(std::string_view name);
  std::optional<HfNaming> naming() const;

 private:
  bool has_embedding_[3] = {}, has_layer_[3] = {};
};

// Tables that a module keeps beside its weights and that follow from the model's numbers: no weights.
bool is_hf_buffer(std::string_view name);

// Whether the role is an expert's matrix, stored by itself.
bool is_hf_expert(TensorRole role);

}  // namespace grok1
