// moe_route: softmax over all experts, the best of them, gates as they are.
#include <algorithm>

#include "tests/conformance/compare.h"
#include "tests/conformance/rig.h"
#include "tests/conformance/suite.h"
#include "tests/conformance/tolerance.h"

namespace grok1::conformance {
namespace {

constexpr char kContract[] =
    "s = x[r] . router, in float32 or better; p = softmax(s) over all experts; the experts_used experts of the largest "
    "p, best first, equal ones by lower index; gates are their p, NOT renormalised.";

struct Router {
  grok1_model_desc model;
  LayerTensors tensors;
  std::vector<float> x;
  Pass pass;

  Router(uint32_t d_model, uint32_t experts, uint32_t used, uint32_t rows, double size = 1) : model(small_model()) {
    model.d_model = d_model, model.experts = experts, model.experts_used = used;
    model.ffn = 16;  // no expert is run
    Random random(d_model + experts);
    tensors = random_layer(random, model, kF32Kn);
    x = random.normals(size_t(rows) * d_model, size);
    pass = plain_pass(rows, Limits().pages);
  }

  Claim claim() const {
    return {"moe_route", text_of(model) + ", " + std::to_string(pass.n_rows()) + " rows", model.experts_used,
            kContract};
  }

  Routing run(Device& device) const {
    Rig rig(device, model);
    rig.set(pass);
    const BoundLayer layer = bind_layer(device, model, tensors, whole_share(model), kRouter);
    return rig.export_route(rig.moe_route(layer, rig.import_act(x)));
  }

  std::vector<double> sums(uint32_t row) const {
    std::vector<double> s(model.experts);
    for (uint32_t e = 0; e < model.experts; ++e)
      for (uint32_t k = 0; k < model.d_model; ++k)
        s[e] += x[size_t(row) * model.d_model + k] * tensors.router.at(0, k, e);
    return s;
  }
};

// Experts by falling sums, gates by softmax; a choice may differ where sums are closer than a float32 sum can tell.
void check_against_sums(const Router& router, const Routing& found, double tie) {
  const uint32_t used = router.model.experts_used;
  std::vector<float> gates;
  for (uint32_t r = 0; r < router.pass.n_rows(); ++r) {
    const std::vector<double> s = router.sums(r);
    const double largest = *std::max_element(s.begin(), s.end());
    double total = 0;
    for (const double value : s) total += std::exp(value - largest);
    std::vector<uint32_t> order(s.size());
    for (uint32_t e = 0; e < order.size(); ++e) order[e] = e;
    std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return s[a] > s[b]; });
    std::vector<bool> chosen(s.size());
    for (uint32_t i = 0; i < used; ++i) {
      const int32_t expert = found.experts[r * used + i];
      gates.push_back(float(std::exp(s[order[i]] - largest) / total));
      ASSERT_TRUE(expert >= 0 && size_t(expert) < s.size())
          << router.claim().shape << ": row " << r << ", choice " << i << " is expert " << expert;
      EXPECT_FALSE(chosen[size_t(expert)])
          << router.claim().shape << ": row " << r << " has expert " << expert << " twice";
      chosen[size_t(expert)] = true;
      if (uint32_t(expert) == order[i]) continue;
      EXPECT_LT(std::fabs(s[size_t(expert)] - s[order[i]]), tie)
          << "moe_route, " << router.claim().shape << ": row " << r << ", choice " << i << ": expected expert "
          << order[i] << ", found " << expert << "\n  contract: \"" << kContract << '"';
    }
  }
  expect_close(router.claim(), gates, found.gates, kFloat32);
}

TEST(MoeRoute, PicksTheLargestWithTheirProbabilities) {
  for (const auto& [experts, used] : {std::pair(8u, 2u), std::pair(5u, 3u), std::pair(4u, 4u), std::pair(17u, 1u),
                                      std::pair(256u, 2u), std::pair(1u, 1u)})
    for (const uint32_t d_model : {48u, 255u, 256u, 1024u}) {
      const Router router(d_model, experts, used, 17);
      check_against_sums(router, router.run(candidate()), kTie);
    }
}

TEST(MoeRoute, ReadsARouterInBlocks) {
  GROK1_SKIP_IF_UNSUPPORTED(GROK1_SUPPORT_LINEAR, GROK1_ENCODING_Q8_0, GROK1_ENCODING_NONE, GROK1_ORDER_NK);
  Router router(2560, 8, 2, 17);
  Random random(3);
  const Format format{GROK1_ENCODING_Q8_0, GROK1_ENCODING_NONE, GROK1_ORDER_NK};
  router.tensors.router = random_linear(random, format, 1, 1, 2560, 8, 1 / std::sqrt(2560));
  check_against_sums(router, router.run(candidate()), kTie);
}

TEST(MoeRoute, AgreesWithTheReference) {
  const Router router(257, 8, 2, 128);
  const Routing expected = router.run(reference()), found = router.run(candidate());
  EXPECT_EQ(expected.experts, found.experts) << kContract;
  expect_close(router.claim(), expected.gates, found.gates, kFloat32);
}

// Sums of deviation 100: exp of float32 overflows at 88, and most gates are 1 or 0.
TEST(MoeRoute, LargeSumsDoNotOverflow) {
  const Router router(96, 8, 2, 33, 100);
  // Sums a hundred times as large are off by a hundred times as much, and so are probabilities of near equals.
  const Routing found = router.run(candidate());
  for (const float gate : found.gates) EXPECT_TRUE(gate >= 0 && gate <= 1) << gate << ": " << kContract;
  EXPECT_EQ(router.run(reference()).experts, found.experts) << kContract;
}

// Rows with a single input make sums exact in every order of summation, so equal columns are equal.
TEST(MoeRoute, EqualExpertsGoByLowerIndex) {
  Router router(64, 11, 3, 6);
  std::fill(router.x.begin(), router.x.end(), 0.0f);
  for (uint32_t r = 0; r < 6; ++r) router.x[r * 64 + r] = 1;
  const float rows[6][11] = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {1, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1},
                             {1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1}, {0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1},
                             {3, 0, 0, 0, 3, 0, 0, 0, 0, 0, 3}, {-1, -2, -2, -2, -2, -1, -2, -2, -2, -2, -1}};
  const std::vector<int32_t> expected = {0, 1, 2, 1, 2, 3, 9, 0, 1, 7, 8, 9, 0, 4, 10, 0, 5, 10};
  for (uint32_t r = 0; r < 6; ++r)
    for (uint32_t e = 0; e < 11; ++e) router.tensors.router.set(0, r, e, rows[r][e]);
  EXPECT_EQ(expected, router.run(candidate()).experts) << "best first, equal ones by lower index";
}

}  // namespace
}  // namespace grok1::conformance
