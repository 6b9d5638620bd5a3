// moe_experts: the gated feed-forward of the chosen experts, in every encoding, shape and share.
#include "tests/conformance/blocks.h"
#include "tests/conformance/compare.h"
#include "tests/conformance/rig.h"
#include "tests/conformance/suite.h"
#include "tests/conformance/tolerance.h"

namespace grok1::conformance {
namespace {

constexpr char kContract[] =
    "y[r] = sum over the chosen experts e in the layer's expert range of gate_e * ((gelu(x[r] . Wgate_e) * (x[r] . "
    "Wup_e)) . Wdown_e)";

// Random distinct experts per row, gates in no relation to them.
Routing random_routing(Random& random, const grok1_model_desc& model, uint32_t rows) {
  Routing routing;
  for (uint32_t r = 0; r < rows; ++r) {
    const std::vector<uint32_t> order = random.permutation(model.experts);
    for (uint32_t i = 0; i < model.experts_used; ++i) {
      routing.experts.push_back(int32_t(order[i]));
      routing.gates.push_back(float(0.05 + random.uniform() / 2));
    }
  }
  return routing;
}

struct Case {
  const char* name;
  uint32_t d_model, ffn;
  Format format = kI8Bf16;
  uint32_t groups = 1;
  uint32_t experts = 4, used = 2;
  Delivery delivery = Delivery::kWhole;
};

struct Scene {
  Case c;
  grok1_model_desc model;
  LayerTensors tensors;
  Random random;

  explicit Scene(const Case& c_) : c(c_), model(small_model()), random(c_.d_model + c_.ffn) {
    model.d_model = c.d_model, model.ffn = c.ffn, model.experts = c.experts, model.experts_used = c.used;
    tensors = random_layer(random, model, c.format, c.groups);
  }

  std::vector<float> run(Device& device, const Share& share, const std::vector<float>& x,
                         const Routing& routing) const {
    Rig rig(device, model);
    rig.set(plain_pass(uint32_t(x.size() / model.d_model), Limits().pages));
    const BoundLayer layer = bind_layer(device, model, tensors, share, kExperts, c.delivery);
    return rig.moe_experts(layer, rig.import_act(x), rig.import_route(routing));
  }

  void compare(const Share& share, const std::vector<float>& x, const Routing& routing, double tolerance) const {
    const Claim claim{"moe_experts",
                      c.format.name() + " with " + std::to_string(c.groups) + " scale groups, " + text_of(model) +
                          ", experts " + std::to_string(share.expert_begin) + " .. " +
                          std::to_string(share.expert_end) + ", ffn " + std::to_string(share.ffn_begin) + " .. " +
                          std::to_string(share.ffn_end) + ", " + std::to_string(x.size() / model.d_model) + " rows",
                      model.d_model, kContract};
    expect_close(claim, run(reference(), share, x, routing), run(candidate(), share, x, routing), tolerance);
  }

  void compare_rows(const Share& share, uint32_t rows) {
    const std::vector<float> x = random.normals(size_t(rows) * model.d_model);
    compare(share, x, random_routing(random, model, rows), kChained);
  }
};

class MoeExperts : public testing::TestWithParam<Case> {};

TEST_P(MoeExperts, MatchesTheReference) {
  const Case& c = GetParam();
  GROK1_SKIP_IF_UNSUPPORTED(GROK1_SUPPORT_LINEAR, c.format.encoding, c.format.scale_encoding, c.format.order);
  Scene scene(c);
  for (const uint32_t rows : {1u, 2u, 3u, 9u}) scene.compare_rows(whole_share(scene.model), rows);
}

INSTANTIATE_TEST_SUITE_P(Shapes, MoeExperts,
                         testing::Values(Case{"I8_Small", 48, 192}, Case{"I8_EightGroupsOf43", 96, 344, kI8Bf16, 8},
                                         Case{"I8_TwoGroups", 256, 344, kI8Bf16, 2},
                                         Case{"I8_EightGroupsOf64", 257, 512, kI8Bf16, 8}, Case{"I8_Odd", 63, 65},
                                         Case{"I8_Wide", 1024, 192, kI8Bf16, 8, 2, 1},
                                         Case{"I8_Long", 64, 2056, kI8Bf16, 8, 2, 2},       // past 2048 inputs of down
                                         Case{"I8_VeryLong", 16, 10500, kI8Bf16, 1, 2, 1},  // past 40 blocks of 256
                                         Case{"I8_InPlace", 255, 344, kI8Bf16, 8, 4, 2, Delivery::kInPlace},
                                         Case{"I8_ShuffledRows", 96, 344, kI8Bf16, 8, 4, 2, Delivery::kShuffledRows},
                                         Case{"I8_ManyExperts", 64, 48, kI8Bf16, 1, 17, 5},
                                         Case{"I8F32_EightGroups", 96, 344, kI8F32, 8}, Case{"F32_KN", 96, 344, kF32Kn},
                                         Case{"F32_KN_Odd", 65, 63, kF32Kn},
                                         Case{"F32_KN_InPlace", 96, 344, kF32Kn, 1, 4, 2, Delivery::kInPlace},
                                         Case{"F32_NK", 96, 344, kF32Nk}, Case{"F32_NK_Odd", 65, 63, kF32Nk},
                                         Case{"BF16_KN", 96, 344, kBf16Kn}, Case{"BF16_NK", 96, 344, kBf16Nk},
                                         Case{"F16_KN", 96, 344, kF16Kn}, Case{"F16_NK", 96, 344, kF16Nk}),
                         case_name<Case>);

class MoeExpertsInBlocks : public testing::TestWithParam<Format> {};

// Whole, and the second half of the columns, where down begins behind its first block.
TEST_P(MoeExpertsInBlocks, MatchTheReference) {
  const Format format = GetParam();
  GROK1_SKIP_IF_UNSUPPORTED(GROK1_SUPPORT_LINEAR, format.encoding, format.scale_encoding, format.order);
  for (const Delivery delivery : {Delivery::kInPlace, Delivery::kWhole}) {
    Scene scene({"", 256, 512, format, 1, 3, 2, delivery});
    for (const uint32_t rows : {1u, 9u}) scene.compare_rows(whole_share(scene.model), rows);
    scene.compare_rows({0, 2, 1, 3, 256, 512}, 5);
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, MoeExpertsInBlocks, testing::ValuesIn(block_formats()),
                         [](const testing::TestParamInfo<Format>& instance) { return instance.param.name(); });

// One below, at and above tiles of 8, 16, 32 and 64 rows.
TEST(MoeExpertsRows, EveryTileEdge) {
  Scene scene({"", 96, 192, kI8Bf16, 8, 2, 1});
  for (const uint32_t rows : {7u, 8u, 15u, 16u, 17u, 31u, 33u, 63u, 64u, 65u, 128u})
    scene.compare_rows(whole_share(scene.model), rows);
}

// Slices cut groups of 43 in two; rows whose experts are elsewhere get zero.
TEST(MoeExpertsShares, RangesOfExpertsAndColumns) {
  for (const Format format : {kI8Bf16, kF32Kn, kF32Nk})
    for (const Delivery delivery : {Delivery::kInPlace, Delivery::kShuffledRows}) {
      Scene scene({"", 96, 344, format, 8, 5, 2, delivery});
      scene.compare_rows({0, 2, 1, 3, 0, 344}, 11);
      scene.compare_rows({0, 2, 0, 5, 0, 100}, 5);
      scene.compare_rows({0, 2, 0, 5, 100, 344}, 5);
      scene.compare_rows({0, 2, 4, 5, 43, 86}, 11);
      scene.compare_rows({0, 2, 2, 4, 130, 171}, 5);
    }
}

// No row has an expert here, and then one of many has.
TEST(MoeExpertsShares, RowsWithoutAnExpertAreZero) {
  Scene scene({"", 96, 192, kI8Bf16, 1, 4, 2});
  const std::vector<float> x = scene.random.normals(20 * 96);
  Routing routing;
  for (uint32_t r = 0; r < 20; ++r) routing.experts.insert(routing.experts.end(), {0, 1});
  routing.gates.assign(40, 0.25f);
  const Share elsewhere{0, 2, 2, 4, 0, 192};
  for (const float value : scene.run(candidate(), elsewhere, x, routing))
    ASSERT_EQ(value, 0.0f) << "moe_experts: zero for rows with no expert here";
  routing.experts[2 * 13 + 1] = 3;
  scene.compare(elsewhere, x, routing, kChained);
}

// gelu(a) for a = -3.2 .. -1.2, where the erf form differs from the tanh form by up to 3 % and SiLU by much more:
// constant rows and weights make a = row number's value exactly, one expert, up = down = 1 / size.
TEST(MoeExpertsClosedForm, GeluIsTheTanhForm) {
  Scene scene({"", 64, 64, kF32Kn, 1, 1, 1});
  for (uint32_t k = 0; k < 64; ++k)
    for (uint32_t n = 0; n < 64; ++n) {
      scene.tensors.gate.set(0, k, n, 1.0f / 64);
      scene.tensors.up.set(0, k, n, 1.0f / 64);
      scene.tensors.down.set(0, k, n, 1.0f / 64);
    }
  std::vector<float> x, expected;
  for (const double a : {-3.2, -2.8, -2.4, -2.0, -1.6, -1.2, -0.4, 0.0, 0.7, 2.2}) {
    x.insert(x.end(), 64, float(a));
    const double gelu = 0.5 * a * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (a + 0.044715 * a * a * a)));
    expected.insert(expected.end(), 64, float(0.5 * gelu * a));
  }
  const Routing routing{std::vector<int32_t>(10), std::vector<float>(10, 0.5f)};
  const std::vector<float> found = scene.run(candidate(), whole_share(scene.model), x, routing);
  for (size_t r = 0; r < 10; ++r)
    // Inputs rounded by 2^-16 move gelu by up to ten times as much where it is steep against its size.
    expect_close({"moe_experts", "x . Wgate = " + std::to_string(x[r * 64]), 64,
                  "gelu(a) = 0.5 a (1 + tanh(sqrt(2 / pi) (a + 0.044715 a^3)))"},
                 {&expected[r * 64], &expected[r * 64] + 64}, {&found[r * 64], &found[r * 64] + 64}, 5e-4);
}

// gelu of large numbers is the number or zero, not NaN.
TEST(MoeExpertsClosedForm, LargeInputsStayFinite) {
  Scene scene({"", 96, 192, kF32Kn});
  const std::vector<float> x = scene.random.normals(5 * 96, 200);
  scene.compare(whole_share(scene.model), x, random_routing(scene.random, scene.model, 5), kChained);
}

// Gates are taken as they come: twice the gates, twice the sum.
TEST(MoeExpertsClosedForm, GatesAreNotRenormalised) {
  Scene scene({"", 96, 192});
  const std::vector<float> x = scene.random.normals(5 * 96);
  Routing routing = random_routing(scene.random, scene.model, 5);
  std::vector<float> expected = scene.run(candidate(), whole_share(scene.model), x, routing);
  for (float& value : expected) value *= 2;
  for (float& gate : routing.gates) gate *= 2;
  expect_close({"moe_experts", "gates doubled", 96, "gates are their p, NOT renormalised."}, expected,
               scene.run(candidate(), whole_share(scene.model), x, routing), kRounding);
}

// One channel of x a hundred times the rest, its weights a hundredth, as real networks have it.
TEST(MoeExpertsOutliers, OneChannelAHundredTimesTheRest) {
  Scene scene({"", 1024, 192, kF32Kn, 1, 2, 1});
  for (Tensor* tensor : {&scene.tensors.gate, &scene.tensors.up})
    for (uint32_t e = 0; e < 2; ++e)
      for (uint32_t n = 0; n < 192; ++n) tensor->set(e, 700, n, float(tensor->at(e, 700, n) / 100));
  std::vector<float> x = scene.random.normals(5 * 1024);
  for (uint32_t r = 0; r < 5; ++r) x[r * 1024 + 700] = r % 2 == 0 ? 100.0f : -100.0f;
  scene.compare(whole_share(scene.model), x, random_routing(scene.random, scene.model, 5), kChainedWithOutlier);
}

}  // namespace
}  // namespace grok1::conformance
