#include "core/sampling/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/failure.h"

namespace grok1 {
namespace {

constexpr uint32_t kDefaultWindow = 64;  // tokens; documented at repetition_window

// SplitMix64 (Steele, Lea, Flood 2014) as a counter-based generator: the n-th output of the stream `seed`.
uint64_t split_mix(uint64_t seed, uint64_t n) {
  uint64_t z = seed + (n + 1) * 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

void require(bool good, const char* name, double value, const char* wanted) {
  if (!good) fail(GROK1_E_INVALID_ARGUMENT, "grok1_sampler_options.{}: {} wanted, found {}", name, wanted, value);
}

}  // namespace

Sampler::Sampler(const grok1_sampler_options& options) : options_(options) {
  const auto finite = [](float value) { return std::isfinite(value) && value >= 0.0f; };
  require(finite(options.temperature), "temperature", options.temperature, "a number >= 0");
  require(finite(options.top_p), "top_p", options.top_p, "a number >= 0");
  require(finite(options.min_p) && options.min_p <= 1.0f, "min_p", options.min_p, "a number in 0 .. 1");
  require(finite(options.repetition_penalty), "repetition_penalty", options.repetition_penalty, "a number >= 0");
  if (options_.repetition_penalty == 0.0f) options_.repetition_penalty = 1.0f;
  if (options_.repetition_window == 0) options_.repetition_window = kDefaultWindow;
  if (options_.top_p == 0.0f || options_.top_p > 1.0f) options_.top_p = 1.0f;
}

double Sampler::uniform() {
  return static_cast<double>(split_mix(options_.seed, n_draws_++) >> 11) * 0x1p-53;
}

// Fills candidates_ with penalised logits, the best one first.
void Sampler::collect(std::span<const float> logits, std::span<const int32_t> recent, std::span<const int32_t> never) {
  window_.clear();
  if (options_.repetition_penalty != 1.0f) {
    window_.assign(recent.end() - static_cast<ptrdiff_t>(std::min<size_t>(recent.size(), options_.repetition_window)),
                   recent.end());
    std::sort(window_.begin(), window_.end());
  }
  candidates_.clear();
  size_t best = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    const auto id = static_cast<int32_t>(i);
    double logit = logits[i];
    if (std::isnan(logit)) continue;
    if (!is_greedy() && std::find(never.begin(), never.end(), id) != never.end()) continue;
    if (!window_.empty() && std::binary_search(window_.begin(), window_.end(), id)) {
      const double penalty = options_.repetition_penalty;
      logit = logit > 0 ? logit / penalty : logit * penalty;
    }
    candidates_.push_back({logit, id});
    if (logit > candidates_[best].logit) best = candidates_.size() - 1;
  }
  if (candidates_.empty()) {
    fail(GROK1_E_INVALID_ARGUMENT, "sampling wants at least one number among {} logits, found NaN everywhere",
         logits.size());
  }
  // The best moves to the front and the one it displaced keeps its place in line: ids stay ascending behind it.
  std::rotate(candidates_.begin(), candidates_.begin() + static_cast<ptrdiff_t>(best),
              candidates_.begin() + static_cast<ptrdiff_t>(best) + 1);
}

// Orders candidates_ as far as the chain needs and returns how many of them it keeps; logits become probabilities of
// the kept ones, not normalised.
size_t Sampler::keep_best() {
  const auto better = [](const Candidate& a, const Candidate& b) {
    return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
  };
  size_t kept = candidates_.size();
  if (options_.top_k > 0 && options_.top_k < kept) {
    kept = options_.top_k;
    std::partial_sort(candidates_.begin(), candidates_.begin() + static_cast<ptrdiff_t>(kept), candidates_.end(),
                      better);
  } else if (options_.top_p < 1.0f) {
    std::sort(candidates_.begin(), candidates_.end(), better);
  }
  const double largest = candidates_[0].logit;
  double sum = 0;
  for (size_t i = 0; i < kept; ++i) {
    candidates_[i].logit = std::exp((candidates_[i].logit - largest) / options_.temperature);
    sum += candidates_[i].logit;
  }
  if (options_.top_p < 1.0f) {
    double reached = 0;
    size_t n = 0;
    while (n < kept && reached < options_.top_p * sum) reached += candidates_[n++].logit;
    kept = std::max<size_t>(n, 1);
  }
  if (options_.min_p > 0.0f) {  // the largest probability is exp(0) = 1
    const auto end = std::remove_if(candidates_.begin(), candidates_.begin() + static_cast<ptrdiff_t>(kept),
                                    [&](const Candidate& c) { return c.logit < options_.min_p; });
    kept = static_cast<size_t>(end - candidates_.begin());
  }
  return kept;
}

int32_t Sampler::sample(std::span<const float> logits, std::span<const int32_t> recent,
                        std::span<const int32_t> never) {
  collect(logits, recent, never);
  const double largest = candidates_[0].logit;
  if (is_greedy() || !std::isfinite(largest)) return candidates_[0].id;
  const size_t kept = keep_best();
  double sum = 0;
  for (size_t i = 0; i < kept; ++i) sum += candidates_[i].logit;
  double left = uniform() * sum;
  for (size_t i = 0; i < kept; ++i) {
    left -= candidates_[i].logit;
    if (left < 0) return candidates_[i].id;
  }
  return candidates_[0].id;  // rounding used up the sum
}

void log_probabilities(std::span<const float> logits, float* out) {
  double largest = -std::numeric_limits<double>::infinity();
  for (const float logit : logits) largest = std::max<double>(largest, logit);
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit - largest);
  const double norm = largest + std::log(sum);
  for (size_t i = 0; i < logits.size(); ++i) out[i] = static_cast<float>(logits[i] - norm);
}

}  // namespace grok1
