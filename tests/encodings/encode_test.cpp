// Encoders: bounds that follow from the formats, order of errors, and inputs at the edge of what f16 holds.
// compare_errors_with_gguf.py measures them against another encoder.
#include "encodings/encode/encode.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace grok1::encodings {
namespace {

const Id kAll[] = {Id::kQ8_0, Id::kQ4_0, Id::kQ4_1, Id::kQ5_0, Id::kQ5_1,   Id::kQ2_K,
                   Id::kQ3_K, Id::kQ4_K, Id::kQ5_K, Id::kQ6_K, Id::kIQ4_NL, Id::kIQ4_XS};

std::string name_of(Id id) {
  std::string name;
  with_encoding(id, [&](auto encoding) { name = encoding.kName; });
  return name;
}

std::vector<float> random_weights(size_t count, uint32_t seed, float deviation = 0.02f) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, deviation);
  std::vector<float> weights(count);
  for (float& weight : weights) weight = normal(random);
  return weights;
}

std::vector<float> there_and_back(Id id, const std::vector<float>& x, const float* importance = nullptr) {
  std::vector<float> back(x.size(), NAN);
  with_encoding(id, [&](auto encoding) {
    std::vector<uint8_t> blocks(x.size() / encoding.kBlock * encoding.kBytes);
    EXPECT_TRUE(encode(id, x.data(), importance, x.size() / encoding.kBlock, blocks.data()));
    EXPECT_TRUE(decode(id, blocks.data(), x.size() / encoding.kBlock, back.data()));
  });
  return back;
}

double error(const std::vector<float>& x, const std::vector<float>& y, const std::vector<float>& importance = {}) {
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i)
    sum += (importance.empty() ? 1 : importance[i]) * std::pow(double(x[i]) - double(y[i]), 2);
  return sum;
}

double relative_error(const std::vector<float>& x, const std::vector<float>& y) {
  return std::sqrt(error(x, y) / error(x, std::vector<float>(x.size(), 0.0f)));
}

class Encode : public testing::TestWithParam<Id> {};
INSTANTIATE_TEST_SUITE_P(All, Encode, testing::ValuesIn(kAll),
                         [](const testing::TestParamInfo<Id>& id) { return name_of(id.param); });

// Relative rms errors of ggml's own quantisers (ggml-quants.c as in llama-cpp-python 0.3.16) on 64 rows of 2048 normal
// weights: without importance, and with importance that is 0.01 + the square of a normal number for each column.
struct Yardstick {
  Id id;
  double plain, weighted;
};
const Yardstick kGgml[] = {
    {Id::kQ8_0, 0.0053625, 0.0053661}, {Id::kQ4_0, 0.0863278, 0.0761064},   {Id::kQ4_1, 0.0784692, 0.0614058},
    {Id::kQ5_0, 0.0426979, 0.0378211}, {Id::kQ5_1, 0.0378765, 0.0300106},   {Id::kQ2_K, 0.2969124, 0.2225803},
    {Id::kQ3_K, 0.1509466, 0.1300131}, {Id::kQ4_K, 0.0714378, 0.0624685},   {Id::kQ5_K, 0.0362574, 0.0322640},
    {Id::kQ6_K, 0.0178174, 0.0157388}, {Id::kIQ4_NL, 0.0760697, 0.0687257}, {Id::kIQ4_XS, 0.0766893, 0.0695213}};

// 1.005: these are other weights of the same kind.
TEST_P(Encode, ErrorNotAboveGgml) {
  const std::vector<float> x = random_weights(64 * 2048, 1);
  std::vector<float> importance = random_weights(2048, 3, 1);
  for (float& w : importance) w = w * w + 0.01f;
  for (size_t i = 2048; i < x.size(); ++i) importance.push_back(importance[i - 2048]);
  const std::vector<float> zeros(x.size(), 0.0f);
  const std::vector<float> weighted = there_and_back(GetParam(), x, importance.data());
  for (const Yardstick& ggml : kGgml) {
    if (ggml.id != GetParam()) continue;
    EXPECT_LT(relative_error(x, there_and_back(GetParam(), x)), 1.005 * ggml.plain);
    EXPECT_LT(std::sqrt(error(x, weighted, importance) / error(x, zeros, importance)), 1.005 * ggml.weighted);
  }
}

// Groups without importance cost the others nothing, but come back nearly as well as with importance for all.
TEST_P(Encode, GroupsWithoutImportance) {
  const std::vector<float> x = random_weights(256 * 16, 11);
  std::vector<float> importance(x.size(), 1.0f), without, found, wanted;
  for (size_t i = 0; i < x.size(); ++i) {
    if (i / 32 % 2 == 1) importance[i] = 0;
  }
  const std::vector<float> back = there_and_back(GetParam(), x, importance.data()),
                           plain = there_and_back(GetParam(), x);
  for (size_t i = 0; i < x.size(); ++i) {
    if (importance[i] == 0) without.push_back(x[i]), found.push_back(back[i]), wanted.push_back(plain[i]);
  }
  EXPECT_LT(relative_error(without, found), 1.05 * relative_error(without, wanted));
}

TEST_P(Encode, ImportanceLowersTheWeightedError) {
  const std::vector<float> x = random_weights(256 * 64, 2);
  std::vector<float> importance = random_weights(x.size(), 3, 1);
  for (float& w : importance) w *= w;
  const double plain = error(x, there_and_back(GetParam(), x), importance);
  const double weighted = error(x, there_and_back(GetParam(), x, importance.data()), importance);
  EXPECT_LT(weighted, 0.95 * plain);
}

TEST_P(Encode, ScaleOfImportanceDoesNotMatter) {
  const std::vector<float> x = random_weights(256 * 4, 4);
  std::vector<float> importance = random_weights(x.size(), 5, 1);
  for (float& w : importance) w *= w;
  const std::vector<float> once = there_and_back(GetParam(), x, importance.data());
  for (const float factor : {0x1p-90f, 0x1p90f}) {
    std::vector<float> scaled = importance;
    for (float& w : scaled) w *= factor;
    EXPECT_EQ(once, there_and_back(GetParam(), x, scaled.data()));
  }
  const std::vector<float> none(x.size(), 0.0f), ones(x.size(), 1.0f);
  EXPECT_EQ(there_and_back(GetParam(), x, ones.data()), there_and_back(GetParam(), x, none.data()));
}

TEST_P(Encode, Zeros) {
  const std::vector<float> zeros(512, 0.0f);
  EXPECT_EQ(there_and_back(GetParam(), zeros), zeros);
  const std::vector<float> ones(512, 1.0f);
  EXPECT_EQ(there_and_back(GetParam(), zeros, ones.data()), zeros);
}

// Powers of two move through: only d changes, as long as it is a normal f16.
TEST_P(Encode, PowersOfTwoPassThrough) {
  std::vector<float> x = random_weights(256 * 4, 6, 1);
  const std::vector<float> once = there_and_back(GetParam(), x);
  for (float& weight : x) weight *= 0x1p4f;
  std::vector<float> scaled = there_and_back(GetParam(), x);
  for (float& weight : scaled) weight *= 0x1p-4f;
  EXPECT_EQ(once, scaled);
}

// Every size of weight that a float has: what comes back is finite, and never worse than zeros.
TEST_P(Encode, AnySize) {
  for (int exponent = -149; exponent <= 127; ++exponent) {
    std::vector<float> x = random_weights(256, uint32_t(exponent + 1000), 0.2f);
    for (float& weight : x) weight = std::ldexp(std::clamp(weight, -0.99f, 0.99f), exponent);
    const std::vector<float> back = there_and_back(GetParam(), x);
    for (const float value : back) ASSERT_TRUE(std::isfinite(value)) << exponent;
    EXPECT_LE(relative_error(x, back), 1) << exponent;
    EXPECT_LT(relative_error(x, back), exponent >= -10 && exponent <= 15 ? 0.3 : 2) << exponent;
    EXPECT_TRUE(exponent >= -26 || back == std::vector<float>(256, 0.0f)) << exponent;
  }
}

// One weight a thousand times all others: it comes back within f16's rounding of d (2^-11). The others come back as
// zeros; in IQ4, which has no zero, as the value nearest to it; with a minimum, those of the same group as the
// difference of two products that are rounded so.
TEST_P(Encode, OneHugeWeight) {
  const bool has_zero = GetParam() != Id::kIQ4_NL && GetParam() != Id::kIQ4_XS;
  const Id lines[] = {Id::kQ4_1, Id::kQ5_1, Id::kQ2_K, Id::kQ4_K, Id::kQ5_K};
  const bool has_minimum = std::find(std::begin(lines), std::end(lines), GetParam()) != std::end(lines);
  for (const float huge : {30.0f, -30.0f}) {
    for (size_t at = 0; at < 256; at += 37) {
      std::vector<float> x = random_weights(256, uint32_t(at), 0.01f);
      double bound = std::pow(huge * 0x1p-11, 2);
      for (size_t i = 0; i < 256; ++i) {
        const double off = !has_zero ? 30.0 / 113 : has_minimum && i / 32 == at / 32 ? 30 * 0x1p-10 : 0;
        bound += std::pow(std::fabs(x[i]) + off, 2);
      }
      x[at] = huge;
      EXPECT_LE(error(x, there_and_back(GetParam(), x)), bound) << at;
    }
  }
}

TEST_P(Encode, EqualWeights) {
  for (const float value : {1.0f, -1.0f}) {
    const std::vector<float> x(256, value);
    EXPECT_LT(relative_error(x, there_and_back(GetParam(), x)), 1e-3);  // f16 has 11 bits, and d takes one rounding
  }
}

// Q8_0 and Q4_0 by the book: no weight is further off than half a step, by the block's own scale, unless it was cut
// off.
void expect_half_steps(Id id, float lowest, float highest) {
  const std::vector<float> x = random_weights(32 * 1000, 7);
  for (size_t block = 0; block < x.size(); block += 32) {
    const std::vector<float> weights(x.begin() + ptrdiff_t(block), x.begin() + ptrdiff_t(block) + 32);
    uint8_t bytes[34];
    ASSERT_TRUE(encode(id, weights.data(), nullptr, 1, bytes));
    float back[32];
    decode(id, bytes, 1, back);
    const float d = load_half(bytes);
    for (size_t i = 0; i < 32; ++i) {
      const float nearest = std::clamp(weights[i] / d, lowest, highest) * d;
      EXPECT_LE(std::fabs(back[i] - nearest), 0.5001f * std::fabs(d)) << name_of(id);  // .0001: of the division
    }
  }
}

TEST(EncodeBounds, HalfAStep) {
  expect_half_steps(Id::kQ8_0, -127.4f, 127.4f);
  expect_half_steps(Id::kQ4_0, -8, 7);
}

TEST(EncodeBounds, Q8_0CutsNothingOff) {
  const std::vector<float> x = random_weights(32 * 1000, 8);
  const std::vector<float> back = there_and_back(Id::kQ8_0, x);
  for (size_t block = 0; block < x.size(); block += 32) {
    float largest = 0;
    for (size_t i = 0; i < 32; ++i) largest = std::max(largest, std::fabs(x[block + i]));
    // Half a step of largest / 127, which f16 may round up by 2^-11, and 127 such roundings for the largest weight.
    const float bound = largest / 127 * (0.5f + 127 * 0x1p-11f);
    for (size_t i = 0; i < 32; ++i) EXPECT_LE(std::fabs(back[block + i] - x[block + i]), bound);
  }
}

TEST(EncodeBounds, OnceMoreChangesNothing) {
  for (const Id id : {Id::kQ8_0, Id::kQ4_0}) {
    const std::vector<float> once = there_and_back(id, random_weights(32 * 4000, 9));
    EXPECT_EQ(once, there_and_back(id, once)) << name_of(id);
  }
}

// Nothing near a block's digits matters but the block: any two orders of work give the same bytes.
TEST(EncodeBounds, BlocksAreIndependent) {
  const std::vector<float> x = random_weights(512, 10);
  const std::vector<float> second(x.begin() + 256, x.end());
  for (const Id id : kAll) {
    const std::vector<float> both = there_and_back(id, x), alone = there_and_back(id, second);
    EXPECT_TRUE(std::equal(alone.begin(), alone.end(), both.begin() + 256)) << name_of(id);
  }
}

// A weight that decoding cannot reach is cut to the largest that it can.
TEST(EncodeBounds, TooLargeForHalf) {
  std::vector<float> x(32, 0.0f);
  x[3] = 3e38f, x[4] = -3e38f;
  const std::vector<float> back = there_and_back(Id::kQ8_0, x);
  EXPECT_EQ(back[3], 127 * 65504.0f);
  EXPECT_EQ(back[4], -127 * 65504.0f);
}

TEST(EncodeBounds, WhatHasNoEncoder) {
  float x[256] = {};
  uint8_t block[256] = {1};
  for (const Id id : {Id::kF32, Id::kIQ3_S, Id::kIQ2_XXS, Id(0), Id(99)}) {
    EXPECT_FALSE(can_encode(id));
    EXPECT_FALSE(encode(id, x, nullptr, 1, block));
  }
  for (const Id id : kAll) EXPECT_TRUE(can_encode(id)) << name_of(id);
  EXPECT_EQ(block[0], 1);
}

}  // namespace
}  // namespace grok1::encodings
