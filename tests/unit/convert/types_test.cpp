// Which encoding a tensor gets: names, patterns, the embedding's share, rows that are no whole blocks.
#include "core/convert/types.h"

#include <gtest/gtest.h>

#include "core/base/encoding.h"
#include "core/base/failure.h"

namespace grok1 {
namespace {

Tensor tensor_of(TensorRole role, uint32_t encoding = GROK1_ENCODING_F32) {
  Tensor tensor;
  tensor.role = role;
  tensor.values.encoding = encoding;
  return tensor;
}

TEST(TypePattern, IsAShellsWithTwoWords) {
  EXPECT_TRUE(matches_pattern("*", ""));
  EXPECT_TRUE(matches_pattern("blk.*.attn_?.weight", "blk.12.attn_q.weight"));
  EXPECT_TRUE(matches_pattern("*exps*", "blk.0.ffn_gate_exps.weight"));
  EXPECT_TRUE(matches_pattern("a*b*c", "axbxbxc"));
  EXPECT_TRUE(matches_pattern("output.weight", "output.weight"));
  EXPECT_FALSE(matches_pattern("output", "output.weight"));
  EXPECT_FALSE(matches_pattern("blk.?.attn_q.weight", "blk.12.attn_q.weight"));
  EXPECT_FALSE(matches_pattern("a*b*c", "axbxbxd"));
  EXPECT_FALSE(matches_pattern("", "a"));
  EXPECT_FALSE(matches_pattern("a?", "a"));
}

TEST(TypeNames, AreThoseOfEncodingsInAnyCase) {
  EXPECT_EQ(encoding_of_name("q4_k"), GROK1_ENCODING_Q4_K);
  EXPECT_EQ(encoding_of_name("IQ4_XS"), GROK1_ENCODING_IQ4_XS);
  EXPECT_EQ(encoding_of_name("q4_k_m"), GROK1_ENCODING_NONE);
  EXPECT_EQ(encoding_of_name(""), GROK1_ENCODING_NONE);
}

TEST(TypeChoiceTest, FollowsTheSourceUnlessTold) {
  const TypeChoice exact(nullptr, nullptr);
  EXPECT_EQ(exact.choose(tensor_of(TensorRole::kGate, GROK1_ENCODING_I8), "x", 64).encoding, GROK1_ENCODING_Q8_0);
  EXPECT_EQ(exact.choose(tensor_of(TensorRole::kGate, GROK1_ENCODING_BF16), "x", 64).encoding, GROK1_ENCODING_BF16);
  EXPECT_EQ(exact.choose(tensor_of(TensorRole::kFinalNorm, GROK1_ENCODING_BF16), "x", 64).encoding, GROK1_ENCODING_F32);
}

TEST(TypeChoiceTest, NormsAndRouterStayF32WhateverIsAsked) {
  const TypeChoice all("q4_k", "*=q2_k");
  for (const TensorRole role :
       {TensorRole::kFinalNorm, TensorRole::kPreAttentionNorm, TensorRole::kPostMoeNorm, TensorRole::kRouter})
    EXPECT_EQ(all.choose(tensor_of(role), "x", 256).encoding, GROK1_ENCODING_F32);
  EXPECT_EQ(all.choose(tensor_of(TensorRole::kDown), "x", 256).encoding, GROK1_ENCODING_Q2_K);
}

TEST(TypeChoiceTest, EmbeddingAndHeadAreQ6KAtLeast) {
  for (const auto& [type, wanted] : {std::pair{"q4_k", GROK1_ENCODING_Q6_K},
                                     {"q6_k", GROK1_ENCODING_Q6_K},
                                     {"iq4_xs", GROK1_ENCODING_Q6_K},
                                     {"q8_0", GROK1_ENCODING_Q8_0},
                                     {"bf16", GROK1_ENCODING_BF16}}) {
    const TypeChoice choice(type, nullptr);
    EXPECT_EQ(choice.choose(tensor_of(TensorRole::kEmbedding), "x", 256).encoding, uint32_t(wanted)) << type;
    EXPECT_EQ(choice.choose(tensor_of(TensorRole::kHead), "x", 256).encoding, uint32_t(wanted)) << type;
  }
  const TypeChoice told("q4_k", "token_embd*=q4_k");
  EXPECT_EQ(told.choose(tensor_of(TensorRole::kEmbedding), "token_embd.weight", 256).encoding, GROK1_ENCODING_Q4_K);
}

TEST(TypeChoiceTest, TheFirstPatternThatMatchesDecides) {
  const TypeChoice choice("q8_0", "blk.0.*=f16,*attn*=q5_0");
  EXPECT_EQ(choice.choose(tensor_of(TensorRole::kQuery), "blk.0.attn_q.weight", 256).encoding, GROK1_ENCODING_F16);
  EXPECT_EQ(choice.choose(tensor_of(TensorRole::kQuery), "blk.1.attn_q.weight", 256).encoding, GROK1_ENCODING_Q5_0);
  EXPECT_EQ(choice.choose(tensor_of(TensorRole::kUp), "blk.1.ffn_up_exps.weight", 256).encoding, GROK1_ENCODING_Q8_0);
}

TEST(TypeChoiceTest, RowsThatAreNoWholeBlocksGiveWay) {
  const TypeChoice choice("q4_k", nullptr);
  const Tensor tensor = tensor_of(TensorRole::kUp);
  EXPECT_EQ(choice.choose(tensor, "x", 512).encoding, GROK1_ENCODING_Q4_K);
  EXPECT_EQ(choice.choose(tensor, "x", 96).encoding, GROK1_ENCODING_Q8_0);
  EXPECT_EQ(choice.choose(tensor, "x", 56).encoding, GROK1_ENCODING_F16);
  EXPECT_EQ(choice.choose(tensor, "x", 56).wanted, GROK1_ENCODING_Q4_K);
}

TEST(TypeChoiceTest, RefusesWhatItDoesNotKnow) {
  for (const char* type : {"", "int8", "q4_k_m", "none", "q9"})
    EXPECT_THROW(TypeChoice(type, nullptr), Failure) << type;
  for (const char* overrides : {"a", "=q8_0", "a=", "a=q9", "a=q8_0,b"})
    EXPECT_THROW(TypeChoice(nullptr, overrides), Failure) << overrides;
}

TEST(TypeChoiceTest, ExplainsMixtures) {
  for (const char* type : {"Q4_K_M", "q4_k_s", "q3_k_l"}) {
    try {
      TypeChoice(type, nullptr);
      ADD_FAILURE() << type;
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.status(), GROK1_E_INVALID_ARGUMENT);
      EXPECT_NE(failure.message().find("name " + std::string(type).substr(0, 4) + ", and in overrides"),
                std::string::npos)
          << failure.message();
    }
  }
}

}  // namespace
}  // namespace grok1
