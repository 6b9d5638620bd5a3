#include "core/runtime/wishes.h"

#include <gtest/gtest.h>

#include "core/base/failure.h"

namespace grok1 {
namespace {

Wishes read(const char* tensor_split, int32_t gpu_layers = 0, int32_t cpu_experts_layers = 0, uint32_t split = 0) {
  grok1_model_options options = GROK1_INIT(grok1_model_options);
  options.tensor_split = tensor_split;
  options.gpu_layers = gpu_layers;
  options.cpu_experts_layers = cpu_experts_layers;
  options.split = split;
  return read_wishes(options);
}

TEST(Wishes, NothingIsWished) {
  const Wishes wishes = read(nullptr);
  EXPECT_FALSE(wishes.gpu_layers.has_value());
  EXPECT_FALSE(wishes.cpu_experts_layers.has_value());
  EXPECT_TRUE(wishes.tensor_split.empty());
  EXPECT_TRUE(read("").tensor_split.empty());
  EXPECT_EQ(wishes.split, uint32_t{GROK1_SPLIT_LAYER});
}

TEST(Wishes, NoneIsNotTheSameAsNothing) {
  EXPECT_EQ(read(nullptr, GROK1_NO_LAYERS).gpu_layers, 0u);
  EXPECT_EQ(read(nullptr, 0, GROK1_NO_LAYERS).cpu_experts_layers, 0u);
  EXPECT_EQ(read(nullptr, 7).gpu_layers, 7u);
}

TEST(Wishes, Proportions) {
  EXPECT_EQ(read("3,1").tensor_split, (std::vector<double>{3, 1}));
  EXPECT_EQ(read("0.5,2e1,7").tensor_split, (std::vector<double>{0.5, 20, 7}));
}

TEST(Wishes, WhatIsNoProportion) {
  for (const char* text : {",", "1,", ",1", "1,,1", "0,1", "-1,1", "1;1", "a", "1 ,1", "inf,1", "nan,1", "1x"}) {
    EXPECT_THROW(read(text), Failure) << text;
  }
}

TEST(Wishes, NumbersOutOfRange) {
  EXPECT_THROW(read(nullptr, -2), Failure);
  EXPECT_THROW(read(nullptr, 0, -2), Failure);
  EXPECT_THROW(read(nullptr, 0, 0, GROK1_SPLIT_FFN + 1), Failure);
}

TEST(Wishes, ACpuIsWantedForARest) {
  Config config;
  config.layers = 4;
  EXPECT_FALSE(want_cpu(read(nullptr), config));
  EXPECT_FALSE(want_cpu(read(nullptr, 5), config));
  EXPECT_TRUE(want_cpu(read(nullptr, 4), config));  // the head is the fifth
  EXPECT_TRUE(want_cpu(read(nullptr, GROK1_NO_LAYERS), config));
  EXPECT_TRUE(want_cpu(read(nullptr, 0, 1), config));
  EXPECT_FALSE(want_cpu(read(nullptr, 0, GROK1_NO_LAYERS), config));
}

}  // namespace
}  // namespace grok1
