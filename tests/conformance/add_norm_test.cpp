// add_norm: the residual sum, the norm that follows, and the hint for the router.
#include "tests/conformance/compare.h"
#include "tests/conformance/rig.h"
#include "tests/conformance/suite.h"
#include "tests/conformance/tolerance.h"

namespace grok1::conformance {
namespace {

constexpr char kContract[] = "h += norm(y, post_norm), then x = norm(h, next_norm).";
constexpr char kNorm[] = "norm(v, scale) = scale * v / sqrt(mean(v^2) + eps).";

struct Rows {
  grok1_model_desc model;
  Tensor post, next;
  std::vector<float> h, y;
  Pass pass;

  Rows(uint32_t encoding, uint32_t d_model, uint32_t rows, double size = 1) : model(small_model()) {
    model.d_model = d_model;
    Random random(d_model + rows);
    post = random_vector(random, encoding, d_model);
    next = random_vector(random, encoding, d_model);
    h = random.normals(size_t(rows) * d_model, size);
    y = random.normals(size_t(rows) * d_model, size);
    pass = plain_pass(rows, Limits().pages);
  }

  Claim claim(const char* contract = kContract) const {
    return {"add_norm", "d_model " + std::to_string(model.d_model) + ", " + std::to_string(pass.n_rows()) + " rows",
            model.d_model, contract};
  }

  Normed run(Device& device) const {
    Rig rig(device, model);
    rig.set(pass);
    return rig.add_norm(h, y, upload(device, post), upload(device, next));
  }

  void compare() const {
    const Normed expected = run(reference()), found = run(candidate());
    expect_close(claim(), expected.h, found.h, kFloat32);
    expect_close(claim(), expected.x, found.x, kFloat32);
  }
};

class AddNorm : public testing::TestWithParam<uint32_t> {};

TEST_P(AddNorm, MatchesTheReference) {
  GROK1_SKIP_IF_UNSUPPORTED(GROK1_SUPPORT_VECTOR, GetParam());
  for (const uint32_t d_model : {48u, 63u, 64u, 65u, 96u, 255u, 256u, 257u, 1024u})
    for (const uint32_t rows : {1u, 7u, 33u}) Rows(GetParam(), d_model, rows).compare();
}

INSTANTIATE_TEST_SUITE_P(Encodings, AddNorm,
                         testing::Values(GROK1_ENCODING_F32, GROK1_ENCODING_BF16, GROK1_ENCODING_F16), encoding_name);

// Rows of rms 1e-3: mean(v^2) is a tenth of eps.
TEST(AddNormRange, EpsCountsForSmallRows) {
  Rows(GROK1_ENCODING_F32, 96, 9, 1e-3).compare();
}

// Sums of squares stay inside float32 for rows as large as a real model's outlier channels and for zeros.
TEST(AddNormRange, LargeAndZeroRows) {
  Rows(GROK1_ENCODING_F32, 256, 3, 1e6).compare();
  Rows rows(GROK1_ENCODING_F32, 64, 3);
  std::fill(rows.h.begin(), rows.h.begin() + 64, 0.0f);
  std::fill(rows.y.begin(), rows.y.begin() + 64, 0.0f);
  rows.compare();
}

TEST(AddNormRange, OneChannelAHundredTimesTheRest) {
  Rows rows(GROK1_ENCODING_F32, 1024, 5);
  for (uint32_t r = 0; r < 5; ++r) rows.h[r * 1024 + 700] *= 100, rows.y[r * 1024 + 3] *= 100;
  rows.compare();
}

TEST(AddNormParts, WithoutYOnlyNorms) {
  const Rows rows(GROK1_ENCODING_F32, 257, 5);
  const auto run = [&](Device& device) {
    Rig rig(device, rows.model);
    rig.set(rows.pass);
    return rig.add_norm(rows.h, {}, nullptr, upload(device, rows.next));
  };
  const Normed found = run(candidate());
  expect_same_bits(rows.claim("NULL: h is unchanged, x = norm(h, next_norm)"), rows.h, found.h);
  expect_close(rows.claim(kNorm), run(reference()).x, found.x, kFloat32);
  std::vector<float> expected;
  for (size_t r = 0; r < 5; ++r) {
    double sum = 0;
    for (size_t i = 0; i < 257; ++i) sum += double(rows.h[r * 257 + i]) * rows.h[r * 257 + i];
    for (size_t i = 0; i < 257; ++i)
      expected.push_back(float(rows.next.at(0, i, 0) * rows.h[r * 257 + i] / std::sqrt(sum / 257 + 1e-5)));
  }
  expect_close(rows.claim(kNorm), expected, found.x, kFloat32);
}

TEST(AddNormParts, WithoutXOnlyAdds) {
  const Rows rows(GROK1_ENCODING_F32, 96, 5);
  Rig rig(candidate(), rows.model);
  rig.set(rows.pass);
  const Normed found = rig.add_norm(rows.h, rows.y, upload(candidate(), rows.post), nullptr);
  expect_close(rows.claim(), rows.run(reference()).h, found.h, kFloat32);
}

// The hint changes who computes, not what comes out.
TEST(AddNormParts, TheHintForTheRouterChangesNoRoute) {
  const Rows rows(GROK1_ENCODING_F32, 96, 33);
  Random random(3);
  const LayerTensors t = random_layer(random, rows.model, kF32Kn);
  const auto run = [&](Device& device, bool hint) {
    Rig rig(device, rows.model);
    rig.set(rows.pass);
    const BoundLayer layer = bind_layer(device, rows.model, t, whole_share(rows.model), kRouter);
    Handle<grok1_act> x;
    rig.add_norm(rows.h, rows.y, upload(device, rows.post), upload(device, rows.next),
                 hint ? layer.layer.get() : nullptr, &x);
    return rig.export_route(rig.moe_route(layer, x));
  };
  const Routing expected = run(reference(), false);
  const Claim claim{"moe_route", "after add_norm with route_for", rows.model.experts_used,
                    "hint: the layer whose moe_route will read x next"};
  for (const bool hint : {false, true}) {
    const Routing found = run(candidate(), hint);
    EXPECT_EQ(expected.experts, found.experts) << claim.shape << (hint ? "" : " NULL");
    expect_close(claim, expected.gates, found.gates, kFloat32);
  }
}

}  // namespace
}  // namespace grok1::conformance
