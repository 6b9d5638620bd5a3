// Logits -> token. A pure function of the options, the number of draws so far, the logits and the recent tokens; knows
// no session and no model. The chain is described at grok1_sampler_options.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "grok1.h"

namespace grok1 {

class Sampler {
 public:
  // Throws GROK1_E_INVALID_ARGUMENT for values that mean nothing: negative, NaN, infinite.
  explicit Sampler(const grok1_sampler_options& options);

  // recent: tokens so far, newest last. never: ids that must not be drawn at a temperature above 0.
  // Throws GROK1_E_INVALID_ARGUMENT when there is no number among the logits.
  int32_t sample(std::span<const float> logits, std::span<const int32_t> recent, std::span<const int32_t> never = {});

  bool is_greedy() const { return options_.temperature == 0.0f; }

 private:
  struct Candidate {
    double logit;
    int32_t id;
  };
  void collect(std::span<const float> logits, std::span<const int32_t> recent, std::span<const int32_t> never);
  size_t keep_best();
  double uniform();  // in [0, 1)

  grok1_sampler_options options_;
  uint64_t n_draws_ = 0;
  std::vector<Candidate> candidates_;
  std::vector<int32_t> window_;
};

// logits[i] - log(sum(exp(logits))), summed in double.
void log_probabilities(std::span<const float> logits, float* out);

}  // namespace grok1
