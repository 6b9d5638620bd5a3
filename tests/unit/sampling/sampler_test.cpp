// The sampling chain, step by step, on logits small enough to reason about by hand.
#include "core/sampling/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

#include "core/base/failure.h"

namespace grok1 {
namespace {

grok1_sampler_options options(float temperature) {
  grok1_sampler_options o = GROK1_INIT(grok1_sampler_options);
  o.temperature = temperature;
  return o;
}

// How often each id is drawn.
std::map<int32_t, int> draw(const grok1_sampler_options& o, const std::vector<float>& logits, int n,
                            const std::vector<int32_t>& recent = {}, const std::vector<int32_t>& never = {}) {
  Sampler sampler(o);
  std::map<int32_t, int> counts;
  for (int i = 0; i < n; ++i) ++counts[sampler.sample(logits, recent, never)];
  return counts;
}

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

TEST(Sampler, GreedyTakesTheLargestAndTheLowerIdOfATie) {
  Sampler greedy(options(0));
  EXPECT_EQ(greedy.sample(std::vector<float>{1, 5, 3, 5}, {}), 1);
  EXPECT_EQ(greedy.sample(std::vector<float>{kNan, -kInf, -2}, {}), 2);
  EXPECT_EQ(greedy.sample(std::vector<float>{0, kInf, kInf}, {}), 1);
}

TEST(Sampler, NanEverywhereIsAnError) {
  Sampler greedy(options(0));
  EXPECT_THROW(greedy.sample(std::vector<float>{kNan, kNan}, {}), Failure);
  EXPECT_THROW(greedy.sample({}, {}), Failure);
}

// Probabilities 0.1, 0.2, 0.3, 0.4; 4 sigma of a count of 40000 draws is at most 4 * sqrt(40000 / 4) = 400.
TEST(Sampler, DrawsInProportion) {
  const std::vector<float> logits{std::log(0.1f), std::log(0.2f), std::log(0.3f), std::log(0.4f)};
  const auto counts = draw(options(1), logits, 40000);
  for (int id = 0; id < 4; ++id) EXPECT_NEAR(counts.at(id), 4000 * (id + 1), 400) << id;
}

TEST(Sampler, TemperatureSharpens) {  // p^2: 1 : 4 of logits 0 and log 2 at temperature 1/2
  const auto counts = draw(options(0.5f), {0.0f, std::log(2.0f)}, 40000);
  EXPECT_NEAR(counts.at(1), 32000, 400);
}

TEST(Sampler, TopK) {
  auto o = options(1);
  o.top_k = 2;
  const auto counts = draw(o, {0, 3, 1, 3, 2}, 2000);
  EXPECT_EQ(counts.size(), 2u);
  EXPECT_TRUE(counts.contains(1) && counts.contains(3));
  o.top_k = 1;
  EXPECT_EQ(draw(o, {0, 3, 1, 3}, 100).begin()->first, 1);  // of a tie the lower id
}

TEST(Sampler, TopP) {  // 0.5, 0.3, 0.15, 0.05: 0.5 + 0.3 reach 0.75, not 0.81
  const std::vector<float> logits{std::log(0.05f), std::log(0.5f), std::log(0.15f), std::log(0.3f)};
  auto o = options(1);
  o.top_p = 0.75f;
  EXPECT_EQ(draw(o, logits, 3000).size(), 2u);
  o.top_p = 0.81f;
  EXPECT_EQ(draw(o, logits, 3000).size(), 3u);
  o.top_p = 1e-6f;  // never fewer than one
  EXPECT_EQ(draw(o, logits, 100).size(), 1u);
}

TEST(Sampler, MinP) {  // relative to the best, 0.5: 0.15 is 0.3 of it
  const std::vector<float> logits{std::log(0.05f), std::log(0.5f), std::log(0.15f), std::log(0.3f)};
  auto o = options(1);
  o.min_p = 0.25f;
  EXPECT_EQ(draw(o, logits, 3000).size(), 3u);
  o.min_p = 0.35f;
  EXPECT_EQ(draw(o, logits, 3000).size(), 2u);
}

TEST(Sampler, RepetitionPenaltyDividesPositiveAndMultipliesNegative) {
  auto o = options(0);
  o.repetition_penalty = 2;
  Sampler sampler(o);
  EXPECT_EQ(sampler.sample(std::vector<float>{3, 2}, std::vector<int32_t>{0}), 1);       // 1.5 < 2
  EXPECT_EQ(sampler.sample(std::vector<float>{-1, -1.5f}, std::vector<int32_t>{0}), 1);  // -2 < -1.5
  o.repetition_window = 1;
  Sampler shortsighted(o);
  EXPECT_EQ(shortsighted.sample(std::vector<float>{3, 2}, std::vector<int32_t>{0, 1}), 0);  // only the newest counts
}

TEST(Sampler, NeverIsNotDrawnUnlessGreedy) {
  EXPECT_FALSE(draw(options(1), {5, 1, 1}, 500, {}, {0}).contains(0));
  EXPECT_EQ(draw(options(0), {5, 1, 1}, 1, {}, {0}).begin()->first, 0);
}

TEST(Sampler, SameSeedSameTokens) {
  const std::vector<float> logits(50, 0.0f);
  const auto sequence = [&](uint64_t seed) {
    auto o = options(1);
    o.seed = seed;
    Sampler sampler(o);
    std::vector<int32_t> ids;
    for (int i = 0; i < 32; ++i) ids.push_back(sampler.sample(logits, {}));
    return ids;
  };
  EXPECT_EQ(sequence(7), sequence(7));
  EXPECT_NE(sequence(7), sequence(8));
  EXPECT_NE(sequence(0), sequence(1));
}

TEST(Sampler, RefusesWhatMeansNothing) {
  for (const float bad : {-1.0f, kNan, kInf}) {
    EXPECT_THROW(Sampler{options(bad)}, Failure) << bad;
    for (float grok1_sampler_options::*field :
         {&grok1_sampler_options::top_p, &grok1_sampler_options::min_p, &grok1_sampler_options::repetition_penalty}) {
      auto o = options(1);
      o.*field = bad;
      EXPECT_THROW(Sampler{o}, Failure) << bad;
    }
  }
}

TEST(LogProbabilities, AreNormalised) {
  const std::vector<float> logits{1000, 1001, 999, -kInf};
  std::vector<float> out(4);
  log_probabilities(logits, out.data());
  double sum = 0;
  for (const float p : out) sum += std::exp(p);
  EXPECT_NEAR(sum, 1.0, 1e-6);
  EXPECT_NEAR(out[1] - out[0], 1.0, 1e-6);
  EXPECT_EQ(out[3], -kInf);
}

}  // namespace
}  // namespace grok1
