// The three sets of names against docs/formats/safetensors.md, as the test-side writer has them, and what is no name.
#include "core/formats/hf_names.h"

#include <gtest/gtest.h>

#include "tests/checkpoints/safetensors_writer.h"

namespace grok1::test {
namespace {

using checkpoints::Naming;
using checkpoints::Weight;

constexpr std::pair<HfNaming, Naming> kNamings[] = {
    {HfNaming::kKeyfan, Naming::kKeyfan}, {HfNaming::kHpcai, Naming::kHpcai}, {HfNaming::kSglang, Naming::kSglang}};

bool is_global(TensorRole role) {
  return role == TensorRole::kEmbedding || role == TensorRole::kFinalNorm || role == TensorRole::kHead;
}

std::vector<Weight> all_weights() {
  std::vector<Weight> weights;
  for (int role = 0; role <= static_cast<int>(TensorRole::kHead); ++role) {
    Weight weight{static_cast<TensorRole>(role), 0, 0, {}, {}};
    if (!is_global(weight.role)) weight.layer = 63;
    if (is_hf_expert(weight.role)) weight.expert = 7;
    weights.push_back(weight);
  }
  return weights;
}

TEST(HfNames, EveryNameMeansItsRoleAndIsMadeFromIt) {
  for (const auto& [naming, written] : kNamings) {
    for (const Weight& weight : all_weights()) {
      const std::string name = checkpoints::hf_tensor_name(written, weight);
      const HfName wanted{weight.role, weight.layer, weight.expert};
      const auto found = parse_hf_name(naming, name);
      ASSERT_TRUE(found.has_value()) << name;
      EXPECT_EQ(*found, wanted) << name;
      EXPECT_EQ(hf_name(naming, wanted), name);
    }
  }
}

TEST(HfNames, OtherNamesMeanNothing) {
  for (const char* name : {"",
                           ".",
                           "model",
                           "model.embed_tokens",
                           "model.embed_tokens.weight.",
                           "model.embed_tokens.weight.x",
                           ".model.embed_tokens.weight",
                           "Model.embed_tokens.weight",
                           "model.layers.attn.q_proj.weight",
                           "model.layers..attn.q_proj.weight",
                           "model.layers.01.attn.q_proj.weight",
                           "model.layers.+1.attn.q_proj.weight",
                           "model.layers.-1.attn.q_proj.weight",
                           "model.layers.1 .attn.q_proj.weight",
                           "model.layers.x.attn.q_proj.weight",
                           "model.layers.4294967296.attn.q_proj.weight",
                           "model.layers.1.attn.q_proj.bias",
                           "model.layers.1.attn.q_proj.weight_scale",
                           "model.layers.1.moe_block.experts.linear.weight",
                           "model.layers.1.moe_block.experts.1.2.linear.weight",
                           "model.layers.L.attn.q_proj.weight",
                           "model.layers.1.self_attn.q_proj.weight",
                           "transformer.rms_norm.weight",
                           "model.norm.weight"}) {
    EXPECT_FALSE(parse_hf_name(HfNaming::kHpcai, name).has_value()) << name;
  }
  EXPECT_TRUE(parse_hf_name(HfNaming::kHpcai, "model.layers.4294967295.attn.q_proj.weight").has_value());
}

TEST(HfNames, TheSetIsToldFromTheEmbeddingAndALayer) {
  for (const auto& [naming, written] : kNamings) {
    HfNamingFinder finder;
    EXPECT_FALSE(finder.naming().has_value());
    finder.see("lm_head.weight");
    finder.see(checkpoints::hf_tensor_name(written, {TensorRole::kPreMoeNorm, 3, 0, {}, {}}));
    EXPECT_FALSE(finder.naming().has_value());
    finder.see(checkpoints::hf_tensor_name(written, {TensorRole::kEmbedding, 0, 0, {}, {}}));
    EXPECT_EQ(finder.naming(), naming);
  }
  HfNamingFinder llama;
  for (const char* name : {"model.embed_tokens.weight", "model.norm.weight", "lm_head.weight",
                           "model.layers.0.mlp.gate_proj.weight", "model.layers.0.input_layernorm.weight"}) {
    llama.see(name);
  }
  EXPECT_FALSE(llama.naming().has_value());
}

TEST(HfNames, BuffersAreNoWeights) {
  EXPECT_TRUE(is_hf_buffer("model.layers.0.self_attn.rotary_emb.inv_freq"));
  EXPECT_TRUE(is_hf_buffer("model.layers.0.attn.rotary_emb.cos_cached"));
  EXPECT_FALSE(is_hf_buffer("model.layers.0.attn.q_proj.weight"));
  EXPECT_FALSE(is_hf_buffer("model.layers.0.attn.rotary_emb.inv_freq.weight"));
}

}  // namespace
}  // namespace grok1::test
