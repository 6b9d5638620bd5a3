// Weights on their way in: plans, chunks in any order, slices, and what is refused. What they give is measured by
// running experts with them, in moe_experts_test.cpp and here.
#include "tests/conformance/blocks.h"
#include "tests/conformance/compare.h"
#include "tests/conformance/rig.h"
#include "tests/conformance/suite.h"
#include "tests/conformance/tolerance.h"

namespace grok1::conformance {
namespace {

const grok1_backend_ops& ops() {
  return candidate().ops();
}

class Weights : public testing::TestWithParam<Format> {
 protected:
  static Format format() { return GetParam(); }
  static bool in_blocks() { return block_size(format().encoding) > 1; }
};

std::vector<Format> all_formats() {
  std::vector<Format> formats(std::begin(kLinearFormats), std::end(kLinearFormats));
  for (const Format& format : block_formats()) formats.push_back(format);
  return formats;
}

std::string format_name(const testing::TestParamInfo<Format>& instance) {
  return instance.param.name();
}

// The three ways in give the same operator.
TEST_P(Weights, ComeInAnyOrder) {
  GROK1_SKIP_IF_UNSUPPORTED(GROK1_SUPPORT_LINEAR, format().encoding, format().scale_encoding, format().order);
  const grok1_model_desc model = in_blocks() ? block_model() : small_model();
  const Share share = in_blocks() ? Share{0, 2, 0, 4, 256, 512} : Share{0, 2, 0, 4, 5, 187};
  Random random(1);
  const LayerTensors tensors = random_layer(random, model, format(), 8);
  const std::vector<float> x = random.normals(6 * model.d_model);
  const Routing routing{{0, 1, 1, 2, 2, 3, 3, 0, 0, 2, 1, 3}, std::vector<float>(12, 0.5f)};
  const auto run = [&](Device& device, Delivery delivery) {
    Rig rig(device, model);
    rig.set(plain_pass(6, Limits().pages));
    const BoundLayer layer = bind_layer(device, model, tensors, share, kExperts, delivery);
    return rig.moe_experts(layer, rig.import_act(x), rig.import_route(routing));
  };
  const std::vector<float> expected = run(reference(), Delivery::kWhole);
  for (const auto& [delivery, name] : {std::pair(Delivery::kWhole, "one chunk per expert"),
                                       std::pair(Delivery::kShuffledRows, "chunks of one row in random order"),
                                       std::pair(Delivery::kInPlace, "data given")})
    expect_close({"weight_chunk", format().name() + ", " + name, model.d_model,
                  "Chunks lie inside the slice, do not overlap and together cover it; their order is free."},
                 expected, run(candidate(), delivery), kChained);
}

TEST_P(Weights, ArePlannedAlikeWithAndWithoutData) {
  GROK1_SKIP_IF_UNSUPPORTED(GROK1_SUPPORT_LINEAR, format().encoding, format().scale_encoding, format().order);
  Random random(2);
  const Tensor tensor = random_linear(random, format(), 3, 2, in_blocks() ? 768 : 96, 100, 1);
  const Slice slice = in_blocks() ? Slice{1, 3, 256, 512, 0, 100} : Slice{1, 3, 10, 90, 0, 100};
  grok1_weight_plan with = GROK1_INIT(grok1_weight_plan), without = GROK1_INIT(grok1_weight_plan);
  const grok1_weight_desc given = describe(tensor, slice, Delivery::kInPlace);
  const grok1_weight_desc bare = describe(tensor, slice, Delivery::kWhole);
  call("weight_plan", ops().weight_plan, candidate().handle(), &given, &with);
  call("weight_plan", ops().weight_plan, candidate().handle(), &bare, &without);
  EXPECT_EQ(without.in_place, 0u) << "in_place, which needs data";
  EXPECT_STRNE(without.layout_tag, "") << "names the packed layout";
  EXPECT_GT(without.device_bytes, 0u);
  if (with.in_place == 0) {
    EXPECT_EQ(with.device_bytes, without.device_bytes);
    EXPECT_STREQ(with.layout_tag, without.layout_tag);
  } else {
    EXPECT_EQ(with.device_bytes, 0u) << "0 when used in place";
    EXPECT_NE(candidate().info().flags & GROK1_DEVICE_IN_PLACE, 0u) << "the device did not announce it";
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, Weights, testing::ValuesIn(all_formats()), format_name);

class WeightsInBlocks : public testing::TestWithParam<Format> {
 protected:
  static void expect_refused(const std::string& what, const grok1_weight_desc& desc) {
    grok1_weight* weight = nullptr;
    grok1_weight_plan plan = GROK1_INIT(grok1_weight_plan);
    conformance::expect_refused("weight_plan: " + what, ops().weight_plan, candidate().handle(), &desc, &plan);
    conformance::expect_refused("weight_begin: " + what, ops().weight_begin, candidate().handle(), &desc, &weight);
  }
};

TEST_P(WeightsInBlocks, AreRefusedWhereTheyAreNotSupportedOrCut) {
  Random random(8);
  const Tensor tensor = random_linear(random, GetParam(), 2, 0, 512, 3, 1);
  if (!candidate().unsupported(GROK1_SUPPORT_LINEAR, GetParam().encoding, GROK1_ENCODING_NONE, GROK1_ORDER_NK).empty())
    return expect_refused("what `supports` refuses", describe(tensor, whole(tensor), Delivery::kWhole));
  EXPECT_NE(candidate().unsupported(GROK1_SUPPORT_LINEAR, GetParam().encoding, GROK1_ENCODING_NONE, GROK1_ORDER_KN), "")
      << "Blocks lie along K: order NK only.";
  EXPECT_NE(candidate().unsupported(GROK1_SUPPORT_VECTOR, GetParam().encoding), "") << "vectors have single numbers";
  const auto refused = [&](const char* what, auto change) {
    grok1_weight_desc desc = describe(tensor, whole(tensor), Delivery::kWhole);
    change(desc);
    expect_refused(what, desc);
  };
  refused("order KN", [](grok1_weight_desc& d) { d.order = GROK1_ORDER_KN; });
  refused("K that is no multiple of a block", [](grok1_weight_desc& d) { d.k = d.k_end = 511; });
  refused("a slice that begins in a block", [](grok1_weight_desc& d) { d.k_begin = 8; });
  refused("a slice that ends in a block", [](grok1_weight_desc& d) { d.k_end = 488; });
  refused("scales", [](grok1_weight_desc& d) { d.scale_encoding = GROK1_ENCODING_F32, d.groups = 1; });
  refused("a vector",
          [](grok1_weight_desc& d) { d.kind = GROK1_WEIGHT_VECTOR, d.experts = d.expert_end = 1, d.n = d.n_end = 1; });
}

INSTANTIATE_TEST_SUITE_P(Formats, WeightsInBlocks, testing::ValuesIn(block_formats()), format_name);

// All chunks but one, for each of the first, a middle one and the last, weights and scales.
TEST(WeightEnd, FailsWhereChunksAreMissing) {
  Random random(3);
  const Tensor tensor = random_linear(random, kI8Bf16, 2, 2, 16, 40, 1);
  const grok1_weight_desc desc = describe(tensor, whole(tensor), Delivery::kShuffledRows);
  const std::vector<grok1_weight_chunk> chunks = chunks_of(tensor, whole(tensor), Delivery::kShuffledRows);
  for (size_t missing = 0; missing < chunks.size(); ++missing) {
    grok1_weight* made = nullptr;
    call("weight_begin", ops().weight_begin, candidate().handle(), &desc, &made);
    const Handle<grok1_weight> weight = candidate().own(made, ops().weight_free);
    for (size_t i = 0; i < chunks.size(); ++i)
      if (i != missing) call("weight_chunk", ops().weight_chunk, made, candidate().queue(), &chunks[i]);
    EXPECT_EQ(expect_refused("weight_end without chunk " + std::to_string(missing), ops().weight_end, made,
                             candidate().queue()),
              GROK1_E_INVALID_ARGUMENT)
        << "Fails with GROK1_E_INVALID_ARGUMENT when chunks are missing.";
  }
}

TEST(WeightChunk, RefusesWhatLiesOutsideTheSlice) {
  Random random(4);
  const Tensor tensor = random_linear(random, kI8Bf16, 3, 2, 16, 40, 1);
  const Slice slice{1, 2, 4, 12, 0, 40};
  const grok1_weight_desc desc = describe(tensor, slice, Delivery::kWhole);
  grok1_weight* made = nullptr;
  call("weight_begin", ops().weight_begin, candidate().handle(), &desc, &made);
  const Handle<grok1_weight> weight = candidate().own(made, ops().weight_free);
  const grok1_weight_chunk right = chunks_of(tensor, slice, Delivery::kWhole).front();
  const auto refused = [&](const char* what, auto change) {
    grok1_weight_chunk chunk = right;
    change(chunk);
    expect_refused(what, ops().weight_chunk, made, candidate().queue(), &chunk);
  };
  refused("another expert", [](grok1_weight_chunk& c) { c.expert = 0; });
  refused("an expert past the last", [](grok1_weight_chunk& c) { c.expert = 7; });
  refused("rows before the slice", [](grok1_weight_chunk& c) { c.outer_begin = 3; });
  refused("rows behind the slice", [](grok1_weight_chunk& c) { c.outer_end = 13; });
  refused("rows in reverse", [](grok1_weight_chunk& c) { c.outer_begin = 8, c.outer_end = 6; });
  refused("NULL data", [](grok1_weight_chunk& c) { c.data = nullptr; });
  refused("scales = 2", [](grok1_weight_chunk& c) { c.scales = 2; });
  refused("more groups than there are", [](grok1_weight_chunk& c) { c.scales = 1, c.outer_end = 3; });
  grok1_head unknown{sizeof(grok1_head), 0x7fff, nullptr};
  refused("an unknown chained struct", [&](grok1_weight_chunk& c) { c.head.next = &unknown; });
  for (const grok1_weight_chunk& chunk : chunks_of(tensor, slice, Delivery::kWhole))
    call("weight_chunk", ops().weight_chunk, made, candidate().queue(), &chunk);
  call("weight_end", ops().weight_end, made, candidate().queue());  // as if nothing had been refused
  candidate().sync();
}

TEST(WeightBegin, RefusesShapesThatContradictThemselves) {
  Random random(5);
  const Tensor tensor = random_linear(random, kI8Bf16, 3, 2, 16, 40, 1);
  const auto refused = [&](const char* what, auto change) {
    grok1_weight_desc desc = describe(tensor, whole(tensor), Delivery::kWhole);
    change(desc);
    grok1_weight* weight = nullptr;
    grok1_weight_plan plan = GROK1_INIT(grok1_weight_plan);
    expect_refused(std::string("weight_plan: ") + what, ops().weight_plan, candidate().handle(), &desc, &plan);
    expect_refused(std::string("weight_begin: ") + what, ops().weight_begin, candidate().handle(), &desc, &weight);
  };
  refused("kind 9", [](grok1_weight_desc& d) { d.kind = 9; });
  refused("encoding 999", [](grok1_weight_desc& d) { d.encoding = 999; });
  refused("I8 without scales", [](grok1_weight_desc& d) { d.scale_encoding = GROK1_ENCODING_NONE; });
  refused("I8 as NK", [](grok1_weight_desc& d) { d.order = GROK1_ORDER_NK; });
  refused("groups that do not divide K", [](grok1_weight_desc& d) { d.groups = 3; });
  refused("no groups", [](grok1_weight_desc& d) { d.groups = 0; });
  refused("k past the end", [](grok1_weight_desc& d) { d.k_end = 17; });
  refused("an empty n range", [](grok1_weight_desc& d) { d.n_begin = d.n_end; });
  refused("a reversed k range", [](grok1_weight_desc& d) { d.k_begin = 9, d.k_end = 3; });
  refused("an expert past the last", [](grok1_weight_desc& d) { d.expert_end = 4; });
  grok1_head unknown{sizeof(grok1_head), 0x7fff, nullptr};
  refused("an unknown chained struct", [&](grok1_weight_desc& d) { d.head.next = &unknown; });
  refused("a struct too small for its fields", [](grok1_weight_desc& d) { d.head.struct_size = sizeof(grok1_head); });
  upload(candidate(), tensor);
}

TEST(WeightBegin, RefusesNull) {
  Random random(6);
  const Tensor tensor = random_linear(random, kF32Kn, 1, 0, 4, 4, 1);
  const grok1_weight_desc desc = describe(tensor, whole(tensor), Delivery::kWhole);
  expect_refused("weight_begin of NULL", ops().weight_begin, candidate().handle(),
                 static_cast<const grok1_weight_desc*>(nullptr), static_cast<grok1_weight**>(nullptr));
  expect_refused("weight_begin to NULL", ops().weight_begin, candidate().handle(), &desc,
                 static_cast<grok1_weight**>(nullptr));
  expect_refused("weight_end of NULL", ops().weight_end, static_cast<grok1_weight*>(nullptr), candidate().queue());
  ops().weight_free(nullptr);
}

}  // namespace
}  // namespace grok1::conformance
