// Shares: the parts of a layer by kv heads, by experts, by ffn columns, and of the embedding by vocabulary give
// together what the whole gives, on one and the same backend. How close is the caller's --share-tolerance: a backend
// that rounds inputs to integers cuts its blocks at the edge of a share, so its default allows one such rounding
// (tolerance.h).
#include "tests/conformance/compare.h"
#include "tests/conformance/rig.h"
#include "tests/conformance/suite.h"

namespace grok1::conformance {
namespace {

struct Scene {
  grok1_model_desc model = small_model();
  Random random{11};
  LayerTensors tensors;
  std::vector<float> x;
  static constexpr uint32_t kRows = 13;

  explicit Scene(Format format) {
    model.heads = 12, model.kv_heads = 4, model.ffn = 344, model.experts = 5;
    tensors = random_layer(random, model, format, 8);
    x = random.normals(size_t(kRows) * model.d_model);
  }

  std::vector<float> attention(const Share& share) const {
    Rig rig(candidate(), model);
    rig.set(plain_pass(kRows, Limits().pages));
    const BoundLayer layer = bind_layer(candidate(), model, tensors, share, kAttention, Delivery::kInPlace);
    const Handle<grok1_kv> kv = rig.make_kv(8, GROK1_CACHE_F32, {0}, share.kv_head_begin, share.kv_head_end);
    return rig.attention(layer, kv, rig.import_act(x));
  }

  std::vector<float> experts(const Share& share) const {
    Rig rig(candidate(), model);
    rig.set(plain_pass(kRows, Limits().pages));
    const BoundLayer layer = bind_layer(candidate(), model, tensors, share, kExperts | kRouter, Delivery::kInPlace);
    const Handle<grok1_act> act = rig.import_act(x);
    return rig.moe_experts(layer, act, rig.moe_route(layer, act));
  }

  // Sums the parts and compares with the whole.
  template <class Run>
  void compare(const char* function, const std::string& cut, const std::vector<Share>& parts, Run run) const {
    const std::vector<float> whole = run(whole_share(model));
    std::vector<float> sum(whole.size());
    for (const Share& part : parts) {
      const std::vector<float> y = run(part);
      for (size_t i = 0; i < sum.size(); ++i) sum[i] += y[i];
    }
    expect_close({function, tensors.q.format.name() + ", cut by " + cut, model.d_model,
                  "the partial sum of this device's share, before the post-norm"},
                 whole, sum, suite().share_tolerance);
  }
};

class Shares : public testing::TestWithParam<size_t> {
 protected:
  const Scene scene{kLinearFormats[GetParam()]};
};

TEST_P(Shares, OfKvHeads) {
  const auto run = [this](const Share& share) { return scene.attention(share); };
  scene.compare("attention", "kv heads 1 + 3", {{0, 1, 0, 5, 0, 344}, {1, 4, 0, 5, 0, 344}}, run);
  scene.compare("attention", "kv heads 2 + 1 + 1", {{0, 2, 0, 5, 0, 344}, {2, 3, 0, 5, 0, 344}, {3, 4, 0, 5, 0, 344}},
                run);
}

TEST_P(Shares, OfExperts) {
  scene.compare("moe_experts", "experts 1 + 3 + 1", {{0, 4, 0, 1, 0, 344}, {0, 4, 1, 4, 0, 344}, {0, 4, 4, 5, 0, 344}},
                [this](const Share& share) { return scene.experts(share); });
}

// 344 columns are 8 groups of 43: cuts on and off the edges of groups.
TEST_P(Shares, OfColumns) {
  const auto run = [this](const Share& share) { return scene.experts(share); };
  scene.compare("moe_experts", "ffn at 172", {{0, 4, 0, 5, 0, 172}, {0, 4, 0, 5, 172, 344}}, run);
  scene.compare("moe_experts", "ffn at 1, 100, 130",
                {{0, 4, 0, 5, 0, 1}, {0, 4, 0, 5, 1, 100}, {0, 4, 0, 5, 100, 130}, {0, 4, 0, 5, 130, 344}}, run);
}

TEST_P(Shares, OfExpertsAndColumns) {
  scene.compare("moe_experts", "experts at 2, ffn at 129",
                {{0, 4, 0, 2, 0, 129}, {0, 4, 2, 5, 0, 129}, {0, 4, 0, 2, 129, 344}, {0, 4, 2, 5, 129, 344}},
                [this](const Share& share) { return scene.experts(share); });
}

INSTANTIATE_TEST_SUITE_P(MandatoryFormats, Shares, testing::Range(size_t(0), kMandatoryFormats),
                         [](const testing::TestParamInfo<size_t>& instance) {
                           return kLinearFormats[instance.param].name();
                         });

TEST(VocabularyShares, PartsAreColumnsOfTheWhole) {
  Scene scene(kF32Kn);
  const Tensor table = random_embedding(scene.random, scene.model, GROK1_ENCODING_F32);
  Rig rig(candidate(), scene.model);
  rig.set(plain_pass(Scene::kRows, Limits().pages));
  const Handle<grok1_act> x = rig.import_act(scene.x);
  const std::vector<float> whole = rig.logits(bind_head(candidate(), scene.model, table), 250, x);
  std::vector<float> joined(whole.size());
  for (const auto& [begin, end] : {std::pair(0u, 63u), std::pair(63u, 128u), std::pair(128u, 250u)}) {
    const std::vector<float> part = rig.logits(bind_head(candidate(), scene.model, table, begin, end), end - begin, x);
    for (size_t r = 0; r < Scene::kRows; ++r)
      for (size_t v = begin; v < end; ++v) joined[r * 250 + v] = part[r * (end - begin) + v - begin];
  }
  expect_close({"logits", "vocabulary cut at 63 and 128", 250,
                "logits[i][v - vocab_begin] = (x[logit_rows[i]] . embedding[v]) * output_multiplier"},
               whole, joined, suite().share_tolerance);
}

}  // namespace
}  // namespace grok1::conformance
