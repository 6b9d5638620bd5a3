// A golden case as it lies on disk (tests/golden/README.md): a small checkpoint and what xAI's own code computes from
// it. Reads and measures; it knows nothing of the library.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace golden {

struct Case {
  std::string name;
  std::string path;  // a model for grok1_model_load
  std::vector<int32_t> tokens;
  size_t prompt = 0;
  double bf16_rms = 0;           // rms difference of xAI's bf16 logits to the float64 ones: the unit of all comparisons
  double logit_std = 0;          // deviation of the float64 logits
  std::vector<float> logits;     // [tokens, vocab_size]
  std::vector<float> hidden;     // [layers + 1, tokens, d_model]
  std::vector<int32_t> experts;  // [layers, tokens, experts_used], best first
  std::vector<float> gates;      // [layers, tokens, experts_used]
};

Case read_case(const std::string& folder);

// Folders of the tree's six cases and of those in the folder that the environment variable GROK1_GOLDEN_EXTRA names.
std::vector<std::string> case_folders();

double rms(std::span<const float> values);
double rms_difference(std::span<const float> a, std::span<const float> b);

}  // namespace golden
