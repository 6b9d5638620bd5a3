// Writes safetensors files, and models of Grok-1 in them as the Hugging Face repositories have them. Shares nothing
// with the reader: names and layouts are written down here once more, from docs/formats/safetensors.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/checkpoints/golden_weights.h"

namespace checkpoints {

struct StoredTensor {
  std::string name;
  std::string dtype;  // "F32", "BF16", "F16"
  std::vector<uint64_t> shape;
  std::string bytes;
};

// In the order given, the header padded to a multiple of 8.
void write_safetensors(const std::string& path, const std::vector<StoredTensor>& tensors);

enum class Naming { kKeyfan, kHpcai, kSglang };
enum class Layout {
  kSingle,    // model.safetensors
  kIndexed,   // three files and an index
  kNumbered,  // three files without
  kSharded,   // SGLang: two ranks and a common file
};

struct HfOptions {
  Naming naming = Naming::kHpcai;
  Layout layout = Layout::kSingle;
  std::string dtype = "F32";
  bool with_head = false;  // lm_head.weight: the embedding once more
};

std::string hf_tensor_name(Naming naming, const Weight& weight);
StoredTensor stored(const std::string& name, const std::string& dtype, const Weight& weight);

// A folder with config.json and the weights. `case_folder` is a golden case, `folder` is made.
void write_hf_model(const std::string& case_folder, const std::string& folder, const HfOptions& options);

}  // namespace checkpoints
