// Determinism: a row's result does not depend on the rows beside it, on how its sequence is cut into passes, or on the
// pages it lies on. On a CPU device to the bit; elsewhere within the tolerance of the operator.
#include "tests/conformance/blocks.h"
#include "tests/conformance/compare.h"
#include "tests/conformance/rig.h"
#include "tests/conformance/suite.h"
#include "tests/conformance/tolerance.h"

namespace grok1::conformance {
namespace {

constexpr uint32_t kTokens = 70;
constexpr char kContract[] = "the same rows alone, in a batch and in chunks give the same bits on a CPU";

// A layer, the embedding, and one sequence of 70 tokens, run in different company.
struct Scene {
  grok1_model_desc model = small_model();
  Random random{21};
  LayerTensors tensors;
  Tensor table;
  std::vector<float> x, company;

  explicit Scene(Format format) {
    const bool in_blocks = block_size(format.encoding) > 1;
    model.d_model = 257, model.ffn = 344;
    if (in_blocks) model = block_model();
    tensors = random_layer(random, model, format, 8);
    table = random_embedding(random, model, in_blocks ? format.encoding : uint32_t{GROK1_ENCODING_F32});
    x = random.normals(size_t(kTokens) * model.d_model);
    company = random.normals(size_t(50) * model.d_model);
  }

  struct Results {
    std::vector<float> attention, gates, experts, logits;
    std::vector<int32_t> chosen;
  };

  // The sequence in pieces of the given lengths, each after `before` rows of another sequence in the same pass.
  Results run(const std::vector<uint32_t>& pieces, uint32_t before, const std::vector<uint32_t>& pages) const {
    Rig rig(candidate(), model);
    const BoundLayer layer = bind_layer(candidate(), model, tensors, whole_share(model), kAllParts, Delivery::kInPlace);
    const BoundHead head = bind_head(candidate(), model, table);
    const Handle<grok1_kv> kv = rig.make_kv(16, GROK1_CACHE_F32);
    Results results;
    uint32_t done = 0;
    for (const uint32_t rows : pieces) {
      Pass pass;
      if (before > 0) pass.add(0, before, {12, 13, 14, 15}, Limits().pages);
      pass.add(done, rows, pages, Limits().pages);
      std::vector<float> input(company.begin(), company.begin() + ptrdiff_t(before * model.d_model));
      input.insert(input.end(), x.begin() + ptrdiff_t(done * model.d_model),
                   x.begin() + ptrdiff_t((done + rows) * model.d_model));
      rig.set(pass);
      const Handle<grok1_act> act = rig.import_act(input);
      const Handle<grok1_route> route = rig.moe_route(layer, act);
      const Routing routing = rig.export_route(route);
      append(results.attention, rig.attention(layer, kv, act), before);
      append(results.experts, rig.moe_experts(layer, act, route), before);
      append(results.logits, rig.logits(head, model.vocab_size, act), before, model.vocab_size);
      append(results.gates, routing.gates, before, model.experts_used);
      results.chosen.insert(results.chosen.end(), routing.experts.begin() + before * model.experts_used,
                            routing.experts.end());
      done += rows;
    }
    return results;
  }

  void append(std::vector<float>& all, const std::vector<float>& rows, uint32_t skip, uint32_t width = 0) const {
    all.insert(all.end(), rows.begin() + ptrdiff_t(skip * (width != 0 ? width : model.d_model)), rows.end());
  }

  void compare(const std::string& shape, const Results& a, const Results& b) const {
    const auto same = [&](const char* function, size_t width, const std::vector<float>& expected,
                          const std::vector<float>& found) {
      const Claim claim{function, tensors.q.format.name() + ", " + shape, width, kContract};
      candidate().is_cpu() ? expect_same_bits(claim, expected, found) : expect_close(claim, expected, found, kChained);
    };
    same("attention", model.d_model, a.attention, b.attention);
    same("moe_experts", model.d_model, a.experts, b.experts);
    same("logits", model.vocab_size, a.logits, b.logits);
    same("moe_route", model.experts_used, a.gates, b.gates);
    EXPECT_EQ(a.chosen, b.chosen) << "moe_route, " << shape << ": " << kContract;
  }
};

class Determinism : public testing::TestWithParam<Format> {};

TEST_P(Determinism, WhateverTheCompany) {
  const Format format = GetParam();
  GROK1_SKIP_IF_UNSUPPORTED(GROK1_SUPPORT_LINEAR, format.encoding, format.scale_encoding, format.order);
  const Scene scene(format);
  const std::vector<uint32_t> pages{0, 1, 2, 3, 4}, shuffled{7, 3, 11, 0, 5};
  const Scene::Results alone = scene.run({kTokens}, 0, pages);
  scene.compare("run twice", alone, scene.run({kTokens}, 0, pages));
  scene.compare("behind 50 rows of another sequence", alone, scene.run({kTokens}, 50, pages));
  scene.compare("in two chunks", alone, scene.run({33, kTokens - 33}, 0, pages));
  scene.compare("in chunks of 1, 2, 3, 8, 16, 17, 23 behind a row of another sequence", alone,
                scene.run({1, 2, 3, 8, 16, 17, 23}, 1, pages));
  scene.compare("token by token on shuffled pages", alone, scene.run(std::vector<uint32_t>(kTokens, 1), 0, shuffled));
}

// The mandatory formats and a block encoding, if there is any.
INSTANTIATE_TEST_SUITE_P(Formats, Determinism,
                         testing::Values(kI8Bf16, kF32Kn, kF32Nk,
                                         Format{GROK1_ENCODING_Q4_K, GROK1_ENCODING_NONE, GROK1_ORDER_NK}),
                         [](const testing::TestParamInfo<Format>& instance) { return instance.param.name(); });

}  // namespace
}  // namespace grok1::conformance
